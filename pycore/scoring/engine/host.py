"""The host process of a model: one thread, an event loop, and never a prediction of its own.

Callers connect to a unix socket and send frames; each is answered by one frame with the same ``id``.

=========  ==================================================  =====================================
frame      head                                                block
=========  ==================================================  =====================================
request    ``{"id", "params", "rows", "batch"}``: see          the data
           `pycore.scoring.engine.client`
in memory  the same and ``"starts"``: the file of the          the data, left in memory
           connection's memory comes with its first one
question   ``{"id", "ask": "state"}``                          none
answer     ``{"id", "ok"}`` or ``{"id", "error"}``: as the     the result
           worker gave it, see `pycore.models.predictor_loop`;
           with ``"lent"`` where it was the worker who sent it
state      ``{"id", "state": {...}}``                          none
=========  ==================================================  =====================================

What happens to a request when its worker is lost:

- its time was over: `DeadlineExceeded`;
- the worker died: once more on another worker, alone; after the second death `ModelCrashed`;
- it was in a batch with the culprit: again, alone.

The same holds for requests that a worker takes from a caller's connection which was lent to it (see
`pycore.scoring.engine.loans`): they are still on the connection then. Only a caller whose answer may have
been sent in part loses its connection.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pycore.errors import DeadlineExceeded, MlflowException, ModelCrashed, ModelError, Unavailable
from pycore.models.frames import encode, read_head
from pycore.models.remote_errors import from_plain, to_plain
from pycore.scoring.engine import sandbox
from pycore.scoring.engine.connection import Connection
from pycore.scoring.engine.figures import Figures
from pycore.scoring.engine.loading import load_to_fork
from pycore.scoring.engine.loan_notes import Phase
from pycore.scoring.engine.loans import Lender
from pycore.scoring.engine.options import EngineOptions
from pycore.scoring.engine.request_queue import Request, RequestQueue
from pycore.scoring.engine.worker import forking, open_files, starting_cold
from pycore.scoring.engine.worker_pool import StartWorker, Worker, WorkerPool

#: Workers a request may kill before it is refused.
_DEATHS_ALLOWED = 1


class Host:
    """Queue, deadlines and workers of one model.

    Parameters
    ----------
    options : EngineOptions
    address : Path
        Where the socket is made, once the model can score.
    start_worker : callable
        Starts a worker that speaks on the given stream; returns its process id.
    on_ready : callable
        Called once, when callers can connect.
    """

    def __init__(
        self,
        options: EngineOptions,
        address: Path,
        start_worker: StartWorker,
        on_ready: Callable[[], None],
    ) -> None:
        self._options = options
        self._address = address
        self._on_ready = on_ready
        self._selector = selectors.DefaultSelector()
        self._pool = WorkerPool(
            options.workers, start_worker, self._selector, self._on_worker_frame, self._on_worker_lost
        )
        self._queue = RequestQueue(options.queue_requests, options.batch_rows)
        self._callers: set[Connection] = set()
        self._listener: socket.socket | None = None
        self._batchable = False
        self._opened = False
        self._stopping = False
        self._figures = Figures()
        self._lender = Lender(self._figures, options.timeout_s)

    def run(self) -> None:
        """Serve until SIGTERM, then answer what has been accepted and return.

        Raises
        ------
        MlflowException
            No worker could load the model.
        """
        self._watch_for_stop_signal()
        self._pool.fill()
        try:
            while not (self._stopping and self._is_done()):
                for key, events in self._selector.select(self._seconds_to_wait()):
                    key.data(events)
                self._enforce_deadlines()
                self._pool.fill()
                self._dispatch()
        finally:
            self._pool.close()

    # Starting and stopping

    def _watch_for_stop_signal(self) -> None:
        # The handler does nothing: the byte that Python writes for each signal wakes the loop.
        woken, self._wakes = socket.socketpair()
        self._wakes.setblocking(False)
        signal.set_wakeup_fd(self._wakes.fileno())
        signal.signal(signal.SIGTERM, lambda *_: None)
        self._selector.register(woken, selectors.EVENT_READ, lambda _: self._stop(woken))

    def _stop(self, woken: socket.socket) -> None:
        woken.recv(1024)
        self._stopping = True
        self._lender.recall(self._pool.workers)
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            self._address.unlink(missing_ok=True)

    def _is_done(self) -> bool:
        return not (
            len(self._queue)
            or any(worker.running or worker.loan for worker in self._pool.workers)
            or any(caller.has_unsent for caller in self._callers)
        )

    def _open(self) -> None:
        """Let callers in."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._address))
        listener.listen(socket.SOMAXCONN)
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, lambda _: self._accept())
        self._listener = listener
        self._opened = True
        self._on_ready()

    def _accept(self) -> None:
        if self._listener is not None:
            with suppress(BlockingIOError, ConnectionAbortedError):  # A caller may have left already.
                stream, _ = self._listener.accept()
                self._callers.add(
                    Connection(stream, self._selector, self._on_caller_frame, self._on_caller_gone)
                )

    def _seconds_to_wait(self) -> float | None:
        times = [self._queue.next_deadline(), self._pool.next_start()]
        times += [worker.give_up_at for worker in self._pool.workers]
        times += [worker.loan.look_at for worker in self._pool.workers if worker.loan and worker.ready]
        known = [time_s for time_s in times if time_s is not None]
        return max(0.0, min(known) - time.monotonic()) if known else None

    # Callers

    def _on_caller_frame(self, caller: Connection, frame: bytes) -> None:
        head = read_head(frame)
        if head.get("ask") == "state":
            caller.send(encode({"id": head["id"], "state": self._state()}))
            return
        request = Request(
            id=head["id"],
            frame=frame,
            caller=caller,
            arrived=(now := time.monotonic()),
            deadline=now + self._options.timeout_s,
            rows=head["rows"],
            batch_key=head.get("batch") if self._batchable and "starts" not in head else None,
            is_in_memory="starts" in head,
        )
        if request.is_in_memory and not caller.files:
            # There was no number left for the file that came with it: to ask again needs another connection.
            caller.close()
            self._on_caller_gone(caller)
            return
        since = self._lender.interrupted_since(caller)
        if since is not None:
            self._resume_request(request, since)
            return
        try:
            if self._stopping:
                raise Unavailable("The model is being stopped; try again later.")
            self._queue.add(request)
        except Unavailable as error:
            self._fail(request, error)

    def _on_caller_gone(self, caller: Connection) -> None:
        self._callers.remove(caller)
        self._lender.forget(caller)
        self._queue.remove(lambda request: request.caller is caller)

    def _fail(self, request: Request, error: MlflowException) -> None:
        self._figures.answered(error.error_code, time.monotonic() - request.arrived)
        request.caller.send(encode({"id": request.id, "error": to_plain(error)}))

    def _state(self) -> dict[str, Any]:
        workers = self._pool.workers
        loans = self._lender.count(workers)
        return {
            "workers": [worker.pid for worker in workers],
            "workers_started": self._pool.started,
            "ready": sum(worker.ready for worker in workers),
            "healthy": self._pool.is_healthy(),
            "running": sum(len(worker.running) for worker in workers)
            + sum(loan.notes.phase is not Phase.WAITING for loan in loans),
            "lent": len(loans),
            "queued": len(self._queue),
            "restarts": self._pool.started - len(workers),
            "answered": self._figures.total,
            "figures": self._figures.to_plain(),
        }

    # Workers

    def _dispatch(self) -> None:
        while len(self._queue) and (worker := self._pool.idle()):
            batch = self._queue.take()
            worker.running = batch
            self._figures.dispatched(len(batch))
            now = time.monotonic()
            time_left = min(request.deadline for request in batch) - now
            # Half of the time is for the batch, half for its requests one by one if one of them hangs.
            worker.give_up_at = now + (time_left if len(batch) == 1 else time_left / 2)
            frames = [request.frame for request in batch]
            if len(batch) > 1:
                frames.insert(0, encode({"together": len(batch)}))
            if batch[0].is_in_memory:
                # If this fails the worker is gone, as its process will tell.
                with suppress(OSError):
                    worker.connection.send_with_files(frames[0], batch[0].caller.files)
            else:
                worker.connection.send(b"".join(frames))
        if len(self._queue):
            self._lender.somebody_waits(self._pool.workers, time.monotonic())

    def _on_worker_frame(self, worker: Worker, frame: bytes) -> None:
        head = read_head(frame)
        if "ready" in head:
            worker.ready = True
            self._batchable = head["batchable"]
            if not self._opened:
                self._open()
        elif "failed" in head:
            self._on_failed_start(from_plain(head["failed"]))
        elif "returned" in head:
            caller = self._lender.end(worker)
            if "failure" in head:
                failure = head["failure"]
                self._figures.answered(from_plain(failure["error"]).error_code, head["seconds"])
                caller.send(encode(failure))
                worker.served += 1
            self._retire_if_due(worker)
        else:
            request = next(request for request in worker.running if request.id == head["id"])
            worker.running.remove(request)
            worker.served += 1
            outcome = from_plain(head["error"]).error_code if "error" in head else "ok"
            now = time.monotonic()
            self._figures.answered(outcome, now - request.arrived)
            request.caller.send(frame)
            if not worker.running:
                worker.give_up_at = None
                self._retire_if_due(worker)
            worth_lending = self._lender.answered(request.caller, worker, request.arrived, now)
            if worth_lending and not len(self._queue) and not self._stopping:
                requests = self._options.worker_requests - worker.served
                self._lender.lend(request.caller, worker, requests, now)

    def _retire_if_due(self, worker: Worker) -> None:
        if worker.served >= self._options.worker_requests:
            self._pool.kill(worker)

    def _resume_request(self, request: Request, since: float) -> None:
        """Have a request scored by another worker than the one that died of it."""
        request.arrived, request.deadline = since, since + self._options.timeout_s
        request.deaths, request.alone = 1, True
        if request.deadline <= time.monotonic():
            self._fail(request, self._too_late())
        else:
            self._queue.put_back([request])

    def _on_failed_start(self, error: MlflowException) -> None:
        if not self._opened:
            raise error
        print(f"A worker cannot load the model: {error}", file=sys.stderr)

    def _on_worker_lost(self, worker: Worker, how: str) -> None:
        if not self._opened:
            raise ModelError(f"The process that loads the model ended by itself: {how}.")
        if spoilt := self._lender.end_of_dead(worker):
            spoilt.close()
            self._on_caller_gone(spoilt)
        now = time.monotonic()
        retried = []
        for request in worker.running:
            if not request.caller.is_open:
                continue
            if request.deadline <= now:
                self._fail(request, self._too_late())
                continue
            # A worker is stopped early only for a batch; nobody knows then whose fault it was.
            request.deaths += not worker.stopped_early
            request.alone = True
            if request.deaths > _DEATHS_ALLOWED:
                crashed = f"The process that ran the model ended while it scored this request: {how}."
                self._fail(request, ModelCrashed(crashed))
            else:
                retried.append(request)
        self._queue.put_back(retried)

    def _enforce_deadlines(self) -> None:
        now = time.monotonic()
        next_deadline = self._queue.next_deadline()
        if next_deadline is not None and next_deadline <= now:
            for request in self._queue.remove(lambda request: request.deadline <= now):
                self._fail(request, self._too_late())
        for worker in self._pool.workers:
            if worker.give_up_at is not None and worker.give_up_at <= now:
                worker.give_up_at = None
                worker.stopped_early = True
                self._pool.kill(worker)
            loan = worker.loan
            if loan is not None and worker.ready and loan.overdue(now, self._options.timeout_s):
                self._pool.kill(worker)

    def _too_late(self) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"The model has not answered within {self._options.timeout_s:g} s, the time limit of a request."
        )


def _how_to_start_workers(options: EngineOptions, mode: str, status: int) -> StartWorker:
    """Load the model, unless each worker does so itself."""
    if mode == "cold":
        return starting_cold(options)
    predictor = load_to_fork(options.path)
    if predictor is None:
        # What loading has started here, threads above all, is best left by leaving the program.
        arguments = ["-m", "pycore.scoring.engine.host", *sys.argv[1:], "cold"]
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - this very program
    if options.memory_mb is not None:
        sandbox.check_memory_limit(options.memory_mb)
    # Workers share the memory of all that exists now, as long as their collectors leave it alone.
    gc.collect()
    gc.freeze()
    return forking(predictor, options, open_files() - {status})


def main(options_json: str, address: str, status_number: str, parent: str, mode: str = "fork") -> int:
    """Run a host; `pycore.scoring.engine.process` is what starts it.

    Parameters
    ----------
    options_json : str
        `EngineOptions` as text.
    address : str
        The socket to make, in a folder that belongs to this host alone and is removed at the end.
    status_number : str
        File number of a pipe for one line of JSON: ``{"ready": true}`` or ``{"failed": {...}}``.
    parent : str
        Process id of the one that started the host; the host stops when it is gone.
    mode : str
        "cold" if each worker loads its own copy of the model.

    Returns
    -------
    int
        Exit status.
    """
    sandbox.die_with_parent(int(parent), signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor to interpret.
    options = EngineOptions.from_json(options_json)
    status = int(status_number)

    def report(line: dict[str, Any]) -> None:
        os.write(status, json.dumps(line).encode() + b"\n")
        os.close(status)

    try:
        start_worker = _how_to_start_workers(options, mode, status)
        Host(options, Path(address), start_worker, on_ready=lambda: report({"ready": True})).run()
    except MlflowException as error:
        report({"failed": to_plain(error)})
        return 1
    finally:
        shutil.rmtree(Path(address).parent, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
