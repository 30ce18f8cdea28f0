"""A server that asks who calls, as its users meet it: official clients, ours in Python and in R, curl."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded_server import PASSWORD, GuardedServer, guarded_server, official_credentials
from official_clients import SKINNY_VERSIONS, official_python, run_official
from r_scripts import rscript

from pycore.errors import PermissionDenied, Unauthenticated
from pycore.tracking import MlflowClient

HERE = Path(__file__).parent
#: What the client that manages users imports beyond what the small package brings.
NEEDS = ("alembic", "flask", "flask-wtf", "sqlalchemy<2.1")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    with guarded_server(tmp_path_factory.mktemp("users")) as running:
        yield running


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    return monkeypatch


def test_the_official_client_manages_users(guarded: GuardedServer):
    """That of MLflow 2; tests/heavy has that of MLflow 3."""
    python = official_python(SKINNY_VERSIONS[0], NEEDS)
    admin = official_credentials("admin", guarded.admin_password)
    printed = run_official(python, HERE / "official_users.py", guarded.url, **admin)
    assert printed.splitlines()[-1] == f"users managed by {SKINNY_VERSIONS[0]}"


def test_who_is_no_administrator_works_with_the_official_client(tmp_path: Path):
    python = official_python(SKINNY_VERSIONS[-1])
    with guarded_server(tmp_path) as empty:
        eve = official_credentials("eve", PASSWORD)
        printed = run_official(python, HERE / "official_session.py", empty.url, **eve)
    assert printed.splitlines()[-1] == f"session complete {SKINNY_VERSIONS[-1]}"


def test_our_python_client_sends_what_the_environment_has(
    guarded: GuardedServer, credentials, tmp_path: Path
):
    client = MlflowClient(guarded.url)
    with pytest.raises(Unauthenticated, match="Check MLFLOW_TRACKING_USERNAME"):
        client.search_experiments()
    credentials.setenv("MLFLOW_TRACKING_USERNAME", "eve")
    credentials.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    experiment_id = client.create_experiment("by password")
    with pytest.raises(PermissionDenied, match="This needs EDIT on the experiment 0; you have READ"):
        client.create_run("0")
    credentials.delenv("MLFLOW_TRACKING_USERNAME")
    credentials.setenv("MLFLOW_TRACKING_TOKEN", guarded.crateflow("tokens", "create", "eve", "python"))
    run_id = client.create_run(experiment_id).info.run_id
    (tmp_path / "note.txt").write_text("kept")
    client.log_artifact(run_id, str(tmp_path / "note.txt"))
    assert Path(client.download_artifacts(run_id, "note.txt", str(tmp_path))).read_text() == "kept"
    guarded.crateflow("tokens", "revoke", "eve", "python")
    with pytest.raises(Unauthenticated):
        client.get_run(run_id)


R_SESSION = """
library(crateflow)
mlflow_set_tracking_uri(commandArgs(TRUE)[[1]])
refused <- tryCatch(mlflow_search_experiments(), crateflow_error = function(error) class(error)[[1]])
stopifnot(refused == "crateflow_error_unauthenticated")
Sys.setenv(MLFLOW_TRACKING_TOKEN = commandArgs(TRUE)[[2]])
id <- mlflow_create_experiment("by token, in R")
run <- mlflow_start_run(experiment_id = id)
mlflow_log_metric("rmse", 0.5)
writeLines("kept", file.path(tempdir(), "note.txt"))
mlflow_log_artifact(file.path(tempdir(), "note.txt"))
mlflow_end_run()
Sys.unsetenv("MLFLOW_TRACKING_TOKEN")
Sys.setenv(MLFLOW_TRACKING_USERNAME = "eve", MLFLOW_TRACKING_PASSWORD = commandArgs(TRUE)[[3]])
stopifnot(mlflow_get_run(run$run_id)$status == "FINISHED")
denied <- tryCatch(mlflow_delete_experiment("0"), crateflow_error = function(error) class(error)[[1]])
cat(denied)
"""


def test_our_r_client_sends_what_the_environment_has(guarded: GuardedServer, credentials, tmp_path: Path):
    script = tmp_path / "session.R"
    script.write_text(R_SESSION)
    token = guarded.crateflow("tokens", "create", "eve", "r")
    printed = rscript(script, guarded.url, token, PASSWORD)
    assert printed.splitlines()[-1] == "crateflow_error_permission_denied"


def test_a_bearer_token_is_checked_and_not_only_for_scoring(guarded: GuardedServer):
    token = guarded.crateflow("tokens", "create", "eve", "scores", "--scope", "score")
    hidden = {"name": "hidden", "username": "eve", "permission": "NO_PERMISSIONS"}
    assert guarded.post("registered-models/create", name="hidden").status_code == 200
    assert guarded.post("registered-models/permissions/create", **hidden).status_code == 200
    statuses = {}
    for sent in (token, "forged"):
        headers = {"Authorization": f"Bearer {sent}"}
        for path in ("/model/absent/1", "/model/hidden/1", "/api/2.0/mlflow/experiments/search"):
            statuses[sent == token, path] = guarded.get(path, headers=headers).status_code
    assert statuses == {
        (True, "/model/absent/1"): 404,
        (True, "/model/hidden/1"): 403,
        (True, "/api/2.0/mlflow/experiments/search"): 403,
        (False, "/model/absent/1"): 401,
        (False, "/model/hidden/1"): 401,
        (False, "/api/2.0/mlflow/experiments/search"): 401,
    }
    assert guarded.get("/health").text == "OK"
    assert guarded.get("/model/hidden/1").headers["WWW-Authenticate"].startswith("Basic")


def test_what_one_process_changes_counts_in_the_other(guarded: GuardedServer):
    guarded.crateflow("users", "create", "mallory", "--password-stdin", typed=f"{PASSWORD}\n")
    # New connections, which either process may take.
    for _ in range(8):
        assert guarded.get("/version", auth=("mallory", PASSWORD)).status_code == 200
        assert guarded.get("/docs", auth=("mallory", PASSWORD)).status_code == 200
    guarded.crateflow("users", "delete", "mallory")
    for _ in range(4):
        assert guarded.get("/docs", auth=("mallory", PASSWORD)).status_code == 401
