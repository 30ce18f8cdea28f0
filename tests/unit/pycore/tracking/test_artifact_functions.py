import io
from pathlib import Path

import pytest

import pycore as mlflow
from pycore.errors import InvalidInput, NotFound


@pytest.fixture
def run_id(uri: str) -> str:
    with mlflow.start_run() as run:
        mlflow.log_text("ü", "a/b/c.txt")
        mlflow.log_text("", "a/empty.txt")
        mlflow.log_dict({"x": [1]}, "d.json")
        mlflow.log_dict({"x": [1]}, "d.yml")
    return run.info.run_id


def test_files_are_listed_level_by_level(run_id: str) -> None:
    root = mlflow.artifacts.list_artifacts(run_id=run_id)
    below = mlflow.artifacts.list_artifacts(run_id=run_id, artifact_path="a")

    assert [(info.path, info.is_dir) for info in root] == [("a", True), ("d.json", False), ("d.yml", False)]
    assert [(info.path, info.is_dir) for info in below] == [("a/b", True), ("a/empty.txt", False)]
    assert [info.file_size for info in below] == [None, 0]
    assert mlflow.artifacts.list_artifacts(f"runs:/{run_id}/a") == below
    assert mlflow.artifacts.list_artifacts(run_id=run_id, artifact_path="d.json") == []
    assert mlflow.artifacts.list_artifacts(run_id=run_id, artifact_path="nothing") == []
    assert mlflow.MlflowClient().list_artifacts(run_id, "a") == below


def test_a_download_keeps_the_path_of_the_run(run_id: str, tmp_path: Path) -> None:
    found = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="a/b", dst_path=tmp_path / "to")

    assert found == str(tmp_path / "to" / "a" / "b")
    assert Path(found, "c.txt").read_text() == "ü"


def test_all_of_a_run_is_downloaded(run_id: str, tmp_path: Path) -> None:
    found = Path(mlflow.artifacts.download_artifacts(run_id=run_id, dst_path=tmp_path / "to"))

    files = sorted(path.relative_to(found).as_posix() for path in found.rglob("*") if path.is_file())
    assert files == ["a/b/c.txt", "a/empty.txt", "d.json", "d.yml"]


def test_a_download_by_uri_keeps_the_last_part(run_id: str, tmp_path: Path) -> None:
    found = mlflow.artifacts.download_artifacts(f"runs:/{run_id}/a/b/c.txt", dst_path=tmp_path / "to")

    assert found == str(tmp_path / "to" / "c.txt")


def test_contents_are_read(run_id: str) -> None:
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/a/b/c.txt") == "ü"
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/d.json") == {"x": [1]}
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/d.yml") == {"x": [1]}
    with pytest.raises(InvalidInput, match="holds neither JSON nor YAML"):
        mlflow.artifacts.load_dict(f"runs:/{run_id}/a/b/c.txt")


def test_another_tracking_uri(run_id: str, uri: str) -> None:
    mlflow.set_tracking_uri("http://127.0.0.1:9")

    found = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="d.yml", tracking_uri=uri)
    assert Path(found).read_text() == "x:\n- 1\n"


@pytest.mark.parametrize(
    "arguments",
    [{}, {"artifact_uri": "a", "run_id": "b"}, {"artifact_uri": "a", "artifact_path": "b"}],
)
def test_not_exactly_one_place(arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="Give either artifact_uri, or run_id"):
        mlflow.artifacts.download_artifacts(**arguments)
    with pytest.raises(InvalidInput, match="Give either artifact_uri, or run_id"):
        mlflow.artifacts.list_artifacts(**arguments)


def test_what_is_not_there(run_id: str) -> None:
    with pytest.raises(NotFound, match="Run with id=abc not found"):
        mlflow.artifacts.download_artifacts(run_id="abc")
    with pytest.raises(NotFound, match="No such artifact: 'nothing'"):
        mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="nothing")
    with pytest.raises(InvalidInput, match="Invalid path"):
        mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="../../secret")


@pytest.mark.usefixtures("uri")
def test_artifacts_are_reached_under_mlflows_older_names(tmp_path: Path) -> None:
    from pycore.tracking.artifact_utils import _download_artifact_from_uri, get_artifact_uri

    with mlflow.start_run() as run:
        mlflow.log_text("a", "notes/a.txt")
    uri = get_artifact_uri(run.info.run_id, "notes/a.txt")
    assert uri == f"{get_artifact_uri(run.info.run_id)}/notes/a.txt"
    (tmp_path / "here").mkdir()
    found = _download_artifact_from_uri(f"runs:/{run.info.run_id}/notes/a.txt", tmp_path / "here")
    assert Path(found).read_text() == "a"
    assert Path(found).is_relative_to(tmp_path / "here")


def test_what_is_no_text_is_refused(run_id: str) -> None:
    with mlflow.start_run(run_id):
        mlflow.log_stream(io.BytesIO(b"\xff\xfe"), "raw.bin")
    with pytest.raises(InvalidInput, match=r"'runs:/.*/a' is a folder; list_artifacts tells its files"):
        mlflow.artifacts.load_text(f"runs:/{run_id}/a")
    with pytest.raises(InvalidInput, match=r"raw\.bin' is no text in UTF-8"):
        mlflow.artifacts.load_text(f"runs:/{run_id}/raw.bin")
