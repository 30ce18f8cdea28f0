"""Options of MLflow's server that have no effect here: each is answered with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

#: Refused -> what to do instead.
REFUSED: Mapping[str, str] = {
    "--dev": "Give --gunicorn-opts '--log-level debug' to see more.",
}
#: For other HTTP servers than gunicorn; taken with a warning.
IGNORED = ("--waitress-opts", "--uvicorn-opts")
_FLAGS = ("--dev",)


def options_without_effect(command: Callable[..., None]) -> Callable[..., None]:
    """Add them to a command."""
    for name in REFUSED:
        command = _hidden(name, _refuse, "Not supported.")(command)
    for name in IGNORED:
        command = _hidden(name, _warn, "Has no effect.")(command)
    return command


def _hidden(
    name: str, callback: Callable[[click.Context, click.Parameter, object], None], meaning: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        name,
        envvar=f"MLFLOW_{name.strip('-').replace('-', '_').upper()}",
        is_flag=True if name in _FLAGS else None,
        callback=callback,
        expose_value=False,
        hidden=True,
        help=meaning,
    )


def _refuse(_: click.Context, option: click.Parameter, value: object) -> None:
    if value:
        name = option.opts[0]
        raise click.UsageError(f"{name} is not supported. {REFUSED[name]}")


def _warn(_: click.Context, option: click.Parameter, value: object) -> None:
    if value:
        message = "is ignored: gunicorn answers the requests here, see --gunicorn-opts."
        click.echo(f"Warning: {option.opts[0]} {message}", err=True)
