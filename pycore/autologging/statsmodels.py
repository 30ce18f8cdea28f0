"""Autologging of statsmodels: `fit` of every model."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from numbers import Real
from typing import Any

from pycore.autologging.patching import Observer, Options, Patches, switch
from pycore.autologging.training_data import TrainingData, training_data
from pycore.flavors import statsmodels as flavor
from pycore.tracking import fluent_logging

#: What results of some kind tell of their fit, each where it has a meaning.
_MEASURES = (
    "aic", "bic", "centered_tss", "condition_number", "df_model", "df_resid", "ess", "f_pvalue", "fvalue",
    "llf", "llf_null", "llnull", "mse_model", "mse_resid", "mse_total", "rsquared", "rsquared_adj", "scale",
    "ssr", "uncentered_tss",
)  # fmt: skip

_patches = Patches("statsmodels")


@switch(_patches, Options)
def autolog(_: Options) -> None:
    """Log what a model is fitted to and with, how well it fits, its summary and the results.

    The arguments are those of `pycore.autologging.patching.Options`.
    """
    import statsmodels.api  # noqa: F401 - an extra brings it; this imports every model there is
    from statsmodels.base.model import Model

    for definer in _definers(Model):
        _patches.replace(definer, "fit", _observe)


def _definers(kind: type[Any]) -> set[type[Any]]:
    """Return the classes that define fit themselves, among a class and those that extend it."""
    own = {kind} if "fit" in vars(kind) else set()
    return own.union(*map(_definers, kind.__subclasses__()))


def _observe(call: inspect.BoundArguments) -> Observer:
    results = yield
    call.apply_defaults()
    model, *_ = call.args
    given = {name: value for name, value in call.arguments.items() if name not in ("self", "kwargs")}
    fluent_logging.log_params({"model": type(model).__name__, **given})
    if _patches.options.log_datasets and (data := _data(model)) is not None:
        data.log()
    fluent_logging.log_metrics(dict(_measures(results)))
    fluent_logging.log_text(results.summary().as_text(), "model_summary.txt")
    if _patches.options.log_models:
        name = _patches.options.registered_model_name
        flavor.log_model(results, "model", registered_model_name=name)


def _data(model: Any) -> TrainingData | None:
    """Describe what a model is of: the frame of its formula, or its regressors and what they explain."""
    frame, target = getattr(model.data, "frame", None), model.endog_names
    if frame is not None and isinstance(target, str) and target in frame.columns:
        return training_data(frame.drop(columns=target), frame[target])
    explained, regressors = model.data.orig_endog, model.data.orig_exog
    return training_data(explained) if regressors is None else training_data(regressors, explained)


def _measures(results: Any) -> Iterator[tuple[str, float]]:
    for name in _MEASURES:
        # Results compute a measure when it is asked for, and some cannot.
        try:
            value = getattr(results, name, None)
        except (ArithmeticError, NotImplementedError, ValueError):
            continue
        if isinstance(value, Real):
            yield name, float(value)
