"""Autologging of scikit-learn: `fit` of every estimator, pipeline and search."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from pycore.autologging.patching import Observer, Options, Patches
from pycore.autologging.sklearn_metrics import training_metrics
from pycore.entities import Metric, RunTag
from pycore.flavors import sklearn as flavor
from pycore.models.signature import infer_signature
from pycore.tracking import datasets, fluent_inputs, fluent_logging, run_context, values
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


def autolog(disable: bool = False, max_tuning_runs: int | None = 5, **options: Any) -> None:
    """Log params, training metrics, the data's digest and the model of everything that is trained.

    With the model comes a drawing of its parts and, for classifiers, of the confusion matrix. A search over
    params also leaves ``cv_results.csv``, its best estimator and child runs. Preparing data, such as scaling
    them, is no training by itself.

    Parameters
    ----------
    disable : bool
        Stop logging.
    max_tuning_runs : int, optional
        How many of a search's candidates get a child run, the best ones; all when None.
    options
        See `pycore.autologging.patching.Options`.
    """
    from sklearn.utils import all_estimators  # an extra brings it

    _patches.undo()
    _patches.options = Options(**options)
    if disable:
        return

    def observe(call: inspect.BoundArguments) -> Observer:
        yield
        estimator, *data = call.args
        weights = call.arguments.get("sample_weight")
        _log_fit(estimator, data[0] if data else None, data[1] if len(data) > 1 else None, weights)
        if _is_search(estimator):
            _log_search(estimator, max_tuning_runs)

    for owner, name in _trainings(kind for _, kind in all_estimators()):
        _patches.replace(owner, name, observe)


def _trainings(estimators: Iterable[type]) -> Iterator[tuple[Any, str]]:
    """Yield where a method that trains is defined: estimators inherit it, so each place comes once."""
    for definer in {definer for kind in estimators for definer in kind.__mro__}:
        module = definer.__module__
        # What the mixins of its base define calls the estimator's own fit.
        if not module.startswith("sklearn.") or module.startswith(("sklearn.base", *_PREPARING)):
            continue
        for name, method in vars(definer).items():
            if name in _TRAINING and callable(method):
                yield definer, name
            elif name in _TRAINING and hasattr(method, "fn"):
                # A method that only some estimators of the class have is inside of what tells which.
                yield method, "fn"


def _log_fit(estimator: Any, rows: Any, target: Any, weights: Any) -> None:
    options = _patches.options
    kind = type(estimator)
    fluent_logging.log_params(estimator.get_params(deep=not _is_search(estimator)))
    tags = {"estimator_name": kind.__name__, "estimator_class": f"{kind.__module__}.{kind.__name__}"}
    fluent_logging.set_tags(tags)
    if options.log_datasets and rows is not None:
        fluent_inputs.log_input(_dataset(rows, target), context="train")
    if rows is not None and target is not None and hasattr(estimator, "predict"):
        fluent_logging.log_metrics(training_metrics(estimator, rows, target, weights))
    if not options.log_models:
        return
    _log_pictures(estimator, rows, target)
    chosen: dict[str, Any] = {}
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


def _dataset(rows: Any, target: Any) -> datasets.PandasDataset | datasets.NumpyDataset:
    """Describe the training data by its content; a frame keeps its target as one more column."""
    if not hasattr(rows, "columns"):
        return datasets.from_numpy(np.asarray(rows), targets=None if target is None else np.asarray(target))
    if target is None:
        return datasets.from_pandas(rows)
    name = str(getattr(target, "name", None) or "target")
    return datasets.from_pandas(rows.assign(**{name: np.asarray(target)}), targets=name)


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
