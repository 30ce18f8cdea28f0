"""Registered models behind one server: real processes, real models, moved, broken and killed."""

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from model_folders import OBEDIENT_INPUTS, obedient_model, write_model
from process_tree import children, descendants, is_alive, is_model_host
from processes import server, tracking_server
from r_scripts import rscript
from waiting import LIMIT_S, until

from pycore.gateway.app import VERSION_HEADER
from pycore.scoring.app import WARNING_HEADER
from pycore.tracking import MlflowClient

FACTOR = """
class Times:
    row_wise = True

    def predict(self, frame):
        return frame["x"].to_numpy() * {factor}

_load_pyfunc = lambda path: Times()
"""
#: Leaves a file named for the host that started the process which loads it.
COUNTED = """
import os, pathlib
pathlib.Path({notes!r}, str(os.getppid())).touch()
"""
BROKEN = """
def _load_pyfunc(path):
    raise ValueError("the weights are gone")
"""
WINE = "tech-summit wine é"


@contextmanager
def serving(folder, *options, **environment):
    """A tracking server that scores, and a client of it."""
    arguments = ["server", "--port", "0", "--backend-store-uri", f"sqlite:///{folder / 'tracking.db'}"]
    arguments += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "2", "--serve-models"]
    environment = {"MLFLOW_MODELS_WORKERS": "1", **environment}
    with server([*arguments, *options], folder / "server.log", environment) as running:
        yield running, MlflowClient(running.url)


def register(client, name, folder):
    """Log a model folder into a run and register it."""
    run = client.create_run("0").info
    client.log_artifacts(run.run_id, str(folder), "model")
    if not any(model.name == name for model in client.search_registered_models()):
        client.create_registered_model(name)
    client.create_model_version(name, f"{run.artifact_uri}/model", run.run_id)


def times(folder, factor):
    return write_model(folder / f"times_{factor}", FACTOR.format(factor=factor), OBEDIENT_INPUTS[:1])


def address(running, name, reference, action="/invocations"):
    return f"{running.url}/model/{quote(name, safe='')}/{reference}{action}"


def post(running, name, reference, body=None, **headers):
    body = body or {"dataframe_records": [{"x": 1.0}, {"x": 2.0}]}
    return requests.post(address(running, name, reference), json=body, headers=headers, timeout=LIMIT_S)


def described(running, name, reference):
    reply = requests.get(address(running, name, reference, ""), timeout=LIMIT_S)
    assert reply.status_code == 200, reply.text
    return reply.json()


def hosts(running):
    """Process ids of the model hosts."""
    return [pid for pid in children(running.process.pid) if is_model_host(pid)]


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """A server with two versions of one model: 1 doubles, 2 triples; 1 is in Production, 2 the champion."""
    folder = tmp_path_factory.mktemp("wine")
    with serving(folder) as (running, client):
        for factor in (2, 3):
            register(client, WINE, times(folder, factor))
        client.transition_model_version_stage(WINE, "1", "Production")
        client.set_registered_model_alias(WINE, "champion", "2")
        yield running


@pytest.mark.parametrize(
    ("reference", "version", "predictions"),
    [
        ("1", "1", [2.0, 4.0]),
        ("Production", "1", [2.0, 4.0]),
        ("production", "1", [2.0, 4.0]),
        ("2", "2", [3.0, 6.0]),
        ("@champion", "2", [3.0, 6.0]),
        ("%40champion", "2", [3.0, 6.0]),
        ("latest", "2", [3.0, 6.0]),
    ],
)
def test_a_version_is_named_by_number_stage_alias_or_latest(wine, reference, version, predictions):
    reply = post(wine, WINE, reference)
    assert reply.json() == {"predictions": predictions}
    assert reply.headers[VERSION_HEADER] == version
    assert reply.headers["Content-Type"] == "application/json"
    assert len(reply.headers["X-Request-ID"]) == 32
    assert requests.get(address(wine, WINE, reference, "/ping"), timeout=LIMIT_S).status_code == 200


def test_references_to_one_version_share_its_engine(wine):
    for reference in ("1", "Production", "2", "@champion", "latest"):
        assert post(wine, WINE, reference).ok
    assert len(hosts(wine)) == 2


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps({"dataframe_records": [{"x": 1.0}, {"x": 2.0}]}), "application/json"),
        (json.dumps({"dataframe_split": {"columns": ["x"], "data": [[1], [2]]}}), "application/json"),
        ("x\n1\n2\n", "text/csv"),
    ],
)
def test_the_payloads_are_those_of_a_scoring_server(wine, body, content_type):
    headers = {"Content-Type": content_type}
    reply = requests.post(address(wine, WINE, "Production"), data=body, headers=headers, timeout=LIMIT_S)
    assert reply.json() == {"predictions": [2.0, 4.0]}


def test_a_bare_list_of_records_is_taken_as_hosted_servers_take_it(wine):
    reply = post(wine, WINE, "Production", [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}])
    assert reply.json() == {"predictions": [2.0, 4.0, 6.0]}


def test_a_model_is_described(wine):
    post(wine, WINE, "@champion")
    found = described(wine, WINE, "@champion")
    assert found["state"] == "ready"
    assert (found["name"], found["version"], found["serving_version"]) == (WINE, "2", "2")
    assert found["aliases"] == ["champion"]
    assert found["flavors"] == ["python_function"]
    assert found["signature"]["inputs"] == OBEDIENT_INPUTS[:1]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/model/nobody/1/invocations", "name=nobody"),
        (f"/model/{quote(WINE)}/7/invocations", "version=7"),
        (f"/model/{quote(WINE)}/Staging/invocations", "no version in stage 'Staging'"),
        (f"/model/{quote(WINE)}/Live/invocations", "an alias (@champion) or latest"),
        (f"/model/{quote(WINE)}/@nobody/invocations", "alias nobody not found"),
        ("/model/a%2Fb/1/invocations", "a/b"),
        ("/model/wine/invocations", "POST rows to /model/<name>/<reference>/invocations"),
        ("/model/", "POST rows to /model/<name>/<reference>/invocations"),
    ],
)
def test_what_is_not_there_is_404_and_says_so(wine, path, says):
    reply = requests.post(wine.url + path, json=[{"x": 1}], timeout=LIMIT_S)
    # An address without action is one to GET.
    assert reply.status_code == 404, reply.text
    assert reply.json()["error_code"] in ("RESOURCE_DOES_NOT_EXIST", "ENDPOINT_NOT_FOUND")
    assert says in reply.json()["message"]


def test_a_wrong_method_is_405(wine):
    reply = requests.get(address(wine, WINE, "1"), timeout=LIMIT_S)
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")


def test_errors_of_a_request_are_those_of_a_scoring_server(wine):
    reply = post(wine, WINE, "1", {"dataframe_records": [{"y": 1}]})
    assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_foreign_pages_may_not_score(wine):
    reply = post(wine, WINE, "1", Origin="https://evil.example")
    assert (reply.status_code, reply.json()["error_code"]) == (403, "PERMISSION_DENIED")


def test_many_first_requests_start_one_engine(tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    source = COUNTED.format(notes=str(notes)) + FACTOR.format(factor=2)
    with serving(tmp_path) as (running, client), ThreadPoolExecutor(16) as threads:
        register(client, "m", write_model(tmp_path / "counted", source, OBEDIENT_INPUTS[:1]))
        replies = list(threads.map(lambda _: post(running, "m", "1"), range(16)))
        assert [reply.json() for reply in replies] == [{"predictions": [2.0, 4.0]}] * 16
        assert len(list(notes.iterdir())) == len(hosts(running)) == 1


@pytest.mark.parametrize("reference", ["@live", "Production"])
def test_a_moved_alias_or_stage_swaps_under_load_without_a_failed_request(tmp_path, reference):
    with serving(tmp_path) as (running, client), ThreadPoolExecutor(4) as threads:
        for factor in (2, 3):
            register(client, "m", times(tmp_path, factor))
        register(client, "m", write_model(tmp_path / "broken", BROKEN))

        def move(version):
            if reference.startswith("@"):
                client.set_registered_model_alias("m", reference[1:], version)
            else:
                client.transition_model_version_stage("m", version, reference, archive_existing_versions=True)

        move("1")
        assert post(running, "m", reference).json() == {"predictions": [2.0, 4.0]}
        done, answers = threading.Event(), []

        def load():
            with requests.Session() as session:
                while not done.is_set():
                    body = {"dataframe_records": [{"x": 1.0}]}
                    reply = session.post(address(running, "m", reference), json=body, timeout=LIMIT_S)
                    answers.append((reply.status_code, reply.headers.get(VERSION_HEADER), reply.text))

        loads = [threads.submit(load) for _ in range(4)]
        try:
            until(lambda: answers)
            move("2")
            until(lambda: answers[-1][1] == "2")
            until(lambda: len(hosts(running)) == 1)
            # One that does not load changes nothing but for what the replies say of it.
            move("3")
            until(lambda: post(running, "m", reference).headers.get(WARNING_HEADER))
        finally:
            done.set()
        for task in loads:
            task.result()
        assert set(answers) == {(200, "1", '{"predictions": [2.0]}'), (200, "2", '{"predictions": [3.0]}')}


def test_a_model_that_lies_where_the_server_may_not_reach_is_not_fetched(wine):
    client = MlflowClient(wine.url)
    client.create_registered_model("foreign")
    client.create_model_version("foreign", "s3://elsewhere/model")
    reply = post(wine, "foreign", "1")
    assert reply.status_code == 400
    assert "'s3://elsewhere/model' are not served here" in reply.json()["message"]


def test_each_model_has_a_page_of_its_own(wine):
    found = requests.get(address(wine, WINE, "Production", "/openapi.json"), timeout=LIMIT_S).json()
    assert list(found["components"]["schemas"]["Row"]["properties"]) == ["x"]
    for path in found["paths"].keys() - {"/invocations"}:
        assert requests.get(address(wine, WINE, "Production", path), timeout=LIMIT_S).status_code == 200
    page = requests.get(address(wine, WINE, "Production", "/docs"), timeout=LIMIT_S)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    script = address(wine, WINE, "Production", "/docs/swagger-ui-bundle.js")
    assert requests.get(script, timeout=LIMIT_S).status_code == 200


def test_a_version_that_does_not_load_leaves_the_old_one_answering(tmp_path):
    with serving(tmp_path) as (running, client):
        register(client, "m", times(tmp_path, 2))
        register(client, "m", write_model(tmp_path / "broken", BROKEN))
        client.set_registered_model_alias("m", "live", "1")
        assert post(running, "m", "@live").headers[VERSION_HEADER] == "1"
        client.set_registered_model_alias("m", "live", "2")
        warned = until(lambda: (got := post(running, "m", "@live")).headers.get(WARNING_HEADER) and got)
        assert warned.json() == {"predictions": [2.0, 4.0]}
        assert warned.headers[VERSION_HEADER] == "1"
        assert "version 2 cannot be loaded, version 1 answers" in warned.headers[WARNING_HEADER]
        found = described(running, "m", "@live")
        assert (found["state"], found["version"], found["serving_version"]) == ("failed", "2", "1")
        assert "the weights are gone" in found["reason"]
        alone = post(running, "m", "2")
        assert alone.status_code == 400
        assert "the weights are gone" in alone.json()["message"]


def test_a_deleted_version_is_gone_and_its_engine_too(tmp_path):
    with serving(tmp_path) as (running, client):
        register(client, "m", times(tmp_path, 2))
        assert post(running, "m", "1").ok
        client.delete_model_version("m", "1")
        gone = until(lambda: (got := post(running, "m", "1")).status_code == 404 and [got])
        assert gone[0].json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
        until(lambda: not hosts(running))


def test_memory_is_kept_by_stopping_what_was_used_longest_ago(tmp_path):
    with serving(tmp_path, CRATEFLOW_GATEWAY_MEMORY_MB="1") as (running, client):
        for name, factor in (("a", 2), ("b", 3)):
            register(client, name, times(tmp_path, factor))
        assert post(running, "a", "1").ok
        # Which was used last is told by whose answer is noted as sent last.
        until(lambda: post(running, "b", "1").ok and len(hosts(running)) == 1)
        assert described(running, "a", "1")["state"] == "stopped"
        assert described(running, "b", "1")["state"] == "ready"
        assert post(running, "a", "1").json() == {"predictions": [2.0, 4.0]}


def test_an_engine_that_nobody_uses_stops(tmp_path):
    with serving(tmp_path, CRATEFLOW_GATEWAY_IDLE_S="1") as (running, client):
        register(client, "a", times(tmp_path, 2))
        assert post(running, "a", "1").ok
        until(lambda: not hosts(running))
        assert post(running, "a", "1").ok


def test_a_killed_host_is_replaced(tmp_path):
    with serving(tmp_path) as (running, client):
        register(client, "a", times(tmp_path, 2))
        assert post(running, "a", "1").ok
        killed = hosts(running)[0]
        os.kill(killed, signal.SIGKILL)
        until(lambda: not is_alive(killed))
        until(lambda: post(running, "a", "1").ok)


@pytest.mark.parametrize("victim", ["supervisor", "http"])
def test_whatever_is_killed_leaves_no_process_behind(tmp_path, victim):
    with serving(tmp_path) as (running, client):
        register(client, "a", times(tmp_path, 2))
        assert post(running, "a", "1").ok
        everyone = descendants(running.process.pid)
        http = next(pid for pid in children(running.process.pid) if not is_model_host(pid))
        os.kill(running.process.pid if victim == "supervisor" else http, signal.SIGKILL)
        running.process.wait(LIMIT_S)
        until(lambda: not any(map(is_alive, everyone)))
    if victim == "http":
        assert "The HTTP server has ended by itself" in running.log.read_text()


def test_sigterm_answers_what_was_accepted(tmp_path):
    with serving(tmp_path) as (running, client), ThreadPoolExecutor(1) as threads:
        register(client, "slow", obedient_model(tmp_path))
        assert post(running, "slow", "1").ok
        gate = tmp_path / "gate"
        body = {"dataframe_records": [{"x": 4.0, "do": f"wait {gate}"}]}
        asked = threads.submit(post, running, "slow", "1", body)
        until(lambda: Path(f"{gate}.reached").exists())
        everyone = descendants(running.process.pid)
        running.process.terminate()
        gate.touch()
        assert asked.result().json() == {"predictions": [8.0]}
        assert running.process.wait(LIMIT_S) == 0
        until(lambda: not any(map(is_alive, everyone)))


def test_a_token_file_closes_the_gateway_to_others(tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("first\nsecond-ü\n")
    with serving(tmp_path, "--gateway-token-file", str(tokens)) as (running, client):
        register(client, "a", times(tmp_path, 2))
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic first"}):
            refused = post(running, "a", "1", **headers)
            assert (refused.status_code, refused.json()["error_code"]) == (401, "UNAUTHENTICATED")
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert post(running, "a", "1", Authorization="Bearer first").ok
        assert post(running, "a", "1", Authorization="Bearer second-ü".encode()).ok


def test_an_empty_token_file_is_refused(tmp_path):
    (tmp_path / "tokens").write_text("\n")
    arguments = ["server", "--port", "0", "--serve-models", "--gateway-token-file", str(tmp_path / "tokens")]
    arguments += ["--backend-store-uri", f"sqlite:///{tmp_path / 'a.db'}"]
    with pytest.raises(AssertionError, match="one token per line"), server(arguments, tmp_path / "log"):
        pass


def test_a_gateway_scores_r_models_for_a_tracking_server_elsewhere(tmp_path):
    crate = tmp_path / "crate"
    crate.mkdir()
    rscript(Path(__file__).with_name("obedient_crate.R"), crate)
    (crate / "MLmodel").write_text("flavors: {crate: {version: 0.1.0, model: crate.bin}}")
    lines = (crate / "reference.txt").read_text().splitlines()
    expected = [tuple(map(float.fromhex, line.split())) for line in lines]
    arguments = ["models", "gateway", "-p", "0", "-w", "1", "-u"]
    with tracking_server(tmp_path) as tracking:
        register(MlflowClient(tracking.url), "iris", crate)
        with server([*arguments, tracking.url], tmp_path / "gateway.log") as running:
            rows = [{"Sepal.Length": length} for length, _ in expected]
            reply = post(running, "iris", "latest", {"dataframe_records": rows})
            assert reply.json() == {"predictions": [width for _, width in expected]}
            elsewhere = requests.get(f"{running.url}/api/2.0/mlflow/experiments/search", timeout=LIMIT_S)
            assert elsewhere.status_code == 404
            assert "/model/<name>/<reference>/invocations" in elsewhere.json()["message"]
            # Without the tracking server what is known counts on, and nobody waits for its return.
            tracking.process.kill()
            tracking.process.wait()
            body = {"dataframe_records": rows}

            def slow():
                reply = post(running, "iris", "latest", body)
                return [reply] if reply.elapsed.total_seconds() > 0.9 else None

            [waited] = until(slow)
            assert waited.headers[VERSION_HEADER] == "1"
