"""An example of a model's input, saved with it: as it was given, and as a ready scoring request."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput
from pycore.models.enforce import array_from_lists, table_from_columns
from pycore.models.results import NoJsonForm, plain
from pycore.models.schema import Schema
from pycore.models.schema_frame import frame_for_schema

EXAMPLE = "input_example.json"
SERVING_EXAMPLE = "serving_input_example.json"

#: Keys that make a dict a chat or completion request, which is sent as it is.
_UNWRAPPED = frozenset({"messages", "prompt", "input"})


#: What may be given as an example: a DataFrame, Series, array, sparse matrix, dict, list or single value,
#: or a tuple of one of them and a dict of params.
ModelInputExample: TypeAlias = Any


def split_params(example: Any) -> tuple[Any, dict[str, Any] | None]:
    """Return the data of an example and its params, where it is a pair of both."""
    if isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], Mapping):
        return example[0], dict(example[1])
    return example, None


def write_example(folder: Path, example: Any) -> dict[str, Any]:
    """Write an example's two files.

    Parameters
    ----------
    folder : Path
        The model's folder.
    example : DataFrame, ndarray, dict, list, sparse matrix, scalar, bytes, or a pair with params

    Returns
    -------
    dict
        What MLmodel keeps as ``saved_input_example_info``.

    Raises
    ------
    InvalidInput
        A Series, whose direction is not clear, or something for which JSON has no form.
    """
    info, content, serving = _forms(example)
    (folder / EXAMPLE).write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
    (folder / SERVING_EXAMPLE).write_text(_request(serving), encoding="utf-8")
    return info


def convert_input_example_to_serving_input(input_example: Any) -> str | None:
    """Return an example as the JSON body of a scoring request; None where there is none.

    Raises
    ------
    InvalidInput
        As for `write_example`.
    """
    return None if input_example is None else _request(_forms(input_example)[2])


def read_params(folder: Path, info: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the params of the example in a model folder; None where it has none, as in `read_example`."""
    if not info or not info.get("params"):
        return None
    try:
        return dict(_content(folder, info)["params"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _request(serving: Any) -> str:
    return json.dumps(serving, indent=2, allow_nan=False)


def _forms(example: Any) -> tuple[dict[str, Any], Any, Any]:
    """Return what MLmodel keeps of an example, the content of its file, and the request that it is."""
    try:
        return _forms_of_plain(example)
    except NoJsonForm as error:
        raise InvalidInput(
            f"The input is or holds a {error.type_name}, for which JSON has no form; give a DataFrame, "
            "an array, or lists, dicts, numbers, texts, truths, bytes and dates."
        ) from None


def _forms_of_plain(example: Any) -> tuple[dict[str, Any], Any, Any]:
    data, params = split_params(example)
    if isinstance(data, pd.Series):
        raise InvalidInput(
            "A Series as input example does not say whether it is a row or a column; give a DataFrame."
        )
    info: dict[str, Any] = {"artifact_path": EXAMPLE, "serving_input_path": SERVING_EXAMPLE}
    if isinstance(data, pd.DataFrame):
        content = _frame_content(data)
        info |= {"type": "dataframe", "pandas_orient": "split" if "columns" in content else "values"}
        serving: dict[str, Any] = {"dataframe_split": content}
    else:
        info["type"], content, dense = _other_content(data)
        unwrapped = isinstance(data, Mapping) and not _UNWRAPPED.isdisjoint(data)
        serving = content if unwrapped else {"inputs": dense}
    if params is not None:
        content = {"inputs": content, "params": plain(params)}
        serving = serving | {"params": plain(params)}
        info["params"] = "true"
    return info, content, serving


def read_example(folder: Path, info: Mapping[str, Any] | None, schema: Schema | None = None) -> Any:
    """Return the example's data as it was given, without its params.

    Parameters
    ----------
    folder : Path
    info : mapping, optional
        ``saved_input_example_info`` of MLmodel.
    schema : Schema, optional
        The input's; gives back types that JSON does not keep, such as times.

    Returns
    -------
    object
        None where there is no example, or none that can be read: an example is a help, and its loss
        must not make a model unusable.
    """
    if not info:
        return None
    try:
        content = _content(folder, info)
        if info.get("params"):
            content = content["inputs"]
        return _data(content, str(info.get("type")), schema)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, InvalidInput):
        return None


def _content(folder: Path, info: Mapping[str, Any]) -> Any:
    # The name alone: whatever a folder's author wrote, nothing outside of it is read.
    file = folder / Path(str(info.get("artifact_path", EXAMPLE))).name
    return json.loads(file.read_text("utf-8"))


def _frame_content(frame: pd.DataFrame) -> dict[str, Any]:
    rows = plain(frame.to_dict(orient="split")["data"])
    if isinstance(frame.columns, pd.RangeIndex):
        return {"data": rows}
    return {"columns": [plain(name) for name in frame.columns], "data": rows}


def _other_content(data: Any) -> tuple[str, Any, Any]:
    """Return the type, the form of the file and the dense form that a request has."""
    if isinstance(data, np.ndarray):
        content = plain(data)
        return "ndarray", content, content
    if isinstance(data, Mapping) and data and all(isinstance(value, np.ndarray) for value in data.values()):
        content = plain(data)
        return "ndarray", content, content
    if hasattr(data, "toarray"):
        matrix = data if data.format in ("csr", "csc") else data.tocsr()
        parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr}
        content = plain(parts) | {"shape": list(matrix.shape)}
        return f"sparse_matrix_{matrix.format}", content, plain(matrix.toarray())
    content = plain(data)
    return "json_object", content, content


def _data(content: Any, kind: str, schema: Schema | None) -> Any:
    match kind:
        case "dataframe":
            frame = pd.DataFrame(content["data"], columns=content.get("columns"))
            if schema is None or schema.is_tensor_spec():
                return frame
            columns = {str(name): list(values) for name, values in _columns(content).items()}
            typed = frame_for_schema(table_from_columns(columns, schema), schema)
            return typed if schema.has_input_names() else typed.set_axis(frame.columns, axis=1)
        case "ndarray":
            specs = {spec.name: spec for spec in schema.tensors} if schema else {}
            if isinstance(content, dict):
                return {name: _array(values, specs.get(name)) for name, values in content.items()}
            return _array(content, specs.get(None))
        case "sparse_matrix_csr" | "sparse_matrix_csc":
            # Only a model that was saved with a sparse example needs SciPy.
            sparse = importlib.import_module("scipy.sparse")
            build = sparse.csr_matrix if kind.endswith("csr") else sparse.csc_matrix
            return build((content["data"], content["indices"], content["indptr"]), shape=content["shape"])
        case "json_object":
            return content
        case _:
            return None


def _columns(content: Mapping[str, Any]) -> dict[Any, tuple[Any, ...]]:
    rows = content["data"]
    names = content.get("columns") or range(len(rows[0]))
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _array(values: Any, spec: Any) -> Any:
    try:
        return array_from_lists(values, spec).data
    except InvalidInput:
        return np.array(values)  # texts
