"""Where a model version may come from.

A version is downloaded by whoever may read it, through a server that can read more than its users. So a
source must not name a file of the server outside the artifacts of a run, climb out of its folder in any
spelling, or make the server call a host that the caller chose (MLflow registry protocol,
model-versions/create).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sqlalchemy import Connection

from pycore import config
from pycore.artifacts.stores import scheme_of
from pycore.entities import LoggedModel, Stage
from pycore.errors import InvalidInput, NotFound
from pycore.services import locations
from pycore.services.logged_models import unknown_logged_model
from pycore.services.registry_names import (
    LATEST,
    existing_model,
    number_of_alias,
    unknown_version,
    version_number,
)
from pycore.store import Database
from pycore.store import logged_models as logged_rows
from pycore.store import model_versions as version_rows
from pycore.store import runs as run_rows

#: Schemes whose authority is a host that the server would connect to.
HOST_ADDRESSED = frozenset(
    {"ftp", "sftp", "hdfs", "viewfs", "http", "https", "r2", "b2", "abfss", "mlflow-artifacts"}
)

_RUNS = re.compile(r"runs:/([^/]+)(?:/(.*))?")
_LOGGED_MODEL = re.compile(r"models:/(m-[0-9a-f]{32})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class ResolvedSource:
    """A source that was found legal.

    Attributes
    ----------
    source : str
        As it is kept: as sent, but with the number of the version that a ``models:/`` URI named.
    storage_location : str
        Where the files lie; a ``models:/`` URI is followed to its origin once, so that a later rename or
        move of an alias does not change it.
    run_id : str
        The run of the request, or the one the source names; empty for none.
    model_id : str
        The logged model of the request, or the one the source names; empty for none.
    """

    source: str
    storage_location: str
    run_id: str
    model_id: str = ""


class SourceRules:
    """The rules, for a server that keeps artifacts below a root.

    Parameters
    ----------
    artifact_root : str
    tracking : Database, optional
        Has the runs and logged models, where that is another one than the registry's.
    """

    def __init__(self, artifact_root: str, tracking: Database | None = None) -> None:
        self._artifact_root = artifact_root
        self._tracking = tracking

    def resolve(
        self, connection: Connection, source: str, run_id: str | None, model_id: str | None = None
    ) -> ResolvedSource:
        """Return what a legal source stands for.

        Parameters
        ----------
        connection : Connection
            To the registry.

        Raises
        ------
        InvalidInput
            The source reaches where it must not, or does not fit the run or the logged model.
        NotFound
            A ``models:/`` URI names a version that does not exist, or there is no such logged model.
        """
        if not source:
            raise InvalidInput("Missing value for required parameter 'source'.")
        _check_pattern(source)
        _check_steps(source)
        match = _LOGGED_MODEL.fullmatch(source)
        if match and model_id and model_id != match[1]:
            raise _invalid(source, f"the request names the logged model {model_id}")
        named = match[1] if match else model_id
        # The registry's connection serves for both where they are one.
        with self._tracking.reading() if self._tracking else nullcontext(connection) as tracking:
            model = None if named is None else _logged_model(tracking, named)
            if match and model:
                resolved = ResolvedSource(source, model.artifact_location, run_id or "")
            else:
                resolved = self._resolve_place(connection, tracking, source, run_id, model)
        return _of_model(resolved, model) if model else resolved

    def _resolve_place(
        self,
        connection: Connection,
        tracking: Connection,
        source: str,
        run_id: str | None,
        model: LoggedModel | None,
    ) -> ResolvedSource:
        scheme = scheme_of(source)
        if scheme == "runs":
            return _from_run(connection, source, run_id)
        if scheme == "models":
            return _from_version(connection, source, run_id)
        if scheme in ("", "file"):
            self._check_local(source, _roots(tracking, source, run_id, model))
        elif scheme in HOST_ADDRESSED:
            self._check_host(source, scheme)
            if scheme == "mlflow-artifacts":
                self._check_proxied(source, _roots(tracking, source, run_id, model))
        return ResolvedSource(source, source, run_id or "")

    def _check_local(self, source: str, roots: Sequence[str]) -> None:
        if "file:" in source.lower() and ("?" in source or "#" in source):
            raise _invalid(source, "a file URI has neither a query nor a fragment")
        path = locations.local_path(source)
        folders = [folder for folder in map(locations.local_path, roots) if folder is not None]
        if path is None or not any(path.is_relative_to(folder) for folder in folders):
            raise _invalid(
                source,
                "a local path is only allowed inside the artifacts of the run given by run_id. Log the model "
                "in a run and register it as runs:/<run_id>/<path>",
            )

    def _check_host(self, source: str, scheme: str) -> None:
        host = urlsplit(source).netloc
        root = urlsplit(self._artifact_root)
        own = (root.scheme.lower(), root.netloc)
        if scheme == "mlflow-artifacts" and not host:
            return
        if (scheme, host) != own and scheme not in config.ALLOWED_HOST_SCHEMES.get():
            raise _invalid(
                source,
                f"it cannot use the '{scheme}' scheme with a host of its own choice. Allow the scheme with "
                f"{config.ALLOWED_HOST_SCHEMES.name} on the server, or register from a run",
            )

    def _check_proxied(self, source: str, roots: Sequence[str]) -> None:
        if scheme_of(self._artifact_root) == "mlflow-artifacts" and not _inside(source, self._artifact_root):
            raise _invalid(source, "it is outside the artifact root of this server")
        if roots and not any(_inside(source, root) for root in roots):
            raise _invalid(source, "it is outside the artifacts of the run or logged model that is named")


def _check_pattern(source: str) -> None:
    pattern = config.SOURCE_PATTERN.get()
    if pattern is not None and not pattern.search(source):
        raise _invalid(source, f"it does not match {pattern.pattern!r}, the pattern this server asks for")


def _check_steps(source: str) -> None:
    plain = locations.decoded(source)
    if _CONTROL.search(plain):
        raise _invalid(source, "it has a control character")
    steps = re.split(r"[/\\?&=;#]", plain)
    if ".." in steps:
        raise _invalid(source, "it has a step '..'")
    if "." in steps and scheme_of(source):
        raise _invalid(source, "it has a step '.'")


def _from_run(connection: Connection, source: str, run_id: str | None) -> ResolvedSource:
    match = _RUNS.fullmatch(source)
    if match is None:
        raise _invalid(source, "expected runs:/<run_id>/<path>")
    named = match.group(1)
    if run_id and run_id != named:
        raise _invalid(source, f"it names the run {named}, the request the run {run_id}")
    model = logged_rows.get_model_of_run(connection, named, match.group(2) or "")
    if model is None:
        return ResolvedSource(source, source, named)
    # Clients from MLflow 3 on put a model beside its run, not into it.
    return ResolvedSource(source, model.artifact_location, named, model.model_id)


def _from_version(connection: Connection, source: str, run_id: str | None) -> ResolvedSource:
    path = source.partition(":")[2]
    if path.startswith("//") or not path.startswith("/"):
        raise _invalid(source, "expected models:/<name>/<version>, without a host")
    name, slash, suffix = path[1:].partition("/")
    alias = ""
    if not slash:
        name, _, alias = name.rpartition("@")
    if not name or not (alias or suffix) or "/" in suffix:
        raise _invalid(source, "expected models:/<name>/<version or stage> or models:/<name>@<alias>")
    number = number_of_alias(connection, name, alias) if alias else _number_of(connection, name, suffix)
    origin = version_rows.get_model_version(connection, name, number)
    location = version_rows.get_storage_location(connection, name, number)
    if origin is None or location is None:
        raise unknown_version(name, number)
    if run_id and run_id != origin.run_id:
        raise _invalid(
            source, f"its version comes from the run {origin.run_id!r}, the request names {run_id!r}"
        )
    return ResolvedSource(f"models:/{name}/{number}", location, origin.run_id)


def _number_of(connection: Connection, name: str, suffix: str) -> int:
    if suffix.isdecimal():
        return version_number(name, suffix)
    if suffix.lower() == LATEST:
        return number_of_alias(connection, name, suffix)
    stage = Stage.parse(suffix)
    highest = version_rows.get_highest_version(connection, existing_model(connection, name), stage)
    if highest is None:
        raise NotFound(f"No versions of model with name {name!r} are in stage {stage}.")
    return highest


def _roots(tracking: Connection, source: str, run_id: str | None, model: LoggedModel | None) -> list[str]:
    """Return where the run and the logged model of a request keep their artifacts."""
    roots = [model.artifact_location] if model else []
    if run_id:
        info = run_rows.get_run_info(tracking, run_id)
        if info is None:
            raise _invalid(source, f"Run with id={run_id} not found")
        roots.append(info.artifact_uri)
    return roots


def _logged_model(tracking: Connection, model_id: str) -> LoggedModel:
    model = logged_rows.get_logged_model(tracking, model_id)
    if model is None:
        raise unknown_logged_model(model_id)
    return model


def _of_model(resolved: ResolvedSource, model: LoggedModel) -> ResolvedSource:
    return replace(resolved, run_id=resolved.run_id or model.source_run_id, model_id=model.model_id)


def _inside(uri: str, root: str) -> bool:
    """Return whether a URI is a root or lies below it, part by part."""
    parts, above = urlsplit(uri), urlsplit(root)
    if (parts.scheme.lower(), parts.netloc) != (above.scheme.lower(), above.netloc):
        return False
    steps = [step for step in locations.steps(parts.path) if step]
    expected = [step for step in locations.steps(above.path) if step]
    return steps[: len(expected)] == expected


def _invalid(source: str, problem: str) -> InvalidInput:
    return InvalidInput(f"Invalid model version source: {source!r}: {problem}.")
