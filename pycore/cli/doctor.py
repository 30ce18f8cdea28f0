"""``crateflow doctor``: what a report of a fault should say about the machine."""

from __future__ import annotations

import json
import locale
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import click

_PACKAGES = (
    "alembic",
    "click",
    "cloudpickle",
    "flask",
    "gunicorn",
    "numpy",
    "orjson",
    "pandas",
    "psycopg",
    "pymysql",
    "requests",
    "rpy2-rinterface",
    "scikit-learn",
    "sqlalchemy",
)
_R_TIMEOUT_S = 60
# Answers in lines of name and value; a package that is absent has no version.
_ASK_R = """
version_of <- function(package) {
  tryCatch(as.character(packageVersion(package)), error = function(e) "not installed")
}
say <- function(name, value) cat(name, "\\t", paste(value, collapse = " "), "\\n", sep = "")
say("version", as.character(getRversion()))
say("home", R.home())
say("library", .libPaths())
say("locale", Sys.getlocale("LC_CTYPE"))
for (package in c("crateflow", "carrier", "mlflow", "httr2", "jsonlite")) say(package, version_of(package))
"""
_SECRETS = ("PASSWORD", "TOKEN", "SECRET", "KEY", "CREDENTIAL")
_MASK = "***"


@click.command("doctor")
@click.option("--mask-envs", is_flag=True, help="Show no value of any environment variable.")
def doctor(mask_envs: bool) -> None:
    """Show versions, addresses, settings and the R installation, for a report of a fault.

    Passwords and the like are never shown.
    """
    for title, facts in (
        ("System", _system()),
        ("Addresses", _addresses(mask_envs)),
        ("Environment", _environment(mask_envs)),
        ("Python packages", _packages()),
        ("R", _r()),
    ):
        click.echo(f"{title}\n{'-' * len(title)}")
        for name, value in facts:
            click.echo(f"{name}: {value}")
        click.echo()


def _system() -> Iterator[tuple[str, str]]:
    yield "crateflow", version("crateflow")
    yield "Python", f"{platform.python_version()} ({sys.executable})"
    yield "Platform", platform.platform()
    yield "Processors", str(os.cpu_count())
    yield "Locale", ".".join(part or "C" for part in locale.getlocale())
    yield "Encoding of files", sys.getfilesystemencoding()


def _addresses(masked: bool) -> Iterator[tuple[str, str]]:
    # What tracking needs takes longer to load than `--help` may take.
    from pycore.tracking.uris import get_registry_uri, get_tracking_uri

    for name, uri in (("Tracking", get_tracking_uri()), ("Registry", get_registry_uri())):
        yield name, _MASK if masked else _without_password(uri)


def _environment(masked: bool) -> Iterator[tuple[str, str]]:
    for name in sorted(os.environ):
        if name.startswith(("MLFLOW_", "CRATEFLOW_", "R_")):
            is_secret = any(word in name for word in _SECRETS)
            yield name, _MASK if masked or is_secret else _without_password(os.environ[name])


def _packages() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"
    yield "R models in Python", "yes" if find_spec("rpy2") else "no: pip install 'crateflow[r]'"


def _r() -> Iterator[tuple[str, str]]:
    home = os.environ.get("R_HOME")
    program = str(Path(home) / "bin" / "Rscript") if home else shutil.which("Rscript")
    if program is None:
        yield "Rscript", "not found: install R, or put the folder of Rscript into PATH"
        return
    yield "Rscript", program
    try:
        done = subprocess.run(  # noqa: S603  # the user's own R
            [program, "--no-init-file", "-e", _ASK_R],
            capture_output=True,
            text=True,
            timeout=_R_TIMEOUT_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        yield "fault", f"it did not answer within {_R_TIMEOUT_S} seconds"
    except subprocess.CalledProcessError as error:
        yield "fault", json.dumps(error.stderr.strip()[-500:])
    except OSError as error:
        yield "fault", f"it cannot be started: {error.strerror}"
    else:
        for line in done.stdout.splitlines():
            name, _, value = line.partition("\t")
            yield name, value


def _without_password(text: str) -> str:
    """Return a text in which a URI's password, between ``:`` and ``@`` of its host, is masked."""
    scheme, mark, rest = text.partition("://")
    address, slash, path = rest.partition("/")
    user, at, host = address.rpartition("@")
    if not (mark and at and ":" in user):
        return text
    return f"{scheme}{mark}{user.partition(':')[0]}:{_MASK}{at}{host}{slash}{path}"
