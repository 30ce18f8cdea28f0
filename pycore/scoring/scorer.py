"""One request from body to reply, whoever asks: an HTTP route or the command line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pycore.models.columns import Array, Block, Json
from pycore.models.signature import ModelSignature
from pycore.scoring.arrow_stream import write_arrow
from pycore.scoring.body_limit import UNLIMITED, BodyLimit
from pycore.scoring.content_type import ARROW, wants_arrow
from pycore.scoring.payload import Payload, read_payload
from pycore.scoring.reply import predictions, render

#: Scores typed data; `EngineClient.predict` above all.
Predict: TypeAlias = Callable[[Block, Mapping[str, Any]], Block]


#: Bodies of this size are read one at a time: until they are columns, texts take up to 40 times their size.
_LARGE_BODY_BYTES = 2 << 20


@dataclass(frozen=True)
class Reply:
    """The answer to a request.

    Parameters
    ----------
    body : bytes
    warning : str, optional
        What the caller should know although there is an answer.
    content_type : str
        Of the body.
    """

    body: bytes
    warning: str | None = None
    content_type: str = "application/json"


class Scorer:
    """A model's signature together with a way to score.

    Parameters
    ----------
    signature : ModelSignature, optional
    predict : callable
    limit : BodyLimit
        Of what a body may unfold to.
    """

    def __init__(
        self, signature: ModelSignature | None, predict: Predict, limit: BodyLimit = UNLIMITED
    ) -> None:
        self._signature = signature
        self._predict = predict
        self._limit = limit
        self._one_large = threading.Lock()

    def score(self, body: bytes | memoryview, content_type: str | None, accept: str | None = None) -> Reply:
        """Answer one request.

        Parameters
        ----------
        body : bytes or memoryview
            It must not change before there is an answer.
        content_type : str, optional
            The header of the request.
        accept : str, optional
            The header of the request: who names Arrow streams gets one for every result that has rows.

        Raises
        ------
        InvalidInput, UnsupportedMediaType, PayloadTooLarge
            The request cannot be read; see `read_payload`.
        ModelError, Unavailable, DeadlineExceeded
            It was not answered; see `EngineClient.predict`.
        """
        payload = self._read(body, content_type)
        if _n_rows(payload.data) == 0:
            result: Block = Array(np.empty(0))
        else:
            result = self._predict(payload.data, payload.params)
        warning = _row_warning(payload.data, result)
        if wants_arrow(accept) and (stream := write_arrow(result)) is not None:
            return Reply(stream, warning, ARROW)
        return Reply(render(result) if payload.is_bare else predictions(result), warning)

    def _read(self, body: bytes | memoryview, content_type: str | None) -> Payload:
        turn = self._one_large if len(body) >= _LARGE_BODY_BYTES else nullcontext()
        with turn:
            return read_payload(body, content_type, self._signature, self._limit)


def _n_rows(block: Block) -> int | None:
    return None if isinstance(block, Json) else block.n_rows


def _row_warning(given: Block, result: Block) -> str | None:
    wanted, got = _n_rows(given), _n_rows(result)
    if wanted is None or got is None or wanted == got:
        return None
    return f"the model returned {got} rows for {wanted}"
