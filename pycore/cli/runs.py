"""``crateflow runs``: see and manage runs, at the tracking URI of MLFLOW_TRACKING_URI."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import click

from pycore.cli import table
from pycore.cli.experiments import VIEW
from pycore.entities import Run, ViewType
from pycore.tracking import fluent
from pycore.tracking.fluent_runs import find_runs

RUN_ID = click.option("-r", "--run-id", required=True, help="Id of the run.")


@click.group("runs")
def runs() -> None:
    """See and manage runs."""


@runs.command("list")
@click.option("--experiment-id", required=True, help="Id of the experiment.")
@VIEW
def list_runs(experiment_id: str, view: str) -> None:
    """List the runs of an experiment, the newest first."""
    fluent.get_experiment(experiment_id)  # a search would show an unknown one as empty
    found = find_runs(experiment_id, run_view_type=ViewType.from_string(view))
    rows = [(_start(run), run.info.run_name, run.info.run_id) for run in found]
    click.echo(table.render(("Date", "Name", "ID"), rows))


@runs.command("describe")
@RUN_ID
def describe(run_id: str) -> None:
    """Show all of a run as JSON."""
    click.echo(json.dumps(fluent.get_run(run_id).to_dictionary(), indent=4, ensure_ascii=False))


@runs.command("delete")
@RUN_ID
def delete(run_id: str) -> None:
    """Delete a run; it can be restored."""
    fluent.delete_run(run_id)
    click.echo(f"Run with ID {run_id} has been deleted.")


@runs.command("restore")
@RUN_ID
def restore(run_id: str) -> None:
    """Undo delete."""
    fluent.restore_run(run_id)
    click.echo(f"Run with id {run_id} has been restored.")


def _start(run: Run) -> str:
    start_s = (run.info.start_time or 0) / 1000
    return datetime.fromtimestamp(start_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
