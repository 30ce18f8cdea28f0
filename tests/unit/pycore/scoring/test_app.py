"""What the HTTP application answers when the engine behind it is in trouble; the rest is tested over HTTP."""

import pytest
from werkzeug.test import Client

from pycore.errors import Unavailable
from pycore.models.columns import Json
from pycore.scoring.app import ScoringApp


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


def test_a_reply_names_its_request(caplog):
    client = Client(ScoringApp(None, Engine()))
    with caplog.at_level("INFO"):
        reply = client.get("/ping", headers={"X-Request-Id": "abc-1"})
    assert reply.headers["X-Request-Id"] == "abc-1"
    assert "request=abc-1 method=GET path=/ping status=200" in caplog.text
    assert client.post("/ping", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"


@pytest.mark.parametrize("given", [None, "", "x" * 129, "a b", 'x"status=500'])
def test_a_request_without_a_good_name_gets_one(given):
    headers = {} if given is None else {"X-Request-Id": given}
    client = Client(ScoringApp(None, Engine()))
    names = {client.get("/ping", headers=headers).headers["X-Request-Id"] for _ in range(2)}
    assert len(names) == 2
    assert given not in names


@pytest.mark.parametrize("path", ["/ping/", "/invocations/x", "/"])
def test_an_address_is_right_or_wrong(path):
    assert Client(ScoringApp(None, Engine())).get(path).status_code == 404
