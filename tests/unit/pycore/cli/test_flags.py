"""The flags that MLflow's users and clients give, verb by verb."""

import click
import pytest

from pycore.cli.main import main

FLAGS = {
    "artifacts download": "-r --run-id -a --artifact-path -u --artifact-uri -d --dst-path",
    "artifacts list": "-r --run-id -a --artifact-path",
    "artifacts log-artifact": "-l --local-file -r --run-id -a --artifact-path",
    "artifacts log-artifacts": "-l --local-dir -r --run-id -a --artifact-path",
    "experiments create": "-n --experiment-name -l --artifact-location",
    "experiments csv": "-x --experiment-id -o --filename",
    "experiments delete": "-x --experiment-id",
    "experiments get": "-x --experiment-id -n --experiment-name",
    "experiments list": "-v --view --max-results",
    "experiments rename": "-x --experiment-id --new-name",
    "experiments restore": "-x --experiment-id",
    "experiments search": "-v --view --max-results",
    "models build-docker": "-m --model-uri -n --name --env-manager --mlflow-home --install-java "
    "--install-mlflow",
    "models generate-dockerfile": "-m --model-uri -d --output-directory --env-manager --mlflow-home "
    "--install-java --install-mlflow",
    "models predict": "-m --model-uri -i --input-path -o --output-path -t --content-type --env-manager "
    "--install-mlflow -r --pip-requirements-override --env",
    "models prepare-env": "-m --model-uri --env-manager --install-mlflow",
    "models serve": "-m --model-uri -p --port -h --host -t --timeout -w --workers --env-manager --no-conda "
    "--install-mlflow",
    "models update-pip-requirements": "-m --model-uri",
    "run": "-e --entry-point -P --param-list -v --version --experiment-name --experiment-id -b --backend -c "
    "--backend-config --env-manager --storage-dir --run-name --run-id -A --docker-args --build-image "
    "--no-conda",
    "runs create": "--experiment-id --experiment-name --run-name",
    "runs delete": "--run-id",
    "runs describe": "--run-id",
    "runs list": "--experiment-id -v --view",
    "runs restore": "--run-id",
    "server": "--backend-store-uri --registry-store-uri --default-artifact-root --serve-artifacts "
    "--no-serve-artifacts --artifacts-destination --artifacts-only -h --host -p --port -w --workers "
    "--static-prefix --allowed-hosts --cors-allowed-origins --x-frame-options --app-name "
    "--disable-security-middleware --expose-prometheus --gunicorn-opts --waitress-opts --uvicorn-opts",
}


def command(verb: str) -> click.Command:
    found: click.Command = main
    for word in verb.split():
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found), word)
        assert inner is not None, f"there is no verb {verb}"
        found = inner
    return found


@pytest.mark.parametrize("verb", FLAGS)
def test_a_verb_takes_the_flags_of_mlflow(verb: str) -> None:
    known = {flag for option in command(verb).params for flag in (*option.opts, *option.secondary_opts)}
    assert [flag for flag in FLAGS[verb].split() if flag not in known] == []


def test_ui_is_the_server() -> None:
    assert command("ui") is command("server")
