"""What each endpoint takes and gives, by the name that the table of routes has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pycore.entities import LoggedModelStatus, Permission, ResourceKind, RunStatus, Stage, ViewType
from pycore.wire.logged_models import status_to_json
from pycore.wire.schemas import (
    INTEGER,
    NUMBER,
    TEXT,
    TIME,
    TRUTH,
    Schema,
    entity,
    list_of,
    one_of,
    record,
)

JSON = "application/json"
BINARY = "application/octet-stream"
PLAIN = "text/plain"
HTML = "text/html"

_EMPTY = record()


@dataclass(frozen=True)
class Message:
    """A request, and the reply to it.

    Attributes
    ----------
    request : dict
        Schema of an object: the JSON body, or the query of methods that have no body.
    reply : dict
        Schema of the reply, where that is JSON.
    media_type : str
        Of the reply.
    takes_file : bool
        Whether the body is a file; the fields stand in the query then.
    refusal : int, optional
        The status that every request gets.
    unsupported : int, optional
        The status that every request gets where the server's artifacts do not allow it.
    is_old : bool
        Whether only clients of former releases ask so.
    """

    request: Schema = field(default_factory=lambda: _EMPTY)
    reply: Schema = field(default_factory=lambda: _EMPTY)
    media_type: str = JSON
    takes_file: bool = False
    refusal: int | None = None
    unsupported: int | None = None
    is_old: bool = False


_PAGE = {"max_results": INTEGER, "page_token": TEXT}
_NEXT = {"next_page_token": TEXT}
_TAGS = list_of("Tag")
_POINT = {
    "key": TEXT,
    "value": NUMBER,
    "timestamp": TIME,
    "step": INTEGER,
    "model_id": TEXT,
    "dataset_name": TEXT,
    "dataset_digest": TEXT,
}
_STAGES = one_of(*Stage.ALL)

_RUN = record("run_id", run_id=TEXT)
_MODEL = record("name", name=TEXT)
_VERSION = record("name version", name=TEXT, version=TEXT)
_TAG_OF_RUN = record("run_id key", run_id=TEXT, key=TEXT, value=TEXT)
_TAG_OF_MODEL = record("name key", name=TEXT, key=TEXT, value=TEXT)
_TAG_OF_VERSION = record("name version key", name=TEXT, version=TEXT, key=TEXT, value=TEXT)

_GIVES_RUN = record("run", run=entity("Run"))
_GIVES_MODEL = record("registered_model", registered_model=entity("RegisteredModel"))
_GIVES_VERSION = record("model_version", model_version=entity("ModelVersion"))
_GIVES_VERSIONS = record(model_versions=list_of("ModelVersion"))
_GIVES_LOGGED_MODEL = record("model", model=entity("LoggedModel"))
_GIVES_METRICS = record(metrics=list_of("Metric"), **_NEXT)
_HEADERS: Schema = {"type": "object", "additionalProperties": TEXT}
_PART = record("url part_number headers", url=TEXT, part_number=INTEGER, headers=_HEADERS)
_GIVES_FILES = record(root_uri=TEXT, files=list_of("File"))

_EXPERIMENT_SEARCH = Message(
    record(view_type=one_of(*ViewType.__members__), filter=TEXT, order_by=list_of(TEXT), **_PAGE),
    record(experiments=list_of("Experiment"), **_NEXT),
)
_MODEL_SEARCH = Message(
    record(filter=TEXT, order_by=list_of(TEXT), **_PAGE),
    record(registered_models=list_of("RegisteredModel"), **_NEXT),
)
_LATEST_VERSIONS = Message(record("name", name=TEXT, stages=list_of(_STAGES)), _GIVES_VERSIONS)
_NO_TRACES = Message(reply=record())

_EXPERIMENTS: Mapping[str, Message] = {
    "POST experiments/create": Message(
        record("name", name=TEXT, artifact_location=TEXT, tags=_TAGS),
        record("experiment_id", experiment_id=TEXT),
    ),
    "GET experiments/get": Message(
        record("experiment_id", experiment_id=TEXT), record("experiment", experiment=entity("Experiment"))
    ),
    "GET experiments/get-by-name": Message(
        record("experiment_name", experiment_name=TEXT), record("experiment", experiment=entity("Experiment"))
    ),
    "POST experiments/search": _EXPERIMENT_SEARCH,
    "GET experiments/search": _EXPERIMENT_SEARCH,
    "GET experiments/list": Message(_EXPERIMENT_SEARCH.request, _EXPERIMENT_SEARCH.reply, is_old=True),
    "POST experiments/update": Message(record("experiment_id new_name", experiment_id=TEXT, new_name=TEXT)),
    "POST experiments/delete": Message(record("experiment_id", experiment_id=TEXT)),
    "POST experiments/restore": Message(record("experiment_id", experiment_id=TEXT)),
    "POST experiments/set-experiment-tag": Message(
        record("experiment_id key", experiment_id=TEXT, key=TEXT, value=TEXT)
    ),
    "POST experiments/delete-experiment-tag": Message(
        record("experiment_id key", experiment_id=TEXT, key=TEXT)
    ),
    "POST experiments/search-datasets": Message(
        record("experiment_ids", experiment_ids=list_of(TEXT)),
        record(dataset_summaries=list_of("DatasetSummary")),
    ),
}

_RUNS: Mapping[str, Message] = {
    "POST runs/create": Message(
        record(experiment_id=TEXT, user_id=TEXT, start_time=TIME, tags=_TAGS, run_name=TEXT), _GIVES_RUN
    ),
    "GET runs/get": Message(_RUN, _GIVES_RUN),
    "POST runs/update": Message(
        record("run_id", run_id=TEXT, status=one_of(*RunStatus.__members__), end_time=TIME, run_name=TEXT),
        record("run_info", run_info=entity("RunInfo")),
    ),
    "POST runs/delete": Message(_RUN),
    "POST runs/restore": Message(_RUN),
    "POST runs/search": Message(
        record(
            experiment_ids=list_of(TEXT),
            filter=TEXT,
            run_view_type=one_of(*ViewType.__members__),
            order_by=list_of(TEXT),
            **_PAGE,
        ),
        record(runs=list_of("Run"), **_NEXT),
    ),
    "POST runs/log-metric": Message(record("run_id key value timestamp", run_id=TEXT, **_POINT)),
    "POST runs/log-parameter": Message(_TAG_OF_RUN),
    "POST runs/log-batch": Message(
        record(
            "run_id",
            run_id=TEXT,
            metrics=list_of(record("key value timestamp", **_POINT)),
            params=list_of("Param"),
            tags=_TAGS,
        )
    ),
    "POST runs/set-tag": Message(_TAG_OF_RUN),
    "POST runs/delete-tag": Message(record("run_id key", run_id=TEXT, key=TEXT)),
    "POST runs/log-model": Message(record("run_id model_json", run_id=TEXT, model_json=TEXT)),
    "POST runs/log-inputs": Message(
        record("run_id", run_id=TEXT, datasets=list_of("DatasetInput"), models=list_of("ModelInput"))
    ),
    "POST runs/outputs": Message(record("run_id", run_id=TEXT, models=list_of("ModelOutput"))),
    "GET metrics/get-history": Message(
        record("run_id metric_key", run_id=TEXT, metric_key=TEXT, **_PAGE), _GIVES_METRICS
    ),
    "GET metrics/get-history-bulk": Message(
        record("run_id metric_key", run_id=list_of(TEXT), metric_key=TEXT, max_results=INTEGER),
        _GIVES_METRICS,
    ),
    "GET metrics/get-history-bulk-interval": Message(
        record(
            "run_ids metric_key",
            run_ids=list_of(TEXT),
            metric_key=TEXT,
            start_step=INTEGER,
            end_step=INTEGER,
            max_results=INTEGER,
        ),
        _GIVES_METRICS,
    ),
}

_REGISTRY: Mapping[str, Message] = {
    "POST registered-models/create": Message(
        record("name", name=TEXT, tags=_TAGS, description=TEXT), _GIVES_MODEL
    ),
    "GET registered-models/get": Message(_MODEL, _GIVES_MODEL),
    "POST registered-models/rename": Message(record("name new_name", name=TEXT, new_name=TEXT), _GIVES_MODEL),
    "PATCH registered-models/update": Message(record("name", name=TEXT, description=TEXT), _GIVES_MODEL),
    "DELETE registered-models/delete": Message(_MODEL),
    "GET registered-models/search": _MODEL_SEARCH,
    "POST registered-models/search": _MODEL_SEARCH,
    "GET registered-models/list": Message(_MODEL_SEARCH.request, _MODEL_SEARCH.reply, is_old=True),
    "POST registered-models/list": Message(_MODEL_SEARCH.request, _MODEL_SEARCH.reply, is_old=True),
    "GET registered-models/get-latest-versions": _LATEST_VERSIONS,
    "POST registered-models/get-latest-versions": _LATEST_VERSIONS,
    "POST registered-models/set-tag": Message(_TAG_OF_MODEL),
    "DELETE registered-models/delete-tag": Message(record("name key", name=TEXT, key=TEXT)),
    "POST registered-models/alias": Message(
        record("name alias version", name=TEXT, alias=TEXT, version=TEXT)
    ),
    "DELETE registered-models/alias": Message(record("name alias", name=TEXT, alias=TEXT)),
    "GET registered-models/alias": Message(record("name alias", name=TEXT, alias=TEXT), _GIVES_VERSION),
    "POST model-versions/create": Message(
        record(
            "name source",
            name=TEXT,
            source=TEXT,
            run_id=TEXT,
            tags=_TAGS,
            run_link=TEXT,
            description=TEXT,
            model_id=TEXT,
        ),
        _GIVES_VERSION,
    ),
    "GET model-versions/get": Message(_VERSION, _GIVES_VERSION),
    "PATCH model-versions/update": Message(
        record("name version", name=TEXT, version=TEXT, description=TEXT), _GIVES_VERSION
    ),
    "DELETE model-versions/delete": Message(_VERSION),
    "GET model-versions/search": Message(
        record(filter=TEXT, order_by=list_of(TEXT), **_PAGE),
        record(model_versions=list_of("ModelVersion"), **_NEXT),
    ),
    "GET model-versions/get-download-uri": Message(_VERSION, record("artifact_uri", artifact_uri=TEXT)),
    "POST model-versions/transition-stage": Message(
        record("name version stage", name=TEXT, version=TEXT, stage=_STAGES, archive_existing_versions=TRUTH),
        _GIVES_VERSION,
    ),
    "POST model-versions/set-tag": Message(_TAG_OF_VERSION),
    "DELETE model-versions/delete-tag": Message(
        record("name version key", name=TEXT, version=TEXT, key=TEXT)
    ),
}

_LOGGED_MODELS: Mapping[str, Message] = {
    "POST logged-models": Message(
        record(
            "experiment_id",
            experiment_id=TEXT,
            name=TEXT,
            source_run_id=TEXT,
            tags=_TAGS,
            params=list_of("Param"),
            model_type=TEXT,
        ),
        _GIVES_LOGGED_MODEL,
    ),
    "POST logged-models/search": Message(
        record(
            experiment_ids=list_of(TEXT),
            filter=TEXT,
            datasets=list_of(record("dataset_name", dataset_name=TEXT, dataset_digest=TEXT)),
            order_by=list_of(
                record("field_name", field_name=TEXT, ascending=TRUTH, dataset_name=TEXT, dataset_digest=TEXT)
            ),
            **_PAGE,
        ),
        record(models=list_of("LoggedModel"), **_NEXT),
    ),
    "GET logged-models/<model_id>": Message(reply=_GIVES_LOGGED_MODEL),
    "PATCH logged-models/<model_id>": Message(
        record("status", status=one_of(*(status_to_json(status) for status in LoggedModelStatus))),
        _GIVES_LOGGED_MODEL,
    ),
    "DELETE logged-models/<model_id>": Message(),
    "PATCH logged-models/<model_id>/tags": Message(record(tags=_TAGS)),
    "DELETE logged-models/<model_id>/tags/<path:key>": Message(),
    "POST logged-models/<model_id>/params": Message(record(params=list_of("Param"))),
    "GET logged-models/<model_id>/artifacts/directories": Message(
        record(artifact_directory_path=TEXT), _GIVES_FILES
    ),
    "GET logged-models/<model_id>/artifacts/files": Message(
        record("artifact_file_path", artifact_file_path=TEXT), media_type=BINARY
    ),
    "POST traces/search": _NO_TRACES,
    "GET traces": _NO_TRACES,
    "POST traces": Message(refusal=404),
}

_FILES: Mapping[str, Message] = {
    "GET artifacts/list": Message(record("run_id", run_id=TEXT, path=TEXT), _GIVES_FILES),
    "POST artifacts/presigned-upload-url": Message(
        record("path", run_id=TEXT, model_id=TEXT, path=TEXT, expiration=INTEGER),
        record("presigned_url headers", presigned_url=TEXT, headers=_HEADERS),
        unsupported=501,
    ),
    "POST artifacts/presigned-download-url": Message(
        record("run_id path", run_id=TEXT, path=TEXT, expiration=INTEGER),
        record("presigned_url headers", presigned_url=TEXT, headers=_HEADERS, file_size=INTEGER),
        unsupported=501,
    ),
    "GET get-artifact": Message(record("run_id path", run_id=TEXT, path=TEXT), media_type=BINARY),
    "GET model-versions/get-artifact": Message(
        record("name version path", name=TEXT, version=TEXT, path=TEXT), media_type=BINARY
    ),
    "POST upload-artifact": Message(record("run_id path", run_id=TEXT, path=TEXT), takes_file=True),
    "GET artifacts": Message(record(path=TEXT), record(files=list_of("File"))),
    "GET artifacts/<artifact:path>": Message(media_type=BINARY),
    "PUT artifacts/<artifact:path>": Message(takes_file=True),
    "DELETE artifacts/<artifact:path>": Message(),
    "POST mpu/create/<artifact:path>": Message(
        record("path num_parts", path=TEXT, num_parts=INTEGER),
        record("upload_id credentials", upload_id=TEXT, credentials=list_of(_PART)),
        unsupported=501,
    ),
    "POST mpu/complete/<artifact:path>": Message(
        record(
            "path upload_id parts",
            path=TEXT,
            upload_id=TEXT,
            parts=list_of(record("part_number etag", part_number=INTEGER, etag=TEXT)),
        ),
        unsupported=501,
    ),
    "POST mpu/abort/<artifact:path>": Message(
        record("path upload_id", path=TEXT, upload_id=TEXT), unsupported=501
    ),
    "GET presigned/<artifact:path>": Message(
        reply=record("url headers", url=TEXT, headers=_HEADERS, file_size=INTEGER), unsupported=501
    ),
}

_ACCOUNT = record("username", username=TEXT)
_PERMISSION = one_of(*Permission.__members__)
_ON_EXPERIMENT = {"experiment_id": TEXT, "username": TEXT}
_ON_MODEL = {"name": TEXT, "username": TEXT}
_ON_RESOURCE = {
    "username": TEXT,
    "resource_type": one_of(*(kind.value for kind in ResourceKind)),
    "resource_id": TEXT,
}
_GRANT = {"permission": _PERMISSION}
_GIVES_USER = record("user", user=entity("User"))
_GIVES_ON_EXPERIMENT = record("experiment_permission", experiment_permission=entity("ExperimentPermission"))
_GIVES_ON_MODEL = record(
    "registered_model_permission", registered_model_permission=entity("RegisteredModelPermission")
)

#: A server without users answers 404 to all of them.
_USERS: Mapping[str, Message] = {
    "POST users/create": Message(record("username password", username=TEXT, password=TEXT), _GIVES_USER),
    "GET users/get": Message(_ACCOUNT, _GIVES_USER),
    "GET users/list": Message(reply=record("users", users=list_of("User"))),
    "PATCH users/update-password": Message(
        record("username password", username=TEXT, password=TEXT, current_password=TEXT)
    ),
    "PATCH users/update-admin": Message(record("username is_admin", username=TEXT, is_admin=TRUTH)),
    "DELETE users/delete": Message(_ACCOUNT),
    "POST users/permissions/grant": Message(
        record("username resource_type resource_id permission", **_ON_RESOURCE, **_GRANT)
    ),
    "GET users/permissions/get": Message(
        record("username resource_type resource_id", **_ON_RESOURCE),
        record("permission allowed", permission=_PERMISSION, allowed=TRUTH),
    ),
    "POST users/permissions/revoke": Message(record("username resource_type resource_id", **_ON_RESOURCE)),
    "POST experiments/permissions/create": Message(
        record("experiment_id username permission", **_ON_EXPERIMENT, **_GRANT), _GIVES_ON_EXPERIMENT
    ),
    "GET experiments/permissions/get": Message(
        record("experiment_id username", **_ON_EXPERIMENT), _GIVES_ON_EXPERIMENT
    ),
    "PATCH experiments/permissions/update": Message(
        record("experiment_id username permission", **_ON_EXPERIMENT, **_GRANT)
    ),
    "DELETE experiments/permissions/delete": Message(record("experiment_id username", **_ON_EXPERIMENT)),
    "POST registered-models/permissions/create": Message(
        record("name username permission", **_ON_MODEL, **_GRANT), _GIVES_ON_MODEL
    ),
    "GET registered-models/permissions/get": Message(record("name username", **_ON_MODEL), _GIVES_ON_MODEL),
    "PATCH registered-models/permissions/update": Message(
        record("name username permission", **_ON_MODEL, **_GRANT)
    ),
    "DELETE registered-models/permissions/delete": Message(record("name username", **_ON_MODEL)),
}

_SERVER: Mapping[str, Message] = {
    "GET server-info": Message(
        reply=record(
            "store_type",
            store_type=TEXT,
            workspaces_enabled=TRUTH,
            trace_archival_enabled=TRUTH,
            multipart_uploads_enabled=TRUTH,
            multipart_downloads_enabled=TRUTH,
            presigned_upload_run_id_supported=TRUTH,
            presigned_upload_model_id_supported=TRUTH,
            features_enabled={"type": "object"},
        )
    ),
    "GET health": Message(media_type=PLAIN),
    "GET version": Message(media_type=PLAIN),
    "GET metrics": Message(media_type=PLAIN),
    "GET api/openapi.json": Message(reply={"type": "object"}),
    "GET docs": Message(media_type=HTML),
    "GET docs/<name>": Message(media_type=BINARY),
    "GET ": Message(media_type=HTML),
}

#: `Route.name` -> what it takes and gives.
MESSAGES: Mapping[str, Message] = {
    **_EXPERIMENTS,
    **_RUNS,
    **_REGISTRY,
    **_LOGGED_MODELS,
    **_FILES,
    **_USERS,
    **_SERVER,
}
