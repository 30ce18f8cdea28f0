"""Loading a model as its own library knows it: what every flavor's `load_model` begins with."""

from __future__ import annotations

from pathlib import Path

from pycore.errors import InvalidModel
from pycore.models.arguments import checked
from pycore.models.spec import Model
from pycore.tracking import model_uris


@checked
def fetch_flavor(
    flavor: str, model_uri: str | Path, dst_path: str | Path | None = None
) -> tuple[Path, Model]:
    """Return the folder of a model that has a flavor, and its MLmodel file, read.

    Parameters
    ----------
    flavor : str
        Name of its section.
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    dst_path : path, optional
        Where to put a copy.

    Raises
    ------
    InvalidModel
        The folder holds no model of this flavor; the message says which it has.
    NotFound
        There is no such run, model, version or folder.
    """
    path = model_uris.fetch(str(model_uri), dst_path)
    model = Model.load(path)
    if flavor not in model.flavors:
        raise InvalidModel(
            f"{model_uri} is no {flavor} model; its flavors are {', '.join(model.flavors)}. "
            "pycore.pyfunc.load_model loads any of them."
        )
    return path, model
