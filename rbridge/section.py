"""The section ``crate`` of an MLmodel file: what is known about a crate beside the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pycore.errors import InvalidModel
from pycore.models.spec import MLMODEL, Model, inside

#: Name of the flavor, and of its section.
CRATE = "crate"
#: What the official R client calls the file, and so do we.
CRATE_FILE = "crate.bin"
#: The R classes that a column of a signature may stand for, by the name in `input_types`.
INPUT_CLASSES = ("Date", "POSIXct", "factor", "ordered")


@dataclass(frozen=True)
class CrateSection:
    """What MLmodel says about a crate; the official R client writes `file` only.

    Parameters
    ----------
    file : Path
        The crate.
    packages : dict of str to str, optional
        Version of each package it needs; None where nobody recorded them.
    sha256 : str, optional
        Of the file, in hex.
    input_levels : dict of str to list of str
        Columns that the model wants as factors, with their levels in order.
    input_types : dict of str to str
        Columns that the model wants as one of `INPUT_CLASSES`.
    input_zones : dict of str to str
        Time zones of the columns of POSIXct, in which a model may take the hour or the day of a time.
    batchable : bool
        Rows are scored independently of each other.
    forkable : bool
        The loaded model survives a fork.
    """

    file: Path
    packages: Mapping[str, str] | None = None
    sha256: str | None = None
    input_levels: Mapping[str, list[str]] = field(default_factory=dict)
    input_types: Mapping[str, str] = field(default_factory=dict)
    input_zones: Mapping[str, str] = field(default_factory=dict)
    batchable: bool = True
    forkable: bool = True

    @classmethod
    def of_model(cls, folder: Path, model: Model) -> CrateSection:
        """Read the section of a model folder.

        Raises
        ------
        InvalidModel
            It names no file, or a key has a value that it cannot have.
        """
        found = model.flavors.get(CRATE)
        if found is None:
            raise InvalidModel(f"{folder} has no section {CRATE!r} in MLmodel; it is no crate of R.")
        file = inside(folder, found.get("model"), f"flavors.{CRATE}.model")
        packages = _mapping(found, "packages") if found.get("packages") is not None else None
        levels = _mapping(found, "input_levels")
        types = {str(name): str(kind) for name, kind in _mapping(found, "input_types").items()}
        unknown = sorted(set(types.values()) - set(INPUT_CLASSES))
        if unknown:
            raise _unreadable("input_types", f"one of {', '.join(INPUT_CLASSES)} for each column", unknown[0])
        return cls(
            file=file,
            packages=None if packages is None else {str(k): str(v) for k, v in packages.items()},
            sha256=found.get("crate_sha256"),
            input_levels={str(name): _texts(found, name, texts) for name, texts in levels.items()},
            input_types=types,
            input_zones={str(name): str(zone) for name, zone in _mapping(found, "input_zones").items()},
            batchable=_truth(found, "batchable"),
            forkable=_truth(found, "fork"),
        )

    @classmethod
    def find(cls, path: str | Path) -> CrateSection:
        """Read the section that belongs to a model folder or to a crate's file, alone or in its folder."""
        path = Path(path)
        if not path.exists():
            raise InvalidModel(f"There is no crate at {path}.")
        folder = path if path.is_dir() else path.parent
        if path.is_dir() or (folder / MLMODEL).is_file():
            return cls.of_model(folder, Model.load(folder))
        return cls(path)

    def to_plain(self) -> dict[str, Any]:
        """Return it in types that JSON has, to be passed to another process."""
        return asdict(self) | {"file": str(self.file.absolute())}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CrateSection:
        """Return what `to_plain` described."""
        return cls(**{**plain, "file": Path(plain["file"])})


def _mapping(found: Mapping[str, Any], key: str) -> Mapping[Any, Any]:
    value = found.get(key) or {}
    if not isinstance(value, Mapping):
        raise _unreadable(key, "a mapping", value)
    return value


def _texts(found: Mapping[str, Any], name: Any, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _unreadable("input_levels", f"a list of levels for the column {name!r}", value)
    return [str(level) for level in value]


def _truth(found: Mapping[str, Any], key: str) -> bool:
    value = found.get(key, True)
    if not isinstance(value, bool):
        raise _unreadable(key, "true or false", value)
    return value


def _unreadable(key: str, expected: str, value: Any) -> InvalidModel:
    return InvalidModel(f"MLmodel: flavors.{CRATE}.{key} must be {expected}, not {value!r}.")
