"""Values as official MLflow writes them, and what they mean."""

from __future__ import annotations

import math
import re
import sys

from pycore.entities import Stage, VersionNumber

_LOGGED_MODEL = re.compile(r"models:/(m-[0-9a-f]{32})")


def metric_value(value: float | None, is_nan: bool) -> float:
    """Return the number of a metric as a database holds it, which cuts infinities to the largest number."""
    if is_nan or value is None:
        return math.nan
    if abs(value) >= sys.float_info.max:
        return math.copysign(math.inf, value)
    return value


def stage_of(text: str | None) -> str:
    """Return the stage of a version that was not deleted."""
    return Stage.parse(text) if text else Stage.NONE


def version_number_of(number: int | str) -> VersionNumber:
    """Return a version's number."""
    return VersionNumber(int(number))


def logged_model_of(source: str) -> str:
    """Return the id of the logged model that a version was made from; "" for none."""
    match = _LOGGED_MODEL.fullmatch(source)
    return match[1] if match else ""
