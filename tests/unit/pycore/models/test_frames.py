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


def memory_for(frame):
    return memoryview(bytearray(b"x" * frame.n_bytes))


@given(strategies.blocks(), st.booleans())
def test_a_block_survives_in_memory(block, copy):
    frame = frames.Frame({"id": 7}, block)
    memory = memory_for(frame)
    note = frame.leave_in(memory)
    assert frames.FrameBuffer().feed(note) == [note]
    head, got = frames.decode(note, memory, copy=copy)
    assert head == {"id": 7}
    check_same(got, block)


@given(strategies.blocks())
def test_a_block_stays_where_it_is_in_memory(block):
    frame = frames.Frame({"id": 7}, block)
    memory = memory_for(frame)
    _, there = frames.decode(frame.leave_in(memory), memory)
    before = bytes(memory)
    again = frames.Frame({"id": 8}, there).leave_in(memory)
    assert bytes(memory) == before
    check_same(frames.decode(again, memory)[1], block)


def test_columns_may_be_anywhere_in_memory():
    memory = memoryview(bytearray(100))
    places = {"a": 48, "b": 3}
    columns = {name: Column("double", np.frombuffer(memory, "<f8", 2, at)) for name, at in places.items()}
    memory[3:19] = np.array([1.5, 2.5]).tobytes()
    note = frames.Frame({"id": 7}, Table(columns, 2)).leave_in(memory)
    _, got = frames.decode(note, memory)
    assert got.records() == [{"a": 0.0, "b": 1.5}, {"a": 0.0, "b": 2.5}]
    assert np.shares_memory(got.columns["b"].data, np.frombuffer(memory, np.uint8))


def test_there_is_no_place_for_a_block_that_is_in_memory_in_part():
    memory = memoryview(bytearray(b"x" * 1000))
    columns = {"a": Column("double", np.frombuffer(memory, "<f8", 2)), "b": Column("double", np.zeros(2))}
    assert frames.Frame({"id": 7}, Table(columns, 2)).leave_in(memory) is None
    assert bytes(memory) == b"x" * 1000


def test_a_copy_stays_as_it_was():
    memory = memoryview(bytearray(1000))
    got = {}
    for value in (1.0, 2.0):
        note = frames.Frame({"id": 7}, Column("double", np.array([value]))).leave_in(memory)
        for copy in (True, False):
            _, got[value, copy] = frames.decode(note, memory, copy=copy)
    assert got[1.0, True].data.tolist() == [1.0]
    assert got[1.0, False].data.tolist() == [2.0]


def test_who_does_not_have_the_memory_has_the_head_alone():
    frame = frames.Frame({"id": 7}, Array(np.arange(3)))
    head, block = frames.decode(frame.leave_in(memory_for(frame)))
    assert (head["id"], block) == (7, None)
    assert head["starts"] == [0]


@pytest.mark.parametrize("starts", [[1], [-8], [], [2**60], ["a"], None, [0.5]])
@pytest.mark.parametrize("copy", [False, True])
def test_nothing_is_read_outside_of_the_memory(starts, copy):
    note = frames.encode({"id": 7, "block": {"is": "column", "kind": "double", "n": 3}, "starts": starts})
    with pytest.raises(InvalidInput, match="not a frame"):
        frames.decode(note, memoryview(bytes(24)), copy=copy)


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
