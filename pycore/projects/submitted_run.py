"""A command of a project: its process, and the run it belongs to."""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future, TimeoutError
from pathlib import Path
from typing import IO, TextIO

from pycore.entities import RunStatus
from pycore.errors import ProjectFailed
from pycore.tracking.mlflow_client import MlflowClient

EXIT_STATUS = "crateflow.project.exitStatus"
OUTPUT_TAIL = "crateflow.project.outputTail"

_TAIL_CHARACTERS = 4000
_TAIL_LINES = 20
_CHUNK_BYTES = 1 << 16
#: How late the end of a process is noticed whose children keep its output open.
_POLL_S = 0.1
#: What a cancelled command has to end by itself.
_GRACE_S = 10.0


class SubmittedRun:
    """A command of a project, whose output is passed on and whose end closes its run.

    The run becomes FINISHED when the command exits with 0, unless the command has ended it otherwise; FAILED
    with tags for the exit status and the end of the output; KILLED when it was cancelled. A program that
    does not wait for it still goes on until the command has ended.

    Parameters
    ----------
    run_id : str
    tracking_uri : str
    command : str
        For bash.
    folder : Path
        Where it runs.
    variables : mapping of str to str
        Its whole environment.
    workspace : TemporaryDirectory
        Removed at the end.

    Attributes
    ----------
    run_id, command : str
    """

    def __init__(
        self,
        run_id: str,
        tracking_uri: str,
        command: str,
        folder: Path,
        variables: Mapping[str, str],
        workspace: tempfile.TemporaryDirectory[str],
    ) -> None:
        self.run_id = run_id
        self.command = command
        self._tracking_uri = tracking_uri
        self._workspace = workspace
        self._folder = folder
        self._variables = variables
        self._cancelled = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._outcome: Future[RunStatus] = Future()

    def start(self) -> None:
        """Start the command."""
        self._say(f"Running command '{self.command}' in run with ID '{self.run_id}'")
        # An interrupt, which only reaches the main thread, never finds a process that nobody looks after.
        threading.Thread(target=self._watch, name=f"project-{self.run_id}").start()

    def wait(self) -> bool:
        """Wait for the end, and return whether the run is FINISHED.

        Raises
        ------
        MlflowException
            The end could not be noted where the run is tracked.
        """
        return self._outcome.result() == RunStatus.FINISHED

    def get_status(self) -> str:
        """Return the status of the run, such as ``RUNNING``."""
        return (self._outcome.result() if self._outcome.done() else RunStatus.RUNNING).name

    def cancel(self) -> None:
        """End the command and what it has started, and wait until it has ended."""
        self._cancelled.set()
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            self._outcome.exception(_GRACE_S)
        self._signal(signal.SIGKILL)
        self._outcome.exception()
        if self.get_status() == RunStatus.KILLED.name:
            self._say(f"Run (ID '{self.run_id}') killed")

    def finish(self) -> None:
        """Wait for the end, and tell it on stderr.

        Raises
        ------
        ProjectFailed
            The run is not FINISHED.
        """
        finished = self.wait()
        self._say(f"Run (ID '{self.run_id}') {'succeeded' if finished else 'failed'}")
        if not finished:
            raise ProjectFailed(f"The run {self.run_id} is {self.get_status()}: {self._reason()}.")

    def _say(self, what: str) -> None:
        # Programs find the run by these lines, whatever logging is set up.
        print(f"=== {what} ===", file=sys.stderr, flush=True)

    def _reason(self) -> str:
        code = self._process.returncode if self._process else None
        return f"its command ended with exit status {code}" if code else "its command ended it so"

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            # It may have ended since.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _watch(self) -> None:
        try:
            with self._workspace:
                status = self._run()
            self._outcome.set_result(status)
        except Exception as error:  # noqa: BLE001  # whoever waits is told
            self._outcome.set_exception(error)

    def _run(self) -> RunStatus:
        client = MlflowClient(self._tracking_uri)
        try:
            process = subprocess.Popen(  # noqa: S603  # a project is a command, and running it what is asked
                ["bash", "-c", self.command],  # noqa: S607
                cwd=self._folder,
                env=dict(self._variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A group of its own, so that all of it can be ended.
                start_new_session=True,
            )
        except OSError as error:
            client.set_terminated(self.run_id, RunStatus.FAILED)
            raise ProjectFailed(
                f"The command of the run {self.run_id} cannot be started: {error.strerror}."
            ) from error
        with process:
            self._process = process
            if self._cancelled.is_set():
                self._signal(signal.SIGTERM)
            tail = self._pass_on(process)
            return self._close(client, process.wait(), tail)

    def _pass_on(self, process: subprocess.Popen[bytes]) -> str:
        """Copy the output while it comes, and return the end of it."""
        tail = ""
        with selectors.DefaultSelector() as outputs:
            for stream, target in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
                outputs.register(_required(stream), selectors.EVENT_READ, _Output(target))
            while outputs.get_map():
                # Asked before the outputs are, which then hold all that it will ever say.
                has_ended = process.poll() is not None
                ready = outputs.select(_POLL_S)
                if has_ended and not ready:
                    break  # a process left in the background keeps the output open: it is not waited for
                for key, _ in ready:
                    data = os.read(key.fd, _CHUNK_BYTES)
                    tail = (tail + key.data.write(data))[-_TAIL_CHARACTERS:]
                    if not data:
                        outputs.unregister(key.fileobj)
        return "\n".join(tail.splitlines()[-_TAIL_LINES:])

    def _close(self, client: MlflowClient, exit_status: int, tail: str) -> RunStatus:
        if exit_status == 0:
            status = RunStatus.from_string(client.get_run(self.run_id).info.status)
            if RunStatus.is_terminated(status):
                return status
            client.set_terminated(self.run_id, RunStatus.FINISHED)
            return RunStatus.FINISHED
        status = RunStatus.KILLED if self._cancelled.is_set() else RunStatus.FAILED
        client.set_tag(self.run_id, EXIT_STATUS, exit_status)
        client.set_tag(self.run_id, OUTPUT_TAIL, tail)
        client.set_terminated(self.run_id, status)
        return status


class _Output:
    """Bytes on their way to a text stream, which in a notebook is no file."""

    def __init__(self, target: TextIO) -> None:
        self._target = target
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def write(self, data: bytes) -> str:
        """Write what is complete, and return it; no data ends the text."""
        text = self._decoder.decode(data, final=not data)
        # Whoever read it may have gone; the project goes on.
        with contextlib.suppress(BrokenPipeError):
            self._target.write(text)
            self._target.flush()
        return text


def _required(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "opened as a pipe"
    return stream
