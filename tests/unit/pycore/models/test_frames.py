import contextlib

import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from pycore.errors import InvalidInput
from pycore.models import frames
from pycore.models.columns import Array, Column, Json, Table


def check_same(got, wanted):
    """Assert that two blocks are equal, doubles bit by bit."""
    assert type(got) is type(wanted)
    match wanted:
        case Table():
            assert list(got.columns) == list(wanted.columns)
            assert got.n_rows == wanted.n_rows
            for name in wanted.columns:
                check_same(got.columns[name], wanted.columns[name])
        case Column():
            assert (got.kind, got.levels, got.zone) == (wanted.kind, wanted.levels, wanted.zone)
            assert got.data.tobytes() == wanted.data.tobytes()
            assert (got.missing is None) == (wanted.missing is None)
            assert wanted.missing is None or np.array_equal(got.missing, wanted.missing)
        case Array():
            assert (got.data.dtype, got.data.shape) == (wanted.data.dtype, wanted.data.shape)
            assert got.data.tobytes() == wanted.data.tobytes()
        case Json():
            assert got.text == wanted.text


@given(strategies.blocks())
def test_a_block_survives_the_wire(block):
    head, got = frames.decode(frames.encode({"id": 7, "params": {"type": "prob"}}, block))
    assert head == {"id": 7, "params": {"type": "prob"}}
    check_same(got, block)


@given(strategies.blocks())
def test_a_frame_is_written_into_memory_as_it_is_sent(block):
    frame = frames.Frame({"id": 7}, block)
    memory = bytearray(b"x" * (frame.n_bytes + 1))
    frame.write_to(memoryview(memory))
    assert memory == frame.to_bytes() + b"x"


def test_a_frame_may_carry_no_block():
    assert frames.decode(frames.encode({"id": 1})) == ({"id": 1}, None)


def test_the_head_is_read_alone():
    assert frames.read_head(frames.encode({"id": 3}, Json("{}")))["id"] == 3


@given(st.lists(strategies.blocks(), max_size=4), st.data())
def test_frames_are_found_in_a_stream_cut_anywhere(blocks, data):
    sent = [frames.encode({"id": number}, block) for number, block in enumerate(blocks)]
    stream = b"".join(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    buffer = frames.FrameBuffer()
    received = []
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += buffer.feed(stream[start:stop])
    assert received == sent


def test_garbage_is_refused_before_memory_is_taken_for_it():
    with pytest.raises(InvalidInput, match="not a frame"):
        frames.FrameBuffer().feed(b"GET / HTTP/1.1\r\n")


@given(strategies.blocks(), st.data())
def test_a_damaged_frame_is_refused_or_read_but_never_crashes(block, data):
    frame = bytearray(frames.encode({"id": 1}, block))
    position = data.draw(st.integers(0, len(frame) - 1))
    frame[position] = data.draw(st.integers(0, 255))
    kept = bytes(frame[: data.draw(st.integers(0, len(frame)))])
    # Whatever came through has the shape of a frame; what did not was refused with a reason.
    with contextlib.suppress(InvalidInput):
        head, _ = frames.decode(kept)
        assert isinstance(head, dict)


def test_what_is_missing_of_a_frame_is_read_at_once():
    buffer = frames.FrameBuffer()
    at_first = buffer.read_bytes
    frame = frames.encode({"id": 1}, Array(np.zeros(50_000)))
    assert buffer.feed(frame[:1000]) == []
    assert buffer.read_bytes == len(frame) - 1000 > at_first
    assert buffer.feed(frame[1000:]) == [frame]
    assert buffer.read_bytes == at_first
