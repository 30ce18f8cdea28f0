"""Private libraries: the recorded versions are installed and used, not those of today."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml
from model_folders import write_model
from processes import server
from r_repository import RRepository
from waiting import LIMIT_S

from pycore.errors import InvalidInput, InvalidModel, ModelError
from pycore.tracking import MlflowClient
from rbridge import library
from rbridge.environment import REnvironment
from rbridge.section import CrateSection

COMMAND = Path(sys.executable).with_name("crateflow")


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Packages whose newer versions answer wrongly; `step` is needed by `slope`, and is nowhere recorded."""
    made = RRepository(tmp_path_factory.mktemp("repository"))
    made.add("slope", "1.0-1", "slope <- function(x) step::step(x) * 2", imports="step", archived=True)
    made.add("slope", "2.0", "slope <- function(x) step::step(x) * 1000", imports="step")
    made.add("shift", "0.9.1", "shift <- function(x) x + 1", archived=True)
    made.add("shift", "0.9.2", "shift <- function(x) x + 1000")
    made.add("step", "3.0", "step <- function(x) x")
    made.add("broken", "1.0", "stop('it cannot be built')")
    return made


@pytest.fixture(scope="module")
def crate(tmp_path_factory):
    """The file of a crate that calls the two packages."""
    file = tmp_path_factory.mktemp("crate") / "crate.bin"
    code = "f <- function(data) shift::shift(slope::slope(data$x)); environment(f) <- baseenv()"
    save = f"saveRDS(serialize(structure(f, class = 'crate'), NULL), '{file}')"
    subprocess.run(["Rscript", "--vanilla", "-e", f"{code}; {save}"], check=True)
    return file


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    """Where libraries are kept, empty at first."""
    monkeypatch.setenv("CRATEFLOW_R_LIBRARIES", str(tmp_path / "libraries"))
    return tmp_path / "libraries"


def called(folder: Path, call: str) -> str:
    """Return what R prints for a call with a library before its own."""
    program = f".libPaths(c('{folder}', .libPaths())); cat({call})"
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", program], capture_output=True, text=True, check=True, timeout=LIMIT_S
    )
    return done.stdout


def model(folder: Path, crate: Path, files: dict[str, str]) -> CrateSection:
    """A model folder with further files."""
    folder.mkdir()
    (folder / "crate.bin").write_bytes(crate.read_bytes())
    (folder / "MLmodel").write_text("flavors: {crate: {version: 0.1.0, model: crate.bin}}")
    for name, text in files.items():
        (folder / name).write_text(text)
    return CrateSection.find(folder)


def test_recorded_versions_are_used_and_kept(repository, libraries):
    wanted = REnvironment("4.2.2", {"slope": "1.0.1", "shift": "0.9.1"})
    folder = library.prepare(wanted, [repository.url])
    assert folder.parent == libraries
    assert called(folder, "shift::shift(slope::slope(21)), packageVersion('step') == '3.0'") == "43 TRUE"
    # Found again by what is in it, without any repository.
    made = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    again = library.prepare(
        REnvironment("4.2.2", dict(reversed(wanted.packages.items()))), ["file:///nowhere"]
    )
    assert again == folder
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == made


def test_current_versions_are_not_looked_for_in_the_archive(repository, libraries):
    folder = library.prepare(REnvironment(None, {"shift": "0.9.2"}), [repository.url])
    assert called(folder, "shift::shift(1)") == "1001"
    assert library.prepare(REnvironment(None, {"shift": "0.9.1"}), [repository.url]) != folder


def test_a_version_that_is_nowhere_is_named(repository, libraries):
    wanted = REnvironment(None, {"slope": "1.7", "shift": "0.9.1", "neverheard": "1.0"})
    with pytest.raises(ModelError) as raised:
        library.prepare(wanted, [repository.url])
    message = raised.value.message
    assert message.startswith(
        f"No repository has neverheard 1.0, slope 1.7 (looked in {repository.url}, archives"
    )
    assert "--r-repository" in message


def test_what_cannot_be_built_says_why(repository, libraries):
    with pytest.raises(ModelError, match="it cannot be built"):
        library.prepare(REnvironment(None, {"broken": "1.0"}), [repository.url])


def test_somebody_must_say_where_packages_come_from(repository, libraries, monkeypatch, tmp_path):
    with pytest.raises(InvalidInput, match="CRATEFLOW_R_REPOSITORIES"):
        library.prepare(REnvironment(None, {"shift": "0.9.1"}))
    from_the_model = REnvironment(None, {"shift": "0.9.1"}, (repository.url,))
    assert called(library.prepare(from_the_model), "shift::shift(1)") == "2"
    empty = RRepository(tmp_path / "empty").url
    monkeypatch.setenv("CRATEFLOW_R_REPOSITORIES", empty)
    with pytest.raises(ModelError, match=f"looked in {empty},"):
        library.prepare(REnvironment(None, {"shift": "0.9.2"}, (repository.url,)))


def test_without_packages_there_is_nothing_to_install(libraries):
    assert list(library.prepare(REnvironment("4.2.2")).iterdir()) == []


def test_the_lockfile_counts_before_the_rest(tmp_path, crate):
    recorded = {
        "r_version": "4.1.3",
        "packages": [{"name": "slope", "version": "9"}, {"name": "stats", "version": "4"}],
    }
    lock = {
        "R": {"Version": "4.2.0", "Repositories": [{"Name": "here", "URL": "https://x/y"}]},
        "Packages": {
            "slope": {"Package": "slope", "Version": "1.0-1"},
            "step": {"Package": "step", "Version": "3.0"},
        },
    }
    section = model(
        tmp_path / "both", crate, {"r_env.yaml": yaml.safe_dump(recorded), "renv.lock": json.dumps(lock)}
    )
    assert REnvironment.of_crate(section) == REnvironment(
        "4.2.0", {"slope": "1.0-1", "step": "3.0"}, ("https://x/y",)
    )
    recorded["repositories"] = {"CRAN": "@CRAN@", "other": "https://z"}
    section = model(tmp_path / "one", crate, {"r_env.yaml": yaml.safe_dump(recorded)})
    assert REnvironment.of_crate(section) == REnvironment("4.1.3", {"slope": "9"}, ("https://z",))
    assert REnvironment.of_crate(model(tmp_path / "none", crate, {})) == REnvironment()


@pytest.mark.parametrize(
    ("name", "text"),
    [("renv.lock", "[]"), ("renv.lock", "{"), ("r_env.yaml", "packages: [x]"), ("r_env.yaml", "- a")],
)
def test_unreadable_files_are_named(tmp_path, crate, name, text):
    section = model(tmp_path / "model", crate, {name: text})
    with pytest.raises(InvalidModel, match=f"^{name} of the model does not say which packages it needs"):
        REnvironment.of_crate(section)


def test_differences_are_told_in_one_list():
    recorded = REnvironment("4.1.3", {"a": "1.0-1", "b": "2.0", "c": "3.0"})
    assert recorded.differences("4.2.2", {"a": "1.0.1", "b": "2.1", "c": ""}) == [
        "R 4.1.3, here 4.2.2",
        "b 2.0, here 2.1",
        "c 3.0, absent here",
    ]
    assert REnvironment("4.2.0").differences("4.2.2", {}) == []


def test_a_model_predicts_with_its_library(tmp_path, repository, crate, libraries):
    """By the command line, and as loaded here: with the versions of today the answer is another."""
    recorded = {"packages": [{"name": "slope", "version": "1.0.1"}, {"name": "shift", "version": "0.9.1"}]}
    folder = model(tmp_path / "model", crate, {"r_env.yaml": yaml.safe_dump(recorded)}).file.parent

    def predict(*options: str, **environment: str):
        return subprocess.run(
            [COMMAND, "models", "predict", "-m", folder, *options],
            input='{"inputs": {"x": [21]}}',
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            env=os.environ | environment,
        )

    refused = predict()
    assert refused.returncode == 1
    assert "--env-manager library" in refused.stderr
    done = predict("--env-manager", "library", "--r-repository", repository.url)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"predictions": [43.0]}), done.stderr
    assert "saved with other versions" not in done.stderr
    today = tmp_path / "today"
    today.mkdir()
    install = f"install.packages(c('slope', 'shift'), '{today}', '{repository.url}', quiet = TRUE)"
    subprocess.run(["Rscript", "--vanilla", "-e", install], check=True, capture_output=True, timeout=LIMIT_S)
    done = predict(R_LIBS=str(today))
    assert json.loads(done.stdout) == {"predictions": [22000.0]}
    assert "shift 0.9.1, here 0.9.2; slope 1.0.1, here 2.0; its predictions may differ" in done.stderr
    prepared = subprocess.run(
        [COMMAND, "models", "prepare-env", "-m", folder], capture_output=True, text=True, timeout=LIMIT_S
    )
    assert prepared.stdout.startswith(f"R_LIBS={libraries}")


def test_the_models_of_a_gateway_have_a_library_each(tmp_path, repository, crate, libraries):
    """Installed by a gateway alone, found again by a tracking server that scores."""
    recorded = {"packages": [{"name": "slope", "version": "1.0.1"}, {"name": "shift", "version": "0.9.1"}]}
    folder = model(tmp_path / "model", crate, {"r_env.yaml": yaml.safe_dump(recorded)}).file.parent
    python = write_model(
        tmp_path / "python",
        "_load_pyfunc = lambda path: type('M', (), {'predict': lambda s, f: list(f['x'])})()",
    )
    database = f"sqlite:///{tmp_path / 'tracking.db'}"
    client = MlflowClient(database)
    for name, files in (("r", folder), ("python", python)):
        run = client.create_run("0").info
        client.log_artifacts(run.run_id, str(files), "model")
        client.create_registered_model(name)
        client.create_model_version(name, f"{run.artifact_uri}/model", run.run_id)

    def predictions(url: str, name: str):
        reply = requests.post(
            f"{url}/model/{name}/1/invocations", json={"inputs": {"x": [21.0]}}, timeout=LIMIT_S
        )
        return reply.json()

    gateway = ["models", "gateway", "-u", database, "-p", "0", "-w", "1"]
    installed = ["--env-manager", "library", "--r-repository", repository.url]
    with server([*gateway, *installed], tmp_path / "gateway.log") as running:
        assert predictions(running.url, "r") == {"predictions": [43.0]}
        assert predictions(running.url, "python") == {"predictions": [21.0]}
    tracking = ["server", "--backend-store-uri", database, "-p", "0", "-w", "1", "--serve-models"]
    variables = {"CRATEFLOW_ENV_MANAGER": "library", "MLFLOW_MODELS_WORKERS": "1"}
    # Where a client that works on the database itself puts the files of its runs.
    variables["CRATEFLOW_ARTIFACT_ROOTS"] = str(tmp_path / "mlruns")
    with server(tracking, tmp_path / "server.log", variables) as running:
        assert predictions(running.url, "r") == {"predictions": [43.0]}
    with server(gateway, tmp_path / "local.log") as running:
        assert "--env-manager library" in predictions(running.url, "r")["message"]
