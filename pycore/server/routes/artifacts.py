"""What a run keeps as artifacts, over REST; the bytes themselves are in `artifact_files`."""

from __future__ import annotations

from pycore.artifacts.run_artifacts import RunArtifacts
from pycore.protocols import Api
from pycore.wire import artifacts as wire
from pycore.wire.encoding import JsonObject, without_absent
from pycore.wire.request import Arguments


def list_artifacts(api: Api, arguments: Arguments) -> JsonObject:
    """Return one level of a run's artifacts, paths relative to their root."""
    store = RunArtifacts(api, arguments.run_id())
    files = store.list(arguments.text("path", ""))
    return without_absent({"root_uri": store.root_uri, "files": [wire.to_json(file) for file in files]})
