"""A caller whose connection a worker has borrowed is answered as if all went through the host."""

import os
import select
import signal
import socket
from contextlib import suppress

import numpy as np
import pytest
from engine_callers import Caller, borrow, engine
from model_folders import obedient_model, write_model
from process_tree import is_alive
from waiting import LIMIT_S, until

from pycore.errors import DeadlineExceeded, ModelCrashed, ModelError
from pycore.models.columns import Column, Table
from pycore.models.frames import FrameBuffer, decode, encode
from pycore.scoring.engine.figures import Figures
from pycore.scoring.engine.loan_notes import LoanNotes, Phase, new_notes
from pycore.scoring.engine.loans import Loan, QuickCallers

pytestmark = pytest.mark.usefixtures("capfd")  # What models print goes to standard error.


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return obedient_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def running(model):
    """An engine of one worker, for tests that leave it as they found it."""
    with engine(model) as (_, client, caller):
        yield client, caller


def outcomes(state):
    return state["figures"]["requests"]


def test_requests_are_answered_and_counted(running):
    client, caller = running
    borrow(client, caller)
    before = client.state()
    assert [caller.ask(number, -number) for number in range(20)] == [[2.0 * n, -2.0 * n] for n in range(20)]
    after = client.state()
    assert (after["lent"], after["workers"]) == (1, before["workers"])
    assert after["answered"] == before["answered"] + 20
    for histogram in ("seconds", "batches"):
        counts = after["figures"][histogram]["counts"]
        assert sum(counts) == sum(before["figures"][histogram]["counts"]) + 20
    assert after["figures"]["seconds"]["sum"] > before["figures"]["seconds"]["sum"]


def test_the_models_own_error_is_the_answer_and_counted(running):
    client, caller = running
    borrow(client, caller)
    before = client.state()
    with pytest.raises(ModelError, match="ValueError: too wide") as caught:
        caller.ask(1, do="raise too wide")
    after = client.state()
    code = caught.value.error_code
    assert (after["lent"], after["workers"]) == (0, before["workers"])
    assert outcomes(after)[code] == outcomes(before).get(code, 0) + 1
    assert outcomes(after)["ok"] == outcomes(before)["ok"]
    assert caller.ask(2) == [4.0]


def test_another_caller_is_answered_as_well(running):
    client, caller = running
    borrow(client, caller)
    other = Caller(client)
    assert other.ask(3) == [6.0]
    assert client.state()["lent"] == 0
    assert caller.ask(4) == [8.0]
    other.close()


def test_another_caller_waits_for_the_running_request(running, tmp_path):
    client, caller = running
    borrow(client, caller)
    other, gate = Caller(client), tmp_path / "gate"
    slow = caller.begin(1, do=f"wait {gate}")
    until(lambda: client.state()["running"] == 1)
    quick = other.begin(2)
    until(lambda: client.state()["queued"] == 1)
    gate.touch()
    assert (slow.result(LIMIT_S), quick.result(LIMIT_S)) == ([2.0], [4.0])
    other.close()


def test_the_state_is_told_over_a_borrowed_connection(running):
    client, caller = running
    borrow(client, caller)
    assert caller.state()["healthy"]
    assert client.state()["lent"] == 0
    assert caller.ask(5) == [10.0]


def test_a_request_that_is_larger_than_a_connection_holds_goes_through_the_host(running):
    client, caller = running
    borrow(client, caller)
    numbers = np.arange(600_000.0)
    assert caller.ask(*numbers) == (2 * numbers).tolist()
    assert client.state()["lent"] == 0


def test_a_caller_that_leaves_gives_the_worker_free(running):
    client, caller = running
    borrow(client, caller)
    caller.leave()
    until(lambda: client.state()["lent"] == 0)
    assert caller.ask(6) == [12.0]


def test_a_request_whose_worker_is_killed_is_scored_by_another(running, tmp_path):
    client, caller = running
    borrow(client, caller)
    gate = tmp_path / "gate"
    answer = caller.begin(21, do=f"wait {gate}")
    state = until(lambda: (found := client.state())["running"] and found)
    assert state["lent"] == 1
    os.kill(state["workers"][0], signal.SIGKILL)
    until(lambda: client.state()["workers_started"] > state["workers_started"])
    gate.touch()
    assert answer.result(LIMIT_S) == [42.0]


def test_a_request_that_kills_two_workers_is_refused_and_the_next_is_answered(running):
    client, caller = running
    borrow(client, caller)
    with pytest.raises(ModelCrashed, match="exit status 3"):
        caller.ask(1, do="quit 3")
    assert caller.ask(2) == [4.0]


def test_an_idle_worker_that_is_killed_is_replaced(running):
    client, caller = running
    borrow(client, caller)
    state = client.state()
    os.kill(state["workers"][0], signal.SIGKILL)
    until(lambda: client.state()["workers_started"] > state["workers_started"])
    assert caller.ask(7) == [14.0]


def test_an_overdue_request_is_stopped_and_the_next_is_answered(model):
    with engine(model, timeout_s=1) as (_, client, caller):
        borrow(client, caller)
        [worker] = client.state()["workers"]
        with pytest.raises(DeadlineExceeded, match="within 1 s"):
            caller.ask(1, do="loop")
        until(lambda: not is_alive(worker))
        borrow(client, caller)


def test_a_worker_is_replaced_after_its_share_of_requests(model):
    with engine(model, worker_requests=12) as (_, client, caller):
        borrow(client, caller)
        assert [caller.ask(number) for number in range(12)] == [[2.0 * number] for number in range(12)]
        until(lambda: client.state()["workers_started"] > 1)


def test_stopping_answers_what_has_been_accepted(model, tmp_path):
    gate = tmp_path / "gate"
    with engine(model) as (host, client, caller):
        borrow(client, caller)
        answer = caller.begin(1, do=f"wait {gate}")
        until(lambda: client.state()["running"])
        os.kill(host.pid, signal.SIGTERM)
        until(lambda: not host.address.exists())
        gate.touch()
        assert answer.result(LIMIT_S) == [2.0]


ZEROS = """
import numpy

class Zeros:
    def predict(self, frame):
        return numpy.zeros(int(frame["x"].iloc[0]))

_load_pyfunc = lambda path: Zeros()
"""


def test_a_caller_that_has_part_of_an_answer_gets_no_other(tmp_path):
    path = write_model(tmp_path / "zeros", ZEROS, [{"type": "double", "name": "x", "required": True}])

    def question(number):
        rows = Table({"x": Column("double", np.array([number], "<f8"))}, 1)
        return encode({"id": "q", "params": {}, "rows": 1, "batch": None}, rows)

    def answer():
        inbox = FrameBuffer()
        while not (frames := inbox.feed(stream.recv(1 << 16))):
            pass
        return decode(frames[0])

    with engine(path) as (host, client, _), socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(LIMIT_S)
        stream.connect(str(host.address))

        def is_lent():
            stream.sendall(question(1))
            answer()
            return client.state()["lent"]

        until(is_lent)
        # More than any connection holds: the worker is not done before all of it is read.
        stream.sendall(question(1e7))
        select.select([stream], [], [], LIMIT_S)
        os.kill(client.state()["workers"][0], signal.SIGKILL)
        inbox = FrameBuffer()
        with suppress(ConnectionError):
            while data := stream.recv(1 << 16):
                assert inbox.feed(data) == []
        assert inbox.missing_bytes


# What is noted down


@pytest.fixture
def notes():
    file = new_notes()
    yield LoanNotes(file), LoanNotes(file)
    os.close(file)


def test_the_other_side_reads_what_is_noted(notes):
    mine, other = notes
    assert (other.phase, other.seconds, sum(other.counts)) == (Phase.WAITING, 0.0, 0)
    mine.begin(12.5)
    assert (other.phase, other.since) == (Phase.SCORING, 12.5)
    mine.begin_answer(0.25)
    assert other.phase is Phase.ANSWERING
    mine.begin_answer(None)
    mine.end()
    assert (other.phase, other.seconds, sum(other.counts)) == (Phase.WAITING, 0.25, 1)


def test_requests_are_counted_once(notes):
    mine, other = notes
    loan, figures = Loan(None, other, look_at=0.0), Figures()
    mine.begin_answer(0.5)
    mine.begin_answer(0.004)
    assert loan.count(figures) == 2
    mine.begin_answer(100.0)
    assert (loan.count(figures), loan.count(figures)) == (1, 0)
    plain = figures.to_plain()
    assert plain["requests"] == {"ok": 3}
    assert plain["seconds"]["sum"] == 100.504
    assert (plain["seconds"]["counts"][2], plain["seconds"]["counts"][-1]) == (1, 1)
    assert plain["batches"]["counts"][0] == 3


def test_a_request_is_overdue_when_its_time_is_over(notes):
    mine, other = notes
    loan = Loan(None, other, look_at=60.0)
    assert not loan.overdue(59.0, 60.0)
    assert not loan.overdue(61.0, 60.0)
    assert loan.look_at == 121.0
    mine.begin(70.0)
    assert not loan.overdue(121.0, 60.0)
    assert loan.look_at == 130.0
    assert loan.overdue(130.0, 60.0)


def test_callers_that_pause_or_make_others_wait_borrow_nothing():
    def worth(quick, caller, times):
        return [quick.answered(caller, arrived=at, now=at) for at in times]

    quick = QuickCallers()
    assert worth(quick, "a", np.arange(10) / 20) == [False] * 7 + [True] * 3
    assert not any(worth(quick, "b", np.arange(20)))
    quick.somebody_waits(0.5)
    assert not any(worth(quick, "a", np.arange(10) / 20 + 0.5))
    assert worth(quick, "a", np.arange(11) / 20 + 1.05)[-1]
    quick.forget("a")
    assert not any(worth(quick, "a", np.arange(7) / 20 + 1.6))
