"""How busy the machine is while a run is open, logged from a thread beside it.

A sample is taken at an interval, the mean of several is logged in the background, and what is left at the
run's end before it ends. Nothing that goes wrong here disturbs the run.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from statistics import fmean
from typing import TypeAlias

from pycore import config
from pycore.errors import InvalidInput, MlflowException
from pycore.models.arguments import checked
from pycore.tracking import values
from pycore.tracking.mlflow_client import MlflowClient

#: In front of every key, so that pages show them apart.
PREFIX = "system/"

_MB = 1e6
#: A sampler that hangs must not keep a run from ending.
_STOP_LIMIT_S = 5.0

Sample: TypeAlias = Mapping[str, float]

_log = logging.getLogger(__name__)


class SystemMonitor:
    """Logs into one run until it is stopped.

    Parameters
    ----------
    client : MlflowClient
    run_id : str
    sample : callable
        Returns the values of this moment.
    interval_s : float
        Between samples.
    per_point : int
        Samples of which a point is the mean.
    """

    def __init__(
        self,
        client: MlflowClient,
        run_id: str,
        sample: Callable[[], Sample],
        interval_s: float,
        per_point: int,
    ) -> None:
        self._client = client
        self._run_id = run_id
        self._sample = sample
        self._interval_s = interval_s
        self._per_point = per_point
        self._stopping = threading.Event()
        self._waiting: list[Sample] = []
        self._step = 0
        self._thread = threading.Thread(target=self._run, name="crateflow-system-metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Log what is left; the caller flushes the background logging."""
        self._stopping.set()
        self._thread.join(_STOP_LIMIT_S)

    def _run(self) -> None:
        try:
            # A run may go on with points of an earlier time.
            history = self._client.get_metric_history(self._run_id, f"{PREFIX}cpu_utilization_percentage")
            self._step = max((point.step + 1 for point in history), default=0)
            while not self._stopping.wait(self._interval_s):
                self._take()
            self._take()
            self._write()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run must go on
            _log.warning("system metrics are no longer logged: %s: %s", type(error).__name__, error)

    def _take(self) -> None:
        self._waiting.append(self._sample())
        if len(self._waiting) >= self._per_point:
            self._write()

    def _write(self) -> None:
        if not self._waiting:
            return
        samples, self._waiting = self._waiting, []
        means = {
            f"{PREFIX}{key}": fmean(sample[key] for sample in samples if key in sample) for key in samples[-1]
        }
        points = values.metrics(means, step=self._step)
        self._step += 1
        self._client.log_batch(self._run_id, metrics=points, synchronous=False)


class MachineSampler:
    """Reads the machine's counters; network traffic is counted from the first sample on."""

    def __init__(self) -> None:
        try:
            import psutil  # an extra brings it
        except ModuleNotFoundError as error:
            raise MlflowException(
                "System metrics need psutil: pip install 'crateflow[system-metrics]'."
            ) from error
        self._psutil = psutil
        self._network = psutil.net_io_counters()
        # The first answer is meaningless: it compares with nothing.
        psutil.cpu_percent()

    def __call__(self) -> Sample:
        """Return the values of this moment."""
        memory, disk = self._psutil.virtual_memory(), self._psutil.disk_usage(os.sep)
        found = {
            "cpu_utilization_percentage": self._psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / _MB,
            "system_memory_usage_percentage": memory.percent,
            "disk_usage_percentage": disk.percent,
            "disk_usage_megabytes": disk.used / _MB,
            "disk_available_megabytes": disk.free / _MB,
        }
        network = self._psutil.net_io_counters()
        # There is none in some sandboxes.
        if network is not None and self._network is not None:
            found["network_receive_megabytes"] = (network.bytes_recv - self._network.bytes_recv) / _MB
            found["network_transmit_megabytes"] = (network.bytes_sent - self._network.bytes_sent) / _MB
        return found


def watch(client: MlflowClient, run_id: str, wanted: bool | None) -> SystemMonitor | None:
    """Begin to log into a run where the caller, or else the setting, wants it.

    Raises
    ------
    MlflowException
        The caller wants it, and psutil is not installed. Where only the setting does, that is a warning.
    """
    if not (config.ENABLE_SYSTEM_METRICS.get() if wanted is None else wanted):
        return None
    try:
        sample: Callable[[], Sample] = MachineSampler()
    except MlflowException as error:
        if wanted:
            raise
        _log.warning("%s", error)
        return None
    node = config.SYSTEM_METRICS_NODE.get()
    if node is not None:
        sample = _of_node(node, sample)
    interval_s, per_point = config.SYSTEM_METRICS_INTERVAL_S.get(), config.SYSTEM_METRICS_SAMPLES.get()
    return SystemMonitor(client, run_id, sample, interval_s, per_point)


def enable_system_metrics_logging() -> None:
    """Watch the machine during all runs that are started from now on, here and in child processes."""
    os.environ[config.ENABLE_SYSTEM_METRICS.name] = "true"


def disable_system_metrics_logging() -> None:
    """Watch the machine no longer, except during runs that ask for it."""
    os.environ[config.ENABLE_SYSTEM_METRICS.name] = "false"


@checked
def set_system_metrics_sampling_interval(interval: int | None) -> None:
    """Take a sample every so many seconds; None goes back to the default."""
    _set(config.SYSTEM_METRICS_INTERVAL_S, "interval", interval)


@checked
def set_system_metrics_samples_before_logging(samples: int | None) -> None:
    """Log the mean of so many samples; None goes back to the default."""
    _set(config.SYSTEM_METRICS_SAMPLES, "samples", None if samples is None else int(samples))


@checked
def set_system_metrics_node_id(node_id: str | int | None) -> None:
    """Put a name of this machine into the keys, for runs on several; None leaves it out."""
    if node_id is None:
        os.environ.pop(config.SYSTEM_METRICS_NODE.name, None)
    else:
        os.environ[config.SYSTEM_METRICS_NODE.name] = str(node_id)


def _set(setting: config.Setting[float] | config.Setting[int], name: str, value: float | None) -> None:
    if value is None:
        os.environ.pop(setting.name, None)
        return
    if value <= 0:
        raise InvalidInput(f"{name} must be a number above 0, not {value!r}.")
    os.environ[setting.name] = str(value)


def _of_node(node: str, sample: Callable[[], Sample]) -> Callable[[], Sample]:
    return lambda: {f"{node}/{key}": value for key, value in sample().items()}
