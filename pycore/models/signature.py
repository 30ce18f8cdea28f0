"""A model's signature: what it takes, what it gives, and which params it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pycore.errors import InvalidInput, InvalidModel
from pycore.models.arguments import checked
from pycore.models.param_schema import ParamSchema
from pycore.models.schema import Schema


@dataclass(frozen=True)
class ModelSignature:
    """Inputs, outputs and params of a model, each None where unknown.

    Parameters
    ----------
    inputs, outputs : Schema, optional
    params : ParamSchema, optional

    Raises
    ------
    InvalidInput
        All three are absent: leave out the signature instead.
    """

    inputs: Schema | None = None
    outputs: Schema | None = None
    params: ParamSchema | None = None

    def __post_init__(self) -> None:
        for name, kind in (("inputs", Schema), ("outputs", Schema), ("params", ParamSchema)):
            if not isinstance(given := getattr(self, name), kind | None):
                raise InvalidInput(f"{name} must be a {kind.__name__} or None, not a {type(given).__name__}.")
        if self.inputs is None and self.outputs is None and self.params is None:
            raise InvalidInput("a signature needs inputs, outputs or params; leave it out when none is known")

    def to_dict(self) -> dict[str, str | None]:
        """Return the form of the MLmodel file: a JSON text, or None, for each of the three."""
        return {
            "inputs": self.inputs.to_json() if self.inputs else None,
            "outputs": self.outputs.to_json() if self.outputs else None,
            "params": self.params.to_json() if self.params else None,
        }

    @classmethod
    def from_dict(cls, signature_dict: Mapping[str, Any]) -> ModelSignature:
        """Read the form of the MLmodel file; keys beside the three are ignored.

        Raises
        ------
        InvalidModel
            A part is no JSON text, or no schema; the message names the part.
        """
        if not isinstance(signature_dict, Mapping):
            raise InvalidModel(
                "The signature is a mapping of inputs, outputs and params, not a "
                f"{type(signature_dict).__name__}."
            )
        parts: dict[str, Any] = {}
        for name, kind in (("inputs", Schema), ("outputs", Schema), ("params", ParamSchema)):
            text = signature_dict.get(name)
            try:
                parts[name] = None if text is None else kind.from_json(text)
            except InvalidModel as error:
                raise InvalidModel(f"The {name} of the signature cannot be read: {error.message}.") from error
        try:
            return cls(**parts)
        except InvalidInput as error:
            raise InvalidModel(
                "The signature is empty. Give it inputs, outputs or params, or remove the key 'signature'."
            ) from error

    def __repr__(self) -> str:
        return f"inputs:\n  {self.inputs}\noutputs:\n  {self.outputs}\nparams:\n  {self.params}\n"


@checked
def infer_signature(
    model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None
) -> ModelSignature:
    """Return the signature that example data has.

    Parameters
    ----------
    model_input, model_output : DataFrame, Series, ndarray, dict, list, sparse matrix or scalar, optional
    params : mapping, optional
        Defaults by name.

    Raises
    ------
    InvalidInput
        All three are absent, or a param's default is of no known type.
    """
    # pandas is needed by examples only; reading a signature must do without.
    from pycore.models.signature_inference import infer_param_schema, infer_schema

    return ModelSignature(
        inputs=None if model_input is None else infer_schema(model_input),
        outputs=None if model_output is None else infer_schema(model_output),
        params=infer_param_schema(params) if params else None,
    )
