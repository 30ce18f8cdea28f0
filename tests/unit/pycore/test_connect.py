import os
import threading
from pathlib import Path

import pytest

from pycore.client.experiments import Experiments
from pycore.connect import connect
from pycore.errors import InvalidInput, Unavailable
from pycore.protocols import Api


def test_a_database_is_opened_and_its_artifacts_lie_beside_it(tmp_path: Path) -> None:
    api = connect(f"sqlite:///{tmp_path}/mlflow.db")

    run = api.runs.create("0")
    assert run.info.artifact_uri == f"{tmp_path}/mlruns/0/{run.info.run_id}/artifacts"


def test_the_same_uri_is_the_same_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = connect("sqlite:///mlflow.db")

    assert connect("sqlite:///mlflow.db") is first
    assert connect(f"sqlite:///{tmp_path}/mlflow.db") is first
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert connect("sqlite:///mlflow.db") is not first


def test_a_server_is_asked_nothing_yet() -> None:
    api = connect("http://127.0.0.1:9/prefix")

    assert isinstance(api.experiments, Experiments)
    assert connect("http://127.0.0.1:9/prefix/") is api


@pytest.mark.parametrize(
    "uri", ["mlruns", "./mlruns", "/data/mlruns", "file:///data", "", "databricks", "ftp://x"]
)
def test_anything_else_is_refused_with_what_is_possible(uri: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        connect(uri)
    assert repr(uri) in caught.value.message
    assert "sqlite:///mlflow.db" in caught.value.message


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(uri: str) -> None:
    with pytest.raises(InvalidInput, match="in memory is lost with its process"):
        connect(uri)


def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/folder/mlflow.db"
    with pytest.raises(Unavailable, match="Cannot open"):
        connect(uri)

    (tmp_path / "folder").mkdir()
    assert connect(uri).experiments.get("0").name == "Default"


def test_threads_share_one(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    found: list[Api] = []
    threads = [threading.Thread(target=lambda: found.append(connect(uri))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(api) for api in found}) == 1


def test_a_forked_process_writes_too(tmp_path: Path) -> None:
    api = connect(f"sqlite:///{tmp_path}/mlflow.db")
    api.experiments.create("of the parent")

    child = os.fork()
    if child == 0:
        status = 1
        try:
            connect(f"sqlite:///{tmp_path}/mlflow.db").experiments.create("of the child")
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0

    assert api.experiments.get_by_name("of the child").experiment_id == "2"
