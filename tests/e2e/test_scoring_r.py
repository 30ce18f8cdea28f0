"""R models over HTTP: the numbers of R's own predict, and a server that survives what R does."""

import csv
import itertools
import json
import math
import operator
import os
import random
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import yaml
from process_tree import children, command_line, is_model_host, open_files
from processes import CRATEFLOW, scoring_server
from r_scripts import rscript
from waiting import LIMIT_S, until

MODELS = Path(__file__).parents[1] / "data" / "models"


@pytest.fixture(scope="module")
def crate(tmp_path_factory):
    """A crate in the layout of the official R client, with `reference.txt` beside it."""
    folder = tmp_path_factory.mktemp("crate")
    rscript(Path(__file__).with_name("obedient_crate.R"), folder)
    write_mlmodel(folder)
    return folder


def write_mlmodel(folder, **section):
    flavors = {"crate": {"version": "0.1.0", "model": "crate.bin", **section}}
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": flavors}))


@pytest.fixture(scope="module")
def reference(crate):
    """Sepal lengths, and the widths that R predicts."""
    lines = (crate / "reference.txt").read_text().splitlines()
    return [tuple(map(float.fromhex, line.split())) for line in lines]


@pytest.fixture(scope="module")
def served(crate, tmp_path_factory):
    # A worker may take 4 GB of address space, of which R and its libraries take a part.
    environment = {"CRATEFLOW_WORKER_MEMORY_MB": "4000"}
    options = ["--workers", "2", "--timeout", str(LIMIT_S)]
    with scoring_server(
        str(crate), tmp_path_factory.mktemp("log"), *options, environment=environment
    ) as server:
        yield server.url


@pytest.fixture(scope="module")
def hasty(crate, tmp_path_factory):
    """A server that waits for no request longer than a busy machine may take for any."""
    with scoring_server(
        str(crate), tmp_path_factory.mktemp("hasty"), "--workers", "1", "--timeout", "2"
    ) as server:
        yield server.url


def post(address, body, session=requests):
    headers = {"Content-Type": "application/json"}
    return session.post(f"{address}/invocations", data=json.dumps(body), headers=headers, timeout=LIMIT_S)


def split(lengths, do=None):
    columns = ["Sepal.Length"] if do is None else ["Sepal.Length", "do"]
    return {
        "dataframe_split": {
            "columns": columns,
            "data": [[length] if do is None else [length, do] for length in lengths],
        }
    }


def test_150_rows_are_r_s_own_numbers_to_the_last_bit(served, reference):
    reply = post(served, split([length for length, _ in reference]))
    assert reply.json() == {"predictions": [width for _, width in reference]}


def test_one_row_has_the_shape_of_many(served, reference):
    [(length, width)] = reference[:1]
    assert post(served, split([length])).text == f'{{"predictions": [{width!r}]}}'


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_records": [{"Sepal.Length": 5.1}, {"Sepal.Length": 4.9}]},
        {"instances": [{"Sepal.Length": 5.1}, {"Sepal.Length": 4.9}]},
        {"inputs": {"Sepal.Length": [5.1, 4.9]}},
        {"inputs": [{"Sepal.Length": 5.1}, {"Sepal.Length": 4.9}]},
    ],
)
def test_every_form_gives_the_same_numbers(served, reference, body):
    assert post(served, body).json() == {"predictions": [width for _, width in reference[:2]]}


def test_params_are_arguments_of_the_crate(served, reference):
    (length, width), *_ = reference
    reply = post(served, split([length]) | {"params": {"shift": 1}})
    assert reply.json()["predictions"] == [width + 1]
    unknown = post(served, split([length]) | {"params": {"slide": 1}})
    assert (unknown.status_code, "slide" in unknown.json()["message"]) == (400, True)


def test_missing_values_are_null(served):
    assert post(served, split([None, 5.1])).json()["predictions"][0] is None


FAULTS = [
    ("stop", 400, "the soil is too dry"),
    ("quit", 500, "exit status 7"),
    ("crash", 500, "SIGSEGV"),
    ("jump", 500, "SIGSEGV"),
    ("loop", 504, "the time limit of a request"),
    ("sleep", 504, "the time limit of a request"),
    ("hog", 400, "cannot allocate"),
]
#: What does not keep the model from answering.
HABITS = ["print", "system", "options", "warn", "wander", "fork", "signals"]


@pytest.mark.parametrize(("do", "status", "says"), [fault for fault in FAULTS if fault[1] != 504])
def test_what_a_model_does_to_r_is_told_and_the_next_answer_is_right(served, reference, do, status, says):
    reply = post(served, split([5.1], do))
    assert reply.status_code == status
    assert says in reply.json()["message"]
    (length, width), *_ = reference
    assert post(served, split([length])).json() == {"predictions": [width]}


@pytest.mark.parametrize(("do", "status", "says"), [fault for fault in FAULTS if fault[1] == 504])
def test_what_never_ends_is_stopped_and_the_next_answer_is_right(hasty, reference, do, status, says):
    reply = post(hasty, split([5.1], do))
    assert reply.status_code == status
    assert says in reply.json()["message"]
    (length, width), *_ = reference
    # A busy machine may be too slow for the time limit.
    [reply] = until(lambda: [found for found in [post(hasty, split([length]))] if found.ok])
    assert reply.json() == {"predictions": [width]}


@pytest.mark.parametrize("do", HABITS)
def test_what_a_model_prints_or_sets_stays_out_of_the_answers(served, reference, do):
    (length, width), *_ = reference
    for _ in range(3):
        assert post(served, split([length], do)).json() == {"predictions": [width]}
        assert post(served, split([length])).json() == {"predictions": [width]}


def test_every_request_is_answered_while_others_do_all_of_it(crate, reference, tmp_path):
    """Each gets the right number, or is told its own fault; time is lost only beside those that are stuck."""
    clients = 8
    # Two workers are left for the others while two are stuck, for longer than a busy machine is late.
    options, environment = ["--workers", "4", "--timeout", "15"], {"CRATEFLOW_WORKER_MEMORY_MB": "4000"}
    (length, width), *_ = reference
    good = (200, {"predictions": [width]})
    quick = [fault for fault in FAULTS if fault[1] != 504] * 4
    stuck = [fault for fault in FAULTS if fault[1] == 504]
    orders = [*quick, *stuck, *((habit, 200, "") for habit in HABITS * 3), *[("", 200, "")] * 300]
    random.Random(1).shuffle(orders)
    with (
        scoring_server(str(crate), tmp_path, *options, environment=environment) as server,
        ThreadPoolExecutor(clients) as pool,
    ):
        replies = list(pool.map(lambda order: post(server.url, split([length], order[0])), orders))
        assert (post(server.url, split([length])).status_code, len(replies)) == (200, len(orders))
    late = 0
    for (do, status, says), reply in zip(orders, replies, strict=True):
        if status != 504 and reply.status_code == 504:
            late += 1
        elif status == 200:
            assert (reply.status_code, reply.json()) == good, (do, reply.text)
        else:
            assert (reply.status_code, says in reply.json()["message"]) == (status, True), (do, reply.text)
    # Those that came to a worker together with one that never ends.
    assert late <= len(stuck) * (clients - 1)


def test_a_model_may_delete_its_own_file(crate, reference, tmp_path):
    (tmp_path / "crate.bin").write_bytes((crate / "crate.bin").read_bytes())
    write_mlmodel(tmp_path)
    environment = {"MODEL_FOLDER": str(tmp_path), "CRATEFLOW_MODEL_ENV": "MODEL_FOLDER"}
    with scoring_server(str(tmp_path), tmp_path, "--workers", "1", environment=environment) as server:
        (length, width), *_ = reference
        assert post(server.url, split([length], "delete")).json() == {"predictions": [width]}
        assert not (tmp_path / "crate.bin").exists()
        assert post(server.url, split([length], "quit")).status_code == 500
        # The worker that takes over is a fork of the host, which has loaded the model.
        assert post(server.url, split([length])).json() == {"predictions": [width]}


def test_workers_draw_different_random_numbers(served):
    # Each quit replaces a worker by a fresh fork of the same host.
    drawn = set()
    for _ in range(3):
        drawn.update(post(served, split([1, 2], "draw")).json()["predictions"])
        post(served, split([1], "quit"))
    assert len(drawn) == 6


def workers_of(server):
    """The R processes below a server: children of its model host."""

    [host] = filter(is_model_host, children(server.process.pid))
    return children(host)


def test_workers_keep_none_of_the_hosts_files(crate, tmp_path):
    def files_of(pid):
        return sorted(name.partition(":")[0] for name in open_files(pid))

    with scoring_server(str(crate), tmp_path, "--workers", "2") as server:
        post(server.url, split([1], "quit"))  # Forks again while callers are connected.
        log = str(tmp_path / "scoring.log")
        expected = sorted(["/dev/null", log, log, "socket"])
        # A worker that has just been forked is still closing them, and one that ended may still be there.
        until(lambda: [files_of(pid) for pid in workers_of(server)] == [expected, expected])


def test_a_model_that_does_not_survive_a_fork_is_loaded_by_each_worker(crate, reference, tmp_path):
    (tmp_path / "crate.bin").write_bytes((crate / "crate.bin").read_bytes())
    write_mlmodel(tmp_path, fork=False)
    with scoring_server(str(tmp_path), tmp_path, "--workers", "2") as server:
        for pid in until(lambda: len(found := workers_of(server)) == 2 and found):
            until(lambda pid=pid: "engine.worker" in command_line(pid))
        (length, width), *_ = reference
        assert post(server.url, split([length])).json() == {"predictions": [width]}
        assert post(server.url, split([length], "quit")).status_code == 500
        assert post(server.url, split([length])).json() == {"predictions": [width]}


def test_no_answer_is_lost_while_r_is_killed_under_load(crate, reference, tmp_path):
    with (
        scoring_server(str(crate), tmp_path, "--workers", "2") as server,
        ThreadPoolExecutor(8) as pool,
    ):
        stop = threading.Event()
        answered = [0] * 8

        def hammer(offset):
            wrong = []
            with requests.Session() as session:
                for at in itertools.count(offset, 8):
                    if stop.is_set():
                        return wrong
                    length, width = reference[at % len(reference)]
                    reply = post(server.url, split([length]), session)
                    if reply.status_code != 200 or reply.json() != {"predictions": [width]}:
                        wrong.append(reply.text)
                    answered[offset] += 1
            raise AssertionError

        results = [pool.submit(hammer, offset) for offset in range(8)]
        for _ in range(5):
            # There is work going on whenever a worker is killed, and none of it has lost one before.
            already = list(answered)
            until(lambda already=already: min(map(operator.sub, answered, already)) > 5)
            before = workers_of(server)
            os.kill(before[0], signal.SIGKILL)
            until(lambda before=before: len(now := workers_of(server)) == 2 and before[0] not in now)
            assert post(server.url, split([5.1])).status_code == 200
        stop.set()
        assert [result.result() for result in results] == [[]] * 8


# The golden models


def rows_of(folder):
    """The rows of reference.csv, numbers in hexadecimal read to the bit, and what R predicted."""
    with (folder / "reference.csv").open(newline="") as lines:
        table = [{name: number_or_text(cell) for name, cell in row.items()} for row in csv.DictReader(lines)]
    return [{name: row[name] for name in row if name != "prediction"} for row in table], [
        row["prediction"] for row in table
    ]


def number_or_text(cell):
    return float.fromhex(cell) if "0x" in cell else cell


GOLDEN = ["official-r-client/linear", "official-r-client/smooth", "official-r-client/tree"]
GOLDEN += ["written-by-r/linear", "written-by-r/factors"]


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_models_are_served_with_r_s_numbers(name, tmp_path):
    rows, predicted = rows_of(MODELS / name)
    with scoring_server(str(MODELS / name), tmp_path, "--workers", "1") as server:
        assert post(server.url, {"dataframe_records": rows}).json() == {"predictions": predicted}
        alone = [post(server.url, {"dataframe_records": [row]}).json()["predictions"] for row in rows[:3]]
    for [one], many in zip(alone, predicted, strict=False):
        # A row among others may differ from the same row alone in the last digit.
        assert one == many if isinstance(many, str) else math.isclose(one, many, rel_tol=1e-14)


def test_an_unseen_level_names_those_there_are(tmp_path):
    with scoring_server(str(MODELS / "written-by-r/factors"), tmp_path, "--workers", "1") as server:
        reply = post(server.url, {"dataframe_records": [{"wt": 3, "cyl": "5", "gear": "3"}]})
        assert reply.status_code == 400
        for part in ("cyl", "5", "'4', '6', '8'"):
            assert part in reply.json()["message"]


# Crates that cannot be served


def refusal(folder, verb="serve", **environment):
    done = subprocess.run(
        [CRATEFLOW, "models", verb, "-m", str(folder), *(["-p", "0"] if verb == "serve" else [])],
        input="{}",
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        env={**os.environ, **environment},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("verb", ["serve", "predict"])
def test_a_truncated_crate_is_refused(crate, tmp_path, verb):
    write_mlmodel(tmp_path)
    (tmp_path / "crate.bin").write_bytes((crate / "crate.bin").read_bytes()[:500])
    assert "crate.bin" in refusal(tmp_path, verb)


def test_a_missing_package_is_named_with_the_command_that_installs_it(crate, tmp_path):
    write_mlmodel(tmp_path, packages={"notThere": "1.0"})
    (tmp_path / "crate.bin").write_bytes((crate / "crate.bin").read_bytes())
    line = refusal(tmp_path)
    assert "notThere" in line
    assert "install.packages" in line


def test_a_machine_without_r_is_told_so(crate, tmp_path):
    line = refusal(crate, R_HOME=str(tmp_path), PATH=str(tmp_path))
    assert "R" in line
    assert line.startswith("Error: ")


def test_inspect_needs_no_r(tmp_path):
    done = subprocess.run(
        [CRATEFLOW, "models", "inspect", "-m", str(MODELS / "written-by-r/factors")],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
        env={**os.environ, "R_HOME": str(tmp_path), "PATH": str(tmp_path)},
    )
    described = yaml.safe_load(done.stdout)
    assert described["signature"]["inputs"][0] == {"type": "double", "name": "wt", "required": True}
    assert described["contents"]["crate"]["calls"] == ["stats::predict"]


def test_predict_prints_r_s_numbers(crate, reference):
    done = subprocess.run(
        [CRATEFLOW, "models", "predict", "-m", str(crate), "-t", "csv"],
        input="Sepal.Length\n" + "\n".join(str(length) for length, _ in reference),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    assert json.loads(done.stdout) == {"predictions": [width for _, width in reference]}
