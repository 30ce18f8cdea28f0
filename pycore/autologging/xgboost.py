"""Autologging of XGBoost: `xgboost.train`, and `fit` of its estimators."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pycore.autologging import boosting
from pycore.autologging.patching import Observer, Options, Patches, switch
from pycore.autologging.trained_model import log_model
from pycore.autologging.training_data import TrainingData
from pycore.flavors import xgboost as flavor
from pycore.models.arguments import checked_fields
from pycore.tracking import fluent_logging

_ARGUMENTS = ("num_boost_round", "maximize", "early_stopping_rounds", "verbose_eval")
#: Of a matrix, so many rows are taken out to describe it.
_MOST_ROWS = 10_000

_patches = Patches("xgboost")


@checked_fields
@dataclass(frozen=True, kw_only=True)
class XGBoostOptions(Options):
    """What a user may choose besides `Options`.

    Parameters
    ----------
    importance_types : list of str, optional
        Kinds of feature importance to save as ``feature_importance_<kind>.json``; only ``weight`` when
        absent.
    model_format : {"ubj", "json"}
    """

    importance_types: Sequence[str] | None = None
    model_format: str = "ubj"


@switch(_patches, XGBoostOptions)
def autolog(chosen: XGBoostOptions) -> None:
    """Log what is trained with which params, every round's metrics, what features count, and the model.

    The arguments are those of `XGBoostOptions`.
    """
    import xgboost  # an extra brings it

    def observe_train(call: inspect.BoundArguments) -> Observer:
        boosting.log_arguments(call, _ARGUMENTS)
        recorder = _recorder()
        call.arguments["callbacks"] = [*(call.arguments["callbacks"] or ()), recorder]
        booster = yield
        best = booster.best_iteration if call.arguments["early_stopping_rounds"] else None
        _log_rounds(recorder.history, best)
        _log_importance(booster, chosen)
        log_model(
            flavor.log_model,
            booster,
            chosen,
            _of_matrix(call.arguments["dtrain"], chosen),
            lambda rows: booster.predict(xgboost.DMatrix(rows)),
            model_format=chosen.model_format,
        )

    def observe_fit(call: inspect.BoundArguments) -> Observer:
        estimator = call.arguments["self"]
        fluent_logging.log_params(estimator.get_params())
        yield
        if call.arguments.get("eval_set"):
            best = estimator.best_iteration if estimator.early_stopping_rounds else None
            _log_rounds(boosting.rounds(estimator.evals_result()), best)
        _log_importance(estimator.get_booster(), chosen)
        data = boosting.read(call.arguments["X"], call.arguments["y"], chosen)
        log_model(
            flavor.log_model, estimator, chosen, data, estimator.predict, model_format=chosen.model_format
        )

    _patches.replace(xgboost, "train", observe_train)
    for kind in boosting.extending(xgboost.XGBModel):
        if "fit" in vars(kind):
            _patches.replace(kind, "fit", observe_fit)


def _log_rounds(history: Sequence[Mapping[str, float]], best: int | None) -> None:
    boosting.log_history(history)
    if best is not None:
        fluent_logging.log_metrics({"stopped_iteration": len(history) - 1, "best_iteration": best})
        boosting.log_best(history, best)


def _log_importance(booster: Any, chosen: XGBoostOptions) -> None:
    for kind in chosen.importance_types or ("weight",):
        # Of linear boosters the scores are lists, one number for each class.
        scores = {
            name: float(np.mean(score)) for name, score in booster.get_score(importance_type=kind).items()
        }
        boosting.log_importance(scores, kind, chosen)


def _of_matrix(matrix: Any, chosen: XGBoostOptions) -> TrainingData | None:
    """Describe the rows of a matrix, where it holds what the user gave."""
    import xgboost  # as above

    # Matrices of other kinds hold ranges of values or lie on disk, and categories are codes.
    if type(matrix) is not xgboost.DMatrix or "c" in (matrix.feature_types or ()):
        return None
    n_rows = matrix.num_row()
    part = matrix.slice(np.arange(0, n_rows, -(-n_rows // _MOST_ROWS)))
    present = part.get_data().tocoo()
    rows: Any = np.full(present.shape, np.nan)
    rows[present.row, present.col] = present.data
    if matrix.feature_names:
        rows = pd.DataFrame(rows, columns=list(matrix.feature_names))
    return boosting.read(rows, part.get_label(), chosen, n_rows)


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
