"""``crateflow import``: taking over what other programs kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from pycore.cli import table


@click.group("import")
def import_() -> None:
    """Take over runs, models and artifacts from elsewhere."""


@import_.command("mlflow")
@click.argument("source")
@click.option(
    "--to",
    "target",
    required=True,
    metavar="URI",
    help="Crateflow database to fill, as its server has it in --backend-store-uri; made if it is not there.",
)
@click.option(
    "--artifacts",
    type=click.Choice(["copy", "reference"]),
    default="copy",
    show_default=True,
    help="Copy artifacts, or leave them where they are and refer to that place.",
)
@click.option(
    "--source-artifacts",
    metavar="FOLDER OR URI",
    help="What MLflow's server had as --artifacts-destination, when its artifacts went through it.",
)
@click.option(
    "--artifacts-destination",
    envvar="MLFLOW_ARTIFACTS_DESTINATION",
    default="./mlartifacts",
    show_default=True,
    show_envvar=True,
    help="Folder or URI for the copies, as Crateflow's server has it.",
)
@click.option(
    "--default-artifact-root",
    envvar="MLFLOW_DEFAULT_ARTIFACT_ROOT",
    default="mlflow-artifacts:/",
    show_default=True,
    show_envvar=True,
    help="Artifact location of the experiments, as Crateflow's server has it.",
)
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be added.")
def mlflow(
    source: str,
    target: str,
    artifacts: str,
    source_artifacts: str | None,
    artifacts_destination: str,
    default_artifact_root: str,
    dry_run: bool,
) -> None:
    """Bring MLflow's experiments, runs, models and artifacts into a Crateflow database.

    SOURCE is the URI of MLflow's database, or an mlruns folder. It is only read: MLflow can go on with it.
    Ids, times, versions, stages and aliases are kept. What the target has already is left alone, so an
    import that broke off goes on when it is run again, and one that is repeated adds what is new.
    """
    _bring(
        source,
        target,
        copies=artifacts == "copy",
        source_artifacts=source_artifacts,
        artifacts_destination=artifacts_destination,
        artifact_root=default_artifact_root,
        dry_run=dry_run,
    )


@click.command("migrate-filestore")
@click.option(
    "--source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder that MLflow kept its runs in, or the one that holds mlruns.",
)
@click.option("--target", metavar="URI", required=True, help="Crateflow database to fill.")
@click.option("--progress/--no-progress", default=True, show_default=True, help="Show a bar, on a terminal.")
def migrate_filestore(source: Path, target: str, progress: bool) -> None:
    """Bring MLflow's folder of runs into a database; their files stay where they are.

    As `crateflow import mlflow SOURCE --to TARGET --artifacts reference`, which can more.
    """
    inner = source / "mlruns"
    _bring(str(inner if inner.is_dir() else source), target, progress=progress, copies=False)


def _bring(source: str, target: str, *, progress: bool = True, dry_run: bool = False, **options: Any) -> None:
    # SQLAlchemy takes longer to load than `--help` may take.
    from pycore.importing.build import ImportOptions, import_from_mlflow
    from pycore.importing.report import KINDS

    bar = [_bar] if progress else []
    report = import_from_mlflow(source, target, ImportOptions(dry_run=dry_run, **options), *bar)
    rows = [
        (kind, str(report.added[kind]), str(report.present[kind]))
        for kind in KINDS
        if report.added[kind] or report.present[kind]
    ]
    click.echo(table.render(("", "would be added" if dry_run else "added", "there already"), rows))
    if report.remarks:
        click.echo("\nPlease note:")
        for line in report.remark_lines():
            click.echo(f"- {line}")


@contextmanager
def _bar(length: int) -> Iterator[Callable[[int], object]]:
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label="Runs and models", file=sys.stderr) as bar:
        yield bar.update
