"""Autologging of LightGBM: `lightgbm.train`, which its scikit-learn estimators call too."""

from __future__ import annotations

import inspect
from typing import Any

from pycore.autologging import boosting
from pycore.autologging.patching import Observer, Options, Patches
from pycore.flavors import lightgbm as flavor
from pycore.tracking import fluent_logging

_ARGUMENTS = ("num_boost_round", "keep_training_booster")
_IMPORTANCES = ("split", "gain")

_patches = Patches("lightgbm")


def autolog(disable: bool = False, **options: Any) -> None:
    """Log what `lightgbm.train` is called with, every round's metrics and the trained booster.

    Parameters
    ----------
    disable : bool
        Stop logging.
    options
        See `pycore.autologging.patching.Options`.
    """
    import lightgbm  # an extra brings it

    _patches.undo()
    _patches.options = Options(**options)
    if disable:
        return
    _patches.replace(lightgbm, "train", _observe)
    # The module has a name of its own for it, which estimators use.
    _patches.replace(lightgbm.sklearn, "train", _observe)


def _observe(call: inspect.BoundArguments) -> Observer:
    boosting.log_arguments(call, _ARGUMENTS)
    history: list[dict[str, float]] = []

    def record(environment: Any) -> None:
        results = environment.evaluation_result_list or ()
        history.append({f"{data}-{metric}": float(value) for data, metric, value, *_ in results})

    call.arguments["callbacks"] = [*(call.arguments["callbacks"] or ()), record]
    booster = yield
    boosting.log_history(history)
    if booster.best_iteration > 0 and any(history):
        last = {"stopped_iteration": len(history), "best_iteration": booster.best_iteration}
        fluent_logging.log_metrics(last)
        boosting.log_best(history, booster.best_iteration - 1)
    for kind in _IMPORTANCES:
        scores = booster.feature_importance(importance_type=kind).tolist()
        scored = dict(zip(booster.feature_name(), scores, strict=True))
        fluent_logging.log_dict(scored, f"feature_importance_{kind}.json")
    if _patches.options.log_models:
        name = _patches.options.registered_model_name
        flavor.log_model(booster, "model", registered_model_name=name)
