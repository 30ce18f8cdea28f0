"""The MLmodel file: one YAML mapping at the root of a model folder that says how to load it."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any, TextIO

import yaml

from pycore.errors import InvalidModel
from pycore.models.arguments import checked
from pycore.models.model_info import ModelInfo
from pycore.models.param_schema import ParamSchema
from pycore.models.schema import Schema
from pycore.models.signature import ModelSignature

#: Name of the file in a model folder.
MLMODEL = "MLmodel"

#: What we write; a folder that says more was written by a newer Crateflow.
FORMAT = 1

#: The flavor every Python reader asks for.
PYFUNC = "python_function"


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


@dataclass
class Model:
    """What the MLmodel file says.

    Parameters
    ----------
    artifact_path : str, optional
        Where the model lies in its run; for logged models only, as `run_id`.
    run_id : str, optional
    utc_time_created : str, optional
        ``YYYY-MM-DD HH:MM:SS.ffffff``, now if not given.
    flavors : dict of str to dict, optional
    signature : ModelSignature, optional
    saved_input_example_info : dict, optional
    model_uuid : str, optional
        32 hex digits, new if not given.
    mlflow_version, model_id : str, optional
        Kept for folders written by MLflow.
    metadata : dict, optional
        The user's own.
    model_size_bytes : int, optional
        Of the data files, without MLmodel and environment files.
    other : dict, optional
        Keys of the file that this class does not know; written back as they came.
    """

    artifact_path: str | None = None
    run_id: str | None = None
    utc_time_created: str = field(default_factory=_now)
    flavors: dict[str, dict[str, Any]] = field(default_factory=dict)
    signature: ModelSignature | None = None
    saved_input_example_info: dict[str, Any] | None = None
    model_uuid: str | None = field(default_factory=lambda: uuid.uuid4().hex)
    mlflow_version: str | None = None
    metadata: dict[str, Any] | None = None
    model_size_bytes: int | None = None
    model_id: str | None = None
    other: dict[str, Any] = field(default_factory=dict)

    @checked
    def add_flavor(self, name: str, params: Mapping[str, Any] | None = None, **kwargs: Any) -> Model:
        """Add a flavor's section, from a mapping, from keywords or from both, and return the model."""
        self.flavors[name] = {**(params or {}), **kwargs}
        return self

    def get_input_schema(self) -> Schema | None:
        """Return the input's schema where the signature has one."""
        return self.signature.inputs if self.signature else None

    def get_output_schema(self) -> Schema | None:
        """Return the output's schema where the signature has one."""
        return self.signature.outputs if self.signature else None

    def data_path(self, path: Path, flavor: str, key: str = "data") -> Path:
        """Return where the section of a flavor says its data lie in the model folder `path`.

        Early folders of MLflow say it in the section python_function alone.

        Raises
        ------
        InvalidModel
            Neither does, or the place is outside of the folder.
        """
        named = self.flavors.get(flavor, {}).get(key) or self.flavors.get(PYFUNC, {}).get("data")
        return inside(path, named, key)

    def load_input_example(self, path: str | Path) -> Any:
        """Return the example saved in the model folder `path`, or None where there is none."""
        # pandas is needed by examples only; reading an MLmodel file must do without.
        from pycore.models.input_example import read_example

        return read_example(Path(path), self.saved_input_example_info, self.get_input_schema())

    def get_params_schema(self) -> ParamSchema | None:
        """Return the schema of the params where the signature has one."""
        return self.signature.params if self.signature else None

    def load_input_example_params(self, path: str | Path) -> dict[str, Any] | None:
        """Return the params of the example in the model folder `path`, or None where it has none."""
        from pycore.models.input_example import read_params  # needs pandas, as above

        return read_params(Path(path), self.saved_input_example_info)

    def get_serving_input(self, path: str | Path) -> str | None:
        """Return the example in the model folder `path` as the request it would be, None without one."""
        name = (self.saved_input_example_info or {}).get("serving_input_path")
        return None if name is None else inside(Path(path), name, "serving_input_path").read_text("utf-8")

    def get_model_info(self, model_uri: str = "") -> ModelInfo:
        """Return the facts about the model, as `log_model` does.

        Parameters
        ----------
        model_uri : str
            Where it was found; its place in its run if not given.
        """
        if not model_uri and self.run_id and self.artifact_path:
            model_uri = f"runs:/{self.run_id}/{self.artifact_path}"
        return ModelInfo(
            artifact_path=self.artifact_path,
            flavors=self.flavors,
            model_uri=model_uri,
            model_uuid=self.model_uuid,
            run_id=self.run_id,
            signature=self.signature,
            saved_input_example_info=self.saved_input_example_info,
            utc_time_created=self.utc_time_created,
            mlflow_version=self.mlflow_version,
            metadata=self.metadata,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the file's mapping; what is unknown is left out."""
        known = {
            "artifact_path": self.artifact_path,
            "flavors": self.flavors,
            "metadata": self.metadata,
            "mlflow_version": self.mlflow_version,
            "model_id": self.model_id,
            "model_size_bytes": self.model_size_bytes,
            "model_uuid": self.model_uuid,
            "run_id": self.run_id,
            "saved_input_example_info": self.saved_input_example_info,
            "signature": self.signature.to_dict() if self.signature else None,
            "utc_time_created": self.utc_time_created,
        }
        present = {key: value for key, value in known.items() if value is not None}
        return {"crateflow_format": FORMAT} | self.other | present

    def to_yaml(self, stream: TextIO | None = None) -> str:
        """Return the file's text, written to a stream as well where one is given."""
        text: str = yaml.dump(
            self.to_dict(), Dumper=_Dumper, default_flow_style=False, allow_unicode=True, width=sys.maxsize
        )
        if stream is not None:
            stream.write(text)
        return text

    def to_json(self) -> str:
        """Return the mapping as JSON."""
        return json.dumps(self.to_dict(), default=str)

    @checked
    def save(self, path: str | Path) -> None:
        """Write the file: into a folder, or under the given name."""
        path = Path(path)
        target = path / MLMODEL if path.is_dir() else path
        target.write_text(self.to_yaml(), encoding="utf-8")

    @classmethod
    @checked
    def load(cls, path: str | Path) -> Model:
        """Read the file of a model folder, or the file itself.

        Raises
        ------
        InvalidModel
            There is no such file, or it is not what an MLmodel file must be; the message says why.
        """
        path = Path(path)
        source = path / MLMODEL if path.is_dir() else path
        try:
            content = yaml.load(source.read_text(encoding="utf-8-sig"), yaml.CSafeLoader)
        except FileNotFoundError as error:
            raise InvalidModel(
                f"{str(path)!r} is no model: it has no file {MLMODEL}. Give the folder that save_model "
                "or log_model wrote."
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidModel(f"{source} cannot be read: {error}.") from error
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise InvalidModel(f"{source} is not valid YAML: {_one_line(error)}.") from error
        try:
            return cls.from_dict(content)
        except InvalidModel as error:
            raise InvalidModel(f"{source}: {error.message}") from error

    @classmethod
    def from_dict(cls, model_dict: Any) -> Model:
        """Read the file's mapping, as tolerant of other writers as MLflow is.

        Raises
        ------
        InvalidModel
            Of a newer format, without flavors, or with a signature that cannot be read.
        """
        if not isinstance(model_dict, Mapping):
            raise InvalidModel("An MLmodel file is a mapping with a key 'flavors'; this one is not.")
        fields = {str(key): value for key, value in model_dict.items()}
        _check_format(fields.pop("crateflow_format", FORMAT))
        model = cls(
            flavors=_flavors(fields.pop("flavors", None)),
            signature=_signature(fields.pop("signature", None)),
            saved_input_example_info=_optional_mapping(fields, "saved_input_example_info"),
            metadata=_optional_mapping(fields, "metadata"),
            artifact_path=_text(fields.pop("artifact_path", None)),
            run_id=_text(fields.pop("run_id", None)),
            model_uuid=_text(fields.pop("model_uuid", None)),
            mlflow_version=_text(fields.pop("mlflow_version", None)),
            model_id=_text(fields.pop("model_id", None)),
            utc_time_created=_text(fields.pop("utc_time_created", None)) or _now(),
        )
        size = fields.pop("model_size_bytes", None)
        model.model_size_bytes = size if isinstance(size, int) else None
        model.other = fields
        return model


def inside(folder: Path, relative: Any, key: str) -> Path:
    """Return the path of a model's file that MLmodel names relative to the folder.

    Raises
    ------
    InvalidModel
        It is no relative path, or leaves the folder, or nothing is there.
    """
    if not isinstance(relative, str) or not relative:
        raise InvalidModel(f"MLmodel: {key} must be a path inside the model folder, not {relative!r}.")
    parts = PurePosixPath(relative)
    path = folder / parts
    if parts.is_absolute() or ".." in parts.parts or not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidModel(f"MLmodel: {key} is {relative!r}, which leaves the model folder.")
    if not path.exists():
        raise InvalidModel(f"The model folder lacks {relative!r}, which MLmodel names as {key}.")
    return path


class _Dumper(yaml.SafeDumper):
    """Quotes every text that some YAML reader could take for a number or a date."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value twice rather than as a YAML reference, which not every reader follows."""
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    quoted = text[:1] in set("0123456789+-.~")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if quoted else None)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_multi_representer(str, _represent_text)


def _check_format(number: Any) -> None:
    if not isinstance(number, int) or number < 1:
        raise InvalidModel(f"crateflow_format must be a number from 1 to {FORMAT}, not {number!r}.")
    if number > FORMAT:
        raise InvalidModel(
            f"The model has format {number}, this Crateflow reads up to {FORMAT}. "
            "Upgrade it: pip install --upgrade crateflow."
        )


def _flavors(found: Any) -> dict[str, dict[str, Any]]:
    if not found or not isinstance(found, Mapping):
        raise InvalidModel(
            "The model has no flavors, so nothing says how to load it. Save it again with a flavor's "
            "save_model, or add one with Model.add_flavor."
        )
    wrong = [str(name) for name, section in found.items() if not isinstance(section, Mapping | None)]
    if wrong:
        raise InvalidModel(f"The flavors {', '.join(wrong)} must each be a mapping.")
    return {str(name): dict(section or {}) for name, section in found.items()}


def _signature(found: Any) -> ModelSignature | None:
    return None if found is None else ModelSignature.from_dict(found)


def _optional_mapping(fields: dict[str, Any], key: str) -> dict[str, Any] | None:
    found = fields.pop(key, None)
    return dict(found) if isinstance(found, Mapping) else None


def _text(value: Any) -> str | None:
    """Return a scalar that YAML took for a number or a date as the text it stands for."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
