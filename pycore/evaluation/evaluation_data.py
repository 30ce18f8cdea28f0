"""The rows that a model is measured on: what it gets to see, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pycore.errors import InvalidInput
from pycore.tracking.datasets import Dataset, NumpyDataset, PandasDataset, from_numpy, from_pandas


@dataclass(frozen=True)
class EvaluationData:
    """Rows with their truth.

    Attributes
    ----------
    dataset : Dataset
        As the run notes it.
    features : DataFrame or ndarray
        What the model is asked with: without the truth and without predictions made before.
    targets : ndarray, shape (n,)
    made_before : ndarray, shape (n,), optional
        The column of predictions that the data come with.
    """

    dataset: Dataset
    features: Any
    targets: npt.NDArray[Any]
    made_before: npt.NDArray[Any] | None = None


def evaluation_data(
    data: Any,
    targets: str | Sequence[Any] | None,
    predictions: str | None,
    feature_names: Sequence[str] | None,
    source: str | None = None,
) -> EvaluationData:
    """Return rows and truth from what a user gave.

    Parameters
    ----------
    data : DataFrame, ndarray, list of rows, PandasDataset or NumpyDataset
    targets : str or array, optional
        Name of a column, or the values; that of the dataset when absent.
    predictions : str, optional
        Name of a column with predictions.
    feature_names : list of str, optional
        Of the columns of an array.
    source : str, optional
        Where data come from that are no dataset.

    Raises
    ------
    InvalidInput
        There is no truth, or the data are not what they must be.
    """
    if isinstance(data, PandasDataset):
        targets = data.targets if targets is None else targets
        predictions = data.predictions if predictions is None else predictions
        return _of_frame(data.df, targets, predictions, data)
    if isinstance(data, NumpyDataset):
        given = data.targets if targets is None else targets
        return _of_array(data.features, given, feature_names, data)
    if isinstance(data, pd.DataFrame):
        return _of_frame(data, targets, predictions, None, source)
    if isinstance(data, np.ndarray | list):
        return _of_array(np.asarray(data), targets, feature_names, None, source)
    raise InvalidInput(
        "data must be a DataFrame, an array, or a dataset of mlflow.data with its targets, "
        f"not a {type(data).__name__}."
    )


def _of_frame(
    frame: pd.DataFrame,
    targets: Any,
    predictions: str | None,
    dataset: Dataset | None,
    source: str | None = None,
) -> EvaluationData:
    if targets is None:
        raise InvalidInput("targets must name the column with the truth, or hold its values.")
    names = [name for name in (targets, predictions) if isinstance(name, str)]
    missing = [name for name in names if name not in frame.columns]
    if missing:
        shown = ", ".join(map(repr, frame.columns[:20]))
        raise InvalidInput(f"data has no column {', '.join(map(repr, missing))}; its columns are {shown}.")
    truth = np.asarray(frame[targets]) if isinstance(targets, str) else np.asarray(targets)
    column = predictions if isinstance(predictions, str) else None
    return EvaluationData(
        dataset or from_pandas(frame, source, targets=names[0] if isinstance(targets, str) else None),
        frame.drop(columns=names),
        _checked(truth, len(frame)),
        None if column is None else np.asarray(frame[column]),
    )


def _of_array(
    array: Any,
    targets: Any,
    feature_names: Sequence[str] | None,
    dataset: Dataset | None,
    source: str | None = None,
) -> EvaluationData:
    if targets is None or isinstance(targets, str):
        raise InvalidInput(f"targets must hold the truth of an array, value by value, not {targets!r}.")
    truth = _checked(np.asarray(targets), len(array))
    features = array if feature_names is None else pd.DataFrame(array, columns=list(feature_names))
    return EvaluationData(dataset or from_numpy(array, source, targets=truth), features, truth)


def _checked(targets: npt.NDArray[Any], n_rows: int) -> npt.NDArray[Any]:
    if targets.shape != (n_rows,) or not n_rows:
        raise InvalidInput(
            f"targets must hold one value for each of the {n_rows} rows (at least one), "
            f"but have the shape {targets.shape}."
        )
    missing = int(pd.isna(targets).sum())
    if missing:
        raise InvalidInput(f"targets must be known, but {missing} of {n_rows} are missing.")
    return targets
