"""Artifacts that functions of the user's own make of an evaluation."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from pycore.errors import InvalidInput
from pycore.evaluation.files import file_of, read_file

#: ``make(eval_df, builtin_metrics, artifacts_dir)`` returns artifacts by name.
MakeArtifacts: TypeAlias = Callable[[pd.DataFrame, dict[str, float], str], Mapping[str, Any] | None]


def custom_artifacts(
    makers: Sequence[MakeArtifacts], predicted: pd.DataFrame, metrics: Mapping[str, float]
) -> dict[str, tuple[Any, str, bytes]]:
    """Return the content, file name and bytes of each artifact that functions make, by name.

    Parameters
    ----------
    makers : sequence of callable
        Each is given a frame with the columns ``prediction`` and ``target``, the metrics, and a folder for
        files. It returns artifacts by name: figures, frames, arrays, paths of files, JSON or objects.
    predicted : DataFrame
    metrics : mapping of str to float

    Raises
    ------
    InvalidInput
        It returns something else; what a function raises goes on.
    """
    made: dict[str, tuple[Any, str, bytes]] = {}
    for make in makers:
        shown = getattr(make, "__name__", repr(make))
        # One folder each, and the bytes are read while it is there.
        with tempfile.TemporaryDirectory(prefix="crateflow-") as folder:
            found = make(predicted.copy(), dict(metrics), folder)
            if found is not None and not isinstance(found, Mapping):
                raise InvalidInput(
                    f"The function {shown} of custom_artifacts must return a dict of artifacts by name, "
                    f"not a {type(found).__name__}."
                )
            for name, content in (found or {}).items():
                if not isinstance(name, str) or Path(name).name != name:
                    raise InvalidInput(f"The function {shown} names an artifact {name!r}; give a plain word.")
                file, written = file_of(name, content)
                if isinstance(content, str | Path):
                    # What is in the file, or what the JSON says, is the artifact.
                    Path(folder, file).write_bytes(written)
                    content = read_file(Path(folder, file))
                made[name] = content, file, written
    return made
