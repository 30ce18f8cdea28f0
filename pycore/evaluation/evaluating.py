"""`evaluate`: measure a model, and log what was found."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput
from pycore.evaluation import metrics, predictions
from pycore.evaluation.evaluation_data import EvaluationData, evaluation_data
from pycore.evaluation.predictions import Predictions
from pycore.evaluation.result import EvaluationArtifact, EvaluationResult
from pycore.evaluation.thresholds import MetricThreshold, validate_evaluation_results
from pycore.models import registry
from pycore.models.pyfunc import PyFuncModel
from pycore.tracking import fluent_inputs, fluent_logging, model_uris
from pycore.tracking.active_run import active_run, start_run

REGRESSOR = "regressor"
CLASSIFIER = "classifier"
MODEL_TYPES = (REGRESSOR, CLASSIFIER)

#: Of `evaluator_config`; others belong to evaluators of MLflow that are not here, and change nothing.
_AVERAGE, _POSITIVE, _PREFIX, _WEIGHTS = "average", "pos_label", "metric_prefix", "sample_weights"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EvaluationMetric:
    """A metric of the user's own; see `make_metric`."""

    eval_fn: Callable[..., float]
    name: str
    greater_is_better: bool


def make_metric(
    *, eval_fn: Callable[..., float], greater_is_better: bool, name: str | None = None, **_: Any
) -> EvaluationMetric:
    """Make a metric of one's own for `evaluate`.

    Parameters
    ----------
    eval_fn : callable
        Returns a number. It is handed what its parameters are called: ``predictions``, ``targets``,
        ``metrics`` (those computed already), or columns of the data.
    greater_is_better : bool
    name : str, optional
        The function's own when absent.
    """
    found = name or str(getattr(eval_fn, "__name__", ""))
    if not found.isidentifier():
        raise InvalidInput(f"A metric's name must be a word, not {found!r}; give name.")
    return EvaluationMetric(eval_fn, found, greater_is_better)


def evaluate(
    model: Any = None,
    data: Any = None,
    *,
    model_type: str | None = None,
    targets: str | Sequence[Any] | None = None,
    predictions: str | None = None,
    feature_names: Sequence[str] | None = None,
    evaluators: Any = None,  # there is one here
    evaluator_config: Mapping[str, Any] | None = None,
    extra_metrics: Sequence[EvaluationMetric] | None = None,
    env_manager: str = "local",
    model_config: Mapping[str, Any] | None = None,
    inference_params: Mapping[str, Any] | None = None,
    validation_thresholds: Mapping[str, MetricThreshold] | None = None,
    baseline_model: Any = None,
) -> EvaluationResult:
    """Measure a model on rows whose truth is known, and log what was found.

    Into the active run, else into one of its own, go the metrics, plots (where matplotlib is installed), a
    table of the classes and the dataset.

    Parameters
    ----------
    model : str, PyFuncModel or function, optional
        URI of a model of any flavor, crates of R included; without one `predictions` are measured.
    data : DataFrame, ndarray, list of rows, or dataset of ``mlflow.data``
    model_type : {"regressor", "classifier"}
    targets : str or array, optional
        Column with the truth, or its values; that of a dataset when absent.
    predictions : str, optional
        Column of the data with predictions; with a model, column of its output.
    feature_names : list of str, optional
        Of the columns of an array.
    evaluator_config : mapping, optional
        ``pos_label``, ``average`` (of more than two classes), ``sample_weights``, ``metric_prefix``.
    extra_metrics : list of EvaluationMetric, optional
        See `make_metric`.
    model_config, inference_params : mapping, optional
        Configuration and params of the model.
    validation_thresholds : mapping of str to MetricThreshold, optional
        What metrics must reach; checked after all is logged.
    baseline_model : str, PyFuncModel or function, optional
        Measured on the same rows, for thresholds that compare; not logged.

    Raises
    ------
    ModelValidationFailed
        A threshold is missed; the message names every one.
    InvalidInput
        An argument is not what it must be, or the predictions are not of the kind.
    """
    if model_type not in MODEL_TYPES:
        raise InvalidInput(f"model_type must be one of {', '.join(MODEL_TYPES)}, not {model_type!r}.")
    if env_manager != "local":
        raise InvalidInput(f"env_manager must be 'local': models are asked here, not in {env_manager!r}.")
    config = dict(evaluator_config or {})
    rows = evaluation_data(data, targets, predictions if model is None else None, feature_names)
    if model is None and rows.made_before is None:
        raise InvalidInput("Give a model, or name with predictions the column of data that holds some.")

    def measure(asked: Any) -> _Evaluation:
        evaluation = _Evaluation(rows, model_type, config, extra_metrics or ())
        evaluation.ask(asked, predictions, model_config, inference_params)
        return evaluation

    found = measure(model)
    run = active_run()
    with nullcontext(run) if run else start_run() as used:
        assert used is not None
        fluent_logging.log_metrics(found.metrics)
        fluent_inputs.log_input(rows.dataset)
        logged = _log_artifacts(found.plots() | found.tables())
    result = EvaluationResult(found.metrics, logged, used.info.run_id)
    if validation_thresholds:
        baseline = None
        if baseline_model is not None:
            baseline = EvaluationResult(measure(baseline_model).metrics, {}, used.info.run_id)
        validate_evaluation_results(validation_thresholds, result, baseline)
    return result


class _Evaluation:
    """One model on one set of rows."""

    def __init__(
        self,
        rows: EvaluationData,
        model_type: str,
        config: Mapping[str, Any],
        extra_metrics: Sequence[EvaluationMetric],
    ) -> None:
        self._rows = rows
        self._model_type = model_type
        self._config = config
        self._extra_metrics = extra_metrics
        self.metrics: dict[str, float] = {}

    def ask(
        self,
        model: Any,
        column: str | None,
        model_config: Mapping[str, Any] | None,
        params: Mapping[str, Any] | None,
    ) -> None:
        """Have the model predict, and compute the metrics."""
        rows = self._rows
        found: dict[str, float] = {}
        if model is None:
            self._predicted = self._read(rows.made_before, None)
        else:
            loaded = _loaded(model, model_config)
            if isinstance(loaded, PyFuncModel):
                self._predicted = self._read(loaded.predict(rows.features, params), column)
                found = self._ask_library(loaded)
            else:
                self._predicted = self._read(loaded(rows.features), column)
        if len(self._predicted.values) != len(rows.targets):
            raise InvalidInput(
                f"The model gave {len(self._predicted.values)} predictions for {len(rows.targets)} rows."
            )
        found |= self._quality()
        for metric in self._extra_metrics:
            found[metric.name] = self._extra(metric, found)
        prefix = str(self._config.get(_PREFIX) or "")
        self.metrics = {f"{prefix}{name}": float(value) for name, value in found.items()}

    def plots(self) -> dict[str, Any]:
        """Return figures by name; none where matplotlib is not installed."""
        try:
            # An extra brings it, and metrics must do without.
            from pycore.evaluation.plots import classifier_plots, regressor_plots
        except ModuleNotFoundError:
            _log.warning("evaluate draws nothing without matplotlib: pip install 'crateflow[plots]'")
            return {}
        draw = regressor_plots if self._model_type == REGRESSOR else classifier_plots
        return dict(draw(self._rows.targets, self._predicted))

    def tables(self) -> dict[str, Any]:
        """Return frames by name."""
        if self._model_type == REGRESSOR or len(metrics.classes(self._rows.targets, self._predicted)) < 3:
            return {}
        return {"per_class_metrics": metrics.per_class_metrics(self._rows.targets, self._predicted)}

    def _read(self, output: Any, column: str | None) -> Predictions:
        if self._model_type == REGRESSOR:
            return predictions.regression(output, column)
        return predictions.classification(output, self._rows.targets, column)

    def _ask_library(self, model: PyFuncModel) -> dict[str, float]:
        """Ask an estimator of scikit-learn's kind for its score and for what predict does not say."""
        try:
            estimator = model.get_raw_model()
        except InvalidInput:  # other flavors have none
            return {}
        if not (hasattr(estimator, "score") and hasattr(estimator, "predict")):
            return {}
        features = self._rows.features
        tells_chances = hasattr(estimator, "predict_proba") and hasattr(estimator, "classes_")
        if self._model_type == CLASSIFIER and self._predicted.chances is None and tells_chances:
            chances = np.asarray(estimator.predict_proba(features), dtype=np.float64)
            self._predicted = Predictions(self._predicted.values, chances, list(estimator.classes_))
        return {"score": estimator.score(features, self._rows.targets)}

    def _quality(self) -> dict[str, float]:
        targets, predicted = self._rows.targets, self._predicted
        weights = self._config.get(_WEIGHTS)
        weights = None if weights is None else np.asarray(weights, dtype=np.float64)
        if self._model_type == REGRESSOR:
            return metrics.regressor_metrics(targets, predicted, weights)
        return metrics.classifier_metrics(
            targets, predicted, self._config.get(_POSITIVE), self._config.get(_AVERAGE, "weighted"), weights
        )

    def _extra(self, metric: EvaluationMetric, computed: Mapping[str, float]) -> float:
        offered: dict[str, Any] = {
            "predictions": pd.Series(self._predicted.values),
            "targets": pd.Series(self._rows.targets),
            "metrics": dict(computed),
        }
        if isinstance(self._rows.features, pd.DataFrame):
            offered = {**{str(name): column for name, column in self._rows.features.items()}, **offered}
        wanted = inspect.signature(metric.eval_fn).parameters.values()
        missing = [each.name for each in wanted if each.name not in offered and each.default is each.empty]
        if missing:
            raise InvalidInput(
                f"The metric {metric.name!r} asks for {', '.join(map(repr, missing))}; there are "
                f"{', '.join(map(repr, offered))}."
            )
        value = metric.eval_fn(**{each.name: offered[each.name] for each in wanted if each.name in offered})
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise InvalidInput(f"The metric {metric.name!r} must be a number, not {value!r:.100}.")
        return float(value)


def _loaded(model: Any, model_config: Mapping[str, Any] | None) -> Any:
    if isinstance(model, str | Path):
        return registry.load_pyfunc(model_uris.fetch(str(model)), model_config)
    if isinstance(model, PyFuncModel) or inspect.isroutine(model):
        return model
    raise InvalidInput(
        "model must be the URI of a model, what pyfunc.load_model returns, or a function of the rows, "
        f"not a {type(model).__name__}."
    )


def _log_artifacts(found: Mapping[str, Any]) -> dict[str, EvaluationArtifact]:
    logged = {}
    for name, content in found.items():
        file = f"{name}.csv" if isinstance(content, pd.DataFrame) else f"{name}.png"
        if isinstance(content, pd.DataFrame):
            fluent_logging.log_text(content.to_csv(index=False), file)
        else:
            fluent_logging.log_figure(content, file)
        logged[name] = EvaluationArtifact(fluent_logging.get_artifact_uri(file), content)
    return logged
