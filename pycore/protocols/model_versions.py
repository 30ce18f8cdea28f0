"""What can be asked about model versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pycore.entities import ModelVersion, ModelVersionTag, PagedList


class ModelVersions(Protocol):
    """Versions of registered models; `version` is a decimal number as text.

    An unknown model or version is `NotFound`.
    """

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
        """Add the next version of a registered model; numbers are never reused.

        `InvalidInput` for a source that reaches outside what the server may read
        (registry REST reference, section 7).
        """
        ...

    def get(self, name: str, version: str) -> ModelVersion:
        """Return one version."""
        ...

    def get_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version an alias points at; ``latest`` is the highest one.

        `InvalidInput` for an alias the model does not have, as official clients expect.
        """
        ...

    def update(self, name: str, version: str, description: str | None) -> ModelVersion:
        """Replace the description; None clears it."""
        ...

    def delete(self, name: str, version: str) -> None:
        """Delete a version and its aliases; `Conflict` while it is in Staging or Production."""
        ...

    def search(
        self,
        filter_string: str = "",
        max_results: int = 10_000,
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """Return a page, the last updated first unless `order_by` says otherwise."""
        ...

    def transition_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage, given in any case.

        `archive_existing_versions` archives every other version of that stage in the same
        transaction; it is `InvalidInput` for any stage but Staging and Production.
        """
        ...

    def set_tag(self, name: str, version: str, tag: ModelVersionTag) -> None:
        """Set or replace a tag."""
        ...

    def delete_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag; an unknown key is no error."""
        ...

    def get_download_uri(self, name: str, version: str) -> str:
        """Return where the version's files lie: its source, resolved when it was created."""
        ...
