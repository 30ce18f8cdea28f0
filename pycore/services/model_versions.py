"""The rules of model versions: numbers, stages, deletion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from pycore import search, store
from pycore.entities import Actor, ModelVersion, ModelVersionTag, PagedList, Stage
from pycore.errors import Conflict, InvalidInput
from pycore.services import keys, limits
from pycore.services.model_sources import SourceRules
from pycore.services.registry_names import (
    check_registry_tag,
    lock_model,
    lock_version,
    number_of_alias,
    unknown_version,
    version_number,
)
from pycore.store import model_versions as rows
from pycore.store import registered_models as model_rows


class ModelVersionService:
    """Model versions in a database; see `pycore.protocols.ModelVersions`.

    Parameters
    ----------
    database : Database
    source_rules : SourceRules
    clock : callable
    actor : Actor, optional
        Finds what it may read.
    """

    def __init__(
        self,
        database: store.Database,
        source_rules: SourceRules,
        clock: Callable[[], int],
        actor: Actor | None = None,
    ) -> None:
        self._database = database
        self._source_rules = source_rules
        self._clock = clock
        self._actor = actor

    def acting_for(self, actor: Actor) -> ModelVersionService:
        """Return the same versions, for an actor."""
        return ModelVersionService(self._database, self._source_rules, self._clock, actor)

    def create(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Sequence[ModelVersionTag] = (),
        run_link: str | None = None,
        description: str | None = None,
        model_id: str | None = None,
    ) -> ModelVersion:
        """Add the next version of a registered model; numbers are never reused."""
        for tag in tags:
            check_registry_tag(tag)
        limits.check_length(run_id or "", limits.KEY_LENGTH, "The run id")
        with self._database.transaction() as connection:
            pk = lock_model(connection, name)
            resolved = self._source_rules.resolve(connection, source, run_id, model_id)
            now_ms = self._clock()
            number = model_rows.next_version(connection, pk, now_ms)
            rows.insert_model_version(
                connection,
                pk,
                number,
                source=resolved.source,
                storage_location=resolved.storage_location,
                run_id=resolved.run_id,
                run_link=run_link or "",
                description=description or "",
                model_id=resolved.model_id,
                now_ms=now_ms,
            )
            rows.set_model_version_tags(connection, pk, number, tags)
            return _read(connection, name, number)

    def get(self, name: str, version: str) -> ModelVersion:
        """Return one version."""
        keys.check_model_name(name)
        number = version_number(name, version)
        with self._database.reading() as connection:
            return _read(connection, name, number)

    def get_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version an alias points at; ``latest`` is the highest one."""
        keys.check_model_name(name)
        with self._database.reading() as connection:
            return _read(connection, name, number_of_alias(connection, name, alias))

    def update(self, name: str, version: str, description: str | None) -> ModelVersion:
        """Replace the description; None clears it."""
        with self._database.transaction() as connection:
            pk, number = lock_version(connection, name, version)
            rows.update_model_version(connection, pk, number, self._clock(), description=description)
            return _read(connection, name, number)

    def delete(self, name: str, version: str) -> None:
        """Delete a version and its aliases."""
        with self._database.transaction() as connection:
            pk, number = lock_version(connection, name, version)
            stage = _read(connection, name, number).current_stage
            if stage in Stage.IN_USE:
                raise Conflict(
                    f"Version {number} of the registered model {name!r} is in stage {stage} and cannot be "
                    f"deleted. Move it to {Stage.ARCHIVED} or {Stage.NONE} first."
                )
            rows.delete_model_version(connection, pk, number)
            model_rows.update_registered_model(connection, pk, self._clock())

    def search(
        self,
        filter_string: str = "",
        max_results: int = 10_000,
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """Return a page of versions."""
        limits.check_max_results(max_results, limits.MODEL_VERSIONS_PAGE)
        filter = search.without_prompts(search.parse_filter(filter_string, search.MODEL_VERSIONS))
        order = search.parse_order_by(order_by, search.MODEL_VERSIONS)
        scope = (search.MODEL_VERSIONS.name, filter, order)
        position = search.read_token(page_token, scope)
        with self._database.reading() as connection:
            found, end = rows.search_model_versions(
                connection, filter, order, position, max_results, self._actor
            )
        return PagedList(found, search.write_token(end, scope) if end else None)

    def transition_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage, given in any case."""
        wanted = Stage.parse(stage)
        if archive_existing_versions and wanted not in Stage.IN_USE:
            raise InvalidInput(
                f"Existing versions are archived by a move to {' or '.join(Stage.IN_USE)}: {wanted} is not "
                "an Active stage. Leave archive_existing_versions out."
            )
        with self._database.transaction() as connection:
            pk, number = lock_version(connection, name, version)
            now_ms = self._clock()
            rows.update_model_version(connection, pk, number, now_ms, current_stage=wanted)
            if archive_existing_versions:
                rows.archive_other_versions(connection, pk, number, wanted, now_ms)
            model_rows.update_registered_model(connection, pk, now_ms)
            return _read(connection, name, number)

    def set_tag(self, name: str, version: str, tag: ModelVersionTag) -> None:
        """Set or replace a tag."""
        check_registry_tag(tag)
        with self._database.transaction() as connection:
            pk, number = lock_version(connection, name, version)
            rows.set_model_version_tags(connection, pk, number, [tag])

    def delete_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag; an unknown key is no error."""
        with self._database.transaction() as connection:
            pk, number = lock_version(connection, name, version)
            rows.delete_model_version_tag(connection, pk, number, key)

    def get_download_uri(self, name: str, version: str) -> str:
        """Return where the version's files lie."""
        number = version_number(name, version)
        with self._database.reading() as connection:
            location = rows.get_storage_location(connection, name, number)
        if location is None:
            raise unknown_version(name, number)
        return location


def _read(connection: Connection, name: str, number: int) -> ModelVersion:
    found = rows.get_model_version(connection, name, number)
    if found is None:
        raise unknown_version(name, number)
    return found
