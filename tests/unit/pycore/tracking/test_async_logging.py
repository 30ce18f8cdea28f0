import os
import threading

import pytest
from waiting import LIMIT_S

import pycore as mlflow
from pycore.entities import Metric, RunTag
from pycore.errors import DeadlineExceeded, InvalidInput, NotFound
from pycore.tracking import MlflowClient, async_logging
from pycore.tracking.async_logging import PendingWrite


@pytest.mark.usefixtures("uri")
def test_what_is_logged_in_the_background_is_there_when_the_run_ends():
    with mlflow.start_run() as run:
        for step in range(2500):
            mlflow.log_metric("loss", 1 / (step + 1), step, False)
        mlflow.log_metrics({"a": 1.0}, 0, False)
        mlflow.log_param("alpha", 0.1, synchronous=False)
        mlflow.log_params({"beta": 2}, False)
        mlflow.set_tag("who", "me", synchronous=False)
        mlflow.set_tags({"who": "you"}, synchronous=False)
    found = mlflow.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.metrics == {"loss": 1 / 2500, "a": 1.0}
    assert found.data.params == {"alpha": "0.1", "beta": "2"}
    assert found.data.tags["who"] == "you"
    history = MlflowClient().get_metric_history(run.info.run_id, "loss")
    assert [point.step for point in history] == list(range(2500))


@pytest.mark.usefixtures("uri")
def test_a_write_can_be_waited_for():
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 1.5, synchronous=False).wait()
        assert mlflow.get_run(run.info.run_id).data.metrics == {"m": 1.5}


@pytest.mark.usefixtures("uri")
def test_one_refused_write_takes_no_other_with_it():
    run_id = mlflow.start_run().info.run_id
    good = mlflow.log_param("p", 1, synchronous=False)
    bad = mlflow.log_param("p", 2, synchronous=False)
    after = mlflow.log_metric("m", 3, synchronous=False)
    good.wait()
    after.wait()
    with pytest.raises(InvalidInput, match="Changing param values is not allowed"):
        bad.wait()
    mlflow.flush_async_logging()  # the error has been reported
    assert mlflow.get_run(run_id).data.metrics == {"m": 3.0}


@pytest.mark.usefixtures("uri")
def test_an_error_nobody_waited_for_comes_out_when_the_run_ends():
    run = mlflow.start_run()
    mlflow.log_param("p", 1)
    mlflow.log_param("p", 2, synchronous=False)
    with pytest.raises(InvalidInput, match="Changing param values"):
        mlflow.end_run()
    assert mlflow.get_run(run.info.run_id).info.status == "FINISHED"
    mlflow.flush_async_logging()


@pytest.mark.usefixtures("uri")
def test_the_background_may_be_the_rule():
    mlflow.config.enable_async_logging()
    with mlflow.start_run() as run:
        assert isinstance(mlflow.log_metric("m", 1), PendingWrite)
        assert mlflow.log_metric("n", 1, synchronous=True) is None
        mlflow.config.enable_async_logging(False)
        assert mlflow.log_metric("o", 1) is None
    assert set(mlflow.get_run(run.info.run_id).data.metrics) == {"m", "n", "o"}


@pytest.mark.usefixtures("uri")
def test_a_time_in_the_place_of_synchronous_is_refused():
    with mlflow.start_run(), pytest.raises(InvalidInput, match="synchronous must be True or False or None"):
        mlflow.log_metric("m", 1, 0, 1700000000000)


@pytest.mark.usefixtures("uri")
def test_the_client_logs_in_the_background_too():
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_batch(run_id, [Metric("m", 1.0, 1)], tags=[RunTag("t", "1")], synchronous=False).wait()
    assert client.get_run(run_id).data.metrics == {"m": 1.0}
    with pytest.raises(NotFound):
        client.log_metric("0" * 32, "m", 1, synchronous=False).wait()


class _Slow:
    """Runs that write when they are let."""

    def __init__(self) -> None:
        self.may_write = threading.Event()

    def log_batch(self, *batch: object) -> None:
        self.may_write.wait(LIMIT_S)


def test_waiting_has_an_end():
    runs = _Slow()
    write = async_logging.queue(PendingWrite(runs, "a" * 32, [Metric("m", 1.0, 1)]))
    with pytest.raises(DeadlineExceeded, match=r"within 0\.01 s"):
        write.wait(0.01)
    runs.may_write.set()
    write.wait(LIMIT_S)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_a_queue_of_its_own(tmp_path):
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "parent", 1, synchronous=False).wait()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            client.log_metric(run_id, "child", 1, synchronous=False).wait(LIMIT_S)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert set(client.get_run(run_id).data.metrics) == {"parent", "child"}
