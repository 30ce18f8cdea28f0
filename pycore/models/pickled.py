"""Python objects in files: pickles, which run code when they are read."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pycore import config
from pycore.errors import FlavorUnknown, InvalidInput, InvalidModel, MlflowException
from pycore.models.registry import install_advice

#: Ways to write one; both are read alike.
FORMATS = ("cloudpickle", "pickle")


def dump(value: Any, file: Path, serialization_format: str = "cloudpickle") -> None:
    """Write an object.

    Parameters
    ----------
    value : object
    file : Path
    serialization_format : {"cloudpickle", "pickle"}
        The first also takes classes and functions of the main script, by value.

    Raises
    ------
    InvalidInput
        Another format, or an object that cannot be pickled.
    """
    if serialization_format not in FORMATS:
        raise InvalidInput(
            f"serialization_format is one of {', '.join(FORMATS)}, not {serialization_format!r}."
        )
    # An extra brings it, and reading or writing other kinds of models must do without.
    import cloudpickle

    library: Any = cloudpickle if serialization_format == "cloudpickle" else pickle
    try:
        with file.open("wb") as stream:
            library.dump(value, stream)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"The {type(value).__name__} cannot be written with {serialization_format}: {error}. "
            "Models must not hold open files, connections, locks or generators."
        ) from error


def load(file: Path, substitutes: Mapping[tuple[str, str], Any] | None = None) -> Any:
    """Read an object; its file runs code, so it must come from somebody you trust.

    Parameters
    ----------
    file : Path
    substitutes : mapping, optional
        What to take, by module and name, for classes that cannot be imported here.

    Raises
    ------
    InvalidModel
        The file is damaged, its code fails, or pickles are switched off.
    FlavorUnknown
        It needs a Python module that is not installed; the message says which.
    """
    with reading(file), file.open("rb") as stream:
        return _Unpickler(stream, substitutes or {}).load()


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Let the block unpickle a file where that is allowed, and say what went wrong.

    Raises
    ------
    InvalidModel, FlavorUnknown
        As `load`.
    """
    if not config.ALLOW_PICKLE.get():
        raise InvalidModel(
            f"{file.name} is a Python pickle, and {config.ALLOW_PICKLE.name} is false. "
            "Set it to true if you trust whoever wrote the model."
        )
    try:
        yield
    except ModuleNotFoundError as error:
        raise FlavorUnknown(f"The model's {file.name} needs {install_advice(error, file.parent)}") from error
    except MlflowException:
        raise
    except Exception as error:  # a pickle runs code, so anything can come of it
        raise InvalidModel(
            f"{file.name} cannot be read as a Python pickle: {type(error).__name__}: {error}."
        ) from error


def load_skops(file: Path, trusted: Sequence[str]) -> Any:
    """Read an object in the format of skops, which makes known types only.

    Parameters
    ----------
    file : Path
    trusted : sequence of str
        Types that whoever saved the model declared as harmless, besides those that skops knows.

    Raises
    ------
    InvalidModel, FlavorUnknown
        As `load`; also for a file with other types.
    """
    with reading(file):
        import skops.io  # an extra brings it

        return skops.io.load(file, trusted=list(trusted))


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: IO[bytes], substitutes: Mapping[tuple[str, str], Any]) -> None:
        super().__init__(stream)
        self._substitutes = substitutes

    def find_class(self, module: str, name: str) -> Any:
        try:
            return super().find_class(module, name)
        except (ModuleNotFoundError, AttributeError):
            if (module, name) in self._substitutes:
                return self._substitutes[module, name]
            raise
