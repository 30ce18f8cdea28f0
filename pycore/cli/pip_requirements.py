"""``crateflow models update-pip-requirements``: what pip is to install for a model."""

from __future__ import annotations

from typing import Literal

import click


@click.command("update-pip-requirements")
@click.option(
    "-m",
    "--model-uri",
    metavar="URI",
    required=True,
    help="A folder, or runs:/<run id>/<path>; registered versions never change.",
)
@click.argument("operation", type=click.Choice(["add", "remove"]))
@click.argument("requirements", metavar="REQUIREMENT...", nargs=-1, required=True)
def update_pip_requirements(
    model_uri: str, operation: Literal["add", "remove"], requirements: tuple[str, ...]
) -> None:
    """Add requirements to those of a model, or remove some.

    One that is added, such as 'pandas==2.2.0', takes the place of the one for the same package. One that is
    removed needs no version.
    """
    # The clients of model registries take longer to load than `--help` may take.
    from pycore.tracking.model_functions import update_model_requirements

    update_model_requirements(model_uri, operation, requirements)
    click.echo(f"Successfully updated the requirements for the model at {model_uri}!", err=True)
