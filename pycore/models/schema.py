"""What a model takes or gives, column by column or tensor by tensor."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pycore.errors import InvalidInput, InvalidModel
from pycore.models.arguments import checked, checked_fields
from pycore.models.data_types import DataType, ValueType, as_type, is_required, type_from_dict

if TYPE_CHECKING:
    import numpy as np

#: Keys that may stand in a column of a simple type; MLflow's own reader fails on any other.
_COLUMN_KEYS = frozenset({"type", "name", "required"})


@checked_fields
@dataclass(frozen=True)
class ColSpec:
    """One column.

    Parameters
    ----------
    type : DataType, composed type or str
        A simple type may be given by its name.
    name : str or int, optional
        Columns of a frame without names are called 0, 1, ...
    required : bool
        The column must be present and, for Python models, free of missing values.
    """

    type: ValueType
    name: str | int | None = None
    required: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", as_type(self.type))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        named = {} if self.name is None else {"name": self.name}
        return self.type.to_dict() | named | {"required": self.required}

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> ColSpec:
        """Read the JSON form.

        Raises
        ------
        InvalidInput
            An unknown type, or a key that is not part of the format.
        """
        value_type = type_from_dict(described)
        name = described.get("name")
        if name is not None and (not isinstance(name, str | int) or isinstance(name, bool)):
            raise InvalidInput(f"the name of a column is a text or an integer, not {name!r}")
        foreign = sorted(set(described) - _COLUMN_KEYS)
        if isinstance(value_type, DataType) and foreign:
            raise InvalidInput(
                f"column {name!r} has the unknown keys {foreign}; keep own data in the flavor or in metadata"
            )
        return cls(value_type, name, is_required(described, value_type))

    def __repr__(self) -> str:
        label = "" if self.name is None else f"{self.name!r}: "
        return f"{label}{_label(self.type)} ({'required' if self.required else 'optional'})"


@dataclass(frozen=True)
class TensorSpec:
    """One array of numbers.

    Parameters
    ----------
    type : str or numpy dtype
        Kept as numpy's name, without length for ``str`` and ``bytes``.
    shape : tuple of int
        -1 where the length is free.
    name : str, optional
    """

    type: str
    shape: tuple[int, ...]
    name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.shape, tuple | list):
            raise InvalidInput(f"the shape of a tensor is a tuple of lengths, not {self.shape!r:.60}")
        object.__setattr__(self, "type", _dtype_name(self.type))
        object.__setattr__(self, "shape", tuple(int(length) for length in self.shape))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        named = {} if self.name is None else {"name": self.name}
        return named | {
            "type": "tensor",
            "tensor-spec": {"dtype": self.type, "shape": list(self.shape)},
        }

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> TensorSpec:
        """Read the JSON form.

        Raises
        ------
        InvalidInput
            The part ``tensor-spec`` is absent or incomplete.
        """
        spec = described.get("tensor-spec")
        if not isinstance(spec, Mapping) or not isinstance(spec.get("dtype"), str):
            raise InvalidInput(f"a tensor needs 'tensor-spec' with 'dtype' and 'shape', not {spec!r}")
        shape = spec.get("shape")
        if not isinstance(shape, list) or not all(isinstance(length, int) for length in shape):
            raise InvalidInput(f"the shape of a tensor is a list of integers, not {shape!r}")
        return cls(spec["dtype"], tuple(shape), described.get("name"))

    def __repr__(self) -> str:
        label = "" if self.name is None else f"{self.name!r}: "
        return f"{label}Tensor({self.type}, {self.shape})"


@dataclass(frozen=True)
class Schema:
    """Columns, or tensors, of a model's input or output.

    Parameters
    ----------
    inputs : iterable of ColSpec, or of TensorSpec
        At least one; all named or none; several tensors need names.

    Raises
    ------
    InvalidInput
        The parts do not go together.
    """

    inputs: tuple[ColSpec | TensorSpec, ...]

    @checked
    def __init__(self, inputs: Iterable[ColSpec | TensorSpec]) -> None:
        object.__setattr__(self, "inputs", tuple(inputs))
        self._check()

    def _check(self) -> None:
        for spec in self.inputs:
            if not isinstance(spec, ColSpec | TensorSpec):
                raise InvalidInput(
                    f"a schema consists of ColSpec or TensorSpec, not of a {type(spec).__name__}"
                )
        if not self.inputs:
            raise InvalidInput("a schema needs at least one column or tensor")
        if len({type(spec) for spec in self.inputs}) > 1:
            raise InvalidInput("a schema has columns or tensors, not both")
        unnamed = [spec for spec in self.inputs if spec.name is None]
        if unnamed and len(unnamed) < len(self.inputs):
            raise InvalidInput("either all or none of the columns of a schema have names")
        if unnamed and self.is_tensor_spec() and len(self.inputs) > 1:
            raise InvalidInput("several tensors need names")
        if any(isinstance(spec, ColSpec) and not spec.required for spec in unnamed):
            raise InvalidInput("a column without a name cannot be optional")
        twice = [name for name, count in Counter(self.input_names()).items() if count > 1]
        if twice and not unnamed:
            raise InvalidInput(f"a schema names {', '.join(map(repr, twice))} more than once")

    @property
    def columns(self) -> tuple[ColSpec, ...]:
        """The columns; empty for tensors."""
        return tuple(spec for spec in self.inputs if isinstance(spec, ColSpec))

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """The tensors; empty for columns."""
        return tuple(spec for spec in self.inputs if isinstance(spec, TensorSpec))

    def is_tensor_spec(self) -> bool:
        """Return whether the schema has tensors instead of columns."""
        return isinstance(self.inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Return whether the parts have names."""
        return self.inputs[0].name is not None

    def input_names(self) -> list[str | int]:
        """Return the names, or positions where there are none."""
        return [at if spec.name is None else spec.name for at, spec in enumerate(self.inputs)]

    def required_input_names(self) -> list[str | int]:
        """Return the names of what must be present; tensors always must."""
        return [
            name
            for name, spec in zip(self.input_names(), self.inputs, strict=True)
            if isinstance(spec, TensorSpec) or spec.required
        ]

    def input_types(self) -> list[Any]:
        """Return the types, in order."""
        return [spec.type for spec in self.inputs]

    def numpy_types(self) -> list[np.dtype[Any]]:
        """Return the types of arrays, in order.

        Raises
        ------
        InvalidInput
            A column is of a composed type.
        """
        import numpy as np  # as in DataType.to_numpy

        if self.is_tensor_spec():
            return [np.dtype(spec.type) for spec in self.tensors]
        return [kind.to_numpy() for kind in self._simple_types("numpy")]

    def pandas_types(self) -> list[Any]:
        """Return the types of columns in a frame, in order.

        Raises
        ------
        InvalidInput
            A column is of a composed type, or the schema has tensors.
        """
        return [kind.to_pandas() for kind in self._simple_types("pandas")]

    def as_spark_schema(self) -> Any:
        """Return the type of a row in Spark; of a single column without a name, its type.

        Raises
        ------
        InvalidInput
            A column is of a composed type, or the schema has tensors.
        """
        kinds = [kind.to_spark() for kind in self._simple_types("Spark")]
        if len(kinds) == 1 and not self.has_input_names():
            return kinds[0]
        from pyspark.sql import types  # an extra brings it

        names = map(str, self.input_names())
        fields = [
            types.StructField(name, kind, nullable=not spec.required)
            for name, kind, spec in zip(names, kinds, self.columns, strict=True)
        ]
        return types.StructType(fields)

    def _simple_types(self, library: str) -> list[DataType]:
        if self.is_tensor_spec():
            raise InvalidInput(
                f"The schema has tensors, which have no types of {library}; see numpy_types()."
            )
        composed = [spec for spec in self.columns if not isinstance(spec.type, DataType)]
        if composed:
            raise InvalidInput(
                f"Only simple types have one of {library}, and not {', '.join(map(repr, composed))}."
            )
        return [spec.type for spec in self.columns if isinstance(spec.type, DataType)]

    def input_types_dict(self) -> dict[str | int, Any]:
        """Return the types by name."""
        return dict(zip(self.input_names(), self.input_types(), strict=True))

    def optional_input_names(self) -> list[str | int]:
        """Return the names of what may be absent."""
        required = set(self.required_input_names())
        return [name for name in self.input_names() if name not in required]

    def input_dict(self) -> dict[str | int, ColSpec | TensorSpec]:
        """Return the parts by name."""
        return dict(zip(self.input_names(), self.inputs, strict=True))

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the JSON form, a list."""
        return [spec.to_dict() for spec in self.inputs]

    def to_json(self) -> str:
        """Return the JSON text, on one line."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, json_str: str) -> Schema:
        """Read the JSON text.

        Raises
        ------
        InvalidModel
            The text is no JSON, or what it says is no schema.
        """
        try:
            return cls([_spec_from_dict(part) for part in read_list(json_str)])
        except InvalidInput as error:
            raise InvalidModel(error.message) from error

    def __len__(self) -> int:
        return len(self.inputs)

    def __iter__(self) -> Iterator[ColSpec | TensorSpec]:
        return iter(self.inputs)

    def __repr__(self) -> str:
        return repr(list(self.inputs))


def read_list(text: Any) -> list[Mapping[str, Any]]:
    """Read a JSON text that holds a list of objects, as signatures keep them.

    Raises
    ------
    InvalidInput
        It is something else.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"expected a JSON text, not a {type(text).__name__}")
    try:
        parts = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"not valid JSON: {error}") from error
    if not isinstance(parts, list) or not all(isinstance(part, Mapping) for part in parts):
        raise InvalidInput("expected a JSON list of objects")
    return parts


def _spec_from_dict(described: Mapping[str, Any]) -> ColSpec | TensorSpec:
    if described.get("type") == "tensor":
        return TensorSpec.from_dict(described)
    return ColSpec.from_dict(described)


def _dtype_name(given: Any) -> str:
    if isinstance(given, str):
        return given
    kind = getattr(given, "kind", "")
    if kind in ("U", "S"):  # numpy's name would count the characters
        return "str" if kind == "U" else "bytes"
    return str(getattr(given, "name", None) or getattr(given, "__name__", given))


def _label(value_type: ValueType) -> str:
    return value_type.value if isinstance(value_type, DataType) else json.dumps(value_type.to_dict())
