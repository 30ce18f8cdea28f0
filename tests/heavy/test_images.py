"""Images built and run by a real engine, from a base that is made of Debian's packages."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sklearn.linear_model import LinearRegression
from waiting import until

import pycore as mlflow

CRATE = Path(__file__).parents[1] / "data/models/written-by-r/linear"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
BASE = "localhost/crateflow-test-base"

#: What runs everywhere: also without systemd, and where limits may not be raised.
ENGINE_SETTINGS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def podman(*arguments: str) -> str:
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module", autouse=True)
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the image that all start from, in a store of its own."""
    folder = tmp_path_factory.mktemp("engine")
    settings, storage, system = folder / "containers.conf", folder / "storage.conf", folder / "base.tar"
    settings.write_text(ENGINE_SETTINGS)
    storage.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/root"\nrunroot = "{folder}/run"\n'
    )
    make = ["mmdebstrap", "--variant=minbase", "--include=ca-certificates,python3,python3-venv"]
    # Whom this machine trusts, the image does as well.
    make += [f"--customize-hook=copy-in {CERTIFICATES} {CERTIFICATES.parent}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTAINERS_CONF", str(settings))
        patch.setenv("CONTAINERS_STORAGE_CONF", str(storage))
        subprocess.run([*make, "bookworm", str(system)], check=True)
        podman("import", f"--change=ENV PIP_CERT={CERTIFICATES}", str(system), BASE)
        system.unlink()
        yield
        # Its layers are mounted, and belong to users of their own: pytest could not remove them.
        podman("system", "reset", "--force")


@contextmanager
def running(image: str, *options: str) -> Iterator[tuple[str, str]]:
    """Run an image; give its container and its address once it scores."""
    container = podman("run", "--detach", "--publish", "127.0.0.1::8080", *options, image)
    try:
        url = "http://" + podman("port", container, "8080")
        until(lambda: answers(url, container))
        yield container, url
    finally:
        podman("rm", "--force", container)


def answers(url: str, container: str) -> bool:
    state = podman("inspect", "--format={{.State.Status}}", container)
    assert state == "running", podman("logs", container)
    try:
        return requests.get(f"{url}/ping", timeout=60).ok
    except requests.ConnectionError:
        return False


def score(url: str, body: dict[str, object]) -> list[float]:
    response = requests.post(f"{url}/invocations", json=body, timeout=60)
    assert response.status_code == 200, response.text
    predictions: list[float] = response.json()["predictions"]
    return predictions


def test_a_crate_is_scored_from_its_image() -> None:
    mlflow.models.build_docker(str(CRATE), "localhost/crate", base_image=BASE, engine="podman")
    with (CRATE / "reference.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    records = [{"Sepal.Length": float.fromhex(row["Sepal.Length"])} for row in rows]
    with running("localhost/crate") as (container, url):
        assert score(url, {"dataframe_records": records}) == [
            float.fromhex(row["prediction"]) for row in rows
        ]
        assert podman("exec", container, "id", "--user") == "1000"
        podman("healthcheck", "run", container)
        podman("stop", container)
        assert podman("inspect", "--format={{.State.ExitCode}}", container) == "0"


def test_an_image_without_a_model_scores_with_what_is_mounted(tmp_path: Path) -> None:
    model = LinearRegression().fit([[0.0, 1.0], [2.0, 3.0], [5.0, 4.0]], [1.0, 2.0, 4.0])
    mlflow.sklearn.save_model(model, tmp_path / "model")
    mlflow.models.build_docker(name="localhost/any", base_image=BASE, engine="podman")
    with running("localhost/any", f"--volume={tmp_path}/model:/opt/ml/model:ro") as (_, url):
        assert score(url, {"inputs": [[1.0, 2.0]]}) == model.predict([[1.0, 2.0]]).tolist()
