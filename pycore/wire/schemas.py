"""What the JSON of each entity looks like, as JSON Schema: the form of what the `to_json` functions give.

References
----------
JSON Schema 2020-12. MLflow REST protocol: times are milliseconds since 1970 UTC, ids and versions are
texts, a list that is empty and a value that is not set are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pycore.entities import LoggedModelStatus, Permission, RunStatus, Stage
from pycore.wire.logged_models import status_to_json

Schema: TypeAlias = dict[str, Any]

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer", "format": "int64"}
TRUTH: Schema = {"type": "boolean"}
TIME: Schema = {**INTEGER, "description": "Milliseconds since 1970 UTC."}
NUMBER: Schema = {
    "oneOf": [
        {"type": "number", "format": "double"},
        {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]},
    ]
}


def record(required: str = "", /, **fields: Schema) -> Schema:
    """Return the schema of an object; `required` has the names of fields that are always there."""
    names = {"required": required.split()} if required else {}
    return {"type": "object", "properties": fields, **names}


def list_of(item: Schema | str) -> Schema:
    """Return the schema of a list of things, or of the entities of a name."""
    return {"type": "array", "items": entity(item) if isinstance(item, str) else item}


def entity(name: str) -> Schema:
    """Return the reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(*values: str) -> Schema:
    """Return the schema of a text that is one of these."""
    return {"type": "string", "enum": list(values)}


_POINT = {"key": TEXT, "value": NUMBER, "timestamp": TIME, "step": INTEGER}
_MEASURED = {"model_id": TEXT, "dataset_name": TEXT, "dataset_digest": TEXT}
_PERMISSION = one_of(*Permission.__members__)
_STAGE = one_of("active", "deleted", "removing")

#: Entity -> its schema.
SCHEMAS: Mapping[str, Schema] = {
    "Tag": record("key value", key=TEXT, value=TEXT),
    "Param": record("key value", key=TEXT, value=TEXT),
    "Metric": record("key value timestamp step", **_POINT, **_MEASURED, run_id=TEXT),
    "Experiment": record(
        "experiment_id name artifact_location lifecycle_stage last_update_time creation_time",
        experiment_id=TEXT,
        name=TEXT,
        artifact_location=TEXT,
        lifecycle_stage=_STAGE,
        last_update_time=TIME,
        creation_time=TIME,
        tags=list_of("Tag"),
    ),
    "Run": record(
        "info data inputs",
        info=entity("RunInfo"),
        data=record(metrics=list_of("Metric"), params=list_of("Param"), tags=list_of("Tag")),
        inputs=record(dataset_inputs=list_of("DatasetInput"), model_inputs=list_of("ModelInput")),
        outputs=record(model_outputs=list_of("ModelOutput")),
    ),
    "RunInfo": record(
        "run_id run_uuid experiment_id run_name user_id status artifact_uri lifecycle_stage",
        run_id=TEXT,
        run_uuid={**TEXT, "description": "The same as run_id."},
        experiment_id=TEXT,
        run_name=TEXT,
        user_id=TEXT,
        status=one_of(*(status.name for status in RunStatus)),
        start_time=TIME,
        end_time=TIME,
        artifact_uri=TEXT,
        lifecycle_stage=_STAGE,
    ),
    "Dataset": record(
        "name digest", name=TEXT, digest=TEXT, source_type=TEXT, source=TEXT, schema=TEXT, profile=TEXT
    ),
    "DatasetInput": record("dataset", dataset=entity("Dataset"), tags=list_of("Tag")),
    "DatasetSummary": record(
        "experiment_id name digest", experiment_id=TEXT, name=TEXT, digest=TEXT, context=TEXT
    ),
    "ModelInput": record("model_id", model_id=TEXT),
    "ModelOutput": record("model_id", model_id=TEXT, step=INTEGER),
    "LoggedModel": record(
        "info data",
        info=record(
            "model_id experiment_id name creation_timestamp_ms last_updated_timestamp_ms artifact_uri status",
            model_id=TEXT,
            experiment_id=TEXT,
            name=TEXT,
            creation_timestamp_ms=TIME,
            last_updated_timestamp_ms=TIME,
            artifact_uri=TEXT,
            status=one_of(*(status_to_json(status) for status in LoggedModelStatus)),
            model_type=TEXT,
            source_run_id=TEXT,
            tags=list_of("Tag"),
        ),
        data=record(params=list_of("Param"), metrics=list_of("Metric")),
    ),
    "RegisteredModel": record(
        "name creation_timestamp last_updated_timestamp",
        name=TEXT,
        creation_timestamp=TIME,
        last_updated_timestamp=TIME,
        description=TEXT,
        latest_versions=list_of("ModelVersion"),
        tags=list_of("Tag"),
        aliases=list_of(record("alias version", alias=TEXT, version=TEXT)),
    ),
    "ModelVersion": record(
        "name version creation_timestamp last_updated_timestamp current_stage source run_id status run_link",
        name=TEXT,
        version=TEXT,
        creation_timestamp=TIME,
        last_updated_timestamp=TIME,
        current_stage=one_of(*Stage.ALL),
        description=TEXT,
        source=TEXT,
        run_id=TEXT,
        status=one_of("READY"),
        status_message=TEXT,
        run_link=TEXT,
        user_id=TEXT,
        model_id=TEXT,
        tags=list_of("Tag"),
        aliases=list_of(TEXT),
    ),
    "File": record(
        "path is_dir", path=TEXT, is_dir=TRUTH, file_size={**INTEGER, "description": "Absent where it is 0."}
    ),
    "User": record(
        "id username is_admin experiment_permissions registered_model_permissions",
        id=INTEGER,
        username=TEXT,
        is_admin=TRUTH,
        experiment_permissions=list_of("ExperimentPermission"),
        registered_model_permissions=list_of("RegisteredModelPermission"),
    ),
    "ExperimentPermission": record(
        "experiment_id user_id permission", experiment_id=TEXT, user_id=INTEGER, permission=_PERMISSION
    ),
    "RegisteredModelPermission": record(
        "name user_id permission", name=TEXT, user_id=INTEGER, permission=_PERMISSION
    ),
    "Error": record("error_code message", error_code=TEXT, message=TEXT),
}
