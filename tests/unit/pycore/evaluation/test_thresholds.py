import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import pycore as mlflow
from pycore.errors import InvalidInput, ModelValidationFailed
from pycore.evaluation.result import EvaluationResult

Threshold = mlflow.models.MetricThreshold


def result(**metrics: float) -> EvaluationResult:
    return EvaluationResult(metrics, {}, "run")


def test_good_enough() -> None:
    mlflow.validate_evaluation_results(
        {
            "accuracy": Threshold(threshold=0.9, min_absolute_change=0.1, greater_is_better=True),
            "error": Threshold(threshold=1.0, min_relative_change=0.5, greater_is_better=False),
        },
        result(accuracy=0.9, error=1.0),
        result(accuracy=0.8, error=2.0),
    )


def test_every_fault_is_named() -> None:
    with pytest.raises(ModelValidationFailed) as caught:
        mlflow.validate_evaluation_results(
            {
                "accuracy": Threshold(threshold=0.9, min_absolute_change=0.1, greater_is_better=True),
                "error": Threshold(threshold=1.0, min_relative_change=0.5, greater_is_better=False),
                "f1": Threshold(threshold=0.5, greater_is_better=True),
                "loss": Threshold(threshold=0.5, greater_is_better=False),
            },
            result(accuracy=0.85, error=1.5, loss=math.nan),
            result(accuracy=0.8, error=2.0),
        )

    assert str(caught.value) == (
        "The model is not good enough: accuracy: expected at least 0.9, got 0.85; "
        "accuracy: expected at least 0.9 (baseline 0.8), got 0.85; "
        "error: expected at most 1, got 1.5; error: expected at most 1 (baseline 2), got 1.5; "
        "f1: the evaluation has no such metric; loss: expected at most 0.5, got nan."
    )
    assert caught.value.error_code == "BAD_REQUEST"


def test_evaluate_compares_with_a_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 4.0]})
    better = {"mean_absolute_error": Threshold(min_absolute_change=0.5, greater_is_better=False)}

    def compare(model: Any, baseline: Any) -> Any:
        return mlflow.models.evaluate(
            model,
            frame,
            targets="y",
            model_type="regressor",
            validation_thresholds=better,
            baseline_model=baseline,
        )

    good, bad = (lambda rows: rows["x"] ** 2), (lambda rows: rows["x"])
    assert compare(good, bad).metrics["mean_absolute_error"] == 0
    with pytest.raises(ModelValidationFailed, match=r"at most -0\.5 \(baseline 0\), got 1"):
        compare(bad, good)
    # What was found is logged before it is judged.
    assert len(mlflow.search_runs(filter_string="metrics.mean_absolute_error = 1")) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 1}, "greater_is_better must be True or False, not None"),
        ({"greater_is_better": True}, "needs threshold, min_absolute_change or min_relative_change"),
        ({"greater_is_better": True, "min_absolute_change": -1}, "min_absolute_change must be .* not -1"),
        ({"greater_is_better": True, "min_relative_change": 2}, "at most 1, not 2"),
    ],
)
def test_a_threshold_that_cannot_be(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Threshold(**arguments)


def test_what_cannot_be_compared() -> None:
    change = Threshold(min_absolute_change=1, greater_is_better=True)
    with pytest.raises(InvalidInput, match="compares with a baseline, but none is given"):
        mlflow.validate_evaluation_results({"a": change}, result(a=1))
    with pytest.raises(InvalidInput, match="must be a MetricThreshold, not a float"):
        mlflow.validate_evaluation_results({"a": 0.5}, result(a=1))
    with pytest.raises(ModelValidationFailed, match="a: the baseline has no such metric"):
        mlflow.validate_evaluation_results({"a": change}, result(a=1), result())
