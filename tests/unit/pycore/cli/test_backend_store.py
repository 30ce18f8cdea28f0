from pathlib import Path

import click
import pytest

from pycore.cli.backend_store import database_url


def url_of(value: str) -> str:
    command = click.Command("server")
    return database_url(click.Context(command), click.Option(["--backend-store-uri"]), value)


@pytest.mark.parametrize(
    "url", ["sqlite:///mlflow.db", "postgresql+psycopg://u@h/d", "mysql://h/d", "sqlite://"]
)
def test_a_url_stays_as_it_is(url: str) -> None:
    assert url_of(url) == url


def test_a_folder_stands_for_the_database_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert url_of("new/mlruns") == f"sqlite:///{tmp_path}/new/mlruns/tracking.db"
    assert (tmp_path / "new" / "mlruns").is_dir()
    assert url_of(str(tmp_path)) == f"sqlite:///{tmp_path}/tracking.db"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(click.BadParameter, match="is a file: give sqlite:///"):
        url_of(str(tmp_path / "mlflow.db"))


def test_the_files_of_mlflow_are_to_be_imported(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "meta.yaml").touch()
    with pytest.raises(
        click.BadParameter, match=r"crateflow import mlflow .* --to sqlite:///.*/tracking.db`"
    ):
        url_of(str(tmp_path))
