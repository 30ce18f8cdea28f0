"""What clients and balancers ask about the server itself."""

from __future__ import annotations

from flask import Request, Response, current_app

from pycore import config
from pycore.errors import NotFound
from pycore.protocols import Api
from pycore.server.metrics import ServerMetrics
from pycore.server.replies import json_reply
from pycore.server.routes import direct_transfers

#: Where the application has its `ServerMetrics`, or None, among its extensions.
METRICS = "crateflow.metrics"

#: The level of the protocol that is spoken. Clients take their choice of endpoints from it: from 3.0 on
#: they would send traces, which this server does not keep.
PROTOCOL_VERSION = "2.22.0"


def health(api: Api, request: Request) -> Response:
    """Say that the process answers."""
    return Response("OK", content_type="text/plain")


def version(api: Api, request: Request) -> Response:
    """Return the level of the protocol, as bare text."""
    return Response(PROTOCOL_VERSION, content_type="text/plain")


def metrics(api: Api, request: Request) -> Response:
    """Send the figures of this server, for Prometheus."""
    found: ServerMetrics | None = current_app.extensions[METRICS]
    if found is None:
        raise NotFound("This server counts nothing: start it with --expose-prometheus FOLDER.")
    body, content_type = found.render()
    return Response(body, content_type=content_type)


def server_info(api: Api, request: Request) -> Response:
    """Return which optional parts of the protocol are served, and announced to clients."""
    is_direct = config.DIRECT_TRANSFERS.get() and direct_transfers.are_possible(api)
    return json_reply(
        {
            "store_type": "SqlStore",
            "workspaces_enabled": False,
            "trace_archival_enabled": False,
            "multipart_uploads_enabled": is_direct,
            "multipart_downloads_enabled": is_direct,
            "presigned_upload_run_id_supported": is_direct,
            "presigned_upload_model_id_supported": is_direct,
            "features_enabled": {},
        }
    )
