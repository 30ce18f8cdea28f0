"""The runs that are open, innermost last, per thread."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from pycore import config
from pycore.entities import LifecycleStage, Run, RunStatus
from pycore.errors import InvalidInput, MlflowException
from pycore.models.arguments import checked
from pycore.tracking import chosen_experiments, run_context, system_metrics, values
from pycore.tracking.active_experiment import active_experiment_id
from pycore.tracking.async_logging import flush_async_logging
from pycore.tracking.mlflow_client import MlflowClient
from pycore.tracking.system_metrics import SystemMonitor


@dataclass(frozen=True)
class ActiveRun(Run):
    """A run as it was when it was started; `get_run` has the present state.

    As a context manager it ends the run: FINISHED, KILLED after Ctrl-C, or FAILED after any other
    exception, which goes on.

    Attributes
    ----------
    tracking_uri : str
        Where it was started, which is where it is logged to and ended.
    """

    tracking_uri: str = ""

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            _end(self, RunStatus.FINISHED)
        else:
            _end_or_warn(self, status_after(error))


class _Stack(threading.local):
    """The open runs of a thread, and the one it ended last."""

    def __init__(self) -> None:
        self.runs: list[ActiveRun] = []
        self.last_ended: ActiveRun | None = None


_stack = _Stack()
# Every thread's open runs by id, with the process that opened them, for the end of the process.
_open: dict[str, tuple[ActiveRun, int]] = {}
# What watches the machine during them.
_monitors: dict[str, SystemMonitor] = {}


def active_run() -> ActiveRun | None:
    """Return the innermost open run of this thread, as it was when it was started."""
    return _stack.runs[-1] if _stack.runs else None


def active_or_new_run() -> ActiveRun:
    """Return the innermost open run of this thread; start one when there is none."""
    return active_run() or start_run()


def last_active_run() -> Run | None:
    """Return the innermost open run of this thread, else the one it ended last, as it is now."""
    run = active_run() or _stack.last_ended
    return MlflowClient(run.tracking_uri).get_run(run.info.run_id) if run else None


@checked
def start_run(
    run_id: str | None = None,
    experiment_id: str | int | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Start a run, or go on with one, and make it the active run of this thread.

    Parameters
    ----------
    run_id : str, optional
        Run to go on with; that of MLFLOW_RUN_ID, once, when absent.
    experiment_id : str or int, optional
        Of a new run; the active experiment when absent.
    run_name : str, optional
        Two words and a number are made for a new run without one.
    nested : bool
        Allow it inside another open run, whose child a new run becomes.
    parent_run_id : str, optional
        Make a new run the child of this one.
    tags : mapping, optional
    description : str, optional
        Kept as the tag ``mlflow.note.content``.
    log_system_metrics : bool, optional
        Watch the machine; as the setting says when absent.

    Raises
    ------
    Exception
        A run is open and `nested` is not set. Not an `MlflowException`, so that no handler written
        for errors of the server swallows it.
    NotFound
        There is no run or experiment of this id.
    InvalidInput
        The run is deleted, or the arguments contradict each other.
    """
    outer = active_run()
    if outer and not nested:
        raise Exception(
            f"Run with UUID {outer.info.run_id} is already active. To start a new run, first end the "
            "current run with end_run(). To start a nested run, call start_run with nested=True."
        )
    if outer and parent_run_id not in (None, outer.info.run_id):
        raise InvalidInput(
            f"parent_run_id is {parent_run_id!r}, but the run {outer.info.run_id} is active: end it first, "
            "or leave parent_run_id out."
        )
    all_tags = _with_description(tags, description)
    client = MlflowClient()
    from_environment = None if run_id else os.environ.pop(config.RUN_ID.name, None)
    if existing_id := run_id or from_environment:
        run = _resume(client, existing_id, run_name, all_tags, check_experiment=not run_id)
    else:
        parent_id = parent_run_id or (outer.info.run_id if outer else None)
        run = _create(client, experiment_id, run_name, all_tags, parent_id, check_parent=outer is None)
    active = ActiveRun(run.info, run.data, tracking_uri=client.tracking_uri)
    _stack.runs.append(active)
    _open[run.info.run_id] = active, os.getpid()
    if monitor := system_metrics.watch(client, run.info.run_id, log_system_metrics):
        _monitors[run.info.run_id] = monitor
    return active


@checked
def end_run(status: str | int = RunStatus.FINISHED) -> None:
    """End the innermost open run of this thread; without one, do nothing."""
    if run := active_run():
        _end(run, status)


def status_after(error: BaseException) -> RunStatus:
    """Return the status of a run that an exception ended: KILLED by Ctrl-C, else FAILED."""
    return RunStatus.KILLED if isinstance(error, KeyboardInterrupt) else RunStatus.FAILED


def _create(
    client: MlflowClient,
    experiment_id: str | int | None,
    run_name: str | None,
    tags: Mapping[str, Any],
    parent_id: str | None,
    check_parent: bool,
) -> Run:
    given = dict(tags)
    if parent_id:
        if check_parent:
            client.get_run(parent_id)
        given[run_context.PARENT_RUN_ID] = parent_id
    experiment = active_experiment_id() if experiment_id is None else experiment_id
    return client.create_run(experiment, tags={**run_context.tags(), **given}, run_name=run_name)


def _resume(
    client: MlflowClient,
    run_id: str,
    run_name: str | None,
    tags: Mapping[str, Any],
    check_experiment: bool,
) -> Run:
    run = client.get_run(run_id)
    if run.info.lifecycle_stage != LifecycleStage.ACTIVE:
        raise InvalidInput(
            f"The run {run_id} must be in the 'active' state, but it is deleted. Restore it with restore_run."
        )
    chosen = chosen_experiments.chosen(client.tracking_uri)
    if check_experiment and chosen not in (None, run.info.experiment_id):
        raise InvalidInput(
            f"The run {run_id} of {config.RUN_ID.name} belongs to the experiment {run.info.experiment_id}, "
            f"but set_experiment chose {chosen}."
        )
    client.update_run(run_id, RunStatus.RUNNING, run_name)
    for key, value in tags.items():
        client.set_tag(run_id, key, value)
    return client.get_run(run_id)


def _with_description(tags: Mapping[str, Any] | None, description: str | None) -> dict[str, Any]:
    given = dict(tags or {})
    if description is not None:
        if run_context.NOTE in given:
            raise InvalidInput(
                f"A description is given twice: as description and as the tag {run_context.NOTE}."
            )
        given[run_context.NOTE] = description
    return given


def _end(run: ActiveRun, status: str | int) -> None:
    """End a run and the runs of this thread opened inside it; one that has been ended stays as it is."""
    if run.info.run_id not in _open:
        return
    status = values.run_status(status)
    depth = _stack.runs.index(run) if run in _stack.runs else len(_stack.runs)
    ending = [*reversed(_stack.runs[depth:])] or [run]
    # Off the stack first: when the server cannot be told, the next run must not become a child.
    del _stack.runs[depth:]
    for each in ending:
        del _open[each.info.run_id]
        _stack.last_ended = each
        if monitor := _monitors.pop(each.info.run_id, None):
            monitor.stop()
    try:
        flush_async_logging()
    finally:
        for each in ending:
            MlflowClient(each.tracking_uri).set_terminated(each.info.run_id, status)


def _end_or_warn(run: ActiveRun, status: RunStatus) -> None:
    # An error is under way already: this one must not take its place.
    try:
        _end(run, status)
    except MlflowException as error:
        warnings.warn(f"The run {run.info.run_id} could not be ended: {error}", stacklevel=3)


@atexit.register
def _end_all() -> None:
    """End what this process left open, as what ended the process says: an uncaught exception or nothing."""
    # An interactive session goes on after an exception, which says nothing about its runs.
    uncaught = None if hasattr(sys, "ps1") else getattr(sys, "last_value", None)
    status = RunStatus.FINISHED if uncaught is None else status_after(uncaught)
    for run, owner in reversed(list(_open.values())):
        if owner == os.getpid():
            _end_or_warn(run, status)
    # What was logged in the background to runs that were never opened here.
    flush_async_logging()
