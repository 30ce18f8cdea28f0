"""What an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EvaluationArtifact:
    """A picture or table of an evaluation.

    Attributes
    ----------
    uri : str
        Where it lies among the run's artifacts.
    content : object
        The figure of matplotlib, or the frame.
    """

    uri: str
    content: Any = field(repr=False)


@dataclass(frozen=True)
class EvaluationResult:
    """The metrics and artifacts by name, and the run that holds them."""

    metrics: dict[str, float]
    artifacts: dict[str, EvaluationArtifact]
    run_id: str
