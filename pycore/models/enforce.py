"""Requests held to a model's signature: columns into a table, lists into an array, params into values.

The rules are those of MLflow's scoring server where it converts loosely and means well, and stricter
where it loses something silently: a fraction given for an integer, an integer out of range, a text
that is no truth value.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pycore.errors import InvalidInput, SignatureMismatch
from pycore.models.columns import Array, Column, Table
from pycore.models.data_types import DataType, ValueType
from pycore.models.json_values import ValueFault, column_from_values, shown
from pycore.models.param_schema import ParamSchema
from pycore.models.schema import ColSpec, Schema, TensorSpec

_log = logging.getLogger(__name__)

#: Names of foreign columns in a message.
_NAMES_SHOWN = 20

#: The values of one column, as they come.
Values: TypeAlias = Sequence[Any] | Column

#: The kinds that are of a declared type already.
_KINDS: Mapping[DataType, frozenset[str]] = {
    DataType.boolean: frozenset({"logical"}),
    DataType.integer: frozenset({"integer"}),
    DataType.long: frozenset({"long"}),
    DataType.float: frozenset({"double"}),
    DataType.double: frozenset({"double"}),
    DataType.string: frozenset({"text", "factor", "ordered"}),
    DataType.datetime: frozenset({"date", "datetime"}),
}


def table_from_columns(
    columns: Mapping[str, Values], schema: Schema | None, n_rows: int | None = None
) -> Table:
    """Turn lists of plain JSON values, or columns typed by their sender, into a typed table.

    Parameters
    ----------
    columns : mapping of str to sequence or Column
        By name, or by position as ``"0"``, ``"1"``, ... for a schema without names.
    schema : Schema, optional
        Columns of a signature: they are converted to its types and put into its order, others are
        dropped, and optional ones may be absent. Without it the kinds follow from the values.
    n_rows : int, optional
        Number of rows where there may be no columns to tell it.

    Returns
    -------
    Table
        With null as missing, in required columns too. Binary columns stay Base64 texts.

    Raises
    ------
    SignatureMismatch
        Names everything that does not fit the schema.
    InvalidInput
        The columns differ in length, or a column without schema mixes kinds.
    """
    if schema is not None and schema.is_tensor_spec():
        raise SignatureMismatch(
            f"The model takes arrays of numbers ({schema}), not named columns; send them under 'inputs'."
        )
    n_rows = _common_length(columns, n_rows)
    faults: list[str] = []
    if schema is None:
        typed = _convert({name: (values, None) for name, values in columns.items()}, faults)
        if faults:
            raise InvalidInput(f"The rows cannot be read: {'; '.join(faults)}.")
    else:
        wanted = {str(name): spec for name, spec in zip(schema.input_names(), schema.columns, strict=True)}
        given = columns if schema.has_input_names() else _by_position(columns)
        missing = [name for name, spec in wanted.items() if spec.required and name not in given]
        if missing:
            extra = [name for name in given if name not in wanted]
            faults.append(_missing(missing, extra))
        present = {name: (given[name], spec) for name, spec in wanted.items() if name in given}
        typed = _convert(present, faults)
        if faults:
            raise SignatureMismatch(f"The rows do not fit the model's signature: {'; '.join(faults)}.")
    return Table(typed, n_rows)


def array_from_lists(values: Any, spec: TensorSpec | None = None) -> Array:
    """Turn nested lists of numbers, truths and nulls into an array.

    Parameters
    ----------
    values : list, nested lists, or one number
        One number is one row.
    spec : TensorSpec, optional
        Converted to its type and checked against its shape.

    Raises
    ------
    SignatureMismatch
        The values do not fit the spec.
    InvalidInput
        The lists are ragged, or hold anything but numbers, truths and nulls.
    """
    error_class = InvalidInput if spec is None else SignatureMismatch
    try:
        data = np.atleast_1d(np.array(values))
    except ValueError as error:
        raise error_class("The lists differ in length; an array needs rows of equal length.") from error
    if data.dtype.kind not in "fiub":
        data = _numbers_from_objects(values, error_class)
    if spec is None:
        return Array(data)
    wanted = np.dtype(spec.type)
    if wanted.kind not in "fiub":
        raise SignatureMismatch(
            f"The model takes an array of {spec.type}; only numbers and truths can be sent."
        )
    if len(spec.shape) != data.ndim or any(
        want not in (-1, have) for want, have in zip(spec.shape, data.shape, strict=True)
    ):
        raise SignatureMismatch(f"The model takes an array of shape {spec.shape}, not {data.shape}.")
    return Array(_cast(data, wanted))


def tensors_from_lists(values: Mapping[str, Any], schema: Schema) -> dict[str, npt.NDArray[Any]]:
    """Turn nested lists into the named arrays of a schema; what it does not name is left out.

    Raises
    ------
    SignatureMismatch
        Names every array that is missing, and every one whose type or shape does not fit.
    """
    arrays = {}
    faults = []
    for spec in schema.tensors:
        name = str(spec.name)
        if name not in values:
            faults.append(f"missing array {name!r}")
            continue
        try:
            arrays[name] = array_from_lists(values[name], spec).data
        except SignatureMismatch as fault:
            faults.append(f"array {name!r}: {fault.message.rstrip('.')}")
    if faults:
        raise SignatureMismatch(f"The arrays do not fit the model's signature: {'; '.join(faults)}.")
    return arrays


def enforce_params(params: Mapping[str, Any] | None, schema: ParamSchema | None) -> dict[str, Any]:
    """Return the params of a call in their declared types, defaults filled in.

    Params that the model does not know are dropped, with a warning in the log, as MLflow does.

    Raises
    ------
    InvalidInput
        Names every param whose value is not of its type.
    """
    given = {} if params is None else params
    if schema is None:
        if given:
            _log.warning("the model's signature has no params; ignored what was given")
        return {}
    if not isinstance(given, Mapping):
        raise InvalidInput(f"params must be an object of name and value, not {shown(given)}")
    unknown = sorted(str(name) for name in set(given) - {spec.name for spec in schema})
    if unknown:
        _log.warning("the model knows no params %s; ignored them", ", ".join(unknown))
    read: dict[str, Any] = {}
    faults = []
    for spec in schema:
        try:
            read[spec.name] = spec.read(given[spec.name]) if spec.name in given else spec.default
        except InvalidInput as error:
            faults.append(error.message)
    if faults:
        raise InvalidInput("; ".join(faults))
    return read


def _common_length(columns: Mapping[str, Values], n_rows: int | None) -> int:
    lengths = {
        name: values.n_rows if isinstance(values, Column) else len(values) for name, values in columns.items()
    }
    if len(set(lengths.values()) | ({n_rows} - {None})) > 1:
        told = ", ".join(f"{name!r}: {length}" for name, length in lengths.items())
        raise InvalidInput(f"The columns differ in length ({told}); each needs one value per row.")
    return next(iter(lengths.values()), n_rows or 0)


def _by_position(columns: Mapping[str, Values]) -> dict[str, Values]:
    return {str(at): values for at, values in enumerate(columns.values())}


def _missing(missing: list[str], extra: list[str]) -> str:
    text = f"missing column{'s' * (len(missing) > 1)} {', '.join(map(repr, missing))}"
    if not extra:
        return text
    names = [shown(name) for name in extra[:_NAMES_SHOWN]] + ["..."] * (len(extra) > _NAMES_SHOWN)
    return f"{text} (besides the signature: {', '.join(names)})"


def _convert(columns: Mapping[str, tuple[Values, ColSpec | None]], faults: list[str]) -> dict[str, Column]:
    """Return the typed columns and append what is wrong with the others."""
    typed = {}
    for name, (values, spec) in columns.items():
        try:
            typed[name] = _column(values, spec.type if spec else None)
        except ValueFault as fault:
            faults.append(f"column {name!r}, {fault}")
    return typed


def _column(values: Values, value_type: ValueType | None) -> Column:
    if not isinstance(values, Column):
        return column_from_values(values, value_type)
    if not isinstance(value_type, DataType) or values.kind in _KINDS.get(value_type, ()):
        return values
    if (value_type, values.kind) == (DataType.long, "integer"):
        return Column("long", values.data.astype(np.int64), values.missing)
    if value_type in (DataType.double, DataType.float) and values.kind in ("integer", "long", "logical"):
        data = values.data.astype(np.float64)
        if values.missing is not None:
            data[values.missing] = np.nan
        return Column("double", data, values.missing)
    return column_from_values(values.to_list(), value_type)


def _numbers_from_objects(values: Any, error_class: type[InvalidInput]) -> npt.NDArray[Any]:
    """Read nested lists with nulls, numeric texts, or integers beyond 64 bits, as doubles."""
    objects = np.atleast_1d(np.array(values, dtype=object))
    flat = objects.ravel().tolist()
    try:
        column = column_from_values(flat, DataType.double)
    except ValueError as error:
        raise error_class("An array holds numbers, truths and nulls in rows of equal length.") from error
    return column.data.reshape(objects.shape)


def _cast(data: npt.NDArray[Any], wanted: np.dtype[Any]) -> npt.NDArray[Any]:
    if wanted.kind in "iub" and data.dtype != wanted:
        limits = (0, 1) if wanted.kind == "b" else (np.iinfo(wanted).min, np.iinfo(wanted).max)
        whole = np.isfinite(data) & (data == np.trunc(data)) & (data >= limits[0]) & (data <= limits[1])
        if not whole.all():
            at = tuple(np.argwhere(~whole)[0].tolist())
            raise SignatureMismatch(
                f"The model takes an array of {wanted}; {data[at]} at {list(at)} is none."
            )
    return data.astype(wanted, copy=False)
