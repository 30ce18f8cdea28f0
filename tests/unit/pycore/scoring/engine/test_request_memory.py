"""Large requests go through memory: answered as any other, and gone with their connection."""

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
from pycore.scoring.engine.request_memory import (
    LEAST_BYTES,
    MOST_BYTES,
    new_memory,
    read_request,
    readable,
    writable,
)

pytestmark = pytest.mark.usefixtures("capfd")  # What models print goes to standard error.

#: So many rows are more than goes by way of the socket, and may be added to.
LARGE = LEAST_BYTES // 8


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
    """Return how many files of request memory a process has open."""
    found = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # It may be closed by now.
            found += "crateflow-request" in str(entry.readlink())
    return found


@contextmanager
def one_memory():
    file = new_memory()
    try:
        yield file
    finally:
        os.close(file)


def test_a_request_is_read_where_it_was_written():
    rows = Table({"x": Column("double", np.array([1.5, -0.0])), "t": Column.of_texts(["a", None])}, 2)
    with one_memory() as file:
        frame = Frame({"id": "q"}, rows)
        frame.write_to(writable(file))
        head, found = read_request(readable(os.dup(file)), {"in_memory": frame.n_bytes}, keeps_data=False)
    assert head == {"id": "q"}
    assert found.records() == rows.records()


def test_data_that_is_kept_stays_as_it_was():
    with one_memory() as file:
        written, read = writable(file), readable(os.dup(file))
        blocks = {}
        for value in (1.0, 2.0):
            frame = Frame({"id": "q"}, Column("double", np.array([value])))
            frame.write_to(written)
            for keeps in (True, False):
                _, blocks[value, keeps] = read_request(read, {"in_memory": frame.n_bytes}, keeps)
    assert blocks[1.0, True].data.tolist() == [1.0]
    # That of who keeps nothing is where the next request is.
    assert blocks[1.0, False].data.tolist() == [2.0]


def test_nobody_can_take_memory_away_from_the_others():
    with one_memory() as file, pytest.raises(PermissionError):
        os.ftruncate(file, MOST_BYTES // 2)


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
        stream.sendall(encode({"id": "q", "rows": 1, "in_memory": 100}) * 2)
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
