"""``crateflow run``: run a project."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import click

from pycore.cli.pairs import pairs
from pycore.errors import InvalidInput


@contextlib.contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """Let whatever ends this command end the project too, and not leave it behind."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@click.command("run")
@click.argument("uri")
@click.option(
    "-e",
    "--entry-point",
    metavar="NAME",
    default="main",
    show_default=True,
    help="One of the project's MLproject, or a script of it (.py, .sh, .R).",
)
@click.option("-v", "--version", metavar="VERSION", help="Branch, tag or commit of a git repository.")
@click.option(
    "-P",
    "--param-list",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    callback=pairs,
    help="A parameter; may be given many times.",
)
@click.option("--experiment-name", help="Experiment of the run, made when there is none of this name.")
@click.option("--experiment-id", help="Experiment of the run, by id.")
@click.option("--run-name", help="Name of the run.")
@click.option("--run-id", help="Go on with this run, in place of a new one.")
@click.option(
    "--env-manager",
    metavar="NAME",
    help="'local' runs the project with what is installed here, 'virtualenv' in an environment made from its "
    "python_env.yaml or the pip part of its conda.yaml.  [default: local]",
)
@click.option("--no-conda", is_flag=True, help="The same as --env-manager local.")
@click.option(
    "--storage-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for what is downloaded for parameters of the type path; kept.",
)
@click.option("-b", "--backend", default="local", show_default=True, help="There is only this one.")
@click.option("-c", "--backend-config", metavar="JSON", help="Of other backends.")
@click.option(
    "-A",
    "--docker-args",
    metavar="NAME=VALUE",
    multiple=True,
    callback=pairs,
    help="Of projects that run in Docker, which is not done here.",
)
@click.option("--build-image", is_flag=True, help="As --docker-args.")
def run(
    uri: str,
    entry_point: str,
    version: str | None,
    parameters: dict[str, str],
    experiment_name: str | None,
    experiment_id: str | None,
    run_name: str | None,
    run_id: str | None,
    env_manager: str | None,
    no_conda: bool,
    storage_dir: Path | None,
    backend: str,
    backend_config: str | None,
    docker_args: dict[str, str],
    build_image: bool,
) -> None:
    """Run the project at URI: a folder, or a git repository; #FOLDER names one in it.

    The command runs in a run of its own, which is FAILED when it ends with another status than 0 and KILLED
    when it is interrupted. The last line on standard error names the run.
    """
    # What tracking needs takes longer to load than `--help` may take.
    from pycore.projects import running

    if no_conda and env_manager not in (None, "local"):
        raise InvalidInput(f"--no-conda means --env-manager local, but it is {env_manager!r}.")
    with _ended_as_interrupted():
        running.run(
            uri,
            entry_point,
            version,
            parameters,
            docker_args,
            experiment_name,
            experiment_id,
            backend,
            backend_config,
            storage_dir,
            run_id=run_id,
            run_name=run_name,
            env_manager=env_manager,
            build_image=build_image,
        )
