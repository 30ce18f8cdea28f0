"""Module-level functions on logged models, at the tracking URI in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pycore.entities import LoggedModel, LoggedModelStatus
from pycore.errors import InvalidInput
from pycore.models.arguments import checked
from pycore.tracking import pages, run_context, values
from pycore.tracking.active_experiment import active_experiment_id
from pycore.tracking.active_run import active_run
from pycore.tracking.mlflow_client import MlflowClient

if TYPE_CHECKING:
    import pandas as pd

#: Whose files lie elsewhere: nothing can be loaded (MLflow's mark, in the tags and in MLmodel).
EXTERNAL = "mlflow.model.isExternal"

_PAGE_SIZE = 50
#: Of the frame that a search returns, in MLflow's order.
_COLUMNS = (
    "artifact_location",
    "creation_timestamp",
    "experiment_id",
    "last_updated_timestamp",
    "metrics",
    "model_id",
    "model_type",
    "name",
    "params",
    "source_run_id",
    "status",
    "tags",
)


class _Made(NamedTuple):
    """A logged model, and where it was made."""

    model_id: str
    tracking_uri: str


_last: _Made | None = None


@checked
def search_logged_models(
    experiment_ids: Iterable[str | int] | str | int | None = None,
    filter_string: str | None = None,
    datasets: Sequence[Mapping[str, Any]] | None = None,
    max_results: int | None = None,
    order_by: Sequence[Mapping[str, Any]] | None = None,
    output_format: str = "pandas",
) -> pd.DataFrame | list[LoggedModel]:
    """Find logged models.

    Parameters
    ----------
    experiment_ids : list of str, optional
        The active experiment without any.
    filter_string, datasets, order_by
        See `MlflowClient.search_logged_models`.
    max_results : int, optional
        All of them when absent.
    output_format : {"pandas", "list"}

    Returns
    -------
    DataFrame or list of LoggedModel
        A frame has a row per model.

    Raises
    ------
    InvalidInput
        The filter, an order or the format is wrong.
    """
    if output_format not in ("pandas", "list"):
        raise InvalidInput(f"output_format must be 'pandas' or 'list', not {output_format!r}.")
    client = MlflowClient()
    ids = values.texts(experiment_ids) or [active_experiment_id()]
    found = pages.collect(
        lambda size, token: client.search_logged_models(ids, filter_string, datasets, size, order_by, token),
        _PAGE_SIZE,
        max_results,
    )
    return _frame(found) if output_format == "pandas" else found


@checked
def get_logged_model(model_id: str) -> LoggedModel:
    """Return a logged model; `NotFound` when there is none."""
    return MlflowClient().get_logged_model(model_id)


def last_logged_model() -> LoggedModel | None:
    """Return the logged model that this process made last, as it is now.

    A model of `log_model` is a folder of its run, and what `log_model` returns tells where.
    """
    return None if _last is None else MlflowClient(_last.tracking_uri).get_logged_model(_last.model_id)


def latest_of_name(name: str) -> LoggedModel | None:
    """Return the logged model of a name that was made last in the active experiment, if there is one."""
    # A name with a quote exists nowhere, and whoever makes one says so.
    quote = '"' if "'" in name else "'"
    run = active_run()
    client = MlflowClient(run.tracking_uri if run else None)
    found = client.search_logged_models([_experiment_id()], f"name = {quote}{name}{quote}", max_results=1)
    return found[0] if found else None


@checked
def initialize_logged_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    experiment_id: str | int | None = None,
) -> LoggedModel:
    """Make a logged model whose files are still to come; `finalize_logged_model` says that they came.

    It belongs to the active run and experiment where no others are named.
    """
    global _last  # one per process is what `last_logged_model` is about
    run = active_run()
    if experiment_id is None:
        experiment_id = _experiment_id()
    if source_run_id is None and run:
        source_run_id = run.info.run_id
    all_tags = {**run_context.tags(), **(tags or {})}
    client = MlflowClient(run.tracking_uri if run else None)
    made = client.create_logged_model(experiment_id, name, source_run_id, all_tags, params, model_type)
    _last = _Made(made.model_id, client.tracking_uri)
    return made


@checked
def create_external_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    experiment_id: str | int | None = None,
) -> LoggedModel:
    """Make a logged model whose files are kept elsewhere, to hang metrics and params on."""
    external = {**(tags or {}), EXTERNAL: "true"}
    made = initialize_logged_model(name, source_run_id, external, params, model_type, experiment_id)
    return finalize_logged_model(made.model_id, LoggedModelStatus.READY)


@checked
def finalize_logged_model(model_id: str, status: str | int) -> LoggedModel:
    """Say whether the files of a logged model arrived: "READY" or "FAILED"."""
    return MlflowClient().finalize_logged_model(model_id, status)


@checked
def set_logged_model_tags(model_id: str, tags: Mapping[str, Any]) -> None:
    """Set or replace tags of a logged model."""
    MlflowClient().set_logged_model_tags(model_id, tags)


@checked
def delete_logged_model_tag(model_id: str, key: str) -> None:
    """Remove a tag of a logged model."""
    MlflowClient().delete_logged_model_tag(model_id, key)


def _experiment_id() -> str:
    run = active_run()
    return run.info.experiment_id if run else active_experiment_id()


def _frame(models: Sequence[LoggedModel]) -> pd.DataFrame:
    # Loading pandas takes longer than most searches.
    import pandas as pd

    rows = [[_cell(getattr(model, name)) for name in _COLUMNS] for model in models]
    frame: pd.DataFrame = pd.DataFrame(rows, columns=list(_COLUMNS))
    return frame


def _cell(value: Any) -> Any:
    if isinstance(value, LoggedModelStatus):
        return value.value
    return [dict(metric) for metric in value] if isinstance(value, tuple) else value
