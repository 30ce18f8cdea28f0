"""Build the tracking server: the database, the rules, the artifacts and HTTP, put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug import Response

from pycore.artifacts.stores import PROXY_SCHEME, S3_SCHEME, StoresByScheme, folder_of, is_local, scheme_of
from pycore.config import ARTIFACT_ROOTS
from pycore.http.access_log import logged
from pycore.protocols import Api, ArtifactStores
from pycore.server.application import ROUTE, HttpOptions, make_app
from pycore.server.artifacts_only import make_artifact_app
from pycore.server.metrics import ServerMetrics
from pycore.services.build import Services, build_api, now_ms
from pycore.services.garbage import GarbageCollector
from pycore.store.database import Database
from pycore.store.measured import measured

if TYPE_CHECKING:
    from pycore.auth.options import AuthOptions
    from pycore.gateway.app import GatewayApp
    from pycore.server.guard import Guard

#: Where artifacts lie when clients reach them without the server.
UNSERVED_ROOT = "./mlruns"


def create_app(
    backend_store_uri: str,
    artifacts_destination: str | None,
    default_artifact_root: str | None = None,
    http: HttpOptions | None = None,
    auth: AuthOptions | None = None,
) -> Flask:
    """Return the WSGI application of the tracking server.

    See `open_platform`, `HttpOptions` and, for a server that asks who calls, `make_guard`.
    """
    services = open_platform(backend_store_uri, artifacts_destination, default_artifact_root)
    return make_app(services, http or HttpOptions(), make_guard(services, auth) if auth else None)


def open_platform(
    backend_store_uri: str,
    artifacts_destination: str | None,
    default_artifact_root: str | None = None,
    *,
    registry_store_uri: str | None = None,
    metrics: ServerMetrics | None = None,
) -> Services:
    """Return the platform that a tracking server serves.

    Opens the database, which is brought to the newest schema. Processes may be forked afterwards:
    they share nothing of it but the file.

    Parameters
    ----------
    backend_store_uri : str
        SQLAlchemy URL of the database.
    artifacts_destination : str or None
        Folder or s3: URI for the artifacts that clients send to this server; None when it serves none.
    default_artifact_root : str, optional
        Artifact location of new experiments: ``mlflow-artifacts:/`` when artifacts are served here,
        ``./mlruns`` otherwise.
    registry_store_uri : str, optional
        SQLAlchemy URL of another database for the registered models.
    metrics : ServerMetrics, optional
        Where transactions are counted.

    Raises
    ------
    InvalidInput
        Nothing can be kept at the destination or at the root.
    Unavailable
        A database cannot be opened, or was written by a newer release.
    """
    root = _absolute(
        default_artifact_root or (f"{PROXY_SCHEME}:/" if artifacts_destination else UNSERVED_ROOT)
    )
    stores = _stores(artifacts_destination, [*ARTIFACT_ROOTS.get(), root])
    kind = measured(metrics.observe_transaction) if metrics else Database
    database = kind.open(backend_store_uri)
    registry = kind.open(registry_store_uri) if registry_store_uri else None
    return build_api(database, stores, root, registry=registry)


def create_artifact_app(artifacts_destination: str, http: HttpOptions | None = None) -> Flask:
    """Return the application of a server that keeps artifacts and nothing else; it opens no database.

    See `open_platform` and `HttpOptions`.
    """
    return make_artifact_app(_stores(artifacts_destination, []), http or HttpOptions())


def make_guard(services: Services, options: AuthOptions) -> Guard:
    """Return what lets only known users reach a platform, each to what that one may do."""
    # A server that knows no users starts faster, and in less memory, without what they need.
    from pycore.auth.authenticator import Authenticator
    from pycore.auth.grants import GrantService
    from pycore.auth.users import UserService
    from pycore.server.guard import Guard

    tracking, registry = services.tracking, services.registry
    platform = replace(
        services,
        users=UserService(tracking, registry),
        grants=GrantService(tracking, registry, options.default),
    )
    return Guard(platform, Authenticator(tracking, now_ms), options)


@contextmanager
def garbage_collector(
    backend_store_uri: str,
    artifacts_destination: str | None,
    *,
    registry_store_uri: str | None = None,
    tracking_uri: str | None = None,
) -> Iterator[GarbageCollector]:
    """Give what removes deleted things of a database for good; see `open_platform`.

    Parameters
    ----------
    registry_store_uri : str, optional
        Another database, whose versions of registered models keep what they were made from.
    tracking_uri : str, optional
        Address of the server through which files behind ``mlflow-artifacts:`` are removed; without it
        they lie in `artifacts_destination`.

    Raises
    ------
    NotFound
        There is no such database.
    """
    destination = _absolute(artifacts_destination) if artifacts_destination else None
    stores: ArtifactStores = StoresByScheme(destination)
    if tracking_uri:
        # A server has no use for the library that speaks to one.
        from pycore.client.build import build_api as build_client

        stores = build_client(tracking_uri).artifacts
    with ExitStack() as stack:
        database = stack.enter_context(Database.open(backend_store_uri, must_exist=True))
        registry = database
        if registry_store_uri:
            registry = stack.enter_context(Database.open(registry_store_uri, must_exist=True))
        yield GarbageCollector(database, registry, stores, now_ms)


def create_app_with_models(
    api: Api, http: HttpOptions, gateway: GatewayApp, guard: Guard | None = None
) -> Flask:
    """Return the application of a tracking server that also scores, by the same rules of who may call."""
    # A server that does not score starts faster, and in less memory, without what scoring needs.
    from pycore.gateway.app import PREFIX, ROUTES, route_of

    app = make_app(api, http, guard)
    # Replies of models are named in any case; with a log all of the server's are.
    named = gateway if http.access_log is not None else logged(gateway, None, route_of)

    def score(**_: str) -> Response:
        request.environ[ROUTE] = route_of(request.environ)
        return Response.from_app(named, request.environ)

    methods = sorted({method for method, _ in ROUTES})
    app.add_url_rule(f"{PREFIX}<artifact:path>", "gateway", score, methods=methods)
    return app


def _stores(destination: str | None, roots: Sequence[str]) -> StoresByScheme:
    stores = StoresByScheme(_absolute(destination) if destination else None, roots)
    if destination and scheme_of(destination) != S3_SCHEME:
        # S3 takes as long to load as all the rest; what else can be reached is known at once.
        stores.open(_absolute(destination))
    return stores


def _absolute(uri: str) -> str:
    # Relative folders mean the server's working folder of now, whatever becomes of it later.
    return str(folder_of(uri)) if is_local(uri) else uri
