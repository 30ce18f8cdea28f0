"""What a verb prints for programs, in place of columns for people."""

from __future__ import annotations

import json
from typing import Any

import click

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead, as the REST API has it.")


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
