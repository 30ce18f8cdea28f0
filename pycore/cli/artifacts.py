"""``crateflow artifacts``: the files of runs, at the tracking URI of MLFLOW_TRACKING_URI.

MLflow's R client runs these verbs and reads their output, so the lines printed are part of the contract.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from pycore.cli.runs import RUN_ID
from pycore.cli.transfer_bar import transfer_bar
from pycore.errors import NotFound
from pycore.tracking import artifact_functions, fluent
from pycore.wire import artifacts as wire

ARTIFACT_PATH = click.option("-a", "--artifact-path", help="Path below the run's artifacts.")


@click.group("artifacts")
def artifacts() -> None:
    """See, upload and download the files of runs."""


@artifacts.command("list")
@RUN_ID
@ARTIFACT_PATH
def list_artifacts(run_id: str, artifact_path: str | None) -> None:
    """List one level of a run's files as JSON."""
    found = fluent.MlflowClient().list_artifacts(run_id, artifact_path)
    click.echo(json.dumps([wire.to_json(info) for info in found], ensure_ascii=False))


@artifacts.command("log-artifact")
@click.option(
    "-l",
    "--local-file",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="File to copy; a folder is copied under its own name.",
)
@RUN_ID
@ARTIFACT_PATH
def log_artifact(local_file: Path, run_id: str, artifact_path: str | None) -> None:
    """Copy a file into a folder of the run."""
    with transfer_bar("Uploading"):
        fluent.log_artifact(local_file, artifact_path, run_id)
    click.echo(f"Logged artifact from local file {local_file} to artifact_path={artifact_path}", err=True)


@artifacts.command("log-artifacts")
@click.option(
    "-l",
    "--local-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder whose contents to copy.",
)
@RUN_ID
@ARTIFACT_PATH
def log_artifacts(local_dir: Path, run_id: str, artifact_path: str | None) -> None:
    """Copy what is in a folder into a folder of the run."""
    with transfer_bar("Uploading"):
        fluent.log_artifacts(local_dir, artifact_path, run_id)
    click.echo(f"Logged artifact from local dir {local_dir} to artifact_path={artifact_path}", err=True)


@artifacts.command("download")
@click.option("-r", "--run-id", help="Id of the run.")
@ARTIFACT_PATH
@click.option("-u", "--artifact-uri", help="In place of run and path; runs:/ and models:/ too.")
@click.option(
    "-d",
    "--dst-path",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to copy into.  [default: a new temporary one]",
)
def download(
    run_id: str | None, artifact_path: str | None, artifact_uri: str | None, dst_path: Path | None
) -> None:
    """Download a file or folder, and print its local path."""
    if (run_id is None) == (artifact_uri is None) or (artifact_uri and artifact_path):
        raise click.UsageError("Give either --artifact-uri, or --run-id with or without --artifact-path.")
    # Not the library's own temporary folder: that one ends with this process.
    destination = dst_path or Path(tempfile.mkdtemp(prefix="crateflow-"))
    try:
        with transfer_bar("Downloading"):
            path = artifact_functions.download_artifacts(artifact_uri, run_id, artifact_path, destination)
    except NotFound as error:
        # MLflow's R client looks for this word, and shows its user what follows.
        raise NotFound(f"FileNotFoundError: {error.message}") from error
    click.echo(path)
