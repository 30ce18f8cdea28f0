"""Model versions of a server."""

from __future__ import annotations

from collections.abc import Sequence

from pycore.client.transport import Transport
from pycore.entities import ModelVersion, ModelVersionTag, PagedList
from pycore.wire import model_versions
from pycore.wire import tags as pairs
from pycore.wire.encoding import next_page_token


class ModelVersions:
    """`pycore.protocols.ModelVersions` over HTTP."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

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
        """Add the next version of a registered model."""
        body = {
            "name": name,
            "source": source,
            "run_id": run_id,
            "tags": pairs.list_to_json(tags),
            "run_link": run_link,
            "description": description,
            "model_id": model_id,
        }
        reply = self._transport.call("POST", "mlflow/model-versions/create", body=body, idempotent=False)
        return model_versions.from_json(reply["model_version"])

    def get(self, name: str, version: str) -> ModelVersion:
        """Return one version."""
        query = {"name": name, "version": version}
        reply = self._transport.call("GET", "mlflow/model-versions/get", query=query, idempotent=True)
        return model_versions.from_json(reply["model_version"])

    def get_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version an alias points at."""
        query = {"name": name, "alias": alias}
        reply = self._transport.call("GET", "mlflow/registered-models/alias", query=query, idempotent=True)
        return model_versions.from_json(reply["model_version"])

    def update(self, name: str, version: str, description: str | None) -> ModelVersion:
        """Replace the description; None clears it."""
        body = {"name": name, "version": version, "description": description}
        reply = self._transport.call("PATCH", "mlflow/model-versions/update", body=body, idempotent=True)
        return model_versions.from_json(reply["model_version"])

    def delete(self, name: str, version: str) -> None:
        """Delete a version and its aliases."""
        body = {"name": name, "version": version}
        self._transport.call("DELETE", "mlflow/model-versions/delete", body=body, idempotent=False)

    def search(
        self,
        filter_string: str = "",
        max_results: int = 10_000,
        order_by: Sequence[str] = (),
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """Return a page."""
        query = {
            "filter": filter_string or None,
            "max_results": max_results,
            "order_by": list(order_by),
            "page_token": page_token,
        }
        reply = self._transport.call("GET", "mlflow/model-versions/search", query=query, idempotent=True)
        page = (model_versions.from_json(item) for item in reply.get("model_versions", ()))
        return PagedList(page, next_page_token(reply))

    def transition_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage."""
        body = {
            "name": name,
            "version": version,
            "stage": stage,
            "archive_existing_versions": archive_existing_versions,
        }
        reply = self._transport.call(
            "POST", "mlflow/model-versions/transition-stage", body=body, idempotent=True
        )
        return model_versions.from_json(reply["model_version"])

    def set_tag(self, name: str, version: str, tag: ModelVersionTag) -> None:
        """Set or replace a tag."""
        body = {"name": name, "version": version, **pairs.to_json(tag)}
        self._transport.call("POST", "mlflow/model-versions/set-tag", body=body, idempotent=True)

    def delete_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag."""
        body = {"name": name, "version": version, "key": key}
        self._transport.call("DELETE", "mlflow/model-versions/delete-tag", body=body, idempotent=True)

    def get_download_uri(self, name: str, version: str) -> str:
        """Return where the version's files lie."""
        query = {"name": name, "version": version}
        reply = self._transport.call(
            "GET", "mlflow/model-versions/get-download-uri", query=query, idempotent=True
        )
        return str(reply["artifact_uri"])
