import math

import numpy as np
import pandas as pd
import pytest

import pycore as mlflow
from pycore.entities import Run, ViewType
from pycore.errors import InvalidInput, NotFound

pytestmark = pytest.mark.usefixtures("uri")

BASE = ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]


def make_runs(rmses: list[float]) -> list[str]:
    ids = []
    for number, rmse in enumerate(rmses):
        with mlflow.start_run(run_name=f"run {number}") as run:
            mlflow.log_metric("rmse", rmse)
            ids.append(run.info.run_id)
    return ids


def ids_of(runs: "list[Run] | pd.DataFrame") -> list[str]:
    assert isinstance(runs, list)
    return [run.info.run_id for run in runs]


def test_a_frame_has_a_row_per_run_and_a_column_per_key() -> None:
    with mlflow.start_run(run_name="a") as first:
        mlflow.log_params({"alpha": 1})
        mlflow.log_metric("rmse", 0.5)
    with mlflow.start_run(run_name="b") as second:
        mlflow.log_metrics({"rmse": math.nan, "mae": math.inf})
        open_frame = mlflow.search_runs()

    frame = mlflow.search_runs(order_by="attributes.run_name ASC")

    assert isinstance(frame, pd.DataFrame)
    assert isinstance(open_frame, pd.DataFrame)
    assert list(frame.columns[:6]) == BASE
    assert list(frame["run_id"]) == [first.info.run_id, second.info.run_id]
    assert list(frame["tags.mlflow.runName"]) == ["a", "b"]
    assert list(frame["params.alpha"]) == ["1", None]
    np.testing.assert_array_equal(frame["metrics.rmse"], [0.5, math.nan])
    np.testing.assert_array_equal(frame["metrics.mae"], [math.nan, math.inf])
    assert str(frame["start_time"].dt.tz) == "UTC"
    assert frame["end_time"].notna().all()
    assert open_frame["end_time"].isna().sum() == 1


def test_a_frame_of_running_runs_has_a_column_of_times() -> None:
    with mlflow.start_run():
        frame = mlflow.search_runs()

    assert isinstance(frame, pd.DataFrame)
    assert str(frame["end_time"].dt.tz) == "UTC"


def test_an_empty_frame_keeps_its_columns() -> None:
    frame = mlflow.search_runs()

    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == BASE
    assert str(frame["start_time"].dt.tz) == "UTC"
    assert len(frame) == 0


def test_filter_order_and_limit() -> None:
    ids = make_runs([3.0, 1.0, 2.0])

    best = mlflow.search_runs(
        filter_string="metrics.rmse < 3", order_by=["metrics.rmse ASC"], max_results=1, output_format="list"
    )
    assert ids_of(best) == [ids[1]]


def test_one_text_is_one_id_and_one_order() -> None:
    experiments = [mlflow.create_experiment(f"e{number}") for number in range(12)]
    assert experiments[11] == "12"
    with mlflow.start_run(experiment_id="1"):
        pass
    with mlflow.start_run(experiment_id="12") as run:
        pass

    assert ids_of(mlflow.search_runs("12", order_by="run_id", output_format="list")) == [run.info.run_id]
    assert ids_of(mlflow.search_runs([12], output_format="list")) == [run.info.run_id]


def test_the_active_experiment_is_searched_without_ids() -> None:
    make_runs([1.0])
    mlflow.set_experiment("iris")
    mine = make_runs([1.0])

    assert ids_of(mlflow.search_runs(output_format="list")) == mine
    assert ids_of(mlflow.search_runs([], output_format="list")) == mine


def test_experiments_by_name_and_all() -> None:
    first = make_runs([1.0])
    mlflow.set_experiment("iris")
    second = make_runs([2.0])

    assert ids_of(mlflow.search_runs(experiment_names=["iris"], output_format="list")) == second
    everything = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert sorted(ids_of(everything)) == sorted(first + second)
    with pytest.warns(UserWarning, match="There is no experiment of the name 'nope'"):
        assert mlflow.search_runs(experiment_names="nope", output_format="list") == []
    with pytest.raises(InvalidInput, match="either experiment_ids or experiment_names"):
        mlflow.search_runs(["1"], experiment_names=["iris"])


def test_all_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycore.tracking.fluent_runs._PAGE_SIZE", 2)
    ids = make_runs([1.0, 2.0, 3.0, 4.0, 5.0])

    found = mlflow.search_runs(order_by="metrics.rmse", output_format="list")

    assert ids_of(found) == ids


def test_deleted_runs_are_found_by_view() -> None:
    ids = make_runs([1.0, 2.0])
    mlflow.delete_run(ids[0])

    assert ids_of(mlflow.search_runs(output_format="list")) == ids[1:]
    deleted = mlflow.search_runs(run_view_type=ViewType.DELETED_ONLY, output_format="list")
    assert ids_of(deleted) == ids[:1]
    mlflow.restore_run(ids[0])
    assert len(mlflow.search_runs(output_format="list")) == 2


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="output_format must be 'pandas' or 'list', not 'dict'"):
        mlflow.search_runs(output_format="dict")
    with pytest.raises(InvalidInput):
        mlflow.search_runs(filter_string="metrics.rmse OR 1")
    with pytest.raises(NotFound, match="Run with id=abc not found"):
        mlflow.get_run("abc")
