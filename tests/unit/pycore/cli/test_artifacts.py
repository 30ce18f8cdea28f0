import json
from pathlib import Path

import pytest
from tracked import Tracked


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    return Tracked(tmp_path)


@pytest.fixture
def run_id(tracked: Tracked) -> str:
    run_id = tracked.client.create_run("0").info.run_id
    tracked.client.log_text(run_id, "x", "a/b.txt")
    return run_id


def test_files_are_listed_as_json(tracked: Tracked, run_id: str) -> None:
    assert json.loads(tracked.output("artifacts", "list", "--run-id", run_id)) == [
        {"path": "a", "is_dir": True}
    ]
    assert json.loads(tracked.output("artifacts", "list", "-r", run_id, "-a", "a")) == [
        {"path": "a/b.txt", "is_dir": False, "file_size": 1}
    ]


def test_a_file_is_logged(tracked: Tracked, run_id: str, tmp_path: Path) -> None:
    file = tmp_path / "c.txt"
    file.write_text("y")

    result = tracked.run("artifacts", "log-artifact", "-l", file, "-r", run_id, "-a", "a")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Logged artifact from local file {file} to artifact_path=a\n"
    assert [info.path for info in tracked.client.list_artifacts(run_id, "a")] == ["a/b.txt", "a/c.txt"]


def test_a_folder_is_logged(tracked: Tracked, run_id: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "c.txt").write_text("y")

    result = tracked.run("artifacts", "log-artifacts", "-l", tmp_path / "folder", "-r", run_id)

    assert result.exit_code == 0
    assert result.stderr == f"Logged artifact from local dir {tmp_path}/folder to artifact_path=None\n"
    assert [info.path for info in tracked.client.list_artifacts(run_id)] == ["a", "c.txt"]


def test_a_file_that_does_not_exist(tracked: Tracked, run_id: str) -> None:
    result = tracked.run("artifacts", "log-artifact", "-l", "nothing", "-r", run_id)

    assert result.exit_code == 2
    assert "'nothing' does not exist" in result.stderr


def test_a_download_prints_one_line_with_the_path(tracked: Tracked, run_id: str, tmp_path: Path) -> None:
    by_run = tracked.output("artifacts", "download", "-r", run_id, "-a", "a/b.txt", "-d", tmp_path / "to")
    by_uri = tracked.output("artifacts", "download", "-u", f"runs:/{run_id}/a")

    assert by_run == f"{tmp_path}/to/a/b.txt\n"
    assert Path(by_run.strip()).read_text() == "x"
    assert by_uri.count("\n") == 1
    assert Path(by_uri.strip(), "b.txt").read_text() == "x"


def test_what_is_not_there(tracked: Tracked, run_id: str) -> None:
    result = tracked.run("artifacts", "download", "-r", run_id, "-a", "nothing")

    assert result.exit_code == 1
    assert result.stderr == "Error: FileNotFoundError: No such artifact: 'nothing'.\n"


def test_a_download_from_two_places(tracked: Tracked, run_id: str) -> None:
    assert tracked.run("artifacts", "download").exit_code == 2
    assert tracked.run("artifacts", "download", "-r", run_id, "-u", "a").exit_code == 2
