"""Params a caller may pass beside the rows, each with its type and default."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pycore.errors import InvalidInput, InvalidModel
from pycore.models.arguments import checked, checked_fields
from pycore.models.data_types import DataType, ObjectType, ValueType, as_type, type_from_dict
from pycore.models.schema import read_list

_RANGES = {DataType.integer: 2**31, DataType.long: 2**63}


@checked_fields
@dataclass(frozen=True)
class ParamSpec:
    """One param.

    Parameters
    ----------
    name : str
    dtype : DataType or str
    default : object
        None allowed.
    shape : (-1,), optional
        Given for a list of values.

    Raises
    ------
    InvalidInput
        The default is not of the type.
    """

    name: str
    dtype: ValueType
    default: Any
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", as_type(self.dtype))
        if self.shape is not None:
            object.__setattr__(self, "shape", tuple(self.shape))
            if len(self.shape) != 1:
                raise InvalidInput(f"the shape of param {self.name!r} is None or (-1,), not {self.shape}")
        if self.default is not None:
            object.__setattr__(self, "default", self.read(self.default))

    def read(self, value: Any) -> Any:
        """Return a value in the param's type.

        An integer is taken for a number with a fraction, and a whole number for an integer; nothing
        else is converted but ISO 8601 texts of datetimes.

        Raises
        ------
        InvalidInput
            The value is of another type, or out of its range.
        """
        if self.shape is None:
            return None if value is None else self._scalar(value)
        if hasattr(value, "tolist"):  # a numpy array
            value = value.tolist()
        if not isinstance(value, list | tuple):
            raise InvalidInput(f"param {self.name!r} takes a list of {_name(self.dtype)}, not {value!r:.60}")
        return [self._scalar(item) for item in value]

    def _scalar(self, value: Any) -> Any:
        if not isinstance(self.dtype, DataType):
            if isinstance(self.dtype, ObjectType) and not isinstance(value, Mapping):
                raise InvalidInput(f"param {self.name!r} takes an object, not {value!r:.60}")
            return value
        if hasattr(value, "item"):  # a numpy scalar
            value = value.item()
        try:
            return _READERS[self.dtype](value, self.dtype)
        except ValueError:
            raise InvalidInput(
                f"param {self.name!r} takes {_ARTICLES[self.dtype]}, not {value!r:.60}"
            ) from None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        shape = None if self.shape is None else list(self.shape)
        return {"name": self.name, "default": _plain(self.default), "shape": shape} | self.dtype.to_dict()

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> ParamSpec:
        """Read the JSON form; early files say ``dtype`` for ``type``.

        Raises
        ------
        InvalidInput
            A part is absent or wrong.
        """
        typed = dict(described)
        if "type" not in typed and "dtype" in typed:
            typed["type"] = typed["dtype"]
        name = typed.get("name")
        if not isinstance(name, str):
            raise InvalidInput(f"a param needs a name, a text, not {name!r}")
        shape = typed.get("shape")
        if shape is not None and not isinstance(shape, list):
            raise InvalidInput(f"the shape of param {name!r} is null or a list, not {shape!r}")
        return cls(name, type_from_dict(typed), typed.get("default"), None if shape is None else tuple(shape))

    def __repr__(self) -> str:
        listed = "" if self.shape is None else " list"
        return f"{self.name!r}: {_name(self.dtype)}{listed} (default: {self.default})"


@dataclass(frozen=True)
class ParamSchema:
    """The params of a model.

    Parameters
    ----------
    params : iterable of ParamSpec
        With distinct names.
    """

    params: tuple[ParamSpec, ...]

    @checked
    def __init__(self, params: Iterable[ParamSpec]) -> None:
        object.__setattr__(self, "params", tuple(params))
        for spec in self.params:
            if not isinstance(spec, ParamSpec):
                raise InvalidInput(f"the params of a model are ParamSpec, not a {type(spec).__name__}")
        names = [spec.name for spec in self.params]
        if len(set(names)) < len(names):
            raise InvalidInput(f"the params {sorted(names)} are not all different")

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the JSON form, a list."""
        return [spec.to_dict() for spec in self.params]

    def to_json(self) -> str:
        """Return the JSON text, on one line."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, json_str: str) -> ParamSchema:
        """Read the JSON text.

        Raises
        ------
        InvalidModel
            The text is no JSON, or what it says is no list of params.
        """
        try:
            return cls(ParamSpec.from_dict(part) for part in read_list(json_str))
        except InvalidInput as error:
            raise InvalidModel(error.message) from error

    def __len__(self) -> int:
        return len(self.params)

    def __iter__(self) -> Iterator[ParamSpec]:
        return iter(self.params)

    def __repr__(self) -> str:
        return repr(list(self.params))


def _name(value_type: ValueType) -> str:
    return str(value_type) if isinstance(value_type, DataType) else str(value_type.to_dict()["type"])


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _read_boolean(value: Any, _: DataType) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError


def _read_whole(value: Any, dtype: DataType) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise ValueError
    if not -_RANGES[dtype] <= value < _RANGES[dtype]:
        raise ValueError
    return int(value)


def _read_number(value: Any, _: DataType) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError from error


def _read_text(value: Any, _: DataType) -> str:
    if isinstance(value, str):
        return value
    raise ValueError


def _read_binary(value: Any, _: DataType) -> Any:
    if isinstance(value, bytes | str):
        return value
    raise ValueError


def _read_datetime(value: Any, _: DataType) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return datetime.fromisoformat(value.removesuffix("Z"))
    raise ValueError


_READERS = {
    DataType.boolean: _read_boolean,
    DataType.integer: _read_whole,
    DataType.long: _read_whole,
    DataType.float: _read_number,
    DataType.double: _read_number,
    DataType.string: _read_text,
    DataType.binary: _read_binary,
    DataType.datetime: _read_datetime,
}

_ARTICLES = {
    DataType.boolean: "true or false",
    DataType.integer: "an integer of 32 bits",
    DataType.long: "an integer of 64 bits",
    DataType.float: "a number",
    DataType.double: "a number",
    DataType.string: "a text",
    DataType.binary: "bytes",
    DataType.datetime: "an ISO 8601 date or time",
}
