"""The one table of endpoints: which function answers which method and address.

The application mounts it, and the tests demand a request for each line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Request, Response

from pycore.protocols import Api
from pycore.server import needs
from pycore.server.arguments import arguments_of, query_of
from pycore.server.needs import Need
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
    permissions,
    probes,
    registered_models,
    runs,
    traces,
    users,
)
from pycore.wire.encoding import JsonObject

if TYPE_CHECKING:
    from pycore.server.guard import Guard

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
    needs : Need
        What a caller needs to be let in, where the server asks who calls.
    prefixes : tuple of str
    """

    method: str
    path: str
    handler: Callable[..., Any]
    needs: Need
    prefixes: tuple[str, ...]

    @property
    def addresses(self) -> list[str]:
        """The full paths it answers."""
        return [prefix + self.path for prefix in self.prefixes]

    @property
    def name(self) -> str:
        """Unique in the table."""
        return f"{self.method} {self.path}"

    def respond(self, api: Api, guard: Guard | None, request: Request, /, **path: str) -> Response:
        """Answer a request that a guard, where there is one, lets in."""
        if guard is not None:
            api, _ = guard.admit(self, request.environ, query_of(request.environ), path)
        reply: Response = self.handler(api, request, **path)
        return reply


@dataclass(frozen=True)
class JsonRoute(Route):
    """An endpoint of the REST API proper: arguments in, a JSON object out; as a stream where it is long."""

    handler: Callable[..., JsonObject | Iterator[bytes]]
    prefixes: tuple[str, ...] = API_PREFIXES

    def respond(self, api: Api, guard: Guard | None, request: Request, /, **path: str) -> Response:
        """Answer a request that a guard, where there is one, lets in."""
        arguments = arguments_of(request.environ)
        if guard is not None:
            api, arguments = guard.admit(self, request.environ, arguments, path)
        answer = self.handler(api, arguments, **path)
        if isinstance(answer, dict):
            return json_reply(answer)
        return Response(answer, content_type="application/json")


def _describe(api: Api, request: Request) -> Response:
    """Return this description."""
    return documentation.description(ROUTES, request)


ROUTES: tuple[Route, ...] = (
    JsonRoute("POST", "experiments/create", experiments.create, needs.CREATE),
    JsonRoute("GET", "experiments/get", experiments.get, needs.READ_EXPERIMENT),
    JsonRoute("GET", "experiments/get-by-name", experiments.get_by_name, needs.READ_EXPERIMENT_NAMED),
    JsonRoute("POST", "experiments/search", experiments.search, needs.KNOWN),
    JsonRoute("GET", "experiments/search", experiments.search, needs.KNOWN),
    JsonRoute("GET", "experiments/list", experiments.search, needs.KNOWN),
    JsonRoute("POST", "experiments/update", experiments.update, needs.EDIT_EXPERIMENT),
    JsonRoute("POST", "experiments/delete", experiments.delete, needs.MANAGE_EXPERIMENT),
    JsonRoute("POST", "experiments/restore", experiments.restore, needs.MANAGE_EXPERIMENT),
    JsonRoute("POST", "experiments/set-experiment-tag", experiments.set_tag, needs.EDIT_EXPERIMENT),
    JsonRoute("POST", "experiments/delete-experiment-tag", experiments.delete_tag, needs.EDIT_EXPERIMENT),
    JsonRoute("POST", "experiments/search-datasets", datasets.search, needs.READ_EXPERIMENTS),
    JsonRoute("POST", "runs/create", runs.create, needs.CREATE_RUN),
    JsonRoute("GET", "runs/get", runs.get, needs.READ_RUN),
    JsonRoute("POST", "runs/update", runs.update, needs.EDIT_RUN),
    JsonRoute("POST", "runs/delete", runs.delete, needs.MANAGE_RUN),
    JsonRoute("POST", "runs/restore", runs.restore, needs.MANAGE_RUN),
    JsonRoute("POST", "runs/search", runs.search, needs.READABLE_EXPERIMENTS),
    JsonRoute("POST", "runs/log-metric", runs.log_metric, needs.MEASURE),
    JsonRoute("POST", "runs/log-parameter", runs.log_parameter, needs.EDIT_RUN),
    JsonRoute("POST", "runs/log-batch", runs.log_batch, needs.MEASURE),
    JsonRoute("POST", "runs/set-tag", runs.set_tag, needs.EDIT_RUN),
    JsonRoute("POST", "runs/delete-tag", runs.delete_tag, needs.EDIT_RUN),
    JsonRoute("POST", "runs/log-model", runs.log_model, needs.EDIT_RUN),
    JsonRoute("POST", "runs/log-inputs", runs.log_inputs, needs.EDIT_RUN),
    JsonRoute("POST", "runs/outputs", runs.log_outputs, needs.EDIT_RUN),
    JsonRoute("GET", "metrics/get-history", metrics.get_history, needs.READ_RUN),
    JsonRoute("GET", "metrics/get-history-bulk", metrics.get_history_bulk, needs.READ_RUNS),
    JsonRoute("GET", "metrics/get-history-bulk-interval", metrics.get_history_bulk_interval, needs.READ_RUNS),
    JsonRoute("POST", "registered-models/create", registered_models.create, needs.CREATE),
    JsonRoute("GET", "registered-models/get", registered_models.get, needs.READ_REGISTERED_MODEL),
    JsonRoute("POST", "registered-models/rename", registered_models.rename, needs.EDIT_REGISTERED_MODEL),
    JsonRoute("PATCH", "registered-models/update", registered_models.update, needs.EDIT_REGISTERED_MODEL),
    JsonRoute("DELETE", "registered-models/delete", registered_models.delete, needs.MANAGE_REGISTERED_MODEL),
    JsonRoute("GET", "registered-models/search", registered_models.search, needs.KNOWN),
    JsonRoute("POST", "registered-models/search", registered_models.search, needs.KNOWN),
    JsonRoute("GET", "registered-models/list", registered_models.search, needs.KNOWN),
    JsonRoute("POST", "registered-models/list", registered_models.search, needs.KNOWN),
    JsonRoute(
        "GET",
        "registered-models/get-latest-versions",
        registered_models.get_latest_versions,
        needs.READ_REGISTERED_MODEL,
    ),
    JsonRoute(
        "POST",
        "registered-models/get-latest-versions",
        registered_models.get_latest_versions,
        needs.READ_REGISTERED_MODEL,
    ),
    JsonRoute("POST", "registered-models/set-tag", registered_models.set_tag, needs.EDIT_REGISTERED_MODEL),
    JsonRoute(
        "DELETE", "registered-models/delete-tag", registered_models.delete_tag, needs.EDIT_REGISTERED_MODEL
    ),
    JsonRoute("POST", "registered-models/alias", registered_models.set_alias, needs.EDIT_REGISTERED_MODEL),
    JsonRoute(
        "DELETE", "registered-models/alias", registered_models.delete_alias, needs.EDIT_REGISTERED_MODEL
    ),
    JsonRoute("GET", "registered-models/alias", registered_models.get_by_alias, needs.READ_REGISTERED_MODEL),
    JsonRoute("POST", "model-versions/create", model_versions.create, needs.CREATE_VERSION),
    JsonRoute("GET", "model-versions/get", model_versions.get, needs.READ_REGISTERED_MODEL),
    JsonRoute("PATCH", "model-versions/update", model_versions.update, needs.EDIT_REGISTERED_MODEL),
    JsonRoute("DELETE", "model-versions/delete", model_versions.delete, needs.MANAGE_REGISTERED_MODEL),
    JsonRoute("GET", "model-versions/search", model_versions.search, needs.KNOWN),
    JsonRoute(
        "GET", "model-versions/get-download-uri", model_versions.get_download_uri, needs.READ_REGISTERED_MODEL
    ),
    JsonRoute("POST", "model-versions/transition-stage", model_versions.transition_stage, needs.MOVE_VERSION),
    JsonRoute("POST", "model-versions/set-tag", model_versions.set_tag, needs.EDIT_REGISTERED_MODEL),
    JsonRoute("DELETE", "model-versions/delete-tag", model_versions.delete_tag, needs.EDIT_REGISTERED_MODEL),
    JsonRoute("POST", "logged-models", logged_models.create, needs.CREATE_LOGGED_MODEL),
    JsonRoute("POST", "logged-models/search", logged_models.search, needs.READABLE_EXPERIMENTS),
    JsonRoute("GET", "logged-models/<model_id>", logged_models.get, needs.READ_LOGGED_MODEL),
    JsonRoute("PATCH", "logged-models/<model_id>", logged_models.finalize, needs.EDIT_LOGGED_MODEL),
    JsonRoute("DELETE", "logged-models/<model_id>", logged_models.delete, needs.MANAGE_LOGGED_MODEL),
    JsonRoute("PATCH", "logged-models/<model_id>/tags", logged_models.set_tags, needs.EDIT_LOGGED_MODEL),
    JsonRoute(
        "DELETE",
        "logged-models/<model_id>/tags/<path:key>",
        logged_models.delete_tag,
        needs.EDIT_LOGGED_MODEL,
    ),
    JsonRoute("POST", "logged-models/<model_id>/params", logged_models.log_params, needs.EDIT_LOGGED_MODEL),
    JsonRoute(
        "GET",
        "logged-models/<model_id>/artifacts/directories",
        logged_models.list_artifacts,
        needs.READ_LOGGED_MODEL,
    ),
    Route(
        "GET",
        "logged-models/<model_id>/artifacts/files",
        artifact_files.get_of_logged_model,
        needs.READ_LOGGED_MODEL,
        API_PREFIXES,
    ),
    JsonRoute("POST", "users/create", users.create, needs.ADMINISTRATOR),
    JsonRoute("GET", "users/get", users.get, needs.SEE_ACCOUNT),
    JsonRoute("GET", "users/list", users.list_users, needs.SEE_USERS),
    JsonRoute("PATCH", "users/update-password", users.update_password, needs.CHANGE_PASSWORD),
    JsonRoute("PATCH", "users/update-admin", users.update_admin, needs.ADMINISTRATOR),
    JsonRoute("DELETE", "users/delete", users.delete, needs.ADMINISTRATOR),
    JsonRoute("POST", "users/permissions/grant", permissions.grant, needs.MANAGE_RESOURCE),
    JsonRoute("GET", "users/permissions/get", permissions.effective, needs.SEE_PERMISSION),
    JsonRoute("POST", "users/permissions/revoke", permissions.revoke, needs.MANAGE_RESOURCE),
    JsonRoute(
        "POST", "experiments/permissions/create", permissions.create_on_experiment, needs.MANAGE_EXPERIMENT
    ),
    JsonRoute(
        "GET", "experiments/permissions/get", permissions.get_on_experiment, needs.SEE_EXPERIMENT_PERMISSIONS
    ),
    JsonRoute(
        "PATCH", "experiments/permissions/update", permissions.update_on_experiment, needs.MANAGE_EXPERIMENT
    ),
    JsonRoute(
        "DELETE", "experiments/permissions/delete", permissions.delete_on_experiment, needs.MANAGE_EXPERIMENT
    ),
    JsonRoute(
        "POST",
        "registered-models/permissions/create",
        permissions.create_on_model,
        needs.MANAGE_REGISTERED_MODEL,
    ),
    JsonRoute(
        "GET",
        "registered-models/permissions/get",
        permissions.get_on_model,
        needs.SEE_REGISTERED_MODEL_PERMISSIONS,
    ),
    JsonRoute(
        "PATCH",
        "registered-models/permissions/update",
        permissions.update_on_model,
        needs.MANAGE_REGISTERED_MODEL,
    ),
    JsonRoute(
        "DELETE",
        "registered-models/permissions/delete",
        permissions.delete_on_model,
        needs.MANAGE_REGISTERED_MODEL,
    ),
    JsonRoute("POST", "traces/search", traces.search, needs.KNOWN),
    JsonRoute("GET", "traces", traces.search, needs.KNOWN),
    Route("POST", "traces", traces.refuse, needs.KNOWN, API_PREFIXES),
    JsonRoute("GET", "artifacts/list", artifacts.list_artifacts, needs.READ_RUN),
    JsonRoute(
        "POST", "artifacts/presigned-upload-url", direct_transfers.sign_upload, needs.EDIT_RUN_OR_LOGGED_MODEL
    ),
    JsonRoute("POST", "artifacts/presigned-download-url", direct_transfers.sign_download, needs.READ_RUN),
    Route("GET", "get-artifact", artifact_files.get_of_run, needs.READ_RUN, ROOT + API_PREFIXES),
    Route(
        "GET",
        "model-versions/get-artifact",
        artifact_files.get_of_version,
        needs.READ_REGISTERED_MODEL,
        ROOT + API_PREFIXES,
    ),
    Route("POST", "upload-artifact", artifact_files.upload_to_run, needs.EDIT_RUN, ROOT + API_PREFIXES),
    Route("GET", "artifacts", artifact_files.list_proxied, needs.READ_FOLDER, PROXY_PREFIXES),
    Route("GET", "artifacts/<artifact:path>", artifact_files.get_proxied, needs.READ_FILE, PROXY_PREFIXES),
    Route("PUT", "artifacts/<artifact:path>", artifact_files.put_proxied, needs.EDIT_FILE, PROXY_PREFIXES),
    Route(
        "DELETE",
        "artifacts/<artifact:path>",
        artifact_files.delete_proxied,
        needs.MANAGE_FILE,
        PROXY_PREFIXES,
    ),
    JsonRoute(
        "POST", "mpu/create/<artifact:path>", direct_transfers.start_parts, needs.EDIT_FILE, PROXY_PREFIXES
    ),
    JsonRoute(
        "POST", "mpu/complete/<artifact:path>", direct_transfers.finish_parts, needs.EDIT_FILE, PROXY_PREFIXES
    ),
    JsonRoute(
        "POST", "mpu/abort/<artifact:path>", direct_transfers.abort_parts, needs.EDIT_FILE, PROXY_PREFIXES
    ),
    JsonRoute(
        "GET", "presigned/<artifact:path>", direct_transfers.sign_proxied, needs.READ_FILE, PROXY_PREFIXES
    ),
    Route("GET", "server-info", probes.server_info, needs.KNOWN, API_PREFIXES),
    Route("GET", "health", probes.health, needs.OPEN, ROOT),
    Route("GET", "version", probes.version, needs.OPEN, ROOT),
    Route("GET", "metrics", probes.metrics, needs.KNOWN, ROOT),
    Route("GET", "api/openapi.json", _describe, needs.KNOWN, ROOT),
    Route("GET", "docs", documentation.page, needs.KNOWN, ROOT),
    Route("GET", "docs/<name>", documentation.file_of_page, needs.KNOWN, ROOT),
    Route("GET", "", home.home, needs.KNOWN, ROOT),
)

# Addresses with variable parts, and those that give some method the whole HTTP request, are Flask's.
_FLASK_PATHS = {route.path for route in ROUTES if "<" in route.path or not isinstance(route, JsonRoute)}
#: The routes that `pycore.server.json_api` answers.
FIXED_ROUTES = [route for route in ROUTES if isinstance(route, JsonRoute) and route.path not in _FLASK_PATHS]
FIXED_ADDRESSES = [address for route in FIXED_ROUTES for address in route.addresses]
#: What is answered to everybody, also where the server asks who calls.
OPEN_ADDRESSES = [address for route in ROUTES if route.needs is needs.OPEN for address in route.addresses]
