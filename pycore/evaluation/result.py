"""What an evaluation found."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from pycore.errors import InvalidInput
from pycore.evaluation.files import file_of, read_file

_METRICS = "metrics.json"
_ARTIFACTS = "artifacts_metadata.json"


@dataclass(frozen=True)
class EvaluationArtifact:
    """A picture, table or object of an evaluation.

    Attributes
    ----------
    uri : str
        Where it lies among the run's artifacts.
    content : object
        The figure of matplotlib, the frame, or what else it is.
    """

    uri: str
    content: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class EvaluationResult:
    """The metrics and artifacts by name, and the run that holds them."""

    metrics: dict[str, float]
    artifacts: dict[str, EvaluationArtifact]
    run_id: str | None = None

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The artifacts that are tables, by name."""
        return {
            name: artifact.content
            for name, artifact in self.artifacts.items()
            if isinstance(artifact.content, pd.DataFrame)
        }

    def save(self, path: str | Path) -> None:
        """Write the metrics and artifacts into a folder, which is made when missing; `load` reads it."""
        folder = Path(path)
        (folder / "artifacts").mkdir(parents=True, exist_ok=True)
        for name, artifact in self.artifacts.items():
            file = folder / "artifacts" / PurePosixPath(artifact.uri).name
            if isinstance(artifact.content, str):
                file.write_text(artifact.content, encoding="utf-8")
            elif isinstance(artifact.content, bytes):
                file.write_bytes(artifact.content)
            else:
                file.write_bytes(file_of(name, artifact.content)[1])
        described = {name: {"uri": artifact.uri} for name, artifact in self.artifacts.items()}
        (folder / _METRICS).write_text(json.dumps(self.metrics), encoding="utf-8")
        (folder / _ARTIFACTS).write_text(json.dumps(described), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> EvaluationResult:
        """Read what `save` wrote, here or in MLflow.

        Raises
        ------
        InvalidInput
            The folder holds no evaluation.
        """
        folder = Path(path)
        try:
            metrics = json.loads((folder / _METRICS).read_text(encoding="utf-8"))
            described = json.loads((folder / _ARTIFACTS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InvalidInput(f"{str(path)!r} holds no evaluation that was saved: {error}.") from error
        return cls(metrics, {name: _artifact(folder, entry["uri"]) for name, entry in described.items()})


def _artifact(folder: Path, uri: str) -> EvaluationArtifact:
    # The name alone: nothing outside of the folder is read.
    return EvaluationArtifact(uri, read_file(folder / "artifacts" / PurePosixPath(uri).name))
