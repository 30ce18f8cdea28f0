"""The body of an upload, which is whole or an error."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from flask import Request

from pycore.errors import InvalidInput, MlflowException

_CHUNK_BYTES = 1 << 20
_MAX_DRAINED_BYTES = 64 << 20


class _Upload(io.RawIOBase):
    """Reads a request body; raises when it ends before its announced length.

    gunicorn ends a body at its end and at a lost connection alike: without the count, half a file would
    be taken for a whole one.
    """

    def __init__(self, request: Request) -> None:
        self._stream = request.stream
        self._missing = request.content_length

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError as error:
            # gunicorn's own way to say that chunks ceased to come.
            raise _broken_off() from error
        if self._missing is not None:
            self._missing -= len(data)
            if not data and size and self._missing > 0:
                raise _broken_off()
        return data


@contextmanager
def upload_of(request: Request) -> Iterator[BinaryIO]:
    """Give the body of a request to be stored.

    When it is refused, the rest is read all the same, within limits: a client that is still sending
    would otherwise meet a closed connection instead of the reason.
    """
    upload = _Upload(request)
    try:
        yield cast(BinaryIO, upload)
    except MlflowException:
        drained = 0
        while drained < _MAX_DRAINED_BYTES and (piece := request.stream.read(_CHUNK_BYTES)):
            drained += len(piece)
        raise


def _broken_off() -> InvalidInput:
    return InvalidInput("The upload broke off before its end; nothing of it was stored. Send it again.")
