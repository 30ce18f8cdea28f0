"""The options of `crateflow server`: those of MLflow's, each with its variable, work or say why not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from processes import CRATEFLOW
from waiting import LIMIT_S

from pycore.cli.main import main
from pycore.cli.mlflow_options import IGNORED, REFUSED
from pycore.cli.server import server

#: Option of MLflow's server -> the environment variable that stands for it.
OPTIONS = {
    "--backend-store-uri": "MLFLOW_BACKEND_STORE_URI",
    "--registry-store-uri": "MLFLOW_REGISTRY_STORE_URI",
    "--default-artifact-root": "MLFLOW_DEFAULT_ARTIFACT_ROOT",
    "--serve-artifacts": "MLFLOW_SERVE_ARTIFACTS",
    "--artifacts-destination": "MLFLOW_ARTIFACTS_DESTINATION",
    "--artifacts-only": "MLFLOW_ARTIFACTS_ONLY",
    "--host": "MLFLOW_HOST",
    "--port": "MLFLOW_PORT",
    "--workers": "MLFLOW_WORKERS",
    "--static-prefix": "MLFLOW_STATIC_PREFIX",
    "--allowed-hosts": "MLFLOW_SERVER_ALLOWED_HOSTS",
    "--cors-allowed-origins": "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS",
    "--x-frame-options": "MLFLOW_SERVER_X_FRAME_OPTIONS",
    "--disable-security-middleware": "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE",
    "--app-name": "MLFLOW_APP_NAME",
    "--expose-prometheus": "MLFLOW_EXPOSE_PROMETHEUS",
    "--gunicorn-opts": "MLFLOW_GUNICORN_OPTS",
    "--waitress-opts": "MLFLOW_WAITRESS_OPTS",
    "--uvicorn-opts": "MLFLOW_UVICORN_OPTS",
    "--dev": "MLFLOW_DEV",
}
#: Stops the command once its options have been read.
NO_DATABASE = ("--port", "0", "--backend-store-uri", "nonsense:")


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["server", *arguments], env=environment)


def variable_of(option: str) -> str:
    (found,) = (each.envvar for each in server.params if option in (*each.opts, *each.secondary_opts))
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_known_with_its_variable(option: str):
    (found,) = (each for each in server.params if isinstance(each, click.Option) and option in each.opts)
    assert found.envvar == OPTIONS[option]
    assert found.hidden == (option in REFUSED or option in IGNORED)


@pytest.mark.parametrize("option", REFUSED)
def test_what_is_not_supported_says_what_to_do(option: str):
    for result in (run(option), run(**{OPTIONS[option]: "true"})):
        assert result.exit_code == 2
        assert f"{option} is not supported. {REFUSED[option]}" in result.stderr
    assert "not supported" not in run(*NO_DATABASE, **{OPTIONS[option]: ""}).stderr


@pytest.mark.parametrize("option", IGNORED)
def test_options_of_other_http_servers_are_taken_with_a_warning(option: str):
    result = run(*NO_DATABASE, option, "--threads 4")
    assert f"Warning: {option} is ignored" in result.stderr
    assert "'nonsense:' is no database URI" in result.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--backend-store-uri", "sqlite:///x.db"),
        ("--registry-store-uri", "sqlite:///x.db"),
        ("--default-artifact-root", "/x"),
        ("--no-serve-artifacts", None),
        ("--serve-models", None),
        ("--app-name", "basic-auth"),
    ],
)
def test_a_server_of_artifacts_alone_takes_no_options_of_runs(option: str, value: str | None):
    given = run("--artifacts-only", *filter(None, (option, value)))
    told = run(MLFLOW_ARTIFACTS_ONLY="true", **{variable_of(option): value or "true"})
    for result in (given, told):
        assert result.exit_code == 2
        name = option.replace("--no-serve", "--serve")
        assert f"{name} is for a server of runs and models; --artifacts-only serves" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--x-frame-options", "everybody"], "'everybody' is not one of"),
        (["--workers", "none"], "'none' is not a valid integer"),
        (["--backend-store-uri", "oracle://x"], "'oracle' are not supported"),
        (["--backend-store-uri", "{folder}/file"], "is a file"),
        (["--artifacts-destination", "ftp://x/y"], "expected a path, file:, s3:"),
        (["--default-artifact-root", "runs:/x"], "it names a run or model"),
        (["--gunicorn-opts", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["--gunicorn-opts", "'"], "No closing quotation"),
        (["--registry-store-uri", "http://127.0.0.1:1"], "'http' are not supported"),
        (["--expose-prometheus", "{folder}/file"], "is a file"),
        (["--access-log", "{folder}/no/such/file"], "cannot be written"),
        (["--gateway-token-file", "{folder}/missing"], "does not exist"),
        (["--artifacts-only"], "--backend-store-uri is for a server of runs and models"),
        (["--gateway-token-file", "{folder}/file", "--app-name", "basic-auth"], "bring their own tokens"),
        (["--app-name", "oidc"], "'oidc' is not 'basic-auth'"),
        (["--default-permission", "USE"], "'USE' is not one of"),
        (["--managed-stages", "Prod"], "Prod"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_values_that_cannot_be_used(tmp_path: Path, arguments: list[str], says: str):
    (tmp_path / "file").write_text("")
    given = [argument.format(folder=tmp_path) for argument in arguments]
    # In a process of its own: one that takes the value after all would serve until it is killed.
    result = subprocess.run(
        [CRATEFLOW, "server", "--port", "0", "--backend-store-uri", f"sqlite:///{tmp_path}/x.db", *given],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert result.returncode in (1, 2), result.stderr
    assert says in result.stderr
    assert "Traceback" not in result.stderr
