"""What containers for crates need: R, Debian's packages, and what is built from a repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from r_repository import RRepository

from pycore.deploy.recipe import ImageOptions, recipe_for
from rbridge import image
from rbridge.section import CrateSection

INSTALL = Path(image.__file__).with_name("install.R")


def crate(folder: Path, crates: Path, packages: dict[str, str] | None = None, **files: str) -> Path:
    folder.mkdir()
    (folder / "crate.bin").write_bytes((crates / "plain.bin").read_bytes())
    section = {"version": "0.1.0", "model": "crate.bin", "packages": packages}
    (folder / "MLmodel").write_text(json.dumps({"flavors": {"crate": section}}))
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def needs(folder: Path, exact_versions: bool = False, repositories: tuple[str, ...] = ()):
    return image.for_crate(CrateSection.find(folder), exact_versions, repositories)


def test_a_crate_without_packages_needs_r_alone(tmp_path: Path, crates: Path) -> None:
    found = needs(crate(tmp_path / "model", crates, {"stats": "4.2.2"}))
    assert (found.extra, found.packages) == ("r", ("python3", "r-base-core", "tzdata"))
    assert (found.commands, found.files, found.built, found.packages_if_offered) == ((), {}, (), ())
    assert not found.python_packages


def test_recorded_packages_are_debians_or_built(tmp_path: Path, crates: Path) -> None:
    lock = json.dumps({"R": {"Version": "4.2.1"}, "Packages": {"MASS": {"Version": "7.3-58"}}})
    folder = crate(tmp_path / "model", crates, {"MASS": "7.0", "data.table": "1.14.8"}, renv__lock=lock)
    found = needs(folder, repositories=("https://cran.example.org/2023-01-01",))
    assert set(found.packages_if_offered) >= {"r-cran-mass", "r-cran-data.table"}
    assert found.commands == (
        (
            "Rscript",
            "--vanilla",
            "install.R",
            "library=/usr/local/lib/R/site-library",
            "versions=any",
            "repository=https://cran.example.org/2023-01-01",
            "package=MASS=7.3-58",
            "package=data.table=1.14.8",
        ),
    )
    assert found.files == {"install.R": INSTALL}
    assert "versions=recorded" in needs(folder, exact_versions=True).commands[0]


def test_a_package_whose_version_nobody_recorded(tmp_path: Path, crates: Path) -> None:
    found = needs(crate(tmp_path / "model", crates, {"ranger": "None"}))
    assert found.commands[0][-1] == "package=ranger="


def test_the_base_is_the_release_that_is_tested(tmp_path: Path, crates: Path) -> None:
    folder = crate(tmp_path / "model", crates, r_env__yaml="r_version: 4.4.1")
    assert recipe_for(folder, ImageOptions()).base_image == "debian:bookworm-slim"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> RRepository:
    made = RRepository(tmp_path_factory.mktemp("repository"))
    made.add("slope", "1.0", "slope <- function(x) 2 * x", archived=True)
    made.add("slope", "2.0", "slope <- function(x) 1000 * x")
    return made


def install(library: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["Rscript", "--vanilla", str(INSTALL), f"library={library}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def installed(library: Path) -> dict[str, str]:
    files = {file.parent.name: file.read_text() for file in library.glob("*/DESCRIPTION")}
    return {name: text.partition("Version: ")[2].split()[0] for name, text in files.items()}


def test_any_version_that_is_there_will_do(tmp_path: Path, repository: RRepository) -> None:
    wanted = ["versions=any", f"repository={repository.url}", "package=slope=1.0", "package=stats=0.1"]
    assert install(tmp_path, *wanted).returncode == 0
    # What is nowhere is built as it was recorded, what is there stays.
    assert installed(tmp_path) == {"slope": "1.0"}
    assert install(tmp_path, "versions=any", "package=slope=7.0").returncode == 0


def test_a_package_without_a_version_is_todays(tmp_path: Path, repository: RRepository) -> None:
    assert install(tmp_path, f"repository={repository.url}", "package=slope=").returncode == 0
    assert installed(tmp_path) == {"slope": "2.0"}


@pytest.mark.parametrize(
    ("repositories", "status", "message"),
    [
        ([], 3, "No repository is given (--r-repository) for slope 7.0"),
        (["repository={url}"], 2, "In no repository, archives included: slope 7.0"),
    ],
)
def test_a_build_says_what_is_missing(
    tmp_path: Path, repository: RRepository, repositories: list[str], status: int, message: str
) -> None:
    named = [text.format(url=repository.url) for text in repositories]
    done = install(tmp_path, *named, "package=slope=7.0")
    assert (done.returncode, message in done.stderr) == (status, True)
