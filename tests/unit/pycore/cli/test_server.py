"""The tracking server as a user starts it: a real process, real HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests
from process_tree import children, open_files
from processes import CRATEFLOW, Server, server, tracking_server
from waiting import LIMIT_S, until

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
API = "/api/2.0/mlflow"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its database and artifacts."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def tracking(folder: Path) -> Iterator[Server]:
    """A server for the tests that leave it running."""
    with tracking_server(folder) as running:
        yield running


def connection_to(tracking: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(tracking.url.removeprefix("http://"), timeout=LIMIT_S)


def peak_memory_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def crateflow(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CRATEFLOW, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that a refusal consists of."""
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@contextmanager
def upload_begun(
    tracking: Server, name: str, headers: dict[str, str], first: bytes
) -> Iterator[http.client.HTTPConnection]:
    """A connection on which the first bytes of an upload have been sent."""
    with closing(connection_to(tracking)) as connection:
        connection.putrequest("PUT", f"{ARTIFACTS}/{name}")
        for header, value in headers.items():
            connection.putheader(header, value)
        connection.endheaders()
        connection.send(first)
        yield connection


def uploads_under_way(folder: Path) -> list[Path]:
    return list((folder / "artifacts").rglob(".crateflow-upload-*"))


def is_open(tracking: Server, file: Path) -> bool:
    return any(str(file) in open_files(pid) for pid in children(tracking.process.pid))


def test_it_answers_when_it_says_so(tracking: Server):
    assert requests.get(f"{tracking.url}/health", timeout=LIMIT_S).text == "OK"
    assert requests.get(f"{tracking.url}/version", timeout=LIMIT_S).text == "2.22.0"
    assert "Default" in requests.get(tracking.url, timeout=LIMIT_S).text


def test_what_is_logged_outlives_a_killed_worker(tracking: Server):
    info = requests.post(f"{tracking.url}{API}/runs/create", json={}, timeout=LIMIT_S).json()["run"]["info"]
    workers = set(children(tracking.process.pid))
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    until(lambda: len(set(children(tracking.process.pid)) - workers) == len(workers))
    until(lambda: workers.isdisjoint(children(tracking.process.pid)))
    found = requests.get(f"{tracking.url}{API}/runs/get", params={"run_id": info["run_id"]}, timeout=LIMIT_S)
    assert found.json()["run"]["info"] == info


def test_a_hang_up_replaces_the_workers_and_keeps_the_port(tracking: Server):
    workers = set(children(tracking.process.pid))
    tracking.process.send_signal(signal.SIGHUP)
    until(lambda: workers.isdisjoint(children(tracking.process.pid)))
    assert requests.get(f"{tracking.url}/health", timeout=LIMIT_S).text == "OK"


def test_large_files_pass_without_being_held(tracking: Server, tmp_path: Path):
    size = 64 << 20
    file = tmp_path / "large"
    with file.open("wb") as out:
        out.truncate(size)
    workers = children(tracking.process.pid)
    requests.put(f"{tracking.url}{ARTIFACTS}/warm/up", data=b"x", timeout=LIMIT_S)
    before = {pid: peak_memory_kb(pid) for pid in workers}
    with file.open("rb") as data:
        assert requests.put(f"{tracking.url}{ARTIFACTS}/large", data=data, timeout=LIMIT_S).status_code == 200
    with requests.get(f"{tracking.url}{ARTIFACTS}/large", stream=True, timeout=LIMIT_S) as reply:
        assert sum(map(len, reply.iter_content(1 << 20))) == size
    # The server works in pieces of 1 MiB; a body held anywhere would show as 64.
    assert max(peak_memory_kb(pid) - before[pid] for pid in workers) < 20 << 10


def test_a_download_that_breaks_off_closes_its_file(tracking: Server, folder: Path):
    requests.put(f"{tracking.url}{ARTIFACTS}/left", data=b"x" * (32 << 20), timeout=LIMIT_S)
    with requests.get(f"{tracking.url}{ARTIFACTS}/left", stream=True, timeout=LIMIT_S) as reply:
        assert next(reply.iter_content(1000)) == b"x" * 1000
        until(lambda: is_open(tracking, folder / "artifacts/left"))
    until(lambda: not is_open(tracking, folder / "artifacts/left"))


def test_chunked_uploads_without_a_length(tracking: Server):
    requests.put(f"{tracking.url}{ARTIFACTS}/chunked", data=iter([b"ab", b"cd"]), timeout=LIMIT_S)
    assert requests.get(f"{tracking.url}{ARTIFACTS}/chunked", timeout=LIMIT_S).content == b"abcd"


@pytest.mark.parametrize(
    ("headers", "first"),
    [
        ({"Content-Length": str(10 << 20)}, b"x" * (3 << 20)),
        ({"Transfer-Encoding": "chunked"}, b"300000\r\n" + b"x" * (3 << 20) + b"\r\n"),
    ],
    ids=["announced", "chunked"],
)
def test_an_upload_that_breaks_off_leaves_nothing(tracking: Server, folder: Path, headers, first):
    with upload_begun(tracking, "broken/folder/file", headers, first):
        until(lambda: uploads_under_way(folder))
    until(lambda: not uploads_under_way(folder))
    assert not (folder / "artifacts/broken").exists()
    assert requests.get(f"{tracking.url}{ARTIFACTS}/broken/folder/file", timeout=LIMIT_S).status_code == 404


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/%2e%2e/x", "//etc/passwd", "/.", "/a/%2e%2e/%2e%2e/b"]
)
def test_paths_arrive_as_an_attacker_writes_them(tracking: Server, path: str):
    with closing(connection_to(tracking)) as connection:
        for method in ("GET", "PUT", "DELETE"):
            connection.request(method, ARTIFACTS + path)
            reply = connection.getresponse()
            assert (reply.status, b"Invalid path" in reply.read()) == (400, True)


def test_a_refused_upload_is_answered_and_the_connection_goes_on(tracking: Server):
    with closing(connection_to(tracking)) as connection:
        connection.request("PUT", f"{ARTIFACTS}/..", body=b"x" * (8 << 20))
        reply = connection.getresponse()
        assert (reply.status, b"Invalid path" in reply.read()) == (400, True)
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b"OK"


def test_requests_at_once_do_not_mix(tracking: Server):
    def log(number: int) -> str:
        body = {"run_name": f"run-{number}"}
        return requests.post(f"{tracking.url}{API}/runs/create", json=body, timeout=LIMIT_S).json()["run"][
            "info"
        ]["run_name"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(log, range(40))) == [f"run-{number}" for number in range(40)]


def test_an_ending_server_finishes_what_it_is_at(tmp_path: Path):
    with tracking_server(tmp_path) as running:
        with upload_begun(running, "late", {"Content-Length": str(2 << 20)}, b"x" * (1 << 20)) as connection:
            until(lambda: uploads_under_way(tmp_path))
            running.process.terminate()
            connection.send(b"x" * (1 << 20))
            assert connection.getresponse().status == 200
        assert running.process.wait(timeout=LIMIT_S) == 0
    assert (tmp_path / "artifacts/late").stat().st_size == 2 << 20
    assert running.log.read_text().splitlines() == [f"Listening at {running.url}"]


def test_a_port_in_use_is_one_line(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = refused(crateflow("server", "--port", port, cwd=tmp_path))
    assert f"Port {port} of 127.0.0.1 is in use" in message
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_is_not_here_is_one_line(tmp_path: Path):
    assert "Cannot listen on '192.0.2.1'" in refused(
        crateflow("server", "--port", "0", "--host", "192.0.2.1", cwd=tmp_path)
    )


def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path):
    file = tmp_path / "newer.db"
    url = f"sqlite:///{file}"
    assert crateflow("db", "upgrade", url, cwd=tmp_path).returncode == 0
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (["server", "--port", "0", "--backend-store-uri", url], ["db", "upgrade", url]):
        message = refused(crateflow(*command, cwd=tmp_path))
        assert "9999" in message
        assert "upgrade" in message
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


@pytest.mark.parametrize("uri", ["nonsense:", "oracle://x", "sqlite:///:memory:"])
def test_a_database_nobody_can_open_is_one_line(tmp_path: Path, uri: str):
    assert "Error: " in refused(crateflow("server", "--port", "0", "--backend-store-uri", uri, cwd=tmp_path))


def test_a_database_in_no_folder_says_what_to_check(tmp_path: Path):
    uri = f"sqlite:///{tmp_path}/no/such/folder.db"
    result = crateflow("server", "--port", "0", "--backend-store-uri", uri, cwd=tmp_path)
    assert (result.returncode, "Traceback" in result.stderr) == (1, False)
    assert "check that the folder exists" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments", [["--port", "x"], ["--port", "70000"], ["--workers", "0"], ["--nonsense"]]
)
def test_a_wrong_flag_is_a_usage_error(tmp_path: Path, arguments: list[str]):
    result = crateflow("server", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "Usage: crateflow server" in result.stderr


def test_flags_come_from_the_environment_too(tmp_path: Path):
    environment = {
        "MLFLOW_PORT": "0",
        "MLFLOW_WORKERS": "1",
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{tmp_path / 'env.db'}",
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": str(tmp_path / "root"),
        "MLFLOW_SERVE_ARTIFACTS": "false",
        "MLFLOW_SERVER_ALLOWED_HOSTS": "tracking.example.org, other.example.org",
        "MLFLOW_STATIC_PREFIX": "/prefix",
    }
    with server(["ui"], tmp_path / "log", environment) as running:
        assert len(children(running.process.pid)) == 1
        answer = requests.get(
            f"{running.url}/prefix{API}/experiments/get",
            params={"experiment_id": "0"},
            headers={"Host": "other.example.org"},
            timeout=LIMIT_S,
        )
        assert answer.json()["experiment"]["artifact_location"] == f"{tmp_path / 'root'}/0"
        assert requests.get(f"{running.url}{ARTIFACTS}", timeout=LIMIT_S).status_code == 400
    assert (tmp_path / "env.db").exists()


def test_flags_as_the_official_r_client_gives_them(tmp_path: Path):
    store = f"sqlite:///{tmp_path / 'r.db'}"
    arguments = ["server", "--port", "0", "--backend-store-uri", store, "--host", "127.0.0.1", "--port", "0"]
    arguments += ["--no-serve-artifacts", "--default-artifact-root", str(tmp_path / "root"), "--workers", "4"]
    with server(arguments, tmp_path / "log") as running:
        found = requests.get(
            f"{running.url}{API}/experiments/search", params={"max_results": 1}, timeout=LIMIT_S
        )
        assert found.json()["experiments"][0]["name"] == "Default"


def test_a_server_of_artifacts_alone_is_one_by_its_variable(tmp_path: Path):
    variables = {"MLFLOW_ARTIFACTS_ONLY": "true", "MLFLOW_ARTIFACTS_DESTINATION": str(tmp_path / "files")}
    with server(["server", "--port", "0", "--workers", "1"], tmp_path / "log", variables) as running:
        assert requests.put(f"{running.url}{ARTIFACTS}/a/b", data=b"1", timeout=LIMIT_S).json() == {}
        assert requests.get(f"{running.url}{ARTIFACTS}/a/b", timeout=LIMIT_S).content == b"1"
        refused = requests.get(f"{running.url}{API}/experiments/search", timeout=LIMIT_S)
        assert (refused.status_code, refused.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_options_of_gunicorn_are_handed_on(tmp_path: Path):
    arguments = ["server", "--port", "0", "--backend-store-uri", f"sqlite:///{tmp_path / 'g.db'}"]
    arguments += ["--gunicorn-opts", f"--pid {tmp_path / 'pid'} --log-level info --workers 1"]
    with server(arguments, tmp_path / "log") as running:
        assert len(children(running.process.pid)) == 1
        assert int((tmp_path / "pid").read_text()) == running.process.pid
        assert "Booting worker" in running.log.read_text()


def test_the_access_log_has_a_line_for_every_request_to_any_worker(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    arguments = ["server", "--port", "0", "--workers", "2", "--access-log", str(log)]
    arguments += ["--backend-store-uri", f"sqlite:///{tmp_path / 'tracking.db'}"]
    with server(arguments, tmp_path / "server.log") as running:
        for _ in range(20):
            assert requests.get(f"{running.url}/version", timeout=LIMIT_S).status_code == 200
        found = until(lambda: (text := log.read_text()).count("\n") == 20 and text.splitlines())
    assert {(line["route"], line["status"]) for line in map(json.loads, found)} == {("/version", 200)}


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server of two processes with registered models in a database of their own, which counts."""
    folder = tmp_path_factory.mktemp("divided")
    arguments = ["server", "--port", "0", "--workers", "2", "--static-prefix", "/tracking"]
    arguments += ["--backend-store-uri", f"sqlite:///{folder / 'runs.db'}"]
    arguments += ["--registry-store-uri", f"sqlite:///{folder / 'models.db'}"]
    arguments += ["--artifacts-destination", str(folder / "artifacts")]
    arguments += ["--expose-prometheus", str(folder / "figures")]
    with server(arguments, folder / "log") as running:
        yield running, folder


def test_registered_models_may_have_a_database_of_their_own(divided: tuple[Server, Path]):
    running, folder = divided

    def post(path: str, **fields: object) -> requests.Response:
        return requests.post(f"{running.url}{API}/{path}", json=fields, timeout=LIMIT_S)

    run = post("runs/create").json()["run"]["info"]
    logged = post("logged-models", experiment_id="0", name="tree").json()["model"]["info"]
    post("registered-models/create", name="iris")
    for fields in (
        {"source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]},
        {"source": f"models:/{logged['model_id']}"},
        {"source": "models:/iris/1"},
    ):
        assert post("model-versions/create", name="iris", **fields).status_code == 200
    refused = post(
        "model-versions/create", name="iris", source=f"{run['artifact_uri']}/../x", run_id="0" * 32
    )
    assert refused.status_code == 400
    rows = {}
    for name in ("runs", "models"):
        with closing(sqlite3.connect(folder / f"{name}.db")) as connection:
            count = "SELECT (SELECT COUNT(*) FROM runs), (SELECT COUNT(*) FROM model_versions)"
            rows[name] = connection.execute(count).fetchone()
    assert rows == {"runs": (1, 0), "models": (0, 3)}


def test_requests_to_all_processes_are_counted_for_prometheus(divided: tuple[Server, Path]):
    running, _ = divided

    def figures() -> dict[str, float]:
        reply = requests.get(f"{running.url}/metrics", timeout=LIMIT_S)
        assert reply.headers["Content-Type"].startswith("text/plain; version=")
        lines = (line.rpartition(" ") for line in reply.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def answered(found: dict[str, float]) -> float:
        totals = (name for name in found if name.startswith("crateflow_http_requests_total"))
        return sum(found[name] for name in totals if any(route in name for route in routes))

    def more(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    def ask(number: int) -> None:
        requests.post(f"{running.url}{API}/runs/search", json={"experiment_ids": ["0"]}, timeout=LIMIT_S)
        requests.put(f"{running.url}{ARTIFACTS}/{number}", data=b"x" * 1000, timeout=LIMIT_S)
        requests.get(f"{running.url}/tracking{ARTIFACTS}/{number}", timeout=LIMIT_S)
        requests.request("INVENTED", f"{running.url}/invented/{number}", timeout=LIMIT_S)

    file = f'route="{ARTIFACTS}/<artifact:path>"'
    # Of others, some that came before may not be counted yet.
    routes = [f'route="{API}/runs/search"', file, 'route="none"']
    before = figures()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(20)))
    # A request is counted once its reply has been sent, which is later than its client has it.
    until(lambda: answered(figures()) == answered(before) + 80)
    after = figures()

    assert (
        more(f'crateflow_http_requests_total{{method="POST",route="{API}/runs/search",status="200"}}') == 20
    )
    assert more('crateflow_http_requests_total{method="other",route="none",status="404"}') == 20
    assert more(f'crateflow_http_request_seconds_count{{method="PUT",{file}}}') == 20
    assert more(f'crateflow_http_request_seconds_bucket{{le="60.0",method="PUT",{file}}}') == 20
    assert more(f'crateflow_http_request_bytes_total{{method="PUT",{file}}}') == 20_000
    assert more(f'crateflow_http_response_bytes_total{{method="GET",{file}}}') == 20_000
    assert more('crateflow_database_seconds_count{kind="read"}') >= 20
    assert more('crateflow_database_seconds_sum{kind="read"}') > 0
