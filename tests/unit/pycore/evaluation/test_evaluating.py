from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as measures
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

import pycore as mlflow
from pycore.errors import InvalidInput

IRIS = load_iris(as_frame=True)
FLOWERS = IRIS.data.assign(label=IRIS.target)
TWO = IRIS.data.assign(label=(IRIS.target == 2).astype(int))
DIABETES = load_diabetes(as_frame=True).frame
X = DIABETES.drop(columns="target")


@pytest.fixture(autouse=True)
def tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")


def logged(result: Any) -> Any:
    return mlflow.get_run(result.run_id)


def test_a_regressor(tmp_path: Path) -> None:
    model = LinearRegression().fit(X, DIABETES["target"])
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, "model")
        result = mlflow.evaluate(info.model_uri, DIABETES, targets="target", model_type="regressor")

    assert result.run_id == run.info.run_id
    # As MLflow 3.17 computes them.
    expected = {
        "score": 0.5177484222203499,
        "example_count": 442,
        "mean_absolute_error": 43.27745202531507,
        "mean_squared_error": 2859.69634758675,
        "root_mean_squared_error": 53.47612876402657,
        "sum_on_target": 67243.0,
        "mean_on_target": 152.13348416289594,
        "r2_score": 0.5177484222203499,
        "max_error": 155.82676612155157,
        "mean_absolute_percentage_error": 0.38786179217948247,
    }
    assert result.metrics == pytest.approx(expected)
    assert logged(result).data.metrics == result.metrics
    assert set(result.artifacts) == {"predicted_vs_true_plot", "residuals_plot"}
    picture = mlflow.artifacts.load_image(result.artifacts["residuals_plot"].uri)
    assert min(picture.size) > 100
    (dataset,) = logged(result).inputs.dataset_inputs
    assert '"name": "target"' in dataset.dataset.schema


def test_two_classes() -> None:
    model = LogisticRegression(max_iter=500).fit(IRIS.data, TWO["label"])
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(model, "model")
        result = mlflow.evaluate(info.model_uri, TWO, targets="label", model_type="classifier")

    said, chance = model.predict(IRIS.data), model.predict_proba(IRIS.data)[:, 1]
    truth = TWO["label"]
    assert result.metrics == pytest.approx(
        {
            "score": measures.accuracy_score(truth, said),
            "true_negatives": 97,
            "false_positives": 3,
            "false_negatives": 1,
            "true_positives": 49,
            "example_count": 150,
            "accuracy_score": measures.accuracy_score(truth, said),
            "recall_score": 0.98,
            "precision_score": measures.precision_score(truth, said),
            "f1_score": measures.f1_score(truth, said),
            "log_loss": measures.log_loss(truth, chance),
            "roc_auc": measures.roc_auc_score(truth, chance),
            "precision_recall_auc": measures.average_precision_score(truth, chance),
        }
    )
    assert set(result.artifacts) == {
        "confusion_matrix",
        "roc_curve_plot",
        "precision_recall_curve_plot",
        "calibration_curve_plot",
        "lift_curve_plot",
    }
    files = [file.path for file in mlflow.artifacts.list_artifacts(run_id=result.run_id)]
    assert "confusion_matrix.png" in files


def test_three_classes_of_a_function_and_of_predictions_made_before() -> None:
    model = LogisticRegression(max_iter=500).fit(IRIS.data, IRIS.target)
    asked = mlflow.evaluate(
        lambda rows: model.predict(rows), FLOWERS, targets="label", model_type="classifier"
    )
    table = FLOWERS.assign(said=model.predict(IRIS.data))
    made_before = mlflow.evaluate(
        data=mlflow.data.from_pandas(table, targets="label", predictions="said", name="flowers"),
        model_type="classifier",
    )

    assert asked.metrics == made_before.metrics
    assert made_before.metrics == pytest.approx(
        {
            "example_count": 150,
            "accuracy_score": 0.9733333333333334,
            "recall_score": 0.9733333333333334,
            "precision_score": 0.9738247863247864,
            "f1_score": 0.9733226623982927,
        }
    )
    assert asked.run_id != made_before.run_id
    assert logged(asked).info.status == "FINISHED"
    (noted,) = logged(made_before).inputs.dataset_inputs
    assert noted.dataset.name == "flowers"
    rows = pd.read_csv(
        mlflow.artifacts.download_artifacts(run_id=asked.run_id, artifact_path="per_class_metrics.csv")
    )
    assert rows["positive_class"].tolist() == [0, 1, 2]
    assert rows["true_positives"].tolist() == [50, 47, 49]


def test_three_classes_with_chances() -> None:
    model = LogisticRegression(max_iter=500).fit(IRIS.data, IRIS.target)
    chances = pd.DataFrame(model.predict_proba(IRIS.data), columns=["0", "1", "2"])
    result = mlflow.evaluate(lambda rows: chances, FLOWERS, targets="label", model_type="classifier")

    assert result.metrics["roc_auc"] == pytest.approx(0.9984)
    assert result.metrics["log_loss"] == pytest.approx(0.11954966540353854, rel=1e-3)
    assert result.metrics["accuracy_score"] == pytest.approx(0.9733333333333334)
    assert {"roc_curve_plot", "calibration_curve_plot", "per_class_metrics"} <= set(result.artifacts)
    assert "lift_curve_plot" not in result.artifacts


def test_settings_of_the_evaluator_and_metrics_of_ones_own() -> None:
    worst = mlflow.models.make_metric(
        eval_fn=lambda predictions, targets, metrics, x: float((predictions - targets).abs().max() + x.sum()),
        greater_is_better=False,
        name="worst",
    )
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 4.0]})
    result = mlflow.evaluate(
        lambda rows: rows["x"],
        frame,
        targets="y",
        model_type="regressor",
        evaluator_config={"metric_prefix": "val_", "sample_weights": [3, 1]},
        extra_metrics=[worst],
    )

    assert result.metrics["val_mean_absolute_error"] == 0.5
    assert result.metrics["val_worst"] == 5.0


def test_the_class_that_is_looked_for() -> None:
    frame = pd.DataFrame({"y": ["no", "no", "yes"], "said": ["no", "yes", "yes"]})

    def recall(label: str | None) -> float:
        config = {} if label is None else {"pos_label": label}
        found = mlflow.evaluate(
            data=frame, targets="y", predictions="said", model_type="classifier", evaluator_config=config
        )
        return float(found.metrics["recall_score"])

    assert (recall(None), recall("no"), recall("yes")) == (1.0, 0.5, 1.0)


def test_arrays_with_names() -> None:
    result = mlflow.evaluate(
        lambda rows: rows["b"],
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        targets=[2.0, 5.0],
        feature_names=["a", "b"],
        model_type="regressor",
    )
    assert result.metrics["mean_absolute_error"] == 0.5
    again = mlflow.evaluate(
        lambda rows: rows[:, 1],
        mlflow.data.from_numpy(np.ones((2, 2)), targets=np.ones(2)),
        model_type="regressor",
    )
    assert again.metrics["max_error"] == 0


def test_chances_of_the_second_class_as_models_of_r_return_them() -> None:
    frame = pd.DataFrame({"chance": [0.1, 0.4, 0.7, 0.9], "y": ["no", "no", "yes", "no"]})
    result = mlflow.evaluate(lambda rows: rows["chance"], frame, targets="y", model_type="classifier")

    assert result.metrics["accuracy_score"] == 0.75
    assert result.metrics["roc_auc"] == pytest.approx(2 / 3)


def test_crates_of_r(tmp_path: Path) -> None:
    tree = Path(__file__).parents[3] / "data" / "models" / "official-r-client" / "linear"
    rows = pd.read_csv(tree / "reference.csv").map(number)
    result = mlflow.evaluate(
        str(tree), rows.rename(columns={"prediction": "y"}), targets="y", model_type="regressor"
    )

    assert result.metrics["max_error"] == 0
    assert result.metrics["r2_score"] == 1


def number(text: Any) -> Any:
    return float.fromhex(text) if isinstance(text, str) and "0x" in text else text


def test_a_model_of_one_class_only() -> None:
    frame = pd.DataFrame({"y": [1, 1], "said": [1, 1]})
    result = mlflow.evaluate(data=frame, targets="y", predictions="said", model_type="classifier")

    assert result.metrics["accuracy_score"] == 1.0


def call(**changed: Any) -> Any:
    arguments = {
        "model": lambda rows: rows["x"],
        "data": pd.DataFrame({"x": [1.0, 4.0], "y": [1.0, 4.0]}),
        "targets": "y",
        "model_type": "regressor",
    }
    return mlflow.evaluate(**{**arguments, **changed})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model_type": "oracle"}, "model_type must be one of regressor, classifier, not 'oracle'"),
        ({"model_type": None}, "model_type must be one of"),
        ({"env_manager": "conda"}, "env_manager must be 'local'.* 'conda'"),
        ({"data": {"x": [1]}}, "data must be a DataFrame.* not a dict"),
        ({"data": None}, "data must be.* not a NoneType"),
        ({"targets": None}, "targets must name the column"),
        ({"targets": "z"}, "no column 'z'; its columns are 'x', 'y'"),
        ({"targets": [1.0]}, r"one value for each of the 2 rows .*shape \(1,\)"),
        ({"data": pd.DataFrame({"x": [1.0], "y": [None]})}, "1 of 1 are missing"),
        ({"data": np.ones((2, 1))}, "targets must hold the truth of an array"),
        ({"model": None}, "Give a model, or name with predictions"),
        ({"model": 5}, "model must be the URI.* not a int"),
        ({"model": lambda rows: [1.0]}, "1 predictions for 2 rows"),
        ({"model": lambda rows: ["a", "b"]}, "predictions of a regressor must be numbers"),
        ({"model": lambda rows: rows.to_numpy().repeat(2, 1)}, r"one prediction per row.* shape \(2, 2\)"),
        ({"model": lambda rows: rows, "predictions": "z"}, "no column 'z'; it has 'x'"),
        ({"data": pd.DataFrame({"x": [1.0], "y": ["a"]})}, "targets of a regressor must be numbers"),
        (
            {
                "model_type": "classifier",
                "evaluator_config": {"pos_label": 9},
                "model": lambda rows: [1.0, 4.0],
            },
            "pos_label must be one of the classes.* not 9",
        ),
    ],
)
def test_wrong_arguments_say_what_was_expected(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        call(**changed)
    assert mlflow.search_runs(output_format="list") == []


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (lambda p: 1.0, "asks for 'p'; there are"),
        (lambda targets: "good", "must be a number, not 'good'"),
    ],
)
def test_a_metric_that_cannot_be_computed(metric: Any, message: str) -> None:
    own = mlflow.models.make_metric(eval_fn=metric, greater_is_better=True, name="own")
    with pytest.raises(InvalidInput, match=f"The metric 'own' {message}"):
        call(extra_metrics=[own])
    with pytest.raises(InvalidInput, match="must be a word, not '<lambda>'"):
        mlflow.models.make_metric(eval_fn=metric, greater_is_better=True)
