"""What an evaluation finds, as files and back: the content decides the format, the suffix tells it."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput
from pycore.models import pickled

_TEXTS = (".txt", ".html", ".md")


def file_of(name: str, content: Any) -> tuple[str, bytes]:
    """Return the name and the bytes of the file for a content.

    Parameters
    ----------
    name : str
        Of the file, without suffix.
    content : object
        A figure of matplotlib, DataFrame, array, path of a file, JSON text, value that JSON has a form for,
        or anything that can be pickled.

    Raises
    ------
    InvalidInput
        A text that is neither a path nor JSON, or what cannot be pickled.
    """
    if hasattr(content, "savefig"):
        picture = io.BytesIO()
        content.savefig(picture, format="png")
        return f"{name}.png", picture.getvalue()
    if isinstance(content, pd.DataFrame):
        return f"{name}.csv", content.to_csv(index=False).encode()
    if isinstance(content, np.ndarray):
        array = io.BytesIO()
        np.save(array, content)
        return f"{name}.npy", array.getvalue()
    if isinstance(content, str | Path):
        return _of_text(name, content)
    try:
        return f"{name}.json", json.dumps(content).encode()
    except (TypeError, ValueError):
        return f"{name}.pickle", _pickled(name, content)


def read_file(file: Path) -> Any:
    """Return the content of a file that `file_of` made; of a picture, an image of Pillow.

    Files of other formats are bytes.
    """
    suffix = file.suffix.lower()
    if suffix == ".csv":
        return pd.read_csv(file)
    if suffix == ".npy":
        return np.load(file)
    if suffix == ".json":
        return json.loads(file.read_text(encoding="utf-8"))
    if suffix == ".pickle":
        return pickled.load(file)
    if suffix in _TEXTS:
        return file.read_text(encoding="utf-8")
    if suffix in (".png", ".jpg", ".jpeg"):
        from PIL import Image  # an extra brings it

        with Image.open(file) as picture:
            picture.load()
            return picture
    return file.read_bytes()


def _of_text(name: str, content: str | Path) -> tuple[str, bytes]:
    path = Path(content)
    try:
        if path.is_file():
            return f"{name}{path.suffix}", path.read_bytes()
    except OSError:  # a text too long for the name of a file
        pass
    try:
        json.loads(str(content))
    except ValueError as error:
        raise InvalidInput(
            f"The artifact {name!r} is the text {str(content)!r:.60}, which is neither the path of a file "
            "nor JSON. Write it to a file in artifacts_dir and give its path."
        ) from error
    return f"{name}.json", str(content).encode()


def _pickled(name: str, content: Any) -> bytes:
    try:
        return pickle.dumps(content)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"The artifact {name!r} is a {type(content).__name__}, which cannot be kept in a file: {error}."
        ) from error
