"""What clients and balancers ask about the server itself."""

from __future__ import annotations

from flask import Request, Response

from pycore.protocols import Api
from pycore.server.replies import json_reply

#: The level of the protocol that is spoken. Clients take their choice of endpoints from it: from 3.0 on
#: they would send traces, which this server does not keep.
PROTOCOL_VERSION = "2.22.0"


def health(api: Api, request: Request) -> Response:
    """Say that the process answers."""
    return Response("OK", content_type="text/plain")


def version(api: Api, request: Request) -> Response:
    """Return the level of the protocol, as bare text."""
    return Response(PROTOCOL_VERSION, content_type="text/plain")


def server_info(api: Api, request: Request) -> Response:
    """Return which optional parts of the protocol are served: none."""
    return json_reply(
        {
            "store_type": "SqlStore",
            "workspaces_enabled": False,
            "trace_archival_enabled": False,
            "multipart_uploads_enabled": False,
            "multipart_downloads_enabled": False,
            "presigned_upload_run_id_supported": False,
            "presigned_upload_model_id_supported": False,
            "features_enabled": {},
        }
    )
