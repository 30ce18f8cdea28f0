"""What is measured with an estimator of scikit-learn after its training, noted in the training's run.

A call of ``score`` of a trained estimator, and a call of a function of ``sklearn.metrics`` with something
that the estimator predicted, leave a metric ``<function>_<data>``, where the data are called as the variable
that holds them. A second call of a function is ``<function>-2_…``, other data under a name ``…_<data>-2``.
"""

from __future__ import annotations

import copy
import functools
import inspect
import json
import threading
import types
import weakref
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from pycore.autologging.patching import Patches, is_observing, unobserved
from pycore.tracking.active_run import ActiveRun
from pycore.tracking.mlflow_client import MlflowClient

#: Methods whose results are known again as an estimator's.
_PREDICTING = ("predict", "predict_proba", "predict_log_proba", "transform")
#: File of a run that says which call each of these metrics comes from.
_CALLS = "metric_info.json"
_UNKNOWN = "unknown_dataset"

T = TypeVar("T")
Wrapper = Callable[..., Any]


class Scores:
    """Notes what users measure of the estimators that it is told of.

    Parameters
    ----------
    patches : Patches
        Take its functions in place of those of scikit-learn.
    """

    def __init__(self, patches: Patches) -> None:
        self._patches = patches
        self._trainings: _ByIdentity[_Training] = _ByIdentity()
        self._predictions: _ByIdentity[_Prediction] = _ByIdentity()

    def observe(self, estimators: Iterable[type]) -> None:
        """Watch what the estimators predict and the functions that measure it."""
        from sklearn import metrics  # an extra brings it

        # Functions that a user imported by name are not put back.
        self._patches.at_end(self._trainings.clear)
        self._patches.at_end(self._predictions.clear)
        for owner, name in methods(estimators, (*_PREDICTING, "score")):
            original = vars(owner)[name]
            wrap = self._scoring if original.__name__ == "score" else self._predicting
            self._patches.put(owner, name, wrap(original))
        for name in metrics.__all__:
            if isinstance(function := getattr(metrics, name), types.FunctionType):
                self._patches.put(metrics, name, _Measure(function, self._measured))

    def begin(self, estimator: Any, run: ActiveRun) -> None:
        """Note what is measured of an estimator, from now on, in the run of its training."""
        self._trainings.put(estimator, _Training(run.info.run_id, run.tracking_uri))

    def _predicting(self, original: Wrapper) -> Wrapper:
        @functools.wraps(original)
        def predict(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            training = self._training_of(estimator)
            if training is None:
                return original(estimator, *args, **kwargs)
            result = unobserved(original, estimator, *args, **kwargs)
            data = _first(args, kwargs)
            if result is not data:
                name = training.name_of(data, _Caller(inspect.currentframe()))
                self._predictions.put(result, _Prediction(training, name))
            return result

        return predict

    def _scoring(self, original: Wrapper) -> Wrapper:
        @functools.wraps(original)
        def score(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            training = self._training_of(estimator)
            if training is None:
                return original(estimator, *args, **kwargs)
            result = unobserved(original, estimator, *args, **kwargs)
            with self._harmless(training):
                caller = _Caller(inspect.currentframe())
                data = training.name_of(_first(args, kwargs), caller)
                arguments = inspect.signature(original).bind(estimator, *args, **kwargs).arguments
                arguments.pop(next(iter(arguments)))
                kind = type(estimator).__name__
                training.log(f"{kind}_score", data, caller.text(f"{kind}.score", arguments), result)
            return result

        return score

    def _measured(self, function: Wrapper, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function of ``sklearn.metrics``, for `_Measure`."""
        found = next(filter(None, map(self._predictions.get, (*args, *kwargs.values()))), None)
        if found is None or found.training.is_lost or is_observing():
            return function(*args, **kwargs)
        result = unobserved(function, *args, **kwargs)
        with self._harmless(found.training):
            frame = inspect.currentframe()
            arguments = inspect.signature(function).bind(*args, **kwargs).arguments
            # The frame in between is that of the object that stands for the function.
            text = _Caller(frame and frame.f_back).text(function.__name__, arguments)
            found.training.log(function.__name__, found.data, text, result)
        return result

    def _training_of(self, estimator: Any) -> _Training | None:
        """Return where to note what an estimator is asked now."""
        training = self._trainings.get(estimator)
        return None if training is None or training.is_lost or is_observing() else training

    @contextmanager
    def _harmless(self, training: _Training) -> Iterator[None]:
        """Make failures of the logging a warning, and the last one: a server that is gone costs time."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - logging must never break what it looks on
            training.is_lost = True
            self._patches.warn(error)


def methods(estimators: Iterable[type], names: Iterable[str]) -> Iterator[tuple[Any, str]]:
    """Yield where methods are defined, owner and attribute: estimators inherit them, so each comes once."""
    wanted = tuple(names)
    for definer in {definer for kind in estimators for definer in kind.__mro__}:
        if not definer.__module__.startswith("sklearn."):
            continue
        for name in wanted:
            method = vars(definer).get(name)
            if isinstance(method, types.FunctionType):
                yield definer, name
            elif hasattr(method, "fn"):
                # A method that only some estimators of the class have is inside of what tells which.
                yield method, "fn"


class _Measure:
    """A function of ``sklearn.metrics`` that can be pickled as what it stands for."""

    def __init__(
        self, function: Wrapper, call: Callable[[Wrapper, tuple[Any, ...], dict[str, Any]], Any]
    ) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._call = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(self._function, args, kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        # To copy a function is to return it.
        return copy.copy, (self._function,)


@dataclass
class _Training:
    """The run of a training, and what was measured for it so far."""

    run_id: str
    tracking_uri: str
    #: Its run cannot be written to any more.
    is_lost: bool = False
    _measured: Counter[str] = field(default_factory=Counter)
    _data: defaultdict[str, list[weakref.ref[Any] | None]] = field(default_factory=lambda: defaultdict(list))
    _calls: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def name_of(self, data: Any, caller: _Caller) -> str:
        """Return what data are called; other data under the same name are numbered."""
        name = (None if data is None else caller.variable(data)) or _UNKNOWN
        with self._lock:
            known = self._data[name]
            held = (None if reference is None else reference() for reference in known)
            at = next((at for at, value in enumerate(held) if value is data), None)
            if at is None:
                at = len(known)
                known.append(_reference(data))
        return _numbered(name, at + 1)

    def log(self, name: str, data: str, call: str, value: Any) -> None:
        """Log what was measured, if it is a number."""
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            return
        client = MlflowClient(self.tracking_uri)
        with self._lock:
            self._measured[name] += 1
            key = f"{_numbered(name, self._measured[name])}_{data}"
            self._calls[key] = call
            client.log_metric(self.run_id, key, float(value), synchronous=True)
            client.log_text(self.run_id, json.dumps(self._calls, indent=2), _CALLS)


@dataclass(frozen=True)
class _Prediction:
    """Whose prediction something is, and from which data."""

    training: _Training
    data: str


class _Caller:
    """The code that called a wrapper."""

    def __init__(self, wrapper: types.FrameType | None) -> None:
        self._frame = wrapper and wrapper.f_back

    def variable(self, value: Any) -> str | None:
        """Return the variable that holds a value, here or in a caller of the code.

        The parameters of a function say how it calls its data, and not what they are.
        """
        frame = self._frame
        while frame is not None:
            code = frame.f_code
            parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            if name := _name_in(frame.f_locals, value, parameters):
                return name
            frame = frame.f_back
        return _name_in(self._frame.f_globals, value) if self._frame else None

    def text(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Return a call as text, with variables in place of values."""
        given = (f"{parameter}={self._shown(value)}" for parameter, value in arguments.items())
        return f"{name}({', '.join(given)})"

    def _shown(self, value: Any) -> str:
        if value is None or isinstance(value, str | int | float):
            return repr(value)
        return self.variable(value) or f"<{type(value).__name__}>"


def _name_in(variables: Mapping[str, Any], value: Any, except_for: Collection[str] = ()) -> str | None:
    held = (name for name, each in list(variables.items()) if each is value)
    return next((name for name in held if not name.startswith("_") and name not in except_for), None)


class _ByIdentity(Generic[T]):
    """What is known of objects, for as long as they live."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[Any], T]] = {}

    def put(self, thing: Any, known: T) -> None:
        """Note what is known of an object; of one that cannot be watched, such as a list, nothing is."""
        key = id(thing)

        def forget(dead: weakref.ref[Any]) -> None:
            if key in self._entries and self._entries[key][0] is dead:
                del self._entries[key]

        if (reference := _reference(thing, forget)) is not None:
            self._entries[key] = (reference, known)

    def get(self, thing: Any) -> T | None:
        """Return what is known of an object."""
        entry = self._entries.get(id(thing))
        return entry[1] if entry is not None and entry[0]() is thing else None

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


def _reference(
    thing: Any, forget: Callable[[weakref.ref[Any]], None] | None = None
) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(thing, forget)
    except TypeError:
        return None


def _first(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the data that a method of an estimator is given."""
    return args[0] if args else kwargs.get("X")


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
