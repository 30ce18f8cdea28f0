"""Numbers as every database can keep, compare and index them.

Databases treat NaN and the infinities each in their own way. So a value is two columns: a finite number
and what it stands for. An infinity lies at the end of the finite range and therefore compares and sorts
like one; NaN lies at 0, its rank among points of the same step and time.
"""

from __future__ import annotations

import math
import sys

FINITE = 0
POSITIVE_INFINITY = 1
NEGATIVE_INFINITY = -1
NAN = 2


def encode(value: float) -> tuple[float, int]:
    """Return the columns `value` and `value_kind` of a number."""
    if math.isfinite(value):
        return value, FINITE
    if math.isnan(value):
        return 0.0, NAN
    if value > 0:
        return sys.float_info.max, POSITIVE_INFINITY
    return -sys.float_info.max, NEGATIVE_INFINITY


def decode(value: float, kind: int) -> float:
    """Return the number of the columns `value` and `value_kind`."""
    if kind == FINITE:
        return value
    return math.nan if kind == NAN else math.copysign(math.inf, kind)
