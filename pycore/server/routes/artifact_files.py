"""The bytes of artifacts: up, down, listed and deleted, streamed with bounded memory.

Two families. The proxied artifact API works on the whole destination of the server, by path; official
clients use it for every run whose artifact URI starts with ``mlflow-artifacts:``. The others find the
file through a run or a model version.
"""

from __future__ import annotations

import io
import mimetypes
import os
import re
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import quote

from flask import Request, Response
from werkzeug.http import generate_etag
from werkzeug.wsgi import FileWrapper

from pycore.artifacts.paths import checked, checked_folder
from pycore.artifacts.run_artifacts import RunArtifacts, open_source
from pycore.artifacts.stores import PROXY_SCHEME
from pycore.entities import FileInfo
from pycore.errors import InvalidInput, NotFound
from pycore.protocols import Api, ArtifactReader, ArtifactStore, VersionedFile
from pycore.server.arguments import query_of
from pycore.server.replies import json_reply
from pycore.server.uploads import upload_of
from pycore.wire import artifacts as wire
from pycore.wire.encoding import without_absent

_CHUNK_BYTES = 1 << 20
_MAX_UPLOAD_BYTES = 10 << 20

#: Shown as text, whatever their real type: looked at far more often than run.
_TEXT_NAME = re.compile(
    r"MLmodel|MLproject"
    r"|.*\.(txt|log|err|cfg|conf|cnf|cf|ini|properties|prop|hocon|toml|ya?ml|xml|json|js|py3?|r|rmd|csv|tsv"
    r"|md|rst|ipynb)",
    re.IGNORECASE,
)

#: Where the server puts the artifacts of runs.
_RUN_FOLDER = re.compile(r"(?P<root>(?:.*/)?(?P<run_id>[0-9a-f]{32})/artifacts)(?:/(?P<below>.*))?")

#: Official clients that put the files of a model to the run's own themselves, but do not show its folder.
_LOOKS_INTO_MODELS = re.compile(r"mlflow-python-client/(?!1\.|2\.)")


def list_proxied(api: Api, request: Request) -> Response:
    """Return one level below a folder of the destination; names without the folder."""
    folder = checked_folder(query_of(request.environ).text("path", ""))
    run, below = _run_at(api, folder)
    if below and _LOOKS_INTO_MODELS.match(request.headers.get("User-Agent", "")):
        run = None
    found = run.list(below) if run else _destination(api).list(folder)
    files = [FileInfo(PurePosixPath(file.path).name, file.is_dir, file.file_size) for file in found]
    return json_reply(without_absent({"files": [wire.to_json(file) for file in files]}))


def get_proxied(api: Api, request: Request, path: str) -> Response:
    """Send a file of the destination, or of a model that a run there logged."""
    try:
        return _sent(_destination(api), path, request)
    except NotFound:
        run, below = _run_at(api, path)
        if run is None:
            raise
    return _sent(run, below, request)


def put_proxied(api: Api, request: Request, path: str) -> Response:
    """Write a file of the destination, whole or not at all."""
    with upload_of(request) as content:
        _destination(api).write(path, content)
    return json_reply({})


def delete_proxied(api: Api, request: Request, path: str) -> Response:
    """Remove a file or folder of the destination."""
    _destination(api).delete(path)
    return json_reply({})


def get_of_run(api: Api, request: Request) -> Response:
    """Send a file among the artifacts of a run."""
    arguments = query_of(request.environ)
    path = arguments.text("path")
    return _sent(RunArtifacts(api, arguments.run_id()), path, request)


def get_of_logged_model(api: Api, request: Request, model_id: str) -> Response:
    """Send a file of a logged model."""
    path = query_of(request.environ).text("artifact_file_path")
    return _sent(api.artifacts.open(api.logged_models.get(model_id).artifact_location), path, request)


def get_of_version(api: Api, request: Request) -> Response:
    """Send a file of a model version."""
    arguments = query_of(request.environ)
    name, version = arguments.text("name"), arguments.identifier("version")
    path = arguments.text("path")
    return _sent(open_source(api, api.model_versions.get_download_uri(name, version)), path, request)


def upload_to_run(api: Api, request: Request) -> Response:
    """Write a file of at most 10 MiB among the artifacts of a run."""
    arguments = query_of(request.environ)
    store, path = _of_run(api, arguments.run_id()), arguments.text("path")
    content = request.stream.read(_MAX_UPLOAD_BYTES + 1)
    if not 0 < len(content) <= _MAX_UPLOAD_BYTES:
        raise InvalidInput("Expected between 1 byte and 10 MiB of data; larger files go through PUT.")
    store.write(path, io.BytesIO(content))
    return json_reply({})


def _destination(api: Api) -> ArtifactStore:
    return api.artifacts.open(f"{PROXY_SCHEME}:/")


def _of_run(api: Api, run_id: str) -> ArtifactStore:
    return api.artifacts.open(api.runs.get(run_id).info.artifact_uri)


def _run_at(api: Api, path: str) -> tuple[RunArtifacts | None, str]:
    """Return the run whose artifacts lie at a path of the destination, and the path below its root."""
    match = _RUN_FOLDER.fullmatch(path)
    if match is None:
        return None, ""
    try:
        run = RunArtifacts(api, match["run_id"])
    except NotFound:
        return None, ""
    return (run, match["below"] or "") if run.root_uri == f"{PROXY_SCHEME}:/{match['root']}" else (None, "")


def _sent(store: ArtifactReader, path: str, request: Request) -> Response:
    with ExitStack() as stack:
        file = stack.enter_context(store.open(checked(path)))
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        name = PurePosixPath(path).name
        # Never trusted: whoever logs artifacts must not run scripts in this server's name.
        reply = Response(
            FileWrapper(file, _CHUNK_BYTES),
            content_type=_content_type(name),
            headers={
                "Content-Length": str(size),
                "Content-Disposition": _attachment(name),
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "Cache-Control": "no-cache",
            },
        )
        _stamp(reply, file, size)
        reply.make_conditional(request, accept_ranges=True, complete_length=size)
        reply.call_on_close(stack.pop_all().close)
    return reply


def _stamp(reply: Response, file: BinaryIO, size: int) -> None:
    if isinstance(file, VersionedFile):
        reply.last_modified = file.modified
        reply.set_etag(file.version)
        return
    modified = os.fstat(file.fileno())
    reply.last_modified = datetime.fromtimestamp(modified.st_mtime, timezone.utc)
    reply.set_etag(generate_etag(f"{modified.st_ino}-{modified.st_mtime_ns}-{size}".encode()))


def _content_type(name: str) -> str:
    if _TEXT_NAME.fullmatch(name):
        return "text/plain"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _attachment(name: str) -> str:
    fallback = name.encode("ascii", "replace").decode().replace('"', "'")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"
