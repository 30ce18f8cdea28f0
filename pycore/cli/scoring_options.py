"""The options that every verb has which scores over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from pycore.config import BATCH_ROWS, MAX_BODY_MB, MODEL_WORKERS, SCORING_TIMEOUT_S

F = TypeVar("F", bound=Callable[..., Any])

_option = partial(click.option, show_envvar=True)

_OPTIONS = (
    _option(
        "-h",
        "--host",
        envvar="MLFLOW_HOST",
        default="127.0.0.1",
        show_default=True,
        help="Interface to listen on.",
    ),
    _option(
        "-p",
        "--port",
        envvar="MLFLOW_PORT",
        type=click.IntRange(0, 65535),
        default=5000,
        show_default=True,
        help="Port to listen on; 0 picks a free one.",
    ),
    _option(
        "-w",
        "--workers",
        envvar=MODEL_WORKERS.name,
        type=click.IntRange(min=1),
        help="Processes that score, for each model.  [default: one per processor]",
    ),
    _option(
        "-t",
        "--timeout",
        "timeout_s",
        envvar=SCORING_TIMEOUT_S.name,
        type=click.FloatRange(min=0, min_open=True),
        default=SCORING_TIMEOUT_S.default,
        show_default=True,
        help="Seconds a request may take before it is stopped.",
    ),
    _option(
        "--max-batch-rows",
        envvar=BATCH_ROWS.name,
        type=click.IntRange(min=1),
        default=BATCH_ROWS.default,
        show_default=True,
        help="Rows of waiting requests that may be scored by one call; 1 scores every request alone.",
    ),
    _option(
        "--max-body-mb",
        envvar=MAX_BODY_MB.name,
        type=click.IntRange(min=1),
        default=MAX_BODY_MB.default,
        show_default=True,
        help="Largest body of a request, and largest table that it may unfold to.",
    ),
    _option(
        "--access-log",
        envvar="CRATEFLOW_ACCESS_LOG",
        metavar="PATH",
        help="File that gets a line of JSON for every request; - for the standard output.  [default: none]",
    ),
)


def scoring_options(command: F) -> F:
    """Give a command the options `host`, `port`, `workers`, `timeout_s` and so on."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
