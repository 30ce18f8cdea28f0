"""Artifact locations: put together, compared, refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycore.errors import InvalidInput
from pycore.services import locations


@pytest.mark.parametrize(
    ("root", "joined"),
    [
        ("mlflow-artifacts:/", "mlflow-artifacts:/1/r"),
        ("mlflow-artifacts:", "mlflow-artifacts:/1/r"),
        ("mlflow-artifacts://host:5000/a", "mlflow-artifacts://host:5000/a/1/r"),
        ("s3://bucket", "s3://bucket/1/r"),
        ("s3://bucket/a/?region=x", "s3://bucket/a/1/r?region=x"),
        ("/srv/artifacts/", "/srv/artifacts/1/r"),
        ("/srv/what?", "/srv/what?/1/r"),
        ("file:///srv", "file:///srv/1/r"),
    ],
)
def test_join(root, joined):
    assert locations.join(root, "1", "r") == joined


@pytest.mark.parametrize(
    ("text", "steps"),
    [("a/b", ["a", "b"]), (r"a\b", ["a", "b"]), ("a%2fb", ["a", "b"]), ("%252e%252e/a", ["..", "a"])],
)
def test_steps_see_through_escapes(text, steps):
    assert locations.steps(text) == steps


def test_absolute_leaves_uris_alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert locations.absolute("S3://b") == "S3://b"
    assert locations.absolute("a/b") == f"{tmp_path}/a/b"
    assert locations.absolute("/a") == "/a"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/srv/a", "/srv/a"),
        ("file:///srv/a%20b", "/srv/a b"),
        ("FILE:/srv", "/srv"),
        ("file://localhost/srv", "/srv"),
        ("file://other/srv", None),
        ("s3://b/srv", None),
    ],
)
def test_local_path(uri, path):
    assert locations.local_path(uri) == (path and Path(path))


@pytest.mark.parametrize(
    "location", ["s3://b/a?x=1", "a/b", "/a b", "gs://b", "mlflow-artifacts:/7", "..a/b.."]
)
def test_legal_locations(location):
    locations.check_artifact_location(location)


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("runs:/1/a", "names a run or model"),
        ("models:/a/1", "names a run or model"),
        ("s3://b#a", "fragment"),
        ("s3://b;a", "parameters"),
        ("a/../b", r"'\.\.'"),
        (r"a\..\b", r"'\.\.'"),
        ("s3://b/%252E./c", r"'\.\.'"),
        ("/a%00b", "null character"),
        ("x" * 2049, "exceeds the maximum length of 2048"),
    ],
)
def test_illegal_locations(location, says):
    with pytest.raises(InvalidInput, match=says):
        locations.check_artifact_location(location)
