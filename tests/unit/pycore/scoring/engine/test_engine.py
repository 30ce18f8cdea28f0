"""A model host with real workers: every request gets its own answer, whatever the model does."""

import itertools
import operator
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from model_folders import OBEDIENT_INPUTS, obedient_model, write_model
from process_tree import is_alive
from waiting import LIMIT_S, until

from pycore.errors import DeadlineExceeded, ModelCrashed, ModelError, Unavailable
from pycore.models.columns import Column, Table
from pycore.scoring.engine.client import EngineClient
from pycore.scoring.engine.options import EngineOptions
from pycore.scoring.engine.process import ModelHost

pytestmark = pytest.mark.usefixtures("capfd")  # What models print goes to standard error.


@contextmanager
def engine(path, **options):
    options = EngineOptions(path, **{"workers": 2, "timeout_s": LIMIT_S, **options})
    with ModelHost(options) as host:
        # The host is the one to say that time is over, however late.
        client = EngineClient(host.address, LIMIT_S)
        try:
            yield host, client
        finally:
            client.close()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return obedient_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def running(model):
    """An engine for tests that leave it as they found it."""
    with engine(model) as (_, client):
        yield client


def ask(client, *numbers, do=""):
    x = Column("double", np.array(numbers, "<f8"))
    rows = Table({"x": x, "do": Column.of_texts([do] * len(numbers))}, len(numbers))
    try:
        return client.predict(rows, {}).data.tolist()
    finally:
        if threading.current_thread() is not threading.main_thread():
            client.close()


def ask_until_in_time(client, number):
    """Ask again while a busy machine is too slow for the time limit that a test is about."""

    def answer():
        try:
            return ask(client, number)
        except DeadlineExceeded:
            return None

    return until(answer)


def test_rows_are_scored(running):
    assert ask(running, 1.5, 2.0) == [3.0, 4.0]


def test_the_models_own_error_is_the_answer(running):
    with pytest.raises(ModelError, match="ValueError: too wide"):
        ask(running, 1, do="raise too wide")
    assert ask(running, 1) == [2.0]


@pytest.mark.parametrize(
    ("do", "how"), [("quit 0", "exit status 0"), ("quit 3", "exit status 3"), ("segfault", "SIGSEGV")]
)
def test_a_request_that_kills_two_workers_is_refused_and_the_next_is_answered(running, do, how):
    with pytest.raises(ModelCrashed, match=how):
        ask(running, 1, do=do)
    assert ask(running, 2) == [4.0]


def test_a_model_cannot_end_its_process_by_sys_exit(running):
    before = running.state()["workers"]
    with pytest.raises(ModelError, match=r"exit\(3\)"):
        ask(running, 1, do="exit 3")
    assert running.state()["workers"] == before


@pytest.mark.parametrize("do", ["print 2000000", "wander", "handle"])
def test_what_a_model_does_besides_does_no_harm(running, do):
    assert ask(running, 1, do=do) == [2.0]
    assert ask(running, 3) == [6.0]


def test_what_a_model_leaves_behind_ends_with_its_worker(running, tmp_path):
    note = tmp_path / "child"
    with pytest.raises(ModelCrashed):
        ask(running, 1, do=f"leave-child {note}")
    until(lambda: not is_alive(int(note.read_text())))


def test_an_overdue_request_is_stopped_and_the_next_is_answered(model):
    with engine(model, workers=1, timeout_s=1) as (_, client):
        assert ask_until_in_time(client, 1) == [2.0]
        [worker] = client.state()["workers"]

        def is_stopped():
            with pytest.raises(DeadlineExceeded, match="within 1 s"):
                ask(client, 1, do="loop")
            # A request that was late before it began has stopped nothing.
            return not is_alive(worker)

        until(is_stopped)
        assert ask_until_in_time(client, 1) == [2.0]


def test_no_answer_is_lost_or_swapped_while_workers_are_killed(model):
    with engine(model, workers=2) as (_, client), ThreadPoolExecutor(8) as pool:
        stop = threading.Event()
        answered = [0] * 8

        def hammer(offset):
            wrong = 0
            for number in itertools.count(offset, 8):
                if stop.is_set():
                    client.close()
                    return wrong
                x = Table({"x": Column("double", np.array([number, -number], "<f8"))}, 2)
                wrong += client.predict(x, {}).data.tolist() != [2 * number, -2 * number]
                answered[offset] += 1
            raise AssertionError

        results = [pool.submit(hammer, offset) for offset in range(8)]
        for _ in range(4):
            before, already = client.state(), list(answered)
            os.kill(before["workers"][0], signal.SIGKILL)
            # Replaced, and at work again; no request is there any more that has lost a worker.
            until(
                lambda before=before, already=already: (
                    (now := client.state())["workers_started"] > before["workers_started"]
                    and now["ready"] == 2
                    and min(map(operator.sub, answered, already)) > 5
                )
            )
        stop.set()
        assert [result.result() for result in results] == [0] * 8


def test_a_request_whose_worker_is_killed_is_scored_by_another(model, tmp_path):
    gate = tmp_path / "gate"
    with engine(model, workers=1) as (_, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, client, 21, do=f"wait {gate}")
        state = until(lambda: (found := client.state())["running"] and found)
        gate.touch()
        os.kill(state["workers"][0], signal.SIGKILL)
        assert answer.result(LIMIT_S) == [42.0]


def test_a_full_queue_refuses_at_once(model, tmp_path):
    gate = tmp_path / "gate"
    with engine(model, workers=1, queue_requests=2) as (_, client), ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(ask, client, 1, do=f"wait {gate}")]
        until(lambda: client.state()["running"])
        answers += [pool.submit(ask, client, number) for number in (2, 3)]
        until(lambda: client.state()["queued"] == 2)
        with pytest.raises(Unavailable, match="2 requests are waiting"):
            ask(client, 4)
        gate.touch()
        assert [answer.result(LIMIT_S) for answer in answers] == [[2.0], [4.0], [6.0]]


def test_a_request_may_run_out_of_time_while_it_waits(model, tmp_path):
    with engine(model, workers=1, timeout_s=1) as (_, client), ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(ask, client, 1, do=do) for do in ("loop", f"wait {tmp_path / 'never'}")]
        for answer in answers:
            with pytest.raises(DeadlineExceeded):
                answer.result(LIMIT_S)


def queue_up(pool, client, gate, *requests):
    """Keep the only worker busy, queue requests behind it, and let them go together."""
    first = pool.submit(ask, client, 0, do=f"wait {gate}")
    until(lambda: client.state()["running"] == 1)
    answers = []
    for number, do in requests:
        answers.append(pool.submit(ask, client, number, do=do))
        # The first to be queued is the first to run out of time.
        until(lambda: client.state()["queued"] == len(answers) or answers[0].done())
    gate.touch()
    assert first.result(LIMIT_S) == [0.0]
    return answers


def test_what_waits_is_scored_by_one_call(model, tmp_path):
    with engine(model, workers=1) as (_, client), ThreadPoolExecutor(6) as pool:
        answers = queue_up(pool, client, tmp_path / "gate", *[(number, "count") for number in range(5)])
        assert [answer.result(LIMIT_S) for answer in answers] == [[5.0]] * 5


def test_a_batch_has_no_more_rows_than_allowed(model, tmp_path):
    with engine(model, workers=1, batch_rows=2) as (_, client), ThreadPoolExecutor(6) as pool:
        answers = queue_up(pool, client, tmp_path / "gate", *[(number, "count") for number in range(5)])
        assert sorted(answer.result(LIMIT_S)[0] for answer in answers) == [1.0, 2.0, 2.0, 2.0, 2.0]


@pytest.mark.parametrize(("culprit", "error"), [("raise no", ModelError), ("quit 1", ModelCrashed)])
def test_a_bad_request_fails_no_other_of_its_batch(model, tmp_path, culprit, error):
    with engine(model, workers=1) as (_, client), ThreadPoolExecutor(6) as pool:
        requests = [(1, ""), (2, ""), (3, culprit)]
        *innocent, guilty = queue_up(pool, client, tmp_path / "gate", *requests)
        assert [answer.result(LIMIT_S) for answer in innocent] == [[2.0], [4.0]]
        with pytest.raises(error):
            guilty.result(LIMIT_S)


def test_a_request_that_hangs_fails_no_other_of_its_batch(model, tmp_path):
    gates = (tmp_path / f"gate{number}" for number in itertools.count())
    with engine(model, workers=1, timeout_s=8) as (_, client), ThreadPoolExecutor(6) as pool:

        def others_are_answered():
            # The culprit comes last: of one worker it would otherwise take all the time that is left.
            requests = [(1, ""), (2, ""), (3, "loop")]
            try:
                *innocent, guilty = queue_up(pool, client, next(gates), *requests)
                found = [answer.result(LIMIT_S) for answer in innocent]
            except DeadlineExceeded:
                return False  # A busy machine may be too slow for half of the time limit.
            with pytest.raises(DeadlineExceeded):
                guilty.result(LIMIT_S)
            return found == [[2.0], [4.0]]

        until(others_are_answered)


def test_a_worker_is_replaced_after_its_share_of_requests(model):
    with engine(model, workers=1, worker_requests=3) as (_, client):
        before = client.state()["workers"]
        assert [ask(client, number) for number in range(7)] == [[2.0 * number] for number in range(7)]
        assert client.state()["workers_started"] == 3
        assert client.state()["workers"] != before


def test_memory_beyond_the_limit_is_an_error_of_the_model(model):
    with engine(model, workers=1, memory_mb=4000) as (_, client):
        [worker] = client.state()["workers"]
        with pytest.raises(ModelError, match="MemoryError"):
            ask(client, 1, do="hog 5000")
        assert client.state()["workers"] == [worker]
        assert ask(client, 1) == [2.0]


def test_a_limit_below_what_the_model_takes_is_refused(model):
    with pytest.raises(ModelError, match=r"limit is 50 MB .* CRATEFLOW_WORKER_MEMORY_MB"):
        ModelHost(EngineOptions(model, workers=1, memory_mb=50)).start()


def test_models_see_no_credentials(model, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("FEATURE_STORE", "lake")
    monkeypatch.setenv("CRATEFLOW_MODEL_ENV", "FEATURE_STORE")
    with engine(model, workers=1) as (_, client):
        x = Table({"x": Column("double", np.ones(1)), "do": Column.of_texts(["environment"])}, 1)
        names = client.predict(x, {}).text
    assert "TOKEN" not in names
    assert "SECRET" not in names
    assert "FEATURE_STORE" in names
    assert "LC_ALL" in names


def test_a_killed_host_is_replaced_and_clients_find_the_new_one(model):
    with engine(model, workers=1) as (host, client):
        assert ask(client, 1) == [2.0]
        old, workers = host.pid, client.state()["workers"]
        os.kill(old, signal.SIGKILL)
        until(lambda: not any(map(is_alive, workers)))

        def answers():
            try:
                return ask(client, 1)
            except Unavailable as error:
                refusals.add(error.message)
                return None

        refusals = set()
        assert until(answers) == [2.0]
        assert host.pid != old
        assert refusals <= {"The model's host is being restarted; try again later."}


def test_stopping_answers_what_has_been_accepted(model, tmp_path):
    gate = tmp_path / "gate"
    with ThreadPoolExecutor(1) as pool:
        with engine(model, workers=1) as (host, client):
            answer = pool.submit(ask, client, 1, do=f"wait {gate}")
            until(lambda: client.state()["running"])
            os.kill(host.pid, signal.SIGTERM)
            until(lambda: not host.address.exists())
            with pytest.raises(Unavailable, match="being stopped"):
                ask(client, 1)
            gate.touch()
        assert answer.result(LIMIT_S) == [2.0]
    assert not host.address.parent.parent.exists()


SUPERVISOR = """
import sys, time
from pathlib import Path
from pycore.scoring.engine.client import EngineClient
from pycore.scoring.engine.options import EngineOptions
from pycore.scoring.engine.process import ModelHost

host = ModelHost(EngineOptions(Path(sys.argv[1]), workers=2))
host.start()
print(host.pid, *EngineClient(host.address, 300).state()["workers"], flush=True)
time.sleep(1000)
"""


def test_nothing_outlives_a_killed_supervisor(model):
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(model)], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        pids = [int(pid) for pid in supervisor.stdout.readline().split()]
        supervisor.kill()
    assert len(pids) == 3
    until(lambda: not any(map(is_alive, pids)))


# Models that cannot be served


def refusal(path):
    with pytest.raises(ModelError) as caught:
        ModelHost(EngineOptions(path, workers=1)).start()
    return caught.value.message


def test_a_loader_that_fails_gives_its_reason(tmp_path):
    path = write_model(tmp_path / "failing", "def _load_pyfunc(path):\n    raise OSError('no weights')")
    assert refusal(path) == "The model cannot be loaded: OSError: no weights"


def test_a_loader_that_ends_its_process_is_reported(tmp_path):
    path = write_model(tmp_path / "quitting", "import os\ndef _load_pyfunc(path):\n    os._exit(9)")
    assert refusal(path) == "The process that loads the model ended by itself: exit status 9."


def test_a_missing_module_is_named(tmp_path):
    path = write_model(tmp_path / "needy", "import no_such_library\ndef _load_pyfunc(path): ...")
    assert "no_such_library" in refusal(path)


def test_a_model_that_cannot_score_its_example_is_refused(tmp_path):
    loader = (
        "class M:\n    def predict(self, x):\n        raise ValueError('bad')\n_load_pyfunc = lambda _: M()"
    )
    path = write_model(tmp_path / "broken", loader, example={"inputs": [1]})
    assert refusal(path) == (
        "The model cannot score its own input example: ValueError: bad "
        "Save it with an example that it can score, or without one."
    )


def test_an_example_that_does_not_fit_the_signature_is_refused(tmp_path):
    loader = "class M:\n    def predict(self, x):\n        return x\n_load_pyfunc = lambda _: M()"
    path = write_model(tmp_path / "unfit", loader, OBEDIENT_INPUTS, example={"inputs": {"y": [1]}})
    assert "missing column 'x'" in refusal(path)


def test_a_folder_without_model_is_refused(tmp_path):
    assert "MLmodel" in refusal(tmp_path)
