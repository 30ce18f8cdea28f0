"""Functions that MLflow 1 had, which scripts still call."""

import pytest

import pycore as mlflow
from pycore.tracking import MlflowClient

pytestmark = pytest.mark.usefixtures("uri")


def test_experiments_are_listed_by_page():
    client = MlflowClient()
    client.create_experiment("e1")
    first = client.list_experiments(max_results=1)
    rest = client.list_experiments(page_token=first.token)
    assert len(first) == 1
    # Both may have been created within one millisecond, which their order goes by.
    assert sorted(found.name for found in (*first, *rest)) == ["Default", "e1"]


def test_run_infos_are_listed_by_page():
    client = MlflowClient()
    ids = []
    for rmse in (2, 1):
        with mlflow.start_run() as run:
            mlflow.log_metric("rmse", rmse)
            ids.append(run.info.run_id)
    first = client.list_run_infos("0", max_results=1, order_by=["metrics.rmse"])
    rest = client.list_run_infos("0", order_by=["metrics.rmse"], page_token=first.token)
    assert [info.run_id for info in (*first, *rest)] == [ids[1], ids[0]]
    assert {info.status for info in (*first, *rest)} == {"FINISHED"}
