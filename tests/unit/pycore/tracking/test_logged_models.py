from __future__ import annotations

import pytest

from pycore.entities import Dataset, DatasetInput, LoggedModelOutput
from pycore.errors import InvalidInput
from pycore.tracking import MlflowClient, model_uris


@pytest.fixture
def client(tmp_path):
    return MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")


def test_a_model_lives_through_the_client(client):
    model = client.create_logged_model(0, "tree", tags={"k": 1}, params={"depth": 3})
    client.set_logged_model_tags(model.model_id, {"team": "red"})
    client.delete_logged_model_tag(model.model_id, "k")
    client.log_model_params(model.model_id, {"leaves": 9})
    assert client.finalize_logged_model(model.model_id, "ready").status.name == "READY"
    found = client.get_logged_model(model.model_id)
    assert (found.tags, found.params) == ({"team": "red"}, {"depth": "3", "leaves": "9"})
    order = [{"field_name": "name", "ascending": False}]
    assert client.search_logged_models("0", "name = 'tree'", order_by=order) == [found]
    assert model_uris.resolve(f"{found.model_uri}/data", client) == f"{found.artifact_location}/data"
    client.delete_logged_model(model.model_id)
    assert client.search_logged_models([0]) == []


def test_a_run_notes_what_it_used_and_made(client):
    run_id = client.create_run(0).info.run_id
    client.log_inputs(run_id, [DatasetInput(Dataset("iris", "d1"))])
    client.log_outputs(run_id, [LoggedModelOutput("m-1", 2)])
    run = client.get_run(run_id)
    assert run.inputs.dataset_inputs[0].dataset.name == "iris"
    assert run.outputs.model_outputs == (LoggedModelOutput("m-1", 2),)


def test_wrong_arguments_say_what_was_expected(client):
    model = client.create_logged_model("0", "tree")
    with pytest.raises(InvalidInput, match="one of PENDING, READY, FAILED, not 'done'"):
        client.finalize_logged_model(model.model_id, "done")
    with pytest.raises(InvalidInput, match="has a field_name"):
        client.search_logged_models("0", order_by=[{"name": "x"}])
    with pytest.raises(InvalidInput, match="has a dataset_name"):
        client.search_logged_models("0", datasets=[{"name": "x"}])
