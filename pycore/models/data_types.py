"""The types of a signature's columns and params: eight simple ones and those built from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from pycore.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np


class DataType(str, Enum):
    """A simple type; equal to its own name, so ``spec.type == "double"`` holds."""

    boolean = "boolean"
    integer = "integer"
    long = "long"
    float = "float"
    double = "double"
    string = "string"
    binary = "binary"
    datetime = "datetime"

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return self.value

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": self.value}

    def to_numpy(self) -> np.dtype[Any]:
        """Return the type of its arrays."""
        # Who scores with R reads signatures too, and does without numpy.
        import numpy as np

        return np.dtype(_NUMPY_TYPES[self])

    def to_pandas(self) -> Any:
        """Return the type of its columns in a frame; texts and bytes are objects there."""
        return object if self in (DataType.string, DataType.binary) else self.to_numpy()

    def to_python(self) -> type:
        """Return the type of its single values."""
        return _PYTHON_TYPES[self]

    def to_spark(self) -> Any:
        """Return the type of its columns in Spark."""
        from pyspark.sql import types  # an extra brings it

        return getattr(types, _SPARK_TYPES[self])()

    @classmethod
    def all_types(cls) -> list[DataType]:
        """Return all simple types."""
        return list(cls)


_NUMPY_TYPES = {
    DataType.boolean: "bool",
    DataType.integer: "int32",
    DataType.long: "int64",
    DataType.float: "float32",
    DataType.double: "float64",
    DataType.string: "str",
    DataType.binary: "bytes",
    DataType.datetime: "datetime64[ns]",
}
_PYTHON_TYPES: Mapping[DataType, type] = {
    DataType.boolean: bool,
    DataType.integer: int,
    DataType.long: int,
    DataType.float: float,
    DataType.double: float,
    DataType.string: str,
    DataType.binary: bytes,
    DataType.datetime: date,
}
_SPARK_TYPES = {
    DataType.boolean: "BooleanType",
    DataType.integer: "IntegerType",
    DataType.long: "LongType",
    DataType.float: "FloatType",
    DataType.double: "DoubleType",
    DataType.string: "StringType",
    DataType.binary: "BinaryType",
    DataType.datetime: "TimestampType",
}


@dataclass(frozen=True)
class ArrayType:
    """A list whose items share a type."""

    dtype: ValueType

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", as_type(self.dtype))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": "array", "items": self.dtype.to_dict()}


@dataclass(frozen=True)
class Property:
    """One entry of an `ObjectType`."""

    name: str
    dtype: ValueType
    required: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", as_type(self.dtype))


@dataclass(frozen=True)
class ObjectType:
    """A mapping whose keys are known, each with a type of its own."""

    properties: tuple[Property, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "properties", tuple(self.properties))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        entries = {part.name: part.dtype.to_dict() | {"required": part.required} for part in self.properties}
        return {"type": "object", "properties": entries}


@dataclass(frozen=True)
class MapType:
    """A mapping of any texts to values of one type."""

    value_type: ValueType

    def __post_init__(self) -> None:
        object.__setattr__(self, "value_type", as_type(self.value_type))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": "map", "values": self.value_type.to_dict()}


@dataclass(frozen=True)
class AnyType:
    """No promise about the value."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": "any"}


@dataclass(frozen=True)
class SparkVectorType:
    """A vector of Spark ML, as its models declare it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": "sparkml_vector"}


ValueType: TypeAlias = DataType | ArrayType | ObjectType | MapType | AnyType | SparkVectorType

_SIMPLE = {member.value: member for member in DataType}


def as_type(given: ValueType | str) -> ValueType:
    """Return a type that may be given by the name of a simple one.

    Raises
    ------
    InvalidInput
        No simple type has this name.
    """
    if isinstance(given, ValueType):
        return given
    if not isinstance(given, str):
        raise InvalidInput(f"a type is a DataType or its name, not {given!r:.60} ({type(given).__name__})")
    try:
        return _SIMPLE[given]
    except KeyError:
        raise InvalidInput(
            f"unknown type {given!r}; the types are {', '.join(_SIMPLE)}, "
            "and array, object, map and any in their JSON form"
        ) from None


def is_required(described: Mapping[str, Any], value_type: ValueType) -> bool:
    """Return whether a column or property must be present.

    Files of old writers do not say; a simple type is then required and a composed one is not.
    """
    return bool(described.get("required", isinstance(value_type, DataType)))


def type_from_dict(described: Any) -> ValueType:
    """Read the JSON form of a type; keys beside those of the type are the caller's to judge.

    Raises
    ------
    InvalidInput
        The form is incomplete or names an unknown type.
    """
    if not isinstance(described, Mapping) or not isinstance(described.get("type"), str):
        raise InvalidInput(f"a type is an object with a key 'type', not {described!r}")
    name = described["type"]
    match name:
        case "array":
            return ArrayType(type_from_dict(_part(described, "items")))
        case "map":
            return MapType(type_from_dict(_part(described, "values")))
        case "object":
            entries = _part(described, "properties")
            return ObjectType(tuple(_property(key, entry) for key, entry in entries.items()))
        case "any":
            return AnyType()
        case "sparkml_vector":
            return SparkVectorType()
        case _:
            return as_type(name)


def _part(described: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = described.get(key)
    if not isinstance(part, Mapping):
        raise InvalidInput(f"the type {described['type']!r} needs an object under {key!r}, not {part!r}")
    return part


def _property(name: str, described: Any) -> Property:
    value_type = type_from_dict(described)
    return Property(name, value_type, is_required(described, value_type))


def fits(value: Any, value_type: ValueType) -> bool:
    """Return whether a JSON value is of a type; null fits wherever it stands."""
    match value_type:
        case AnyType():
            return True
        case ArrayType():
            return isinstance(value, list) and all(_fits_or_null(item, value_type.dtype) for item in value)
        case MapType():
            return isinstance(value, dict) and all(
                _fits_or_null(item, value_type.value_type) for item in value.values()
            )
        case ObjectType():
            known = {part.name: part for part in value_type.properties}
            return (
                isinstance(value, dict)
                and set(value) <= set(known)
                and all(part.name in value for part in value_type.properties if part.required)
                and all(_fits_or_null(item, known[name].dtype) for name, item in value.items())
            )
        case SparkVectorType():
            return isinstance(value, dict | list)
        case _:
            return _fits_simple(value, value_type)


def _fits_or_null(value: Any, value_type: ValueType) -> bool:
    return value is None or fits(value, value_type)


def _fits_simple(value: Any, value_type: DataType) -> bool:
    if value_type is DataType.boolean or isinstance(value, bool):
        return value_type is DataType.boolean and isinstance(value, bool)
    if value_type in (DataType.double, DataType.float):
        return isinstance(value, int | float)
    if value_type in (DataType.integer, DataType.long):
        limit = 2 ** (31 if value_type is DataType.integer else 63)
        return isinstance(value, int) and -limit <= value < limit
    return isinstance(value, str)
