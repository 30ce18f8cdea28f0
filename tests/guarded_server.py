"""A tracking server that asks who calls, for tests of what reaches it."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from processes import CRATEFLOW, server
from waiting import LIMIT_S

#: Of the user eve, who is no administrator.
PASSWORD = "correct horse"
_SHOWN = re.compile(r"administrator now, 'admin', with the password (\S+)")


@dataclass(frozen=True)
class GuardedServer:
    """A running server, the password that its administrator was given, and its database."""

    url: str
    admin_password: str
    database: str

    def crateflow(self, *arguments: str, typed: str = "") -> str:
        """Run a command on the database and return what it prints."""
        done = subprocess.run(
            [CRATEFLOW, *arguments, "--backend-store-uri", self.database],
            input=typed,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=True,
        )
        return done.stdout.strip()

    def get(self, path: str, **options: object) -> requests.Response:
        """Ask for an address."""
        return requests.get(f"{self.url}{path}", timeout=LIMIT_S, **options)

    def post(self, path: str, **fields: str) -> requests.Response:
        """Send fields to the REST API, as the administrator."""
        url, admin = f"{self.url}/api/2.0/mlflow/{path}", ("admin", self.admin_password)
        return requests.post(url, json=fields, auth=admin, timeout=LIMIT_S)


@contextlib.contextmanager
def guarded_server(folder: Path) -> Iterator[GuardedServer]:
    """Run one of two processes that serves models too, and make the user eve."""
    database = f"sqlite:///{folder}/tracking.db"
    arguments = ["server", "--app-name", "basic-auth", "--serve-models", "--port", "0", "--workers", "2"]
    arguments += ["--backend-store-uri", database, "--artifacts-destination", str(folder / "artifacts")]
    with server(arguments, folder / "server.log") as running:
        shown = _SHOWN.search(running.log.read_text())
        assert shown is not None
        guarded = GuardedServer(running.url, shown[1], database)
        guarded.crateflow("users", "create", "eve", "--password-stdin", typed=f"{PASSWORD}\n")
        yield guarded


def official_credentials(username: str, password: str) -> dict[str, str]:
    """Return the environment of an official client that is this user."""
    return {
        "MLFLOW_TRACKING_USERNAME": username,
        "MLFLOW_TRACKING_PASSWORD": password,
        # What MLflow's own server would need, among whose modules the client of users is.
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "unused",
        "MLFLOW_AUTH_ADMIN_PASSWORD": "unused password",
    }
