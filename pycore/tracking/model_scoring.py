"""Trying a model as a scoring server would ask it: the functions of ``mlflow.models`` that score."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from pycore.errors import InvalidInput
from pycore.models.arguments import checked
from pycore.models.enforce_python import enforce_input
from pycore.models.env_managers import LOCAL, check_manager, prepare_packages
from pycore.models.input_example import convert_input_example_to_serving_input
from pycore.models.schema import Schema
from pycore.models.spec import Model
from pycore.scoring.engine.client import EngineClient
from pycore.scoring.engine.options import EngineOptions
from pycore.scoring.engine.process import ModelHost
from pycore.scoring.scorer import Scorer
from pycore.tracking import model_uris

_CONTENT_TYPES = {"json": "application/json", "csv": "text/csv"}
#: Whoever calls waits for the answer, and may break off.
_TIMEOUT_S = 7 * 24 * 3600.0


@checked
def predict(
    model_uri: str | Path,
    input_data: Any = None,
    input_path: str | Path | None = None,
    content_type: str = "json",
    output_path: str | Path | None = None,
    env_manager: str = LOCAL,
    install_mlflow: bool = False,  # the process that scores has it
    pip_requirements_override: Sequence[str] | None = None,
    extra_envs: Mapping[str, Any] | None = None,
) -> None:
    """Score rows in a process of its own, as a scoring server does, and print what it would answer.

    Parameters
    ----------
    model_uri : str or path
        A model of any flavor, crates of R included.
    input_data : object, optional
        What may be an input example, or the text of a body.
    input_path : path, optional
        A file with the body, in place of `input_data`.
    content_type : {"json", "csv"}
        Of the body.
    output_path : path, optional
        File to write the answer to, in place of printing it.
    env_manager : {"local", "virtualenv", "library"}
        The model runs with what is installed here, with the packages it was saved with, in their
        versions, or with those of R, in a library of its own. What was installed once is kept.
    pip_requirements_override : list of str, optional
        Python packages in place of those the model was saved with, in a virtual environment.
    extra_envs : mapping, optional
        Environment variables for the model.

    Raises
    ------
    InvalidInput
        An argument is not what it must be, or the rows do not fit the signature.
    ModelError
        The model does not load, or fails, or its packages cannot be installed.
    """
    check_manager(env_manager, "env_manager")
    if content_type not in _CONTENT_TYPES:
        raise InvalidInput(f"content_type must be one of {', '.join(_CONTENT_TYPES)}, not {content_type!r}.")
    if (input_data is None) == (input_path is None):
        raise InvalidInput("Give either input_data or input_path.")
    body = _body(input_data, content_type) if input_path is None else Path(input_path).read_bytes()
    path = model_uris.fetch(str(model_uri))
    variables = {
        **prepare_packages(env_manager, path, overrides=pip_requirements_override or ()),
        **{name: str(value) for name, value in (extra_envs or {}).items()},
    }
    answer = _score(path, body, _CONTENT_TYPES[content_type], variables)
    if output_path is None:
        sys.stdout.write(f"{answer.decode()}\n")
    else:
        Path(output_path).write_bytes(answer)


@checked
def validate_serving_input(model_uri: str | Path, serving_input: str | Mapping[str, Any]) -> Any:
    """Return what a scoring server would predict for a body of JSON, given as text or as the object.

    Raises
    ------
    InvalidInput, ModelError
        It would not take the body, or the model fails.
    """
    text = serving_input if isinstance(serving_input, str) else json.dumps(serving_input)
    path = model_uris.fetch(str(model_uri))
    return json.loads(_score(path, text.encode(), _CONTENT_TYPES["json"], {}))["predictions"]


def validate_schema(data: Any, expected_schema: Schema) -> None:
    """Hold data to a schema, as `PyFuncModel.predict` does.

    Raises
    ------
    SignatureMismatch
        They do not fit; the message names every fault.
    """
    if not isinstance(expected_schema, Schema):
        raise InvalidInput(
            f"expected_schema must be a Schema, such as that of a signature's inputs, not a "
            f"{type(expected_schema).__name__}."
        )
    enforce_input(data, expected_schema)


def _body(data: Any, content_type: str) -> bytes:
    if isinstance(data, str):
        return data.encode()
    if content_type == "csv":
        if not isinstance(data, pd.DataFrame):
            raise InvalidInput(f"For csv, input_data must be a DataFrame or a text, not {data!r:.100}.")
        return data.to_csv(index=False).encode()
    return str(convert_input_example_to_serving_input(data)).encode()


def _score(path: Path, body: bytes, content_type: str, variables: Mapping[str, str]) -> bytes:
    options = EngineOptions(path, workers=1, timeout_s=_TIMEOUT_S, variables=variables)
    with ModelHost(options) as host, closing(EngineClient(host.address, _TIMEOUT_S)) as client:
        return Scorer(Model.load(path).signature, client.predict).score(body, content_type).body
