"""``crateflow gc``: remove for good what was deleted."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pycore.cli.backend_store import existing_database_url
from pycore.cli.durations import milliseconds
from pycore.errors import MlflowException

if TYPE_CHECKING:
    from pycore.services.garbage import Garbage

_DEFAULT_DESTINATION = "./mlartifacts"

_option = partial(click.option, show_envvar=True)


def _ids(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.strip() for each in (value or "").split(",") if each.strip()))


@click.command("gc")
@_option(
    "--backend-store-uri",
    envvar="MLFLOW_BACKEND_STORE_URI",
    default="sqlite:///mlflow.db",
    show_default=True,
    callback=existing_database_url,
    help="Database of the runs: an SQLAlchemy URL, or the folder that the server was given.",
)
@_option(
    "--registry-store-uri",
    envvar="MLFLOW_REGISTRY_STORE_URI",
    help="Database of the registered models, where that is another one.",
)
@_option(
    "--artifacts-destination",
    envvar="MLFLOW_ARTIFACTS_DESTINATION",
    help="Folder, or s3:// URI, where the server keeps the artifacts that clients send to it.  [default: "
    f"{_DEFAULT_DESTINATION} where that exists]",
)
@click.option(
    "--tracking-uri",
    metavar="URL",
    help="Address of the server, to remove artifacts through it rather than from its destination.",
)
@click.option(
    "--older-than",
    "older_than_ms",
    callback=milliseconds,
    default="0s",
    metavar="AGE",
    help="Only what was deleted so long ago, such as 30d or 1d2h3m4s.  [default: everything deleted]",
)
@click.option("--run-ids", callback=_ids, help="Only these runs, separated by commas.")
@click.option("--experiment-ids", callback=_ids, help="Only these experiments, with all their runs.")
@click.option("--force", is_flag=True, help="Remove also what versions of registered models were made from.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def gc(
    backend_store_uri: str,
    registry_store_uri: str | None,
    artifacts_destination: str | None,
    tracking_uri: str | None,
    older_than_ms: int,
    run_ids: tuple[str, ...],
    experiment_ids: tuple[str, ...],
    force: bool,
    dry_run: bool,
) -> None:
    """Remove deleted runs, experiments and logged models for good, with their artifacts.

    Nothing of it can be restored. A run or logged model that a version of a registered model was made
    from is kept, and so is the experiment it is in. The names of removed experiments are free again.
    """
    # SQLAlchemy takes longer to load than `--help` may take.
    from pycore.app import garbage_collector
    from pycore.services.garbage import Selection

    if artifacts_destination is None and Path(_DEFAULT_DESTINATION).is_dir():
        artifacts_destination = _DEFAULT_DESTINATION
    selection = Selection(older_than_ms, run_ids, experiment_ids, force)
    with garbage_collector(
        backend_store_uri,
        artifacts_destination,
        registry_store_uri=registry_store_uri,
        tracking_uri=tracking_uri,
    ) as collector:
        if dry_run:
            _tell([(item, None) for item in collector.find(selection)], "would be")
        else:
            _tell(collector.collect(selection), "has been")


def _tell(found: Iterable[tuple[Garbage, MlflowException | None]], verb: str) -> None:
    nothing, failed = True, False
    for item, error in found:
        nothing = False
        if item.kept_because is not None:
            click.echo(f"{item.name} is kept: {item.kept_because}.", err=True)
        elif error is not None:
            click.echo(f"{item.name} could not be removed: {error.message} Run gc again.", err=True)
            failed = True
        else:
            click.echo(f"{item.name} {verb} permanently deleted.")
    if nothing:
        click.echo("Nothing is deleted that could be removed.")
    if failed:
        raise click.exceptions.Exit(1)
