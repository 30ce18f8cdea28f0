import inspect
import types

import pytest

import pycore as mlflow
from pycore.autologging.patching import Options, Patches, switch
from pycore.tracking.fluent_logging import log_param


@pytest.fixture
def library():
    """A module with a training function that calls itself, and one that fails."""
    module = types.ModuleType("library")

    def train(rounds, depth=0):
        return module.train(rounds, depth - 1) if depth else rounds * 2

    def fail():
        raise KeyError("training failed")

    module.train, module.fail = train, fail
    return module


def observe(call):
    log_param("rounds", call.arguments["rounds"])
    result = yield
    log_param("result", result)


@pytest.fixture
def patches(library):
    found = Patches("library")
    found.replace(library, "train", observe)
    return found


def runs():
    return mlflow.search_runs(output_format="list", search_all_experiments=True)


@pytest.mark.usefixtures("patches")
def test_a_call_gets_a_run_of_its_own(library):
    assert library.train(3, depth=2) == 6
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.data.params == {"rounds": "3", "result": "6"}
    assert run.data.tags["mlflow.autologging"] == "library"
    assert mlflow.active_run() is None


@pytest.mark.usefixtures("patches")
def test_a_call_inside_a_run_logs_to_it(library):
    with mlflow.start_run() as outer:
        library.train(3)
        assert mlflow.active_run() is outer
    (run,) = runs()
    assert run.data.params == {"rounds": "3", "result": "6"}
    assert "mlflow.autologging" not in run.data.tags


def test_runs_of_the_user_may_be_left_alone(library, patches):
    patches.options = Options(exclusive=True)
    with mlflow.start_run():
        assert library.train(3) == 6
    (run,) = runs()
    assert run.data.params == {}


def test_the_originals_come_back(library, patches):
    observed = library.train
    patches.undo()
    assert library.train is not observed
    assert library.train(1) == 2
    assert runs() == []


def before(call):
    raise ValueError("before")
    yield


def after(call):
    yield
    raise ValueError("after")


@pytest.mark.parametrize("broken", [before, after])
def test_a_failure_of_logging_is_one_warning(library, broken):
    Patches("library").replace(library, "train", broken)
    message = f"Autologging of library failed: ValueError: {broken.__name__}"
    with pytest.warns(UserWarning, match=message) as warned:
        assert library.train(4, depth=1) == 8
    assert len(warned) == 1
    assert mlflow.active_run() is None


def test_a_failure_may_be_silent(library):
    Patches("library", Options(silent=True)).replace(library, "train", before)
    assert library.train(4) == 8


def test_a_dead_store_does_not_stop_training(library, patches, tmp_path):
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/no/such/folder/mlflow.db")
    (tmp_path / "no").write_text("a file")
    with pytest.warns(UserWarning, match="Autologging of library failed"):
        assert library.train(4) == 8


def test_an_error_of_training_goes_on_and_fails_the_run(library):
    def watch(call):
        yield

    Patches("library").replace(library, "fail", watch)
    with pytest.raises(KeyError, match="training failed"):
        library.fail()
    (run,) = runs()
    assert run.info.status == "FAILED"


@pytest.mark.usefixtures("patches")
def test_wrong_arguments_are_the_librarys_to_refuse(library):
    with (
        pytest.warns(UserWarning, match="Autologging of library failed: TypeError"),
        pytest.raises(TypeError, match="unexpected keyword argument 'round'"),
    ):
        library.train(round=1)


def test_a_switch_takes_the_options_and_undoes_what_an_earlier_call_did(library):
    patches = Patches("library")

    @switch(patches, Options)
    def autolog(chosen):
        """Log the library."""
        patches.replace(library, "train", observe if chosen.log_models else before)

    untouched = library.train
    autolog(extra_tags={"team": "red"})
    assert library.train(3) == 6
    assert runs()[0].data.tags["team"] == "red"
    autolog(log_models=False, silent=True)
    assert library.train(3) == 6
    assert len(runs()) == 2
    autolog(disable=True)
    assert library.train is untouched
    with pytest.raises(
        TypeError, match=r"library takes options by name: log_input_examples, .* 'log_modles'"
    ):
        autolog(log_modles=False)
    with pytest.raises(TypeError, match=r"takes options by name: .* takes 1 positional argument"):
        autolog(True)
    assert autolog.__doc__ == "Log the library."
    assert list(inspect.signature(autolog).parameters) == list(inspect.signature(Options).parameters)


def test_what_logs_in_the_middle_of_a_training_fails_once(patches):
    seen = []

    def log(value):
        seen.append(value)
        if value > 1:
            raise ConnectionError("the server is gone")

    logged = patches.while_it_works(log)
    logged(1)
    with pytest.warns(UserWarning, match="library failed: ConnectionError: the server is gone"):
        logged(2)
    logged(3)
    assert seen == [1, 2]
