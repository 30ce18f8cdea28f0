"""JSON bodies of older clients, rewritten into the form of today.

=====================================  ==========================================  =====================
body                                   sent by                                     becomes
=====================================  ==========================================  =====================
``[{"a": 1}, {"a": 2}]``               MLflow 1, R's ``toJSON`` of a data frame    ``dataframe_records``
``{"columns": ["a"], "data": [[1]]}``  MLflow 1, ``DataFrame.to_json("split")``    ``dataframe_split``
``{"a": [1, 2], "b": [3, 4]}``         the R server's own ``/predict``             ``inputs``
=====================================  ==========================================  =====================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycore.models.schema import Schema

_SPLIT_KEYS = frozenset({"columns", "data", "index"})


def modernized(body: Any, schema: Schema | None) -> Any:
    """Return a legacy body as today's client would send it, and any other as it is.

    Parameters
    ----------
    body : object
        Parsed JSON, without any of the keys that today's bodies have.
    schema : Schema, optional
        Tells which names are columns.
    """
    if isinstance(body, list) and all(isinstance(record, dict) for record in body):
        return {"dataframe_records": body}
    if not isinstance(body, dict):
        return body
    rest = {name: value for name, value in body.items() if name != "params"}
    params = {"params": body["params"]} if "params" in body else {}
    if _is_split(rest):
        return {"dataframe_split": rest, **params}
    if _are_columns(rest, schema):
        return {"inputs": rest, **params}
    return body


def _is_split(body: Mapping[str, Any]) -> bool:
    if not body.keys() <= _SPLIT_KEYS or not isinstance(body.get("data"), list):
        return False
    # A table may have columns of these names; its cells are not rows.
    return all(isinstance(row, list) for row in body["data"])


def _are_columns(body: Mapping[str, Any], schema: Schema | None) -> bool:
    """Return whether an object can only be meant as columns by name."""
    if schema is not None:
        names = schema.input_names()
        return any(name in body for name in names) and all(n in body for n in schema.required_input_names())
    lengths = {len(column) if isinstance(column, list) else -1 for column in body.values()}
    return len(lengths) == 1 and -1 not in lengths
