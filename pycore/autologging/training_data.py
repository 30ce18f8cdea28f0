"""What a training reads, described in little time: large data by a part of their rows."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pycore.entities import Dataset
from pycore.tracking import datasets, fluent_inputs

#: Digest and schema are those of so many rows and values, evenly spread, where there are more.
_MOST_ROWS = 10_000
_MOST_VALUES = 1_000_000
_EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class TrainingData:
    """The rows that a model is fitted to.

    Attributes
    ----------
    dataset : Dataset
        As the run notes it.
    example : DataFrame or ndarray
        The first rows.
    """

    dataset: Dataset
    example: Any

    def log(self) -> None:
        """Note in the active run that it trains on the data."""
        fluent_inputs.log_input(self.dataset, context="train")


def training_data(rows: Any, target: Any = None, n_rows: int | None = None) -> TrainingData | None:
    """Describe rows and, where there is one, their target; None for what is no table at hand.

    The same data always get the same digest, which is that of `pycore.data` up to 10,000 rows.

    Parameters
    ----------
    rows : DataFrame, Series, ndarray, sparse matrix or list of rows
    target : Series, ndarray, list or DataFrame of one column, optional
    n_rows : int, optional
        Of all data, where these rows are a part of them.
    """
    if isinstance(rows, list | tuple):
        rows = _array(rows)
    if isinstance(rows, pd.Series):
        rows = rows.to_frame("target" if rows.name is None else rows.name)
    if not isinstance(rows, pd.DataFrame | np.ndarray) and not hasattr(rows, "tocsr"):
        return None
    if not rows.shape or not rows.shape[0]:
        return None
    if hasattr(rows, "tocsr"):
        rows = rows.tocsr()
    step = _step(rows.shape)
    known = None if target is None else np.asarray(target)[::step]
    dataset: datasets.PandasDataset | datasets.NumpyDataset
    if isinstance(rows, pd.DataFrame):
        dataset = _of_frame(rows.iloc[::step], known, str(getattr(target, "name", None) or "target"))
    else:
        dataset = datasets.from_numpy(_dense(rows[::step]), targets=known)
    n_rows = n_rows or rows.shape[0]
    is_whole = step == 1 and n_rows == rows.shape[0]
    entity = dataset.to_entity() if is_whole else _of_part(dataset, (n_rows, *rows.shape[1:]))
    return TrainingData(entity, _dense(rows[:_EXAMPLE_ROWS]))


def _step(shape: tuple[int, ...]) -> int:
    most = max(1, min(_MOST_ROWS, _MOST_VALUES // max(1, int(np.prod(shape[1:])))))
    return -(-shape[0] // most)


def _dense(rows: Any) -> Any:
    return rows.toarray() if hasattr(rows, "toarray") else rows


def _array(rows: Any) -> Any:
    try:
        return np.asarray(rows)
    except ValueError:  # lists of different lengths are no table
        return rows


def _of_frame(frame: pd.DataFrame, known: Any, name: str) -> datasets.PandasDataset:
    """Describe a frame; a target that is one column becomes one more of it."""
    if known is not None and known.ndim == 2 and known.shape[1] == 1:
        known = known[:, 0]
    if known is None or known.ndim != 1:
        return datasets.from_pandas(frame)
    return datasets.from_pandas(frame.assign(**{name: known}), targets=name)


def _of_part(part: datasets.PandasDataset | datasets.NumpyDataset, shape: tuple[int, ...]) -> Dataset:
    """Return the description of data of which a part is described, with their true size."""
    if isinstance(part, datasets.PandasDataset):
        profile: dict[str, Any] = {"num_rows": shape[0], "num_elements": shape[0] * part.df.shape[1]}
    else:
        profile = {"features_shape": list(shape), "features_size": int(np.prod(shape))}
    digest = hashlib.sha256(f"{part.digest} {shape}".encode()).hexdigest()[: len(part.digest)]
    return dataclasses.replace(part.to_entity(), profile=json.dumps(profile), digest=digest)
