"""Verbs of ``crateflow models`` on registered models, at the registry URI in force."""

from __future__ import annotations

import click

from pycore.cli.json_output import AS_JSON, print_json
from pycore.cli.pairs import pairs
from pycore.entities import ModelVersion, Stage
from pycore.tracking.mlflow_client import MlflowClient
from pycore.tracking.register import register_model
from pycore.wire import model_versions as wire

NAME = click.option("-n", "--name", required=True, help="Name of the registered model.")
VERSION = click.option("-v", "--version", required=True, help="Number of the version.")


@click.command("register")
@click.option(
    "-m",
    "--model-uri",
    metavar="URI",
    required=True,
    help="A logged model: runs:/<run id>/<path>, a folder, or models:/… to copy a version.",
)
@NAME
@click.option("--tag", "tags", metavar="KEY=VALUE", multiple=True, callback=pairs, help="Tag of the version.")
@click.option("--description", help="Description of the version.")
@AS_JSON
def register(model_uri: str, name: str, tags: dict[str, str], description: str | None, as_json: bool) -> None:
    """Make the next version of a registered model, which is made when there is none."""
    version = register_model(model_uri, name, tags=tags)
    if description is not None:
        version = MlflowClient().update_model_version(name, version.version, description)
    _tell(version, f"Created version '{version.version}' of model '{name}'.", as_json)


@click.command("transition")
@NAME
@VERSION
@click.option(
    "-s",
    "--stage",
    type=click.Choice(Stage.ALL, case_sensitive=False),
    required=True,
    help="Stage it moves to.",
)
@click.option("--archive-existing-versions", is_flag=True, help="Archive the other versions of that stage.")
@AS_JSON
def transition(name: str, version: str, stage: str, archive_existing_versions: bool, as_json: bool) -> None:
    """Move a version of a registered model to a stage."""
    moved = MlflowClient().transition_model_version_stage(name, version, stage, archive_existing_versions)
    _tell(moved, f"Version '{version}' of model '{name}' is in stage {moved.current_stage}.", as_json)


@click.command("alias")
@NAME
@click.option("-a", "--alias", required=True, help="The alias, without @.")
@click.option("-v", "--version", help="Number of the version it is to stand for.")
@click.option("--delete", is_flag=True, help="Remove the alias instead.")
def alias(name: str, alias: str, version: str | None, delete: bool) -> None:
    """Let an alias stand for a version of a registered model, or remove it."""
    if (version is None) != delete:
        raise click.UsageError("Give either --version or --delete.")
    client = MlflowClient()
    if version is None:
        client.delete_registered_model_alias(name, alias)
        click.echo(f"Alias '{alias}' of model '{name}' has been deleted.")
    else:
        client.set_registered_model_alias(name, alias, version)
        click.echo(f"Alias '{alias}' of model '{name}' stands for version '{version}'.")


def _tell(version: ModelVersion, text: str, as_json: bool) -> None:
    if as_json:
        print_json(wire.to_json(version))
    else:
        click.echo(text)
