"""Artifacts of the user's own, and evaluations that are kept in a folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from pycore.models.evaluation import EvaluationResult, list_evaluators

import pycore as mlflow
from pycore.errors import InvalidInput
from pycore.evaluation import measuring
from pycore.tracking import MlflowClient

ROWS = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 7.0]})


@pytest.fixture(autouse=True)
def tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")


def double(rows: pd.DataFrame) -> Any:
    return rows["x"] * 2


def evaluated(**arguments: Any) -> EvaluationResult:
    found: EvaluationResult = mlflow.evaluate(double, ROWS, targets="y", model_type="regressor", **arguments)
    return found


def of_every_kind(eval_df: pd.DataFrame, builtin_metrics: dict[str, float], artifacts_dir: str) -> Any:
    assert eval_df.to_dict("list") == {"prediction": [2.0, 4.0, 6.0], "target": [2.0, 4.0, 7.0]}
    assert builtin_metrics["max_error"] == 1.0
    note = Path(artifacts_dir, "anything.txt")
    note.write_text("good")
    drawing = Path(artifacts_dir, "drawing.bin")
    drawing.write_bytes(b"\0\1")
    return {
        "picture": Figure(),
        "table": eval_df,
        "array": np.ones(3),
        "facts": {"worst": [3]},
        "note": str(note),
        "drawing": drawing,
        "said": '{"x": 1}',
        "object": {1, 2},
    }


FILES = [
    "array.npy",
    "drawing.bin",
    "facts.json",
    "note.txt",
    "object.pickle",
    "picture.png",
    "said.json",
    "table.csv",
]


def test_functions_make_artifacts_of_every_kind(tmp_path: Path) -> None:
    result = evaluated(custom_artifacts=[of_every_kind, lambda *_: None])

    listed = [info.path for info in MlflowClient().list_artifacts(str(result.run_id))]
    assert set(listed) > set(FILES)
    assert mlflow.artifacts.load_text(result.artifacts["note"].uri) == "good"
    assert mlflow.artifacts.load_dict(result.artifacts["said"].uri) == {"x": 1}
    assert list(result.tables) == ["table"]

    result.save(tmp_path / "kept")
    loaded = EvaluationResult.load(tmp_path / "kept")
    assert loaded.metrics == result.metrics
    assert set(loaded.artifacts) == set(result.artifacts)
    assert loaded.artifacts["facts"].uri == result.artifacts["facts"].uri
    contents = {name: artifact.content for name, artifact in loaded.artifacts.items()}
    assert contents["facts"] == {"worst": [3]}
    assert contents["object"] == {1, 2}
    assert (contents["note"], contents["drawing"], contents["said"]) == ("good", b"\0\1", {"x": 1})
    assert contents["array"].tolist() == [1.0, 1.0, 1.0]
    assert contents["picture"].size > (100, 100)
    pd.testing.assert_frame_equal(contents["table"], result.tables["table"])


def test_an_evaluation_that_mlflow_kept_is_read(tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "js.json").write_text("[1]")
    (tmp_path / "metrics.json").write_text('{"r2_score": 0.5}')
    kind = "mlflow.models.evaluation.artifacts.JsonEvaluationArtifact"
    described = {"js": {"uri": "/tmp/mlruns/0/abc/artifacts/js.json", "class_name": kind}}
    (tmp_path / "artifacts_metadata.json").write_text(json.dumps(described))
    loaded = EvaluationResult.load(tmp_path)
    assert loaded.metrics == {"r2_score": 0.5}
    assert loaded.artifacts["js"].content == [1]
    with pytest.raises(InvalidInput, match="holds no evaluation that was saved"):
        EvaluationResult.load(tmp_path / "artifacts")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (5, "must return a dict of artifacts by name, not a int"),
        ({"a": "plain words"}, "neither the path of a file nor JSON"),
        ({"a/b": 1}, "names an artifact 'a/b'; give a plain word"),
        ({"a": (each for each in "ab")}, "is a generator, which cannot be kept in a file"),
    ],
)
def test_artifacts_that_cannot_be_kept_are_refused_before_a_run_is_opened(made: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        evaluated(custom_artifacts=[lambda *_: made])
    assert mlflow.search_runs(output_format="list") == []


def test_settings_may_be_given_by_evaluator() -> None:
    assert list_evaluators() == ["default", "classifier", "regressor", "shap"]
    both = evaluated(evaluators=["default"], evaluator_config={"default": {"metric_prefix": "p_"}})
    assert both.metrics["p_max_error"] == 1.0
    with pytest.raises(InvalidInput, match="are of default, classifier, regressor, shap, not mine"):
        evaluated(evaluators="mine")


def test_metrics_belong_to_the_logged_model_and_data_have_a_source() -> None:
    model = mlflow.create_external_model(name="doubler")
    result = evaluated(model_id=model.model_id, dataset_path="s3://bucket/rows.csv")
    points = mlflow.get_logged_model(model.model_id).metrics
    assert {point.key for point in points} == set(result.metrics)
    (read,) = mlflow.get_run(str(result.run_id)).inputs.dataset_inputs
    assert "s3://bucket/rows.csv" in read.dataset.source


def test_whoever_asks_for_explanations_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"evaluator_config": {"log_model_explainability": True}}
    with pytest.raises(InvalidInput, match="the columns of an array have no names"):
        mlflow.evaluate(
            lambda rows: rows[:, 0], np.ones((2, 2)), targets=[1, 1], model_type="regressor", **asked
        )
    monkeypatch.setattr(measuring, "find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match=r"cannot be explained: SHAP is not installed; pip install"):
        evaluated(**asked)
    assert "shap_feature_importance_plot" not in evaluated().artifacts


def test_targets_of_a_regressor_are_numbers_whatever_the_model_says() -> None:
    def never(rows: pd.DataFrame) -> Any:
        raise AssertionError("the model is not asked")

    with pytest.raises(InvalidInput, match="The targets of a regressor must be numbers, not"):
        mlflow.evaluate(never, ROWS, targets=["a", "b", "c"], model_type="regressor")
