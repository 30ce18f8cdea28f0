import logging
import platform
from importlib.metadata import version

import pytest
import yaml

from pycore.errors import InvalidInput
from pycore.models import environment
from pycore.models.environment import pinned, warn_about_differences, write_environment

NUMPY = f"numpy=={version('numpy')}"


def test_packages_are_pinned_to_what_is_installed():
    assert pinned(["numpy", "no-such-package"]) == [NUMPY, "no-such-package"]


def test_three_files_say_the_same(tmp_path):
    write_environment(tmp_path, [NUMPY, "a==1"])
    assert (tmp_path / "requirements.txt").read_text() == f"{NUMPY}\na==1"
    conda = yaml.safe_load((tmp_path / "conda.yaml").read_text())
    assert conda["dependencies"] == [f"python={platform.python_version()}", "pip", {"pip": [NUMPY, "a==1"]}]
    python_env = yaml.safe_load((tmp_path / "python_env.yaml").read_text())
    assert set(python_env) == {"python", "build_dependencies", "dependencies"}
    assert python_env["python"] == platform.python_version()
    assert python_env["dependencies"] == ["-r requirements.txt"]


def test_the_users_requirements_replace_or_extend_the_default(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("# comment\nb==2\n\n")
    write_environment(tmp_path, ["a==1"], pip_requirements=file, extra_pip_requirements=["c==3"])
    assert (tmp_path / "requirements.txt").read_text() == "b==2\nc==3"
    write_environment(tmp_path, ["a==1"], extra_pip_requirements=["c==3"])
    assert (tmp_path / "requirements.txt").read_text() == "a==1\nc==3"
    write_environment(tmp_path, ["a==1"], pip_requirements=[])
    assert (tmp_path / "requirements.txt").read_text() == ""


@pytest.mark.parametrize("as_file", [True, False])
def test_the_users_conda_environment_tells_the_requirements(tmp_path, as_file):
    environment = {"name": "mine", "dependencies": ["python=3.11", {"pip": ["b==2"]}]}
    file = tmp_path / "env.yaml"
    file.write_text(yaml.safe_dump(environment))
    write_environment(tmp_path, ["a==1"], conda=file if as_file else environment)
    assert (tmp_path / "requirements.txt").read_text() == "b==2"
    assert yaml.safe_load((tmp_path / "conda.yaml").read_text()) == environment


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"conda": {}, "pip_requirements": []}, "not both"),
        ({"conda": "no-such-file.yaml"}, "'no-such-file.yaml' cannot be read"),
        ({"pip_requirements": "no-such-file.txt"}, "'no-such-file.txt' cannot be read"),
    ],
)
def test_an_environment_that_cannot_be_used_says_why(tmp_path, given, message):
    with pytest.raises(InvalidInput, match=message):
        write_environment(tmp_path, [], **given)


def test_all_differences_are_one_warning(tmp_path, caplog):
    lines = [NUMPY, "pandas==0.1", "no-such-package>=1", "mlflow==2.0", "-r other.txt", "# comment", "{odd"]
    lines += ["scikit-learn", "absent==1; python_version < '3'"]
    (tmp_path / "requirements.txt").write_text("\n".join(lines))
    with caplog.at_level(logging.WARNING):
        warn_about_differences(tmp_path)
    assert len(caplog.records) == 1
    message = caplog.records[0].getMessage()
    assert f"pandas==0.1 (here: {version('pandas')}), no-such-package>=1 (here: not installed)." in message
    assert "numpy" not in message
    assert "mlflow" not in message


def test_no_difference_and_no_file_are_no_warning(tmp_path, caplog):
    warn_about_differences(tmp_path)
    (tmp_path / "requirements.txt").write_text(NUMPY)
    warn_about_differences(tmp_path)
    assert caplog.records == []


def test_a_conda_environment_with_packages_of_ones_own(tmp_path):
    given = {
        "additional_conda_deps": ["r-base"],
        "additional_pip_deps": ["numpy==2.0"],
        "additional_conda_channels": ["r"],
    }
    content = environment.conda_env_with(**given)
    assert content["channels"] == ["conda-forge", "r"]
    assert content["dependencies"][-2:] == ["r-base", {"pip": ["numpy==2.0"]}]
    assert environment.conda_env_with(tmp_path / "conda.yaml", **given) is None
    assert yaml.safe_load((tmp_path / "conda.yaml").read_text()) == content
