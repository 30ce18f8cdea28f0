"""A predict function that holds its input to its type hints wherever it is called."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from pycore.errors import InvalidInput
from pycore.models.enforce_list import enforce_list
from pycore.models.python_model import input_parameter
from pycore.models.type_hints import reader_of_hints, signature_from_hints

P = ParamSpec("P")
R = TypeVar("R")


def pyfunc(function: Callable[P, R]) -> Callable[P, R]:
    """Have a predict function check its input, before it is a model as after.

    The parameter for the input is hinted as a list, such as ``list[str]`` or, with a class of pydantic,
    ``list[Message]``. A function without such a hint is returned as it is.

    Raises
    ------
    InvalidInput
        It is no function. `SignatureMismatch` from the function: names every item that does not fit.
    """
    if not callable(function):
        raise InvalidInput(f"pyfunc decorates a function of the input, not a {type(function).__name__}.")
    name = input_parameter(function)
    signature = signature_from_hints(function, name) if name else None
    if name is None or signature is None or signature.inputs is None:
        return function
    schema, read = signature.inputs, reader_of_hints(function, name)
    parameters = inspect.signature(function)

    @functools.wraps(function)
    def held_to_hints(*args: P.args, **kwargs: P.kwargs) -> R:
        call = parameters.bind(*args, **kwargs)
        given: Any = enforce_list(call.arguments[name], schema)
        call.arguments[name] = given if read is None else read(given)
        return function(*call.args, **call.kwargs)

    return held_to_hints
