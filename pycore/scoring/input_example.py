"""The input example of a model folder as the request it would be."""

from __future__ import annotations

import json
from pathlib import Path

from pycore.models.spec import Model, inside
from pycore.scoring.payload import Payload, read_payload


def example_body(path: Path, model: Model) -> bytes | None:
    """Return the example of a model as the JSON body it would be, None where it could not be sent.

    Parameters
    ----------
    path : Path
        The model's folder.
    model : Model
        Its MLmodel file, read.

    Raises
    ------
    InvalidModel
        MLmodel names a file that is not there.

    References
    ----------
    MLmodel format, ``saved_input_example_info``: what a request with the example looks like stands in a
    file of its own; folders of early writers have only the rows.
    """
    info = model.saved_input_example_info or {}
    if "serving_input_path" in info:
        return inside(path, info["serving_input_path"], "serving_input_path").read_bytes()
    if info.get("type") == "dataframe" and "artifact_path" in info:
        rows = json.loads(inside(path, info["artifact_path"], "artifact_path").read_text(encoding="utf-8"))
        return json.dumps({"dataframe_split": rows}).encode()
    return None


def read_input_example(path: Path, model: Model) -> Payload | None:
    """Return the example of a model as what it asks to be scored; see `example_body`.

    Raises
    ------
    InvalidInput
        The example does not fit the model's signature.
    """
    body = example_body(path, model)
    return None if body is None else read_payload(body, None, model.signature)
