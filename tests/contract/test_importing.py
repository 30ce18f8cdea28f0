"""What an import writes is the same in every database, which goes on counting from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycore.artifacts.stores import StoresByScheme
from pycore.importing.importer import Importer
from pycore.importing.report import Report
from pycore.importing.run_folders import RunFolders
from pycore.importing.target import Target
from pycore.services import build_api
from pycore.store import Database

RUN_ID, MODEL_ID = "a" * 32, f"m-{'b' * 32}"
FILES = {
    "7/meta.yaml": "{experiment_id: '7', name: iris, artifact_location: /gone, creation_time: 1}",
    f"7/{RUN_ID}/meta.yaml": "{status: 3, start_time: 5, lifecycle_stage: deleted, deleted_time: 6}",
    f"7/{RUN_ID}/metrics/rmse": "1 0.1 0\n2 nan 1\n3 -inf 2\n",
    f"7/{RUN_ID}/inputs/1/meta.yaml": "{source_type: DATASET, source_id: d1, tags: {k: v}}",
    f"7/{RUN_ID}/outputs/{MODEL_ID}/meta.yaml": f"{{destination_id: {MODEL_ID}, step: 4}}",
    "7/datasets/d1/meta.yaml": "{name: rows, digest: 1f2e}",
    f"7/models/{MODEL_ID}/meta.yaml": f"{{name: tree, status: 2, source_run_id: {RUN_ID}}}",
    f"7/models/{MODEL_ID}/metrics/acc": f"1 0.30000000000000004 0 {RUN_ID} two words 1f2e\n",
    "models/wine/meta.yaml": "{name: wine, creation_timestamp: 1}",
    "models/wine/aliases/champ": "2",
    "models/wine/version-2/meta.yaml": "{version: 2, current_stage: Production, source: 's3://b/m'}",
    "models/wine/version-3/meta.yaml": "{version: 3, current_stage: Deleted_Internal}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        file = tmp_path / "mlruns" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return tmp_path / "mlruns"


def test_an_import_is_kept_and_counted_on_from(database: Database, folder: Path) -> None:
    api = build_api(database, StoresByScheme(), str(folder))

    def import_all() -> Report:
        report = Report()
        Importer(RunFolders(folder, report), Target(database), report, None, "unused").run()
        return report

    first, second = import_all(), import_all()

    assert (first.added["runs"], first.added["metric points"], sum(second.added.values())) == (1, 3, 0)
    run = api.runs.get(RUN_ID)
    assert (run.info.lifecycle_stage, run.info.experiment_id) == ("deleted", "7")
    assert [str(point.value) for point in api.metrics.get_history(RUN_ID, "rmse")] == ["0.1", "nan", "-inf"]
    assert str(run.data.metrics["rmse"]) == "-inf"
    assert [given.dataset.name for given in run.inputs.dataset_inputs] == ["rows"]
    assert [(made.model_id, made.step) for made in run.outputs.model_outputs] == [(MODEL_ID, 4)]
    (point,) = api.logged_models.get(MODEL_ID).metrics
    assert (point.value, point.dataset_name, point.run_id) == (0.1 + 0.2, "two words", RUN_ID)
    version = api.model_versions.get_by_alias("wine", "champ")
    assert (version.version, version.current_stage) == (2, "Production")
    assert api.model_versions.create("wine", "s3://b/n").version == 4
    assert api.experiments.create("next") == "8"
