"""Datasets to log: what a run reads, described by name, digest, schema and size.

The data stay where they are; a digest tells whether two runs saw the same.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from pycore.entities import Dataset as DatasetEntity
from pycore.errors import InvalidInput
from pycore.models.arguments import checked
from pycore.tracking.dataset_sources import DatasetSource, get_source, source_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from pycore.models.schema import Schema

    Arrays: TypeAlias = npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]

__all__ = [
    "Dataset",
    "DatasetSource",
    "NumpyDataset",
    "PandasDataset",
    "from_numpy",
    "from_pandas",
    "get_source",
]

DEFAULT_NAME = "dataset"
_DIGEST_LENGTH = 8
#: A longer description is left out: it would be refused (MLflow REST protocol, runs/log-inputs).
_LONGEST_SCHEMA = 65_535


class Dataset(ABC):
    """What all kinds have in common.

    Attributes
    ----------
    name : str
    source : DatasetSource
    """

    def __init__(self, source: DatasetSource, name: str | None, digest: str | None) -> None:
        self.source = source
        self.name = name or DEFAULT_NAME
        self._digest = digest

    @cached_property
    def digest(self) -> str:
        """Tells versions of the data apart: 8 hexadecimal digits of every value, unless given."""
        return self._digest or self._compute_digest()

    @property
    @abstractmethod
    def schema(self) -> Any:
        """The types of the data."""

    @property
    @abstractmethod
    def profile(self) -> dict[str, Any]:
        """The size of the data."""

    @abstractmethod
    def _compute_digest(self) -> str:
        """Hash the data."""

    @abstractmethod
    def _schema_content(self) -> dict[str, Any]:
        """Return the schema as MLflow's pages read it."""

    def to_entity(self) -> DatasetEntity:
        """Return what a run keeps of it."""
        schema = json.dumps(self._schema_content())
        return DatasetEntity(
            name=self.name,
            digest=self.digest,
            source_type=self.source.source_type,
            source=self.source.to_json(),
            schema=schema if len(schema) <= _LONGEST_SCHEMA else None,
            profile=json.dumps(self.profile),
        )

    def to_dict(self) -> dict[str, str | None]:
        """Return name, digest, source, source_type, schema and profile as texts."""
        return dict(self.to_entity())

    def to_json(self) -> str:
        """Return the same as JSON."""
        return json.dumps(self.to_dict())


class PandasDataset(Dataset):
    """A frame, and which of its columns are the target and its predictions.

    Parameters
    ----------
    df : DataFrame
    source : DatasetSource
    targets, predictions : str, optional
        Names of columns.
    name, digest : str, optional
        "dataset", and computed, when absent.

    Raises
    ------
    InvalidInput
        It is no frame, or has no such column.
    """

    def __init__(
        self,
        df: pd.DataFrame,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        import pandas  # an extra brings it, and tracking must do without

        if not isinstance(df, pandas.DataFrame):
            raise InvalidInput(f"df must be a pandas DataFrame, not a {type(df).__name__}.")
        for argument, column in (("targets", targets), ("predictions", predictions)):
            if column is not None and column not in df.columns:
                shown = ", ".join(map(repr, df.columns[:20]))
                raise InvalidInput(f"{argument} must be a column of the frame ({shown}), not {column!r}.")
        super().__init__(source, name, digest)
        self.df = df
        self.targets = targets
        self.predictions = predictions

    @property
    def schema(self) -> Schema:
        """The types of the columns."""
        # Needs pandas, as above.
        from pycore.models.signature_inference import infer_schema

        return infer_schema(self.df)

    @property
    def profile(self) -> dict[str, Any]:
        """The numbers of rows and of values."""
        return {"num_rows": len(self.df), "num_elements": int(self.df.size)}

    def _schema_content(self) -> dict[str, Any]:
        return {"mlflow_colspec": self.schema.to_dict()}

    def _compute_digest(self) -> str:
        from pandas.util import hash_pandas_object  # as above

        def parts() -> Iterator[bytes]:
            yield repr([*map(str, self.df.columns)]).encode()
            for at in range(self.df.shape[1]):
                column = self.df.iloc[:, at]
                try:
                    hashes = hash_pandas_object(column, index=False)
                except TypeError:  # lists, dicts and what else has no hash
                    hashes = hash_pandas_object(column.map(repr), index=False)
                yield hashes.to_numpy().tobytes()

        return _digest(parts())


class NumpyDataset(Dataset):
    """Arrays, named or not, with or without targets.

    Parameters
    ----------
    features, targets : ndarray or dict of ndarray
    source : DatasetSource
    name, digest : str, optional
        "dataset", and computed, when absent.

    Raises
    ------
    InvalidInput
        Something else than arrays is given.
    """

    def __init__(
        self,
        features: Arrays,
        source: DatasetSource,
        targets: Arrays | None = None,
        name: str | None = None,
        digest: str | None = None,
    ) -> None:
        _check_arrays("features", features)
        if targets is not None:
            _check_arrays("targets", targets)
        super().__init__(source, name, digest)
        self.features = features
        self.targets = targets

    @property
    def schema(self) -> dict[str, Schema | None]:
        """The types and shapes of the features, and of the targets where there are any."""
        from pycore.models.signature_inference import infer_schema  # needs pandas

        return {
            "features": infer_schema(self.features),
            "targets": None if self.targets is None else infer_schema(self.targets),
        }

    @property
    def profile(self) -> dict[str, Any]:
        """Shapes, numbers of values and of bytes."""
        found: dict[str, Any] = {}
        for part, arrays in (("features", self.features), ("targets", self.targets)):
            if arrays is not None:
                found[f"{part}_shape"] = _each(arrays, lambda array: list(array.shape))
                found[f"{part}_size"] = _each(arrays, lambda array: array.size)
                found[f"{part}_nbytes"] = _each(arrays, lambda array: array.nbytes)
        return found

    def _schema_content(self) -> dict[str, Any]:
        texts = {part: schema and schema.to_json() for part, schema in self.schema.items()}
        return {"mlflow_tensorspec": texts}

    def _compute_digest(self) -> str:
        import numpy  # whoever has arrays has it

        def parts() -> Iterator[bytes]:
            for arrays in (self.features, self.targets):
                named = arrays if isinstance(arrays, Mapping) else {"": arrays}
                for name, array in named.items():
                    if array is None:
                        continue
                    yield f"{name} {array.dtype} {array.shape}".encode()
                    if array.dtype.hasobject:
                        yield repr(array.tolist()).encode()
                    else:
                        yield numpy.ascontiguousarray(array).tobytes()

        return _digest(parts())


@checked
def from_pandas(
    df: pd.DataFrame,
    source: object = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> PandasDataset:
    """Describe a frame.

    Parameters
    ----------
    df : DataFrame
    source : str, Path or DatasetSource, optional
        Where it came from; the running program when absent.
    targets, predictions : str, optional
        Columns with the truth and with what some model said.
    name, digest : str, optional

    Raises
    ------
    InvalidInput
        An argument is not what it must be.
    """
    return PandasDataset(df, source_of(source), targets, name, digest, predictions)


@checked
def from_numpy(
    features: Arrays,
    source: object = None,
    targets: Arrays | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> NumpyDataset:
    """Describe arrays; the arguments are those of `NumpyDataset` and `from_pandas`."""
    return NumpyDataset(features, source_of(source), targets, name, digest)


def _digest(parts: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:_DIGEST_LENGTH]


def _check_arrays(argument: str, given: object) -> None:
    arrays = list(given.values()) if isinstance(given, Mapping) else [given]
    wrong = [array for array in arrays if not (hasattr(array, "dtype") and hasattr(array, "nbytes"))]
    if wrong or not arrays:
        shown = type(wrong[0] if wrong else given).__name__
        raise InvalidInput(f"{argument} must be a numpy array or a dict of them, not a {shown}.")


def _each(arrays: Arrays, what: Any) -> Any:
    if isinstance(arrays, Mapping):
        return {name: what(array) for name, array in arrays.items()}
    return what(arrays)
