import importlib
import subprocess
import sys
from operator import attrgetter

import pytest
from waiting import LIMIT_S

import pycore
from pycore import mlflow_names

# What scripts import (the import paths of MLflow that belong to what is built so far).
PATHS = [
    "ActiveRun",
    "MlflowClient",
    "MlflowException",
    "artifacts.download_artifacts",
    "artifacts.list_artifacts",
    "artifacts.load_dict",
    "artifacts.load_text",
    "client.MlflowClient",
    "config.set_tracking_uri",
    "crate.load_model",
    "crate.log_model",
    "entities.Experiment",
    "entities.FileInfo",
    "entities.Metric",
    "entities.Param",
    "entities.Run",
    "entities.RunStatus",
    "entities.RunTag",
    "entities.ViewType",
    "entities.experiment_tag.ExperimentTag",
    "entities.file_info.FileInfo",
    "entities.lifecycle_stage.LifecycleStage",
    "entities.model_registry.ModelVersion",
    "entities.model_registry.RegisteredModel",
    "entities.model_registry.model_version.ModelVersion",
    "entities.model_registry.model_version_stages.STAGE_PRODUCTION",
    "entities.model_registry.model_version_status.ModelVersionStatus",
    "entities.model_registry.registered_model.RegisteredModel",
    "entities.run_data.RunData",
    "entities.run_info.RunInfo",
    "entities.run_status.RunStatus",
    "entities.run_tag.RunTag",
    "entities.view_type.ViewType",
    "exceptions.ExecutionException",
    "exceptions.MlflowException",
    "exceptions.RestException",
    "last_logged_model",
    "log_stream",
    "models.Model",
    "models.ModelConfig",
    "models.ModelSignature",
    "models.evaluation.EvaluationResult",
    "models.evaluation.base.EvaluationArtifact",
    "models.evaluation.validation.ModelValidationFailedException",
    "models.get_model_info",
    "models.infer_signature",
    "models.model.Model",
    "models.model.get_model_info",
    "models.model.set_model",
    "models.predict",
    "models.signature.infer_signature",
    "models.signature.set_signature",
    "models.utils.ModelInputExample",
    "models.validate_schema",
    "projects.SubmittedRun",
    "projects.run",
    "pyfunc.PythonModel",
    "pyfunc.load_model",
    "pyfunc.log_model",
    "pyfunc.save_model",
    "run",
    "set_active_model",
    "sklearn.load_model",
    "sklearn.log_model",
    "sklearn.save_model",
    "store.entities.PagedList",
    "tensorflow.autolog",
    "tracking.MlflowClient",
    "tracking.artifact_utils._download_artifact_from_uri",
    "tracking.artifact_utils.get_artifact_uri",
    "tracking.client.MlflowClient",
    "tracking.default_experiment.DEFAULT_EXPERIMENT_ID",
    "tracking.fluent._get_experiment_id",
    "tracking.get_tracking_uri",
    "tracking.set_registry_uri",
    "tracking.set_tracking_uri",
    "types.ColSpec",
    "types.DataType",
    "types.ParamSchema",
    "types.Schema",
    "types.TensorSpec",
    "types.schema.Array",
    "types.schema.Object",
    "types.schema.Schema",
    "types.utils._infer_schema",
    "utils.environment._mlflow_conda_env",
    "utils.mlflow_tags.MLFLOW_AUTOLOGGING",
    "utils.mlflow_tags.MLFLOW_GIT_BRANCH",
    "utils.mlflow_tags.MLFLOW_LOGGED_MODELS",
    "utils.mlflow_tags.MLFLOW_PARENT_RUN_ID",
    "utils.mlflow_tags.MLFLOW_PROJECT_ENTRY_POINT",
    "utils.mlflow_tags.MLFLOW_RUN_NAME",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_there_by_import_and_by_attribute(path: str) -> None:
    module, _, name = path.rpartition(".")
    imported = getattr(importlib.import_module(f"pycore.{module}" if module else "pycore"), name)
    reached = pycore
    for part in path.split("."):
        reached = getattr(reached, part)

    assert imported is reached
    assert name in dir(importlib.import_module(f"pycore.{module}" if module else "pycore"))


def test_the_package_lists_what_it_has() -> None:
    assert {"artifacts", "crate", "log_param", "pyfunc", "sklearn", "tracking"} <= set(dir(pycore))


def test_every_module_of_the_table_can_be_loaded() -> None:
    named = {module for modules in mlflow_names.MODULES.values() for module in modules}
    for module in named | {module for module, _ in mlflow_names.NAMES.values()}:
        importlib.import_module(module)
    for module, name in mlflow_names.NAMES.values():
        assert attrgetter(name)(importlib.import_module(module)) is not None


def test_a_package_with_added_names_keeps_its_own_modules() -> None:
    from pycore.artifacts import transfer
    from pycore.client.transport import Transport

    assert transfer.__name__ == "pycore.artifacts.transfer"
    assert Transport.__module__ == "pycore.client.transport"
    assert pycore.artifacts.__file__ is not None


def test_a_path_that_is_not_there_is_an_ordinary_import_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named .pycore\.no_such_flavor."):
        importlib.import_module("pycore.no_such_flavor")
    with pytest.raises(AttributeError, match=r"module .pycore\.sklearn. has no attribute .no_such_thing."):
        pycore.sklearn.no_such_thing  # noqa: B018


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_scripts_written_for_mlflow_run_after_install_as_mlflow() -> None:
    _run(
        """
import importlib.resources
import pycore
pycore.install_as_mlflow()
pycore.install_as_mlflow()
import mlflow
import mlflow.pyfunc
import mlflow.entities
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from mlflow.exceptions import MlflowException
assert mlflow is pycore
assert mlflow.pyfunc is pycore.pyfunc
assert mlflow.entities is pycore.entities
assert mlflow.entities.__spec__.name == "pycore.entities"
assert MlflowClient is mlflow.MlflowClient
assert importlib.resources.files("mlflow.entities").joinpath("run.py").is_file()
try:
    import mlflow.no_such_flavor
except ModuleNotFoundError as error:
    assert error.name == "mlflow.no_such_flavor", error.name
else:
    raise AssertionError("no error")
"""
    )


def test_every_path_is_there_under_mlflow_too() -> None:
    _run(
        "import importlib, pycore; pycore.install_as_mlflow()\n"
        f"for path in {PATHS!r}:\n"
        "    module, _, name = ('mlflow.' + path).rpartition('.')\n"
        "    ours = importlib.import_module('pycore' + module.removeprefix('mlflow'))\n"
        "    assert importlib.import_module(module) is ours, module\n"
        "    getattr(ours, name)\n"
    )


def test_install_as_mlflow_refuses_when_mlflow_is_imported() -> None:
    _run(
        """
import sys, types
sys.modules["mlflow"] = types.ModuleType("mlflow")
import pycore
try:
    pycore.install_as_mlflow()
except pycore.exceptions.MlflowException as error:
    assert "imported already" in error.message
else:
    raise AssertionError("no error")
"""
    )


def test_without_install_as_mlflow_there_is_no_mlflow() -> None:
    _run("import sys, pycore; pycore.log_param; assert 'mlflow' not in sys.modules")
