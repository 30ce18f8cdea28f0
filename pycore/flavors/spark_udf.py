"""Any model as a function of Spark's columns: `spark_udf`."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pycore.errors import InvalidInput
from pycore.models import registry
from pycore.models.arguments import checked
from pycore.models.data_types import ArrayType, DataType
from pycore.models.pyfunc import PyFuncModel
from pycore.models.schema import Schema
from pycore.models.spec import Model
from pycore.tracking import model_uris

#: Spark's names of the column types of a signature that have others.
_SPARK_TYPES = {DataType.integer: "int", DataType.long: "bigint", DataType.datetime: "timestamp"}


@checked
def spark_udf(
    spark: Any,
    model_uri: str | Path,
    result_type: Any = None,
    env_manager: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Callable[..., Any]:
    """Return a function of columns that scores every row with a model, R's included.

    The model travels to every machine of the session, where Crateflow and what the model needs must be
    installed.

    Parameters
    ----------
    spark : pyspark.sql.SparkSession
        One that is no Spark Connect client: those cannot hand a folder to other machines.
    model_uri : str or path
        A folder, or a URI of a run or of a registered model.
    result_type : pyspark.sql.types.DataType or str, optional
        ``"double"``, ``"array<double>"``, ``"struct<setosa: double, other: double>"`` and so on. Of a
        model with several result columns, a plain type gets the leftmost column that is of its kind.
        Taken from the outputs of the signature when not given; ``"double"`` without them.
    env_manager : {"local"}, optional
        Where the model runs: as things are on each machine.
    params : mapping, optional
        Those of the model's signature.

    Returns
    -------
    callable
        Takes columns, or their names, in the order of the signature, or one struct with named fields; no
        arguments stand for all columns of the signature.

    Raises
    ------
    ImportError
        PySpark is not installed.
    InvalidInput
        Another environment manager, or a `result_type` that Spark does not know.
    """
    if env_manager not in (None, "local"):
        raise InvalidInput(
            f"env_manager of spark_udf is 'local', not {env_manager!r}: install what the model needs on "
            "the machines of the session."
        )
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql.functions import pandas_udf, udf
    except ImportError as error:
        raise ImportError("spark_udf needs PySpark: pip install 'crateflow[spark]'") from error
    folder = model_uris.fetch(str(model_uri))
    metadata = Model.load(folder)
    inputs = metadata.get_input_schema()
    names = [str(column.name) for column in inputs.columns] if inputs and inputs.has_input_names() else []
    outputs = metadata.signature.outputs if metadata.signature else None
    try:
        wanted = _default_type(outputs) if result_type is None else result_type
        kind = udf(str, wanted, useArrow=False).returnType
    except PySparkException as error:
        raise InvalidInput(f"result_type {result_type!r} is no type of Spark: {error}") from error
    shared = _share(spark, folder)
    given = dict(params or {})

    def score_batches(batches: Iterator[tuple[pd.Series, ...]]) -> Iterator[pd.Series]:
        model = _loaded(shared)
        for batch in batches:
            yield _column(model.predict(_frame(batch, names), given), kind)

    score = pandas_udf(score_batches, kind)

    def score_columns(*columns: Any) -> Any:
        if not columns and not names:
            raise InvalidInput("The model's signature names no columns: say which to score.")
        return score(*(columns or names))

    return score_columns


def _share(spark: Any, folder: Path) -> str:
    """Hand a folder to every machine of a session, and return its name there."""
    parent = Path(tempfile.mkdtemp(prefix="crateflow-udf-"))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    copy = parent / parent.name.replace("crateflow-udf-", "model-")
    shutil.copytree(folder, copy)
    spark.sparkContext.addFile(str(copy), recursive=True)
    return copy.name


@lru_cache(maxsize=4)
def _loaded(shared: str) -> PyFuncModel:
    """Return the model in a process of Spark's workers, which score many batches each."""
    from pyspark import SparkFiles

    return registry.load_pyfunc(SparkFiles.get(shared))


def _frame(batch: Any, names: list[str]) -> pd.DataFrame:
    """Return a batch under the signature's names: a tuple of columns, one column, or one struct."""
    if isinstance(batch, pd.DataFrame):
        return batch
    columns = batch if isinstance(batch, tuple) else (batch,)
    if names and len(columns) > len(names):
        raise InvalidInput(f"The model takes {len(names)} columns ({', '.join(names)}), not {len(columns)}.")
    found = names or [str(position) for position in range(len(columns))]
    frame: pd.DataFrame = pd.DataFrame(dict(zip(found, columns, strict=False)))
    return frame


def _column(result: Any, kind: Any) -> Any:
    """Return a result in the form that Spark takes for a type."""
    from pyspark.sql import types

    frame = result if isinstance(result, pd.DataFrame) else pd.DataFrame(np.asarray(result))
    if isinstance(kind, types.StructType):
        return frame.set_axis(kind.names, axis="columns") if result is not frame else frame[kind.names]
    if isinstance(kind, types.ArrayType):
        return pd.Series(frame.to_numpy().tolist())
    is_text = isinstance(kind, types.StringType)
    for name in frame.columns:
        if is_text or not (frame[name].dtype == object or pd.api.types.is_string_dtype(frame[name])):
            return frame[name].astype(str) if is_text else frame[name]
    raise InvalidInput(f"No column of the model's result is of the type {kind.simpleString()}.")


def _default_type(outputs: Schema | None) -> str:
    if outputs is None:
        return "double"
    if tensors := outputs.tensors:
        return "double" if len(tensors[0].shape) == 1 else "array<double>"
    types = [_type_name(column.type) for column in outputs.columns]
    if len(types) == 1:
        return types[0]
    fields = zip(outputs.input_names(), types, strict=True)
    return f"struct<{', '.join(f'`{name}`: {kind}' for name, kind in fields)}>"


def _type_name(kind: Any) -> str:
    if isinstance(kind, DataType):
        return _SPARK_TYPES.get(kind, str(kind))
    if isinstance(kind, ArrayType):
        return f"array<{_type_name(kind.dtype)}>"
    raise InvalidInput(f"Spark has no usual form for the model's result of type {kind}: give result_type.")
