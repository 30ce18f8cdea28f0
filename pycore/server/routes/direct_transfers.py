"""Uploads and downloads that go past the server, to a store that clients can reach by signed addresses."""

from __future__ import annotations

from pathlib import PurePosixPath

from pycore.artifacts.paths import checked, joined
from pycore.artifacts.stores import PROXY_SCHEME
from pycore.entities import SignedUrl, UploadedPart
from pycore.errors import InvalidInput, MlflowException
from pycore.protocols import Api, DirectTransfers
from pycore.wire import artifacts as wire
from pycore.wire.encoding import JsonObject
from pycore.wire.errors import NOT_IMPLEMENTED
from pycore.wire.request import Arguments

#: Official clients turn to a plain upload when the message begins with exactly this.
_NO_PARTS = "Multipart upload is not supported for the current artifact repository"
_NO_SIGNING = "Presigned URLs are not supported for the current artifact repository"

_UPLOAD_S, _DOWNLOAD_S, _PROXIED_S = 900, 300, 900
#: What a store may be asked for: a week is the most that signatures last.
_MAX_S = 604_800


def start_parts(api: Api, arguments: Arguments, path: str) -> JsonObject:
    """Begin an upload in parts, and return where to send each."""
    place = _file_in(path, arguments)
    started = _destination(api, _NO_PARTS).start_parts(place, arguments.integer("num_parts"))
    parts = enumerate(started.urls, start=1)
    credentials = [{"url": url, "part_number": number, "headers": {}} for number, url in parts]
    return {"upload_id": started.upload_id, "credentials": credentials}


def finish_parts(api: Api, arguments: Arguments, path: str) -> JsonObject:
    """Make a file of the parts that were sent."""
    place, upload_id = _file_in(path, arguments), arguments.text("upload_id")
    parts = [
        UploadedPart(part.integer("part_number"), part.text("etag")) for part in arguments.items("parts")
    ]
    _destination(api, _NO_PARTS).finish_parts(place, upload_id, parts)
    return {}


def abort_parts(api: Api, arguments: Arguments, path: str) -> JsonObject:
    """Forget the parts that were sent."""
    place, upload_id = _file_in(path, arguments), arguments.text("upload_id")
    _destination(api, _NO_PARTS).abort_parts(place, upload_id)
    return {}


def sign_proxied(api: Api, arguments: Arguments, path: str) -> JsonObject:
    """Return where to fetch a file of the destination."""
    signed = _destination(api, _NO_SIGNING).sign_download(checked(path), _PROXIED_S)
    return wire.signed_to_json(signed, "url")


def sign_upload(api: Api, arguments: Arguments) -> JsonObject:
    """Return where to send a file of a run or of a logged model."""
    run_id, model_id = arguments.text("run_id", ""), arguments.text("model_id", "")
    path, expires_s = checked(arguments.text("path")), _seconds(arguments, _UPLOAD_S)
    if bool(run_id) == bool(model_id):
        raise InvalidInput("Give either run_id or model_id: whose file is to be sent.")
    root = api.logged_models.get(model_id).artifact_location if model_id else _root_of(api, run_id)
    return wire.signed_to_json(_direct(api, root, _NO_SIGNING).sign_upload(path, expires_s), "presigned_url")


def sign_download(api: Api, arguments: Arguments) -> JsonObject:
    """Return where to fetch a file of a run."""
    run_id, path = arguments.run_id(), checked(arguments.text("path"))
    expires_s = _seconds(arguments, _DOWNLOAD_S)
    signed: SignedUrl = _direct(api, _root_of(api, run_id), _NO_SIGNING).sign_download(path, expires_s)
    return wire.signed_to_json(signed, "presigned_url")


def are_possible(api: Api) -> bool:
    """Return whether clients of this server may send artifacts past it."""
    try:
        return isinstance(api.artifacts.open(f"{PROXY_SCHEME}:/"), DirectTransfers)
    except MlflowException:
        # It serves no artifacts, or cannot now.
        return False


def _file_in(folder: str, arguments: Arguments) -> str:
    # Clients name their local file.
    return checked(joined(checked(folder), PurePosixPath(arguments.text("path")).name))


def _seconds(arguments: Arguments, usual: int) -> int:
    seconds = arguments.integer("expiration", usual)
    if not 1 <= seconds <= _MAX_S:
        raise InvalidInput(f"Invalid value for expiration: expected 1 to {_MAX_S} seconds, got {seconds}.")
    return seconds


def _root_of(api: Api, run_id: str) -> str:
    return api.runs.get(run_id).info.artifact_uri


def _destination(api: Api, refusal: str) -> DirectTransfers:
    return _direct(api, f"{PROXY_SCHEME}:/", refusal)


def _direct(api: Api, uri: str, refusal: str) -> DirectTransfers:
    store = api.artifacts.open(uri)
    if isinstance(store, DirectTransfers):
        return store
    raise MlflowException(f"{refusal}; transfer the file through this server.", NOT_IMPLEMENTED)
