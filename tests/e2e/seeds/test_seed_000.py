"""A course module on the model registry: its calls as printed, against a server."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from processes import tracking_server
from sklearn.linear_model import LinearRegression

import pycore as mlflow
from pycore.errors import MlflowException
from pycore.tracking import MlflowClient

ROWS = pd.DataFrame({"citric acid": [0.0, 0.5, 1.0], "pH": [3.0, 3.2, 3.4]})


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with tracking_server(tmp_path_factory.mktemp("server")) as server:
        yield server.url


@pytest.fixture
def run_id(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run with a model, made by a colleague."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    monkeypatch.setenv("LOGNAME", "colleague")
    with mlflow.start_run(tags={"mlflow.user": "colleague"}) as run:
        mlflow.sklearn.log_model(LinearRegression().fit(ROWS, [5.0, 6.0, 7.0]), "model")
    found: str = run.info.run_id
    return found


def test_a_registered_model_lives_through_its_stages(url: str, run_id: str) -> None:
    client = MlflowClient()
    client.create_registered_model("<your-model-name>")
    for number in (1, 2):
        result = client.create_model_version(
            name="<your-model-name>", run_id=run_id, source=f"runs:/{run_id}/model"
        )
        assert result.version == number
    client.update_model_version(
        name="<your-model-name>", version=1, description="This model version was built using sklearn"
    )
    for stage in ("Staging", "Production", "Archived", "None"):
        client.transition_model_version_stage(name="<your-model-name>", version=1, stage=stage)
        assert client.get_model_version("<your-model-name>", 1).current_stage == stage

    version = client.get_model_version("<your-model-name>", 1)
    assert version.description == "This model version was built using sklearn"
    assert client.get_run(version.run_id).info.user_id == "colleague"
    assert [file.path for file in client.list_artifacts(run_id)] == ["model"]

    client.transition_model_version_stage(name="<your-model-name>", version=1, stage="Production")
    with pytest.raises(MlflowException, match=r"1 .*Production") as caught:
        client.delete_registered_model(name="<your-model-name>")
    assert caught.value.get_http_status_code() == 400
    client.transition_model_version_stage(name="<your-model-name>", version=1, stage="Archived")
    client.delete_registered_model(name="<your-model-name>")
    assert client.search_model_versions("name = '<your-model-name>'") == []


def test_the_registered_version_predicts_offline(url: str, run_id: str) -> None:
    client = MlflowClient()
    client.create_registered_model("tech-summit-wine-model")
    client.create_model_version("tech-summit-wine-model", f"runs:/{run_id}/model", run_id)
    client.transition_model_version_stage("tech-summit-wine-model", 1, "production")

    model = mlflow.pyfunc.load_model("models:/tech-summit-wine-model/Production")
    assert np.allclose(model.predict(ROWS), [5.0, 6.0, 7.0])
