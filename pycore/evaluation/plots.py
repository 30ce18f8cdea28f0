"""Pictures of how good predictions are, without a display and without global state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure
from sklearn import calibration
from sklearn import metrics as measures

from pycore.evaluation.metrics import classes
from pycore.evaluation.predictions import Predictions

#: Curves of more classes cannot be told from each other.
_MAX_CURVES = 10
_MAX_CELLS_WITH_NUMBERS = 20


def regressor_plots(targets: npt.NDArray[Any], predicted: Predictions) -> dict[str, Figure]:
    """Return a picture of the predictions and one of their errors."""
    truth = targets.astype(np.float64)
    against, axes = _figure("True value", "Predicted value")
    axes.scatter(truth, predicted.values, s=12, alpha=0.6)
    axes.axline((float(truth.min()), float(truth.min())), slope=1, color="grey", linestyle="--")
    errors, axes = _figure("Predicted value", "Residual (true - predicted)")
    axes.scatter(predicted.values, truth - predicted.values, s=12, alpha=0.6)
    axes.axhline(0, color="grey", linestyle="--")
    return {"predicted_vs_true_plot": against, "residuals_plot": errors}


def classifier_plots(targets: npt.NDArray[Any], predicted: Predictions) -> dict[str, Figure]:
    """Return the confusion matrix and, where the model tells chances, its curves."""
    labels = classes(targets, predicted)
    found = {"confusion_matrix": confusion_matrix_plot(targets, predicted.values, labels)}
    if predicted.chances is None or len(labels) > _MAX_CURVES:
        return found
    shown = [1] if len(labels) == 2 else range(len(labels))
    curves = [
        (str(labels[at]), targets == labels[at], predicted.chances[:, at])
        for at in shown
        if 0 < np.count_nonzero(targets == labels[at]) < len(targets)
    ]
    kinds: dict[str, tuple[str, str, Callable[[Any, Any], tuple[Any, Any]]]] = {
        "roc_curve_plot": ("False positive rate", "True positive rate", _roc),
        "precision_recall_curve_plot": ("Recall", "Precision", _precision_recall),
        "calibration_curve_plot": ("Mean predicted chance", "Share of the class", _calibration),
    }
    if len(labels) == 2:
        kinds["lift_curve_plot"] = ("Share of rows", "Lift", _lift)
    for name, (across, up, curve) in kinds.items():
        figure, axes = _figure(across, up)
        for label, truth, chance in curves:
            axes.plot(*curve(truth, chance), label=label)
        if len(curves) > 1:
            axes.legend(title="Class")
        found[name] = figure
    return found


def confusion_matrix_plot(
    targets: npt.NDArray[Any], predicted: npt.NDArray[Any], labels: list[Any]
) -> Figure:
    """Return how many rows of each class were taken for which, of n rows each, in the order of `labels`."""
    places = {label: at for at, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(counts, ([places[each] for each in targets], [places[each] for each in predicted]), 1)
    figure, axes = _figure("Predicted class", "True class")
    figure.colorbar(axes.imshow(counts, cmap="Blues"), ax=axes)
    axes.set_xticks(range(len(labels)), [str(label) for label in labels], rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), [str(label) for label in labels])
    if len(labels) <= _MAX_CELLS_WITH_NUMBERS:
        for (row, column), count in np.ndenumerate(counts):
            ink = "w" if count > counts.max() / 2 else "k"
            axes.text(column, row, str(count), ha="center", va="center", color=ink)
    return figure


def bar_plot(values: Mapping[str, float], what: str) -> Figure:
    """Return a bar for each named value, the first on top."""
    figure, axes = _figure(what, "")
    axes.barh(list(values), list(values.values()))
    axes.invert_yaxis()
    return figure


def contributions_plot(
    contributions: npt.NDArray[np.float64], rows: pd.DataFrame, shown: Sequence[int]
) -> Figure:
    """Return a point per row and column: how much the column's value moved the prediction of the row.

    Parameters
    ----------
    contributions : ndarray, shape (n_rows, n_columns)
    rows : DataFrame, shape (n_rows, n_columns)
        Whose values, from the column's least to its largest, the colours tell.
    shown : sequence of int
        The columns to draw, the first on top.
    """
    figure, axes = _figure("SHAP value", "")
    # Neighbours in the list must not cover each other.
    apart = (np.arange(len(rows)) % 9 - 4) / 15
    for place, column in enumerate(shown):
        shade = rows.iloc[:, column].rank(pct=True)
        axes.scatter(contributions[:, column], place + apart, c=shade, cmap="coolwarm", s=8)
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [str(rows.columns[column]) for column in shown])
    axes.invert_yaxis()
    return figure


def _figure(across: str, up: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure, axes


def _roc(truth: Any, chance: Any) -> tuple[Any, Any]:
    false_positive, true_positive, _ = measures.roc_curve(truth, chance)
    return false_positive, true_positive


def _precision_recall(truth: Any, chance: Any) -> tuple[Any, Any]:
    precision, recall, _ = measures.precision_recall_curve(truth, chance)
    return recall, precision


def _calibration(truth: Any, chance: Any) -> tuple[Any, Any]:
    share, mean = calibration.calibration_curve(truth, np.clip(chance, 0, 1), n_bins=10)
    return mean, share


def _lift(truth: Any, chance: Any) -> tuple[Any, Any]:
    """Return how many times as many of the class are among the likeliest rows as among all."""
    found = np.cumsum(truth[np.argsort(-chance, kind="stable")])
    share = np.arange(1, len(truth) + 1) / len(truth)
    return share, found / np.count_nonzero(truth) / share
