"""Addresses below /model/: what is asked of the supervisor for each, and what becomes of its answers."""

from contextlib import contextmanager

import pytest
from model_folders import OBEDIENT_INPUTS, obedient_model
from werkzeug.test import Client

from pycore.errors import NotFound, Unavailable
from pycore.gateway.app import VERSION_HEADER, GatewayApp, route_of
from pycore.gateway.client import LentEngine
from pycore.gateway.tokens import Tokens
from pycore.scoring.app import WARNING_HEADER


class Supervisor:
    """Lends an engine that is not there: only what needs no prediction can be asked."""

    def __init__(self, folder, warning=None, failure=None):
        self.lent = LentEngine(folder / "socket", folder, 1.0, "7", warning)
        self.failure = failure
        self.asked = []
        self.at_once = 0

    @contextmanager
    def lease(self, name, reference):
        self.asked.append((name, reference))
        if self.failure is not None:
            raise self.failure
        self.at_once += 1
        yield self.lent
        self.at_once -= 1

    def status(self, name, reference):
        self.asked.append((name, reference))
        return {"name": name, "state": "stopped"}


@pytest.fixture
def folder(tmp_path):
    return obedient_model(tmp_path)


@pytest.mark.parametrize(
    ("path", "name", "reference"),
    [
        ("/model/iris/1", "iris", "1"),
        ("/model/iris/@champion/", "iris", "@champion"),
        ("/model/my%20iris%20%C3%A9/Production", "my iris é", "Production"),
        ("/model/a/b/latest", "a/b", "latest"),
        ("/model/a%2Fb/latest", "a/b", "latest"),
        ("/model/ping/1", "ping", "1"),
    ],
)
def test_a_model_is_described_without_being_started(folder, path, name, reference):
    supervisor = Supervisor(folder)
    reply = Client(GatewayApp(supervisor)).get(path)
    assert (reply.status_code, reply.json["name"]) == (200, name)
    assert supervisor.asked == [(name, reference)]


@pytest.mark.parametrize(
    "path", ["/", "/model", "/model/", "/model/iris", "/model/iris/invocations", "/model//1", "/x/iris/1"]
)
def test_other_addresses_are_not_there(folder, path):
    supervisor = Supervisor(folder)
    reply = Client(GatewayApp(supervisor)).get(path)
    assert (reply.status_code, reply.json["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert "POST rows to /model/<name>/<reference>/invocations" in reply.json["message"]
    assert not supervisor.asked


@pytest.mark.parametrize(
    ("method", "end", "allowed"),
    [("GET", "/invocations", "POST"), ("POST", "/docs", "GET"), ("PUT", "", "GET")],
)
def test_each_address_has_one_method(folder, method, end, allowed):
    reply = Client(GatewayApp(Supervisor(folder))).open(f"/model/iris/1{end}", method=method)
    assert (reply.status_code, reply.headers["Allow"]) == (405, allowed)


def test_each_model_has_its_own_description_and_page(folder):
    client = Client(GatewayApp(Supervisor(folder)))
    described = client.get("/model/iris/1/openapi.json").json
    assert set(described["components"]["schemas"]["Row"]["properties"]) == {
        spec["name"] for spec in OBEDIENT_INPUTS
    }
    # Relative addresses: those of this model.
    assert described["servers"] == [{"url": "."}]
    assert b'src="docs/swagger-ui-bundle.js"' in client.get("/model/iris/1/docs").data
    assert client.get("/model/iris/1/docs/start.js").status_code == 200


def test_a_reply_says_which_version_it_is_of_and_why_not_another(folder):
    supervisor = Supervisor(folder, warning="version 8 cannot be loaded:\nno é")
    reply = Client(GatewayApp(supervisor)).get("/model/iris/@live/docs")
    assert reply.headers[VERSION_HEADER] == "7"
    assert reply.headers[WARNING_HEADER] == "version 8 cannot be loaded: no ?"
    assert supervisor.at_once == 0


def test_an_engine_is_given_back_whatever_its_host_answers(folder):
    """Here nothing listens at its socket."""
    supervisor = Supervisor(folder)
    reply = Client(GatewayApp(supervisor)).post("/model/iris/1/invocations", json={"inputs": {"x": [1]}})
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
    assert supervisor.at_once == 0


@pytest.mark.parametrize(
    ("failure", "status"),
    [(NotFound("no such version"), 404), (Unavailable("starting"), 503), (KeyError("secret"), 500)],
)
def test_refusals_of_the_supervisor(folder, failure, status):
    reply = Client(GatewayApp(Supervisor(folder, failure=failure))).get("/model/iris/1/ping")
    assert reply.status_code == status
    assert "secret" not in reply.text
    assert ("Retry-After" in reply.headers) == (status == 503)


def test_without_a_token_nothing_is_asked(folder):
    supervisor = Supervisor(folder)
    client = Client(GatewayApp(supervisor, Tokens(["open sesame"]).admit))
    refused = client.get("/model/iris/1")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert not supervisor.asked
    assert client.get("/model/iris/1", headers={"Authorization": "Bearer open sesame"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/model/secret/1/invocations", "/model/<name>/<reference>/invocations"),
        ("/model/secret/@live", "/model/<name>/<reference>"),
        ("/elsewhere", None),
    ],
)
def test_a_log_shows_no_names(path, route):
    assert route_of({"PATH_INFO": path}) == route
