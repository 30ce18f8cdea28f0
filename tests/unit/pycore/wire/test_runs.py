from __future__ import annotations

from builders import RUN_ID, TIME_MS, metric, run, run_info
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts
from wire_travel import int64s, tag_mappings, travelled

from pycore.entities import Metric, RunData
from pycore.wire import runs

finite_points = st.builds(Metric, texts, st.floats(allow_nan=False), int64s, int64s)


def test_a_run_has_the_types_of_the_protocol():
    data = RunData((metric(),), {"alpha": "0.1"}, {"team": ""})
    assert runs.to_json(run(data, end_time=None)) == {
        "info": {
            "run_uuid": RUN_ID,
            "run_id": RUN_ID,
            "experiment_id": "1",
            "run_name": "merciful-rat-570",
            "user_id": "ada",
            "status": "FINISHED",
            "start_time": TIME_MS,
            "artifact_uri": f"mlflow-artifacts:/1/{RUN_ID}/artifacts",
            "lifecycle_stage": "active",
        },
        "data": {
            "metrics": [{"key": "rmse", "value": 0.5, "timestamp": TIME_MS, "step": 3}],
            "params": [{"key": "alpha", "value": "0.1"}],
            "tags": [{"key": "team", "value": ""}],
        },
        "inputs": {},
        "outputs": {},
    }


def test_an_empty_user_is_sent_and_empty_lists_are_not():
    body = runs.to_json(run(user_id=""))
    assert body["info"]["user_id"] == ""
    assert body["data"] == {}


def test_integers_of_other_servers_may_come_as_text_and_the_id_under_its_first_name():
    info = {**runs.info_to_json(run_info()), "start_time": str(TIME_MS), "end_time": str(TIME_MS + 1000)}
    del info["run_id"]
    assert runs.info_from_json(info) == run_info()


@given(st.lists(finite_points, max_size=3), tag_mappings, tag_mappings, st.none() | int64s)
def test_runs_there_and_back(points, params, tags, end_time):
    data = RunData(tuple(points), params, tags)
    entity = run(data, end_time=end_time)
    assert runs.from_json(travelled(runs.to_json(entity))) == entity
