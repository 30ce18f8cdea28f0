import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import pycore as mlflow
from pycore.entities import RunData
from pycore.errors import InvalidInput, NotFound

pytestmark = pytest.mark.usefixtures("uri")


def data() -> RunData:
    run = mlflow.last_active_run()
    assert run is not None
    return run.data


def artifact(path: str) -> Path:
    run = mlflow.last_active_run()
    assert run is not None
    return Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path))


def test_logging_opens_a_run() -> None:
    assert mlflow.log_param("alpha", 0.01) == 0.01

    run = mlflow.active_run()
    assert run is not None
    assert mlflow.get_run(run.info.run_id).data.params == {"alpha": "0.01"}


def test_params_are_text_and_the_value_comes_back_as_given() -> None:
    assert mlflow.log_param("none", None) is None
    mlflow.log_params({"train-data-path": "data/a b", "n": np.int64(3)})

    assert data().params == {"none": "None", "train-data-path": "data/a b", "n": "3"}


def test_a_param_is_written_once() -> None:
    mlflow.log_param("a", 1)
    mlflow.log_param("a", 1)
    with pytest.raises(InvalidInput, match="Changing param values is not allowed"):
        mlflow.log_param("a", 2)
    with pytest.raises(InvalidInput, match="Changing param values is not allowed"):
        mlflow.log_params({"b": 1, "a": 2})

    assert data().params == {"a": "1"}


def test_more_than_a_request_holds() -> None:
    mlflow.log_params({f"p{number}": number for number in range(250)})
    mlflow.log_metrics({f"m{number}": number for number in range(1500)})
    mlflow.set_tags({f"t{number}": number for number in range(150)})

    assert len(data().params) == 250
    assert len(data().metrics) == 1500
    assert sum(key.startswith("t") for key in data().tags) == 150


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.7976931348623157e308, 5e-324])
def test_every_double_comes_back(value: float) -> None:
    mlflow.log_metric("one", value)
    mlflow.log_metrics({"many": value})

    for found in data().metrics.values():
        assert np.float64(found).tobytes() == np.float64(value).tobytes()


def test_the_latest_point_is_that_of_the_largest_step() -> None:
    mlflow.log_metric("m", 5.0, step=10)
    mlflow.log_metric("m", 1.0, step=-2, timestamp=7)
    run = mlflow.active_run()
    assert run is not None

    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "m")
    assert data().metrics == {"m": 5.0}
    assert [(point.step, point.value) for point in history] == [(-2, 1.0), (10, 5.0)]
    assert mlflow.MlflowClient().get_metric_history(run.info.run_id, "other") == []


@pytest.mark.parametrize("value", ["abc", None, [1, 2]])
def test_what_is_no_number_is_refused_and_nothing_is_stored(value: Any) -> None:
    with pytest.raises(InvalidInput, match="The value of metric 'm' must be one number"):
        mlflow.log_metrics({"good": 1, "m": value})

    assert data().metrics == {}


@pytest.mark.parametrize("key", ["a#b", "../a", "/a", "x" * 251])
def test_keys_that_are_not_legal(key: str) -> None:
    for log in (mlflow.log_param, mlflow.log_metric, mlflow.set_tag):
        with pytest.raises(InvalidInput):
            log(key, 1)


def test_tags_are_set_replaced_and_removed() -> None:
    mlflow.set_tag("developer", "Ada")
    mlflow.set_tags({"developer": "Grace", "n": 1})
    assert (data().tags["developer"], data().tags["n"]) == ("Grace", "1")

    mlflow.delete_tag("developer")
    assert "developer" not in data().tags
    with pytest.raises(NotFound, match="developer"):
        mlflow.delete_tag("developer")


def test_another_run_can_be_named() -> None:
    with mlflow.start_run() as first:
        pass
    mlflow.log_metric("m", 1, run_id=first.info.run_id)
    mlflow.log_params({"p": 1}, run_id=first.info.run_id)
    mlflow.log_text("x", "a.txt", run_id=first.info.run_id)

    assert mlflow.active_run() is None
    found = mlflow.get_run(first.info.run_id)
    assert (found.data.metrics, found.data.params) == ({"m": 1.0}, {"p": "1"})


def test_a_deleted_or_unknown_run_takes_nothing() -> None:
    with mlflow.start_run() as run:
        pass
    mlflow.delete_run(run.info.run_id)

    with pytest.raises(InvalidInput, match="must be in the 'active' state"):
        mlflow.log_metric("m", 1, run_id=run.info.run_id)
    with pytest.raises(NotFound, match="Run with id=abc not found"):
        mlflow.log_metric("m", 1, run_id="abc")


def test_files_and_folders_are_copied(tmp_path: Path) -> None:
    folder = tmp_path / "plots"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "ü b.bin").write_bytes(b"\0\1")
    (tmp_path / "vectorizer.pkl").write_bytes(b"")

    mlflow.log_artifact("vectorizer.pkl", artifact_path="extra_artifacts")
    mlflow.log_artifact(folder)
    mlflow.log_artifacts(folder, "contents")

    assert artifact("extra_artifacts/vectorizer.pkl").read_bytes() == b""
    assert artifact("plots/deep/ü b.bin").read_bytes() == b"\0\1"
    assert artifact("contents/deep/ü b.bin").read_bytes() == b"\0\1"


def test_files_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError, match="There is no file or folder 'nothing' to log"):
        mlflow.log_artifact("nothing")
    with pytest.raises(FileNotFoundError):
        mlflow.log_artifacts("nothing")
    with pytest.raises(InvalidInput, match="There is no folder"):
        mlflow.log_artifacts("file")


@pytest.mark.parametrize("path", ["../out.txt", "a/../../out.txt", "/out.txt"])
def test_a_path_that_leaves_the_run(path: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Invalid path"):
        mlflow.log_text("x", path)
    assert not list(tmp_path.rglob("out.txt"))


def test_texts_and_dictionaries() -> None:
    mlflow.log_text("ümlaut\n", "notes/a.txt")
    mlflow.log_dict({"b": [1, np.float64(0.5), np.array([1, 2])], "a": "ü"}, "a.json")
    mlflow.log_dict({"b": [1], "a": "ü"}, "a.yml")

    assert artifact("notes/a.txt").read_bytes() == "ümlaut\n".encode()
    assert json.loads(artifact("a.json").read_text()) == {"b": [1, 0.5, [1, 2]], "a": "ü"}
    assert yaml.safe_load(artifact("a.yml").read_text()) == {"b": [1], "a": "ü"}


class MatplotlibLike:
    """What log_figure needs of a matplotlib figure."""

    def savefig(self, file: Any, *, format: str | None, dpi: int = 100) -> None:
        file.write(f"{format} at {dpi}".encode())


class PlotlyLike:
    """What log_figure needs of a plotly figure."""

    def to_html(self, include_plotlyjs: str = "all") -> str:
        return f"<html>{include_plotlyjs}</html>"

    def to_image(self, format: str | None) -> bytes:
        return f"{format}".encode()


def test_figures_are_written_in_the_format_of_the_name() -> None:
    mlflow.log_figure(MatplotlibLike(), "a.PNG", save_kwargs={"dpi": 300})
    mlflow.log_figure(PlotlyLike(), "a.html", save_kwargs={"include_plotlyjs": "cdn"})
    mlflow.log_figure(PlotlyLike(), "a.svg")

    assert artifact("a.PNG").read_text() == "png at 300"
    assert artifact("a.html").read_text() == "<html>cdn</html>"
    assert artifact("a.svg").read_text() == "svg"
    with pytest.raises(InvalidInput, match="takes a figure of matplotlib or plotly, not str"):
        mlflow.log_figure("x", "a.png")


def test_the_artifact_uri_is_that_of_the_run() -> None:
    with mlflow.start_run() as run:
        assert mlflow.get_artifact_uri() == run.info.artifact_uri
        assert mlflow.get_artifact_uri("model/MLmodel") == f"{run.info.artifact_uri}/model/MLmodel"
