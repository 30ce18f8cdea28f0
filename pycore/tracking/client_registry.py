"""The model registry part of `MlflowClient`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from pycore.entities import (
    ModelVersion,
    ModelVersionTag,
    PagedList,
    RegisteredModel,
    RegisteredModelTag,
    Stage,
)
from pycore.errors import AlreadyExists, InvalidInput, NotFound
from pycore.models.arguments import checked_methods
from pycore.tracking import model_uris, values
from pycore.tracking.client_connection import ClientConnection


@checked_methods
class ClientRegistry(ClientConnection):
    """Registered models and their versions.

    A version is given as a number or as its text. See `pycore.protocols.RegisteredModels` and
    `pycore.protocols.ModelVersions` for the errors.
    """

    def create_registered_model(
        self, name: str, tags: Mapping[str, Any] | None = None, description: str | None = None
    ) -> RegisteredModel:
        """Make a registered model without versions."""
        return self.registry.registered_models.create(
            name, values.tags(RegisteredModelTag, tags), description
        )

    def get_registered_model(self, name: str) -> RegisteredModel:
        """Return a registered model with its latest version per stage."""
        return self.registry.registered_models.get(name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Iterable[str] | str | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """Return a page, by name unless `order_by` says otherwise."""
        return self.registry.registered_models.search(
            filter_string or "", max_results, values.texts(order_by), page_token
        )

    def list_registered_models(
        self, max_results: int = 100, page_token: str | None = None
    ) -> PagedList[RegisteredModel]:
        """Return a page of registered models: `search_registered_models` as MLflow 1 called it."""
        return self.search_registered_models(None, max_results, page_token=page_token)

    def update_registered_model(self, name: str, description: str | None = None) -> RegisteredModel:
        """Replace the description."""
        return self.registry.registered_models.update(name, description)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give a registered model another name."""
        return self.registry.registered_models.rename(name, new_name)

    def delete_registered_model(self, name: str) -> None:
        """Delete a registered model with its versions; refused while one is in Staging or Production."""
        self.registry.registered_models.delete(name)

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        """Set or replace a tag."""
        self.registry.registered_models.set_tag(name, values.tag(RegisteredModelTag, key, value))

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Remove a tag."""
        self.registry.registered_models.delete_tag(name, key)

    def set_registered_model_alias(self, name: str, alias: str, version: str | int) -> None:
        """Point an alias at a version."""
        self.registry.registered_models.set_alias(name, alias, values.version_text(version))

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Remove an alias."""
        self.registry.registered_models.delete_alias(name, alias)

    def get_latest_versions(self, name: str, stages: Iterable[str] | str | None = None) -> list[ModelVersion]:
        """Return the highest version of each stage asked for, or of every stage."""
        return self.registry.registered_models.get_latest_versions(name, values.texts(stages))

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        await_creation_for: int | None = 300,  # a version is ready at once
        model_id: str | None = None,
    ) -> ModelVersion:
        """Add the next version of a registered model."""
        return self.registry.model_versions.create(
            name, source, run_id, values.tags(ModelVersionTag, tags), run_link, description, model_id
        )

    def copy_model_version(self, src_model_uri: str, dst_name: str) -> ModelVersion:
        """Make the next version of `dst_name`, made when missing, from a version given by ``models:/`` URI.

        Its description, tags and run are copied; stage and aliases are not.
        """
        found = model_uris.parse_registered(src_model_uri, self.registry)
        origin = self.get_model_version(found.name, found.version)
        with contextlib.suppress(AlreadyExists):
            self.create_registered_model(dst_name)
        source = f"models:/{origin.name}/{origin.version}"
        return self.create_model_version(
            dst_name, source, origin.run_id or None, origin.tags, origin.run_link, origin.description
        )

    def get_model_version(self, name: str, version: str | int) -> ModelVersion:
        """Return one version."""
        return self.registry.model_versions.get(name, values.version_text(version))

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version an alias points at."""
        return self.registry.model_versions.get_by_alias(name, alias)

    def get_model_version_download_uri(self, name: str, version: str | int) -> str:
        """Return where the version's files lie."""
        return self.registry.model_versions.get_download_uri(name, values.version_text(version))

    def get_model_version_stages(self, name: str, version: str | int) -> list[str]:
        """Return the stages a version can be in."""
        return list(Stage.ALL)

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: Iterable[str] | str | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """Return a page, the last updated first unless `order_by` says otherwise."""
        return self.registry.model_versions.search(
            filter_string or "", max_results, values.texts(order_by), page_token
        )

    def update_model_version(
        self, name: str, version: str | int, description: str | None = None
    ) -> ModelVersion:
        """Replace the description."""
        return self.registry.model_versions.update(name, values.version_text(version), description)

    def transition_model_version_stage(
        self, name: str, version: str | int, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage, and with `archive_existing_versions` the others of it to Archived."""
        return self.registry.model_versions.transition_stage(
            name, values.version_text(version), stage, archive_existing_versions
        )

    def delete_model_version(self, name: str, version: str | int) -> None:
        """Delete a version; refused while it is in Staging or Production."""
        self.registry.model_versions.delete(name, values.version_text(version))

    def set_model_version_tag(
        self,
        name: str,
        version: str | int | None = None,
        key: str | None = None,
        value: Any = None,
        stage: str | None = None,
    ) -> None:
        """Set or replace a tag of a version, given by number or as the highest one of a stage."""
        tag = values.tag(ModelVersionTag, _given("key", key), value)
        self.registry.model_versions.set_tag(name, self._version(name, version, stage), tag)

    def delete_model_version_tag(
        self,
        name: str,
        version: str | int | None = None,
        key: str | None = None,
        stage: str | None = None,
    ) -> None:
        """Remove a tag of a version, given by number or as the highest one of a stage."""
        key = _given("key", key)
        self.registry.model_versions.delete_tag(name, self._version(name, version, stage), key)

    def _version(self, name: str, version: str | int | None, stage: str | None) -> str:
        if (version is None) == (stage is None):
            raise InvalidInput("Give either version or stage.")
        if version is not None:
            return values.version_text(version)
        found = self.get_latest_versions(name, stage)
        if not found:
            raise NotFound(f"The model {name!r} has no version in the stage {stage}.")
        return str(found[0].version)


def _given(argument: str, value: str | None) -> str:
    if value is None:
        raise InvalidInput(f"{argument} is missing; it must be a text.")
    return value
