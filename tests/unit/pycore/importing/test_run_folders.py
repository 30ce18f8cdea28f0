"""What files of other ages and places look like; those of today's MLflow are tested with MLflow itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from pycore.cli.main import main
from pycore.errors import InvalidInput
from pycore.importing.report import Report
from pycore.importing.run_folders import RunFolders
from pycore.tracking import MlflowClient

RUN_ID = "a" * 32


def write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder as MLflow 1 left it: fewer fields, names among the tags, no creation times."""
    root = tmp_path / "mlruns"
    write(
        root / "1/meta.yaml",
        f"{{experiment_id: '1', name: iris, artifact_location: 'file://{tmp_path}/mlruns/1'}}",
    )
    run = root / "1" / RUN_ID
    write(
        run / "meta.yaml",
        f"{{run_uuid: {RUN_ID}, status: 3, start_time: 5, end_time: 9, user_id: ada, name: '',"
        f" artifact_uri: 'file://{tmp_path}/mlruns/1/{RUN_ID}/artifacts'}}",
    )
    write(run / "tags/mlflow.runName", "old")
    write(run / "metrics/rmse", "10 0.5\n11 0.25 1\n")
    write(run / "artifacts/model/MLmodel", "flavors: {}")
    write(
        root / "models/iris/version-1/meta.yaml",
        f"{{version: 1, current_stage: Staging, source: 'file://{tmp_path}/mlruns/1/{RUN_ID}/artifacts/model'}}",
    )
    write(root / "models/iris/meta.yaml", "{name: iris, creation_timestamp: 1}")
    return root


def test_old_files_are_read(root: Path) -> None:
    source = RunFolders(root, Report())
    (experiment,) = source.experiments()
    assert (experiment.experiment_id, experiment.name, experiment.lifecycle_stage) == ("1", "iris", "active")
    (found,) = source.runs("1")
    info = found.run.info
    assert (info.run_id, info.run_name, info.status, info.user_id) == (RUN_ID, "old", "FINISHED", "ada")
    points = [(point.key, point.value, point.timestamp, point.step) for point in found.read_metrics()]
    assert points == [("rmse", 0.5, 10, 0), ("rmse", 0.25, 11, 1)]
    assert source.count() == 2


def test_folders_that_were_moved_are_read_where_they_are(root: Path, tmp_path: Path) -> None:
    moved = shutil.move(root, tmp_path / "elsewhere")
    source = RunFolders(Path(moved), Report())
    (experiment,) = source.experiments()
    (found,) = source.runs("1")
    (model,) = source.registered_models()
    assert experiment.artifact_location == f"{moved}/1"
    assert found.run.info.artifact_uri == f"{moved}/1/{RUN_ID}/artifacts"
    assert model.versions[0].version.source == f"{moved}/1/{RUN_ID}/artifacts/model"


def test_what_cannot_be_read_is_left_out_and_told(root: Path) -> None:
    write(root / "1" / RUN_ID / "metrics/loss", "1 0.5 0\nbroken\n2 x 3\n")
    write(root / "1" / ("b" * 32) / "meta.yaml", "[")
    write(root / "2/meta.yaml", "just a text")
    report = Report()
    source = RunFolders(root, report)
    assert [experiment.experiment_id for experiment in source.experiments()] == ["1"]
    (found,) = source.runs("1")
    assert [point.key for point in found.read_metrics()] == ["loss", "rmse", "rmse"]
    lines = "\n".join(report.remark_lines())
    assert f"{root}/1/{'b' * 32}/meta.yaml: not taken, the file cannot be read" in lines.replace(
        f"{root}/2/meta.yaml, ", ""
    )
    assert "metrics/loss" in lines


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"is no folder of run files: expected folders of experiments"):
        RunFolders(tmp_path, Report())


@pytest.mark.parametrize("source", ["", "mlruns"])
def test_a_folder_of_runs_becomes_a_database(root: Path, tmp_path: Path, source: str) -> None:
    arguments = ["--source", str(tmp_path / source), "--target", f"sqlite:///{tmp_path / 'new.db'}"]
    done = CliRunner().invoke(main, ["migrate-filestore", *arguments, "--no-progress"])
    assert done.exit_code == 0, done.output
    assert ["runs", "1", "0"] in [line.split() for line in done.output.splitlines()]
    run = MlflowClient(arguments[-1]).get_run(RUN_ID)
    assert run.info.artifact_uri == f"file://{tmp_path}/mlruns/1/{RUN_ID}/artifacts"
