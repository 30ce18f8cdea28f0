"""The rules of experiments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pycore import search, store
from pycore.entities import (
    Actor,
    Experiment,
    ExperimentTag,
    LifecycleStage,
    PagedList,
    Permission,
    ResourceKind,
    ViewType,
)
from pycore.entities.experiment import experiment_number
from pycore.errors import AlreadyExists, InvalidInput, NotFound
from pycore.services import keys, limits, locations
from pycore.store import experiments as rows
from pycore.store import permissions
from pycore.store import runs as run_rows

DEFAULT_NAME = "Default"


class ExperimentService:
    """Experiments in a database; see `pycore.protocols.Experiments`.

    Parameters
    ----------
    database : Database
    artifact_root : str
    clock : callable
    actor : Actor, optional
        Manages what is created, and finds what it may read.
    """

    def __init__(
        self,
        database: store.Database,
        artifact_root: str,
        clock: Callable[[], int],
        actor: Actor | None = None,
    ) -> None:
        self._database = database
        self._artifact_root = artifact_root
        self._clock = clock
        self._actor = actor

    def acting_for(self, actor: Actor) -> ExperimentService:
        """Return the same experiments, for an actor."""
        return ExperimentService(self._database, self._artifact_root, self._clock, actor)

    def ensure_default(self) -> None:
        """Make the experiment of id 0, which runs go to that name none, unless it was made before."""
        with self._database.reading() as connection:
            if rows.get_experiment(connection, 0) is not None:
                return
        location = locations.join(self._artifact_root, "0")
        with self._database.transaction() as connection:
            rows.insert_experiment_zero(connection, DEFAULT_NAME, location, self._clock())

    def create(
        self, name: str, artifact_location: str | None = None, tags: Sequence[ExperimentTag] = ()
    ) -> str:
        """Make an experiment and return its id."""
        keys.check_experiment_name(name)
        if artifact_location:
            locations.check_artifact_location(artifact_location)
            artifact_location = locations.absolute(artifact_location)
        for tag in tags:
            _check_tag(tag)
        with self._database.transaction() as connection:
            self._check_free(connection, name)
            try:
                experiment_id = rows.insert_experiment(connection, name, self._clock())
            except IntegrityError as error:
                raise _name_taken(name) from error
            location = artifact_location or locations.join(self._artifact_root, str(experiment_id))
            rows.update_experiment(connection, experiment_id, artifact_location=location)
            rows.set_experiment_tags(connection, experiment_id, tags)
            if self._actor is not None:
                user_id = self._actor.user.user_id
                permissions.insert_grant(
                    connection, ResourceKind.EXPERIMENT, experiment_id, user_id, Permission.MANAGE
                )
        return str(experiment_id)

    def get(self, experiment_id: str) -> Experiment:
        """Return the experiment, deleted or not."""
        with self._database.reading() as connection:
            number = experiment_number(experiment_id)
            experiment = None if number is None else rows.get_experiment(connection, number)
        if experiment is None:
            raise _unknown(experiment_id)
        return experiment

    def get_by_name(self, name: str) -> Experiment:
        """Return the experiment of exactly this name, deleted or not."""
        with self._database.reading() as connection:
            experiment = rows.get_experiment_by_name(connection, name)
        if experiment is None:
            raise NotFound(f"Could not find experiment with name '{name}'.")
        return experiment

    def search(
        self,
        view_type: ViewType = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of experiments."""
        limits.check_max_results(max_results, limits.EXPERIMENTS_PAGE)
        filter = search.parse_filter(filter_string, search.EXPERIMENTS)
        order = search.parse_order_by(order_by, search.EXPERIMENTS)
        stages = ViewType(view_type).stages()
        scope = (search.EXPERIMENTS.name, filter, order, stages)
        position = search.read_token(page_token, scope)
        with self._database.reading() as connection:
            found, end = rows.search_experiments(
                connection, stages, filter, order, position, max_results, self._actor
            )
        return PagedList(found, search.write_token(end, scope) if end else None)

    def rename(self, experiment_id: str, new_name: str) -> None:
        """Give an active experiment another name."""
        keys.check_experiment_name(new_name)
        with self._database.transaction() as connection:
            experiment = active_experiment(connection, experiment_id)
            if experiment.name != new_name:
                self._check_free(connection, new_name)
            try:
                rows.rename_experiment(connection, int(experiment_id), new_name, self._clock())
            except IntegrityError as error:
                raise _name_taken(new_name) from error

    def delete(self, experiment_id: str) -> None:
        """Delete the experiment and its runs, softly."""
        self._move(experiment_id, LifecycleStage.ACTIVE, LifecycleStage.DELETED)

    def restore(self, experiment_id: str) -> None:
        """Undo `delete`, for all its runs too."""
        self._move(experiment_id, LifecycleStage.DELETED, LifecycleStage.ACTIVE)

    def set_tag(self, experiment_id: str, tag: ExperimentTag) -> None:
        """Set or replace a tag."""
        _check_tag(tag)
        with self._database.transaction() as connection:
            active_experiment(connection, experiment_id)
            rows.set_experiment_tags(connection, int(experiment_id), [tag])

    def delete_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag."""
        with self._database.transaction() as connection:
            active_experiment(connection, experiment_id)
            if not rows.delete_experiment_tag(connection, int(experiment_id), key):
                raise NotFound(f"No tag with name {key!r} in experiment with id {experiment_id}.")

    def _check_free(self, connection: Connection, name: str) -> None:
        holder = rows.get_experiment_by_name(connection, name)
        if holder is not None:
            raise _name_taken(name, holder.lifecycle_stage == LifecycleStage.DELETED)

    def _move(self, experiment_id: str, from_stage: str, to_stage: str) -> None:
        with self._database.transaction() as connection:
            experiment = lock_experiment(connection, experiment_id)
            if experiment.lifecycle_stage != from_stage:
                raise NotFound(
                    f"No Experiment with id={experiment_id} exists that is {from_stage}: this one is "
                    f"{experiment.lifecycle_stage}."
                )
            number, now_ms = int(experiment_id), self._clock()
            deleted_time = now_ms if to_stage == LifecycleStage.DELETED else None
            rows.set_experiment_stage(connection, number, to_stage, now_ms, deleted_time)
            run_rows.move_all_runs(connection, number, from_stage, to_stage, deleted_time)


def lock_experiment(connection: Connection, experiment_id: str) -> rows.ExperimentRow:
    """Return the row of an experiment for a write to it, or raise NotFound."""
    number = experiment_number(experiment_id)
    experiment = None if number is None else rows.lock_experiment(connection, number)
    if experiment is None:
        raise _unknown(experiment_id)
    return experiment


def active_experiment(connection: Connection, experiment_id: str) -> rows.ExperimentRow:
    """Return the row of an experiment for a write to it, which a deleted one refuses."""
    experiment = lock_experiment(connection, experiment_id)
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        raise InvalidInput(
            f"The experiment {experiment_id} must be in the 'active' state. Current state is "
            f"{experiment.lifecycle_stage}. Restore it first."
        )
    return experiment


def _check_tag(tag: ExperimentTag) -> None:
    keys.check_key(tag.key, "tag")
    keys.check_value(tag.value, "tag")
    limits.check_length(tag.value, limits.EXPERIMENT_TAG_VALUE_LENGTH, f"The value of the tag {tag.key!r},")


def _unknown(experiment_id: str) -> NotFound:
    return NotFound(f"No Experiment with id={experiment_id} exists.")


def _name_taken(name: str, deleted: bool = False) -> AlreadyExists:
    advice = "It is deleted: restore it, or choose another name." if deleted else "Choose another name."
    return AlreadyExists(f"Experiment '{name}' already exists. {advice}")
