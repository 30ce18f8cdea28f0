"""Tables among a run's files: JSON with ``columns`` and ``data``, or Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pycore.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

_SUFFIXES = (".json", ".parquet")


def to_frame(data: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
    """Return a table as a frame; a mapping of single values is one row.

    Raises
    ------
    InvalidInput
        It is neither a frame nor a mapping.
    """
    import pandas as pd  # tracking must do without, except for tables

    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, Mapping):
        raise InvalidInput(f"A table is a DataFrame or a dict of columns, not a {type(data).__name__}.")
    single = not any(
        isinstance(column, (list, tuple)) or hasattr(column, "__array__") for column in data.values()
    )
    frame: pd.DataFrame = pd.DataFrame([dict(data)] if single else dict(data))
    return frame


def encode(frame: pd.DataFrame, artifact_file: str) -> bytes:
    """Return a file's content, in the format of its name."""
    if _suffix(artifact_file) == ".json":
        # The library's own JSON rounds numbers to ten digits.
        values = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
        content = {"columns": frame.columns.tolist(), "data": values}
        return json.dumps(content, ensure_ascii=False, default=str).encode()
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def decode(content: bytes, artifact_file: str) -> pd.DataFrame:
    """Return the table of a file, in the format of its name.

    Raises
    ------
    InvalidInput
        The file is none.
    """
    import pandas as pd  # as above

    try:
        if _suffix(artifact_file) == ".parquet":
            frame: pd.DataFrame = pd.read_parquet(io.BytesIO(content))
        else:
            table = json.loads(content)
            frame = pd.DataFrame(table["data"], columns=table["columns"])
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidInput(f"{artifact_file!r} holds no table: {error}.") from error
    return frame


def _suffix(artifact_file: str) -> str:
    suffix = PurePosixPath(artifact_file).suffix
    if suffix not in _SUFFIXES:
        # MLflow's kind of error for a wrong name, which scripts may catch.
        raise ValueError(f"A table's file ends in {' or '.join(_SUFFIXES)}, not {artifact_file!r}.")
    return suffix
