"""A request for each line of the table of routes, and whether its answer is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Example = Callable[[Any], Any]


def run_of(w: Any) -> str:
    return w.run_id


def artifact_path(w: Any, name: str) -> str:
    return f"artifacts/{w.experiment_id}/{w.run_id}/artifacts/{name}"


def is_501(reply: Any) -> bool:
    return reply.status_code == 501 and reply.json["error_code"] == "NOT_IMPLEMENTED"


USER = {"username": "eve"}
ON_EXPERIMENT = {**USER, "experiment_id": "0"}
ON_MODEL = {**USER, "name": "iris-lm"}
ON_RESOURCE = {**USER, "resource_type": "experiment", "resource_id": "0"}


def edit_of(answer: dict[str, Any], key: str) -> bool:
    """Tell whether it is what eve, the second user, was granted on a thing."""
    (grant,) = answer.values()
    return set(grant) == {key, "user_id", "permission"} and (grant["user_id"], grant["permission"]) == (
        2,
        "EDIT",
    )


MODEL_JSON = '{"run_id": "r", "artifact_path": "model", "utc_time_created": "2026-01-01", "flavors": {}}'

#: Method and path -> a call that is true of a right answer. A route without a line here fails its test.
EXAMPLES: dict[str, Example] = {
    "POST experiments/create": lambda w: w.rest.post("experiments/create", name="x")["experiment_id"] == "2",
    "GET experiments/get": lambda w: (
        w.rest.get("experiments/get", experiment_id=w.experiment_id)["experiment"]["name"] == "iris"
    ),
    "GET experiments/get-by-name": lambda w: (
        w.rest.get("experiments/get-by-name", experiment_name="iris")["experiment"]["experiment_id"]
        == w.experiment_id
    ),
    "POST experiments/search": lambda w: (
        len(w.rest.post("experiments/search", max_results=9)["experiments"]) == 2
    ),
    "GET experiments/search": lambda w: len(w.rest.get("experiments/search")["experiments"]) == 2,
    "GET experiments/list": lambda w: (
        len(w.rest.get("experiments/list", view_type="ALL")["experiments"]) == 2
    ),
    "POST experiments/update": lambda w: (
        w.rest.post("experiments/update", experiment_id=w.experiment_id, new_name="y") == {}
    ),
    "POST experiments/delete": lambda w: (
        w.rest.post("experiments/delete", experiment_id=w.experiment_id) == {}
    ),
    "POST experiments/restore": lambda w: (
        w.rest.post("experiments/delete", experiment_id="0")
        == w.rest.post("experiments/restore", experiment_id="0")
        == {}
    ),
    "POST experiments/set-experiment-tag": lambda w: (
        w.rest.post("experiments/set-experiment-tag", experiment_id="0", key="k", value="v") == {}
    ),
    "POST experiments/delete-experiment-tag": lambda w: (
        w.rest.post("experiments/delete-experiment-tag", experiment_id=w.experiment_id, key="team") == {}
    ),
    "POST runs/create": lambda w: w.rest.post("runs/create")["run"]["info"]["experiment_id"] == "0",
    "GET runs/get": lambda w: (
        w.rest.get("runs/get", run_id=w.run_id)["run"]["data"]["metrics"][0]["value"] == 0.5
    ),
    "POST runs/update": lambda w: (
        w.rest.post("runs/update", run_id=w.run_id, status="FAILED")["run_info"]["status"] == "FAILED"
    ),
    "POST runs/delete": lambda w: w.rest.post("runs/delete", run_id=w.run_id) == {},
    "POST runs/restore": lambda w: w.rest.post("runs/restore", run_id=w.run_id) == {},
    "POST runs/search": lambda w: (
        len(w.rest.post("runs/search", experiment_ids=[w.experiment_id])["runs"]) == 1
    ),
    "POST runs/log-metric": lambda w: (
        w.rest.post("runs/log-metric", run_id=w.run_id, key="m", value=1, timestamp=1) == {}
    ),
    "POST runs/log-parameter": lambda w: (
        w.rest.post("runs/log-parameter", run_id=w.run_id, key="p", value="1") == {}
    ),
    "POST runs/log-batch": lambda w: (
        w.rest.post("runs/log-batch", run_id=w.run_id, params=[{"key": "p", "value": "1"}]) == {}
    ),
    "POST runs/set-tag": lambda w: w.rest.post("runs/set-tag", run_id=w.run_id, key="t", value="1") == {},
    "POST runs/delete-tag": lambda w: w.rest.post("runs/delete-tag", run_id=w.run_id, key="team") == {},
    "POST runs/log-model": lambda w: (
        w.rest.post("runs/log-model", run_id=w.run_id, model_json=MODEL_JSON) == {}
    ),
    "POST runs/log-inputs": lambda w: (
        w.rest.post(
            "runs/log-inputs", run_id=w.run_id, datasets=[{"dataset": {"name": "iris", "digest": "d"}}]
        )
        == {}
    ),
    "POST runs/outputs": lambda w: (
        w.rest.post("runs/outputs", run_id=w.run_id, models=[{"model_id": "m-1", "step": 10}]) == {}
    ),
    "POST experiments/search-datasets": lambda w: (
        w.rest.post("experiments/search-datasets", experiment_ids=[w.experiment_id]) == {}
    ),
    "GET metrics/get-history-bulk-interval": lambda w: (
        w.rest.get("metrics/get-history-bulk-interval", run_ids=[w.run_id], metric_key="rmse")["metrics"]
        == [{"key": "rmse", "value": 0.5, "timestamp": 7, "step": 1, "run_id": w.run_id}]
    ),
    "GET metrics/get-history": lambda w: (
        w.rest.get("metrics/get-history", run_id=w.run_id, metric_key="rmse")["metrics"]
        == [{"key": "rmse", "value": 0.5, "timestamp": 7, "step": 1}]
    ),
    "GET metrics/get-history-bulk": lambda w: (
        w.rest.get("metrics/get-history-bulk", run_id=[w.run_id, "0" * 32], metric_key="rmse")["metrics"]
        == [{"key": "rmse", "value": 0.5, "timestamp": 7, "step": 1, "run_id": w.run_id}]
    ),
    "POST registered-models/create": lambda w: (
        w.rest.post("registered-models/create", name="x")["registered_model"]["name"] == "x"
    ),
    "GET registered-models/get": lambda w: (
        w.rest.get("registered-models/get", name=w.model)["registered_model"]["aliases"]
        == [{"alias": "champion", "version": "1"}]
    ),
    "POST registered-models/rename": lambda w: (
        w.rest.post("registered-models/rename", name=w.model, new_name="y")["registered_model"]["name"] == "y"
    ),
    "PATCH registered-models/update": lambda w: (
        w.rest.result("PATCH", "registered-models/update", name=w.model, description="d")["registered_model"][
            "description"
        ]
        == "d"
    ),
    "DELETE registered-models/delete": lambda w: (
        w.rest.result("DELETE", "registered-models/delete", name=w.model) == {}
    ),
    "GET registered-models/search": lambda w: (
        len(w.rest.get("registered-models/search")["registered_models"]) == 1
    ),
    "POST registered-models/search": lambda w: (
        len(w.rest.post("registered-models/search", filter="name = 'iris-lm'")["registered_models"]) == 1
    ),
    "GET registered-models/list": lambda w: (
        len(w.rest.get("registered-models/list")["registered_models"]) == 1
    ),
    "POST registered-models/list": lambda w: (
        len(w.rest.post("registered-models/list")["registered_models"]) == 1
    ),
    "GET registered-models/get-latest-versions": lambda w: (
        w.rest.get("registered-models/get-latest-versions", name=w.model, stages=["None", "Staging"])[
            "model_versions"
        ][0]["version"]
        == "1"
    ),
    "POST registered-models/get-latest-versions": lambda w: (
        w.rest.post("registered-models/get-latest-versions", name=w.model, stages=["Production"]) == {}
    ),
    "POST registered-models/set-tag": lambda w: (
        w.rest.post("registered-models/set-tag", name=w.model, key="k", value="v") == {}
    ),
    "DELETE registered-models/delete-tag": lambda w: (
        w.rest.result("DELETE", "registered-models/delete-tag", name=w.model, key="team") == {}
    ),
    "POST registered-models/alias": lambda w: (
        w.rest.post("registered-models/alias", name=w.model, alias="a", version="1") == {}
    ),
    "DELETE registered-models/alias": lambda w: (
        w.rest.result("DELETE", "registered-models/alias", name=w.model, alias="champion") == {}
    ),
    "GET registered-models/alias": lambda w: (
        w.rest.get("registered-models/alias", name=w.model, alias="champion")["model_version"]["version"]
        == "1"
    ),
    "POST model-versions/create": lambda w: (
        w.rest.post("model-versions/create", name=w.model, source="s3://b/m")["model_version"]["version"]
        == "2"
    ),
    "GET model-versions/get": lambda w: (
        w.rest.get("model-versions/get", name=w.model, version="1")["model_version"]["aliases"]
        == ["champion"]
    ),
    "PATCH model-versions/update": lambda w: (
        w.rest.result("PATCH", "model-versions/update", name=w.model, version="1", description="d")[
            "model_version"
        ]["description"]
        == "d"
    ),
    "DELETE model-versions/delete": lambda w: (
        w.rest.result("DELETE", "model-versions/delete", name=w.model, version="1") == {}
    ),
    "GET model-versions/search": lambda w: (
        len(w.rest.get("model-versions/search", filter=f"run_id = '{w.run_id}'")["model_versions"]) == 1
    ),
    "GET model-versions/get-download-uri": lambda w: w.rest.get(
        "model-versions/get-download-uri", name=w.model, version="1"
    )["artifact_uri"].endswith("/model"),
    "POST model-versions/transition-stage": lambda w: (
        w.rest.post("model-versions/transition-stage", name=w.model, version="1", stage="Production")[
            "model_version"
        ]["current_stage"]
        == "Production"
    ),
    "POST model-versions/set-tag": lambda w: (
        w.rest.post("model-versions/set-tag", name=w.model, version="1", key="k", value="v") == {}
    ),
    "DELETE model-versions/delete-tag": lambda w: (
        w.rest.result("DELETE", "model-versions/delete-tag", name=w.model, version="1", key="k") == {}
    ),
    "POST logged-models": lambda w: (
        w.rest.post("logged-models", experiment_id="0")["model"]["info"]["status"] == "LOGGED_MODEL_PENDING"
    ),
    "POST logged-models/search": lambda w: (
        w.rest.post("logged-models/search", experiment_ids=[w.experiment_id])["models"][0]["info"]["name"]
        == "tree"
    ),
    "GET logged-models/<model_id>": lambda w: (
        w.rest.get(f"logged-models/{w.logged_model}")["model"]["info"]["source_run_id"] == w.run_id
    ),
    "PATCH logged-models/<model_id>": lambda w: (
        w.rest.result("PATCH", f"logged-models/{w.logged_model}", status="LOGGED_MODEL_READY")["model"][
            "info"
        ]["status"]
        == "LOGGED_MODEL_READY"
    ),
    "DELETE logged-models/<model_id>": lambda w: (
        w.rest.result("DELETE", f"logged-models/{w.logged_model}") == {}
    ),
    "PATCH logged-models/<model_id>/tags": lambda w: (
        w.rest.result("PATCH", f"logged-models/{w.logged_model}/tags", tags=[{"key": "a/b", "value": "v"}])
        == {}
    ),
    "DELETE logged-models/<model_id>/tags/<path:key>": lambda w: (
        w.rest.result("DELETE", f"logged-models/{w.logged_model}/tags/team") == {}
    ),
    "POST logged-models/<model_id>/params": lambda w: (
        w.rest.post(f"logged-models/{w.logged_model}/params", params=[{"key": "p", "value": "1"}]) == {}
    ),
    "GET logged-models/<model_id>/artifacts/directories": lambda w: (
        w.rest.get(f"logged-models/{w.logged_model}/artifacts/directories")["files"]
        == [{"path": "MLmodel", "is_dir": False, "file_size": 8}]
    ),
    "GET logged-models/<model_id>/artifacts/files": lambda w: (
        w.rest.call(
            "GET", f"logged-models/{w.logged_model}/artifacts/files", artifact_file_path="MLmodel"
        ).data
        == b"flavors:"
    ),
    "POST traces/search": lambda w: w.rest.post("traces/search") == {},
    "GET traces": lambda w: w.rest.get("traces", experiment_ids="0") == {},
    "POST traces": lambda w: w.rest.call("POST", "traces").status_code == 404,
    "GET artifacts/list": lambda w: (
        w.rest.get("artifacts/list", run_id=w.run_id)
        == {
            "root_uri": f"mlflow-artifacts:/{w.experiment_id}/{w.run_id}/artifacts",
            "files": [{"path": "model", "is_dir": True}, {"path": "tree", "is_dir": True}],
        }
    ),
    "POST artifacts/presigned-upload-url": lambda w: is_501(
        w.rest.call("POST", "artifacts/presigned-upload-url", run_id=w.run_id, path="a.bin")
    ),
    "POST artifacts/presigned-download-url": lambda w: is_501(
        w.rest.call("POST", "artifacts/presigned-download-url", run_id=w.run_id, path="a.bin")
    ),
    "GET get-artifact": lambda w: (
        w.rest.http.get(f"/get-artifact?run_id={w.run_id}&path=model/MLmodel").data == b"flavors:"
    ),
    "GET model-versions/get-artifact": lambda w: (
        w.rest.http.get(f"/model-versions/get-artifact?name={w.model}&version=1&path=MLmodel").data
        == b"flavors:"
    ),
    "POST upload-artifact": lambda w: (
        w.rest.http.post(f"/upload-artifact?run_uuid={w.run_id}&path=a/b.txt", data=b"1").status_code == 200
    ),
    "GET artifacts": lambda w: (
        w.files.get("artifacts", path=f"{w.experiment_id}/{w.run_id}/artifacts/model")
        == {"files": [{"path": "MLmodel", "is_dir": False, "file_size": 8}]}
    ),
    "GET artifacts/<artifact:path>": lambda w: (
        w.files.call("GET", artifact_path(w, "model/MLmodel")).data == b"flavors:"
    ),
    "PUT artifacts/<artifact:path>": lambda w: w.files.result("PUT", artifact_path(w, "new/file")) == {},
    "DELETE artifacts/<artifact:path>": lambda w: w.files.result("DELETE", artifact_path(w, "model")) == {},
    "POST mpu/create/<artifact:path>": lambda w: is_501(
        w.files.call("POST", "mpu/create/a", path="a.bin", num_parts=2)
    ),
    "POST mpu/complete/<artifact:path>": lambda w: is_501(
        w.files.call("POST", "mpu/complete/a", path="a.bin", upload_id="1", parts=[])
    ),
    "POST mpu/abort/<artifact:path>": lambda w: is_501(
        w.files.call("POST", "mpu/abort/a", path="a.bin", upload_id="1")
    ),
    "GET presigned/<artifact:path>": lambda w: is_501(w.files.call("GET", "presigned/a")),
    "GET server-info": lambda w: w.rest.get("server-info")["multipart_uploads_enabled"] is False,
    "GET health": lambda w: w.rest.http.get("/health").data == b"OK",
    "GET version": lambda w: w.rest.http.get("/version").data == b"2.22.0",
    "GET metrics": lambda w: "--expose-prometheus" in w.rest.http.get("/metrics").json["message"],
    "GET api/openapi.json": lambda w: (
        "/api/2.0/mlflow/runs/get" in w.rest.http.get("/api/openapi.json").json["paths"]
    ),
    "GET docs": lambda w: "swagger-ui" in w.rest.http.get("/docs").text,
    "GET docs/<name>": lambda w: "SwaggerUIBundle" in w.rest.http.get("/docs/start.js").text,
    "GET ": lambda w: "iris" in w.rest.http.get("/").text,
}

#: Those of servers that know users, by the first of these; the first user manages them, eve is the second.
USER_EXAMPLES: dict[str, Example] = {
    "POST users/create": lambda w: (
        w.guarded.post("users/create", username="bob", password="x" * 12)["user"]["username"] == "bob"
    ),
    "GET users/get": lambda w: (
        w.guarded.get("users/get", **USER)["user"]["experiment_permissions"]
        == [{"experiment_id": w.experiment_id, "user_id": 2, "permission": "EDIT"}]
    ),
    "GET users/list": lambda w: [user["id"] for user in w.guarded.get("users/list")["users"]] == [1, 2],
    "PATCH users/update-password": lambda w: (
        w.guarded.result("PATCH", "users/update-password", **USER, password="y" * 12) == {}
    ),
    "PATCH users/update-admin": lambda w: (
        w.guarded.result("PATCH", "users/update-admin", **USER, is_admin=True) == {}
    ),
    "DELETE users/delete": lambda w: w.guarded.result("DELETE", "users/delete", **USER) == {},
    "POST users/permissions/grant": lambda w: (
        w.guarded.post("users/permissions/grant", **ON_RESOURCE, permission="EDIT") == {}
    ),
    "GET users/permissions/get": lambda w: (
        w.guarded.get("users/permissions/get", **ON_RESOURCE) == {"permission": "READ", "allowed": False}
    ),
    "POST users/permissions/revoke": lambda w: (
        w.guarded.post("users/permissions/revoke", **ON_RESOURCE | {"resource_id": w.experiment_id}) == {}
    ),
    "POST experiments/permissions/create": lambda w: edit_of(
        w.guarded.post("experiments/permissions/create", **ON_EXPERIMENT, permission="EDIT"), "experiment_id"
    ),
    "GET experiments/permissions/get": lambda w: edit_of(
        w.guarded.get("experiments/permissions/get", **ON_EXPERIMENT | {"experiment_id": w.experiment_id}),
        "experiment_id",
    ),
    "PATCH experiments/permissions/update": lambda w: (
        w.guarded.result(
            "PATCH",
            "experiments/permissions/update",
            **ON_EXPERIMENT | {"experiment_id": w.experiment_id},
            permission="READ",
        )
        == {}
    ),
    "DELETE experiments/permissions/delete": lambda w: (
        w.guarded.result(
            "DELETE",
            "experiments/permissions/delete",
            **ON_EXPERIMENT | {"experiment_id": w.experiment_id},
        )
        == {}
    ),
    "POST registered-models/permissions/create": lambda w: edit_of(
        w.guarded.post("registered-models/permissions/create", **USER, name="other", permission="EDIT"),
        "name",
    ),
    "GET registered-models/permissions/get": lambda w: edit_of(
        w.guarded.get("registered-models/permissions/get", **ON_MODEL), "name"
    ),
    "PATCH registered-models/permissions/update": lambda w: (
        w.guarded.result("PATCH", "registered-models/permissions/update", **ON_MODEL, permission="READ") == {}
    ),
    "DELETE registered-models/permissions/delete": lambda w: (
        w.guarded.result("DELETE", "registered-models/permissions/delete", **ON_MODEL) == {}
    ),
}
