"""Registered models of a server."""

from __future__ import annotations

from collections.abc import Sequence

from pycore.client.transport import Transport
from pycore.entities import ModelVersion, PagedList, RegisteredModel, RegisteredModelTag
from pycore.wire import model_versions, registered_models
from pycore.wire import tags as pairs
from pycore.wire.encoding import next_page_token


class RegisteredModels:
    """`pycore.protocols.RegisteredModels` over HTTP."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, name: str, tags: Sequence[RegisteredModelTag] = (), description: str | None = None
    ) -> RegisteredModel:
        """Make a registered model."""
        body = {"name": name, "tags": pairs.list_to_json(tags), "description": description}
        reply = self._transport.call("POST", "mlflow/registered-models/create", body=body, idempotent=False)
        return registered_models.from_json(reply["registered_model"])

    def get(self, name: str) -> RegisteredModel:
        """Return it with its latest version per stage."""
        query = {"name": name}
        reply = self._transport.call("GET", "mlflow/registered-models/get", query=query, idempotent=True)
        return registered_models.from_json(reply["registered_model"])

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        """Give it another name."""
        body = {"name": name, "new_name": new_name}
        reply = self._transport.call("POST", "mlflow/registered-models/rename", body=body, idempotent=False)
        return registered_models.from_json(reply["registered_model"])

    def update(self, name: str, description: str | None) -> RegisteredModel:
        """Replace the description; None clears it."""
        body = {"name": name, "description": description}
        reply = self._transport.call("PATCH", "mlflow/registered-models/update", body=body, idempotent=True)
        return registered_models.from_json(reply["registered_model"])

    def delete(self, name: str) -> None:
        """Delete it with versions, tags and aliases."""
        body = {"name": name}
        self._transport.call("DELETE", "mlflow/registered-models/delete", body=body, idempotent=False)

    def search(
        self,
        filter_string: str = "",
        max_results: int = 100,
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """Return a page."""
        query = {
            "filter": filter_string or None,
            "max_results": max_results,
            "order_by": list(order_by),
            "page_token": page_token,
        }
        reply = self._transport.call("GET", "mlflow/registered-models/search", query=query, idempotent=True)
        page = (registered_models.from_json(item) for item in reply.get("registered_models", ()))
        return PagedList(page, next_page_token(reply))

    def get_latest_versions(self, name: str, stages: Sequence[str] = ()) -> list[ModelVersion]:
        """Return the highest version in each stage asked for, or in every stage."""
        body = {"name": name, "stages": list(stages)}
        reply = self._transport.call(
            "POST", "mlflow/registered-models/get-latest-versions", body=body, idempotent=True
        )
        return [model_versions.from_json(item) for item in reply.get("model_versions", ())]

    def set_tag(self, name: str, tag: RegisteredModelTag) -> None:
        """Set or replace a tag."""
        body = {"name": name, **pairs.to_json(tag)}
        self._transport.call("POST", "mlflow/registered-models/set-tag", body=body, idempotent=True)

    def delete_tag(self, name: str, key: str) -> None:
        """Remove a tag."""
        body = {"name": name, "key": key}
        self._transport.call("DELETE", "mlflow/registered-models/delete-tag", body=body, idempotent=True)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version."""
        body = {"name": name, "alias": alias, "version": version}
        self._transport.call("POST", "mlflow/registered-models/alias", body=body, idempotent=True)

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias."""
        body = {"name": name, "alias": alias}
        self._transport.call("DELETE", "mlflow/registered-models/alias", body=body, idempotent=True)
