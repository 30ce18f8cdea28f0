"""What the training of boosted trees leaves behind, the same for each library."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from pycore.autologging.patching import Options
from pycore.autologging.training_data import TrainingData, training_data
from pycore.tracking import fluent_logging, values
from pycore.tracking.active_run import active_or_new_run
from pycore.tracking.mlflow_client import MlflowClient

#: Of the bars of a picture; the file beside it has all.
_MOST_BARS = 30


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


def rounds(results: Mapping[str, Mapping[str, Sequence[float]]]) -> list[dict[str, float]]:
    """Return what estimators keep of their training, lists by data and metric, as metrics of each round."""
    named = {
        f"{data}-{metric}": kept for data, metrics in results.items() for metric, kept in metrics.items()
    }
    return [dict(zip(named, map(float, points), strict=True)) for points in zip(*named.values(), strict=True)]


def log_importance(scores: Mapping[str, float], kind: str, options: Options) -> None:
    """Log how much each feature counts, and a picture of those that count most beside a logged model."""
    fluent_logging.log_dict(dict(scores), f"feature_importance_{kind}.json")
    # An extra brings matplotlib, and drawing takes its time.
    if not scores or not options.log_models or find_spec("matplotlib") is None:
        return
    from pycore.evaluation.plots import bar_plot

    ordered = sorted(scores.items(), key=lambda entry: entry[1], reverse=True)[:_MOST_BARS]
    fluent_logging.log_figure(bar_plot(dict(ordered), kind), f"feature_importance_{kind}.png")


def read(rows: Any, target: Any, options: Options, n_rows: int | None = None) -> TrainingData | None:
    """Log the data that a training read, where they are a table and wanted, and return what they are.

    `n_rows` is the number of all, where these are a part of them.
    """
    data = training_data(rows, target, n_rows)
    if data is not None and options.log_datasets:
        data.log()
    return data


def extending(kind: type[Any]) -> set[type[Any]]:
    """Return a class and all that extend it."""
    return {kind}.union(*map(extending, kind.__subclasses__()))
