"""What official MLflow kept, in a database or in files, is the same after an import."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from content_view import view
from official_clients import official_python, run_official

from pycore.importing.build import ImportOptions, import_from_mlflow
from pycore.tracking import MlflowClient, model_uris

# Each source is made once, which takes seconds.
pytestmark = pytest.mark.xdist_group("import_mlflow")

CONTENT = Path(__file__).parents[1] / "official_content.py"
#: What the clients need beyond their own requirements to keep runs in a database.
WITH_DATABASE = ("alembic", "pandas", "sqlalchemy<2.1", "sqlparse")


@dataclass
class Official:
    """A store that an official client filled, and how that client sees it."""

    uri: str
    folder: Path
    first: str
    second: str
    view: dict[str, Any]


@pytest.fixture(
    scope="module",
    params=[(version, kind) for version in ("2.22.5", "3.17.2") for kind in ("database", "folder")],
    ids="-".join,
)
def official(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Official:
    version, kind = request.param
    folder = tmp_path_factory.mktemp("official")
    uri, artifacts = f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts")
    if kind == "folder":
        uri, artifacts = str(folder / "mlruns"), ""
    python = official_python(version, WITH_DATABASE)
    printed = run_official(python, CONTENT, uri, artifacts, MLFLOW_ALLOW_FILE_STORE="true")
    return Official(uri, folder, **json.loads(printed.splitlines()[-1]))


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/crateflow.db"


@pytest.fixture
def options(tmp_path: Path) -> ImportOptions:
    return ImportOptions(artifact_root=str(tmp_path / "artifacts"))


def digests(folder: Path) -> dict[Path, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_nothing_is_lost_nor_changed_nor_added_twice(
    official: Official, target: str, options: ImportOptions, tmp_path: Path
) -> None:
    before = digests(official.folder)
    first = import_from_mlflow(official.uri, target, options)
    second = import_from_mlflow(official.uri, target, options)

    client = MlflowClient(target)
    assert view(client) == official.view
    assert (first.added["runs"], first.added["files"]) == (4, 6)
    assert sum(second.added.values()) == 0
    assert second.present["runs"] == 4
    assert client.create_model_version("wine", f"runs:/{official.first}/twice").version == 4
    assert digests(official.folder) == before

    shutil.rmtree(official.folder / "artifacts", ignore_errors=True)
    for uri, file in ((f"runs:/{official.second}/notes", "hello.txt"), ("models:/wine@champ", "MLmodel")):
        assert (model_uris.fetch(uri, tmp_path / "down", client) / file).is_file()
