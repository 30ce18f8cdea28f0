"""What a model must reach, alone and compared with another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pycore.errors import InvalidInput, ModelValidationFailed
from pycore.evaluation.result import EvaluationResult
from pycore.models.arguments import checked


@dataclass(frozen=True)
class MetricThreshold:
    """What one metric must reach.

    Parameters
    ----------
    threshold : float, optional
        The least value, or the largest of a metric that is better when smaller.
    min_absolute_change, min_relative_change : float, optional
        How much better than the baseline's the value must be; the second as a share of the baseline's.
    greater_is_better : bool
        Must be given.

    Raises
    ------
    InvalidInput
        No condition is given, or one that cannot be.
    """

    threshold: float | None = None
    min_absolute_change: float | None = None
    min_relative_change: float | None = None
    greater_is_better: bool | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.greater_is_better, bool):
            raise InvalidInput(f"greater_is_better must be True or False, not {self.greater_is_better!r}.")
        conditions = (self.threshold, self.min_absolute_change, self.min_relative_change)
        if all(condition is None for condition in conditions):
            raise InvalidInput(
                "A MetricThreshold needs threshold, min_absolute_change or min_relative_change."
            )
        for name in ("min_absolute_change", "min_relative_change"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and value > 0):
                raise InvalidInput(f"{name} must be a number above 0, not {value!r}.")
        if self.min_relative_change is not None and self.min_relative_change > 1:
            raise InvalidInput(f"min_relative_change must be at most 1, not {self.min_relative_change!r}.")

    @property
    def compares(self) -> bool:
        """Whether a baseline is needed."""
        return self.min_absolute_change is not None or self.min_relative_change is not None


@checked
def validate_evaluation_results(
    validation_thresholds: Mapping[str, MetricThreshold],
    candidate_result: EvaluationResult,
    baseline_result: EvaluationResult | None = None,
) -> None:
    """Hold the metrics of an evaluation to thresholds.

    Raises
    ------
    ModelValidationFailed
        A metric is missing or not good enough; the message names all.
    InvalidInput
        A threshold compares with a baseline, and none is given.
    """
    baseline = {} if baseline_result is None else baseline_result.metrics
    faults: list[str] = []
    for name, threshold in validation_thresholds.items():
        if not isinstance(threshold, MetricThreshold):
            raise InvalidInput(
                f"The threshold of {name!r} must be a MetricThreshold, not a {type(threshold).__name__}."
            )
        if threshold.compares and baseline_result is None:
            raise InvalidInput(f"The threshold of {name!r} compares with a baseline, but none is given.")
        value = candidate_result.metrics.get(name)
        if value is None:
            faults.append(f"{name}: the evaluation has no such metric")
        elif threshold.compares and name not in baseline:
            faults.append(f"{name}: the baseline has no such metric")
        else:
            faults += [f"{name}: {fault}" for fault in _faults(value, threshold, baseline.get(name))]
    if faults:
        raise ModelValidationFailed(f"The model is not good enough: {'; '.join(faults)}.")


def _faults(value: float, threshold: MetricThreshold, baseline: float | None) -> list[str]:
    sign = 1 if threshold.greater_is_better else -1
    side = "at least" if threshold.greater_is_better else "at most"
    found = []
    limits = [(threshold.threshold, "")]
    if baseline is not None:
        if threshold.min_absolute_change is not None:
            limits.append((baseline + sign * threshold.min_absolute_change, f" (baseline {baseline:g})"))
        if threshold.min_relative_change is not None:
            change = abs(baseline) * threshold.min_relative_change
            limits.append((baseline + sign * change, f" (baseline {baseline:g})"))
    for limit, remark in limits:
        # Not a number is never good enough.
        if limit is not None and not sign * value >= sign * limit:
            found.append(f"expected {side} {limit:g}{remark}, got {value:g}")
    return found
