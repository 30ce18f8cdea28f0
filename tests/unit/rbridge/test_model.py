"""Crates asked from Python: each kind of model, each way to go wrong, and the life of the process with R."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from process_tree import is_alive
from r_scripts import rscript
from waiting import LIMIT_S, until

from pycore.errors import InvalidInput, InvalidModel, ModelCrashed, ModelError, RCallError, SignatureMismatch
from rbridge import _load_pyfunc
from rbridge.model import CrateModel
from rbridge.section import CrateSection

FLOWERS = pd.DataFrame(
    {
        "Sepal.Length": [5.1, 6.2, 7.3],
        "Sepal.Width": [3.5, 2.9, 3.0],
        "Petal.Length": [1.4, 4.3, 6.3],
        "Petal.Width": [0.2, 1.3, 1.8],
        "age": [50.0, 60.0, 70.0],
    }
)
SPECIES = ["setosa", "versicolor", "virginica"]


def run_python(code: str, *arguments: str, **environment: str) -> str:
    """Run Python code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestModels:
    """Every kind of model that the test machine's R has, loaded without its package attached."""

    @pytest.mark.parametrize("name", ["lm", "loess", "nls", "gam", "nnet", "glm", "coxph"])
    def test_one_number_for_each_row_as_r_has_it(self, load, crates, name):
        rows = ", ".join(
            f"{column} = c({', '.join(map(repr, values))})" for column, values in FLOWERS.items()
        )
        packages = CrateSection(crates / f"{name}.bin")
        code = f"""
            for (package in c("mgcv", "nnet", "survival")) loadNamespace(package)
            crate <- unserialize(readRDS("{packages.file}"))
            cat(sprintf("%a", as.vector(crate(data.frame({rows})))), "\\n")
        """
        script = crates / f"ask_{name}.R"
        script.write_text(code)
        expected = [float.fromhex(text) for text in rscript(script).split()]
        assert load(name).predict(FLOWERS).tolist() == expected

    @pytest.mark.parametrize(
        "name", ["rpart_class", "ranger", "randomForest", "multinom", "polr", "glmnet_class"]
    )
    def test_a_class_for_each_row(self, load, name):
        assert list(load(name).predict(FLOWERS[FLOWERS.columns[:4]])) == SPECIES

    @pytest.mark.parametrize(
        "name", ["rpart", "ranger_probability", "randomForest_votes", "glmnet_multinomial"]
    )
    def test_probabilities_by_class(self, load, name):
        result = load(name).predict(FLOWERS[FLOWERS.columns[:4]])
        assert list(result.columns) == SPECIES
        assert list(result.idxmax(axis="columns")) == SPECIES

    def test_matrices_of_names_parts_and_scalars(self, load):
        assert list(load("lm_interval").predict(FLOWERS).columns) == ["fit", "lwr", "upr"]
        assert list(load("prcomp").predict(FLOWERS).columns) == ["PC1", "PC2", "PC3", "PC4"]
        lda = load("lda").predict(FLOWERS)
        assert list(lda["class"]) == SPECIES
        assert list(lda.columns) == ["class", *(f"posterior.{name}" for name in SPECIES), "x.LD1", "x.LD2"]
        assert set(load("arima").predict(FLOWERS)) == {"pred", "se"}

    def test_matrix_model_gets_one_number_per_row(self, load):
        columns = ["Sepal.Width", "Petal.Length", "Petal.Width"]
        assert load("glmnet").predict(FLOWERS[columns]).shape == (3,)

    @pytest.mark.parametrize("name", ["version2", "native", "plain", "xz", "bzip2", "uncompressed"])
    def test_other_forms_of_the_file(self, load, name):
        assert load(name).predict(FLOWERS).tolist() == load("lm").predict(FLOWERS).tolist()

    @pytest.mark.parametrize(
        "data", [[5.1, 6.2], np.array([5.1, 6.2]), {"a": [5.1, 6.2]}, pd.Series([5.1, 6.2])]
    )
    def test_kinds_of_input(self, load, data):
        expected = [10.2] if not isinstance(data, dict) else [10.2, 12.4]
        assert load("scaled").predict(data, params={"by": 2}).tolist() == expected

    def test_crate_that_looks_on_the_search_path(self, load):
        """As made with carrier's ``.parent_env = globalenv()``: the packages are attached."""
        model = load("attached", packages={"rpart": "4.1"})
        assert list(model.predict(FLOWERS)) == [True, True, True]

    def test_what_a_model_does_to_its_frame_stays_there(self, load):
        model, frame = load("run"), pd.DataFrame({"a": [1.0], "b": [2.0]})
        change = "{ names(x)[1] <- 'z'; attr(x, 'row.names') <- 'r'; class(x) <- NULL; x$z }"
        asked = "c(names(x), class(x), rownames(x), as.character(nrow(x)))"
        for rows in (1, 2, 1):
            many = pd.concat([frame] * rows)
            assert list(model.predict(many, {"code": change})) == [1.0] * rows
            names = [str(row + 1) for row in range(rows)]
            assert list(model.predict(many, {"code": asked})) == ["a", "b", "data.frame", *names, str(rows)]

    def test_no_rows_no_call(self, load):
        assert load("run").predict(FLOWERS[:0], params={"code": "stop('called')"}).tolist() == []


class TestParams:
    def test_by_name(self, load):
        result = load("scaled").predict({"a": [1.0]}, params={"offset": 3, "by": 10})
        assert result.tolist() == [13.0]

    def test_of_numpy_and_none(self, load):
        params = {"by": np.float64(2), "offset": np.array([1, 2])}
        assert load("scaled").predict({"a": [1.0, 2.0]}, params=params).tolist() == [3.0, 6.0]
        with pytest.raises(RCallError, match="non-numeric argument"):
            load("scaled").predict({"a": [1.0]}, params={"by": "text"})
        assert load("scaled").predict({"a": [1.0]}, params={"by": None}).tolist() == []

    def test_unknown_ones_are_named_with_those_there_are(self, load):
        with pytest.raises(InvalidInput, match="takes by, offset; unknown: factor"):
            load("scaled").predict({"a": [1.0]}, params={"factor": 3})

    def test_data_is_no_param(self, load):
        with pytest.raises(InvalidInput, match="unknown: x"):
            load("scaled").predict({"a": [1.0]}, params={"x": 3})
        with pytest.raises(InvalidInput, match="params hold a set; give numbers"):
            load("scaled").predict({"a": [1.0]}, params={"by": {2}})

    def test_crate_of_a_formula(self, load):
        assert load("formula").predict([1.0, 2.0]).tolist() == [2.0, 4.0]

    def test_dots_take_anything(self, load):
        assert load("identity").predict([1.0], params={"whatever": "x"}).tolist() == [1.0]


class TestFactorsAndDates:
    LEVELS = ["café", "naïve", "plain"]  # noqa: RUF012 - a constant

    def rows(self, **changed) -> pd.DataFrame:
        return pd.DataFrame({"prénom": ["naïve", "café"], "when": ["2024-01-05", "2024-02-01"]} | changed)

    def test_texts_become_factor_and_date(self, load):
        model = load("factors", input_levels={"prénom": self.LEVELS}, input_types={"when": "Date"})
        result = model.predict(self.rows())
        assert result == pytest.approx([21.9727, 11.9754])
        for when in (
            pd.to_datetime(["2024-01-05", "2024-02-01"]),
            [date.date() for date in pd.to_datetime(["2024-01-05", "2024-02-01"])],
        ):
            assert model.predict(self.rows(when=when)).tolist() == result.tolist()
        category = pd.Categorical(["naïve", "café"])
        assert model.predict(self.rows(prénom=category)).tolist() == result.tolist()

    def test_random_forest_gets_all_levels(self, load):
        told_by_the_model = load("factor_forest").predict(self.rows())
        assert told_by_the_model == pytest.approx([25, 15], abs=5)
        recorded = load("factor_forest", input_levels={"prénom": self.LEVELS})
        assert recorded.predict(self.rows()).tolist() == told_by_the_model.tolist()

    def test_unknown_level_and_bad_date_are_told_together(self, load):
        model = load("factors", input_levels={"prénom": self.LEVELS}, input_types={"when": "Date"})
        rows = self.rows(prénom=["zoë", "café"], when=["2024-01-05", "soon"])
        with pytest.raises(SignatureMismatch) as raised:
            model.predict(rows)
        assert "column 'prénom': 'zoë' is none of the levels 'café', 'naïve', 'plain'" in raised.value.message
        assert "column 'when': expected a date or time in ISO 8601" in raised.value.message

    def test_parent_in_the_c_locale(self, crates):
        printed = run_python(
            """
            import sys
            import pandas as pd
            from pathlib import Path
            from rbridge.model import CrateModel
            from rbridge.section import CrateSection

            section = CrateSection(Path(sys.argv[1]), input_types={"when": "Date"})
            model = CrateModel(section)
            rows = pd.DataFrame({"pr\\u00e9nom": ["na\\u00efve"], "when": ["2024-01-05"]})
            print(model.predict(rows).tolist())
            model.close()
            """,
            str(crates / "factors.bin"),
            LC_ALL="C",
            LANG="C",
        )
        assert eval(printed) == pytest.approx([21.9727])


class TestErrors:
    def test_condition_of_r(self, load):
        condition = "list(message = 'No wöre', call = sys.call())"
        code = f"stop(structure(class = c('oops', 'error', 'condition'), {condition}))"
        with pytest.raises(RCallError, match=r"^No wöre$") as raised:
            load("run").predict([1.0], params={"code": code})
        assert raised.value.classes == ("oops", "error", "condition")

    def test_neither_call_nor_data_leak(self, load):
        with pytest.raises(RCallError) as raised:
            load("run").predict([12345.0], params={"code": "stop('bad luck')"})
        assert raised.value.message == "bad luck"

    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ("{ f <- function(n) f(n + 1); f(1) }", "nested too deeply|C stack usage"),
            ("{ f <- function(n) tryCatch(f(n + 1), finally = 1); f(1) }", "C stack usage"),
            ("numeric(9e11)", "cannot allocate vector of size 6705.5 Gb"),
            ("nowhere::to_be_found(x)", "there is no package called .nowhere."),
            ("not_defined_anywhere(x)", 'could not find function "not_defined_anywhere"'),
            ("invokeRestart('abort')", "R gave up a call"),
        ],
    )
    def test_r_survives(self, load, code, message):
        model = load("run")
        with pytest.raises(RCallError, match=message):
            model.predict([1.0], params={"code": code})
        process_id = model.process_id
        assert model.predict([1.0], params={"code": "x"}).tolist() == [1.0]
        assert model.process_id == process_id

    def test_warnings_and_output_are_no_errors(self, load):
        code = "{ warning('careful'); message('note'); cat('text\\n'); print(1); system('echo shell'); x }"
        assert load("run").predict([1.0], params={"code": code}).tolist() == [1.0]

    def test_quit_ends_the_process_alone(self, load):
        model = load("run")
        with pytest.raises(ModelCrashed, match="ended with status 3 before it answered"):
            model.predict([1.0], params={"code": "quit(status = 3)"})
        assert model.process_id is None
        assert model.predict([1.0], params={"code": "x"}).tolist() == [1.0]

    def test_missing_package_is_told_with_the_command(self, load):
        with pytest.raises(ModelError) as raised:
            load("missing_package").predict([1.0])
        assert "not installed: absentpackage" in raised.value.message
        assert 'install.packages(c("absentpackage"))' in raised.value.message
        assert "apt-get install r-cran-absentpackage" in raised.value.message

    def test_recorded_packages_are_required(self, load):
        with pytest.raises(ModelError, match="not installed: nosuch1, nosuch2"):
            load("lm", packages={"nosuch1": "1.0", "stats": "base", "nosuch2": "2"}).predict(FLOWERS)

    def test_function_of_an_attached_package_is_not_found(self, load):
        with pytest.raises(RCallError, match='could not find function "predict"'):
            load("missing_function").predict(FLOWERS)

    @pytest.mark.parametrize("name", ["no_function", "no_crate"])
    def test_file_that_is_no_crate(self, load, name):
        with pytest.raises(InvalidModel, match="is no crate that can be loaded"):
            load(name).predict(FLOWERS)

    def test_truncated_file(self, crates, tmp_path):
        path = tmp_path / "crate.bin"
        path.write_bytes((crates / "lm.bin").read_bytes()[:2000])
        with (
            closing(_load_pyfunc(str(path))) as model,
            pytest.raises(InvalidModel, match="damaged or incomplete"),
        ):
            model.predict(FLOWERS)

    def test_file_that_changed(self, load):
        with pytest.raises(InvalidModel, match="is not the file that MLmodel describes"):
            load("lm", sha256="0" * 64).predict(FLOWERS)

    def test_absent_file(self, tmp_path):
        with pytest.raises(InvalidModel, match="There is no crate at"):
            _load_pyfunc(str(tmp_path / "crate.bin"))

    def test_missing_column_is_not_taken_from_elsewhere(self, crates, tmp_path):
        """Neither a saved workspace nor a profile of the user may lend a variable to the model."""
        profile = tmp_path / ".Rprofile"
        profile.write_text("Sepal.Length <- 5\n")
        make = tmp_path / "make.R"
        make.write_text(f"Sepal.Length <- 5; save.image('{tmp_path / '.RData'}')")
        rscript(make)
        printed = run_python(
            """
            import os, sys
            os.chdir(sys.argv[2])
            from rbridge import _load_pyfunc
            from pycore.errors import RCallError

            model = _load_pyfunc(sys.argv[1])
            try:
                print(model.predict({"Sepal.Width": [1.0]}))
            except RCallError as error:
                print(error)
            model.close()
            """,
            str(crates / "loess.bin"),
            str(tmp_path),
            R_PROFILE_USER=str(profile),
        )
        assert printed.strip() == "object 'Sepal.Length' not found"


class TestProcess:
    def test_starts_with_the_first_question_and_ends_on_close(self, crates):
        model = _load_pyfunc(str(crates / "identity.bin"))
        assert model.process_id is None
        model.predict([1.0])
        process_id = model.process_id
        assert is_alive(process_id)
        model.close()
        assert not is_alive(process_id)
        assert model.predict([2.0]).tolist() == [2.0]
        model.close()

    def test_ends_though_a_fork_holds_its_socket(self, crates):
        model = _load_pyfunc(str(crates / "identity.bin"))
        model.predict([1.0])
        process_id = model.process_id
        fork = os.fork()
        if not fork:
            signal.pause()
        model.close()
        has_ended = not is_alive(process_id)
        os.kill(fork, signal.SIGKILL)
        os.waitpid(fork, 0)
        assert has_ended

    def test_ends_when_the_model_is_forgotten(self, crates):
        model = _load_pyfunc(str(crates / "identity.bin"))
        model.predict([1.0])
        process_id = model.process_id
        del model
        until(lambda: not is_alive(process_id))

    def test_leaves_no_temporary_folder(self, crates, tmp_path, monkeypatch):
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        with closing(_load_pyfunc(str(crates / "run.bin"))) as model:
            folder = model.predict([1.0], params={"code": "tempdir()"})[0]
            assert Path(folder).parent == tmp_path
            os.kill(model.process_id, signal.SIGKILL)
            with pytest.raises(ModelCrashed):
                model.predict([1.0], params={"code": "x"})
            assert list(tmp_path.iterdir()) == []
            model.predict([1.0], params={"code": "x"})
        assert list(tmp_path.iterdir()) == []

    def test_is_started_anew_after_a_kill(self, crates):
        with closing(_load_pyfunc(str(crates / "identity.bin"))) as model:
            model.predict([1.0])
            os.kill(model.process_id, signal.SIGKILL)
            with pytest.raises(ModelCrashed, match="was killed by SIGKILL"):
                model.predict([1.0])
            assert model.predict([2.0]).tolist() == [2.0]

    @pytest.mark.parametrize("loop", ["repeat NULL", "Sys.sleep(1000)"])
    def test_endless_loop_ends_by_a_kill(self, crates, loop):
        with closing(_load_pyfunc(str(crates / "run.bin"))) as model:
            model.predict([1.0], params={"code": "x"})
            killer = threading.Timer(0.3, os.kill, (model.process_id, signal.SIGKILL))
            killer.start()
            with pytest.raises(ModelCrashed, match="was killed by SIGKILL"):
                model.predict([1.0], params={"code": loop})
            killer.join()
            assert model.predict([1.0], params={"code": "x"}).tolist() == [1.0]

    def test_interrupt_gives_up_the_process(self, crates, tmp_path):
        printed = run_python(
            """
            import os, signal, sys, threading, time
            from rbridge import _load_pyfunc

            model = _load_pyfunc(sys.argv[1])
            model.predict([1.0], params={"code": "x"})
            before = model.process_id

            def interrupt():
                while not os.path.exists(sys.argv[2]):
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGINT)

            threading.Thread(target=interrupt).start()
            try:
                model.predict([1.0], params={"code": f"file.create('{sys.argv[2]}'); repeat NULL"})
            except KeyboardInterrupt:
                print(model.predict([1.0], params={"code": "x"}).tolist(), model.process_id != before)
            model.close()
            """,
            str(crates / "run.bin"),
            str(tmp_path / "begun"),
        )
        assert printed.strip() == "[1.0] True"

    def test_two_models_at_once(self, load):
        numbers, flowers = load("scaled"), load("lm")
        assert numbers.process_id is None or numbers.process_id != flowers.process_id
        expected = flowers.predict(FLOWERS).tolist()
        assert numbers.predict({"a": [1.0]}, params={"by": 2}).tolist() == [2.0]
        assert flowers.predict(FLOWERS).tolist() == expected
        assert numbers.process_id != flowers.process_id

    def test_threads_take_turns(self, load):
        model = load("scaled")
        wrong: list[float] = []

        def ask(number: int) -> None:
            for step in range(20):
                if model.predict({"a": [float(number)]}, params={"offset": step}).tolist() != [number + step]:
                    wrong.append(number)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong

    def test_pickle_opens_lazily_elsewhere(self, load):
        model = load("scaled")
        model.predict({"a": [1.0]})
        copy = pickle.loads(pickle.dumps(model))
        assert copy.process_id is None
        with closing(copy):
            assert copy.predict({"a": [1.0]}, params={"by": 5}).tolist() == [5.0]
            assert copy.process_id != model.process_id

    def test_crosses_a_fork(self, load):
        model = load("identity")
        model.predict([0.0])
        ours = model.process_id
        with multiprocessing.get_context("fork").Pool(2) as pool:
            answers = pool.starmap(_ask_in_fork, [(model, 1.0), (model, 2.0)])
        assert [value for value, _ in answers] == [[1.0], [2.0]]
        assert ours not in {process_id for _, process_id in answers}
        assert model.process_id == ours
        assert model.predict([3.0]).tolist() == [3.0]

    @pytest.mark.parametrize("sibling", [False, True])
    def test_ends_with_its_parent(self, crates, sibling):
        """Even when a process that the parent forked still holds the socket open."""
        code = """
            import os, sys, time
            from rbridge import _load_pyfunc

            model = _load_pyfunc(sys.argv[1])
            model.predict([1.0])
            fork = os.fork() if sys.argv[2] == "True" else 0
            if sys.argv[2] == "True" and fork == 0:
                time.sleep(1000)
                os._exit(0)
            print(model.process_id, fork, flush=True)
            time.sleep(1000)
        """
        command = [sys.executable, "-c", textwrap.dedent(code), str(crates / "identity.bin"), str(sibling)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
            child, fork = map(int, parent.stdout.readline().split())
            assert is_alive(child)
            parent.kill()
            until(lambda: not is_alive(child))
            if fork:
                os.kill(fork, signal.SIGKILL)


def _ask_in_fork(model: CrateModel, value: float) -> tuple[list[float], int | None]:
    with closing(model):
        return model.predict([value]).tolist(), model.process_id
