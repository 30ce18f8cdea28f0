"""What a model says about rows, in the form that metrics take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pycore.errors import InvalidInput

#: Columns of an output that hold the prediction, where it has several.
_PREDICTION_COLUMNS = ("prediction", "predictions", ".pred", ".pred_class")


@dataclass(frozen=True)
class Predictions:
    """The predictions for n rows.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Numbers, or labels of classes.
    chances : ndarray, shape (n, k), optional
        Of each class in `labels`, where the model tells.
    labels : list, optional
        The classes, in the order of the columns of `chances`.
    """

    values: npt.NDArray[Any]
    chances: npt.NDArray[np.float64] | None = None
    labels: list[Any] | None = None


def regression(output: Any, column: str | None = None) -> Predictions:
    """Return numbers from what a model returned.

    Parameters
    ----------
    output : array, Series, DataFrame or list
    column : str, optional
        Of a frame, the column to take.

    Raises
    ------
    InvalidInput
        The output has no single number per row.
    """
    values = _single(output, column)
    try:
        return Predictions(values.astype(np.float64))
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"The predictions of a regressor must be numbers, but some are not: {error}."
        ) from error


def classification(output: Any, targets: npt.NDArray[Any], column: str | None = None) -> Predictions:
    """Return classes, and their chances where the model tells, from what it returned.

    Many models of R return a matrix of chances with a column per class, or for two classes the chance of
    the second: the class is then the likeliest one.

    Parameters
    ----------
    output : array, Series, DataFrame or list
    targets : ndarray
        The truth, whose sorted values name the columns of a matrix without names.
    column : str, optional
        Of a frame, the column to take.
    """
    known = np.unique(targets)
    frame = output if isinstance(output, pd.DataFrame) else None
    matrix = np.asarray(output) if column is None else None
    if matrix is not None and matrix.ndim == 2 and matrix.shape[1] > 1 and _named(output) is None:
        labels = list(known) if frame is None else _labels(frame, known)
        if matrix.dtype.kind in "iuf" and len(labels) == matrix.shape[1]:
            chances = matrix.astype(np.float64)
            return Predictions(np.array(labels)[chances.argmax(axis=1)], chances, labels)
    values = _single(output, column)
    if _are_chances(values, known):
        second = values.astype(np.float64)
        chances = np.column_stack([1 - second, second])
        return Predictions(known[(second > 0.5).astype(int)], chances, list(known))
    return Predictions(_like(values, targets))


def _single(output: Any, column: str | None) -> npt.NDArray[Any]:
    """Return the one value per row that an output holds."""
    if isinstance(output, pd.DataFrame):
        name = column if column is not None else _named(output)
        if name is not None:
            if name not in output.columns:
                known = ", ".join(map(repr, output.columns))
                raise InvalidInput(f"The model's output has no column {name!r}; it has {known}.")
            return np.asarray(output[name])
    values = np.asarray(output)
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise InvalidInput(
            f"The model must give one prediction per row, but its output has the shape {values.shape}. "
            "Name the column with predictions."
        )
    return values


def _named(output: Any) -> str | None:
    if not isinstance(output, pd.DataFrame):
        return None
    return next((name for name in _PREDICTION_COLUMNS if name in output.columns), None)


def _labels(frame: pd.DataFrame, known: npt.NDArray[Any]) -> list[Any]:
    """Return the classes that columns are named after; names are texts, classes may be numbers."""
    by_text = {str(label): label for label in known}
    return [by_text.get(str(name), name) for name in frame.columns]


def _are_chances(values: npt.NDArray[Any], known: npt.NDArray[Any]) -> bool:
    if len(known) != 2 or values.dtype.kind != "f" or not len(values):
        return False
    between = bool(((values >= 0) & (values <= 1)).all())
    return between and not bool((values == np.trunc(values)).all())


def _like(values: npt.NDArray[Any], targets: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return labels in the type of the truth, where only one of both is text."""
    if values.dtype.kind in "OUT" and targets.dtype.kind not in "OUT":
        by_text = {str(label): label for label in np.unique(targets)}
        return np.array([by_text.get(str(value), value) for value in values])
    if targets.dtype.kind in "OUT" and values.dtype.kind not in "OUT":
        return values.astype(str)
    return values
