"""Everything that is a function of the package itself: ``pycore.log_param`` and its like."""

from pycore.tracking.active_experiment import set_experiment
from pycore.tracking.active_run import ActiveRun, active_run, end_run, last_active_run, start_run
from pycore.tracking.async_logging import flush_async_logging
from pycore.tracking.fluent_experiments import (
    create_experiment,
    delete_experiment,
    delete_experiment_tag,
    get_experiment,
    get_experiment_by_name,
    restore_experiment,
    search_experiments,
    set_experiment_tag,
    set_experiment_tags,
)
from pycore.tracking.fluent_logging import (
    delete_tag,
    get_artifact_uri,
    load_table,
    log_artifact,
    log_artifacts,
    log_dict,
    log_figure,
    log_image,
    log_metric,
    log_metrics,
    log_param,
    log_params,
    log_table,
    log_text,
    set_tag,
    set_tags,
)
from pycore.tracking.fluent_registry import (
    search_model_versions,
    search_registered_models,
    set_model_version_tag,
)
from pycore.tracking.fluent_runs import (
    delete_run,
    get_parent_run,
    get_run,
    restore_run,
    search_runs,
)
from pycore.tracking.images import Image
from pycore.tracking.mlflow_client import MlflowClient
from pycore.tracking.register import register_model
from pycore.tracking.uris import (
    get_registry_uri,
    get_tracking_uri,
    is_tracking_uri_set,
    set_registry_uri,
    set_tracking_uri,
)

__all__ = [
    "ActiveRun",
    "Image",
    "MlflowClient",
    "active_run",
    "create_experiment",
    "delete_experiment",
    "delete_experiment_tag",
    "delete_run",
    "delete_tag",
    "end_run",
    "flush_async_logging",
    "get_artifact_uri",
    "get_experiment",
    "get_experiment_by_name",
    "get_parent_run",
    "get_registry_uri",
    "get_run",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "last_active_run",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "register_model",
    "restore_experiment",
    "restore_run",
    "search_experiments",
    "search_model_versions",
    "search_registered_models",
    "search_runs",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_model_version_tag",
    "set_registry_uri",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "start_run",
]
