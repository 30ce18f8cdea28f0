"""``crateflow runs``: see and manage runs, at the tracking URI of MLFLOW_TRACKING_URI."""

from __future__ import annotations

from datetime import datetime, timezone

import click

from pycore.cli import table
from pycore.cli.experiments import VIEW
from pycore.cli.json_output import AS_JSON, print_json
from pycore.cli.pairs import pairs
from pycore.entities import Run, RunStatus, ViewType
from pycore.errors import InvalidInput
from pycore.tracking import active_experiment, fluent, run_context
from pycore.tracking.fluent_runs import find_runs

RUN_ID = click.option("-r", "--run-id", required=True, help="Id of the run.")


@click.group("runs")
def runs() -> None:
    """See and manage runs."""


@runs.command("create")
@click.option("--experiment-id", help="Experiment of the run, by id.  [default: the active one]")
@click.option("--experiment-name", help="Experiment of the run, made when there is none of this name.")
@click.option("--run-name", help="Name of the run.  [default: two words and a number]")
@click.option("--description", help="Description of the run.")
@click.option("-t", "--tags", metavar="KEY=VALUE", multiple=True, callback=pairs, help="A tag.")
@click.option(
    "--status",
    type=click.Choice(list(RunStatus.__members__), case_sensitive=False),
    default=RunStatus.FINISHED.name,
    show_default=True,
    help="Status the run is left in; RUNNING for one that others log to and end.",
)
@click.option("--parent-run-id", help="Run that it belongs to.")
@AS_JSON
def create(
    experiment_id: str | None,
    experiment_name: str | None,
    run_name: str | None,
    description: str | None,
    tags: dict[str, str],
    status: str,
    parent_run_id: str | None,
    as_json: bool,
) -> None:
    """Make a run and end it, for what is logged to it later by its id."""
    client = fluent.MlflowClient()
    if experiment_id is not None and experiment_name is not None:
        raise InvalidInput("Give either --experiment-id or --experiment-name.")
    if experiment_name is not None:
        experiment_id = active_experiment.get_or_create(client, experiment_name).experiment_id
    own_tags = {run_context.NOTE: description, run_context.PARENT_RUN_ID: parent_run_id}
    if parent_run_id is not None:
        client.get_run(parent_run_id)
    made = client.create_run(
        experiment_id or active_experiment.active_experiment_id(),
        tags={**run_context.tags(), **tags, **{key: value for key, value in own_tags.items() if value}},
        run_name=run_name,
    )
    run_id = made.info.run_id
    if RunStatus.is_terminated(RunStatus[status]):
        client.set_terminated(run_id, status)
    else:
        client.update_run(run_id, status)
    if as_json:
        print_json(client.get_run(run_id).to_dictionary()["info"])
    else:
        click.echo(f"Created run '{made.info.run_name}' with id {run_id}")


@runs.command("list")
@click.option("--experiment-id", required=True, help="Id of the experiment.")
@VIEW
@AS_JSON
def list_runs(experiment_id: str, view: str, as_json: bool) -> None:
    """List the runs of an experiment, the newest first."""
    fluent.get_experiment(experiment_id)  # a search would show an unknown one as empty
    found = find_runs(experiment_id, run_view_type=ViewType.from_string(view))
    if as_json:
        print_json([run.to_dictionary() for run in found])
        return
    rows = [(_start(run), run.info.run_name, run.info.run_id) for run in found]
    click.echo(table.render(("Date", "Name", "ID"), rows))


@runs.command("describe")
@RUN_ID
def describe(run_id: str) -> None:
    """Show all of a run as JSON."""
    print_json(fluent.get_run(run_id).to_dictionary())


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
