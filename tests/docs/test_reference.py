"""The references name everything the code offers: routes, settings, verbs, error codes, R functions."""

import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from pycore import config
from pycore.cli.main import main
from pycore.errors import MlflowException
from pycore.gateway.app import ROUTES as GATEWAY_ROUTES
from pycore.scoring.app import ROUTES as SCORING_ROUTES
from pycore.server.routing import ROUTES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
EXPORTS = re.findall(r"^export\((\w+)\)$", (ROOT / "r-package" / "NAMESPACE").read_text(), re.MULTILINE)
ALIASES = {
    alias
    for page in (ROOT / "r-package" / "man").glob("*.Rd")
    for alias in re.findall(r"^\\alias\{([^}]+)\}$", page.read_text(), re.MULTILINE)
}


def verbs(group: click.Group, name: str) -> list[str]:
    context = click.Context(group)
    found = []
    for verb in group.list_commands(context):
        command = group.get_command(context, verb)
        path = f"{name} {verb}"
        found += verbs(command, path) if isinstance(command, click.Group) else [path]
    return found


def classes(root: type[MlflowException]) -> list[type[MlflowException]]:
    return [root, *(found for child in root.__subclasses__() for found in classes(child))]


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_every_route_is_in_the_readme(path):
    assert f"`{path or '/'}`" in README


@pytest.mark.parametrize("route", GATEWAY_ROUTES, ids=" ".join)
def test_every_route_of_the_gateway_is_in_the_readme(route):
    method, address = route
    assert f"{method} `{address}`" in README


@pytest.mark.parametrize("route", SCORING_ROUTES.items(), ids=" ".join)
def test_every_route_of_a_scoring_server_is_in_the_readme(route):
    address, method = route
    assert f"{method} `{address}`" in README


@pytest.mark.parametrize("setting", config.all_settings(), ids=lambda setting: setting.name)
def test_every_setting_is_in_the_readme_as_it_explains_itself(setting):
    assert f"| `{setting.name}` | {setting.help} |" in README


@pytest.mark.parametrize("verb", verbs(main, "crateflow"))
def test_every_verb_is_in_the_readme(verb):
    assert f"`{verb}`" in README


def test_every_option_of_scoring_servers_is_in_the_readme_with_its_variable():
    models = main.get_command(click.Context(main), "models")
    for verb in ("serve", "gateway"):
        for option in models.get_command(click.Context(models), verb).params:
            if option.envvar:
                assert f"| `{', '.join(option.opts)}` | `{option.envvar}` | " in README


def test_every_verb_explains_itself_and_its_options():
    unexplained = []
    for verb in verbs(main, "crateflow"):
        command: click.Command = main
        for word in verb.split()[1:]:
            command = command.get_command(click.Context(command), word)
        unexplained += [verb] if not command.help else []
        options = [option for option in command.params if isinstance(option, click.Option)]
        unexplained += [f"{verb} {option.name}" for option in options if not option.help]
    assert not unexplained


@pytest.mark.parametrize("code", sorted({error.code for error in classes(MlflowException)}))
def test_every_error_code_is_in_the_readme(code):
    assert f"`{code}`" in README


@pytest.mark.parametrize("name", EXPORTS)
def test_every_exported_r_function_has_a_help_page(name):
    assert name in ALIASES


@pytest.mark.parametrize(
    "folder", sorted(path.parent.name for path in (ROOT / "pycore").glob("*/__init__.py"))
)
def test_every_folder_says_what_it_holds(folder):
    text = import_module(f"pycore.{folder}").__doc__ or ""
    assert len(text.split()) > 10, f"pycore/{folder} should say what lives there and where a request enters"
