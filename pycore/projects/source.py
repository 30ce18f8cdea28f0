"""Where a project comes from: a folder, or a git repository of which a copy is made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pycore.errors import InvalidInput, NotFound, Unavailable
from pycore.projects.project import inside

# Transports that only carry files. Others, such as ext::, run programs.
_PROTOCOLS = ("https", "http", "ssh", "git", "file")
_OF_HOOKS = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
_GIT_URL = re.compile(rf"(?:{'|'.join(_PROTOCOLS)})://[^-].*")
#: ``user@host:path``, as ssh has it.
_SSH_PLACE = re.compile(r"[A-Za-z0-9_][\w.+-]*@[A-Za-z0-9][\w.-]*:(?!-).+")
_OTHER_SCHEME = re.compile(r"[A-Za-z][\w+.-]+:")
_SECRET = re.compile(r"(?<=http://)[^/@\s]*@|(?<=https://)[^/@\s]*@|(?<=[\w.-]):[^/@\s]*(?=@)")


@dataclass(frozen=True)
class Source:
    """A project's code on this machine.

    Attributes
    ----------
    name : str
        What was asked for, without the password of a URL.
    folder : Path
        Of the project itself.
    commit : str or None
        Checked out; None where there is no git.
    repository, version : str or None
        Where a copy came from, and the branch, tag or commit that was asked for.
    """

    name: str
    folder: Path
    commit: str | None
    repository: str | None = None
    version: str | None = None


def fetch(uri: str, version: str | None, workspace: Path) -> Source:
    """Return a project's code.

    Parameters
    ----------
    uri : str
        A folder, or the URL of a git repository; ``#`` and a folder in it may follow.
    version : str, optional
        A branch, tag or commit of the repository.
    workspace : Path
        An empty folder for a copy of a repository.

    Raises
    ------
    NotFound
        There is no such folder or version.
    InvalidInput
        The URI is none that git may follow, or a version is asked of what is no repository.
    Unavailable
        git is not installed, or cannot reach the repository.
    """
    address, _, below = uri.partition("#")
    if version is not None and (not version or version.startswith("-")):
        raise InvalidInput(f"A version is a branch, a tag or a commit, not {version!r}.")
    local = _local_folder(address)
    if local is not None:
        if not local.is_dir():
            raise NotFound(f"There is no project at {uri!r}: {local} is no folder.")
        if version is None and not _is_bare(local):
            folder = _below(local, below, uri)
            return Source(str(folder), folder, _head(folder))
        address, below = _repository(local, below)
    elif not (_GIT_URL.fullmatch(address) or _SSH_PLACE.fullmatch(address)):
        raise InvalidInput(
            f"{without_password(address)!r} is no project: expected a folder, or the address of a git "
            f"repository ({', '.join(_PROTOCOLS)}, or user@host:path)."
        )
    return _clone(address, version, below, uri, workspace / "repository")


def without_password(url: str) -> str:
    """Return a URL, or a text with URLs in it, without passwords; of HTTP, without user names too."""
    return _SECRET.sub("", url)


def _local_folder(address: str) -> Path | None:
    if address.startswith("file://"):
        return Path(unquote(urlsplit(address).path))
    is_remote = _GIT_URL.match(address) or _SSH_PLACE.fullmatch(address) or _OTHER_SCHEME.match(address)
    return None if is_remote else Path(address).expanduser().absolute()


def _repository(folder: Path, below: str) -> tuple[str, str]:
    """Return the address of the repository that a folder belongs to, and the path in it."""
    if _is_bare(folder):
        return folder.as_uri(), below
    done = _run("-C", str(folder), "rev-parse", "--show-toplevel")
    if done.returncode:
        raise InvalidInput(f"{folder} is in no git repository, so there is no version of it to run.")
    top = Path(done.stdout.strip())
    return top.as_uri(), str(folder.resolve().relative_to(top) / below)


def _is_bare(folder: Path) -> bool:
    return all((folder / name).exists() for name in ("HEAD", "objects", "refs"))


def _clone(address: str, version: str | None, below: str, uri: str, copy: Path) -> Source:
    shown = without_password(address)
    # A repository from elsewhere must not bring in folders of this machine, as its submodules.
    protocols = _PROTOCOLS if address.startswith("file:") else _PROTOCOLS[:-1]
    git = partial(_git, ":".join(protocols))
    git("clone", "--quiet", "--no-checkout", "--", address, str(copy), fault=f"{shown} cannot be cloned")
    commit = _commit(copy, f"refs/remotes/origin/{version or 'HEAD'}") or _commit(copy, version or "HEAD")
    if commit is None:
        raise NotFound(f"{shown} has no branch, tag or commit {version or 'HEAD'!r}.")
    at = f"{version or commit} of {shown} cannot be checked out"
    git("-C", str(copy), "checkout", "--quiet", "--detach", commit, fault=at)
    git("-C", str(copy), "submodule", "--quiet", "update", "--init", "--recursive", fault=at)
    return Source(without_password(uri), _below(copy, below, uri), commit, shown, version)


def _below(folder: Path, below: str, uri: str) -> Path:
    found = inside(folder, below)
    if not found.is_dir():
        raise NotFound(f"There is no project at {without_password(uri)!r}: it has no folder {below!r}.")
    return found


def _head(folder: Path) -> str | None:
    # A folder runs as well without git, or outside of it.
    return _commit(folder, "HEAD") if shutil.which("git") else None


def _commit(folder: Path, name: str) -> str | None:
    done = _run("-C", str(folder), "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}")
    return done.stdout.strip() if done.returncode == 0 else None


def _git(protocols: str, *arguments: str, fault: str) -> None:
    done = _run(*arguments, GIT_ALLOW_PROTOCOL=protocols)
    if done.returncode:
        said = without_password(done.stderr.strip())[-500:]
        raise Unavailable(f"{fault}: git ended with status {done.returncode}: {said}")


def _run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("git")
    if program is None:
        raise Unavailable("git is needed to fetch this project, but it is not installed or not in PATH.")
    # What git itself sets for its hooks would send it to another repository.
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    # Nobody may be there to answer; credentials come from git's own helpers.
    environment = {**inherited, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **settings}
    return subprocess.run(  # noqa: S603  # no option comes from outside: addresses and versions are checked
        [program, *arguments], capture_output=True, text=True, errors="replace", env=environment, check=False
    )
