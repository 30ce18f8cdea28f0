"""An estimator of scikit-learn as `pyfunc` asks it: under the one method it was saved for, without detours.

scikit-learn looks at a frame column by column, which for a few rows takes several times as long as the
prediction. All it gets from that, for columns of one numeric type, is the array of their values, and whether
their names are those of the training. Where an estimator is known to want nothing else of a frame, both are
found here in a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pycore.errors import InvalidModel

#: Methods whose every result row belongs to one input row.
_ROW_WISE = frozenset({"predict", "predict_proba", "predict_log_proba", "decision_function", "transform"})
#: Methods whose result has nothing of the frame in it, such as its index.
_BY_VALUES = frozenset({"predict", "predict_proba", "predict_log_proba", "decision_function"})
#: Where the estimators stand that make one array of a frame before all else.
_TAKING_VALUES = tuple(
    f"sklearn.{module}."
    for module in (
        "cluster",
        "decomposition",
        "discriminant_analysis",
        "ensemble",
        "gaussian_process",
        "impute",
        "linear_model",
        "mixture",
        "naive_bayes",
        "neighbors",
        "neural_network",
        "preprocessing._data",
        "svm",
        "tree",
    )
)
#: What scikit-learn notes the names of a frame's columns as.
_NAMES = "feature_names_in_"


class SklearnModel:
    """An estimator under the one method that the model was saved for.

    Parameters
    ----------
    estimator : object
    predict_fn : str
        The method's name, here as there.

    Raises
    ------
    InvalidModel
        The estimator has no such method.
    """

    def __init__(self, estimator: Any, predict_fn: str) -> None:
        method = getattr(estimator, predict_fn, None)
        if not callable(method):
            raise InvalidModel(
                f"The {type(estimator).__name__} has no method {predict_fn!r}, which MLmodel names."
            )
        self._estimator = estimator
        self.row_wise = predict_fn in _ROW_WISE
        if predict_fn in _BY_VALUES and takes_values(estimator):
            method = _by_values(estimator, method)
        setattr(self, predict_fn, method)

    def get_raw_model(self) -> Any:
        """Return the estimator."""
        return self._estimator


def _by_values(estimator: Any, method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the method, passing on the values of a frame in which there is nothing to find fault with."""

    def ask(data: Any) -> Any:
        values = _values(data, _names(estimator))
        # Made anew each time, of the estimator as its user may have set it since.
        return method(data) if values is None else getattr(_unnamed(estimator), method.__name__)(values)

    return ask


def _values(data: Any, names: list[str]) -> npt.NDArray[Any] | None:
    """Return what scikit-learn would read of a frame; None where it is to look itself."""
    if type(data) is not pd.DataFrame or data.columns.tolist() != names:
        return None
    first, *others = data.dtypes.tolist()
    if not isinstance(first, np.dtype) or first.kind not in "fiu" or others.count(first) < len(others):
        return None
    return data.to_numpy()


def takes_values(estimator: Any) -> bool:
    """Tell whether an estimator wants nothing of the names of columns but that they are the same again."""
    first, others = _stages(estimator)
    if not f"{type(first).__module__}.".startswith(_TAKING_VALUES) or not _names(estimator):
        return False
    parts = [*others, *(part for value in vars(first).values() for part in _flat(value))]
    return not any(
        hasattr(part, _NAMES) or not type(part).__module__.startswith("sklearn.")
        for part in parts
        if hasattr(part, "fit")
    )


def _stages(estimator: Any) -> tuple[Any, list[Any]]:
    """Return the part of an estimator that is handed the frame, and those that get what it makes of it."""
    # By its name: who has no pipeline need not load its module.
    if f"{type(estimator).__module__}.{type(estimator).__qualname__}" != "sklearn.pipeline.Pipeline":
        return estimator, []
    first, *others = (step for _, step in estimator.steps)
    return first, others


def _names(estimator: Any) -> list[str]:
    """Return the names of the columns that an estimator was trained with; none if they had none."""
    names = getattr(_stages(estimator)[0], "__dict__", {}).get(_NAMES)
    return [] if names is None else names.tolist()


def _unnamed(estimator: Any) -> Any:
    """Return the estimator as if it had been trained with columns that have no names."""
    copied = object.__new__(type(estimator))
    vars(copied).update(vars(estimator))
    if _stages(estimator)[0] is estimator:
        del copied.feature_names_in_
    else:
        (name, first), *others = estimator.steps
        copied.steps = [(name, _unnamed(first)), *others]
    return copied


def _flat(value: Any) -> Iterator[Any]:
    """Yield what a list, mapping or array of objects holds, or the value itself."""
    if isinstance(value, list | tuple | Mapping) or (isinstance(value, np.ndarray) and value.dtype == object):
        values = value.values() if isinstance(value, Mapping) else value
        for item in values:
            yield from _flat(item)
    else:
        yield value
