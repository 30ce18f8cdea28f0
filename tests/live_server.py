"""A tracking server on a thread of the tests' own process: a fresh one is quick to start."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from pycore.app import create_app


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def live_server(folder: Path) -> Iterator[str]:
    """Serve a new database and new artifacts in a folder; yield the address."""
    app = create_app(f"sqlite:///{folder / 'tracking.db'}", str(folder / "artifacts"))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
