"""``crateflow server``, and ``crateflow ui``, which is the same."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import click
from click.core import ParameterSource

from pycore.cli.backend_store import database_url
from pycore.cli.mlflow_options import options_without_effect
from pycore.cli.model_environment import environment_options
from pycore.cli.user_options import guard_by_users, user_options
from pycore.models.env_managers import LOCAL
from pycore.processors import usable_processors

_MAX_DEFAULT_WORKERS = 4
_THREADS = 16
#: Options without a meaning where only artifacts are served.
_OF_RUNS = (
    "backend_store_uri",
    "registry_store_uri",
    "default_artifact_root",
    "serve_artifacts",
    "serve_models",
    "app_name",
)

_option = partial(click.option, show_envvar=True)


def _default_workers() -> int:
    return min(_MAX_DEFAULT_WORKERS, usable_processors())


def _names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (value or "").split(",") if name.strip())


@click.command("server")
@_option(
    "--backend-store-uri",
    envvar="MLFLOW_BACKEND_STORE_URI",
    default="sqlite:///mlflow.db",
    show_default=True,
    callback=database_url,
    help="Database of runs and registered models: an SQLAlchemy URL, or a folder for one of SQLite.",
)
@_option(
    "--registry-store-uri",
    envvar="MLFLOW_REGISTRY_STORE_URI",
    help="Another database for the registered models.  [default: that of the runs]",
)
@_option(
    "--default-artifact-root",
    envvar="MLFLOW_DEFAULT_ARTIFACT_ROOT",
    help="Artifact location of new experiments.  [default: mlflow-artifacts:/, or ./mlruns when this server "
    "does not serve artifacts]",
)
@_option(
    "--serve-artifacts/--no-serve-artifacts",
    envvar="MLFLOW_SERVE_ARTIFACTS",
    default=True,
    show_default=True,
    help="Whether clients reach artifacts through this server.",
)
@_option(
    "--artifacts-destination",
    envvar="MLFLOW_ARTIFACTS_DESTINATION",
    default="./mlartifacts",
    show_default=True,
    help="Folder, or s3://, gs:// or abfs:// URI, for the artifacts that clients send to this server.",
)
@_option(
    "--artifacts-only",
    envvar="MLFLOW_ARTIFACTS_ONLY",
    is_flag=True,
    help="Serve artifacts and nothing else, without a database: beside a tracking server with "
    "--no-serve-artifacts.",
)
@_option(
    "-h",
    "--host",
    envvar="MLFLOW_HOST",
    default="127.0.0.1",
    show_default=True,
    help="Interface to listen on.",
)
@_option(
    "-p",
    "--port",
    envvar="MLFLOW_PORT",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@_option(
    "-w",
    "--workers",
    envvar="MLFLOW_WORKERS",
    type=click.IntRange(min=1),
    default=_default_workers,
    help=f"Processes that answer requests.  [default: one per processor, at most {_MAX_DEFAULT_WORKERS}]",
)
@_option(
    "--static-prefix",
    envvar="MLFLOW_STATIC_PREFIX",
    default="",
    help="Path that a proxy puts in front, such as /tracking.",
)
@_option(
    "--allowed-hosts",
    envvar="MLFLOW_SERVER_ALLOWED_HOSTS",
    callback=_names,
    help="Host names this server is called by, separated by commas, * as wildcard.  [default: addresses of "
    "private networks; localhost always]",
)
@_option(
    "--cors-allowed-origins",
    envvar="MLFLOW_SERVER_CORS_ALLOWED_ORIGINS",
    callback=_names,
    help="Origins of web pages that may call this server, separated by commas.  [default: localhost]",
)
@_option(
    "--x-frame-options",
    envvar="MLFLOW_SERVER_X_FRAME_OPTIONS",
    type=click.Choice(["SAMEORIGIN", "DENY", "NONE"], case_sensitive=False),
    default="SAMEORIGIN",
    show_default=True,
    help="Who may show pages of this server in a frame; NONE for everybody.",
)
@_option(
    "--disable-security-middleware",
    envvar="MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE",
    is_flag=True,
    help="Do not check from where requests come.",
)
@_option(
    "--gunicorn-opts",
    envvar="MLFLOW_GUNICORN_OPTS",
    default="",
    help="Further options of gunicorn, the HTTP server.",
)
@_option(
    "--access-log",
    envvar="CRATEFLOW_ACCESS_LOG",
    metavar="PATH",
    help="File that gets a line of JSON for every request; - for the standard output.  [default: none]",
)
@_option(
    "--expose-prometheus",
    envvar="MLFLOW_EXPOSE_PROMETHEUS",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Answer /metrics with figures for Prometheus, which the processes keep in a folder of their own.",
)
@_option(
    "--serve-models",
    envvar="CRATEFLOW_SERVE_MODELS",
    is_flag=True,
    help="Score with registered models too: POST /model/<name>/<version, stage, @alias>/invocations.",
)
@_option(
    "--gateway-token-file",
    envvar="CRATEFLOW_GATEWAY_TOKEN_FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Bearer tokens, one per line, that open /model/; everybody may score without.",
)
@environment_options
@user_options
@options_without_effect
def server(
    backend_store_uri: str,
    registry_store_uri: str | None,
    default_artifact_root: str | None,
    serve_artifacts: bool,
    artifacts_destination: str,
    artifacts_only: bool,
    host: str,
    port: int,
    workers: int,
    static_prefix: str,
    allowed_hosts: tuple[str, ...],
    cors_allowed_origins: tuple[str, ...],
    x_frame_options: str,
    disable_security_middleware: bool,
    gunicorn_opts: str,
    access_log: str | None,
    expose_prometheus: Path | None,
    serve_models: bool,
    gateway_token_file: Path | None,
    env_manager: str,
    repositories: tuple[str, ...],
    app_name: str | None,
    admin_username: str,
    default_permission: str,
    managed_stages: tuple[str, ...],
) -> None:
    """Run the tracking server: runs, artifacts and the model registry over HTTP.

    The database is made, or brought to the newest schema, on start. SIGTERM ends the server after the
    requests it is answering.
    """
    if app_name is not None and gateway_token_file is not None:
        raise click.UsageError("Give --app-name or --gateway-token-file: users bring their own tokens.")
    if artifacts_only:
        _refuse_options_of_runs()
    # Flask, SQLAlchemy and gunicorn take longer to load than `--help` may take.
    from pycore.app import create_app_with_models, create_artifact_app, open_platform
    from pycore.http.access_log import AccessLog
    from pycore.http.launch import listen, serve
    from pycore.server.application import HttpOptions, make_app
    from pycore.server.metrics import ServerMetrics
    from pycore.server.origins import OriginRules
    from pycore.server.routing import FIXED_ADDRESSES
    from pycore.store.database import upgrade_apart

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with listen(host, port) as listener:
        metrics = ServerMetrics(expose_prometheus) if expose_prometheus else None
        http = HttpOptions(
            None if disable_security_middleware else OriginRules(allowed_hosts, cors_allowed_origins),
            static_prefix,
            None if x_frame_options == "NONE" else x_frame_options,
            AccessLog(access_log) if access_log else None,
            metrics,
        )
        if artifacts_only:
            app = create_artifact_app(artifacts_destination, http)
            serve(app, listener, workers, _THREADS, gunicorn_opts)
            return
        databases = [uri for uri in (backend_store_uri, registry_store_uri) if uri]
        for uri in databases:
            upgrade_apart(uri)
        api = open_platform(
            backend_store_uri,
            artifacts_destination if serve_artifacts else None,
            default_artifact_root,
            registry_store_uri=registry_store_uri,
            metrics=metrics,
        )
        guard = None
        if app_name is not None:
            guard = guard_by_users(api, admin_username, default_permission, managed_stages)
        # The server of a database is waited for, which threads do best.
        in_files = all(uri.startswith("sqlite") for uri in databases)
        prefixes = {"", f"/{static_prefix.strip('/')}"}
        brief = [prefix + path for prefix in prefixes for path in FIXED_ADDRESSES] if in_files else []
        if not serve_models:
            serve(make_app(api, http, guard), listener, workers, _THREADS, gunicorn_opts, brief)
            return
        from pycore.gateway.app import GatewayApp
        from pycore.gateway.client import GatewayClient
        from pycore.gateway.options import GatewayOptions
        from pycore.gateway.supervisor import Supervisor
        from pycore.gateway.tokens import Tokens

        admit = guard.admit_scoring if guard else None
        if gateway_token_file:
            admit = Tokens.from_file(gateway_token_file).admit
        models = GatewayOptions(with_library=env_manager != LOCAL, repositories=repositories)
        supervisor = Supervisor(api, models)
        gateway = GatewayApp(GatewayClient(supervisor.address), admit)
        application = create_app_with_models(api, http, gateway, guard)
        options = f"--graceful-timeout {supervisor.drain_s} {gunicorn_opts}"
        supervisor.run(listener, lambda: serve(application, listener, workers, _THREADS, options, brief))


def _refuse_options_of_runs() -> None:
    """Refuse what needs a database, whether an option or a variable gave it."""
    context = click.get_current_context()
    for option in _OF_RUNS:
        if context.get_parameter_source(option) is not ParameterSource.DEFAULT:
            flag = f"--{option.replace('_', '-')}"
            raise click.UsageError(
                f"{flag} is for a server of runs and models; --artifacts-only serves artifacts, "
                "without a database."
            )
