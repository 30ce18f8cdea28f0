"""Numbers that say how good predictions are, under MLflow's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import metrics as measures

from pycore.errors import InvalidInput
from pycore.evaluation.predictions import Predictions

Weights = npt.NDArray[np.float64] | None


def regressor_metrics(
    targets: npt.NDArray[Any], predicted: Predictions, weights: Weights = None
) -> dict[str, float]:
    """Return the errors of a regressor, whose targets are numbers."""
    truth, values, weighted = targets.astype(np.float64), predicted.values, {"sample_weight": weights}
    squared = measures.mean_squared_error(truth, values, **weighted)
    return {
        "example_count": len(truth),
        "mean_absolute_error": measures.mean_absolute_error(truth, values, **weighted),
        "mean_squared_error": squared,
        "root_mean_squared_error": squared**0.5,
        "sum_on_target": float(truth.sum()),
        "mean_on_target": float(truth.mean()),
        "r2_score": measures.r2_score(truth, values, **weighted),
        "max_error": measures.max_error(truth, values),
        "mean_absolute_percentage_error": measures.mean_absolute_percentage_error(truth, values, **weighted),
    }


def classifier_metrics(
    targets: npt.NDArray[Any],
    predicted: Predictions,
    positive: Any = None,
    average: str = "weighted",
    weights: Weights = None,
) -> dict[str, float]:
    """Return the quality of a classifier.

    Parameters
    ----------
    positive : object, optional
        Of two classes, the one that is looked for: the second when absent. More classes are averaged.
    average : str
        How, in the words of scikit-learn.

    Raises
    ------
    InvalidInput
        The truth has a class that the model does not know, or `positive` is none.
    """
    labels = classes(targets, predicted)
    unknown = sorted(set(np.unique(targets)) - set(labels))
    if unknown:
        raise InvalidInput(f"The targets have the classes {unknown}, but the model knows {labels}.")
    weighted = {"sample_weight": weights}
    if len(labels) == 2:
        return _two_classes(targets, predicted, _position(labels, positive), labels, weights)
    averaged = {"average": average, "zero_division": 0, **weighted}
    found = {
        "example_count": len(targets),
        "accuracy_score": measures.accuracy_score(targets, predicted.values, **weighted),
        "recall_score": measures.recall_score(targets, predicted.values, **averaged),
        "precision_score": measures.precision_score(targets, predicted.values, **averaged),
        "f1_score": measures.f1_score(targets, predicted.values, **averaged),
    }
    if predicted.chances is not None:
        found["log_loss"] = measures.log_loss(
            targets, predicted.chances, labels=predicted.labels, sample_weight=weights
        )
        if len(np.unique(targets)) == len(labels) > 1:
            found["roc_auc"] = measures.roc_auc_score(
                targets,
                predicted.chances,
                average=average,
                multi_class="ovr",
                labels=predicted.labels,
                sample_weight=weights,
            )
    return found


def per_class_metrics(targets: npt.NDArray[Any], predicted: Predictions) -> pd.DataFrame:
    """Return a row per class: the same numbers, the class against all others."""
    labels = classes(targets, predicted)
    rows = [
        {"positive_class": label, **_two_classes(targets, predicted, at, labels, None)}
        for at, label in enumerate(labels)
    ]
    frame: pd.DataFrame = pd.DataFrame(rows)
    return frame


def classes(targets: npt.NDArray[Any], predicted: Predictions) -> list[Any]:
    """Return all classes: those of the model, or those of the truth and the predictions, sorted."""
    if predicted.labels is not None:
        return predicted.labels
    return list(np.unique(np.concatenate([np.unique(targets), np.unique(predicted.values)])))


def _two_classes(
    targets: npt.NDArray[Any], predicted: Predictions, at: int, labels: list[Any], weights: Weights
) -> dict[str, float]:
    truth, found_true = targets == labels[at], predicted.values == labels[at]
    weighted: Mapping[str, Any] = {"sample_weight": weights}
    negative, false_positive, false_negative, positive = (
        float(count) for count in measures.confusion_matrix(truth, found_true, labels=[False, True]).ravel()
    )
    found = {
        "true_negatives": negative,
        "false_positives": false_positive,
        "false_negatives": false_negative,
        "true_positives": positive,
        "example_count": len(truth),
        "accuracy_score": measures.accuracy_score(truth, found_true, **weighted),
        "recall_score": measures.recall_score(truth, found_true, zero_division=0, **weighted),
        "precision_score": measures.precision_score(truth, found_true, zero_division=0, **weighted),
        "f1_score": measures.f1_score(truth, found_true, zero_division=0, **weighted),
    }
    if predicted.chances is None:
        return found
    chance = predicted.chances[:, at]
    if len(labels) == 2:
        found["log_loss"] = measures.log_loss(truth, chance, labels=[False, True], **weighted)
    if truth.any() and not truth.all():
        found["roc_auc"] = measures.roc_auc_score(truth, chance, **weighted)
        found["precision_recall_auc"] = measures.average_precision_score(truth, chance, **weighted)
    return found


def _position(labels: list[Any], positive: Any) -> int:
    if positive is None:
        return 1
    if positive not in labels:
        raise InvalidInput(f"pos_label must be one of the classes {labels}, not {positive!r}.")
    return labels.index(positive)
