"""Autologging of XGBoost: `xgboost.train`, which its scikit-learn estimators call too."""

from __future__ import annotations

import inspect
from typing import Any

from pycore.autologging import boosting
from pycore.autologging.patching import Observer, Options, Patches
from pycore.flavors import xgboost as flavor
from pycore.tracking import fluent_logging

_ARGUMENTS = ("num_boost_round", "maximize", "early_stopping_rounds", "verbose_eval")

_patches = Patches("xgboost")


def autolog(
    importance_types: list[str] | None = None,
    disable: bool = False,
    model_format: str = "ubj",
    **options: Any,
) -> None:
    """Log what `xgboost.train` is called with, every round's metrics and the trained booster.

    Parameters
    ----------
    importance_types : list of str, optional
        Kinds of feature importance to save as ``feature_importance_<kind>.json``; only ``weight`` when
        absent.
    disable : bool
        Stop logging.
    model_format : {"ubj", "json"}
    options
        See `pycore.autologging.patching.Options`.
    """
    import xgboost  # an extra brings it

    _patches.undo()
    _patches.options = Options(**options)
    if disable:
        return
    kinds = ["weight"] if importance_types is None else list(importance_types)

    def observe(call: inspect.BoundArguments) -> Observer:
        boosting.log_arguments(call, _ARGUMENTS)
        recorder = _recorder()
        call.arguments["callbacks"] = [*(call.arguments["callbacks"] or ()), recorder]
        booster = yield
        boosting.log_history(recorder.history)
        if call.arguments["early_stopping_rounds"]:
            fluent_logging.log_metrics(
                {"stopped_iteration": len(recorder.history) - 1, "best_iteration": booster.best_iteration}
            )
            boosting.log_best(recorder.history, booster.best_iteration)
        for kind in kinds:
            scores = booster.get_score(importance_type=kind)
            fluent_logging.log_dict(scores, f"feature_importance_{kind}.json")
        if _patches.options.log_models:
            flavor.log_model(
                booster,
                "model",
                model_format=model_format,
                registered_model_name=_patches.options.registered_model_name,
            )

    _patches.replace(xgboost, "train", observe)
    # The module has a name of its own for it, which estimators use.
    _patches.replace(xgboost.sklearn, "train", observe)


def _recorder() -> Any:
    """Return a callback that keeps the metrics of every round as ``<data>-<metric>``."""
    import xgboost  # as above

    class Recorder(xgboost.callback.TrainingCallback):
        def __init__(self) -> None:
            super().__init__()
            self.history: list[dict[str, float]] = []

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            self.history.append(
                {
                    f"{data}-{metric}": float(points[-1][0] if isinstance(points[-1], tuple) else points[-1])
                    for data, metrics in evals_log.items()
                    for metric, points in metrics.items()
                }
            )
            return False

    return Recorder()
