"""Replacing functions of a library by ones that tell an observer of their calls.

An observer is a generator function. It gets the bound arguments of a call, which it may change, yields
once for the call to happen, and gets the result::

    def observe(call: inspect.BoundArguments) -> Observer:
        result = yield
        fluent_logging.log_param("rounds", call.arguments["rounds"])

Whatever it raises becomes a warning. Only the outermost call of a thread is observed, so that a pipeline
is one training and not one for each of its steps.
"""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeAlias, TypeVar

from pycore.entities import RunStatus
from pycore.models.arguments import checked_fields
from pycore.tracking.active_run import ActiveRun, active_run, end_run, start_run, status_after

Observer: TypeAlias = Generator[None, Any, None]

P = ParamSpec("P")
T = TypeVar("T")
Chosen = TypeVar("Chosen", bound="Options")

#: Tag of the runs that autologging opens: the library's name.
AUTOLOGGING = "mlflow.autologging"


@checked_fields
@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user may choose for every library.

    Parameters
    ----------
    log_models : bool
        Save the trained model in the run, under ``model``, and what is drawn of it.
    log_datasets : bool
        Note the training data, by name, digest and columns, where the library hands it over as a table.
    log_model_signatures, log_input_examples : bool
        Save its signature and the first rows with it, where the training data are at hand.
    disable : bool
        Stop logging.
    exclusive : bool
        Leave runs alone that the user has opened: log only where a run has to be opened.
    disable_for_unsupported_versions : bool
        Without effect: no version of a library is refused.
    silent : bool
        Do not warn when logging fails.
    registered_model_name : str, optional
        Registered model to make a version of.
    extra_tags : mapping, optional
        Set on runs that autologging opens.
    """

    log_input_examples: bool = False
    log_model_signatures: bool = True
    log_models: bool = True
    log_datasets: bool = True
    disable: bool = False
    exclusive: bool = False
    disable_for_unsupported_versions: bool = False
    silent: bool = False
    registered_model_name: str | None = None
    extra_tags: Mapping[str, Any] | None = None


class _Depth(threading.local):
    """How many observed calls a thread is in."""

    calls = 0


_depth = _Depth()


def is_observing() -> bool:
    """Return whether this thread is in an observed call already, so that nothing else is to be observed."""
    return _depth.calls > 0


def unobserved(function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Call a function, and observe nothing of what it calls."""
    _depth.calls += 1
    try:
        return function(*args, **kwargs)
    finally:
        _depth.calls -= 1


@dataclass
class Patches:
    """The replaced functions of one library; `undo` puts the originals back."""

    library: str
    options: Options = field(default_factory=Options)
    _originals: list[tuple[Any, str, Any]] = field(default_factory=list)
    _ends: list[Callable[[], None]] = field(default_factory=list)

    def replace(self, owner: Any, name: str, observe: Callable[[inspect.BoundArguments], Observer]) -> None:
        """Observe a function of a module or class."""
        original = vars(owner)[name]
        signature = inspect.signature(original)

        @functools.wraps(original)
        def observed(*args: Any, **kwargs: Any) -> Any:
            if is_observing() or (self.options.exclusive and active_run()):
                return original(*args, **kwargs)
            return unobserved(_Call(self, original, signature, observe).run, args, kwargs)

        self.put(owner, name, observed)

    def put(self, owner: Any, name: str, replacement: Any) -> None:
        """Put something in the place of a function of a module or class."""
        self._originals.append((owner, name, vars(owner)[name]))
        setattr(owner, name, replacement)

    def at_end(self, end: Callable[[], None]) -> None:
        """Have a function called when the originals are put back."""
        self._ends.append(end)

    def undo(self) -> None:
        """Put every original back."""
        while self._originals:
            setattr(*self._originals.pop())
        while self._ends:
            self._ends.pop()()

    def while_it_works(self, log: Callable[P, None]) -> Callable[P, None]:
        """Return a function that logs in the middle of a training, until it fails once and warns of that.

        A server that is gone would take its time at each call.
        """
        is_lost = False

        @functools.wraps(log)
        def logged(*args: P.args, **kwargs: P.kwargs) -> None:
            nonlocal is_lost
            if is_lost:
                return
            try:
                log(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - logging must never break training
                is_lost = True
                self.warn(error)

        return logged

    def warn(self, error: Exception) -> None:
        """Tell of an error that the training does not see."""
        if not self.options.silent:
            warnings.warn(
                f"Autologging of {self.library} failed: {type(error).__name__}: {error}", stacklevel=2
            )


def switch(
    patches: Patches, options: Callable[P, Chosen]
) -> Callable[[Callable[[Chosen], None]], Callable[P, None]]:
    """Make the `autolog` of a library: it takes what `options` takes, and undoes what an earlier call did.

    What it decorates puts the patches in place, and is not called where logging is to stop.
    """

    # What editors and help() show; wraps() would have them show that of the function.
    signature = inspect.signature(options).replace(return_annotation=None)

    def decorate(replace: Callable[[Chosen], None]) -> Callable[P, None]:
        @functools.wraps(replace)
        def autolog(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                chosen = options(*args, **kwargs)
            except TypeError as error:
                raise TypeError(
                    f"autolog of {patches.library} takes options by name: {', '.join(signature.parameters)}. "
                    f"{str(error).rpartition('() ')[2]}"
                ) from None
            patches.undo()
            patches.options = chosen
            if not chosen.disable:
                replace(chosen)

        vars(autolog)["__signature__"] = signature
        return autolog

    return decorate


class _Call:
    """One observed call."""

    def __init__(
        self,
        patches: Patches,
        original: Callable[..., Any],
        signature: inspect.Signature,
        observe: Callable[[inspect.BoundArguments], Observer],
    ) -> None:
        self._patches = patches
        self._original = original
        self._signature = signature
        self._observe = observe
        self._own_run: ActiveRun | None = None

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call, observer = self._begin(args, kwargs)
        status = RunStatus.FINISHED
        try:
            result = (
                self._original(*args, **kwargs) if call is None else self._original(*call.args, **call.kwargs)
            )
            if observer is not None:
                self._finish(observer, result)
            return result
        except BaseException as error:
            status = status_after(error)
            raise
        finally:
            if self._own_run is not None:
                self._end(status)

    def _begin(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[inspect.BoundArguments, Observer] | tuple[None, None]:
        try:
            call = self._signature.bind(*args, **kwargs)
            if active_run() is None:
                tags = {**(self._patches.options.extra_tags or {}), AUTOLOGGING: self._patches.library}
                self._own_run = start_run(tags=tags)
            observer = self._observe(call)
            next(observer)
        except Exception as error:  # noqa: BLE001 - as above
            self._patches.warn(error)
            return None, None
        return call, observer

    def _finish(self, observer: Observer, result: Any) -> None:
        try:
            observer.send(result)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - as above
            self._patches.warn(error)

    def _end(self, status: RunStatus) -> None:
        try:
            # A run that the training itself left open inside this one is not ours to end.
            if active_run() is self._own_run:
                end_run(status)
        except Exception as error:  # noqa: BLE001 - as above
            self._patches.warn(error)
