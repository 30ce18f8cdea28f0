"""The flavor ``crate``: how scoring and Python callers load what R users saved.

A worker that is to embed R imports this module to find its predictor, so what only Python callers
need, and pandas with it, is imported where it is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycore.models.spec import Model
from rbridge.environment import REnvironment
from rbridge.inspect import inspect
from rbridge.library import prepare
from rbridge.section import CRATE, CrateSection

if TYPE_CHECKING:
    from pycore.models.flavor import Predictor
    from pycore.models.image_needs import ImageNeeds
    from rbridge.saving import load_model, log_model, save_model

__all__ = ["FLAVOR", "CrateFlavor", "load_model", "log_model", "save_model"]


class CrateFlavor:
    """Loads crates; satisfies `Flavor`, `Inspectable`, `Preparable` and `Containable`."""

    name = CRATE

    def load_predictor(self, path: Path, model: Model) -> Predictor | None:
        """Load a crate into this process, which embeds R from then on."""
        # Starts R's own library, which no other user of this module may have in its process.
        from rbridge.predictor import CratePredictor

        return CratePredictor(CrateSection.of_model(path, model))

    def load_pyfunc(self, path: Path, model: Model) -> Any:
        """Load a crate for Python callers, with R in a child process."""
        # Needs pandas.
        from rbridge.model import CrateModel

        return CrateModel(CrateSection.of_model(path, model))

    def prepare_environment(self, path: Path, repositories: Sequence[str]) -> Mapping[str, str]:
        """Install the crate's packages in their versions into a library; see `rbridge.library`."""
        library = prepare(REnvironment.of_crate(CrateSection.find(path)), repositories)
        libraries = [str(library), *filter(None, [os.environ.get("R_LIBS")])]
        return {"R_LIBS": os.pathsep.join(libraries)}

    def image_needs(self, path: Path | None, exact_versions: bool, repositories: Sequence[str]) -> ImageNeeds:
        """Return the R and the packages that a container needs; see `rbridge.image`."""
        # Only for who builds images.
        from rbridge import image

        if path is None:
            return image.for_any_crate()
        return image.for_crate(CrateSection.find(path), exact_versions, repositories)

    def describe(self, path: Path) -> dict[str, Any]:
        """Return what is in a crate, read without R: see `rbridge.inspect.CrateInfo`."""
        info = inspect(CrateSection.find(path).file)
        objects = [
            {"name": found.name, "size_bytes": found.size_bytes, "classes": list(found.classes)}
            for found in info.objects
        ]
        return {
            "r_version": info.r_version,
            "serialization_version": info.serialization_version,
            "encoding": info.encoding,
            "size_bytes": info.size_bytes,
            "arguments": list(info.arguments),
            "objects": objects,
            "calls": list(info.calls),
            "packages": list(info.packages),
            "promises": info.promises,
            "external_pointers": info.external_pointers,
        }


FLAVOR = CrateFlavor()


def __getattr__(name: str) -> Any:
    """Give out the functions for Python users, which need pandas and tracking, when they are asked for."""
    if name in ("load_model", "log_model", "save_model"):
        from rbridge import saving

        return getattr(saving, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
