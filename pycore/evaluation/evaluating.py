"""`evaluate`: measure a model, and log what was found."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from pycore.errors import InvalidInput
from pycore.evaluation.custom_artifacts import MakeArtifacts
from pycore.evaluation.custom_artifacts import custom_artifacts as make_artifacts
from pycore.evaluation.evaluation_data import evaluation_data
from pycore.evaluation.extra_metrics import EvaluationMetric
from pycore.evaluation.files import file_of
from pycore.evaluation.measuring import CLASSIFIER, MODEL_TYPES, REGRESSOR, Evaluation
from pycore.evaluation.result import EvaluationArtifact, EvaluationResult
from pycore.evaluation.thresholds import MetricThreshold, validate_evaluation_results
from pycore.models.arguments import checked
from pycore.tracking import fluent_inputs, fluent_logging
from pycore.tracking.active_run import active_run, start_run

#: What MLflow calls the parts of an evaluation.
_EVALUATORS = ("default", CLASSIFIER, REGRESSOR, "shap")


def list_evaluators() -> list[str]:
    """Return the names that `evaluate` takes under `evaluators`."""
    return list(_EVALUATORS)


@checked
def evaluate(
    model: Any = None,
    data: Any = None,
    *,
    model_type: str | None = None,
    targets: str | Sequence[Any] | None = None,
    predictions: str | None = None,
    dataset_path: str | None = None,
    feature_names: Sequence[str] | None = None,
    evaluators: str | Sequence[str] | None = None,
    evaluator_config: Mapping[str, Any] | None = None,
    extra_metrics: Sequence[EvaluationMetric] | None = None,
    custom_artifacts: Sequence[MakeArtifacts] | None = None,
    env_manager: str = "local",
    model_config: Mapping[str, Any] | None = None,
    inference_params: Mapping[str, Any] | None = None,
    model_id: str | None = None,
    validation_thresholds: Mapping[str, MetricThreshold] | None = None,
    baseline_model: Any = None,
) -> EvaluationResult:
    """Measure a model on rows whose truth is known, and log what was found.

    Into the active run, else into one of its own, go the metrics, plots (where matplotlib is installed), a
    table of the classes, the dataset and, where SHAP is installed, how much each column contributes to the
    predictions of some rows.

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
    dataset_path : str, optional
        Where the data come from.
    feature_names : list of str, optional
        Of the columns of an array.
    evaluators : str or list of str, optional
        One or more of `list_evaluators`; contributions of columns are computed by ``shap``.
    evaluator_config : mapping, optional
        ``pos_label``, ``average`` (of more than two classes), ``sample_weights``, ``metric_prefix``;
        ``log_model_explainability`` (False for no contributions, True where they must be), their
        ``explainability_algorithm`` and, of rows, ``explainability_nsamples``. May be given by evaluator.
    extra_metrics : list of EvaluationMetric, optional
        See `make_metric`.
    custom_artifacts : list of callable, optional
        Functions ``make(eval_df, builtin_metrics, artifacts_dir)`` that return artifacts by name; see
        `pycore.evaluation.custom_artifacts`.
    model_config, inference_params : mapping, optional
        Configuration and params of the model.
    model_id : str, optional
        Logged model that the metrics belong to besides the run; that of a URI such as ``models:/m-…``.
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
    config = _config(evaluators, evaluator_config)
    column = predictions if model is None else None
    rows = evaluation_data(data, targets, column, feature_names, dataset_path)
    if model is None and rows.made_before is None:
        raise InvalidInput("Give a model, or name with predictions the column of data that holds some.")

    def measure(asked: Any) -> Evaluation:
        evaluation = Evaluation(rows, model_type, config, extra_metrics or ())
        evaluation.ask(asked, predictions, model_config, inference_params)
        return evaluation

    found = measure(model)
    made = {
        name: (content, *file_of(name, content))
        for name, content in (found.plots() | found.tables() | found.explanations()).items()
    }
    made |= make_artifacts(custom_artifacts or (), found.predictions_and_targets(), found.metrics)
    run = active_run()
    with nullcontext(run) if run else start_run() as used:
        assert used is not None
        fluent_inputs.log_input(rows.dataset)
        fluent_logging.log_metrics(found.metrics, model_id=model_id or _logged_model(model))
        logged = {name: _log(content, file, written) for name, (content, file, written) in made.items()}
    result = EvaluationResult(found.metrics, logged, used.info.run_id)
    if validation_thresholds:
        baseline = None
        if baseline_model is not None:
            baseline = EvaluationResult(measure(baseline_model).metrics, {}, used.info.run_id)
        validate_evaluation_results(validation_thresholds, result, baseline)
    return result


def _config(evaluators: str | Sequence[str] | None, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the settings, those given by evaluator put together."""
    names = [evaluators] if isinstance(evaluators, str) else list(evaluators or _EVALUATORS)
    unknown = sorted(set(names) - set(_EVALUATORS))
    if unknown:
        raise InvalidInput(f"evaluators are of {', '.join(_EVALUATORS)}, not {', '.join(unknown)}.")
    config: dict[str, Any] = {} if "shap" in names else {"log_model_explainability": False}
    for key, value in (given or {}).items():
        config |= dict(value) if key in _EVALUATORS and isinstance(value, Mapping) else {key: value}
    return config


def _logged_model(model: Any) -> str | None:
    """Return the id of the logged model that a URI names."""
    name = str(model).removeprefix("models:/").partition("/")[0] if isinstance(model, str) else ""
    return name if name.startswith("m-") and str(model).startswith("models:/m-") else None


def _log(content: Any, file: str, written: bytes) -> EvaluationArtifact:
    fluent_logging.log_stream(io.BytesIO(written), file)
    return EvaluationArtifact(fluent_logging.get_artifact_uri(file), content)
