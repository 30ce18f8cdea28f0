"""A model for Python callers, whatever library it came from: `PyFuncModel`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput, InvalidModel, SignatureMismatch
from pycore.models.enforce import enforce_params
from pycore.models.enforce_list import enforce_list
from pycore.models.enforce_python import enforce_input
from pycore.models.python_model import takes_params
from pycore.models.schema import Schema
from pycore.models.spec import PYFUNC, Model
from pycore.models.type_hints import FROM_TYPE_HINTS

_log = logging.getLogger(__name__)


class PyFuncModel:
    """A loaded model with one way to ask it: `predict`; some answer by `predict_stream` as well.

    Parameters
    ----------
    implementation : object
        What the model's loader returned: it has the method named ``predict_fn`` in MLmodel.
    metadata : Model
    path : Path
        The model's folder.

    Raises
    ------
    InvalidModel
        The loaded object lacks the method.
    """

    def __init__(self, implementation: Any, metadata: Model, path: Path) -> None:
        section = metadata.flavors.get(PYFUNC, {})
        self._implementation = implementation
        self._predict = _method(implementation, section.get("predict_fn", "predict"))
        self._takes_params = takes_params(self._predict)
        self._predict_stream: Callable[..., Any] | None = None
        if section.get("streamable"):
            name = section.get("predict_stream_fn", "predict_stream")
            self._predict_stream = _method(implementation, name)
        self._takes_lists = bool(metadata.other.get(FROM_TYPE_HINTS))
        self._path = path
        self.metadata = metadata
        self.loader_module: str | None = section.get("loader_module")
        self.model_config: dict[str, Any] = dict(section.get("config") or {})

    @property
    def input_example(self) -> Any:
        """The example that the model was saved with, or None."""
        return self.metadata.load_input_example(self._path)

    @property
    def row_wise(self) -> bool:
        """Whether each row of a result depends on the same row of the input alone, as the flavor says."""
        return bool(getattr(self._implementation, "row_wise", False))

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score data.

        Parameters
        ----------
        data : DataFrame, Series, ndarray, dict, list, sparse matrix or scalar
            Held to the signature where there is one: columns in any order, extra ones dropped.
        params : mapping, optional
            Those of the signature; defaults are filled in.

        Returns
        -------
        object
            What the model returns.

        Raises
        ------
        SignatureMismatch
            The data do not fit the signature; the message names every fault.
        InvalidInput
            A param is not of its type.
        """
        if params and not self._takes_params:
            _log.warning("the model's predict takes no params; ignored %s", ", ".join(params))
        schema = self.metadata.get_input_schema()
        if self._takes_lists and schema is not None:
            given: Any = enforce_list(data, schema)
        else:
            given = enforce_input(data, schema)
        return self.call(given, self._params(params))

    def predict_stream(self, data: Any, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Score one row, and return the pieces of the answer as the model has them.

        Parameters
        ----------
        data : dict, scalar, or anything of one row that `predict` takes
            Held to the signature where there is one.
        params : mapping, optional
            Those of the signature; defaults are filled in.

        Returns
        -------
        iterator
            What the model yields.

        Raises
        ------
        SignatureMismatch
            The data do not fit the signature, or are more or less than one row.
        InvalidInput
            The model does not stream, or a param is not of its type.
        """
        ask = self._predict_stream
        if ask is None:
            raise InvalidInput(
                "The model does not stream: its MLmodel does not say 'streamable: true'. Call predict(), or "
                "save it from a PythonModel with predict_stream()."
            )
        schema = self.metadata.get_input_schema()
        if self._takes_lists and schema is not None:
            is_list = isinstance(data, list | tuple | np.ndarray | pd.Series | pd.DataFrame)
            row = _only_row(enforce_list(data if is_list else [data], schema), None)
        else:
            row = _only_row(enforce_input(data, schema), schema)
        fitting = self._params(params)
        return iter(ask(row, params=fitting) if takes_params(ask) else ask(row))

    def _params(self, given: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return params as the signature has them."""
        signature = self.metadata.signature
        return dict(enforce_params(given, signature.params if signature else None))

    def call(self, data: Any, params: Mapping[str, Any]) -> Any:
        """Score data and params that fit the signature already."""
        if self._takes_lists and isinstance(data, pd.DataFrame):
            data = data.iloc[:, 0].tolist()
        return self._predict(data, params=dict(params)) if self._takes_params else self._predict(data)

    def unwrap_python_model(self) -> Any:
        """Return the object of a user's own class that was saved with ``python_model``.

        Raises
        ------
        InvalidInput
            The model was saved otherwise.
        """
        found = getattr(self._implementation, "python_model", None)
        if found is None:
            raise InvalidInput(
                f"Only a model saved with python_model can be unwrapped; this one has the loader "
                f"{self.loader_module!r}. Use get_raw_model(), or the load_model of its flavor."
            )
        return found

    def get_raw_model(self) -> Any:
        """Return the library's own object behind the model.

        Raises
        ------
        InvalidInput
            The model's loader does not give it out.
        """
        get = getattr(self._implementation, "get_raw_model", None)
        if get is None:
            raise InvalidInput(f"The loader {self.loader_module!r} does not give out the object it loads.")
        return get()

    def __repr__(self) -> str:
        lines = [f"  artifact_path: {self.metadata.artifact_path}", f"  flavor: {self.loader_module}"]
        if self.metadata.run_id:
            lines.append(f"  run_id: {self.metadata.run_id}")
        return "\n".join(["crateflow.pyfunc.loaded_model:", *lines]) + "\n"


def _method(implementation: Any, name: Any) -> Callable[..., Any]:
    """Return the method of a loaded model that MLmodel names."""
    method: Callable[..., Any] | None = getattr(implementation, str(name), None)
    if not callable(method):
        raise InvalidModel(f"The loaded {type(implementation).__name__} has no method {name!r} to call.")
    return method


def _only_row(data: Any, schema: Schema | None) -> Any:
    """Return the one row of data: a dict of its columns, or its value where columns have no names."""
    if isinstance(data, pd.DataFrame):
        unnamed = schema is not None and len(schema) == 1 and not schema.has_input_names()
        data = data.iloc[:, 0].tolist() if unnamed else data.to_dict("records")
    elif isinstance(data, np.ndarray | pd.Series):
        # Of one axis, plain values; of several, arrays.
        data = data.tolist() if data.ndim == 1 else list(data)
    if not isinstance(data, list | tuple):
        return data
    if len(data) != 1:
        raise SignatureMismatch(f"predict_stream takes one row, not {len(data)}; predict() takes many.")
    return data[0]


def merge_config(saved: Any, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the configuration that a model was saved with, values replaced by those given.

    Other keys are ignored, with a warning in the log, because the model was not written for them.
    """
    merged = dict(saved or {})
    unknown = sorted(set(given or {}) - set(merged))
    if unknown:
        _log.warning("the model was saved without the configuration %s; ignored", ", ".join(unknown))
    merged.update({key: value for key, value in (given or {}).items() if key in merged})
    return merged
