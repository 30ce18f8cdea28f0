"""Flavors of libraries that read a model in one way, whether its own users or `pyfunc` ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pycore.models.flavor import PythonFlavor
from pycore.models.spec import Model
from pycore.tracking import model_loading


@dataclass(frozen=True)
class LibraryFlavor(PythonFlavor):
    """A flavor that loads the object of a library, and wraps it for those who only predict.

    Parameters
    ----------
    name, load, needs
        Those of `PythonFlavor`; ``load(path, model)`` returns the library's own object.
    wrap : callable
        Makes of that object one with ``predict(data)``.
    """

    wrap: Callable[[Any], Any] = field(kw_only=True)

    def load_pyfunc(self, path: Path, model: Model) -> Any:
        """Load an object with ``predict(data)``."""
        return self.wrap(self.load(path, model))

    def load_model(self, model_uri: str | Path, dst_path: str | Path | None = None) -> Any:
        """Load a model as the object of its library that was saved.

        Parameters
        ----------
        model_uri : str or path
            A folder, or a URI of a run or of a registered model.
        dst_path : path, optional
            Where to put a copy.

        Raises
        ------
        InvalidModel
            The folder holds no model of the library, or one that it cannot read.
        """
        return self.load(*model_loading.fetch_flavor(self.name, model_uri, dst_path))
