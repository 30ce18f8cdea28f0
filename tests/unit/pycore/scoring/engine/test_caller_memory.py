"""Large requests and answers go through memory: right as any other, and gone with their connection."""

import os
import signal
import socket
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from engine_callers import Caller, borrow, engine
from model_folders import obedient_model, write_model
from waiting import LIMIT_S, until

from pycore.errors import ModelCrashed, ModelError
from pycore.models.columns import Array, Column, Table
from pycore.models.frames import Frame, encode
from pycore.scoring.engine.caller_memory import LEAST_REQUEST_BYTES, MOST_BYTES, fits, memory_of, new_memory
from pycore.scoring.engine.client import EngineClient

pytestmark = pytest.mark.usefixtures("capfd")  # What models print goes to standard error.

#: So many rows are more than goes by way of the socket, and may be added to.
LARGE = LEAST_REQUEST_BYTES // 8


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return obedient_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def running(model):
    """An engine of one worker, for tests that leave it as they found it."""
    with engine(model) as (host, client, caller):
        yield host, client, caller


def large(first):
    return np.arange(float(first), first + LARGE)


def memories(pid):
    """Return how many files of callers' memory a process has open."""
    found = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # It may be closed by now.
            found += "crateflow-caller" in str(entry.readlink())
    return found


@contextmanager
def one_memory():
    file = new_memory()
    try:
        yield file
    finally:
        os.close(file)


def test_both_sides_have_the_same_two_halves():
    with one_memory() as file:
        mine, other = memory_of(file), memory_of(file)
    mine.request[:] = b"q" * MOST_BYTES
    other.answer[:] = b"a" * MOST_BYTES
    assert other.request[-1:] == b"q"
    assert mine.answer[:1] == b"a"


@pytest.mark.parametrize(
    ("n_values", "name", "fit"),
    [
        (10, "x", False),
        (LARGE, "x", True),
        (LARGE, "x" * 100_000, False),
        (MOST_BYTES // 8, "x", False),
    ],
    ids=["small", "large", "much to tell", "too large"],
)
def test_what_is_left_in_memory(n_values, name, fit):
    frame = Frame({"id": "q"}, Table({name: Column("double", np.zeros(n_values))}, n_values))
    assert fits(frame, LEAST_REQUEST_BYTES) is fit


def test_nobody_can_take_memory_away_from_the_others():
    with one_memory() as file, pytest.raises(PermissionError):
        os.ftruncate(file, MOST_BYTES)


@pytest.mark.parametrize("lent", [False, True], ids=["through the host", "lent"])
def test_requests_of_any_size_are_answered_in_turn(running, lent):
    _, client, caller = running
    if lent:
        borrow(client, caller)
        # The first makes the memory, of which the worker has to hear.
        assert caller.ask(*large(0)) == (2 * large(0)).tolist()
        borrow(client, caller)
    before = client.state()
    for first in range(5):
        assert caller.ask(*large(first)) == (2 * large(first)).tolist()
        assert caller.ask(first) == [2.0 * first]
        if not lent:
            client.state()
            other = Caller(client)
            assert other.ask(1) == [2.0]
            other.close()
    after = client.state()
    assert after["workers"] == before["workers"]
    assert not lent or after["lent"] == 1


def test_a_request_larger_than_the_memory_goes_by_way_of_the_socket(running):
    _, _, caller = running
    numbers = np.arange(float(MOST_BYTES // 8))
    assert caller.ask(*numbers) == (2 * numbers).tolist()
    assert caller.ask(*large(1)) == (2 * large(1)).tolist()


def test_an_answer_stays_as_it_was_when_the_next_has_come(tmp_path):
    numbers = {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}
    with engine(write_model(tmp_path / "echo", ECHO, [numbers])) as (_, client, caller):

        def ask(first):
            return client.predict(Array(large(first)), {}).data

        ask(0)
        until(lambda: [ask(1), caller.state()["lent"]][1])
        answers = [ask(first) for first in range(5)]
    for first, answer in enumerate(answers):
        assert np.array_equal(answer, large(first))


ECHO = """
class Echo:
    def predict(self, numbers):
        return numbers


_load_pyfunc = lambda path: Echo()
"""


@pytest.mark.parametrize("all_there", [True, False])
def test_rows_that_are_made_in_the_room_are_answered(running, all_there):
    _, client, caller = running
    nothing = Column.of_texts([""] * LARGE)

    def ask(first):
        room = client.room(12 * LARGE)
        x, codes = np.frombuffer(room, "<f8", LARGE), np.frombuffer(room, "<i4", LARGE, 8 * LARGE)
        np.copyto(x, large(first))
        np.copyto(codes, nothing.data)
        do = Column("text", codes, levels=nothing.levels) if all_there else nothing
        return client.predict(Table({"x": Column("double", x), "do": do}, LARGE), {}).data

    client.close()
    for first in range(3):
        assert np.array_equal(ask(first), 2 * large(first))
    until(lambda: [ask(1), caller.state()["lent"]][1])
    for first in range(3):
        assert np.array_equal(ask(first), 2 * large(first))
    client.close()


@pytest.mark.parametrize("n_bytes", [0, LEAST_REQUEST_BYTES - 1, MOST_BYTES + 1])
def test_there_is_room_for_large_requests_alone(running, n_bytes):
    _, client, _ = running
    assert client.room(n_bytes) is None


def test_there_is_no_room_without_a_host(tmp_path):
    assert EngineClient(tmp_path / "nobody", 1.0).room(LEAST_REQUEST_BYTES) is None


def test_the_models_own_error_is_the_answer(running):
    _, client, caller = running
    for _ in range(2):
        with pytest.raises(ModelError, match="ValueError: wide"):
            caller.ask(*large(0), do="raise wide")
        assert caller.ask(*large(2)) == (2 * large(2)).tolist()
        borrow(client, caller)


@pytest.mark.parametrize("lent", [False, True], ids=["through the host", "lent"])
def test_a_request_whose_worker_is_killed_is_scored_by_another(running, tmp_path, lent):
    _, client, caller = running
    caller.ask(*large(0))
    if lent:
        borrow(client, caller)
    gate = tmp_path / "gate"
    answer = caller.begin(*large(7), do=f"wait {gate}")
    state = until(lambda: (found := client.state())["running"] and found)
    until(Path(f"{gate}.reached").exists)
    os.kill(state["workers"][0], signal.SIGKILL)
    until(lambda: client.state()["workers_started"] > state["workers_started"])
    gate.touch()
    assert answer.result(LIMIT_S) == (2 * large(7)).tolist()


def test_a_request_that_kills_two_workers_is_refused_and_the_next_is_answered(running):
    _, _, caller = running
    with pytest.raises(ModelCrashed, match="exit status 3"):
        caller.ask(*large(0), do="quit 3")
    assert caller.ask(*large(3)) == (2 * large(3)).tolist()


def test_memory_goes_with_its_connection(running):
    host, client, caller = running
    caller.leave()
    until(lambda: memories(host.pid) == 0)
    caller.ask(*large(0))
    assert memories(host.pid) == 1
    for _ in range(10):
        caller.ask(*large(1))
    assert memories(host.pid) == 1
    [worker] = client.state()["workers"]
    caller.leave()
    until(lambda: memories(host.pid) == 0)
    until(lambda: memories(worker) == 0)


def test_a_request_whose_memory_did_not_come_loses_its_connection_alone(running):
    host, _, caller = running
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(LIMIT_S)
        stream.connect(str(host.address))
        stream.sendall(encode({"id": "q", "params": {}, "rows": 1, "batch": None, "starts": [0]}) * 2)
        assert stream.recv(100) == b""
    assert caller.ask(*large(4)) == (2 * large(4)).tolist()


FAITHFUL = """
class Faithful:
    first = None

    def predict(self, numbers):
        if self.first is None:
            self.first = numbers
        return self.first


_load_pyfunc = lambda path: Faithful()
"""


def test_a_model_may_keep_what_it_was_given(tmp_path):
    numbers = {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}
    with engine(write_model(tmp_path / "faithful", FAITHFUL, [numbers])) as (_, client, _):
        answers = [client.predict(Array(large(first)), {}).data.tolist() for first in range(3)]
    assert answers == [large(0).tolist()] * 3
