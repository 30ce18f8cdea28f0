from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from live_server import live_server

from pycore.cli.backend_store import FILE
from pycore.cli.main import main
from pycore.connect import connect
from pycore.protocols import Api


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    """A platform in the working folder, where a server would put its own by default."""
    monkeypatch.chdir(tmp_path)
    return connect(f"sqlite:///{tmp_path}/mlflow.db")


def gc(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["gc", *arguments])


def deleted_run(api: Api) -> str:
    run_id = api.runs.create("0").info.run_id
    api.runs.delete(run_id)
    return run_id


def test_deleted_runs_are_removed_and_named(api: Api):
    run_id = deleted_run(api)
    dry = gc("--dry-run")
    assert (dry.exit_code, dry.stdout) == (0, f"Run with ID {run_id} would be permanently deleted.\n")
    done = gc()
    assert (done.exit_code, done.stdout) == (0, f"Run with ID {run_id} has been permanently deleted.\n")
    assert gc().stdout == "Nothing is deleted that could be removed.\n"


def test_what_is_kept_is_named_with_the_reason(api: Api):
    run_id = deleted_run(api)
    api.registered_models.create("iris-lm")
    api.model_versions.create("iris-lm", f"runs:/{run_id}/model")
    kept = gc()
    assert (kept.exit_code, kept.stdout) == (0, "")
    assert kept.stderr == (
        f"Run with ID {run_id} is kept: registered versions were made from it (iris-lm 1); --force removes "
        "it all the same.\n"
    )
    named = gc("--run-ids", run_id)
    assert (named.exit_code, "Nothing was removed" in named.stderr) == (1, True)
    forced = gc("--force")
    assert (forced.exit_code, forced.stdout) == (0, f"Run with ID {run_id} has been permanently deleted.\n")


def test_runs_and_experiments_are_named_with_commas(api: Api):
    first, second = deleted_run(api), deleted_run(api)
    experiment = api.experiments.create("iris")
    api.experiments.delete(experiment)
    done = gc("--run-ids", f"{first}, {second},{first}", "--experiment-ids", experiment)
    assert sorted(line.split(" has")[0] for line in done.stdout.splitlines()) == [
        f"Experiment with ID {experiment}",
        *(f"Run with ID {run_id}" for run_id in sorted([first, second])),
    ]


@pytest.mark.parametrize(("age", "removed"), [("1h", 0), ("1d2h3m4s", 0), ("0.5d", 0), ("0s", 1), ("0d", 1)])
def test_the_age(api: Api, age: str, removed: int):
    deleted_run(api)
    assert gc("--older-than", age).stdout.count("permanently deleted") == removed


@pytest.mark.parametrize("age", ["", "5", "d", "-1d", "1h2d", "1w", "1d 2h", "١d"])
def test_an_age_that_is_none_is_a_usage_error(api: Api, age: str):
    result = gc("--older-than", age)
    assert (result.exit_code, "as in 1d2h3m4s" in result.stderr) == (2, True)


def test_a_folder_that_cannot_be_removed_fails_and_says_so(api: Api, tmp_path: Path):
    run_id = deleted_run(api)
    place = tmp_path / "mlruns" / "0" / run_id
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "nowhere")
    result = gc()
    assert result.exit_code == 1
    assert f"Run with ID {run_id} could not be removed" in result.stderr
    assert "Run gc again" in result.stderr
    place.unlink()
    assert gc().stdout == f"Run with ID {run_id} has been permanently deleted.\n"


def test_no_database_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for arguments in ([], ["--backend-store-uri", "sqlite:///elsewhere.db"]):
        result = gc(*arguments)
        assert (result.exit_code, "holds no Crateflow database" in result.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_stands_for_the_database_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store").mkdir()
    run_id = deleted_run(connect(f"sqlite:///{tmp_path}/store/{FILE}"))
    done = gc("--backend-store-uri", "./store")
    assert done.stdout == f"Run with ID {run_id} has been permanently deleted.\n"


def test_artifacts_are_removed_through_their_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with live_server(tmp_path) as uri:
        api = connect(uri)
        run = api.runs.create("0").info
        (tmp_path / "model").write_text("flavors:")
        with (tmp_path / "model").open("rb") as content:
            api.artifacts.open(run.artifact_uri).write("model", content)
        api.runs.delete(run.run_id)
        (database,) = tmp_path.rglob("*.db")
        backend = ["--backend-store-uri", f"sqlite:///{database}"]
        unreachable = gc(*backend)
        assert (unreachable.exit_code, "give its address" in unreachable.stderr) == (0, True)
        assert list(tmp_path.rglob(run.run_id))
        done = gc(*backend, "--tracking-uri", uri)
        assert done.stdout == f"Run with ID {run.run_id} has been permanently deleted.\n"
        assert not list(tmp_path.rglob(run.run_id))
