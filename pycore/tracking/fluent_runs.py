"""Module-level functions that read, find and delete runs; `active_run` starts and ends them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pycore.entities import Run, RunInfo, ViewType
from pycore.errors import InvalidInput
from pycore.models.arguments import checked
from pycore.tracking import pages, run_table, values
from pycore.tracking.active_experiment import active_experiment_id
from pycore.tracking.mlflow_client import MlflowClient

if TYPE_CHECKING:
    import pandas as pd

_PAGE_SIZE = 10_000


@checked
def get_run(run_id: str) -> Run:
    """Return a run as it is now, deleted or not; `NotFound` when there is none."""
    return MlflowClient().get_run(run_id)


@checked
def get_parent_run(run_id: str) -> Run | None:
    """Return the run that a nested run belongs to; None for any other."""
    return MlflowClient().get_parent_run(run_id)


@checked
def delete_run(run_id: str) -> None:
    """Delete a run, softly."""
    MlflowClient().delete_run(run_id)


@checked
def restore_run(run_id: str) -> None:
    """Undo `delete_run`."""
    MlflowClient().restore_run(run_id)


@checked
def search_runs(
    experiment_ids: Iterable[str | int] | str | int | None = None,
    filter_string: str | None = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int = 100_000,
    order_by: Iterable[str] | str | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Iterable[str] | str | None = None,
) -> pd.DataFrame | list[Run]:
    """Find runs.

    Parameters
    ----------
    experiment_ids : list of str, optional
        A single one stands for a list of one; the active experiment without any.
    filter_string : str
        For example ``metrics.rmse < 1 and params.model = 'lm'``.
    run_view_type : int
        One of `ViewType`.
    order_by : list of str, optional
        For example ``metrics.rmse DESC``; the latest started run comes first without it.
    output_format : {"pandas", "list"}
    search_all_experiments : bool
        Of every active experiment, when neither ids nor names are given.
    experiment_names : list of str, optional
        In place of ids; one that does not exist is warned about.

    Returns
    -------
    DataFrame or list of Run
        A frame has the columns of `pycore.tracking.run_table.columns`.

    Raises
    ------
    InvalidInput
        The filter or order cannot be read, or both ids and names are given.
    ValueError
        The output format is unknown.
    """
    if output_format not in ("pandas", "list"):
        raise ValueError(f"output_format must be 'pandas' or 'list', not {output_format!r}.")
    runs = find_runs(
        experiment_ids,
        filter_string,
        run_view_type,
        max_results,
        order_by,
        search_all_experiments,
        experiment_names,
    )
    return _frame(runs) if output_format == "pandas" else runs


@checked
def find_runs(
    experiment_ids: Iterable[str | int] | str | int | None = None,
    filter_string: str | None = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int = 100_000,
    order_by: Iterable[str] | str | None = None,
    search_all_experiments: bool = False,
    experiment_names: Iterable[str] | str | None = None,
) -> list[Run]:
    """Return what `search_runs` finds, as runs."""
    client = MlflowClient()
    ids = _experiments(client, values.texts(experiment_ids), values.texts(experiment_names))
    if ids is None:
        ids = _all_experiments(client) if search_all_experiments else [active_experiment_id()]
    orders = values.texts(order_by)
    return pages.collect(
        lambda size, token: client.search_runs(ids, filter_string, run_view_type, size, orders, token),
        _PAGE_SIZE,
        max_results,
    )


@checked
def list_run_infos(
    experiment_id: str | int,
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int = 1000,
    order_by: Iterable[str] | str | None = None,
) -> list[RunInfo]:
    """Return what `search_runs` finds, without metrics, params and tags, as MLflow 1 did."""
    found = find_runs(experiment_id, "", run_view_type, max_results, order_by)
    return [run.info for run in found]


def _experiments(client: MlflowClient, ids: list[str], names: list[str]) -> list[str] | None:
    """Return the ids asked for by id or name; None when nothing was asked for."""
    if ids and names:
        raise InvalidInput("search_runs takes either experiment_ids or experiment_names.")
    if not names:
        return ids or None
    found = []
    for name in names:
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            warnings.warn(f"There is no experiment of the name {name!r}.", stacklevel=4)
        else:
            found.append(experiment.experiment_id)
    return found


def _all_experiments(client: MlflowClient) -> list[str]:
    found = pages.collect(
        lambda size, token: client.search_experiments(max_results=size, page_token=token), _PAGE_SIZE
    )
    return [experiment.experiment_id for experiment in found]


def _frame(runs: Sequence[Run]) -> pd.DataFrame:
    # Loading pandas takes longer than most searches.
    import pandas as pd

    columns: dict[str, pd.Series[Any]] = {}
    for name, cells in run_table.columns(runs).items():
        # Left to itself, pandas takes a column of missing times for something else, and gives missing
        # texts the same mark as missing numbers.
        is_time, is_text = name in run_table.TIMES, name.startswith(("params.", "tags."))
        column = pd.Series(cells, dtype=object if is_text else None)
        columns[name] = pd.to_datetime(column, utc=True) if is_time else column
    frame: pd.DataFrame = pd.DataFrame(columns)
    return frame
