from __future__ import annotations

from builders import TIME_MS, experiment
from hypothesis import given
from wire_travel import tag_mappings, travelled

from pycore.wire import experiments


def test_an_experiment_has_the_types_of_the_protocol():
    assert experiments.to_json(experiment(tags={"a": "b"})) == {
        "experiment_id": "1",
        "name": "iris",
        "artifact_location": "mlflow-artifacts:/1",
        "lifecycle_stage": "active",
        "last_update_time": TIME_MS,
        "creation_time": TIME_MS,
        "tags": [{"key": "a", "value": "b"}],
    }


def test_an_experiment_without_tags_has_no_such_field():
    assert "tags" not in experiments.to_json(experiment())


@given(tag_mappings)
def test_experiments_there_and_back(tags):
    entity = experiment(tags=tags)
    assert experiments.from_json(travelled(experiments.to_json(entity))) == entity
