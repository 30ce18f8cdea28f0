"""From what users pass to what is stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pycore.entities import Metric, Param, RunStatus
from pycore.errors import InvalidInput

T = TypeVar("T")


def now_ms() -> int:
    """Return the time in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def metric(
    key: str,
    value: Any,
    timestamp: int | None = None,
    step: int | None = None,
    **about: str | None,
) -> Metric:
    """Return a point.

    Parameters
    ----------
    value : number-like
        A number, a numpy scalar, an array or tensor of one element, a truth value or a numeric text.
    timestamp : int, optional
        Milliseconds since 1970 UTC; now when absent.
    step : int, optional
        0 when absent; a fraction is cut off.
    about
        The logged model and the dataset that were measured, as the attributes of `Metric` call them.
    """
    return Metric(
        key=_key(key),
        value=_number(key, value),
        timestamp=now_ms() if timestamp is None else int(timestamp),
        step=0 if step is None else int(step),
        **about,
    )


def metrics(
    values: Mapping[str, Any],
    timestamp: int | None = None,
    step: int | None = None,
    **about: str | None,
) -> list[Metric]:
    """Return points of one moment."""
    timestamp = now_ms() if timestamp is None else timestamp
    return [metric(key, value, timestamp, step, **about) for key, value in values.items()]


def param(key: str, value: Any) -> Param:
    """Return a parameter, its value as text."""
    return Param(_key(key), str(value))


def params(values: Mapping[str, Any]) -> list[Param]:
    """Return parameters, their values as text."""
    return [param(key, value) for key, value in values.items()]


def tag(make: Callable[[str, str], T], key: str, value: Any) -> T:
    """Return a tag of the kind that `make` makes, its value as text."""
    return make(_key(key), str(value))


def tags(make: Callable[[str, str], T], values: Mapping[str, Any] | None) -> list[T]:
    """Return tags of one kind."""
    return [tag(make, key, value) for key, value in (values or {}).items()]


def texts(values: Iterable[object] | str | int | None) -> list[str]:
    """Return ids, stages or orders as a list; a single one stands for a list of one."""
    if values is None:
        return []
    if isinstance(values, (str, int)):
        return [str(values)]
    return [str(value) for value in values]


def version_text(version: object) -> str:
    """Return the number of a model version as the registry takes it."""
    if isinstance(version, bool) or not isinstance(version, (int, str)):
        raise InvalidInput(f"A model version is a number such as 1 or '1', not {version!r}.")
    return str(version)


def run_status(status: str | int) -> RunStatus:
    """Return the status of a run given by name, in any case, or number."""
    try:
        return RunStatus.from_string(status) if isinstance(status, str) else RunStatus(status)
    except (KeyError, ValueError) as error:
        known = ", ".join(RunStatus.__members__)
        raise InvalidInput(f"A run's status is one of {known}, not {status!r}.") from error


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidInput(f"The name of a metric, parameter or tag is a string, not {key!r}.")
    return key


def _number(key: str, value: Any) -> float:
    try:
        # Arrays and tensors of any library; their own conversion to float is deprecated.
        scalar = value.item() if hasattr(value, "item") else value
        return float(scalar)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidInput(
            f"The value of metric {key!r} must be one number, got {_shown(value)}: {error}."
        ) from error


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"
