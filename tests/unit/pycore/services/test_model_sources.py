"""Sources of model versions, as the registry protocol lists what they must not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycore.errors import InvalidInput
from pycore.services.model_sources import SourceRules


@pytest.fixture
def run(api):
    """A run with local artifacts."""
    run = api.runs.create("0")
    Path(run.info.artifact_uri).mkdir(parents=True)
    return run


@pytest.fixture
def proxied_run(api):
    """A run whose artifacts lie behind the server."""
    experiment_id = api.experiments.create("proxied", "mlflow-artifacts:/7")
    return api.runs.create(experiment_id)


@pytest.fixture
def resolve(api, database):
    """Resolve a source as a server with proxied artifacts does."""

    def resolve(source, run_id=None, root="mlflow-artifacts:/"):
        with database.reading() as connection:
            return SourceRules(root).resolve(connection, source, run_id)

    return resolve


def test_a_local_path_inside_the_runs_artifacts(resolve, run):
    inside = run.info.artifact_uri
    for source in (
        inside,
        f"{inside}/",
        f"{inside}/model",
        f"file://{inside}/model",
        f"file://localhost{inside}/m",
    ):
        assert resolve(source, run.info.run_id).source == source


def test_local_paths_elsewhere(resolve, run, proxied_run, tmp_path):
    inside = run.info.artifact_uri
    link = Path(inside) / "link"
    link.symlink_to(tmp_path)
    for source in (
        "/",
        "/etc/passwd",
        "etc/passwd",
        f"{inside}x",
        f"{inside}/../secret",
        f"{inside}/%2e%2e/secret",
        f"file://{inside}/%2e%2e/secret",
        f"file://{inside}/%252e%252e/secret",
        f"file://other{inside}/model",
        f"file://{inside}/model?x=1",
        f"file://{inside}/model#x",
        f"file:///..\\..{inside}",
        f"{inside}/a\0b",
        f"{inside}/a%00b",
        f"{link}/secret",
        f" file://{inside}",
    ):
        with pytest.raises(InvalidInput, match="Invalid model version source"):
            resolve(source, run.info.run_id)
    for run_id in (None, "", "0" * 31 + "9", proxied_run.info.run_id):
        with pytest.raises(InvalidInput, match="Invalid model version source"):
            resolve(f"{inside}/model", run_id)


@pytest.mark.parametrize(
    "source",
    [
        "s3://bucket/model",
        "s3://bucket/a//b/",
        "s3://bucket/a b?x=1#y",
        "s3://bucket/größe",
        r"s3://bucket/a\b",
        "gs://bucket/..a",
        "wasbs://c@account/x",
        "dbfs:/x",
        "unknown-scheme:whatever",
    ],
)
def test_object_stores_are_taken_at_their_word(resolve, source):
    resolved = resolve(source)
    assert (resolved.source, resolved.storage_location, resolved.run_id) == (source, source, "")
    assert resolve(source, "of another server").run_id == "of another server"


@pytest.mark.parametrize(
    "source",
    [
        "s3://bucket/../other",
        "s3://bucket/%2e%2e/other",
        "s3://bucket/%252e%252e/other",
        "s3://bucket/..%5cother",
        "s3://bucket/./other",
        "s3://bucket/a?x=../../b",
        "s3://bucket/a;../b",
        "s3://bucket/a%00b",
        "s3://bucket/a\nb",
        "dbfs:/a/../b",
    ],
)
def test_sources_that_climb(resolve, source):
    with pytest.raises(InvalidInput, match="Invalid model version source"):
        resolve(source)


@pytest.mark.parametrize("scheme", ["ftp", "sftp", "hdfs", "viewfs", "http", "HTTPS", "r2", "b2", "abfss"])
def test_hosts_of_the_callers_choice(resolve, scheme, monkeypatch):
    source = f"{scheme}://host.example/model"
    with pytest.raises(InvalidInput, match="MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES"):
        resolve(source)
    assert resolve(source, root=f"{scheme.lower()}://host.example/root").source == source
    with pytest.raises(InvalidInput, match="cannot use"):
        resolve(source, root=f"{scheme}://other.example/root")
    monkeypatch.setenv("MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES", f"x, {scheme.lower()}")
    assert resolve(source).source == source


def test_proxied_sources_stay_inside(resolve, proxied_run):
    run_id, inside = proxied_run.info.run_id, proxied_run.info.artifact_uri
    assert resolve(f"{inside}/model").run_id == ""
    assert resolve(f"{inside}/model", run_id).run_id == run_id
    for source in (f"{inside}x", "mlflow-artifacts:/8/x", "mlflow-artifacts://host/7"):
        with pytest.raises(InvalidInput, match="Invalid model version source"):
            resolve(source, run_id)
    with pytest.raises(InvalidInput, match="outside the artifact root"):
        resolve("mlflow-artifacts:/b", root="mlflow-artifacts:/a")


def test_runs_of_the_source_and_of_the_request_must_agree(resolve):
    assert resolve("runs:/abc/model").run_id == "abc"
    assert resolve("runs:/abc", "abc").storage_location == "runs:/abc"
    for source, run_id in (
        ("runs:/abc/model", "abd"),
        ("runs://abc/model", "abc"),
        ("runs:/", None),
        ("runs:abc", None),
    ):
        with pytest.raises(InvalidInput, match="Invalid model version source"):
            resolve(source, run_id)


def test_versions_carry_their_run_along(api, resolve):
    api.registered_models.create("odd@name")
    api.model_versions.create("odd@name", "runs:/abc/model")
    resolved = resolve("models:/odd@name/1")
    assert (resolved.storage_location, resolved.run_id) == ("runs:/abc/model", "abc")
    assert resolve("models:/odd@name/LATEST", "abc").source == "models:/odd@name/1"
    with pytest.raises(InvalidInput, match="comes from the run 'abc'"):
        resolve("models:/odd@name/1", "other")
    for source in (
        "models:/odd",
        "models:/@a",
        "models:/a@",
        "models://h/a/1",
        "models:a/1",
    ):
        with pytest.raises(InvalidInput, match="Invalid model version source"):
            resolve(source)


def test_a_pattern_of_the_server(resolve, monkeypatch):
    monkeypatch.setenv("MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX", "^s3://ours/")
    assert resolve("s3://ours/x").source == "s3://ours/x"
    with pytest.raises(InvalidInput, match="s3://ours/"):
        resolve("s3://theirs/x")
    monkeypatch.setenv("MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX", "(")
    with pytest.raises(InvalidInput, match="expected a regular expression"):
        resolve("s3://ours/x")
