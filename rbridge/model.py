"""A crate for Python callers: `CrateModel`, which keeps R in a process of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from typing import Any

from pycore.errors import InvalidInput, MlflowException, ModelCrashed
from pycore.models.columns import Block
from pycore.models.frames import FrameBuffer, decode, encode
from pycore.models.pandas_blocks import block_from_python, python_from_block
from pycore.models.remote_errors import from_plain
from pycore.models.results import NoJsonForm, plain
from rbridge.section import CrateSection

#: For a child that was told to end; after it, it is killed.
_END_TIMEOUT_S = 10


class CrateModel:
    """A crate that Python code can ask: R runs in a child process, started by the first question.

    May be used from several threads, which take turns; may be pickled and may cross a fork, after
    which it starts a child of its own. When the child dies, that call fails and the next one starts
    another. It ends when the model is closed or forgotten, and with its parent in any case.

    Parameters
    ----------
    section : CrateSection
        Which crate, and what is known about it.
    """

    def __init__(self, section: CrateSection) -> None:
        self._section = section
        #: Each row of a result depends on the same row of the input alone.
        self.row_wise = section.batchable
        self._child: _Child | None = None
        self._forget_child()

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Call the crate's function.

        Parameters
        ----------
        data : DataFrame, Series, ndarray, list, dict or scalar
            Its first argument. A frame becomes a data frame, an array a vector or matrix.
        params : mapping, optional
            Its other arguments, by name.

        Returns
        -------
        ndarray, pandas array, DataFrame, list or dict
            A vector, as `pycore.models.pandas_blocks.python_from_block` says; a matrix with column
            names or a data frame; a list without rows.

        Raises
        ------
        RUnavailable
            R is not installed, or cannot be loaded.
        RCallError
            R raised an error.
        SignatureMismatch, InvalidInput
            The data or params do not fit.
        ModelCrashed
            The process with R died.
        """
        try:
            named = plain(dict(params or {}))
        except NoJsonForm as error:
            raise InvalidInput(
                f"params hold a {error.type_name}; give numbers, texts, truths, dates, lists or dicts."
            ) from None
        return python_from_block(self.score(block_from_python(data), named))

    def score(self, data: Block, params: Mapping[str, Any]) -> Block:
        """Call the crate's function with typed data; otherwise as `predict`."""
        if self._owner != os.getpid():
            if self._child is not None:
                self._child.close()
            self._forget_child()  # That one, and the lock, are those of the process we were forked from.
        with self._lock:
            if self._child is None:
                self._child = _Child(self._section)
                self._finalizer = weakref.finalize(self, self._child.close)
            child = self._child
            try:
                return child.ask(data, params)
            finally:
                if not child.idle:  # It is gone, or busy still, as after Ctrl-C: it cannot be asked again.
                    child.kill()
                    self._end_child()

    @property
    def process_id(self) -> int | None:
        """The child process's id; None while there is none."""
        return self._child.process_id if self._child and self._owner == os.getpid() else None

    def close(self) -> None:
        """End the child process, if there is one; the next `predict` starts another."""
        if self._owner == os.getpid():
            with self._lock:
                self._end_child()

    def _end_child(self) -> None:
        if self._child is not None:
            self._finalizer()
            self._child = None

    def _forget_child(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._child = None

    def __getstate__(self) -> dict[str, Any]:
        return {"section": self._section}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["section"])  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"CrateModel({str(self._section.file)!r})"


class _Child:
    """The process with R, and our end of the socket to it."""

    def __init__(self, section: CrateSection) -> None:
        self._owner = os.getpid()
        #: Every question has been answered.
        self.idle = False
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._temporary_folder = ""
        self._inbox = FrameBuffer()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this very Python
                [sys.executable, "-m", "rbridge.child", str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # What a model prints is no answer of the program that uses it.
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self.process_id = self._process.pid
        try:
            self._send(encode({"section": section.to_plain()}))
            head, _ = self._receive()
            if "failed" in head:
                raise from_plain(head["failed"])
        except BaseException:  # an interrupt, too, must leave no R process
            self.kill()
            self.close()
            raise
        self._temporary_folder = head["temporary_folder"]
        self.idle = True

    def ask(self, data: Block, params: Mapping[str, Any]) -> Block:
        """Have the crate called."""
        question = encode({"id": "", "params": dict(params)}, data)
        self.idle = False
        self._send(question)
        head, block = self._receive()
        self.idle = True
        if block is None:
            raise from_plain(head["error"])
        return block

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        if self._owner == os.getpid():
            self._process.kill()

    def close(self) -> None:
        """Have the process end, and wait until it has."""
        if self._owner != os.getpid():
            self._socket.close()
            return  # We are a fork; the process is another's child.
        with self._socket, contextlib.suppress(OSError):
            # Closing alone would not tell the child while a forked process has a copy.
            self._socket.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._temporary_folder:
            # R removes it on a regular end only.
            shutil.rmtree(self._temporary_folder, ignore_errors=True)

    def _send(self, frame: bytes) -> None:
        # If this fails the child is gone, which receiving tells.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(frame)

    def _receive(self) -> tuple[dict[str, Any], Block | None]:
        while True:
            try:
                data = self._socket.recv(self._inbox.read_bytes)
            except ConnectionResetError:
                data = b""
            if not data:
                raise self._crashed()
            for frame in self._inbox.feed(data):
                return decode(frame)

    def _crashed(self) -> MlflowException:
        status = self._process.wait()
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return ModelCrashed(
            f"The process that ran the crate {how} before it answered. If the model does not call quit() "
            "itself, it may have run out of memory; its output has more."
        )
