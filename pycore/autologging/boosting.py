"""What the training of boosted trees leaves behind, the same for each library."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

from pycore.tracking import fluent_logging, values
from pycore.tracking.active_run import active_or_new_run
from pycore.tracking.mlflow_client import MlflowClient


def log_arguments(call: inspect.BoundArguments, names: Sequence[str]) -> None:
    """Log the training's params and, of its other arguments, those named: as given, else their default."""
    call.apply_defaults()
    given = {name: call.arguments[name] for name in names if name in call.arguments}
    fluent_logging.log_params({**dict(call.arguments["params"]), **given})


def log_history(history: Sequence[Mapping[str, float]]) -> None:
    """Log each metric of each round, the round's number as its step."""
    run = active_or_new_run()
    points = [
        point
        for step, metrics in enumerate(history)
        for point in values.metrics(metrics, timestamp=None, step=step)
    ]
    MlflowClient(run.tracking_uri).log_batch(run.info.run_id, metrics=points)


def log_best(history: Sequence[Mapping[str, float]], best: int) -> None:
    """Log the metrics of the best round once more, after the last one, so that they are the latest."""
    fluent_logging.log_metrics(history[best], step=len(history))
