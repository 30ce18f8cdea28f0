"""What can be asked about registered models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pycore.entities import ModelVersion, PagedList, RegisteredModel, RegisteredModelTag


class RegisteredModels(Protocol):
    """Names under which versions are kept. An unknown name is `NotFound`."""

    def create(
        self, name: str, tags: Sequence[RegisteredModelTag] = (), description: str | None = None
    ) -> RegisteredModel:
        """Make a registered model; `AlreadyExists` when the name is taken."""
        ...

    def get(self, name: str) -> RegisteredModel:
        """Return it with its latest version per stage."""
        ...

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        """Give it another name; versions, tags and aliases follow."""
        ...

    def update(self, name: str, description: str | None) -> RegisteredModel:
        """Replace the description; None clears it."""
        ...

    def delete(self, name: str) -> None:
        """Delete it with versions, tags and aliases.

        `Conflict`, naming them, while versions are in Staging or Production.
        """
        ...

    def search(
        self,
        filter_string: str = "",
        max_results: int = 100,
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """Return a page, by name unless `order_by` says otherwise."""
        ...

    def get_latest_versions(self, name: str, stages: Sequence[str] = ()) -> list[ModelVersion]:
        """Return the highest version in each stage asked for, or in every stage; by version."""
        ...

    def set_tag(self, name: str, tag: RegisteredModelTag) -> None:
        """Set or replace a tag."""
        ...

    def delete_tag(self, name: str, key: str) -> None:
        """Remove a tag; an unknown key is no error."""
        ...

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version, wherever it pointed before."""
        ...

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias; an unknown one is no error."""
        ...
