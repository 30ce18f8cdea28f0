"""How good an estimator of scikit-learn is on the data it was trained with, under MLflow's names."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np


def training_metrics(
    estimator: Any, rows: Any, target: Any, weights: Any = None, positive: Any = None
) -> dict[str, float]:
    """Return what is worth knowing of a trained estimator, by name.

    Parameters
    ----------
    estimator : estimator
        With the method ``predict``.
    rows, target : array-like
        What it was trained with.
    weights : array-like, optional
        Of the rows, where it was trained with any: they count here as there.
    positive : object, optional
        The class that precision, recall and F1 are about; means over all classes are taken without.
    """
    from sklearn import base  # an extra brings it

    found: dict[str, float] = {}
    if base.is_regressor(estimator):
        found = dict(_of_regressor(estimator, rows, target, weights))
    elif base.is_classifier(estimator):
        found = dict(_of_classifier(estimator, rows, target, weights, positive))
    # What most estimators call their score is one of these, which need not be predicted for again.
    usual = {base.ClassifierMixin.score: "accuracy_score", base.RegressorMixin.score: "r2_score"}
    if (name := usual.get(getattr(type(estimator), "score", None), "")) in found:
        found["score"] = found[name]
    elif hasattr(estimator, "score"):
        weighed = weights is not None and "sample_weight" in inspect.signature(estimator.score).parameters
        found["score"] = estimator.score(rows, target, **({"sample_weight": weights} if weighed else {}))
    return {f"training_{name}": float(value) for name, value in found.items()}


def _of_regressor(estimator: Any, rows: Any, target: Any, weights: Any) -> Iterator[tuple[str, float]]:
    from sklearn import metrics  # as above

    predicted = estimator.predict(rows)
    squared = metrics.mean_squared_error(target, predicted, sample_weight=weights)
    yield "mean_squared_error", squared
    yield "mean_absolute_error", metrics.mean_absolute_error(target, predicted, sample_weight=weights)
    yield "r2_score", metrics.r2_score(target, predicted, sample_weight=weights)
    yield "root_mean_squared_error", squared**0.5


def _of_classifier(
    estimator: Any, rows: Any, target: Any, weights: Any, positive: Any
) -> Iterator[tuple[str, float]]:
    from sklearn import metrics  # as above

    predicted, chances = _predictions(estimator, rows)
    # What is not defined for such a target, such as one of several columns, is left out.
    with suppress(ValueError):
        about = {"average": "weighted"} if positive is None else {"average": "binary", "pos_label": positive}
        averaged = metrics.precision_recall_fscore_support(
            target, predicted, zero_division=0, sample_weight=weights, **about
        )
        yield from zip(("precision_score", "recall_score", "f1_score"), averaged, strict=False)
    with suppress(ValueError):
        yield "accuracy_score", metrics.accuracy_score(target, predicted, sample_weight=weights)
    if not isinstance(chances, np.ndarray):
        return
    labels = estimator.classes_
    with suppress(ValueError):
        yield "log_loss", metrics.log_loss(target, chances, labels=labels, sample_weight=weights)
    with suppress(ValueError):
        chance = chances[:, 1] if len(labels) == 2 else chances
        options = {"average": "weighted", "multi_class": "ovo", "sample_weight": weights}
        yield "roc_auc", metrics.roc_auc_score(target, chance, **options)


def _predictions(estimator: Any, rows: Any) -> tuple[Any, Any]:
    """Return the classes predicted and, where the estimator has them, their probabilities.

    Forests and others take the classes from the probabilities, which then are worked out once.
    """
    if not hasattr(estimator, "predict_proba"):
        return estimator.predict(rows), None
    chances = estimator.predict_proba(rows)

    def known(data: Any) -> Any:
        return chances if data is rows else estimator.predict_proba(data)

    knowing = object.__new__(type(estimator))
    vars(knowing).update(vars(estimator), predict_proba=known)
    return knowing.predict(rows), chances
