from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rest import PROXY, Rest, error_in


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    """Where the server keeps the artifacts it is sent, with a file in it."""
    folder = tmp_path / "mlartifacts"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"0123456789")
    return folder


def put(files: Rest, name: str, data: bytes = b"x", **more: Any):
    return files.http.put(f"{PROXY}artifacts/{name}", data=data, **more)


def get(files: Rest, name: str, **more: Any):
    return files.http.get(f"{PROXY}artifacts/{name}", **more)


def test_bytes_go_up_and_come_down(files, destination):
    content = bytes(range(256)) * 5000
    assert put(files, "d/e/blob.bin", content).json == {}
    assert get(files, "d/e/blob.bin").data == content
    assert (destination / "d/e/blob.bin").read_bytes() == content


def test_replies_carry_what_a_cautious_client_wants(files, destination):
    reply = get(files, "a.txt")
    assert reply.headers["Content-Length"] == "10"
    assert reply.headers["Content-Disposition"].startswith('attachment; filename="a.txt"')
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Security-Policy"].startswith("sandbox")
    assert reply.headers["Cache-Control"] == "no-cache"
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["Last-Modified"]
    assert reply.headers["ETag"]


def test_head_has_the_headers_alone(files, destination):
    reply = files.http.head(f"{PROXY}artifacts/a.txt")
    assert (reply.status_code, reply.data, reply.headers["Content-Length"]) == (200, b"", "10")


@pytest.mark.parametrize(
    ("asked", "sent", "content_range"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
    ],
)
def test_ranges(files, destination, asked, sent, content_range):
    reply = get(files, "a.txt", headers={"Range": asked})
    assert (reply.status_code, reply.data) == (206, sent)
    assert reply.headers["Content-Range"] == content_range
    assert reply.headers["Content-Length"] == str(len(sent))


def test_a_range_beyond_the_end(files, destination):
    reply = get(files, "a.txt", headers={"Range": "bytes=10-"})
    assert error_in(reply)[0] == 416
    assert reply.headers["Content-Range"] == "bytes */10"


def test_an_unchanged_file_is_not_sent_again(files, destination):
    tag = get(files, "a.txt").headers["ETag"]
    unchanged = get(files, "a.txt", headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    put(files, "a.txt", b"9876543210")
    assert get(files, "a.txt", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("MLmodel", "text/plain"),
        ("conf.yaml", "text/plain"),
        ("page.js", "text/plain"),
        ("data.JSON", "text/plain"),
        ("script.R", "text/plain"),
        ("page.html", "text/html"),
        ("plot.png", "image/png"),
        ("plot.svg", "image/svg+xml"),
        ("crate.bin", "application/octet-stream"),
        ("no-suffix", "application/octet-stream"),
    ],
)
def test_types(files, destination, name, content_type):
    put(files, name)
    assert get(files, name).headers["Content-Type"] == content_type


def test_a_name_beyond_ascii_is_sent_in_full(files, destination):
    put(files, 'd%C3%A9"j%C3%A0.txt')
    disposition = get(files, 'd%C3%A9"j%C3%A0.txt').headers["Content-Disposition"]
    assert disposition == "attachment; filename=\"d?'j?.txt\"; filename*=UTF-8''d%C3%A9%22j%C3%A0.txt"


def test_an_empty_file(files, destination):
    put(files, "empty", b"")
    reply = get(files, "empty")
    assert (reply.status_code, reply.data, reply.headers["Content-Length"]) == (200, b"", "0")
    assert {"path": "empty", "is_dir": False} in files.get("artifacts")["files"]


def test_listing(files, destination):
    put(files, "d/b.txt", b"12")
    assert files.get("artifacts")["files"] == [
        {"path": "a.txt", "is_dir": False, "file_size": 10},
        {"path": "d", "is_dir": True},
    ]
    for path in ("d", "d/"):
        assert files.get("artifacts", path=path)["files"] == [
            {"path": "b.txt", "is_dir": False, "file_size": 2}
        ]
    for path in ("nowhere", "a.txt"):
        assert files.get("artifacts", path=path) == {}


def test_deleting(files, destination):
    put(files, "d/b.txt")
    assert files.result("DELETE", "artifacts/d") == {}
    assert files.result("DELETE", "artifacts/d") == {}
    assert get(files, "a.txt").status_code == 200
    assert error_in(get(files, "d/b.txt"))[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_folder_is_not_sent(files, destination):
    put(files, "d/b.txt")
    assert error_in(get(files, "d"))[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_model_lies_among_the_artifacts_of_its_run(api, files):
    run_id = api.runs.create("0").info.run_id
    root = f"0/{run_id}/artifacts"
    put(files, f"{root}/notes/a.txt", b"note")
    model = api.logged_models.create("0", "tree", run_id)
    api.artifacts.open(model.artifact_location).write("data/w.bin", io.BytesIO(b"weights"))

    def names(path: str, client: str = "mlflow-python-client/2.22.5") -> list[str]:
        headers = {"User-Agent": client}
        listed = files.http.get(f"{PROXY}artifacts", query_string={"path": path}, headers=headers).json
        return [entry["path"] for entry in listed.get("files", ())]

    assert names(root) == ["notes", "tree"]
    assert names(f"{root}/tree") == ["data"]
    assert names(f"{root}/tree/data") == ["w.bin"]
    assert get(files, f"{root}/tree/data/w.bin").data == b"weights"
    assert get(files, f"{root}/tree/data/x.bin").status_code == 404
    # This client asks for the models of a run by itself, and puts their files to these.
    assert names(root, "mlflow-python-client/3.17.2") == ["notes", "tree"]
    assert names(f"{root}/tree", "mlflow-python-client/3.17.2") == []
    # A folder that only looks like that run's.
    assert names(f"other/{root}") == []
    assert get(files, f"other/{root}/tree/data/w.bin").status_code == 404


def test_multipart_is_refused_in_the_words_clients_fall_back_on(files):
    status, code, message = files.refusal("POST", "mpu/create/a", path="x", num_parts=2)
    assert (status, code) == (501, "NOT_IMPLEMENTED")
    assert message.startswith("Multipart upload is not supported for the current artifact repository")
    assert files.refusal("POST", "mpu/create/%2e%2e/a")[0] == 400


BAD_PATHS = [
    "../x",
    "..",
    "d/../a.txt",
    "%2e%2e/x",
    "%2E%2E%2Fx",
    "..%2fx",
    "%252e%252e/x",
    "%25252e%25252e/x",
    "..%252fx",
    "/etc/passwd",
    "//x",
    "%2fetc",
    "%252fetc",
    "C:%5cx",
    "C:/x",
    "%5c%5chost%5cshare",
    "..%5cx",
    "a%5cb",
    "file:///etc/passwd",
    "file:%2f%2fetc",
    "a%23b",
    "a%2523b",
    "a.txt%00",
    "a.txt%2500",
    "%0a",
    "tab%09x",
    "%ff",
    "a//b",
    "a/./b",
    ".",
    "%2e",
    "a/",
    "",
    "a/..",
    "a/%2e%2e",
    "x" * 256,
    ".crateflow-upload-x",
]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_might_leave_the_root_is_refused(files, destination, path):
    before = sorted(p for p in destination.parent.rglob("*") if "mlflow.db" not in p.name)
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        reply = files.http.open(
            f"{PROXY}artifacts/{path}", method=method, data=b"evil" if method == "PUT" else None
        )
        assert reply.status_code == 400, (method, reply.text)
        if method != "HEAD":
            assert error_in(reply)[1] == "INVALID_PARAMETER_VALUE"
            assert str(destination) not in reply.text
    assert sorted(p for p in destination.parent.rglob("*") if "mlflow.db" not in p.name) == before


@pytest.mark.parametrize(
    "path", ["..", "../x", "%2e%2e", "/etc", "d/../..", "a\\b", "file:///etc", "a#b", "a\0", "//"]
)
def test_a_listing_does_not_leave_the_root(files, world, path):
    for status, code, message in (
        files.refusal("GET", "artifacts", path=path),
        world.rest.refusal("GET", "artifacts/list", run_id=world.run_id, path=path),
    ):
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert "Invalid path" in message


def test_links_to_the_outside_are_refused(files, destination, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (destination / "link").symlink_to(tmp_path)
    (destination / "file").symlink_to(secret)
    for path in ("link/secret.txt", "file"):
        for method in ("GET", "PUT", "DELETE"):
            reply = files.http.open(f"{PROXY}artifacts/{path}", method=method)
            assert error_in(reply)[0] == 400
    assert files.refusal("GET", "artifacts", path="link")[0] == 400
    assert [entry["path"] for entry in files.get("artifacts")["files"]] == ["a.txt"]
    assert secret.read_text() == "secret"


@pytest.mark.parametrize(
    "name", ["50%2525.txt", "a+b", "what%3f.csv", "a;b", "..;x", "~", "...", "a%20", "loss:x.png"]
)
def test_unusual_names_survive(files, destination, name):
    put(files, name, name.encode())
    assert get(files, name).data == name.encode()
    assert len(list(destination.iterdir())) == 2


class TestOfRuns:
    """The routes that find a file through a run or a model version."""

    def test_a_run_by_either_name(self, world):
        for field in ("run_id", "run_uuid"):
            reply = world.rest.http.get(f"/get-artifact?{field}={world.run_id}&path=model/MLmodel")
            assert reply.data == b"flavors:"

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("run_id={run}", 400),
            ("path=model/MLmodel", 400),
            ("run_id={run}&path=", 400),
            ("run_id={run}&path=model", 400),
            ("run_id={run}&path=../../x", 400),
            ("run_id={run}&path=nothing", 404),
            ("run_id=00000000000000000000000000000000&path=a", 404),
        ],
    )
    def test_refusals(self, world, query, status):
        reply = world.rest.http.get(f"/get-artifact?{query.format(run=world.run_id)}")
        assert error_in(reply)[0] == status

    @pytest.mark.parametrize(
        ("query", "status"),
        [("version=1&path=a", 400), ("name=iris-lm&version=1", 400), ("name=iris-lm&version=9&path=a", 404)],
    )
    def test_refusals_of_versions(self, world, query, status):
        assert error_in(world.rest.http.get(f"/model-versions/get-artifact?{query}"))[0] == status

    def test_a_version_that_was_made_from_a_run(self, world):
        version = world.rest.post(
            "model-versions/create",
            name=world.model,
            source=f"runs:/{world.run_id}/model",
            run_id=world.run_id,
        )["model_version"]["version"]
        reply = world.rest.http.get(
            f"/model-versions/get-artifact?name={world.model}&version={version}&path=MLmodel"
        )
        assert reply.data == b"flavors:"

    def test_a_version_that_lies_where_this_server_cannot_reach(self, world):
        world.rest.post("model-versions/create", name=world.model, source="dbfs://bucket/model")
        reply = world.rest.http.get(f"/model-versions/get-artifact?name={world.model}&version=2&path=MLmodel")
        assert "got dbfs:" in error_in(reply)[2]

    def test_an_upload(self, world):
        address = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={world.run_id}&path=d/e.txt"
        assert world.rest.http.post(address, data=b"12").status_code == 200
        listed = world.rest.get("artifacts/list", run_id=world.run_id, path="d")["files"]
        assert listed == [{"path": "d/e.txt", "is_dir": False, "file_size": 2}]

    @pytest.mark.parametrize("size", [0, (10 << 20) + 1])
    def test_an_upload_of_a_size_that_is_not_taken(self, world, size):
        address = f"/upload-artifact?run_uuid={world.run_id}&path=d/e.txt"
        assert "10 MiB" in error_in(world.rest.http.post(address, data=b"x" * size))[2]
        assert "files" not in world.rest.get("artifacts/list", run_id=world.run_id, path="d")

    def test_a_folder_of_the_server_is_not_an_experiment(self, world, tmp_path):
        (tmp_path / "private").mkdir()
        experiment_id = world.rest.post(
            "experiments/create", name="thief", artifact_location=str(tmp_path / "private")
        )["experiment_id"]
        run_id = world.rest.post("runs/create", experiment_id=experiment_id)["run"]["info"]["run_id"]
        status, _, message = world.rest.refusal("GET", "artifacts/list", run_id=run_id)
        assert status == 400
        assert "CRATEFLOW_ARTIFACT_ROOTS" in message
