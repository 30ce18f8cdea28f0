"""The class `Model` as users have it: with `log` and with `load` by URI, for which there must be runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pycore.artifacts.stores import scheme_of
from pycore.errors import InvalidInput
from pycore.models import spec
from pycore.models.model_info import ModelInfo
from pycore.tracking import model_logging, model_uris


class Model(spec.Model):
    """What the MLmodel file of a model says; see `pycore.models.spec.Model`."""

    @classmethod
    def load(cls, path: str | Path) -> spec.Model:
        """Read the MLmodel file of a folder, the file itself, or that of a logged or registered model by URI.

        Raises
        ------
        InvalidModel
            There is no such file, or it cannot be read.
        NotFound
            There is no such run, model or version.
        """
        if isinstance(path, str) and scheme_of(path) not in ("", "file"):
            path = model_uris.fetch(f"{path.rstrip('/')}/{spec.MLMODEL}")
        return super().load(path)

    @classmethod
    def log(
        cls,
        artifact_path: str | None = None,
        flavor: Any = None,
        registered_model_name: str | None = None,
        **arguments: Any,
    ) -> ModelInfo:
        """Save a model into the artifacts of the active run.

        The `log_model` of a flavor of one's own is this call.

        Parameters
        ----------
        artifact_path : str, optional
            Folder in the run, ``name`` being its newer name; ``"model"`` without both.
        flavor : module or object
            With ``save_model(…, path=…, mlflow_model=…)``, such as ``pycore.sklearn``. It writes the folder,
            whose MLmodel file is `mlflow_model` with the flavor added.
        registered_model_name : str, optional
            Registered model to make a version of.
        arguments
            Those of the flavor's `save_model`.

        Raises
        ------
        InvalidInput
            The flavor cannot save.
        """
        if not hasattr(flavor, "save_model"):
            raise InvalidInput(f"flavor must be a module or an object with save_model, not {flavor!r}.")
        return model_logging.log_saved(
            # Where the path stands among the arguments, each flavor decides.
            lambda path, **options: flavor.save_model(path=path, **options),
            artifact_path,
            registered_model_name=registered_model_name,
            **arguments,
        )
