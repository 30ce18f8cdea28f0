"""Every request gets exactly one answer, its own, whatever the model does."""

import contextlib
import socket
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import LIMIT_S

from pycore.errors import InvalidInput
from pycore.models.columns import Array, Column, Json, Table
from pycore.models.frames import FrameBuffer, decode, encode
from pycore.models.predictor_loop import serve

UNLUCKY = 13.0


class Doubler:
    """Doubles; refuses an unlucky number; returns a row too few when told so by a param."""

    forkable = True

    def __init__(self, batchable=True):
        self.batchable = batchable
        self.calls = []

    def predict(self, data, params):
        if isinstance(data, Json):
            return Json("null")
        numbers = data.columns["x"].data
        self.calls.append(len(numbers))
        if UNLUCKY in numbers:
            raise ValueError("unlucky")
        if params.get("exit"):
            raise SystemExit(4)
        return Column("double", numbers[params.get("drop", 0) :] * 2)


def rows(*numbers: float) -> Table:
    return Table({"x": Column("double", np.array(numbers, "<f8"))}, len(numbers))


@contextlib.contextmanager
def conversation(predictor):
    """A function that sends frames and returns as many answers, as (head, block)."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=serve, args=(predictor, theirs))
    thread.start()
    inbox = FrameBuffer()

    def ask(*frames: bytes, answers: int):
        ours.sendall(b"".join(frames))
        got = []
        while len(got) < answers:
            got += [decode(frame) for frame in inbox.feed(ours.recv(1 << 16))]
        return got

    with ours, theirs:
        ours.settimeout(LIMIT_S)
        yield ask
        ours.shutdown(socket.SHUT_WR)
        thread.join(LIMIT_S)
    assert not thread.is_alive()


def request(number: int, block, **params) -> bytes:
    return encode({"id": f"r{number}", "params": params}, block)


def test_one_request_one_answer():
    with conversation(Doubler()) as ask:
        [(head, result)] = ask(request(1, rows(1.5, 2.0)), answers=1)
    assert head == {"id": "r1", "ok": True}
    assert result.to_list() == [3.0, 4.0]


def test_a_failure_says_what_the_model_said_and_the_next_request_is_answered(capfd):
    with conversation(Doubler()) as ask:
        (head, _), (_, result) = ask(request(1, rows(UNLUCKY)), request(2, rows(1)), answers=2)
    assert head == {"id": "r1", "error": {"type": "ModelError", "message": "ValueError: unlucky"}}
    assert result.to_list() == [2.0]
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.usefixtures("capfd")
def test_a_model_cannot_end_the_loop_by_exit():
    with conversation(Doubler()) as ask:
        (head, _), _ = ask(request(1, rows(1), exit=True), request(2, rows(1)), answers=2)
    assert "exit(4)" in head["error"]["message"]


@given(st.lists(st.lists(st.floats(-1e300, 1e300) | st.just(UNLUCKY), max_size=4), min_size=1, max_size=8))
def test_a_batch_is_one_call_and_answers_never_swap(requests):
    predictor = Doubler()
    batch = [encode({"together": len(requests)})]
    batch += [request(number, rows(*numbers)) for number, numbers in enumerate(requests)]
    unlucky = any(UNLUCKY in numbers for numbers in requests)
    with contextlib.redirect_stderr(None), conversation(predictor) as ask:
        answers = ask(*batch, answers=len(requests))
    for number, (numbers, (head, result)) in enumerate(zip(requests, answers, strict=True)):
        assert head["id"] == f"r{number}"
        if UNLUCKY in numbers:
            assert "unlucky" in head["error"]["message"]
        else:
            assert result.to_list() == [2 * value for value in numbers]
    assert unlucky or predictor.calls == [sum(map(len, requests))]


def batch_of(*blocks, **params) -> list[bytes]:
    return [
        encode({"together": len(blocks)}),
        *(request(number, block, **params) for number, block in enumerate(blocks)),
    ]


@pytest.mark.usefixtures("capfd")
def test_one_bad_request_fails_no_other_of_its_batch():
    predictor = Doubler()
    with conversation(predictor) as ask:
        answers = ask(*batch_of(rows(1), rows(UNLUCKY), rows(3)), answers=3)
    assert [head.get("ok", False) for head, _ in answers] == [True, False, True]
    assert answers[2][1].to_list() == [6.0]
    assert predictor.calls == [3, 1, 1, 1]


def test_a_batch_with_rows_lost_is_scored_one_by_one():
    with conversation(Doubler()) as ask:
        answers = ask(*batch_of(rows(1, 2), rows(3, 4), drop=1), answers=2)
    assert [result.to_list() for _, result in answers] == [[4.0], [8.0]]


def test_a_model_that_is_not_row_wise_gets_requests_one_by_one():
    predictor = Doubler(batchable=False)
    with conversation(predictor) as ask:
        ask(*batch_of(rows(1), rows(2)), answers=2)
    assert predictor.calls == [1, 1]


def test_requests_that_do_not_go_together_are_scored_one_by_one():
    with conversation(Doubler()) as ask:
        answers = ask(*batch_of(rows(1), Json("[]")), answers=2)
    assert [type(result) for _, result in answers] == [Column, Json]


def test_the_next_request_after_a_batch_stands_alone():
    predictor = Doubler()
    with conversation(predictor) as ask:
        ask(*batch_of(rows(1), rows(2)), request(7, rows(3)), answers=3)
    assert predictor.calls == [2, 1]


def test_a_result_that_no_frame_holds_is_a_failure(capfd):
    class Broken(Doubler):
        def predict(self, data, params):
            return Json("half a pair: \ud800")

    with conversation(Broken()) as ask:
        [(head, _)] = ask(request(1, rows(1)), answers=1)
    assert head["error"]["type"] == "ModelError"
    assert capfd.readouterr().err


def test_a_caller_that_went_away_ends_the_loop():
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(request(1, rows(1)))
        ours.close()
        serve(Doubler(), theirs)


def test_garbage_ends_the_loop_loudly():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(InvalidInput):
            serve(Doubler(), theirs)


def test_arrays_are_batched_too():
    class Sum(Doubler):
        def predict(self, data, params):
            self.calls.append(data.n_rows)
            return Array(data.data.sum(axis=1))

    predictor = Sum()
    with conversation(predictor) as ask:
        answers = ask(*batch_of(Array(np.ones((2, 3))), Array(np.zeros((1, 3)))), answers=2)
    assert [result.data.tolist() for _, result in answers] == [[3.0, 3.0], [0.0]]
    assert predictor.calls == [3]
