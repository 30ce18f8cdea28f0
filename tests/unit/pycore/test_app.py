from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rest import PROXY, Rest
from waiting import LIMIT_S

from pycore.app import create_app
from pycore.config import ARTIFACT_ROOTS
from pycore.errors import Unavailable


@pytest.mark.parametrize(
    ("destination", "root", "location"),
    [
        ("artifacts", None, "mlflow-artifacts:/0"),
        (None, None, "{cwd}/mlruns/0"),
        ("artifacts", "own", "{cwd}/own/0"),
        ("artifacts", "s3://bucket/x", "s3://bucket/x/0"),
        (None, "file:own", "{cwd}/own/0"),
    ],
)
def test_where_new_experiments_keep_artifacts(tmp_path: Path, monkeypatch, destination, root, location):
    monkeypatch.chdir(tmp_path)
    rest = Rest(create_app("sqlite:///mlflow.db", destination, root))
    found = rest.get("experiments/get", experiment_id="0")["experiment"]["artifact_location"]
    assert found == location.format(cwd=tmp_path)


def test_relative_folders_stay_where_they_were_on_start(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = create_app("sqlite:///mlflow.db", "artifacts")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert Rest(app).http.put(f"{PROXY}artifacts/a", data=b"1").status_code == 200
    assert (tmp_path / "artifacts/a").read_bytes() == b"1"


def test_folders_are_opened_when_who_runs_the_server_names_them(tmp_path: Path, monkeypatch):
    folder = tmp_path / "shared"
    (folder / "1").mkdir(parents=True)
    monkeypatch.setenv(ARTIFACT_ROOTS.name, f"/nowhere, {folder}")
    rest = Rest(create_app(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts")))
    experiment_id = rest.post("experiments/create", name="a", artifact_location=f"{folder}/1")[
        "experiment_id"
    ]
    run_id = rest.post("runs/create", experiment_id=experiment_id)["run"]["info"]["run_id"]
    assert rest.http.post(f"/upload-artifact?run_id={run_id}&path=a.txt", data=b"1").status_code == 200
    assert (folder / "1" / run_id / "artifacts/a.txt").read_bytes() == b"1"


def test_a_server_without_artifacts_says_how_to_serve_them(tmp_path: Path):
    rest = Rest(create_app(f"sqlite:///{tmp_path / 'mlflow.db'}", None, str(tmp_path)), PROXY)
    status, _, message = rest.refusal("GET", "artifacts/a")
    assert (status, "--serve-artifacts" in message) == (400, True)


def test_a_database_that_is_none(tmp_path: Path):
    (tmp_path / "mlflow.db").write_bytes(b"this is no database, however long one looks at it" * 10)
    with pytest.raises(Unavailable, match="not an SQLite database"):
        create_app(f"sqlite:///{tmp_path / 'mlflow.db'}", None)


def test_a_server_starts_without_what_it_may_never_need():
    heavy = ("numpy", "alembic", "sqlalchemy.dialects.mysql", "sqlalchemy.dialects.postgresql")
    code = "import sys, pycore.app, pycore.http.launch; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S)
    assert "pycore.app" in done.stdout, done.stderr
    assert not {*heavy} & {*done.stdout.split()}
