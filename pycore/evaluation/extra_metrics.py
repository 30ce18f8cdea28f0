"""Metrics of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pycore.errors import InvalidInput
from pycore.models.arguments import checked


@dataclass(frozen=True)
class EvaluationMetric:
    """A metric of the user's own; see `make_metric`."""

    eval_fn: Callable[..., float]
    name: str
    greater_is_better: bool


@checked
def make_metric(
    *, eval_fn: Callable[..., float], greater_is_better: bool, name: str | None = None, **_: Any
) -> EvaluationMetric:
    """Make a metric of one's own for `evaluate`.

    Parameters
    ----------
    eval_fn : callable
        Returns a number. It is handed what its parameters are called: ``predictions``, ``targets``,
        ``metrics`` (those computed already), or columns of the data.
    greater_is_better : bool
    name : str, optional
        The function's own when absent.
    """
    found = name or str(getattr(eval_fn, "__name__", ""))
    if not found.isidentifier():
        raise InvalidInput(f"A metric's name must be a word, not {found!r}; give name.")
    return EvaluationMetric(eval_fn, found, greater_is_better)


def extra_metric(metric: EvaluationMetric, offered: Mapping[str, Any]) -> float:
    """Return what a metric computes of what is offered by name.

    Raises
    ------
    InvalidInput
        It asks for something else, or returns no number.
    """
    wanted = inspect.signature(metric.eval_fn).parameters.values()
    missing = [each.name for each in wanted if each.name not in offered and each.default is each.empty]
    if missing:
        raise InvalidInput(
            f"The metric {metric.name!r} asks for {', '.join(map(repr, missing))}; there are "
            f"{', '.join(map(repr, offered))}."
        )
    value = metric.eval_fn(**{each.name: offered[each.name] for each in wanted if each.name in offered})
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise InvalidInput(f"The metric {metric.name!r} must be a number, not {value!r:.100}.")
    return float(value)
