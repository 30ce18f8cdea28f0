"""A user's own model: the class to derive from, what it is given, and how it is asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pycore.errors import InvalidInput, MlflowException
from pycore.models.signature import ModelSignature
from pycore.models.type_hints import reader_of_hints, signature_from_hints

#: Of a predict function, besides the one for the input.
_OTHER_PARAMETERS = ("self", "context", "params")


class PythonModelContext:
    """What a `PythonModel` was saved with.

    Parameters
    ----------
    artifacts : dict of str to str
        Local path of each artifact, by the name it was saved under.
    model_config : dict
    """

    def __init__(self, artifacts: dict[str, str], model_config: dict[str, Any]) -> None:
        self.artifacts = artifacts
        self.model_config = model_config


class PythonModel:
    """Base of a user's own model class: override `predict`, and `load_context` to read artifacts.

    A model whose answer comes piece by piece overrides `predict_stream` too.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Prepare the model after it was loaded, before its first `predict`."""

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the result for an input; the parameters `context` and `params` may be left out.

        Parameters
        ----------
        context : PythonModelContext
        model_input : DataFrame, ndarray or what else the caller gave
        params : dict, optional
            Those of the signature, defaults filled in.
        """
        raise NotImplementedError(f"{type(self).__name__} must define predict(self, context, model_input)")

    def predict_stream(
        self, context: Any, model_input: Any, params: dict[str, Any] | None = None
    ) -> Iterator[Any]:
        """Yield the pieces of the result for one input; `context` and `params` may be left out.

        Parameters
        ----------
        context : PythonModelContext
        model_input : object
            One row: a dict of its columns, or the value itself where columns have no names.
        params : dict, optional
            Those of the signature, defaults filled in.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not define predict_stream; it has predict alone"
        )

    @property
    def predict_type_hints(self) -> _TypeHints:
        """What MLflow asks a model for that it loads with Crateflow installed beside it."""
        return _TypeHints()


class FunctionModel(PythonModel):
    """A plain function as a model."""

    # The attribute is called as in MLflow's own pickles of functions, which are read as this class.
    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Call the function with what it takes of these; MLflow asks so."""
        return LoadedPythonModel(self, context).predict(model_input, params)


def as_python_model(given: Any) -> Any:
    """Return what a user gave as a model, a function wrapped.

    Raises
    ------
    InvalidInput
        It is neither a function nor an object with `predict`.
    """
    if inspect.isfunction(given) or inspect.isbuiltin(given):
        return FunctionModel(given)
    if isinstance(given, type) or not callable(getattr(given, "predict", None)):
        shown = given.__name__ if isinstance(given, type) else type(given).__name__
        raise InvalidInput(
            f"python_model must be a function or an object with predict(context, model_input), not {shown}; "
            "of a class, give an instance."
        )
    return given


def streams(python_model: Any) -> bool:
    """Return whether a user's model defines `predict_stream`."""
    return getattr(type(python_model), "predict_stream", None) not in (None, PythonModel.predict_stream)


class LoadedPythonModel:
    """A user's model with its context, which callers need not know of.

    Parameters
    ----------
    python_model : object
        With `predict`, which may take the context and the params, by these names.
    context : PythonModelContext
    """

    def __init__(self, python_model: Any, context: PythonModelContext) -> None:
        self.python_model = python_model
        target = _predict_of(python_model)
        self._predict = _Asked(target, context)
        self._predict_stream = _Asked(python_model.predict_stream, context) if streams(python_model) else None
        name = input_parameter(target)
        self._read = reader_of_hints(target, name) if name else None

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Score data."""
        return self._predict(data if self._read is None else self._read(data), params)

    def predict_stream(self, row: Any, params: dict[str, Any] | None = None) -> Iterator[Any]:
        """Return the pieces of the result for one row."""
        if self._predict_stream is None:
            raise InvalidInput(f"{type(self.python_model).__name__} does not define predict_stream.")
        if self._read is not None:
            (row,) = self._read([row])
        return iter(self._predict_stream(row, params))

    def get_raw_model(self) -> Any:
        """Return the user's object."""
        return self.python_model


class _Asked:
    """A function of a user's, given the context and the params if it takes them."""

    def __init__(self, function: Callable[..., Any], context: PythonModelContext) -> None:
        self._function = function
        self._context = (context,) if _takes_context(function) else ()
        self._takes_params = takes_params(function)

    def __call__(self, data: Any, params: dict[str, Any] | None) -> Any:
        named = {"params": params} if self._takes_params else {}
        return self._function(*self._context, data, **named)


def signature_of_hints(python_model: Any) -> ModelSignature | None:
    """Return the signature that the type hints of a model's predict function say, if they say one."""
    target = _predict_of(python_model)
    name = input_parameter(target)
    return signature_from_hints(target, name) if name else None


def takes_params(function: Callable[..., Any]) -> bool:
    """Return whether a function has a parameter named ``params``."""
    parameter = _parameters(function).get("params")
    # scikit-learn's pipelines collect other arguments as ``**params``.
    return parameter is not None and parameter.kind is not parameter.VAR_KEYWORD


def input_parameter(function: Callable[..., Any]) -> str | None:
    """Return the name of the parameter that takes the input."""
    names = [name for name in _parameters(function) if name not in _OTHER_PARAMETERS]
    # Of two arguments that must be given the first is the context, whatever its name.
    at = 1 if len(names) > 1 and "context" not in _parameters(function) and _takes_context(function) else 0
    return names[at] if names else None


def _predict_of(python_model: Any) -> Callable[..., Any]:
    """Return the function that a user wrote in order to predict."""
    target: Callable[..., Any] = (
        python_model.func if isinstance(python_model, FunctionModel) else python_model.predict
    )
    return target


def _takes_context(function: Callable[..., Any]) -> bool:
    """Of two arguments that must be given the first is the context, whatever its name."""
    parameters = _parameters(function)
    required = [
        name
        for name, parameter in parameters.items()
        if name not in ("self", "params")
        and parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return "context" in parameters or len(required) > 1


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # of a function written in C
        return {}


class _TypeHints:
    """Stands for what MLflow notes about a predict method without type hints; nothing here asks for it."""

    input = output = None


class _InputHint(NamedTuple):
    """What MLflow notes about the input of a predict method with type hints."""

    input_type_hint: Any = None
    input_param_name: Any = None


def _as_given(args: Any, kwargs: Any, *_: Any) -> Any:
    """Stands for MLflow's check of an input against type hints: the signature has been asked already."""
    return args, kwargs


#: MLflow's classes in its pickles of models, where MLflow is not installed.
SUBSTITUTES = {
    ("mlflow.pyfunc.model", "PythonModel"): PythonModel,
    ("mlflow.pyfunc.model", "PythonModelContext"): PythonModelContext,
    ("mlflow.pyfunc.model", "_FunctionPythonModel"): FunctionModel,
    ("mlflow.models.signature", "_TypeHints"): _TypeHints,
    ("mlflow.exceptions", "MlflowException"): MlflowException,
    ("mlflow.pyfunc.utils.data_validation", "FuncInfo"): _InputHint,
    ("mlflow.pyfunc.utils.data_validation", "_validate_model_input"): _as_given,
}
