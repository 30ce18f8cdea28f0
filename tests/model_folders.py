"""Small model folders that need no library: what a test asks of them stands in the rows."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import yaml

#: The double of ``x`` for each row, after doing what ``do`` says: see `OBEDIENT`.
OBEDIENT = """
import os, signal, subprocess, sys, time


class Obedient:
    row_wise = True

    def predict(self, frame):
        doubled = frame["x"].to_numpy() * 2
        for row, do in enumerate(frame.get("do", [])):
            what, _, value = str(do).partition(" ")
            if what == "sleep":
                time.sleep(float(value))
            elif what == "wait":  # until a file is there, after leaving one that says so
                open(value + ".reached", "w").close()
                while not os.path.exists(value):
                    time.sleep(0.005)
            elif what == "raise":
                raise ValueError(value)
            elif what == "exit":
                sys.exit(int(value))
            elif what == "quit":
                os._exit(int(value))
            elif what == "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            elif what == "loop":
                while True:
                    pass
            elif what == "hog":
                "x" * (int(value) << 20)
            elif what == "print":
                print("noise " * int(value))
            elif what == "handle":  # the signals by which processes are told to end
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM, signal.SIGUSR1):
                    signal.signal(number, lambda *_: time.sleep(1000))
            elif what == "wander":
                os.chdir("/")
            elif what == "leave-child":  # which has the worker's files open, and outlives it
                child = subprocess.Popen(["sleep", "1000"], close_fds=False)
                with open(value, "w") as note:
                    note.write(str(child.pid))
                os._exit(0)
            elif what == "count":
                doubled[row] = len(frame)
            elif what == "environment":
                return [name for name in os.environ]
            elif what == "drop":
                return doubled[:-1]
        return doubled


def _load_pyfunc(path):
    return Obedient()
"""

OBEDIENT_INPUTS = [
    {"type": "double", "name": "x", "required": True},
    {"type": "string", "name": "do", "required": False},
]


def write_model(
    folder: Path,
    loader: str,
    inputs: list[dict[str, Any]] | None = None,
    params: list[dict[str, Any]] | None = None,
    example: dict[str, Any] | None = None,
) -> Path:
    """Write a python_function folder whose loader module is given as source text.

    Parameters
    ----------
    folder : Path
        Made; its name must be good for a Python module too.
    loader : str
        Source with ``_load_pyfunc``.
    inputs, params : list of dict, optional
        The signature, as MLmodel has it.
    example : dict, optional
        A request body, saved as the input example.
    """
    module = f"loader_of_{folder.name}"
    (folder / "code").mkdir(parents=True)
    (folder / "code" / f"{module}.py").write_text(loader)
    content: dict[str, Any] = {"flavors": {"python_function": {"loader_module": module, "code": "code"}}}
    if inputs is not None or params is not None:
        parts = {"inputs": inputs, "outputs": None, "params": params}
        content["signature"] = {name: part and json.dumps(part) for name, part in parts.items()}
    if example is not None:
        (folder / "serving_input_example.json").write_text(json.dumps(example))
        content["saved_input_example_info"] = {"serving_input_path": "serving_input_example.json"}
    (folder / "MLmodel").write_text(yaml.safe_dump(content))
    return folder


def obedient_model(folder: Path) -> Path:
    """Write the model that does what its rows say."""
    return write_model(folder / "obedient", OBEDIENT, OBEDIENT_INPUTS)


_VERSION_LOADER = """
class Version:
    def predict(self, frame):
        import irises

        return [irises.version] * len(frame)


def _load_pyfunc(path):
    return Version()
"""


def write_model_with_package(folder: Path, wheels: Path) -> Path:
    """Write a model that answers with the version of a package: of two wheels, it asks for 1.0."""
    wheels.mkdir(parents=True)
    for version in ("1.0", "2.0"):
        info = f"irises-{version}.dist-info"
        with zipfile.ZipFile(wheels / f"irises-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr("irises.py", f"version = '{version}'")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: irises\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    write_model(folder, _VERSION_LOADER, [{"type": "double", "name": "x", "required": True}])
    (folder / "requirements.txt").write_text("# ours\nirises==1.0\ncrateflow==0.0.0\nnumpy\n")
    return folder
