import subprocess
import sys

import pytest
from waiting import LIMIT_S

HEAVY = ("pandas", "numpy", "flask", "sklearn", "sqlalchemy", "requests", "urllib3", "rpy2", "yaml", "click")


def _in_new_process(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, pycore; print([name for name in sys.argv[1:] if name in sys.modules])"

    assert _in_new_process(code, *HEAVY) == "[]"


def test_choosing_a_server_loads_nothing_heavy_but_http_and_yaml() -> None:
    code = (
        "import sys, pycore as mlflow; mlflow.set_tracking_uri('http://127.0.0.1:1'); mlflow.active_run();"
        "print([name for name in sys.argv[1:] if name in sys.modules])"
    )

    assert _in_new_process(code, *HEAVY) == "['yaml']"


def test_the_command_line_starts_without_anything_heavy() -> None:
    code = (
        "import sys; from pycore.cli.main import main; main(['--version'], standalone_mode=False);"
        "print([name for name in sys.argv[1:] if name in sys.modules])"
    )

    assert _in_new_process(code, *HEAVY).splitlines()[-1] == "['click']"


@pytest.mark.parametrize("name", ["no_such_thing", "__no_such_thing__"])
def test_a_name_that_is_not_there_is_an_ordinary_attribute_error(name: str) -> None:
    import pycore

    with pytest.raises(AttributeError, match=f"module 'pycore' has no attribute '{name}'"):
        getattr(pycore, name)


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    import pycore

    assert pycore.__version__ == version("crateflow")
