"""What the HTTP application answers when the engine behind it is in trouble; the rest is tested over HTTP."""

import pytest
from werkzeug.test import Client

from pycore.errors import Unavailable
from pycore.models.columns import Json
from pycore.models.schema import ColSpec, Schema
from pycore.models.signature import ModelSignature
from pycore.scoring.app import ROUTES, ScoringApp, route_of


class Engine:
    """An engine in a given condition."""

    def __init__(self, healthy=True, failure=None):
        self.healthy = healthy
        self.failure = failure

    def state(self):
        return {"healthy": self.healthy}

    def predict(self, block, params):
        if self.failure is not None:
            raise self.failure
        return Json("1")


def score(engine):
    return Client(ScoringApp(None, engine)).post("/invocations", data=b'{"inputs": [1]}')


def test_a_healthy_engine():
    reply = Client(ScoringApp(None, Engine())).get("/ping")
    assert (reply.status_code, reply.text) == (200, "\n")
    assert score(Engine()).json == {"predictions": 1}


def test_the_version_is_of_the_type_that_is_described():
    client = Client(ScoringApp(None, Engine()))
    (media_type,) = client.get("/openapi.json").json["paths"]["/version"]["get"]["responses"]["200"][
        "content"
    ]
    assert client.get("/version").content_type == media_type


def test_ping_is_false_while_no_worker_starts():
    reply = Client(ScoringApp(None, Engine(healthy=False))).get("/ping")
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")


def test_a_full_queue_says_when_to_come_back():
    reply = score(Engine(failure=Unavailable("128 requests are waiting")))
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
    assert reply.json == {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "128 requests are waiting"}


def test_a_fault_of_ours_goes_to_the_log_alone(caplog):
    reply = score(Engine(failure=KeyError("secret")))
    assert (reply.status_code, reply.json["error_code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in reply.text
    assert "secret" in caplog.text


def test_what_there_is_is_described_with_the_example():
    signature = ModelSignature(Schema([ColSpec("double", "a")]))
    client = Client(ScoringApp(signature, Engine(), example=b'{"inputs": {"a": [1.5]}}'))
    described = client.get("/openapi.json").json
    assert set(described["paths"]) < set(ROUTES)
    body = described["paths"]["/invocations"]["post"]["requestBody"]["content"]["application/json"]
    assert body["examples"]["input example"]["value"] == {"inputs": {"a": [1.5]}}


def test_the_page_of_the_api_and_its_files():
    client = Client(ScoringApp(None, Engine()))
    page = client.get("/docs")
    assert page.content_type == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert client.get("/docs/swagger-ui.css").content_type.startswith("text/css")
    assert b"openapi.json" in client.get("/docs/start.js").data
    assert client.post("/docs/start.js").status_code == 405


@pytest.mark.parametrize(
    ("path", "route"),
    [("/invocations", "/invocations"), ("/docs/start.js", "/docs/start.js"), ("/secret", None)],
)
def test_the_routes_that_a_log_shows(path, route):
    assert route_of({"PATH_INFO": path}) == route


@pytest.mark.parametrize("path", ["/ping/", "/invocations/x", "/"])
def test_an_address_is_right_or_wrong(path):
    assert Client(ScoringApp(None, Engine())).get(path).status_code == 404
