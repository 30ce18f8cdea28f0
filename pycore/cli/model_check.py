"""``crateflow models check``: try a model before others use it."""

from __future__ import annotations

import logging
from contextlib import closing

import click


@click.command("check")
@click.option(
    "-m",
    "--model-uri",
    metavar="URI",
    required=True,
    help="As for `crateflow models serve`.",
)
@click.option(
    "-t",
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds the model may take to answer.",
)
def check(model_uri: str, timeout_s: float) -> None:
    """Load a model in a process of its own, score its input example, and print the reply.

    Packages that are missing or differ are named on standard error. The exit status is 1 when the model
    does not load or cannot score its example.
    """
    # The clients of model registries and numpy take longer to load than `--help` may take.
    from pycore.models.spec import Model
    from pycore.scoring.engine.client import EngineClient
    from pycore.scoring.engine.options import EngineOptions
    from pycore.scoring.engine.process import ModelHost
    from pycore.scoring.input_example import example_body
    from pycore.scoring.scorer import Scorer
    from pycore.tracking.model_uris import fetch

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    path = fetch(model_uri)
    model = Model.load(path)
    with ModelHost(EngineOptions(path, workers=1, timeout_s=timeout_s)) as host:
        click.echo(f"The model loads. Its flavors are {', '.join(sorted(model.flavors))}.", err=True)
        body = example_body(path, model)
        if body is None:
            click.echo("It has no input example, so nothing was scored: log it with one.", err=True)
            return
        with closing(EngineClient(host.address, timeout_s)) as client:
            reply = Scorer(model.signature, client.predict).score(body, None)
    if reply.warning is not None:
        click.echo(f"Warning: {reply.warning}.", err=True)
    click.echo("It scores its input example:", err=True)
    click.echo(reply.body)
