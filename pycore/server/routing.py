"""The one table of endpoints: which function answers which method and address.

The application mounts it, and the tests demand a request for each line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Request, Response

from pycore.protocols import Api
from pycore.server.arguments import arguments_of
from pycore.server.replies import json_reply
from pycore.server.routes import (
    artifact_files,
    artifacts,
    datasets,
    direct_transfers,
    documentation,
    experiments,
    home,
    logged_models,
    metrics,
    model_versions,
    probes,
    registered_models,
    runs,
    traces,
)
from pycore.wire.encoding import JsonObject

#: Official clients use the first; pages, clients before 1.0 and new clients use the others.
API_PREFIXES = tuple(
    f"{twin}/{version}/mlflow/" for twin in ("/api", "/ajax-api") for version in ("2.0", "2.0/preview", "3.0")
)
PROXY_PREFIXES = ("/api/2.0/mlflow-artifacts/", "/ajax-api/2.0/mlflow-artifacts/")
ROOT = ("/",)


@dataclass(frozen=True)
class Route:
    """An endpoint that is given the HTTP request and makes the whole HTTP reply.

    Attributes
    ----------
    method : str
        HEAD comes along with GET.
    path : str
        Below each of the prefixes; ``<artifact:path>`` is any text, handed over as `path`.
    handler : callable
        Called with the Api, the request and the parts of the path.
    prefixes : tuple of str
    """

    method: str
    path: str
    handler: Callable[..., Any]
    prefixes: tuple[str, ...]

    @property
    def addresses(self) -> list[str]:
        """The full paths it answers."""
        return [prefix + self.path for prefix in self.prefixes]

    @property
    def name(self) -> str:
        """Unique in the table."""
        return f"{self.method} {self.path}"

    def respond(self, api: Api, request: Request, **path: str) -> Response:
        """Answer a request."""
        reply: Response = self.handler(api, request, **path)
        return reply


@dataclass(frozen=True)
class JsonRoute(Route):
    """An endpoint of the REST API proper: arguments in, a JSON object out; as a stream where it is long."""

    handler: Callable[..., JsonObject | Iterator[bytes]]
    prefixes: tuple[str, ...] = API_PREFIXES

    def respond(self, api: Api, request: Request, **path: str) -> Response:
        """Answer a request."""
        answer = self.handler(api, arguments_of(request.environ), **path)
        if isinstance(answer, dict):
            return json_reply(answer)
        return Response(answer, content_type="application/json")


def _describe(api: Api, request: Request) -> Response:
    """Return this description."""
    return documentation.description(ROUTES, request)


ROUTES: tuple[Route, ...] = (
    JsonRoute("POST", "experiments/create", experiments.create),
    JsonRoute("GET", "experiments/get", experiments.get),
    JsonRoute("GET", "experiments/get-by-name", experiments.get_by_name),
    JsonRoute("POST", "experiments/search", experiments.search),
    JsonRoute("GET", "experiments/search", experiments.search),
    JsonRoute("GET", "experiments/list", experiments.search),
    JsonRoute("POST", "experiments/update", experiments.update),
    JsonRoute("POST", "experiments/delete", experiments.delete),
    JsonRoute("POST", "experiments/restore", experiments.restore),
    JsonRoute("POST", "experiments/set-experiment-tag", experiments.set_tag),
    JsonRoute("POST", "experiments/delete-experiment-tag", experiments.delete_tag),
    JsonRoute("POST", "experiments/search-datasets", datasets.search),
    JsonRoute("POST", "runs/create", runs.create),
    JsonRoute("GET", "runs/get", runs.get),
    JsonRoute("POST", "runs/update", runs.update),
    JsonRoute("POST", "runs/delete", runs.delete),
    JsonRoute("POST", "runs/restore", runs.restore),
    JsonRoute("POST", "runs/search", runs.search),
    JsonRoute("POST", "runs/log-metric", runs.log_metric),
    JsonRoute("POST", "runs/log-parameter", runs.log_parameter),
    JsonRoute("POST", "runs/log-batch", runs.log_batch),
    JsonRoute("POST", "runs/set-tag", runs.set_tag),
    JsonRoute("POST", "runs/delete-tag", runs.delete_tag),
    JsonRoute("POST", "runs/log-model", runs.log_model),
    JsonRoute("POST", "runs/log-inputs", runs.log_inputs),
    JsonRoute("POST", "runs/outputs", runs.log_outputs),
    JsonRoute("GET", "metrics/get-history", metrics.get_history),
    JsonRoute("GET", "metrics/get-history-bulk", metrics.get_history_bulk),
    JsonRoute("GET", "metrics/get-history-bulk-interval", metrics.get_history_bulk_interval),
    JsonRoute("POST", "registered-models/create", registered_models.create),
    JsonRoute("GET", "registered-models/get", registered_models.get),
    JsonRoute("POST", "registered-models/rename", registered_models.rename),
    JsonRoute("PATCH", "registered-models/update", registered_models.update),
    JsonRoute("DELETE", "registered-models/delete", registered_models.delete),
    JsonRoute("GET", "registered-models/search", registered_models.search),
    JsonRoute("POST", "registered-models/search", registered_models.search),
    JsonRoute("GET", "registered-models/list", registered_models.search),
    JsonRoute("POST", "registered-models/list", registered_models.search),
    JsonRoute("GET", "registered-models/get-latest-versions", registered_models.get_latest_versions),
    JsonRoute("POST", "registered-models/get-latest-versions", registered_models.get_latest_versions),
    JsonRoute("POST", "registered-models/set-tag", registered_models.set_tag),
    JsonRoute("DELETE", "registered-models/delete-tag", registered_models.delete_tag),
    JsonRoute("POST", "registered-models/alias", registered_models.set_alias),
    JsonRoute("DELETE", "registered-models/alias", registered_models.delete_alias),
    JsonRoute("GET", "registered-models/alias", registered_models.get_by_alias),
    JsonRoute("POST", "model-versions/create", model_versions.create),
    JsonRoute("GET", "model-versions/get", model_versions.get),
    JsonRoute("PATCH", "model-versions/update", model_versions.update),
    JsonRoute("DELETE", "model-versions/delete", model_versions.delete),
    JsonRoute("GET", "model-versions/search", model_versions.search),
    JsonRoute("GET", "model-versions/get-download-uri", model_versions.get_download_uri),
    JsonRoute("POST", "model-versions/transition-stage", model_versions.transition_stage),
    JsonRoute("POST", "model-versions/set-tag", model_versions.set_tag),
    JsonRoute("DELETE", "model-versions/delete-tag", model_versions.delete_tag),
    JsonRoute("POST", "logged-models", logged_models.create),
    JsonRoute("POST", "logged-models/search", logged_models.search),
    JsonRoute("GET", "logged-models/<model_id>", logged_models.get),
    JsonRoute("PATCH", "logged-models/<model_id>", logged_models.finalize),
    JsonRoute("DELETE", "logged-models/<model_id>", logged_models.delete),
    JsonRoute("PATCH", "logged-models/<model_id>/tags", logged_models.set_tags),
    JsonRoute("DELETE", "logged-models/<model_id>/tags/<path:key>", logged_models.delete_tag),
    JsonRoute("POST", "logged-models/<model_id>/params", logged_models.log_params),
    JsonRoute("GET", "logged-models/<model_id>/artifacts/directories", logged_models.list_artifacts),
    Route(
        "GET", "logged-models/<model_id>/artifacts/files", artifact_files.get_of_logged_model, API_PREFIXES
    ),
    JsonRoute("POST", "traces/search", traces.search),
    JsonRoute("GET", "traces", traces.search),
    Route("POST", "traces", traces.refuse, API_PREFIXES),
    JsonRoute("GET", "artifacts/list", artifacts.list_artifacts),
    JsonRoute("POST", "artifacts/presigned-upload-url", direct_transfers.sign_upload),
    JsonRoute("POST", "artifacts/presigned-download-url", direct_transfers.sign_download),
    Route("GET", "get-artifact", artifact_files.get_of_run, ROOT + API_PREFIXES),
    Route("GET", "model-versions/get-artifact", artifact_files.get_of_version, ROOT + API_PREFIXES),
    Route("POST", "upload-artifact", artifact_files.upload_to_run, ROOT + API_PREFIXES),
    Route("GET", "artifacts", artifact_files.list_proxied, PROXY_PREFIXES),
    Route("GET", "artifacts/<artifact:path>", artifact_files.get_proxied, PROXY_PREFIXES),
    Route("PUT", "artifacts/<artifact:path>", artifact_files.put_proxied, PROXY_PREFIXES),
    Route("DELETE", "artifacts/<artifact:path>", artifact_files.delete_proxied, PROXY_PREFIXES),
    JsonRoute("POST", "mpu/create/<artifact:path>", direct_transfers.start_parts, PROXY_PREFIXES),
    JsonRoute("POST", "mpu/complete/<artifact:path>", direct_transfers.finish_parts, PROXY_PREFIXES),
    JsonRoute("POST", "mpu/abort/<artifact:path>", direct_transfers.abort_parts, PROXY_PREFIXES),
    JsonRoute("GET", "presigned/<artifact:path>", direct_transfers.sign_proxied, PROXY_PREFIXES),
    Route("GET", "server-info", probes.server_info, API_PREFIXES),
    Route("GET", "health", probes.health, ROOT),
    Route("GET", "version", probes.version, ROOT),
    Route("GET", "metrics", probes.metrics, ROOT),
    Route("GET", "api/openapi.json", _describe, ROOT),
    Route("GET", "docs", documentation.page, ROOT),
    Route("GET", "docs/<name>", documentation.file_of_page, ROOT),
    Route("GET", "", home.home, ROOT),
)

# Addresses with variable parts, and those that give some method the whole HTTP request, are Flask's.
_FLASK_PATHS = {route.path for route in ROUTES if "<" in route.path or not isinstance(route, JsonRoute)}
#: The routes that `pycore.server.json_api` answers.
FIXED_ROUTES = [route for route in ROUTES if isinstance(route, JsonRoute) and route.path not in _FLASK_PATHS]
