"""One model, or predictions made before, measured on one set of rows."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype

from pycore.errors import InvalidInput
from pycore.evaluation import metrics, predictions
from pycore.evaluation.evaluation_data import EvaluationData
from pycore.evaluation.extra_metrics import EvaluationMetric, extra_metric
from pycore.evaluation.predictions import Predictions
from pycore.models import registry
from pycore.models.pyfunc import PyFuncModel
from pycore.tracking import model_uris

REGRESSOR = "regressor"
CLASSIFIER = "classifier"
MODEL_TYPES = (REGRESSOR, CLASSIFIER)

#: Of `evaluator_config`; others belong to evaluators of MLflow that are not here, and change nothing.
_AVERAGE, _POSITIVE, _PREFIX, _WEIGHTS = "average", "pos_label", "metric_prefix", "sample_weights"
_EXPLAIN, _ALGORITHM = "log_model_explainability", "explainability_algorithm"
_EXPLAINED_ROWS = "explainability_nsamples"

_log = logging.getLogger(__name__)


class Evaluation:
    """One model on one set of rows."""

    def __init__(
        self,
        rows: EvaluationData,
        model_type: str,
        config: Mapping[str, Any],
        extra_metrics: Sequence[EvaluationMetric],
    ) -> None:
        if model_type == REGRESSOR and rows.targets.dtype.kind not in "iufb":
            raise InvalidInput(f"The targets of a regressor must be numbers, not {rows.targets.dtype}.")
        self._rows = rows
        self._model_type = model_type
        self._config = config
        self._extra_metrics = extra_metrics
        self.metrics: dict[str, float] = {}
        self._numbers: Callable[[Any], npt.NDArray[np.float64]] | None = None

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
            is_model = isinstance(loaded, PyFuncModel)

            def asked(features: Any) -> Predictions:
                return self._read(loaded.predict(features, params) if is_model else loaded(features), column)

            self._predicted = asked(rows.features)
            self._numbers = lambda features: _numbers(asked(features))
            if is_model:
                found = self._ask_library(loaded)
        if len(self._predicted.values) != len(rows.targets):
            raise InvalidInput(
                f"The model gave {len(self._predicted.values)} predictions for {len(rows.targets)} rows."
            )
        found |= self._quality()
        for metric in self._extra_metrics:
            found[metric.name] = extra_metric(metric, self._offered(found))
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

    def explanations(self) -> dict[str, Any]:
        """Return figures of what the columns contribute, by name, where the user wants some.

        Raises
        ------
        InvalidInput
            They are asked for, and SHAP is not installed or cannot explain the model.
        """
        wanted = self._config.get(_EXPLAIN)
        if wanted is False or self._numbers is None:
            return {}
        why_not = self._why_not_explained()
        if why_not is None:
            # An extra brings what it draws with.
            from pycore.evaluation.explanations import ALGORITHMS, DEFAULT_ROWS, explanation_plots

            most_rows = int(self._config.get(_EXPLAINED_ROWS) or DEFAULT_ROWS)
            algorithm = str(self._config.get(_ALGORITHM) or ALGORITHMS[0])
            return dict(explanation_plots(self._numbers, self._rows.features, most_rows, algorithm))
        if wanted:
            raise InvalidInput(f"The predictions cannot be explained: {why_not}.")
        _log.info("predictions are not explained: %s", why_not)
        return {}

    def _why_not_explained(self) -> str | None:
        features = self._rows.features
        if not isinstance(features, pd.DataFrame):
            return "the columns of an array have no names; give feature_names, or a DataFrame"
        other = [str(name) for name, dtype in features.dtypes.items() if not is_numeric_dtype(dtype)]
        if other:
            return f"only columns of numbers can be, and these are not: {', '.join(other)}"
        if self._model_type == CLASSIFIER and self._predicted.chances is None:
            return "the model says which class, but not how likely each is"
        if find_spec("shap") is None or find_spec("matplotlib") is None:
            return "SHAP is not installed; pip install 'crateflow[shap]'"
        return None

    def predictions_and_targets(self) -> pd.DataFrame:
        """Return both as columns, which functions of the user's own are given."""
        both: pd.DataFrame = pd.DataFrame(
            {"prediction": self._predicted.values, "target": self._rows.targets}
        )
        return both

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

            def chances(features: Any) -> npt.NDArray[np.float64]:
                return np.asarray(estimator.predict_proba(features), dtype=np.float64)

            labels = list(estimator.classes_)
            self._predicted = Predictions(self._predicted.values, chances(features), labels)
            self._numbers = lambda features: _of_classes(chances(features))
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

    def _offered(self, computed: Mapping[str, float]) -> dict[str, Any]:
        """Return what metrics of the user's own may ask for."""
        features = self._rows.features
        columns = features.items() if isinstance(features, pd.DataFrame) else ()
        return {str(name): column for name, column in columns} | {
            "predictions": pd.Series(self._predicted.values),
            "targets": pd.Series(self._rows.targets),
            "metrics": dict(computed),
        }


def _numbers(predicted: Predictions) -> npt.NDArray[np.float64]:
    """Return what of predictions can be explained: numbers, or the chances of classes."""
    return predicted.values if predicted.chances is None else _of_classes(predicted.chances)


def _of_classes(chances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # Of two classes, one tells of the other.
    return chances[:, 1] if chances.shape[1] == 2 else chances


def _loaded(model: Any, model_config: Mapping[str, Any] | None) -> Any:
    if isinstance(model, str | Path):
        return registry.load_pyfunc(model_uris.fetch(str(model)), model_config)
    if isinstance(model, PyFuncModel) or inspect.isroutine(model):
        return model
    raise InvalidInput(
        "model must be the URI of a model, what pyfunc.load_model returns, or a function of the rows, "
        f"not a {type(model).__name__}."
    )
