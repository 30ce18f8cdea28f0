import base64
import io
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from scripted_server import Reply, ScriptedServer
from waiting import LIMIT_S

from pycore.client.transport import Transport
from pycore.errors import (
    AlreadyExists,
    InvalidInput,
    MlflowException,
    NotFound,
    Unavailable,
)

PATH = "mlflow/runs/get"


class Waits(list[float]):
    """In the place of time.sleep."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def get(server: ScriptedServer, waits: Waits | None = None, idempotent: bool = True) -> Any:
    transport = Transport(server.url, sleep=waits if waits is not None else Waits())
    return transport.call("GET", PATH, idempotent=idempotent)


def error_reply(status: int, code: str, message: str) -> Reply:
    return Reply(status, json.dumps({"error_code": code, "message": message}).encode())


def test_call_sends_json_without_what_is_absent_and_returns_the_reply(server: ScriptedServer) -> None:
    server.script = [Reply(body=b'{"answer": 1}')]

    body = {"a": "ä", "b": None, "c": [], "d": 0}
    reply = Transport(server.url + "/").call("POST", PATH, body=body, idempotent=True)

    assert reply == {"answer": 1}
    assert server.requests[0].path == "/api/2.0/mlflow/runs/get"
    assert server.requests[0].headers["Content-Type"] == "application/json"
    assert json.loads(server.requests[0].body) == {"a": "ä", "d": 0}


def test_a_query_repeats_lists_and_leaves_none_out(server: ScriptedServer) -> None:
    query = {"order_by": ["name", "timestamp DESC"], "page_token": None}
    Transport(server.url).call("GET", PATH, query=query, idempotent=True)

    assert server.requests[0].path.endswith("/runs/get?order_by=name&order_by=timestamp+DESC")


def test_an_empty_reply_is_an_empty_object(server: ScriptedServer) -> None:
    server.script = [Reply(body=b"")]

    assert get(server) == {}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_of_an_idempotent_call_is_tried_again(server: ScriptedServer, status: int) -> None:
    server.script = [Reply(status), Reply(status), Reply(body=b'{"answer": 1}')]
    waits = Waits()

    assert get(server, waits) == {"answer": 1}
    assert waits == [0.1, 0.2]


def test_any_other_call_is_sent_once(server: ScriptedServer) -> None:
    server.script = [error_reply(503, "TEMPORARILY_UNAVAILABLE", "Later.")]

    with pytest.raises(Unavailable, match="Later"):
        get(server, idempotent=False)
    assert len(server.requests) == 1


def test_the_server_may_ask_for_a_longer_wait(server: ScriptedServer) -> None:
    server.script = [Reply(429, headers={"Retry-After": "3"}), Reply(503, headers={"Retry-After": "9999"})]
    waits = Waits()

    get(server, waits)

    assert waits == [3, 60]


def test_retries_end(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    server.script = [error_reply(503, "TEMPORARILY_UNAVAILABLE", "Later.")] * 3

    with pytest.raises(Unavailable, match="Later"):
        get(server)
    assert len(server.requests) == 3


def test_a_lost_connection_is_tried_again_where_that_does_no_harm(server: ScriptedServer) -> None:
    server.script = [Reply(drop=True), Reply(body=b'{"answer": 1}')]

    assert get(server) == {"answer": 1}


def test_a_lost_connection_is_an_error_where_the_request_may_have_been_done(server: ScriptedServer) -> None:
    server.script = [Reply(drop=True)]

    with pytest.raises(Unavailable, match=f"The server at {server.url} cannot be reached"):
        get(server, idempotent=False)
    assert len(server.requests) == 1


def test_a_server_that_is_down_is_named_without_the_password() -> None:
    with socket.socket() as silent:
        # Nobody listens here, and nobody else can begin to.
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unavailable) as caught:
            Transport(f"http://ada:secret@{address}/ml", sleep=Waits()).call("GET", PATH, idempotent=True)

    assert caught.value.message == (
        f"The server at http://{address}/ml cannot be reached: Connection refused. "
        "Check that it runs and that the tracking URI is right."
    )


def test_a_server_that_does_not_answer_in_time(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    blocked = threading.Event()
    server.script = _Waiting(blocked)  # type: ignore[assignment]

    with pytest.raises(Unavailable, match=r"did not answer within 1 s \(MLFLOW_HTTP_REQUEST_TIMEOUT\)"):
        get(server, idempotent=False)
    blocked.set()


class _Waiting(list[Reply]):
    """A script whose first reply is held back."""

    def __init__(self, event: threading.Event) -> None:
        super().__init__([Reply(drop=True)])
        self._event = event

    def pop(self, index: Any = -1) -> Reply:
        self._event.wait(LIMIT_S)
        return super().pop(index)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (error_reply(404, "RESOURCE_DOES_NOT_EXIST", "Run with id=1 not found"), NotFound),
        (error_reply(400, "RESOURCE_ALREADY_EXISTS", "Run with id=1 not found"), AlreadyExists),
        (error_reply(400, "INVALID_PARAMETER_VALUE", "Run with id=1 not found"), InvalidInput),
    ],
)
def test_an_error_of_the_server_keeps_class_and_message(
    server: ScriptedServer, reply: Reply, error: type[MlflowException]
) -> None:
    server.script = [reply]

    with pytest.raises(error, match="Run with id=1 not found") as caught:
        get(server)
    assert type(caught.value) is error


def test_a_page_that_is_not_there_means_another_kind_of_server(server: ScriptedServer) -> None:
    server.script = [Reply(404, b"<html>nothing here</html>")]

    with pytest.raises(MlflowException) as caught:
        get(server)
    assert caught.value.error_code == "ENDPOINT_NOT_FOUND"
    assert caught.value.message == (
        f"{server.url} does not know mlflow/runs/get; is it a tracking server, and new enough?"
    )


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[1]"])
def test_a_reply_that_is_no_json_object(server: ScriptedServer, body: bytes) -> None:
    server.script = [Reply(body=body)]

    with pytest.raises(MlflowException, match="other than a JSON object; is it a tracking server"):
        get(server)


def test_a_reply_without_the_thing_asked_for(server: ScriptedServer) -> None:
    with pytest.raises(MlflowException, match="answered mlflow/runs/get without 'run'; is it a tracking"):
        get(server)["run"]


def test_a_server_that_moved(server: ScriptedServer) -> None:
    server.script = [Reply(301, headers={"Location": "https://elsewhere/"})]

    with pytest.raises(MlflowException, match="redirects to https://elsewhere/; set the tracking URI"):
        Transport(server.url).call("POST", PATH, body={}, idempotent=True)
    assert len(server.requests) == 1


def test_a_download_follows_to_another_place(server: ScriptedServer) -> None:
    server.script = [Reply(302, headers={"Location": f"{server.url}/presigned"}), Reply(body=b"content")]

    with Transport(server.url).download("mlflow-artifacts/artifacts/a") as file:
        assert file.read() == b"content"
    assert server.requests[1].path == "/presigned"


@pytest.mark.parametrize("uri", ["http://[not-an-address", "http://", "http://:80"])
def test_an_address_that_is_none(uri: str) -> None:
    with pytest.raises(InvalidInput, match="no address of a server"):
        Transport(uri).call("GET", PATH, idempotent=True)


def test_user_and_password_go_along_in_utf8(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pâß")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "unused")

    get(server)

    expected = base64.b64encode("ada:pâß".encode()).decode()
    assert server.requests[0].headers["Authorization"] == f"Basic {expected}"


def test_a_token_set_later_goes_along(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Transport(server.url)
    transport.call("GET", PATH, idempotent=True)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0k3n")
    transport.call("GET", PATH, idempotent=True)

    assert "Authorization" not in server.requests[0].headers
    assert server.requests[1].headers["Authorization"] == "Bearer t0k3n"


def test_user_and_password_of_the_address_go_along(server: ScriptedServer) -> None:
    Transport(f"http://ada:p%40ss@{server.address}/ml").call("GET", PATH, idempotent=True)

    expected = base64.b64encode(b"ada:p@ss").decode()
    assert server.requests[0].headers["Authorization"] == f"Basic {expected}"
    assert server.requests[0].path == f"/ml/api/2.0/{PATH}"


def test_a_netrc_file_knows_the_user(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login ada password secret\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))

    get(server)

    expected = base64.b64encode(b"ada:secret").decode()
    assert server.requests[0].headers["Authorization"] == f"Basic {expected}"


def test_a_proxy_is_used_unless_the_host_is_excepted(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://ann:pw@{server.address}")
    Transport("http://tracking.example").call("GET", PATH, idempotent=True)
    with ScriptedServer() as direct:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        get(direct)
        assert len(direct.requests) == 1

    (request,) = server.requests
    assert request.path == f"http://tracking.example/api/2.0/{PATH}"
    assert request.headers["Proxy-Authorization"] == f"Basic {base64.b64encode(b'ann:pw').decode()}"


def test_redirects_without_end_are_an_error(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    server.script = [Reply(302, headers={"Location": f"{server.url}/again"})] * 7

    with pytest.raises(Unavailable, match="too many redirects"):
        Transport(server.url, sleep=Waits()).download("mlflow-artifacts/artifacts/a")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (error_reply(401, "UNAUTHENTICATED", "The token has expired."), "The token has expired"),
        (Reply(401, b"You are not authenticated"), "The server answered 401: You are not authenticated"),
    ],
)
def test_refused_credentials_say_what_to_check(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, reply: Reply, reason: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cret")
    server.script = [reply]

    with pytest.raises(MlflowException) as caught:
        get(server)
    assert caught.value.message == (
        f"{reason}. Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN: "
        "they may be missing, wrong or expired."
    )
    assert caught.value.get_http_status_code() == 401
    assert len(server.requests) == 1


def test_certificates_that_do_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/nowhere")

    with pytest.raises(InvalidInput, match="MLFLOW_TRACKING_SERVER_CERT_PATH names '/nowhere'"):
        Transport("https://127.0.0.1:1").call("GET", PATH, idempotent=True)


def test_a_tls_failure_says_what_to_set(server: ScriptedServer) -> None:
    with pytest.raises(MlflowException, match="MLFLOW_TRACKING_SERVER_CERT_PATH") as caught:
        Transport(server.url.replace("http", "https")).call("GET", PATH, idempotent=True)
    assert not isinstance(caught.value, Unavailable)


def test_calls_of_a_thread_share_a_connection_and_threads_do_not(server: ScriptedServer) -> None:
    transport = Transport(server.url)

    def call_twice() -> None:
        transport.call("GET", PATH, idempotent=True)
        transport.call("GET", PATH, idempotent=True)

    call_twice()
    thread = threading.Thread(target=call_twice)
    thread.start()
    thread.join()

    connections = [request.connection for request in server.requests]
    assert connections[0] == connections[1] != connections[2] == connections[3]


def test_a_forked_process_opens_its_own_connection(server: ScriptedServer) -> None:
    transport = Transport(server.url)
    transport.call("GET", PATH, idempotent=True)

    child = os.fork()
    if child == 0:
        status = 1
        try:
            transport.call("GET", PATH, idempotent=True)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    transport.call("GET", PATH, idempotent=True)

    parent_first, childs, parent_again = (request.connection for request in server.requests)
    assert parent_first == parent_again != childs


def test_a_broken_upload_is_sent_again_from_its_start(server: ScriptedServer) -> None:
    server.script = [Reply(drop=True), Reply(503), Reply(body=b"")]
    content = io.BytesIO(b"skipped, sent")
    content.seek(9)

    Transport(server.url, sleep=Waits()).upload("mlflow-artifacts/artifacts/a%20b", content)

    assert [request.body for request in server.requests] == [b"sent"] * 3
    assert server.requests[0].path == "/api/2.0/mlflow-artifacts/artifacts/a%20b"


def test_an_empty_file_is_sent_with_its_length(server: ScriptedServer) -> None:
    Transport(server.url).upload("mlflow-artifacts/artifacts/a", io.BytesIO())

    assert server.requests[0].headers["Content-Length"] == "0"


def test_a_stream_that_cannot_be_rewound_is_sent_once(server: ScriptedServer) -> None:
    server.script = [Reply(200), Reply(503)]
    transport = Transport(server.url, sleep=Waits())

    with _pipe(b"streamed") as content:
        transport.upload("mlflow-artifacts/artifacts/a", content)
    with _pipe(b"streamed") as content, pytest.raises(Unavailable):
        transport.upload("mlflow-artifacts/artifacts/a", content)

    assert [request.body for request in server.requests] == [b"streamed"] * 2


def _pipe(content: bytes) -> Any:
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return os.fdopen(reading, "rb")


def test_a_download_is_read_to_its_end(server: ScriptedServer) -> None:
    content = os.urandom(3_000_000)
    server.script = [Reply(body=content)]

    with Transport(server.url).download("mlflow-artifacts/artifacts/a") as file:
        assert file.read(10) == content[:10]
        assert file.read() == content[10:]


def test_a_download_that_breaks_off_is_an_error(server: ScriptedServer) -> None:
    server.script = [Reply(body=b"half", announced=8)]

    with (
        Transport(server.url).download("mlflow-artifacts/artifacts/a") as file,
        pytest.raises(Unavailable, match=f"The download from {server.url} broke off"),
    ):
        file.read()
