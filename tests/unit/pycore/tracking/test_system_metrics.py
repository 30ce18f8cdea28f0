import itertools
import threading
from pathlib import Path

import pytest
from waiting import LIMIT_S, until

import pycore as mlflow
from pycore.errors import InvalidInput
from pycore.tracking import system_metrics
from pycore.tracking.system_metrics import SystemMonitor

CPU = "system/cpu_utilization_percentage"


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.01")


def points(run: mlflow.ActiveRun, key: str = CPU) -> list[int]:
    return [point.step for point in mlflow.MlflowClient().get_metric_history(run.info.run_id, key)]


@pytest.mark.usefixtures("uri")
def test_a_run_is_watched_until_it_ends() -> None:
    with mlflow.start_run(log_system_metrics=True) as run:
        until(lambda: len(points(run)) >= 3)

    found = mlflow.get_run(run.info.run_id).data.metrics
    assert {key.partition("/")[0] for key in found} == {"system"}
    assert 0 < found["system/system_memory_usage_percentage"] <= 100
    assert found["system/disk_available_megabytes"] > 0
    steps = points(run)
    assert steps == list(range(len(steps)))
    assert not [thread for thread in threading.enumerate() if "system-metrics" in thread.name]

    with mlflow.start_run(run.info.run_id, log_system_metrics=True):
        pass
    assert points(run) == list(range(len(steps) + 1))


@pytest.mark.usefixtures("uri")
def test_a_short_run_has_a_point_and_others_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow.set_system_metrics_sampling_interval(3600)
    mlflow.enable_system_metrics_logging()
    mlflow.set_system_metrics_node_id("node-2")
    with mlflow.start_run() as watched:
        pass
    with mlflow.start_run(log_system_metrics=False) as asked_not_to:
        pass
    mlflow.disable_system_metrics_logging()
    with mlflow.start_run() as after:
        pass

    assert points(watched, "system/node-2/cpu_utilization_percentage") == [0]
    assert points(asked_not_to) == points(after) == []
    mlflow.set_system_metrics_sampling_interval(None)
    mlflow.set_system_metrics_node_id(None)


def test_a_point_is_the_mean_of_several_samples(tmp_path: Path) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    run_id = client.create_run("0").info.run_id
    counted = itertools.count()
    enough = threading.Event()

    def sample() -> dict[str, float]:
        number = next(counted)
        if number == 7:
            enough.set()
        return {"load": float(number)}

    monitor = SystemMonitor(client, run_id, sample, interval_s=0.001, per_point=4)
    assert enough.wait(LIMIT_S)
    monitor.stop()
    mlflow.flush_async_logging()

    first, second, *_ = client.get_metric_history(run_id, "system/load")
    assert (first.value, second.value) == (1.5, 5.5)


def test_a_failing_sampler_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    run_id = client.create_run("0").info.run_id

    def sample() -> dict[str, float]:
        raise OSError("no counters here")

    monitor = SystemMonitor(client, run_id, sample, interval_s=0.001, per_point=1)
    until(lambda: bool(caplog.records))
    monitor.stop()

    (record,) = caplog.records
    assert record.getMessage() == "system metrics are no longer logged: OSError: no counters here"


def test_settings_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="interval must be a number above 0, not 0"):
        mlflow.set_system_metrics_sampling_interval(0)
    with pytest.raises(InvalidInput, match="samples must be a number above 0, not -1"):
        mlflow.set_system_metrics_samples_before_logging(-1)
    mlflow.set_system_metrics_samples_before_logging(3)
    assert system_metrics.config.SYSTEM_METRICS_SAMPLES.get() == 3
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "-1")
    with pytest.raises(InvalidInput, match="MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL is '-1'"):
        system_metrics.config.SYSTEM_METRICS_INTERVAL_S.get()
