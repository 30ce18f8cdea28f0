"""What a scoring server answers to, as an OpenAPI description made from the model's signature.

References
----------
OpenAPI 3.1, whose schemas are those of JSON Schema 2020-12. MLflow scoring protocol, JSON bodies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from pycore.models.data_types import ArrayType, DataType, MapType, ObjectType, ValueType
from pycore.models.param_schema import ParamSchema, ParamSpec
from pycore.models.schema import ColSpec, Schema, TensorSpec
from pycore.models.signature import ModelSignature
from pycore.scoring.content_type import ARROW

Json = dict[str, Any]

#: The JSON Schema of each simple type.
_SIMPLE: Mapping[DataType, Json] = {
    DataType.boolean: {"type": "boolean"},
    DataType.integer: {"type": "integer", "format": "int32"},
    DataType.long: {"type": "integer", "format": "int64"},
    DataType.float: {"type": "number", "format": "float"},
    DataType.double: {"type": "number", "format": "double"},
    DataType.string: {"type": "string"},
    DataType.binary: {"type": "string", "contentEncoding": "base64"},
    DataType.datetime: {"type": "string", "format": "date-time"},
}
#: The name of the columns' schema, and of a row's, among those that others refer to.
_ROW = {"$ref": "#/components/schemas/Row"}
_COLUMNS = {"$ref": "#/components/schemas/Columns"}
_ERROR = {"$ref": "#/components/schemas/Error"}

_REFUSALS = {
    "400": "The body does not fit the model, or the model refused it.",
    "413": "The body is, or unfolds to, more than the server's limit.",
    "415": "The content type is none of those below.",
    "500": "The model killed the process it ran in, or the server is at fault.",
    "503": "The model is busy or starting; Retry-After says when to come back.",
    "504": "The model took longer than its time limit.",
}


def describe(signature: ModelSignature | None, example: Any = None) -> Json:
    """Return the OpenAPI description of a server of one model.

    Parameters
    ----------
    signature : ModelSignature, optional
        Without it any rows are taken.
    example : object, optional
        The input example as the JSON body it would be.
    """
    inputs = signature.inputs if signature else None
    schemas: Json = {
        "Error": _object({"error_code": {"type": "string"}, "message": {"type": "string"}}),
        **_parts(inputs),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Scoring",
            "version": version("crateflow"),
            "description": "Predictions of one model, one for each row.",
        },
        # Beside this description, wherever a gateway or a proxy has put it.
        "servers": [{"url": "."}],
        "paths": {
            "/invocations": {"post": _invocations(signature, example)},
            "/ping": {"get": _probe("Whether the model can score.")},
            "/health": {"get": _probe("The same as /ping.")},
            "/version": {"get": _text("The version of the server, as bare text.", "application/json")},
            "/metrics": {"get": _text("Figures for Prometheus.")},
        },
        "components": {"schemas": schemas},
    }


def _invocations(signature: ModelSignature | None, example: Any) -> Json:
    inputs, outputs = (signature.inputs, signature.outputs) if signature else (None, None)
    body: Json = {"schema": _body(inputs, signature.params if signature else None)}
    if example is not None:
        body["examples"] = {"input example": {"value": example}}
    content: Json = {"application/json": body}
    if inputs is None or not inputs.is_tensor_spec():
        content["text/csv"] = {"schema": {"type": "string"}} | _csv_example(inputs)
        content[ARROW] = {"schema": {"type": "string", "format": "binary"}}
    predictions = _object({"predictions": _rows(outputs) if outputs else {}})
    return {
        "summary": "Score rows.",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": "One prediction for each row; an Arrow stream for who accepts one.",
                "content": {"application/json": {"schema": predictions}, ARROW: {}},
            },
            **{status: _refusal(meaning) for status, meaning in _REFUSALS.items()},
        },
    }


def _body(inputs: Schema | None, params: ParamSchema | None) -> Json:
    """Return the schema of a JSON body: one form for each key that may hold the rows."""
    more = {"params": _params(params)} if params else {}
    forms = [_object({key: schema} | more, required=[key]) for key, schema in _forms(inputs).items()]
    return forms[0] if len(forms) == 1 else {"oneOf": forms}


def _forms(inputs: Schema | None) -> dict[str, Json]:
    if inputs is not None and inputs.is_tensor_spec():
        tensors = _tensors(inputs.tensors)
        return {"inputs": tensors, "instances": tensors}
    split: Json = _object(
        {"columns": _list({"type": "string"}), "data": _list(_list({})), "index": _list({})},
        required=["data"],
    )
    if inputs is None:
        anything: Json = {"description": "Rows, columns by name, or a list of values."}
        return {
            "dataframe_split": split,
            "dataframe_records": _list({"type": "object"}),
            "inputs": anything,
            "instances": anything,
        }
    if not inputs.has_input_names():
        split["properties"]["data"] = _COLUMNS
        return {"dataframe_split": split, "inputs": _COLUMNS, "instances": _COLUMNS}
    split["properties"]["columns"]["examples"] = [[str(name) for name in inputs.input_names()]]
    # Without any column there are no rows, and no predictions.
    either: Json = {"anyOf": [_COLUMNS, _list(_ROW), {"type": "object", "maxProperties": 0}]}
    return {
        "dataframe_split": split | {"required": ["columns", "data"]},
        "dataframe_records": _list(_ROW),
        "inputs": either,
        "instances": either,
    }


def _parts(inputs: Schema | None) -> dict[str, Json]:
    """Return the schemas of rows and columns, which several forms refer to."""
    if inputs is None or inputs.is_tensor_spec():
        return {}
    if not inputs.has_input_names():
        cells = [_cell(spec) for spec in inputs.columns]
        return {"Columns": _list({"type": "array", "prefixItems": cells, "minItems": len(cells)})}
    names = [str(name) for name in inputs.required_input_names()]
    cells_by_name = {str(spec.name): _cell(spec) for spec in inputs.columns}
    columns = {name: _list(cell) for name, cell in cells_by_name.items()}
    return {"Row": _object(cells_by_name, names), "Columns": _object(columns, names)}


def _rows(outputs: Schema) -> Json:
    """Return the schema of predictions."""
    if outputs.is_tensor_spec():
        return _tensors(outputs.tensors)
    if not outputs.has_input_names() or len(outputs) == 1:
        # Models say one column and give values, or one column and give rows of it.
        return _list(_cell(outputs.columns[0]) if len(outputs) == 1 else {})
    return _list(_object({str(spec.name): _cell(spec) for spec in outputs.columns}, []))


def _tensors(tensors: Sequence[TensorSpec]) -> Json:
    if tensors[0].name is None:
        return _tensor(tensors[0])
    return _object({str(spec.name): _tensor(spec) for spec in tensors})


def _tensor(spec: TensorSpec) -> Json:
    """Return the schema of nested lists."""
    nested: Json = {"type": "string"} if spec.type in ("str", "object") else {"type": ["number", "boolean"]}
    for length in reversed(spec.shape):
        nested = _list(nested)
        if length >= 0:
            nested |= {"minItems": length, "maxItems": length}
    return nested | {"description": f"{spec.type}, shape {list(spec.shape)}; -1 is any length"}


def _cell(spec: ColSpec) -> Json:
    schema = _value(spec.type)
    whole = spec.type in (DataType.boolean, DataType.integer, DataType.long)
    if "type" in schema and not (whole and spec.required):
        # How a missing value is sent.
        schema["type"] = [schema["type"], "null"]
    return schema


def _value(value_type: ValueType) -> Json:
    match value_type:
        case ArrayType():
            return _list(_value(value_type.dtype))
        case MapType():
            return {"type": "object", "additionalProperties": _value(value_type.value_type)}
        case ObjectType():
            required = [part.name for part in value_type.properties if part.required]
            return _object({part.name: _value(part.dtype) for part in value_type.properties}, required)
        case DataType():
            return dict(_SIMPLE[value_type])
        case _:
            return {}


def _params(params: ParamSchema) -> Json:
    return _object({spec.name: _param(spec) for spec in params}, required=[])


def _param(spec: ParamSpec) -> Json:
    schema = _value(spec.dtype) if spec.shape is None else _list(_value(spec.dtype))
    return schema | {"default": spec.to_dict()["default"]}


def _csv_example(inputs: Schema | None) -> Json:
    if inputs is None or not inputs.has_input_names():
        return {}
    header = ",".join(str(name) for name in inputs.input_names())
    return {"example": f"{header}\n"}


def _object(properties: Json, required: Sequence[str] | None = None) -> Json:
    """Return the schema of an object, which needs all its properties unless they are named."""
    names = list(properties if required is None else required)
    return {"type": "object", "properties": properties} | ({"required": names} if names else {})


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _refusal(meaning: str) -> Json:
    return {"description": meaning, "content": {"application/json": {"schema": _ERROR}}}


def _probe(summary: str) -> Json:
    unavailable = {"503": _refusal("The model's workers fail to start.")}
    return {"summary": summary, "responses": {"200": {"description": "It can."}, **unavailable}}


def _text(summary: str, media_type: str = "text/plain") -> Json:
    content = {media_type: {"schema": {"type": "string"}} if media_type == "text/plain" else {}}
    return {"summary": summary, "responses": {"200": {"description": summary, "content": content}}}
