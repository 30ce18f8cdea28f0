"""The predictor as a model host uses it: load, settle, fork workers. In a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from waiting import LIMIT_S

HOST = """
    import json, os, sys
    from pathlib import Path
    import numpy as np
    from pycore.models.columns import Column, Json
    from rbridge.predictor import CratePredictor
    from rbridge.section import CrateSection

    predictor = CratePredictor(CrateSection(Path(sys.argv[1])))
    data = Column("double", np.array([1.0]))

    def ask(code):
        return predictor.predict(data, {"code": code}).to_list()

    host_draw = ask("stats::runif(3)")
    host_folder = ask("tempdir()")
    predictor.settle()
    answers = []
    for _ in range(3):
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            predictor.after_fork()
            told = {
                "draw": ask("stats::runif(3)"),
                "folder": ask("tempdir()"),
                "written": ask("{ f <- tempfile(); writeLines('x', f); dirname(f) == tempdir() }"),
                "worker": ask("x + 1"),
            }
            os.write(writing, json.dumps(told).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as told:
            answers.append(json.load(told))
        os.waitpid(pid, 0)
    print(json.dumps({
        "host_draw": host_draw, "host_folder": host_folder[0], "answers": answers,
        "folder_is_left": os.path.isdir(host_folder[0]), "host": ask("x + 1"),
        "flags": [predictor.batchable, predictor.forkable],
    }))
"""


def test_forked_workers_are_independent(crates):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(HOST), str(crates / "run.bin")],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    workers = told["answers"]
    draws = [tuple(worker["draw"]) for worker in workers]
    assert len({*draws, tuple(told["host_draw"])}) == 4
    folders = {worker["folder"][0] for worker in workers}
    assert len(folders) == 3
    assert all(Path(folder).parent == Path(told["host_folder"]) for folder in folders)
    assert all(worker["written"] == [True] and worker["worker"] == [2.0] for worker in workers)
    assert told["folder_is_left"]
    assert told["host"] == [2.0]
    assert told["flags"] == [True, True]
    assert not Path(told["host_folder"]).exists()


TIDIED = """
    import sys
    from pathlib import Path
    import numpy as np
    from pycore.models.columns import Column
    from rbridge.predictor import CratePredictor
    from rbridge.section import CrateSection

    predictor = CratePredictor(CrateSection(Path(sys.argv[1])))

    def ask(code):
        return predictor.predict(Column("double", np.array([1.0])), {"code": code}).to_list()

    predictor.settle()
    ask("{ reg.finalizer(new.env(), function(e) options(collected = TRUE)); 1 }")
    before = ask("isTRUE(getOption('collected'))")
    predictor.tidy()
    print(before, ask("isTRUE(getOption('collected'))"))
"""


def test_tidying_collects_what_a_prediction_left(crates):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(TIDIED), str(crates / "run.bin")],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stdout.split() == ["[False]", "[True]"], done.stderr
