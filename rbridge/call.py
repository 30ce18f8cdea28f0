"""Calls R functions: every call answers with a value or with R's condition, raised as our error."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from pycore.errors import ModelError, RCallError
from rbridge.runtime import Runtime, Sexp
from rbridge.rvectors import EmptyFrames, VectorReader, VectorWriter

_log = logging.getLogger(__name__)

#: The class of conditions by which `prelude.R` says that a result cannot be sent.
_UNFIT = "crateflow_unfit"
#: More warnings than these of one call are counted, not shown.
_WARNINGS_SHOWN = 10


class RSession:
    """The functions of `prelude.R`, callable.

    Parameters
    ----------
    runtime : Runtime
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.read = VectorReader(runtime)
        self._frames = EmptyFrames(runtime)

    @contextlib.contextmanager
    def memory(self) -> Iterator[VectorWriter]:
        """Open a block in which R objects are made and read; R may forget them when it ends."""
        with self.runtime.pins() as pin:
            yield VectorWriter(self.runtime, pin, self._frames)

    def call(self, name: str, write: VectorWriter, *arguments: Sexp) -> Sexp:
        """Call a function of the prelude; the value is pinned as long as what `write` makes.

        Warnings of R go to the log.

        Raises
        ------
        RCallError
            R raised an error: its message without the call, and its classes.
        ModelError
            The value cannot be sent as data.
        """
        prelude = self.runtime.prelude
        inner = write.call(prelude.function(name), *arguments)
        answer = self.runtime.evaluate(write.call(prelude.function("guarded"), inner))
        if answer is None:
            raise RCallError("R gave up a call without saying why; its own output is in the log")
        write.pin(answer)
        value, warnings, message, classes = self.read.items(answer)
        self._log_warnings(self.read.texts(warnings))
        if self.read.is_null(message):
            return value
        text, names = self.read.texts(message)[0], self.read.texts(classes)
        raise ModelError(text) if _UNFIT in names else RCallError(text, names)

    def _log_warnings(self, warnings: list[str]) -> None:
        for text in warnings[:_WARNINGS_SHOWN]:
            _log.warning("R warns: %s", text)
        if len(warnings) > _WARNINGS_SHOWN:
            _log.warning("R warned %d times more", len(warnings) - _WARNINGS_SHOWN)
