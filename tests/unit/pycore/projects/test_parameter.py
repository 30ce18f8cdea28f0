import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import pycore as mlflow
from pycore.errors import InvalidInput, NotFound, Unavailable
from pycore.projects.parameter import Parameter


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "storage"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "irises.csv").write_text("5.1\n")
    handler = partial(_Quiet, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("float", Parameter("a", "float")),
        ({"type": "int", "default": 3}, Parameter("a", "int", "3")),
        ({"default": 0.1}, Parameter("a", "string", "0.1")),
        ({"type": "path", "default": None}, Parameter("a", "path")),
        ({}, Parameter("a")),
    ],
)
def test_a_declaration(declared: object, expected: Parameter) -> None:
    assert Parameter.parse("a", declared) == expected


def test_a_declaration_that_is_none() -> None:
    with pytest.raises(InvalidInput, match=r"'a' must be the name of a type, or a mapping .* not 3"):
        Parameter.parse("a", 3)


def test_a_type_that_is_not_known_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert Parameter.parse("a", "bool") == Parameter("a")
    assert "type 'bool' of the parameter 'a' is none of string, float, int, path, uri" in caplog.text


@pytest.mark.parametrize(("kind", "text"), [("float", "1e-3"), ("int", "-4"), ("string", ""), ("float", "3")])
def test_values_are_handed_on_as_they_are(kind: str, text: str, folder: Path, storage: Path) -> None:
    assert Parameter("a", kind).value(text, folder, storage) == text


@pytest.mark.parametrize(("kind", "text"), [("float", "much"), ("int", "0.5"), ("float", "")])
def test_a_value_of_another_type(kind: str, text: str, folder: Path, storage: Path) -> None:
    with pytest.raises(InvalidInput, match=f"The parameter 'a' must be {kind}, not '{text}'"):
        Parameter("a", kind).value(text, folder, storage)


@pytest.mark.parametrize("kind", ["path", "uri"])
def test_a_relative_path_is_the_callers_and_a_default_the_projects(
    kind: str, folder: Path, elsewhere: Path, storage: Path
) -> None:
    for place in (folder, elsewhere):
        (place / "data.csv").touch()
    parameter = Parameter("data", kind, "data.csv")

    assert parameter.value(None, folder, storage) == str(folder / "data.csv")
    assert parameter.value("data.csv", folder, storage) == str(elsewhere / "data.csv")
    assert parameter.value((elsewhere / "data.csv").as_uri(), folder, storage) == str(elsewhere / "data.csv")
    assert not storage.exists()


def test_a_path_that_leads_to_nothing(folder: Path, storage: Path) -> None:
    with pytest.raises(NotFound, match=r"'data' is a path, but there is nothing at '.*/nothing'"):
        Parameter("data", "path").value("nothing", folder, storage)


def test_a_uri_of_elsewhere_is_handed_on(folder: Path, storage: Path) -> None:
    assert Parameter("data", "uri").value("s3://b/d.csv", folder, storage) == "s3://b/d.csv"


def test_a_path_in_a_run_is_downloaded(folder: Path, storage: Path, client: mlflow.MlflowClient) -> None:
    run_id = client.create_run("0").info.run_id
    client.log_text(run_id, "5.1", "data/irises.csv")

    value = Parameter("data", "path").value(f"runs:/{run_id}/data", folder, storage)

    assert Path(value).is_relative_to(storage)
    assert Path(value, "irises.csv").read_text() == "5.1"


def test_a_path_on_the_web_is_downloaded(web: str, folder: Path, storage: Path) -> None:
    value = Parameter("data", "path").value(f"{web}/irises.csv?day=1", folder, storage)
    assert Path(value).name == "irises.csv"
    assert Path(value).read_text() == "5.1\n"


def test_a_path_that_is_not_on_the_web(web: str, folder: Path, storage: Path) -> None:
    with pytest.raises(NotFound, match=r"nothing.csv answers 404"):
        Parameter("data", "path").value(f"{web}/nothing.csv", folder, storage)
    with pytest.raises(Unavailable, match=r"http://127.0.0.1:1/a cannot be downloaded"):
        Parameter("data", "path").value("http://127.0.0.1:1/a", folder, storage)
