import os
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import LIMIT_S

import pycore as mlflow
from pycore.errors import InvalidInput, NotFound


def experiment_of_a_new_run() -> str:
    with mlflow.start_run() as run:
        return run.info.experiment_id


@pytest.mark.usefixtures("uri")
class TestSetExperiment:
    def test_an_unknown_name_is_made_and_a_known_one_is_taken(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = mlflow.set_experiment("/Shared/iris é")
        again = mlflow.set_experiment("/Shared/iris é")

        assert capsys.readouterr().err == (
            "Experiment with name '/Shared/iris é' does not exist. Creating a new experiment.\n"
        )
        assert made == again
        assert made.name == "/Shared/iris é"
        assert experiment_of_a_new_run() == made.experiment_id
        assert os.environ["MLFLOW_EXPERIMENT_ID"] == made.experiment_id

    def test_an_id_is_taken_as_number_too(self) -> None:
        made = mlflow.create_experiment("iris")

        assert mlflow.set_experiment(experiment_id=int(made)).name == "iris"
        assert experiment_of_a_new_run() == made

    def test_an_unknown_id(self) -> None:
        with pytest.raises(NotFound, match="No Experiment with id=77 exists"):
            mlflow.set_experiment(experiment_id="77")
        assert experiment_of_a_new_run() == "0"

    def test_a_deleted_experiment(self) -> None:
        mlflow.delete_experiment(mlflow.create_experiment("iris"))

        with pytest.raises(InvalidInput, match=r"The experiment 'iris' \(id 1\) is deleted"):
            mlflow.set_experiment("iris")

    def test_neither_or_both(self) -> None:
        with pytest.raises(InvalidInput, match="either experiment_name or experiment_id"):
            mlflow.set_experiment()
        with pytest.raises(InvalidInput, match="either experiment_name or experiment_id"):
            mlflow.set_experiment("a", "1")

    def test_an_argument_of_start_run_comes_first(self) -> None:
        other = mlflow.create_experiment("other")
        mlflow.set_experiment("iris")

        with mlflow.start_run(experiment_id=int(other)) as run:
            assert run.info.experiment_id == other

    def test_a_name_of_the_environment_gives_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "from outside")
        chosen = mlflow.set_experiment("iris")

        assert experiment_of_a_new_run() == chosen.experiment_id
        assert "MLFLOW_EXPERIMENT_NAME" not in os.environ


@pytest.mark.usefixtures("uri")
class TestEnvironment:
    def test_a_name_is_made_where_it_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "iris")

        made = experiment_of_a_new_run()

        assert mlflow.get_experiment(made).name == "iris"

    def test_an_id_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = mlflow.create_experiment("iris")
        monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", made)

        assert experiment_of_a_new_run() == made

    def test_an_unknown_id(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "77")

        with pytest.raises(
            InvalidInput, match=r"MLFLOW_EXPERIMENT_ID is '77', but .* has no such experiment"
        ):
            mlflow.start_run()

    def test_name_and_id_that_differ(self, monkeypatch: pytest.MonkeyPatch) -> None:
        mlflow.create_experiment("iris")
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "iris")
        monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")

        with pytest.raises(InvalidInput, match="MLFLOW_EXPERIMENT_NAME is 'iris', which has the id 1"):
            mlflow.start_run()


def test_the_choice_belongs_to_its_tracking_uri(tmp_path: Path) -> None:
    first, second = (f"sqlite:///{tmp_path / name}.db" for name in ("first", "second"))
    mlflow.set_tracking_uri(first)
    chosen = mlflow.set_experiment("iris")

    mlflow.set_tracking_uri(second)
    assert experiment_of_a_new_run() == "0"
    assert "MLFLOW_EXPERIMENT_ID" not in os.environ
    mlflow.set_tracking_uri(first)
    assert experiment_of_a_new_run() == chosen.experiment_id
    assert os.environ["MLFLOW_EXPERIMENT_ID"] == chosen.experiment_id


def test_a_child_process_inherits_place_and_experiment(tmp_path: Path) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    chosen = mlflow.set_experiment("iris")

    code = "import pycore as mlflow; print(mlflow.start_run().info.experiment_id)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LIMIT_S
    )

    assert done.stdout.strip() == chosen.experiment_id
