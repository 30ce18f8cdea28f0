"""R inside Python: loads crates, the models that R users save, and scores with them.

A crate is an R function with its data, see `rbridge.crate`. A request enters at `rbridge.predictor`
(in a scoring worker, which embeds R) or at `rbridge.model` (a Python caller's process, which never
does: it talks to a child process of its own, `rbridge.child`). Below them: `convert` carries typed
data over and back, `call` runs R functions, `runtime` starts R. `inspect` looks into a crate without
any R. Of pycore this package uses the public model interface only; pycore finds it through the
entry-point group ``crateflow.flavors``, MLflow through `_load_pyfunc` here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rbridge.model import CrateModel


def _load_pyfunc(path: str, model_config: Mapping[str, Any] | None = None) -> CrateModel:
    """Load a crate for Python callers; the function that ``loader_module: rbridge`` stands for.

    Parameters
    ----------
    path : str
        The crate's file, beside the MLmodel file, or the model folder.
    model_config : mapping, optional
        Crates have no configuration; part of the agreement between MLflow and its loaders.
    """
    # pandas is needed by Python callers only; a worker that embeds R imports this package without it.
    from rbridge.model import CrateModel
    from rbridge.section import CrateSection

    return CrateModel(CrateSection.find(path))
