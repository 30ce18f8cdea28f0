"""Many processes at once, and processes that are killed: nothing acknowledged is lost."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from waiting import LIMIT_S

from pycore.entities import Metric, Param
from pycore.services import build_api
from pycore.store import Database

OPEN = """
import sys
from pycore.entities import Metric, Param, RunTag
from pycore.services import build_api
from pycore.store import Database
database = Database.open(sys.argv[1])
api = build_api(database, None, "/artifacts")
"""


@pytest.fixture
def uri(database):
    """The database as other processes name it."""
    return database.url.render_as_string(hide_password=False)


@pytest.fixture
def start(uri):
    """Start a Python process that has the platform as `api`; all are ended with the test."""
    started = []

    def start(code, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", OPEN + code, uri, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_processes_register_versions_without_gaps_or_doubles(api, start):
    api.registered_models.create("iris")
    code = """
for i in range(25):
    print(api.model_versions.create("iris", f"s3://b/{sys.argv[2]}-{i}").version)
"""
    processes = [start(code, str(n)) for n in range(4)]
    numbers = []
    for process in processes:
        output, errors = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0, errors
        numbers += map(int, output.split())
    assert sorted(numbers) == list(range(1, 101))


def test_processes_and_threads_log_to_one_run(api, start):
    run_id = api.runs.create("0").info.run_id
    code = """
import threading
def log(thread):
    for i in range(20):
        name = f"{sys.argv[3]}-{thread}-{i}"
        point, param, tag = Metric("m", float(i), i, i), Param(name, "1"), RunTag(name, "1")
        api.runs.log_batch(sys.argv[2], [point], [param], [tag])
threads = [threading.Thread(target=log, args=(n,)) for n in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    for process in [start(code, run_id, str(n)) for n in range(3)]:
        _, errors = process.communicate(timeout=LIMIT_S)
        assert (process.returncode, errors) == (0, "")
    data = api.runs.get(run_id).data
    assert len(data.params) == 240
    assert len(data.tags) == 241
    assert data.metrics == {"m": 19.0}
    assert len(api.metrics.get_history(run_id, "m")) == 20


def test_a_param_has_one_value_however_many_write_it(api, start):
    run_id = api.runs.create("0").info.run_id
    code = """
from pycore.errors import InvalidInput
for i in range(30):
    try:
        api.runs.log_param(sys.argv[2], Param(f"p{i}", sys.argv[3]))
        print(i)
    except InvalidInput:
        pass
"""
    winners = []
    for process in [start(code, run_id, str(n)) for n in range(3)]:
        output, errors = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0, errors
        winners += output.split()
    assert sorted(map(int, winners)) == list(range(30))


def test_what_was_acknowledged_survives_a_killed_process(uri, api, start):
    run_id = api.runs.create("0").info.run_id
    process = start(
        """
i = 0
while True:
    api.runs.log_batch(sys.argv[2], [Metric("m", float(i), i, i)], [Param(f"p{i}", str(i))])
    print(i)
    i += 1
""",
        run_id,
    )
    for line in process.stdout:
        if int(line) >= 200:
            break
    process.send_signal(signal.SIGKILL)
    last = max([200, *(int(line) for line in process.stdout if line.endswith("\n"))])
    with Database.open(uri) as database:
        after = build_api(database, None, "/artifacts")
        data = after.runs.get(run_id).data
        history = after.metrics.get_history(run_id, "m")
        # The one it was at may have been written without being acknowledged, but then as a whole.
        assert len(history) in (last + 1, last + 2)
        assert data.params == {f"p{i}": str(i) for i in range(len(history))}
        assert data.metrics == {"m": float(len(history) - 1)}
        after.runs.log_metric(run_id, Metric("m", 1.0, 10**6, 10**6))
        after.runs.log_param(run_id, Param("after", "1"))


def test_a_transaction_cut_off_by_a_kill_leaves_nothing(api, start, database):
    run_id = api.runs.create("0").info.run_id
    process = start(
        """
from sqlalchemy import text
with database.transaction() as connection:
    connection.execute(text("DELETE FROM tags"))
    connection.execute(text("UPDATE runs SET run_name = 'half'"))
    print("written")
    sys.stdin.read()
""",
    )
    assert process.stdout.readline() == "written\n"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=LIMIT_S)
    run = api.runs.get(run_id)
    assert run.info.run_name != "half"
    assert run.data.tags == {"mlflow.runName": run.info.run_name}
    api.runs.log_param(run_id, Param("after", "1"))
