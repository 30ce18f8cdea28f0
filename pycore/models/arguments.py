"""Public functions refuse arguments of a wrong type, all in the same words.

What is right stands in the annotations: a text, a whole number, a truth value, a path, a mapping, a list, or
None. Other annotations are left to the function itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from inspect import isfunction
from numbers import Real
from os import PathLike
from typing import Any, ParamSpec, TypeVar

from pycore.errors import InvalidInput

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

#: Name of an annotation -> what a message calls it, and its test.
_KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "str": ("a text", lambda value: isinstance(value, str)),
    # Steps and times may be given with a fraction, which is cut off.
    "int": ("a number", lambda value: isinstance(value, Real) and not isinstance(value, bool)),
    "bool": ("True or False", lambda value: isinstance(value, bool)),
    "Path": ("a path", lambda value: isinstance(value, PathLike)),
    "Mapping": ("a dict", lambda value: isinstance(value, Mapping)),
    "Sequence": ("a list", lambda value: _is_list(value)),
    "Iterable": ("a list", lambda value: _is_list(value)),
    "None": ("None", lambda value: value is None),
}
_LONGEST_SHOWN = 100


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function refuse arguments of another type than it is annotated with.

    Its module must keep annotations as texts (``from __future__ import annotations``).

    Raises
    ------
    InvalidInput
        From the function: names the argument, what was expected and what came.
    """
    annotations = function.__annotations__
    code = function.__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    tests = {name: _tests(annotations[name]) for name in annotations if name != "return"}
    positional = [(name, tests.get(name, ())) for name in names]

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for value, (name, wanted) in zip(args, positional):  # noqa: B905  # defaults may fill the rest
            if wanted and not any(test(value) for _, test in wanted):
                raise _refusal(name, value, wanted)
        for name, value in kwargs.items():
            wanted = tests.get(name, ())
            if wanted and not any(test(value) for _, test in wanted):
                raise _refusal(name, value, wanted)
        return function(*args, **kwargs)

    return call


def checked_fields(owner: C) -> C:
    """Let a dataclass refuse fields of another type than they are annotated with."""
    vars_of_class: Any = owner
    vars_of_class.__init__ = checked(vars_of_class.__init__)
    return owner


def checked_methods(owner: C) -> C:
    """Let all public methods of a class do so."""
    for name, value in list(vars(owner).items()):
        if isfunction(value) and not name.startswith("_"):
            setattr(owner, name, checked(value))
    return owner


def check_items(name: str, items: Iterable[Any], kind: type) -> None:
    """Refuse a list that has something else than objects of a class.

    Those of MLflow's class of the same name are as good.

    Raises
    ------
    InvalidInput
        Names the argument, what was expected and what came.
    """
    for item in items:
        if not isinstance(item, kind) and type(item).__name__ != kind.__name__:
            raise _refusal(name, item, [(f"a list of {kind.__name__}", bool)])


def _tests(annotation: str) -> tuple[tuple[str, Callable[[Any], bool]], ...]:
    """Return what an argument may be; nothing where the annotation is not of these kinds."""
    kinds = [part.partition("[")[0].strip() for part in _alternatives(annotation)]
    return tuple(_KINDS[kind] for kind in kinds) if all(kind in _KINDS for kind in kinds) else ()


def _alternatives(annotation: str) -> list[str]:
    """Split at the bars outside of brackets."""
    parts, depth = [""], 0
    for letter in annotation:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def _refusal(name: str, value: Any, wanted: Iterable[tuple[str, Any]]) -> InvalidInput:
    expected = " or ".join(dict.fromkeys(what for what, _ in wanted))
    shown = repr(value)
    if len(shown) > _LONGEST_SHOWN:
        shown = f"{shown[:_LONGEST_SHOWN]}…"
    return InvalidInput(f"{name} must be {expected}, not {shown} ({type(value).__name__}).")
