"""One process that scores: forked from the host with the model in it, or started cold."""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from pycore.errors import MlflowException
from pycore.models.flavor import Predictor
from pycore.models.frames import encode
from pycore.models.remote_errors import to_plain
from pycore.scoring.engine import sandbox
from pycore.scoring.engine.loading import load
from pycore.scoring.engine.options import EngineOptions
from pycore.scoring.engine.worker_loop import WorkerLoop
from pycore.scoring.engine.worker_pool import StartWorker


def open_files() -> frozenset[int]:
    """Return the numbers of all files this process has open."""
    numbers = [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    return frozenset(number for number in numbers if _is_open(number))


def _is_open(number: int) -> bool:
    # The listing of the folder had the folder itself open.
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def forking(predictor: Predictor, options: EngineOptions, model_files: frozenset[int]) -> StartWorker:
    """Return a function that forks a worker.

    Parameters
    ----------
    predictor : Predictor
        Loaded in this process.
    options : EngineOptions
    model_files : frozenset of int
        The files a worker keeps: those open when the model was loaded. Others are the host's; a worker
        that had them would keep callers' connections open.
    """

    def start(stream: socket.socket) -> int:
        host = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            _detach(host)
            for number in open_files() - model_files - {stream.fileno()}:
                os.close(number)
            predictor.after_fork()
            _work(predictor, stream, options)
        except BaseException:  # noqa: BLE001 - nothing may escape into the copy of the host's loop
            traceback.print_exc()
        os._exit(1)

    return start


def starting_cold(options: EngineOptions) -> StartWorker:
    """Return a function that starts a worker which loads its own copy of the model."""

    def start(stream: socket.socket) -> int:
        host = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            os.set_inheritable(stream.fileno(), True)
            arguments = ["-m", __name__, options.to_json(), str(stream.fileno()), str(host)]
            os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - this very module
        finally:
            os._exit(1)

    return start


def _detach(host: int) -> None:
    sandbox.die_with_parent(host, signal.SIGKILL)
    # A group of its own, so that what the model starts can be ended with it.
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(predictor: Predictor, stream: socket.socket, options: EngineOptions) -> NoReturn:
    """Score what comes on the stream; end the process when it closes."""
    sandbox.volunteer_for_memory_shortage()
    if options.memory_mb is not None:
        sandbox.limit_memory(options.memory_mb)
    stream.setblocking(True)
    stream.sendall(encode({"ready": True, "batchable": predictor.batchable}))
    WorkerLoop(predictor, stream).run()
    # Not sys.exit: what libraries do at an orderly end would undo the host's state, such as R's tempdir.
    os._exit(0)


def _main(options_json: str, stream_number: str, host: str) -> None:
    _detach(int(host))
    stream = socket.socket(fileno=int(stream_number))
    options = EngineOptions.from_json(options_json)
    try:
        predictor = load(options.path)
        if options.memory_mb is not None:
            sandbox.check_memory_limit(options.memory_mb)
    except MlflowException as error:
        stream.sendall(encode({"failed": to_plain(error)}))
        os._exit(1)
    _work(predictor, stream, options)


if __name__ == "__main__":
    _main(*sys.argv[1:])
