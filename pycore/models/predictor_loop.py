"""The life of a process that runs a model: requests in, answers out, over one stream of frames.

Used by the workers of a scoring engine and by the process in which `rbridge` keeps R.

==========  ==============================================  ==================================
frame       head                                            block
==========  ==============================================  ==================================
request     ``{"id": text, "params": {...}}``               the data; other fields are ignored
together    ``{"together": n}``: the next n requests are
            one batch
answer      ``{"id": text, "ok": true}``                    the result
failure     ``{"id": text, "error": {...}}``: see
            `pycore.models.remote_errors`
==========  ==============================================  ==================================

Every request gets exactly one answer or failure, those of a batch in the order of its requests.
"""

from __future__ import annotations

import socket
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pycore.errors import MlflowException
from pycore.models.batches import concatenate, split
from pycore.models.columns import Block
from pycore.models.flavor import Predictor
from pycore.models.frames import SEND_BUFFER_BYTES, Frame, FrameBuffer, decode, encode
from pycore.models.remote_errors import to_plain


@dataclass(frozen=True)
class _Request:
    id: str
    params: Mapping[str, Any]
    block: Block


def serve(predictor: Predictor, connection: socket.socket) -> None:
    """Answer what arrives on a connection until the other side closes it.

    Parameters
    ----------
    predictor : Predictor
    connection : socket
        A blocking stream socket.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    inbox = FrameBuffer()
    batches = Batches(predictor)
    try:
        while data := connection.recv(inbox.read_bytes):
            for frame in inbox.feed(data):
                for answer in batches.answers(*decode(frame)):
                    connection.sendall(answer)
    except (BrokenPipeError, ConnectionResetError):
        return  # Nobody waits for answers any more.


class Batches:
    """Scores requests as they come, those of a batch when all of them are there.

    Parameters
    ----------
    predictor : Predictor
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._waiting: list[_Request] = []
        self._size = 1

    def answers(self, head: Mapping[str, Any], block: Block | None) -> Iterator[bytes]:
        """Take a frame and give the answers that are due now."""
        if block is None:
            self._size = head["together"]
            return
        self._waiting.append(_Request(head["id"], head["params"], block))
        if len(self._waiting) == self._size:
            batch, self._waiting, self._size = self._waiting, [], 1
            yield from _answers(self._predictor, batch)


def answer(predictor: Predictor, head: Mapping[str, Any], block: Block, **told: Any) -> tuple[Frame, bool]:
    """Score one request by itself, and return its answer and whether that is a failure.

    Parameters
    ----------
    predictor : Predictor
    head : mapping
        That of the request.
    block : Column, Table, Array or Json
    told
        Further fields of the answer's head.
    """
    try:
        result = predictor.predict(block, head["params"])
        return Frame({"id": head["id"], "ok": True, **told}, result), False
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a model may raise anything; its caller is told
        # The caller gets the message alone; the trace, where there is more to it, is for who runs the server.
        if not isinstance(error, MlflowException) or error.__cause__ is not None:
            traceback.print_exc()
        return Frame({"id": head["id"], "error": to_plain(error)}), True


def _answers(predictor: Predictor, batch: list[_Request]) -> Iterator[bytes]:
    if len(batch) > 1 and predictor.batchable:
        together = _answers_together(predictor, batch)
        if together is not None:
            yield from together
            return
    for request in batch:
        frame, _ = answer(predictor, {"id": request.id, "params": request.params}, request.block)
        yield frame.to_bytes()


def _answers_together(predictor: Predictor, batch: list[_Request]) -> list[bytes] | None:
    """Score a batch by one call; None when that fails, for whatever reason: each then has its own try."""
    try:
        blocks = [request.block for request in batch]
        results = split(predictor.predict(concatenate(blocks), batch[0].params), blocks)
        return [
            encode({"id": request.id, "ok": True}, result)
            for request, result in zip(batch, results, strict=True)
        ]
    except (Exception, SystemExit):  # noqa: BLE001 - a model may raise anything; tried again one by one
        return None
