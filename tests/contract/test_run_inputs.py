"""What runs used and made, and how runs are found by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pycore.entities import (
    Dataset,
    DatasetInput,
    DatasetSummary,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
)
from pycore.errors import InvalidInput, NotFound

IRIS = Dataset("iris", "d1", "local", '{"uri": "iris.csv"}', '{"columns": []}', '{"rows": 150}')
TRAIN = DatasetInput(IRIS, (InputTag("mlflow.data.context", "train"),))
TEST = DatasetInput(replace(IRIS, digest="d2"), (InputTag("mlflow.data.context", "eval"),))


def test_a_run_tells_what_it_used_and_made(api, run):
    run_id = run.info.run_id
    api.runs.log_inputs(run_id, [TRAIN, TEST], [LoggedModelInput("m-used")])
    api.runs.log_outputs(run_id, [LoggedModelOutput("m-b", 2), LoggedModelOutput("m-a", 1)])
    api.runs.log_outputs(run_id, [LoggedModelOutput("m-a", 1)])
    (found,) = api.runs.search([run.info.experiment_id])
    for read in (found, api.runs.get(run_id)):
        assert read.inputs.dataset_inputs == (TRAIN, TEST)
        assert read.inputs.model_inputs == (LoggedModelInput("m-used"),)
        assert read.outputs.model_outputs == (LoggedModelOutput("m-a", 1), LoggedModelOutput("m-b", 2))


def test_a_dataset_keeps_its_first_description_and_each_run_its_first_tags(api, run):
    run_id = run.info.run_id
    api.runs.log_inputs(run_id, [TRAIN])
    api.runs.log_inputs(run_id, [DatasetInput(replace(IRIS, source="other"), TEST.tags)])
    assert api.runs.get(run_id).inputs.dataset_inputs == (TRAIN,)
    other = api.runs.create(run.info.experiment_id).info.run_id
    api.runs.log_inputs(other, [DatasetInput(IRIS, TEST.tags)])
    assert api.runs.get(other).inputs.dataset_inputs == (DatasetInput(IRIS, TEST.tags),)


def test_datasets_are_found_once_per_context(api, run):
    experiment_id = run.info.experiment_id
    for _ in range(2):
        run_id = api.runs.create(experiment_id).info.run_id
        api.runs.log_inputs(run_id, [TRAIN, DatasetInput(TEST.dataset)])
    assert api.datasets.search([experiment_id, "999"]) == [
        DatasetSummary(experiment_id, "iris", "d1", "train"),
        DatasetSummary(experiment_id, "iris", "d2", None),
    ]
    assert api.datasets.search(["0"]) == []
    for wrong in ([], [str(number) for number in range(21)]):
        with pytest.raises(InvalidInput, match="Expected 1 to 20 experiment ids"):
            api.datasets.search(wrong)


@pytest.mark.parametrize(
    ("filter_string", "found"),
    [
        ("dataset.name = 'iris'", ["both", "train"]),
        ("datasets.digest IN ('d2', 'd3')", ["both"]),
        ("dataset.context = 'train'", ["both", "train"]),
        ("dataset.context != 'train'", ["both"]),
        ("dataset.name LIKE 'ir%' AND dataset.context ILIKE 'EVAL'", ["both"]),
        ("dataset.digest = 'd1' AND dataset.digest = 'd2'", ["both"]),
        ("dataset.name NOT IN ('iris')", []),
        ("dataset.name = 'iris' AND run_name = 'train'", ["train"]),
    ],
)
def test_runs_are_found_by_their_datasets(api, experiment, filter_string, found):
    for name, inputs in (("both", [TRAIN, TEST]), ("train", [TRAIN]), ("none", [])):
        run = api.runs.create(experiment.experiment_id, run_name=name)
        api.runs.log_inputs(run.info.run_id, inputs)
    page = api.runs.search([experiment.experiment_id], filter_string, order_by=["run_name"])
    assert [run.info.run_name for run in page] == found


def test_a_filter_names_what_a_dataset_has(api, experiment):
    with pytest.raises(InvalidInput, match="Invalid dataset key 'source': expected one of context, digest"):
        api.runs.search([experiment.experiment_id], "dataset.source = 'x'")
    with pytest.raises(InvalidInput, match="cannot be ordered by a dataset"):
        api.runs.search([experiment.experiment_id], order_by=["dataset.name"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (replace(IRIS, name=""), "name"),
        (replace(IRIS, digest=""), "digest"),
        (replace(IRIS, name="n" * 501), "exceeds the maximum length of 500"),
        (replace(IRIS, digest="d" * 37), "exceeds the maximum length of 36"),
        (replace(IRIS, source="s" * 65_536), "exceeds the maximum length of 65535"),
    ],
)
def test_a_dataset_out_of_shape_is_refused_and_nothing_stored(api, run, given, message):
    with pytest.raises(InvalidInput, match=message):
        api.runs.log_inputs(run.info.run_id, [TRAIN, DatasetInput(given)])
    assert api.runs.get(run.info.run_id).inputs.dataset_inputs == ()


def test_only_a_living_run_takes_inputs_and_outputs(api, run):
    with pytest.raises(NotFound, match="Run with id=nobody not found"):
        api.runs.log_inputs("nobody", [TRAIN])
    with pytest.raises(InvalidInput, match="model_id"):
        api.runs.log_outputs(run.info.run_id, [LoggedModelOutput("")])
    api.runs.delete(run.info.run_id)
    with pytest.raises(InvalidInput, match="must be in the 'active' state"):
        api.runs.log_inputs(run.info.run_id, [TRAIN])
    with pytest.raises(InvalidInput, match="must be in the 'active' state"):
        api.runs.log_outputs(run.info.run_id, [LoggedModelOutput("m-a")])
