"""MLflow's import paths, and where what they name lives here.

Scripts say ``mlflow.pyfunc.load_model`` or ``from mlflow.tracking.client import MlflowClient``. The table
below is the one place that knows such paths; the code behind it is ordered by layers instead. One
import finder, active as soon as `pycore` is imported, serves them lazily in three ways:

- a path that is no module here, such as ``pycore.exceptions``, becomes a module that looks its names up
  in the modules of its row; the name of an installed flavor, such as ``pycore.sklearn``, one that looks
  them up in the flavor's module;
- a path that is a module here with another meaning gets the names of its row added. ``pycore.artifacts``
  holds the artifact stores, far below the functions of ``mlflow.artifacts``: those are found on the
  package all the same, while the package itself goes on knowing nothing of the layers above it;
- after `install_as_mlflow`, ``mlflow.<path>`` is the very module ``pycore.<path>``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from operator import attrgetter
from types import ModuleType
from typing import Any

from pycore.errors import MlflowException

PACKAGE = "pycore"
MLFLOW = "mlflow"

#: Modules of MLflow's with an entity each, which scripts name although ``entities`` has them all.
_ENTITY_MODULES = (
    "dataset_input", "experiment_tag", "file_info", "input_tag", "lifecycle_stage", "logged_model_input",
    "logged_model_output", "logged_model_parameter", "logged_model_status", "logged_model_tag",
    "model_registry.model_version", "model_registry.model_version_status",
    "model_registry.model_version_tag", "model_registry.registered_model",
    "model_registry.registered_model_tag", "run_data", "run_info", "run_outputs", "run_status", "run_tag",
    "view_type",
)  # fmt: skip

#: Path below the package -> modules whose names it offers; the first that has a name is asked. No
#: modules: the path itself is a module here, or holds nothing but deeper paths and `NAMES`.
MODULES: Mapping[str, tuple[str, ...]] = {
    "": ("pycore.tracking.fluent",),
    "artifacts": ("pycore.tracking.artifact_functions",),
    "client": ("pycore.tracking.mlflow_client",),
    "config": ("pycore.tracking.async_logging", "pycore.tracking.uris", "pycore.tracking.system_metrics"),
    "data": ("pycore.tracking.datasets",),
    "data.dataset": ("pycore.tracking.datasets",),
    "data.dataset_source": ("pycore.tracking.dataset_sources",),
    "data.numpy_dataset": ("pycore.tracking.datasets",),
    "data.pandas_dataset": ("pycore.tracking.datasets",),
    "entities": (),
    "entities.model_registry": ("pycore.entities",),
    "entities.model_registry.model_version_stages": (),
    **{f"entities.{name}": ("pycore.entities",) for name in _ENTITY_MODULES},
    "exceptions": ("pycore.errors",),
    "keras": ("pycore.flavors.keras", "pycore.autologging.keras"),
    "lightgbm": ("pycore.flavors.lightgbm", "pycore.autologging.lightgbm"),
    "models": (
        "pycore.models.spec",
        "pycore.models.signature",
        "pycore.models.model_info",
        "pycore.models.model_config",
        "pycore.models.input_example",
        "pycore.tracking.model_functions",
        "pycore.tracking.model_scoring",
    ),
    "models.evaluation": (
        "pycore.evaluation.evaluating",
        "pycore.evaluation.extra_metrics",
        "pycore.evaluation.result",
        "pycore.evaluation.thresholds",
    ),
    "models.evaluation.base": (
        "pycore.evaluation.result",
        "pycore.evaluation.extra_metrics",
        "pycore.evaluation.evaluating",
    ),
    "models.evaluation.validation": ("pycore.evaluation.thresholds",),
    "models.model": ("pycore.models.spec", "pycore.models.model_info", "pycore.tracking.model_functions"),
    "models.model_config": (),
    "models.signature": ("pycore.tracking.model_functions",),
    "models.utils": ("pycore.models.input_example", "pycore.tracking.model_scoring"),
    "projects": ("pycore.projects.running",),
    "protos": (),
    "protos.databricks_pb2": ("pycore.error_codes",),
    "pyfunc": ("pycore.flavors.pyfunc_function", "pycore.flavors.spark_udf"),
    "pyfunc.model": ("pycore.flavors.pyfunc_function",),
    "pyfunc.utils": ("pycore.models.hinted_function",),
    "pytorch": ("pycore.flavors.pytorch", "pycore.autologging.pytorch"),
    "sklearn": ("pycore.flavors.sklearn", "pycore.autologging.sklearn"),
    "statsmodels": ("pycore.flavors.statsmodels", "pycore.autologging.statsmodels"),
    "store": (),
    "store.artifact": (),
    "store.artifact.artifact_repo": ("pycore.tracking.artifact_repositories",),
    "store.artifact.artifact_repository_registry": ("pycore.tracking.artifact_repositories",),
    "store.artifact.models_artifact_repo": ("pycore.tracking.artifact_repositories",),
    "store.artifact.runs_artifact_repo": ("pycore.tracking.artifact_repositories",),
    "store.entities": ("pycore.entities",),
    "store.entities.paged_list": ("pycore.entities",),
    "system_metrics": ("pycore.tracking.system_metrics",),
    "tensorflow": ("pycore.flavors.tensorflow", "pycore.autologging.keras"),
    "tracking": ("pycore.tracking.fluent",),
    "tracking.artifact_utils": (),
    "tracking.client": ("pycore.tracking.mlflow_client",),
    "tracking.default_experiment": (),
    "tracking.fluent": (),
    "types": ("pycore.models.data_types", "pycore.models.schema", "pycore.models.param_schema"),
    "types.schema": ("pycore.models.data_types", "pycore.models.schema", "pycore.models.param_schema"),
    "types.utils": (),
    "utils": (),
    "utils.environment": (),
    "utils.mlflow_tags": (),
    "xgboost": ("pycore.flavors.xgboost", "pycore.autologging.xgboost"),
}

#: Single names that are called otherwise here: path -> (module, name, or name in a class of it).
NAMES: Mapping[str, tuple[str, str]] = {
    "autolog": ("pycore.autologging.libraries", "autolog"),
    "evaluate": ("pycore.evaluation.evaluating", "evaluate"),
    "MlflowException": ("pycore.errors", "MlflowException"),
    "exceptions.ExecutionException": ("pycore.errors", "ProjectFailed"),
    # Kinds of what is refused that are one here.
    "exceptions.InvalidUrlException": ("pycore.errors", "InvalidInput"),
    "exceptions.MissingConfigException": ("pycore.errors", "InvalidInput"),
    # What a server refuses has the same classes as what the library refuses: one to catch for both.
    "exceptions.RestException": ("pycore.errors", "MlflowException"),
    "entities.model_registry.model_version_stages.STAGE_ARCHIVED": ("pycore.entities", "Stage.ARCHIVED"),
    "entities.model_registry.model_version_stages.STAGE_NONE": ("pycore.entities", "Stage.NONE"),
    "entities.model_registry.model_version_stages.STAGE_PRODUCTION": ("pycore.entities", "Stage.PRODUCTION"),
    "entities.model_registry.model_version_stages.STAGE_STAGING": ("pycore.entities", "Stage.STAGING"),
    "models.evaluation.validation.ModelValidationFailedException": ("pycore.errors", "ModelValidationFailed"),
    "run": ("pycore.projects.running", "run"),
    "models.build_docker": ("pycore.deploy.images", "build_docker"),
    "models.evaluate": ("pycore.evaluation.evaluating", "evaluate"),
    "models.EvaluationArtifact": ("pycore.evaluation.result", "EvaluationArtifact"),
    "models.EvaluationMetric": ("pycore.evaluation.extra_metrics", "EvaluationMetric"),
    "models.EvaluationResult": ("pycore.evaluation.result", "EvaluationResult"),
    "models.generate_dockerfile": ("pycore.deploy.images", "generate_dockerfile"),
    "models.list_evaluators": ("pycore.evaluation.evaluating", "list_evaluators"),
    "models.make_metric": ("pycore.evaluation.extra_metrics", "make_metric"),
    "models.MetricThreshold": ("pycore.evaluation.thresholds", "MetricThreshold"),
    "models.set_model": ("pycore.models.from_code", "set_model"),
    "models.ModelInputExample": ("pycore.models.input_example", "ModelInputExample"),
    "models.utils.ModelInputExample": ("pycore.models.input_example", "ModelInputExample"),
    "models.model.set_model": ("pycore.models.from_code", "set_model"),
    "models.Model": ("pycore.tracking.loggable_model", "Model"),
    "models.model.Model": ("pycore.tracking.loggable_model", "Model"),
    "tracking.artifact_utils._download_artifact_from_uri": (
        "pycore.tracking.artifact_functions",
        "fetch_artifact",
    ),
    "tracking.artifact_utils.get_artifact_uri": ("pycore.tracking.artifact_functions", "uri_of_artifact"),
    "tracking.default_experiment.DEFAULT_EXPERIMENT_ID": (
        "pycore.tracking.active_experiment",
        "DEFAULT_EXPERIMENT_ID",
    ),
    "tracking.fluent._get_experiment_id": ("pycore.tracking.active_experiment", "active_experiment_id"),
    "types.utils._infer_param_schema": ("pycore.models.signature_inference", "infer_param_schema"),
    "types.utils._infer_schema": ("pycore.models.signature_inference", "infer_schema"),
    "utils.environment._mlflow_conda_env": ("pycore.models.environment", "conda_env_with"),
    "types.schema.Array": ("pycore.models.data_types", "ArrayType"),
    "types.schema.Map": ("pycore.models.data_types", "MapType"),
    "types.schema.Object": ("pycore.models.data_types", "ObjectType"),
    "types.schema.SparkMLVector": ("pycore.models.data_types", "SparkVectorType"),
    "validate_evaluation_results": ("pycore.evaluation.thresholds", "validate_evaluation_results"),
    "utils.mlflow_tags.MLFLOW_AUTOLOGGING": ("pycore.autologging.patching", "AUTOLOGGING"),
    "utils.mlflow_tags.MLFLOW_DATASET_CONTEXT": ("pycore.tracking.run_context", "DATASET_CONTEXT"),
    "utils.mlflow_tags.MLFLOW_GIT_BRANCH": ("pycore.projects.running", "BRANCH_TAG"),
    "utils.mlflow_tags.MLFLOW_GIT_REPO_URL": ("pycore.projects.running", "REPOSITORY_TAG"),
    "utils.mlflow_tags.MLFLOW_LOGGED_IMAGES": ("pycore.tracking.run_context", "LOGGED_IMAGES"),
    "utils.mlflow_tags.MLFLOW_LOGGED_MODELS": ("pycore.services.runs", "MODEL_HISTORY_TAG"),
    "utils.mlflow_tags.MLFLOW_MODEL_IS_EXTERNAL": ("pycore.tracking.fluent_logged_models", "EXTERNAL"),
    "utils.mlflow_tags.MLFLOW_PROJECT_BACKEND": ("pycore.projects.running", "BACKEND_TAG"),
    "utils.mlflow_tags.MLFLOW_PROJECT_ENTRY_POINT": ("pycore.projects.running", "ENTRY_POINT_TAG"),
    "utils.mlflow_tags.MLFLOW_PROJECT_ENV": ("pycore.projects.running", "ENV_TAG"),
    "utils.mlflow_tags.MLFLOW_GIT_COMMIT": ("pycore.tracking.run_context", "GIT_COMMIT"),
    "utils.mlflow_tags.MLFLOW_PARENT_RUN_ID": ("pycore.tracking.run_context", "PARENT_RUN_ID"),
    "utils.mlflow_tags.MLFLOW_RUN_NAME": ("pycore.tracking.run_context", "RUN_NAME"),
    "utils.mlflow_tags.MLFLOW_RUN_NOTE": ("pycore.tracking.run_context", "NOTE"),
    "utils.mlflow_tags.MLFLOW_SOURCE_NAME": ("pycore.tracking.run_context", "SOURCE_NAME"),
    "utils.mlflow_tags.MLFLOW_SOURCE_TYPE": ("pycore.tracking.run_context", "SOURCE_TYPE"),
    "utils.mlflow_tags.MLFLOW_USER": ("pycore.tracking.run_context", "USER"),
}


def lookup(path: str, name: str) -> Any:
    """Return what a path of `MODULES` offers under a name.

    Raises
    ------
    AttributeError
        Nothing. ImportError where the module behind it needs a library that is not installed.
    """
    full = f"{path}.{name}" if path else name
    if full in NAMES:
        module, its_name = NAMES[full]
        return attrgetter(its_name)(importlib.import_module(module))
    if full in MODULES:
        return importlib.import_module(f"{PACKAGE}.{full}")
    # The import system asks for its own names and, in `from package import module`, for modules of ours
    # before it imports them: an error means no.
    if not name.startswith("__") and not _is_module(path, name):
        for module in _row(path):
            implementation = importlib.import_module(module)
            if hasattr(implementation, name):
                return getattr(implementation, name)
        if _row(full):
            return importlib.import_module(f"{PACKAGE}.{full}")
    raise AttributeError(f"module {_module_name(path)!r} has no attribute {name!r}")


def offered(path: str) -> list[str]:
    """Return the names a path of `MODULES` offers, for completion."""
    from pycore.models import registry  # as in _row

    flavors = () if path else registry.names()
    named = (name for module in _row(path) for name in _public(module))
    return sorted({*_deeper_names(path), *flavors, *named})


def activate() -> None:
    """Serve the table for ``pycore``; the package calls it when it is imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def install_as_mlflow() -> None:
    """Make ``import mlflow`` and every import below it mean this package, in this process.

    Raises
    ------
    MlflowException
        MLflow itself has been imported already.
    """
    package = sys.modules[PACKAGE]
    if sys.modules.get(MLFLOW, package) is not package:
        raise MlflowException(
            "MLflow itself is imported already in this process. Call pycore.install_as_mlflow() before "
            "anything imports mlflow."
        )
    sys.modules[MLFLOW] = package


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, below = fullname.partition(".")
        if package == MLFLOW and below and sys.modules.get(MLFLOW) is sys.modules[PACKAGE]:
            return self._find_alias(fullname, f"{PACKAGE}.{below}")
        if package != PACKAGE:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if below in MODULES or (spec is None and _row(below)):
            return self._with_row(spec or ModuleSpec(fullname, _RowLoader(below), is_package=True), below)
        return None

    @staticmethod
    def _find_alias(fullname: str, meant: str) -> ModuleSpec | None:
        found = importlib.util.find_spec(meant)
        return found and ModuleSpec(fullname, _AliasLoader(meant), origin=found.origin, is_package=True)

    @staticmethod
    def _with_row(spec: ModuleSpec, below: str) -> ModuleSpec:
        if isinstance(spec.loader, SourceFileLoader):
            spec.loader = _AddingLoader(below, spec.loader.name, spec.loader.path)
        return spec


class _RowLoader(Loader):
    """Makes a module that has the names of a row and no code of its own."""

    def __init__(self, path: str) -> None:
        self._path = path

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__doc__ = f"What MLflow calls {MLFLOW}.{self._path}; see pycore.mlflow_names."
        _add_names(module, self._path)


class _AddingLoader(SourceFileLoader):
    """Loads a module of ours and adds the names of a row."""

    def __init__(self, path: str, fullname: str, file: str) -> None:
        super().__init__(fullname, file)
        self._row = path

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _add_names(module, self._row)


class _AliasLoader(Loader):
    """Finds a module of ours under a second name."""

    def __init__(self, meant: str) -> None:
        self._meant = meant

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._meant)
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just overwritten it; reloading and importlib.resources need the true one.
        module.__spec__ = self._own_spec


def _row(path: str) -> tuple[str, ...]:
    """Return the modules that a path offers names of; none for a path that is not there."""
    if path in MODULES or "." in path:
        return MODULES.get(path, ())
    # Reading what is installed takes longer than importing this package, and most names are in the table.
    from importlib.metadata import entry_points

    from pycore.models import registry

    entries = entry_points(group=registry.GROUP, name=path)
    if entries:
        registry.find(path)  # refuses a flavor that two distributions offer
    return tuple({entry.module for entry in entries})


def _is_module(path: str, name: str) -> bool:
    package = sys.modules[_module_name(path)]
    return PathFinder.find_spec(f"{package.__name__}.{name}", getattr(package, "__path__", ())) is not None


def _add_names(module: ModuleType, path: str) -> None:
    own = sorted(vars(module))
    vars(module).update(
        __getattr__=lambda name: lookup(path, name), __dir__=lambda: sorted({*own, *offered(path)})
    )


def _deeper_names(path: str) -> Iterator[str]:
    for full in (*MODULES, *NAMES):
        parent, _, name = full.rpartition(".")
        if parent == path and name:
            yield name


def _public(module: str) -> list[str]:
    implementation = importlib.import_module(module)
    own = [name for name, value in vars(implementation).items() if _is_own(value, name, module)]
    return list(getattr(implementation, "__all__", own))


def _is_own(value: object, name: str, module: str) -> bool:
    return not name.startswith("_") and getattr(value, "__module__", None) == module


def _module_name(path: str) -> str:
    return f"{PACKAGE}.{path}" if path else PACKAGE
