"""The client of MLflow 3 that manages users, on our server; it imports all that MLflow's server does."""

from __future__ import annotations

from pathlib import Path

from guarded_server import guarded_server, official_credentials
from official_clients import official_python, run_official
from official_server import SERVER_NEEDS, VERSION

SCRIPT = Path(__file__).parents[1] / "e2e" / "official_users.py"


def test_the_official_client_manages_users(tmp_path: Path):
    with guarded_server(tmp_path) as running:
        admin = official_credentials("admin", running.admin_password)
        printed = run_official(official_python(VERSION, SERVER_NEEDS), SCRIPT, running.url, **admin)
    assert printed.splitlines()[-1] == f"users managed by {VERSION}"
