"""``crateflow experiments``: see and manage experiments, at the tracking URI of MLFLOW_TRACKING_URI."""

from __future__ import annotations

import csv
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO

import click

from pycore.cli import table
from pycore.cli.json_output import AS_JSON, print_json
from pycore.entities import Experiment, ViewType
from pycore.errors import NotFound
from pycore.tracking import fluent, run_table
from pycore.tracking.fluent_runs import find_runs
from pycore.wire import experiments as wire

VIEW = click.option(
    "-v",
    "--view",
    type=click.Choice([view.name.lower() for view in ViewType]),
    default=ViewType.ACTIVE_ONLY.name.lower(),
    show_default=True,
    help="Whether to show what is active, deleted, or both.",
)
EXPERIMENT_ID = click.option("-x", "--experiment-id", required=True, help="Id of the experiment.")


@click.group("experiments")
def experiments() -> None:
    """See and manage experiments."""


@experiments.command("create")
@click.option("-n", "--experiment-name", required=True, help="Unique, also among deleted experiments.")
@click.option("-l", "--artifact-location", help="URI for the artifacts of its runs.  [default: the server's]")
def create(experiment_name: str, artifact_location: str | None) -> None:
    """Make an experiment."""
    experiment_id = fluent.create_experiment(experiment_name, artifact_location)
    click.echo(f"Created experiment '{experiment_name}' with id {experiment_id}")


@experiments.command("search")
@VIEW
@click.option("--max-results", type=click.IntRange(min=1), help="At most so many.")
@AS_JSON
def search(view: str, max_results: int | None, as_json: bool) -> None:
    """List experiments, the newest first."""
    found = fluent.search_experiments(ViewType.from_string(view), max_results)
    if as_json:
        print_json([wire.to_json(each) for each in found])
        return
    rows = [(each.experiment_id, each.name, each.artifact_location) for each in found]
    click.echo(table.render(("Experiment Id", "Name", "Artifact Location"), rows))


# The name it had in MLflow 1.
experiments.add_command(search, "list")


@experiments.command("get")
@click.option("-x", "--experiment-id", help="Id of the experiment.")
@click.option("-n", "--experiment-name", help="Name of the experiment.")
@AS_JSON
def get(experiment_id: str | None, experiment_name: str | None, as_json: bool) -> None:
    """Show one experiment, given by id or by name."""
    if (experiment_id is None) == (experiment_name is None):
        raise click.UsageError("Give either --experiment-id or --experiment-name.")
    experiment = _find(experiment_id, experiment_name)
    if as_json:
        print_json(wire.to_json(experiment))
        return
    rows = [
        ("Experiment Id", experiment.experiment_id),
        ("Name", experiment.name),
        ("Artifact Location", experiment.artifact_location),
        ("Lifecycle Stage", experiment.lifecycle_stage),
        ("Creation Time", _time_text(experiment.creation_time)),
        ("Last Update Time", _time_text(experiment.last_update_time)),
        *((f"Tag {key}", value) for key, value in experiment.tags.items()),
    ]
    click.echo(table.render(("Field", "Value"), rows))


@experiments.command("rename")
@EXPERIMENT_ID
@click.option("--new-name", required=True, help="Unique, also among deleted experiments.")
def rename(experiment_id: str, new_name: str) -> None:
    """Give an experiment another name."""
    fluent.MlflowClient().rename_experiment(experiment_id, new_name)
    click.echo(f"Experiment with id {experiment_id} has been renamed to '{new_name}'.")


@experiments.command("delete")
@EXPERIMENT_ID
def delete(experiment_id: str) -> None:
    """Delete an experiment and its runs; they can be restored."""
    fluent.delete_experiment(experiment_id)
    click.echo(f"Experiment with ID {experiment_id} has been deleted.")


@experiments.command("restore")
@EXPERIMENT_ID
def restore(experiment_id: str) -> None:
    """Undo delete."""
    fluent.restore_experiment(experiment_id)
    click.echo(f"Experiment with id {experiment_id} has been restored.")


@experiments.command("csv")
@EXPERIMENT_ID
@click.option(
    "-o",
    "--filename",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; standard output without it.",
)
def write_csv(experiment_id: str, filename: Path | None) -> None:
    """Write the runs of an experiment as CSV, a column per metric, parameter and tag."""
    fluent.get_experiment(experiment_id)  # a search would show an unknown one as empty
    columns = run_table.columns(find_runs(experiment_id))
    if filename is None:
        _write_csv(columns, sys.stdout)
        return
    with filename.open("w", newline="", encoding="utf-8") as file:
        _write_csv(columns, file)
    click.echo(f"Experiment with ID {experiment_id} has been exported as a CSV to file: {filename}.")


def _write_csv(columns: run_table.Columns, file: TextIO) -> None:
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))


def _find(experiment_id: str | None, name: str | None) -> Experiment:
    if experiment_id is not None:
        return fluent.get_experiment(experiment_id)
    experiment = fluent.get_experiment_by_name(str(name))
    if experiment is None:
        raise NotFound(f"Could not find experiment with name '{name}'.")
    return experiment


def _time_text(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, timezone.utc).isoformat(" ", "seconds")
