"""``crateflow models``: serve a model, score a file with it, look into it."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from pycore.cli.lazy_group import LazyGroup
from pycore.cli.model_environment import environment_options
from pycore.cli.pairs import pairs
from pycore.cli.scoring_options import scoring_options
from pycore.config import TRACKING_URI
from pycore.models.env_managers import LOCAL, prepare_packages

if TYPE_CHECKING:
    from pycore.models.spec import Model

_CONTENT_TYPES = {"json": "application/json", "csv": "text/csv"}
#: Of the gateway: enough threads that requests to a model that starts leave room for others.
_HTTP_PROCESSES = 2
_HTTP_THREADS = 64
#: A file is scored by whoever waits for it, and may take its time.
_FILE_TIMEOUT_S = 7 * 24 * 3600.0

_model_uri = click.option(
    "-m",
    "--model-uri",
    envvar="CRATEFLOW_MODEL_URI",
    show_envvar=True,
    metavar="URI",
    required=True,
    help="A folder, runs:/<run id>/<path>, models:/<name>/<version or stage>, or models:/<name>@<alias>.",
)


def _requirement_list(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(each.strip() for each in (value or "").split(",") if each.strip())


# Of MLflow, whose scripts give it.
_install_mlflow = click.option(
    "--install-mlflow", is_flag=True, hidden=True, expose_value=False, help="Has no effect."
)
_requirements = click.option(
    "-r",
    "--pip-requirements-override",
    "overrides",
    metavar="REQUIREMENT,...",
    callback=_requirement_list,
    help="Python packages in place of those the model was saved with, in a virtual environment as of "
    "--env-manager virtualenv.",
)

_variables = click.option(
    "--env",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    callback=pairs,
    help="Environment variable for the model; may be given several times.",
)

#: Verbs that have a module of their own.
VERBS = {
    "alias": "pycore.cli.registry:alias",
    "build-docker": "pycore.cli.images:build_docker",
    "check": "pycore.cli.model_check:check",
    "generate-dockerfile": "pycore.cli.images:generate_dockerfile",
    "prepare-env": "pycore.cli.model_environment:prepare_env",
    "register": "pycore.cli.registry:register",
    "transition": "pycore.cli.registry:transition",
    "update-pip-requirements": "pycore.cli.pip_requirements:update_pip_requirements",
}


@click.group("models", cls=LazyGroup, verbs=VERBS)
def models() -> None:
    """Serve models, score with them, look into them, register them."""


@models.command("serve")
@_model_uri
@scoring_options
@environment_options
@click.option("--no-conda", is_flag=True, help="The same as --env-manager local.")
@_install_mlflow
def serve(
    model_uri: str,
    host: str,
    port: int,
    workers: int | None,
    timeout_s: float,
    max_batch_rows: int,
    max_body_mb: int,
    access_log: str | None,
    env_manager: str,
    repositories: tuple[str, ...],
    no_conda: bool,
) -> None:
    """Answer scoring requests over HTTP: POST /invocations, GET /ping, /metrics and /docs.

    SIGTERM ends the server after the requests it is answering.
    """
    # gunicorn and the clients of model registries take longer to load than `--help` may take.
    from pycore.http.access_log import AccessLog
    from pycore.http.launch import listen
    from pycore.http.launch import serve as serve_http
    from pycore.scoring.body_limit import BodyLimit
    from pycore.scoring.engine.options import EngineOptions, default_workers
    from pycore.scoring.serve import serve as serve_model
    from pycore.tracking.model_uris import fetch

    _log_to_stderr()
    with listen(host, port) as listener:
        log = AccessLog(access_log) if access_log else None
        workers = workers or default_workers()
        path = fetch(model_uri)
        variables = prepare_packages(LOCAL if no_conda else env_manager, path, repositories)
        options = EngineOptions(path, workers, timeout_s, batch_rows=max_batch_rows, variables=variables)
        serve_model(
            options,
            listener,
            lambda app, listener, processes, threads, drain_s: serve_http(
                app, listener, processes, threads, f"--graceful-timeout {drain_s}", plain=["/invocations"]
            ),
            BodyLimit(max_body_mb),
            log,
        )


@models.command("gateway")
@click.option(
    "-u",
    "--tracking-uri",
    default=TRACKING_URI.get,
    help="Tracking server or database that has the registered models.  [default: MLFLOW_TRACKING_URI]",
)
@scoring_options
@environment_options
@click.option(
    "--gateway-token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Bearer tokens, one per line, that open the gateway; everybody may score without.",
)
def gateway(
    tracking_uri: str | None,
    host: str,
    port: int,
    workers: int | None,
    timeout_s: float,
    max_batch_rows: int,
    max_body_mb: int,
    access_log: str | None,
    env_manager: str,
    repositories: tuple[str, ...],
    gateway_token_file: Path | None,
) -> None:
    """Score with all registered models: POST /model/NAME/REFERENCE/invocations.

    REFERENCE is a version, a stage, @alias or latest. A model starts on first use and stops when it is
    idle; --env-manager library is for the R models among them, the others run with what is installed here.
    SIGTERM ends the gateway after the requests it is answering.
    """
    # See `serve`.
    from pycore.gateway.app import GatewayApp, route_of
    from pycore.gateway.client import GatewayClient
    from pycore.gateway.options import GatewayOptions
    from pycore.gateway.supervisor import Supervisor
    from pycore.gateway.tokens import Tokens
    from pycore.http.access_log import AccessLog, logged
    from pycore.http.launch import listen
    from pycore.http.launch import serve as serve_http
    from pycore.scoring.body_limit import BodyLimit
    from pycore.scoring.engine.options import default_workers
    from pycore.tracking.client_connection import ClientConnection

    _log_to_stderr()
    with listen(host, port) as listener:
        admit = Tokens.from_file(gateway_token_file).admit if gateway_token_file else None
        log = AccessLog(access_log) if access_log else None
        options = GatewayOptions(
            workers or default_workers(),
            timeout_s,
            max_batch_rows,
            with_library=env_manager != LOCAL,
            repositories=repositories,
        )
        supervisor = Supervisor(ClientConnection(tracking_uri).registry, options)
        gateway_app = GatewayApp(GatewayClient(supervisor.address), admit, BodyLimit(max_body_mb))
        app = logged(gateway_app, log, route_of)
        drain = f"--graceful-timeout {supervisor.drain_s}"
        supervisor.run(listener, lambda: serve_http(app, listener, _HTTP_PROCESSES, _HTTP_THREADS, drain))


@models.command("predict")
@_model_uri
@click.option(
    "-i", "--input-path", type=click.File("rb"), default="-", help="File with the rows.  [default: stdin]"
)
@click.option(
    "-o", "--output-path", type=click.File("wb"), default="-", help="File for the answer.  [default: stdout]"
)
@click.option(
    "-t",
    "--content-type",
    type=click.Choice(list(_CONTENT_TYPES)),
    default="json",
    show_default=True,
    help="Format of the rows.",
)
@environment_options
@_variables
@_requirements
@_install_mlflow
def predict(
    model_uri: str,
    input_path: BinaryIO,
    output_path: BinaryIO,
    content_type: str,
    env_manager: str,
    repositories: tuple[str, ...],
    variables: dict[str, str],
    overrides: tuple[str, ...],
) -> None:
    """Score a file of rows, in the forms that /invocations takes, and print what it would answer."""
    # See `serve`.
    from pycore.models.spec import Model
    from pycore.scoring.engine.client import EngineClient
    from pycore.scoring.engine.options import EngineOptions
    from pycore.scoring.engine.process import ModelHost
    from pycore.scoring.scorer import Scorer
    from pycore.tracking.model_uris import fetch

    _log_to_stderr()
    path = fetch(model_uri)
    variables = {**prepare_packages(env_manager, path, repositories, overrides), **variables}
    signature = Model.load(path).signature
    options = EngineOptions(path, workers=1, timeout_s=_FILE_TIMEOUT_S, variables=variables)
    with (
        ModelHost(options) as host,
        closing(EngineClient(host.address, _FILE_TIMEOUT_S)) as client,
    ):
        reply = Scorer(signature, client.predict).score(input_path.read(), _CONTENT_TYPES[content_type])
    if reply.warning is not None:
        click.echo(f"Warning: {reply.warning}.", err=True)
    output_path.write(reply.body + b"\n")


@models.command("inspect")
@_model_uri
def inspect(model_uri: str) -> None:
    """Describe a model without running it: its flavors, its signature, and what is inside."""
    # See `serve`.
    import yaml

    from pycore.models.spec import Model
    from pycore.tracking.model_uris import fetch

    path = fetch(model_uri)
    # YAML, as MLmodel itself: read by people, and by programs that want to.
    click.echo(
        yaml.safe_dump(_description(path, Model.load(path)), sort_keys=False, allow_unicode=True), nl=False
    )


def _description(path: Path, model: Model) -> dict[str, Any]:
    from pycore.models import registry
    from pycore.models.flavor import Inspectable

    facts = {"path": str(path), "created": model.utc_time_created, "run_id": model.run_id}
    signature = model.signature.to_dict() if model.signature else {}
    parts = {name: json.loads(text) for name, text in signature.items() if text is not None}
    contents = {}
    for name in registry.names():
        if name in model.flavors and isinstance(flavor := registry.find(name), Inspectable):
            contents[name] = flavor.describe(path)
    return {**facts, "flavors": model.flavors, "signature": parts or None, "contents": contents or None}


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
