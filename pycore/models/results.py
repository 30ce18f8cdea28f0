"""What a Python model returned, as typed data.

Tables and arrays of numbers stay what they are; everything else becomes JSON the way MLflow's scoring
server writes it, but valid JSON: null for NaN, infinities and missing times, Base64 on one line.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput, ModelError
from pycore.models.columns import Array, Block, Json, Table
from pycore.models.pandas_blocks import base64_text, column_from_series


class NoJsonForm(TypeError):
    """A value that cannot be said in JSON; who asked knows whose fault that is, and raises accordingly.

    Parameters
    ----------
    value : object

    Attributes
    ----------
    type_name : str
        What it is.
    """

    def __init__(self, value: Any) -> None:
        self.type_name = _type_name(value)
        super().__init__(f"JSON has no form for a {self.type_name}.")


def block_from_result(result: Any) -> Block:
    """Turn the result of a model's predict into typed data.

    Returns
    -------
    Table
        For a DataFrame; a Series is a table of one column, its name or ``"0"``.
    Array, Column
        For arrays: of numbers and truths, or of other values of one type.
    Json
        For anything else, and for frames with nested values.

    Raises
    ------
    ModelError
        JSON has no form for the result; the message names its type.
    """
    if hasattr(result, "toarray"):  # a sparse matrix of SciPy
        result = result.toarray()
    if isinstance(result, pd.Series):
        result = result.to_frame("0" if result.name is None else result.name)
    if isinstance(result, pd.DataFrame):
        return _from_frame(result)
    if isinstance(result, np.ndarray) and result.ndim:
        return _from_array(result)
    return _json(result)


def plain(value: Any) -> Any:
    """Return a value in the types that JSON has.

    Raises
    ------
    NoJsonForm
        It has none, or something in it.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return float(value) if math.isfinite(value) else None
        case Mapping():
            return {_key(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case bytes() | bytearray():
            return base64_text(value)
        case Decimal():
            return plain(float(value))
        case pd.DataFrame():
            return [plain(record) for record in value.to_dict(orient="records")]
        case pd.Series() | pd.Index() | pd.api.extensions.ExtensionArray():
            return [plain(item) for item in value.tolist()]
        case np.ndarray():
            if value.dtype.kind == "M":  # tolist would give integers for nanoseconds
                return plain(pd.DatetimeIndex(value.ravel()).tolist()) if value.ndim == 1 else _rows(value)
            return plain(value.tolist())
        case np.datetime64():
            return plain(pd.Timestamp(value))
        case np.generic() if not isinstance(value, np.timedelta64 | np.complexfloating):
            return plain(value.item())
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, date | time):
        return value.isoformat()
    raise NoJsonForm(value)


def _rows(value: Any) -> list[Any]:
    return [plain(row) for row in value]


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    return json.dumps(key) if key is None or isinstance(key, bool) else str(key)


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _json(value: Any) -> Json:
    try:
        return Json(json.dumps(plain(value), allow_nan=False))
    except NoJsonForm as error:
        raise ModelError(f"The model returned a {error.type_name}, for which JSON has no form.") from None


def _from_frame(frame: pd.DataFrame) -> Block:
    # Of columns of one name the last one counts, as in a record.
    columns = {str(name): frame.iloc[:, at] for at, name in enumerate(frame.columns)}
    try:
        typed = {name: column_from_series(series, name) for name, series in columns.items()}
    except InvalidInput:
        return _json(pd.DataFrame(columns))
    return Table(typed, len(frame))


def _from_array(result: np.ndarray[Any, Any]) -> Block:
    if result.dtype.kind in "iub" or (result.dtype.kind == "f" and result.dtype.itemsize <= 8):
        return Array(result)
    if result.dtype.kind == "f":
        return Array(result.astype(np.float64))
    if result.ndim > 1 or result.dtype.kind not in "OUSTM":
        return _json(result)
    try:
        return column_from_series(pd.Series(result))
    except InvalidInput:
        return _json(result)
