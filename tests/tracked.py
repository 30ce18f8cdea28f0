"""Something tracked in a database of its own, and the command line on it."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from pycore.cli.main import main
from pycore.tracking import MlflowClient


class Tracked:
    """A tracking database below a folder."""

    def __init__(self, folder: Path) -> None:
        self.uri = f"sqlite:///{folder / 'tracked.db'}"
        self.client = MlflowClient(self.uri)

    def run(self, *arguments: object) -> Result:
        """Run ``crateflow <arguments>`` on it."""
        environment = {"MLFLOW_TRACKING_URI": self.uri, "MLFLOW_REGISTRY_URI": None}
        return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)

    def output(self, *arguments: object) -> str:
        """Run it, and return what it printed."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout
