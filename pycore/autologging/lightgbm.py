"""Autologging of LightGBM: `lightgbm.train`, and `fit` of its estimators."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from pycore.autologging import boosting
from pycore.autologging.patching import Observer, Options, Patches, switch
from pycore.autologging.trained_model import log_model
from pycore.flavors import lightgbm as flavor
from pycore.tracking import fluent_logging

_ARGUMENTS = ("num_boost_round", "keep_training_booster")
_IMPORTANCES = ("split", "gain")

_patches = Patches("lightgbm")


@switch(_patches, Options)
def autolog(chosen: Options) -> None:
    """Log what is trained with which params, every round's metrics, what features count, and the model.

    The arguments are those of `pycore.autologging.patching.Options`.
    """
    import lightgbm  # an extra brings it

    def observe_train(call: inspect.BoundArguments) -> Observer:
        boosting.log_arguments(call, _ARGUMENTS)
        # The training gives the rows free.
        train_set = call.arguments["train_set"]
        data = boosting.read(train_set.data, train_set.label, chosen)
        history: list[dict[str, float]] = []

        def record(environment: Any) -> None:
            results = environment.evaluation_result_list or ()
            history.append({f"{data}-{metric}": float(value) for data, metric, value, *_ in results})

        call.arguments["callbacks"] = [*(call.arguments["callbacks"] or ()), record]
        booster = yield
        _log_rounds(history, booster.best_iteration)
        _log_importance(booster, chosen)
        log_model(flavor.log_model, booster, chosen, data, booster.predict)

    def observe_fit(call: inspect.BoundArguments) -> Observer:
        estimator = call.arguments["self"]
        fluent_logging.log_params(estimator.get_params())
        yield
        _log_rounds(boosting.rounds(estimator.evals_result_), estimator.best_iteration_ or 0)
        _log_importance(estimator.booster_, chosen)
        data = boosting.read(call.arguments["X"], call.arguments["y"], chosen)
        log_model(flavor.log_model, estimator, chosen, data, estimator.predict)

    _patches.replace(lightgbm, "train", observe_train)
    for kind in boosting.extending(lightgbm.LGBMModel):
        if "fit" in vars(kind):
            _patches.replace(kind, "fit", observe_fit)


def _log_rounds(history: Sequence[Mapping[str, float]], best: int) -> None:
    """Log the rounds; the best one, counted from 1, is known where the training stopped early."""
    boosting.log_history(history)
    if best > 0 and any(history):
        fluent_logging.log_metrics({"stopped_iteration": len(history), "best_iteration": best})
        boosting.log_best(history, best - 1)


def _log_importance(booster: Any, chosen: Options) -> None:
    for kind in _IMPORTANCES:
        scores = booster.feature_importance(importance_type=kind).tolist()
        boosting.log_importance(dict(zip(booster.feature_name(), scores, strict=True)), kind, chosen)
