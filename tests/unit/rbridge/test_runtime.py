"""R's start: what it is given, and what is said where there is no R. Each in a Python of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from waiting import LIMIT_S

from pycore.errors import RUnavailable
from rbridge import installation


def run(code: str, **environment: str | None) -> dict:
    """Run Python code that prints one JSON value; None takes a variable away."""
    inherited = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={name: value for name, value in inherited.items() if value is not None},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


REFUSED = """
    import json
    from pycore.errors import RUnavailable
    from rbridge import runtime
    try:
        runtime.start()
    except RUnavailable as error:
        print(json.dumps(error.message))
"""

ASKED = """
    import json, os, sys
    from pathlib import Path
    from pycore.models.columns import Json
    from rbridge.predictor import CratePredictor
    from rbridge.section import CrateSection

    predictor = CratePredictor(CrateSection(Path({path!r})))
    result = predictor.predict(Json("1"), {{"code": {code!r}}})
    print(json.dumps([json.loads(result.text), sorted(sys.modules)]))
"""


def test_environment_of_r(crates):
    code = """list(
        ctype = Sys.getlocale('LC_CTYPE'), utf8 = l10n_info()[['UTF-8']],
        numeric = Sys.getlocale('LC_NUMERIC'), zone = Sys.timezone(), interactive = interactive(),
        global = ls(globalenv(), all.names = TRUE), point = getOption('OutDec'),
        stack = Cstack_info()[['size']], share = R.home('share'), doc = R.home('doc'))"""
    asked = ASKED.format(path=str(crates / "run.bin"), code=code)
    answer, modules = run(asked, LC_ALL="C", TZ="Asia/Tokyo", LANGUAGE="de")
    assert answer["ctype"] == ["C.UTF-8"]
    assert answer["utf8"] == [True]
    assert answer["numeric"] == ["C"]
    assert answer["zone"] == ["UTC"]
    assert answer["global"] == []
    assert answer["interactive"] == [False]
    assert answer["point"] == ["."]
    assert 6_000_000 < answer["stack"][0] < 8 << 20
    assert Path(answer["share"][0]).is_dir()
    assert Path(answer["doc"][0]).is_dir()
    # What scoring with R must not load: it costs time and memory in every worker.
    assert not {"pandas", "sklearn", "flask", "sqlalchemy", "rpy2.robjects", "rpy2.rinterface"} & set(modules)


def test_library_paths_are_those_of_rscript(crates):
    answer, _ = run(ASKED.format(path=str(crates / "run.bin"), code="list(paths = .libPaths())"))
    told = subprocess.run(
        ["Rscript", "--vanilla", "-e", "cat(.libPaths(), sep = '\\n')"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer["paths"] == told.stdout.split()


def test_no_r_at_all(tmp_path):
    message = run(REFUSED, PATH=str(tmp_path), R_HOME=None)
    assert "no command 'R' is on the PATH" in message
    assert "apt-get install r-base-core" in message
    assert "R_HOME" in message


def test_wrong_home(tmp_path):
    message = run(REFUSED, R_HOME=str(tmp_path))
    assert message.startswith(f"R was not found: R_HOME is {str(tmp_path)!r}, which holds no R.")


def test_r_that_does_not_run(tmp_path):
    broken = tmp_path / "R"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    message = run(REFUSED, PATH=f"{tmp_path}:{os.environ['PATH']}", R_HOME=None)
    assert f"'{broken} RHOME' failed" in message


def test_rpy2_is_not_installed():
    message = run("import sys\nsys.modules['rpy2'] = None\n" + textwrap.dedent(REFUSED))
    assert message == "Models written in R need rpy2, which is not installed: pip install 'crateflow[r]'."


def test_rpy2_does_not_fit_this_r(tmp_path):
    """The compiled interface fails to load, as one built for a newer R does."""
    shadow = tmp_path / "_rinterface_cffi_api.py"
    shadow.write_text("raise ImportError('libR.so: undefined symbol: R_getVar')\n")
    message = run(REFUSED, PYTHONPATH=str(tmp_path))
    version = installation.version_of(installation.find_home())
    assert message.startswith("rpy2 3.6.")
    assert f"cannot load R {version} at" in message
    assert "undefined symbol: R_getVar" in message
    assert "pip install --force-reinstall --no-binary rpy2-rinterface 'rpy2-rinterface==3.6.5'" in message


def test_home_is_found_without_r_home(monkeypatch):
    monkeypatch.delenv("R_HOME", raising=False)
    home = installation.find_home()
    assert (home / "lib" / "libR.so").exists()
    assert installation.version_of(home)[0].isdigit()


def test_home_is_taken_from_the_setting(monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    shutil.copy(installation.find_home() / "bin" / "R", tmp_path / "bin" / "R")
    monkeypatch.setenv("R_HOME", str(tmp_path))
    assert installation.find_home() == tmp_path
    monkeypatch.setenv("R_HOME", "/nowhere")
    with pytest.raises(RUnavailable, match="holds no R"):
        installation.find_home()


def test_other_threads_are_refused():
    code = """
        import json, threading
        from rbridge import runtime
        told = []
        def start():
            try:
                runtime.start()
            except RuntimeError as error:
                told.append(str(error))
        thread = threading.Thread(target=start)
        thread.start()
        thread.join()
        print(json.dumps(told))
    """
    assert run(code) == ["R runs on the main thread only: its stack check knows no other"]
