import subprocess
from pathlib import Path

import pytest

from pycore.errors import InvalidInput, NotFound, Unavailable
from pycore.projects.source import Source, fetch, without_password


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits on main, the first tagged v1, and a branch."""
    folder = tmp_path / "repo sitory"
    (folder / "below").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for number in (1, 2):
        (folder / "below" / "number.txt").write_text(str(number))
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", str(number))
        git(folder, "tag", f"v{number}")
    git(folder, "checkout", "--quiet", "-b", "feature/x", "v1")
    git(folder, "checkout", "--quiet", "main")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


def number(source: Source) -> str:
    return (source.folder / "below" / "number.txt").read_text()


def test_a_folder_is_used_in_place(folder: Path, workspace: Path) -> None:
    (folder / "below").mkdir()
    assert fetch(str(folder), None, workspace) == Source(str(folder), folder, None)
    assert fetch(f"{folder.as_uri()}#below", None, workspace).folder == folder / "below"
    assert not list(workspace.iterdir())


def test_a_relative_folder(elsewhere: Path, workspace: Path) -> None:
    assert fetch(".", None, workspace).folder == elsewhere


def test_the_commit_of_a_folder_is_told(repository: Path, workspace: Path) -> None:
    source = fetch(str(repository), None, workspace)
    assert (source.commit, source.repository) == (git(repository, "rev-parse", "v2"), None)
    git(repository, "checkout", "--quiet", "v1")
    assert fetch(str(repository), None, workspace).commit == git(repository, "rev-parse", "v1")


@pytest.mark.parametrize("bare", [False, True])
def test_a_version_is_copied(repository: Path, workspace: Path, bare: bool) -> None:
    if bare:
        git(repository, "clone", "--quiet", "--bare", str(repository), f"{repository}.git")
        repository = Path(f"{repository}.git")
    uri = repository.as_uri()
    first = git(repository, "rev-parse", "v1")

    for index, version in enumerate(["v1", "feature/x", first, first[:8]]):
        (workspace / str(index)).mkdir()
        source = fetch(uri, version, workspace / str(index))
        assert (number(source), source.commit, source.version) == ("1", first, version)
        assert source.repository == uri
        assert source.folder.is_relative_to(workspace)
    assert number(fetch(uri, "main", workspace)) == "2"


def test_a_version_of_a_folder_in_a_repository(repository: Path, workspace: Path) -> None:
    source = fetch(str(repository / "below"), "v1", workspace)
    assert (source.folder / "number.txt").read_text() == "1"


def test_a_bare_repository_without_version(repository: Path, workspace: Path) -> None:
    git(repository, "clone", "--quiet", "--bare", str(repository), f"{repository}.git")
    source = fetch(f"{repository}.git#below", None, workspace)
    assert (source.folder / "number.txt").read_text() == "2"
    assert source.version is None


def test_submodules_come_along(repository: Path, workspace: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    git(whole, "init", "--quiet")
    git(whole, "submodule", "--quiet", "add", repository.as_uri(), "part")
    git(whole, "commit", "--quiet", "-m", "all")

    source = fetch(whole.as_uri(), "HEAD", workspace)

    assert (source.folder / "part" / "below" / "number.txt").read_text() == "2"


def test_what_git_sets_for_its_hooks_does_not_matter(
    repository: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    assert number(fetch(repository.as_uri(), "v1", workspace)) == "1"


@pytest.mark.parametrize("version", ["v9", "no/branch", "0" * 40, "v1 v2"])
def test_a_version_that_is_not_there(repository: Path, workspace: Path, version: str) -> None:
    with pytest.raises(NotFound, match=f"has no branch, tag or commit '{version}'"):
        fetch(repository.as_uri(), version, workspace)


def test_a_version_of_no_repository(folder: Path, workspace: Path) -> None:
    with pytest.raises(InvalidInput, match="is in no git repository"):
        fetch(str(folder), "v1", workspace)


@pytest.mark.parametrize("version", ["--upload-pack=touch", "-b", ""])
def test_an_option_is_no_version(repository: Path, workspace: Path, version: str) -> None:
    with pytest.raises(InvalidInput, match="A version is a branch, a tag or a commit, not"):
        fetch(repository.as_uri(), version, workspace)


@pytest.mark.parametrize(
    "uri",
    [
        "ext::sh -c 'touch owned'",
        "ssh://-oProxyCommand=touch owned/x",
        "https://-x",
        "git@-oProxyCommand=touch:x",
        "-o@host:x",
        "git@host:-x",
        "fd::17",
        "s3://bucket/project",
    ],
)
def test_what_git_could_be_led_astray_by(uri: str, workspace: Path, elsewhere: Path) -> None:
    with pytest.raises((InvalidInput, NotFound), match=r"no project|is no folder"):
        fetch(uri, "v1", workspace)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("uri", ["--upload-pack=touch owned", "nothing", "a b/c"])
def test_a_folder_that_is_not_there(uri: str, workspace: Path) -> None:
    with pytest.raises(NotFound, match="There is no project at"):
        fetch(uri, None, workspace)


@pytest.mark.parametrize("below", ["nothing", "below/number.txt"])
def test_a_folder_that_is_not_in_it(repository: Path, workspace: Path, below: str) -> None:
    with pytest.raises(NotFound, match=f"it has no folder '{below}'"):
        fetch(f"{repository.as_uri()}#{below}", "v1", workspace)


def test_a_folder_outside_of_it(repository: Path, workspace: Path) -> None:
    for version in (None, "v1"):
        (workspace / str(version)).mkdir()
        with pytest.raises(InvalidInput, match="leads outside of the project"):
            fetch(f"{repository}#../..", version, workspace / str(version))


def test_a_repository_that_cannot_be_reached(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Unavailable, match=r"^http://127.0.0.1:1/x cannot be cloned: git ended") as caught:
        fetch("http://user:secret@127.0.0.1:1/x", None, workspace)
    assert "secret" not in str(caught.value)


def test_ssh_is_asked_for_the_place_given(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", f"echo >{tmp_path}/asked; false")
    with pytest.raises(Unavailable, match=r"git@host.example:team/x.git cannot be cloned"):
        fetch("git@host.example:team/x.git", None, workspace)
    assert (tmp_path / "asked").exists()


def test_a_machine_without_git(
    repository: Path, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="git is needed to fetch this project"):
        fetch(repository.as_uri(), "v1", workspace)
    # A folder needs none.
    assert fetch(str(workspace), None, workspace).commit is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@host/x", "https://host/x"),
        ("https://token@host/x", "https://host/x"),
        ("ssh://git:pw@host:22/x", "ssh://git@host:22/x"),
        ("git@host:x", "git@host:x"),
        ("https://host/x@y", "https://host/x@y"),
        ("file:///a:b/c@d", "file:///a:b/c@d"),
    ],
)
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
    assert without_password(f"fatal: '{url}' not found") == f"fatal: '{shown}' not found"
