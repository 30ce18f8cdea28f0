from __future__ import annotations

import pytest
from rest import Rest, error_in

from pycore.protocols import Api
from pycore.server.application import HttpOptions, make_app
from pycore.server.origins import OriginRules

SEARCH = "/api/2.0/mlflow/runs/search"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:5000",
        "127.0.0.1:5000",
        "127.8.8.8",
        "[::1]:5000",
        "10.1.2.3:80",
        "192.168.1.7",
        "172.16.0.9",
    ],
)
def test_this_machine_and_private_networks_are_known(host):
    assert OriginRules().allows_host(host)


@pytest.mark.parametrize(
    "host", ["example.org", "localhost.example.org", "8.8.8.8", "127.0.0.1.nip.io", "[::1", ""]
)
def test_other_hosts_are_not(host):
    assert not OriginRules().allows_host(host)


def test_named_hosts_replace_private_networks_and_keep_this_machine():
    rules = OriginRules(allowed_hosts=("*.example.org", "tracking:8080"))
    assert rules.allows_host("a.example.org:443")
    assert rules.allows_host("A.Example.org")
    assert rules.allows_host("tracking:8080")
    assert rules.allows_host("localhost:5000")
    assert not rules.allows_host("tracking:9090")
    assert not rules.allows_host("10.1.2.3")
    assert OriginRules(allowed_hosts=("*",)).allows_host("anything")


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://localhost:3000", "localhost:5000", True),
        ("http://127.0.0.1:3000", "localhost:5000", True),
        ("http://10.0.0.5:5000", "10.0.0.5:5000", True),
        ("http://10.0.0.5:5001", "10.0.0.5:5000", False),
        ("https://good.example.org", "localhost", True),
        ("https://evil.org", "localhost", False),
        ("null", "localhost", False),
        ("http://[::1", "localhost", False),
    ],
)
def test_origins(origin, host, allowed):
    rules = OriginRules(allowed_origins=("https://*.example.org",))
    assert rules.allows_origin(origin, host) is allowed


def test_a_foreign_host_reaches_the_probes_alone(rest: Rest):
    headers = {"Host": "evil.org"}
    for address in ("/", SEARCH, "/get-artifact", "/nothing"):
        status, code, message = error_in(rest.http.get(address, headers=headers))
        assert (status, code) == (403, "PERMISSION_DENIED")
        assert "Invalid Host header" in message
    assert rest.http.get("/health", headers=headers).status_code == 200
    assert rest.http.get("/version", headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("origin", ["https://evil.org", "null"])
def test_a_foreign_page_cannot_write(rest: Rest, method: str, origin: str):
    reply = rest.http.open("/api/2.0/mlflow-artifacts/artifacts/a", method=method, headers={"Origin": origin})
    assert error_in(reply)[:2] == (403, "PERMISSION_DENIED")
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_a_foreign_page_cannot_read_replies(rest: Rest):
    reply = rest.http.get("/api/2.0/mlflow/experiments/search", headers={"Origin": "https://evil.org"})
    assert "Access-Control-Allow-Origin" not in reply.headers
    assert reply.headers["Vary"] == "Origin"


def test_a_page_of_this_machine_can(rest: Rest):
    headers = {"Origin": "http://localhost:3000"}
    asked = rest.http.options(SEARCH, headers={**headers, "Access-Control-Request-Headers": "content-type"})
    assert asked.status_code == 204
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert asked.headers["Access-Control-Allow-Headers"] == "content-type"
    reply = rest.http.post(SEARCH, json={}, headers=headers)
    assert reply.status_code == 200
    assert reply.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


def test_a_foreign_preflight_is_refused(rest: Rest):
    assert error_in(rest.http.options(SEARCH, headers={"Origin": "https://evil.org"}))[0] == 403


def test_options_without_an_origin_say_what_is_allowed(rest: Rest):
    reply = rest.http.options(SEARCH)
    assert reply.status_code == 204
    assert reply.headers["Allow"] == "OPTIONS, POST"


def test_the_checks_can_be_switched_off(api: Api):
    open_to_all = Rest(make_app(api, HttpOptions(origins=None)))
    reply = open_to_all.http.post(SEARCH, json={}, headers={"Host": "evil.org", "Origin": "https://evil.org"})
    assert reply.status_code == 200
