"""The rules of registered models, their tags and aliases."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pycore import search, store
from pycore.entities import (
    Actor,
    ModelVersion,
    PagedList,
    Permission,
    RegisteredModel,
    RegisteredModelTag,
    ResourceKind,
    Stage,
)
from pycore.errors import AlreadyExists, Conflict, NotFound
from pycore.services import keys, limits
from pycore.services.registry_names import check_registry_tag, existing_model, lock_model, lock_version
from pycore.store import model_versions as version_rows
from pycore.store import permissions
from pycore.store import registered_models as rows


class RegisteredModelService:
    """Registered models in a database; see `pycore.protocols.RegisteredModels`.

    Parameters
    ----------
    database : Database
    clock : callable
    actor : Actor, optional
        Manages what is created, and finds what it may read.
    """

    def __init__(
        self, database: store.Database, clock: Callable[[], int], actor: Actor | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor

    def acting_for(self, actor: Actor) -> RegisteredModelService:
        """Return the same models, for an actor."""
        return RegisteredModelService(self._database, self._clock, actor)

    def create(
        self, name: str, tags: Sequence[RegisteredModelTag] = (), description: str | None = None
    ) -> RegisteredModel:
        """Make a registered model."""
        keys.check_model_name(name)
        for tag in tags:
            check_registry_tag(tag)
        with self._database.transaction() as connection:
            if rows.get_registered_model_pk(connection, name) is not None:
                raise _name_taken(name)
            try:
                pk = rows.insert_registered_model(connection, name, description or None, self._clock())
            except IntegrityError as error:
                raise _name_taken(name) from error
            rows.set_registered_model_tags(connection, pk, tags)
            if self._actor is not None:
                user_id = self._actor.user.user_id
                permissions.insert_grant(
                    connection, ResourceKind.REGISTERED_MODEL, pk, user_id, Permission.MANAGE
                )
            return _read(connection, name)

    def get(self, name: str) -> RegisteredModel:
        """Return it with its latest version per stage."""
        keys.check_model_name(name)
        with self._database.reading() as connection:
            return _read(connection, name)

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        """Give it another name; versions, tags and aliases follow."""
        keys.check_model_name(new_name)
        with self._database.transaction() as connection:
            pk = lock_model(connection, name)
            if name != new_name and rows.get_registered_model_pk(connection, new_name) is not None:
                raise _name_taken(new_name)
            now_ms = self._clock()
            try:
                rows.update_registered_model(connection, pk, now_ms, name=new_name)
            except IntegrityError as error:
                raise _name_taken(new_name) from error
            if name != new_name:
                version_rows.touch_all_versions(connection, pk, now_ms)
            return _read(connection, new_name)

    def update(self, name: str, description: str | None) -> RegisteredModel:
        """Replace the description; None clears it."""
        with self._database.transaction() as connection:
            pk = lock_model(connection, name)
            rows.update_registered_model(connection, pk, self._clock(), description=description)
            return _read(connection, name)

    def delete(self, name: str) -> None:
        """Delete it with versions, tags and aliases."""
        with self._database.transaction() as connection:
            pk = lock_model(connection, name)
            used = rows.get_versions_in_stages(connection, pk, Stage.IN_USE)
            if used:
                listed = ", ".join(f"{row.version} ({row.current_stage})" for row in used)
                raise Conflict(
                    f"The registered model {name!r} is in use and cannot be deleted: versions {listed}. "
                    f"Move them to {Stage.ARCHIVED} or {Stage.NONE} first."
                )
            rows.delete_registered_model(connection, pk)

    def search(
        self,
        filter_string: str = "",
        max_results: int = 100,
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """Return a page of registered models."""
        limits.check_max_results(max_results, limits.REGISTERED_MODELS_PAGE)
        filter = search.without_prompts(search.parse_filter(filter_string, search.REGISTERED_MODELS))
        order = search.parse_order_by(order_by, search.REGISTERED_MODELS)
        scope = (search.REGISTERED_MODELS.name, filter, order)
        position = search.read_token(page_token, scope)
        with self._database.reading() as connection:
            found, end = rows.search_registered_models(
                connection, filter, order, position, max_results, self._actor
            )
        return PagedList(found, search.write_token(end, scope) if end else None)

    def get_latest_versions(self, name: str, stages: Sequence[str] = ()) -> list[ModelVersion]:
        """Return the highest version in each stage asked for, or in every stage; by version."""
        keys.check_model_name(name)
        wanted = {Stage.parse(stage) for stage in stages} or set(Stage.ALL)
        with self._database.reading() as connection:
            pk = existing_model(connection, name)
            latest = version_rows.get_latest_versions(connection, [pk])[pk]
            chosen = [version for version in latest if version.current_stage in wanted]
            return version_rows.with_aliases(connection, pk, chosen)

    def set_tag(self, name: str, tag: RegisteredModelTag) -> None:
        """Set or replace a tag."""
        check_registry_tag(tag)
        with self._database.transaction() as connection:
            rows.set_registered_model_tags(connection, lock_model(connection, name), [tag])

    def delete_tag(self, name: str, key: str) -> None:
        """Remove a tag; an unknown key is no error."""
        with self._database.transaction() as connection:
            rows.delete_registered_model_tag(connection, lock_model(connection, name), key)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version, wherever it pointed before."""
        keys.check_alias(alias)
        with self._database.transaction() as connection:
            pk, number = lock_version(connection, name, version)
            rows.set_alias(connection, pk, alias, number)

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias; an unknown one is no error."""
        with self._database.transaction() as connection:
            rows.delete_alias(connection, lock_model(connection, name), alias)


def _read(connection: Connection, name: str) -> RegisteredModel:
    model = rows.get_registered_model(connection, name)
    if model is None:
        raise NotFound(f"Registered Model with name={name} not found.")
    return model


def _name_taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"Registered Model (name={name}) already exists. Choose another name.")
