"""A model host as seen by the process that starts it: started, kept alive, stopped."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType

from pycore.errors import MlflowException, ModelError, Unavailable
from pycore.models.remote_errors import from_plain
from pycore.scoring.engine import sandbox
from pycore.scoring.engine.options import EngineOptions

_log = logging.getLogger(__name__)

_STANDARD_ERROR = 2

#: A host that dies is started again after this long, twice as long each time it dies young, up to the other.
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 30.0
#: A host that has lived this long does not die young.
_GROWN_UP_S = 60.0
#: Beyond the time limit of its last request, how long a host may take to stop.
_GRACE_S = 10.0


class ModelHost:
    """The host process of one model; use it in a with statement.

    Parameters
    ----------
    options : EngineOptions

    Attributes
    ----------
    address : Path
        The socket for `EngineClient`; the same for all hosts that follow each other.
    """

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        # Not predictable by other users and closed to them; sockets need short paths.
        self._folder = Path(tempfile.mkdtemp(prefix="crateflow-"))
        self.address = self._folder / "host" / "socket"
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep_alive, name="model-host", daemon=True)
        self._launching = threading.Lock()
        self._stopping = threading.Event()

    def __enter__(self) -> ModelHost:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the latest host, None before the first."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the host and return when it can score.

        Raises
        ------
        ModelError
            The model cannot be loaded, or not score its own input example; with the model's own reason.
        """
        try:
            self._start()
        except BaseException:  # an interrupt, too, must leave no process
            self.stop()
            raise
        self._keeper.start()

    def stop(self) -> None:
        """Have the host answer what it has accepted, then end it."""
        with self._launching:
            self._stopping.set()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(self.options.timeout_s + _GRACE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._keeper.ident is not None:
            self._keeper.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        """Start one host and wait until it can score."""
        status, status_of_host = os.pipe()
        with os.fdopen(status, "rb") as status_lines:
            try:
                self._launch(status_of_host)
            finally:
                os.close(status_of_host)
            line = status_lines.readline()
        if line:
            report = json.loads(line)
            if "failed" in report:
                raise from_plain(report["failed"])
        else:
            assert self._process is not None
            how = _how_it_ended(self._process.wait())
            raise ModelError(f"The process that loads the model ended by itself: {how}.")

    def _launch(self, status_of_host: int) -> None:
        # Held against `stop`: a host is either seen by it or not started any more.
        with self._launching:
            if self._stopping.is_set():
                raise Unavailable("The model's host is being stopped.")
            shutil.rmtree(self.address.parent, ignore_errors=True)
            temporary = self.address.parent / "tmp"
            temporary.mkdir(parents=True)
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [
                    sys.executable,
                    "-m",
                    "pycore.scoring.engine.host",
                    self.options.to_json(),
                    str(self.address),
                    str(status_of_host),
                    str(os.getpid()),
                ],
                env={**sandbox.environment(), **self.options.variables, "TMPDIR": str(temporary)},
                stdin=subprocess.DEVNULL,
                # Whatever a model prints belongs into the log: standard output is for who started us.
                stdout=_STANDARD_ERROR,
                pass_fds=[status_of_host],
                start_new_session=True,
            )

    def _keep_alive(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            assert self._process is not None
            started = time.monotonic()
            how = _how_it_ended(self._process.wait())
            if self._stopping.is_set():
                return
            if time.monotonic() - started > _GROWN_UP_S:
                pause_s = _FIRST_PAUSE_S
            _log.error("The model's host ended (%s); starting another in %g s.", how, pause_s)
            if self._stopping.wait(pause_s):
                return
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                self._start()
            except MlflowException as error:
                if not self._stopping.is_set():
                    _log.error("The model's host did not start: %s", error)


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"signal {-status} ({signal.Signals(-status).name})"
    return f"exit status {status}"
