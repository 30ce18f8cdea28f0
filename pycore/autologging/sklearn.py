"""Autologging of scikit-learn: `fit` of every estimator, pipeline and search."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from pycore.autologging.patching import Observer, Options, Patches, switch
from pycore.autologging.sklearn_metrics import training_metrics
from pycore.autologging.sklearn_scores import Scores, methods
from pycore.autologging.training_data import training_data
from pycore.entities import Metric, RunTag
from pycore.flavors import sklearn as flavor
from pycore.models.arguments import checked_fields
from pycore.models.signature import infer_signature
from pycore.tracking import fluent_logging, run_context, values
from pycore.tracking.active_run import active_or_new_run
from pycore.tracking.mlflow_client import MlflowClient

_EXAMPLE_ROWS = 5
#: Methods that train.
_TRAINING = ("fit", "fit_transform", "fit_predict")
#: Where the estimators stand that prepare data, also for metrics; MLflow does not log them either.
_PREPARING = (
    "sklearn.compose._column_transformer",
    "sklearn.feature_extraction",
    "sklearn.feature_selection",
    "sklearn.impute",
    "sklearn.preprocessing",
)

_patches = Patches("sklearn")
_scores = Scores(_patches)


@checked_fields
@dataclass(frozen=True, kw_only=True)
class SklearnOptions(Options):
    """What a user may choose besides `Options`.

    Parameters
    ----------
    max_tuning_runs : int, optional
        How many of a search's candidates get a child run, the best ones; all when None.
    log_post_training_metrics : bool
        Log what is measured with the trained estimator later, too: its ``score``, and functions of
        ``sklearn.metrics`` on what it predicted.
    serialization_format : {"cloudpickle", "pickle"}
        Of the saved model.
    pos_label : object, optional
        The class that precision, recall and F1 are about; means over all classes are taken without.
    """

    max_tuning_runs: int | None = 5
    log_post_training_metrics: bool = True
    serialization_format: str = "cloudpickle"
    pos_label: Any = None


@switch(_patches, SklearnOptions)
def autolog(chosen: SklearnOptions) -> None:
    """Log params, training metrics, the data's digest and the model of everything that is trained.

    With the model comes a drawing of its parts and, for classifiers, of the confusion matrix. A search over
    params also leaves ``cv_results.csv``, its best estimator and child runs. Preparing data, such as scaling
    them, is no training by itself.

    The arguments are those of `SklearnOptions`.
    """
    from sklearn.utils import all_estimators  # an extra brings it

    estimators = [kind for _, kind in all_estimators()]

    def observe(call: inspect.BoundArguments) -> Observer:
        yield
        estimator, *data = call.args
        if chosen.log_post_training_metrics:
            _scores.begin(estimator, active_or_new_run())
        weights = call.arguments.get("sample_weight")
        _log_fit(chosen, estimator, data[0] if data else None, data[1] if len(data) > 1 else None, weights)
        if _is_search(estimator):
            _log_search(estimator, chosen.max_tuning_runs)

    for owner, name in methods(estimators, _TRAINING):
        # What the mixins of its base define calls the estimator's own fit.
        if not owner.__module__.startswith(("sklearn.base", *_PREPARING)):
            _patches.replace(owner, name, observe)
    if chosen.log_post_training_metrics:
        _scores.observe(estimators)


def _log_fit(options: SklearnOptions, estimator: Any, rows: Any, target: Any, weights: Any) -> None:
    kind = type(estimator)
    fluent_logging.log_params(estimator.get_params(deep=not _is_search(estimator)))
    tags = {"estimator_name": kind.__name__, "estimator_class": f"{kind.__module__}.{kind.__name__}"}
    fluent_logging.set_tags(tags)
    if options.log_datasets and (data := training_data(rows, target)) is not None:
        data.log()
    if rows is not None and target is not None and hasattr(estimator, "predict"):
        fluent_logging.log_metrics(training_metrics(estimator, rows, target, weights, options.pos_label))
    if not options.log_models:
        return
    _log_pictures(estimator, rows, target)
    chosen: dict[str, Any] = {"serialization_format": options.serialization_format}
    if hasattr(estimator, "predict") and rows is not None:
        example = rows[:_EXAMPLE_ROWS]
        if options.log_model_signatures:
            chosen["signature"] = infer_signature(example, estimator.predict(example))
        if options.log_input_examples:
            chosen["input_example"] = example
    elif not hasattr(estimator, "predict"):
        chosen["pyfunc_predict_fn"] = "transform"
    flavor.log_model(estimator, "model", registered_model_name=options.registered_model_name, **chosen)
    if _is_search(estimator) and hasattr(estimator, "best_estimator_"):
        flavor.log_model(estimator.best_estimator_, "best_estimator", **chosen)


def _log_pictures(estimator: Any, rows: Any, target: Any) -> None:
    """Draw the estimator's parts and, where matplotlib is there, which classes were taken for which."""
    from sklearn.base import is_classifier  # as above
    from sklearn.utils import estimator_html_repr

    fluent_logging.log_text(estimator_html_repr(estimator), "estimator.html")
    if rows is None or target is None or not is_classifier(estimator) or find_spec("matplotlib") is None:
        return
    from pycore.evaluation.plots import confusion_matrix_plot

    truth = np.asarray(target)
    if truth.ndim == 1:
        figure = confusion_matrix_plot(truth, estimator.predict(rows), list(estimator.classes_))
        fluent_logging.log_figure(figure, "training_confusion_matrix.png")


def _is_search(estimator: Any) -> bool:
    from sklearn.model_selection._search import BaseSearchCV  # the one class that all searches extend

    return isinstance(estimator, BaseSearchCV)


def _log_search(search: Any, max_tuning_runs: int | None) -> None:
    import pandas as pd  # as above

    if hasattr(search, "best_params_"):
        fluent_logging.log_params({f"best_{name}": value for name, value in search.best_params_.items()})
    if hasattr(search, "best_score_"):
        fluent_logging.log_metric("best_cv_score", search.best_score_)
    results = pd.DataFrame(search.cv_results_)
    fluent_logging.log_text(results.to_csv(index=False), "cv_results.csv")
    rank = next((name for name in results if name.startswith("rank_test_")), None)
    ordered = results if rank is None else results.sort_values(rank, kind="stable")
    for candidate in ordered.head(max_tuning_runs or len(ordered)).to_dict("records"):
        _log_candidate(candidate)


def _log_candidate(candidate: Mapping[Any, Any]) -> None:
    """Make a finished child run of one row of a search's results."""
    run = active_or_new_run()
    client = MlflowClient(run.tracking_uri)
    tags = {**run_context.tags(), run_context.PARENT_RUN_ID: run.info.run_id}
    child = client.create_run(run.info.experiment_id, tags=tags)
    now = values.now_ms()
    numbers = {name: value for name, value in candidate.items() if isinstance(value, int | float)}
    client.log_batch(
        child.info.run_id,
        metrics=[Metric(name, float(value), now) for name, value in numbers.items() if "param_" not in name],
        params=values.params(candidate["params"]),
        tags=[RunTag("mlflow.autologging", "sklearn")],
        synchronous=True,
    )
    client.set_terminated(child.info.run_id)
