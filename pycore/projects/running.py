"""Running a project: from where it lies to a command in a run."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pycore import config
from pycore.entities import Param, Run, RunStatus, RunTag
from pycore.errors import InvalidInput, Unavailable
from pycore.models.arguments import checked
from pycore.projects import environment, source
from pycore.projects.entry_point import EntryPoint
from pycore.projects.project import Project
from pycore.projects.source import Source
from pycore.projects.submitted_run import SubmittedRun
from pycore.tracking import active_experiment, run_context, values
from pycore.tracking.mlflow_client import MlflowClient

__all__ = ["SubmittedRun", "run"]

BACKEND = "local"

ENTRY_POINT_TAG = "mlflow.project.entryPoint"
BACKEND_TAG = "mlflow.project.backend"
ENV_TAG = "mlflow.project.env"
BRANCH_TAG = "mlflow.source.git.branch"
REPOSITORY_TAG = "mlflow.source.git.repoURL"


@checked
def run(
    uri: str,
    entry_point: str = "main",
    version: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    docker_args: Mapping[str, Any] | None = None,
    experiment_name: str | None = None,
    experiment_id: str | int | None = None,
    backend: str = BACKEND,
    backend_config: str | Mapping[str, Any] | None = None,
    storage_dir: str | Path | None = None,
    synchronous: bool = True,
    run_id: str | None = None,
    run_name: str | None = None,
    env_manager: str | None = None,
    build_image: bool = False,
) -> SubmittedRun:
    """Run an entry point of a project on this machine, in a run of its own.

    Parameters
    ----------
    uri : str
        A folder, or the URL of a git repository; ``#`` and a folder in it may follow.
    entry_point : str
        One of its ``MLproject``, or a Python, shell or R script of the folder.
    version : str, optional
        A branch, tag or commit of the repository.
    parameters : mapping, optional
        Logged as params of the run; those that the entry point does not declare are handed on behind its
        command as ``--name value``.
    experiment_name, experiment_id : str, optional
        One of both; a name is made when there is none of it. The active experiment without.
    storage_dir : path, optional
        Folder for what is downloaded for parameters of the type ``path``.
    synchronous : bool
        Wait for the end, and raise an error when the run fails.
    run_id : str, optional
        Run to go on with, in place of a new one.
    run_name : str, optional
    env_manager : {"local", "virtualenv"}
        ``local``, the default, runs it with what is installed here; see `pycore.projects.environment`.
    docker_args, backend, backend_config, build_image
        Of other backends; there is only ``local`` here, which has nothing to configure.

    Raises
    ------
    ProjectFailed
        It was waited for, and its run is not FINISHED.
    InvalidInput, NotFound, Unavailable
        What is asked for cannot be run; there is no run then.
    """
    _refuse_other_backends(backend, backend_config, docker_args, build_image)
    if experiment_name is not None and experiment_id is not None:
        raise InvalidInput("Give either experiment_name or experiment_id.")
    if shutil.which("bash") is None:
        raise Unavailable("The commands of projects are run by bash, which is not in PATH: install it.")
    given = {str(name): str(value) for name, value in (parameters or {}).items()}
    manager = env_manager or environment.LOCAL
    workspace = tempfile.TemporaryDirectory(prefix="crateflow-project-", ignore_cleanup_errors=True)
    with contextlib.ExitStack() as unless_started:
        unless_started.enter_context(workspace)
        code = source.fetch(str(uri), version, Path(workspace.name))
        project = Project.read(code.folder)
        entry = project.entry_point(entry_point)
        found = entry.values(given, project.folder, _storage(storage_dir, workspace.name))
        variables = {**os.environ, **environment.variables(manager, project)}
        client = MlflowClient()
        tags = _tags(code, entry, manager)
        if run_id is not None:
            opened = _resume(client, run_id, run_name, tags)
        else:
            opened = _create(client, experiment_name, experiment_id, run_name, tags)
        unless_started.push(_failing(client, opened))
        client.log_batch(opened.info.run_id, params=_params(entry, given))
        submitted = SubmittedRun(
            opened.info.run_id,
            client.tracking_uri,
            entry.command_line(found),
            project.folder,
            {**variables, **_run_variables(client, opened)},
            workspace,
        )
        unless_started.pop_all()
    try:
        submitted.start()
        if synchronous:
            submitted.finish()
    except KeyboardInterrupt:
        submitted.cancel()
        raise
    return submitted


def _refuse_other_backends(
    backend: str,
    backend_config: str | Mapping[str, Any] | None,
    docker_args: Mapping[str, Any] | None,
    build_image: bool,
) -> None:
    if backend != BACKEND:
        raise InvalidInput(f"There is no backend {backend!r} for projects here, only {BACKEND!r}.")
    if backend_config:
        raise InvalidInput(f"The backend {BACKEND!r} has nothing to configure: leave backend_config out.")
    if docker_args or build_image:
        raise InvalidInput("Projects are not run in Docker here: leave docker_args and build_image out.")


def _storage(storage_dir: str | Path | None, workspace: str) -> Path:
    if storage_dir is None:
        return Path(workspace) / "downloads"
    Path(storage_dir).mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=Path(storage_dir).absolute()))


def _tags(code: Source, entry: EntryPoint, manager: str) -> dict[str, str]:
    tags = {
        run_context.USER: run_context.user(),
        run_context.SOURCE_NAME: code.name,
        run_context.SOURCE_TYPE: "PROJECT",
        ENTRY_POINT_TAG: entry.name,
        BACKEND_TAG: BACKEND,
        ENV_TAG: manager,
        run_context.GIT_COMMIT: code.commit,
        REPOSITORY_TAG: code.repository,
        BRANCH_TAG: code.version,
    }
    return {key: value for key, value in tags.items() if value is not None}


def _create(
    client: MlflowClient,
    experiment_name: str | None,
    experiment_id: str | int | None,
    run_name: str | None,
    tags: Mapping[str, str],
) -> Run:
    if experiment_name is not None:
        experiment_id = active_experiment.get_or_create(client, experiment_name).experiment_id
    elif experiment_id is None:
        experiment_id = active_experiment.active_experiment_id()
    return client.create_run(experiment_id, tags=tags, run_name=run_name)


def _resume(client: MlflowClient, run_id: str, run_name: str | None, tags: Mapping[str, str]) -> Run:
    client.update_run(run_id, RunStatus.RUNNING, run_name)
    client.log_batch(run_id, tags=values.tags(RunTag, tags))
    return client.get_run(run_id)


def _failing(client: MlflowClient, opened: Run) -> Callable[..., None]:
    """Return what to do on leaving a block that does not get its command started."""
    return lambda *_: client.set_terminated(opened.info.run_id, RunStatus.FAILED)


def _params(entry: EntryPoint, given: Mapping[str, str]) -> list[Param]:
    # As they were asked for: where a download came to lie says nothing later.
    defaults = {each.name: each.default for each in entry.parameters if each.default is not None}
    return values.params({**defaults, **given})


def _run_variables(client: MlflowClient, opened: Run) -> dict[str, str]:
    return {
        config.TRACKING_URI.name: client.tracking_uri,
        config.RUN_ID.name: opened.info.run_id,
        config.EXPERIMENT_ID.name: opened.info.experiment_id,
        # A name inherited from outside may be that of another experiment.
        config.EXPERIMENT_NAME.name: "",
        # Python keeps back what it prints into a pipe.
        "PYTHONUNBUFFERED": "1",
    }
