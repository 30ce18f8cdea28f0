import math

from pycore.entities import Metric, Run, RunData, RunInfo, RunStatus, ViewType

INFO = RunInfo("a" * 32, "1", "calm-owl-7", "ada", "FINISHED", 5, 9, "mlflow-artifacts:/1/a/artifacts")


def test_the_latest_point_has_the_largest_step_then_time_then_value():
    points = [Metric("m", 9, 99, 4), Metric("m", 1, 10, 5), Metric("m", 3, 10, 5)]
    assert max(points, key=Metric.rank) == points[2]
    assert Metric("m", math.nan, 1).rank() == Metric("m", 0.0, 1).rank()


def test_run_data_is_read_as_dicts():
    data = RunData((Metric("rmse", 0.5, 1, 2),), {"k": "v"}, {"t": "w"})
    assert (data.metrics, data.params, data.tags) == ({"rmse": 0.5}, {"k": "v"}, {"t": "w"})
    assert data._metric_objs[0].step == 2


def test_a_run_reads_by_its_first_name_and_as_a_dict():
    run = Run(INFO)
    assert run.info.run_uuid == run.info.run_id == dict(run.info)["run_id"]
    assert run.to_dictionary()["data"] == {"metrics": {}, "params": {}, "tags": {}}
    assert run.to_dictionary()["info"]["run_name"] == "calm-owl-7"


def test_names_of_states_and_views_are_read_in_any_case():
    assert RunStatus.from_string("finished") is RunStatus.FINISHED
    assert RunStatus.to_string(4) == "FAILED"
    assert RunStatus.is_terminated(RunStatus.KILLED)
    assert not RunStatus.is_terminated(RunStatus.RUNNING)
    assert ViewType.from_string("active_only") is ViewType.ACTIVE_ONLY
    assert ViewType.to_string(3) == "all"
    assert ViewType.ALL.stages() == ("active", "deleted")
