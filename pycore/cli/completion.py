"""``crateflow completion``: what a shell needs to complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete crateflow's verbs and options.

    In bash or zsh: eval "$(crateflow completion bash)", in the shell's start-up file. In fish:
    crateflow completion fish | source.
    """
    program = context.find_root()
    name = str(program.info_name)
    shell_completion = get_completion_class(shell)
    assert shell_completion is not None, "click knows these shells"
    # The variable that click itself looks for when the script asks what may follow.
    variable = f"_{name}_COMPLETE".replace("-", "_").replace(".", "_").upper()
    click.echo(shell_completion(program.command, {}, name, variable).source())
