"""What official MLflow kept, in a database or in files, is the same after an import."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from content_view import view
from database_servers import mariadb
from official_clients import official_python, run_official
from processes import tracking_server

from pycore.importing.build import ImportOptions, import_from_mlflow
from pycore.tracking import MlflowClient, model_uris

# Each source is made once, which takes seconds.
pytestmark = pytest.mark.xdist_group("import_mlflow")

CONTENT = Path(__file__).parents[1] / "official_content.py"
#: What the clients need beyond their own requirements to keep runs in a database.
WITH_DATABASE = ("alembic", "pandas", "pymysql", "sqlalchemy<2.1", "sqlparse")


@dataclass
class Official:
    """A store that an official client filled, and how that client sees it."""

    uri: str
    folder: Path
    first: str
    second: str
    view: dict[str, Any]


SOURCES = [("2.22.5", "sqlite"), ("2.22.5", "folder"), ("3.17.2", "sqlite"), ("3.17.2", "folder")]
SOURCES += [("3.17.2", "mariadb")]  # whose numbers come in a form of their own


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[str]:
    """Give the URI of an empty place for official MLflow to keep runs in."""
    if kind == "mariadb":
        with mariadb() as server, server.new_database() as uri:
            yield uri
        return
    yield f"sqlite:///{folder}/mlflow.db" if kind == "sqlite" else str(folder / "mlruns")


@pytest.fixture(scope="module", params=SOURCES, ids="-".join)
def official(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Official]:
    version, kind = request.param
    folder = tmp_path_factory.mktemp("official")
    artifacts = "" if kind == "folder" else str(folder / "artifacts")
    python = official_python(version, WITH_DATABASE)
    with store_of(kind, folder) as uri:
        printed = run_official(python, CONTENT, uri, artifacts, MLFLOW_ALLOW_FILE_STORE="true")
        yield Official(uri, folder, **json.loads(printed.splitlines()[-1]))


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

    assert client.get_run(official.second).info.artifact_uri.startswith(str(tmp_path))
    for uri, file in ((f"runs:/{official.second}/notes", "hello.txt"), ("models:/wine@champ", "MLmodel")):
        assert (model_uris.fetch(uri, tmp_path / "down", client) / file).is_file()


@pytest.mark.parametrize("official", [("3.17.2", "sqlite")], ids="-".join, indirect=True)
def test_an_imported_model_is_loaded_through_a_server(official: Official, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/tracking.db"
    import_from_mlflow(official.uri, uri, ImportOptions(artifacts_destination=str(tmp_path / "artifacts")))
    script = tmp_path / "score.py"
    script.write_text(
        "import mlflow, pandas as pd\n"
        "rows = pd.DataFrame({'x': [1.0, 2.5]})\n"
        "print(list(mlflow.pyfunc.load_model('models:/wine/Production').predict(rows)))"
    )
    python = official_python("3.17.2", WITH_DATABASE)
    with tracking_server(tmp_path) as server:
        printed = run_official(python, script, MLFLOW_TRACKING_URI=server.url)
    assert printed.splitlines()[-1] == "[2.0, 5.0]"
