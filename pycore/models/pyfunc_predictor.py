"""The general way to score: any model with a python_function section, through pandas and numpy."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import orjson
import pandas as pd

from pycore.errors import MlflowException, ModelError, SignatureMismatch
from pycore.models.columns import Block, Table
from pycore.models.data_types import AnyType, DataType, ValueType
from pycore.models.pandas_blocks import frame_from_table, python_from_block
from pycore.models.pyfunc import PyFuncModel
from pycore.models.results import block_from_result
from pycore.models.schema import ColSpec, Schema


class PyFuncPredictor:
    """Scores typed data with a `PyFuncModel`.

    Its libraries may own threads that a fork would lose (OpenMP above all), so every worker loads a
    copy of its own.

    Parameters
    ----------
    model : PyFuncModel
    """

    forkable = False

    def __init__(self, model: PyFuncModel) -> None:
        self._model = model
        self._schema = model.metadata.get_input_schema()
        self.batchable = model.row_wise

    def predict(self, data: Block, params: Mapping[str, Any]) -> Block:
        """Score rows; see `pycore.models.flavor.Predictor`."""
        given = _frame(data, self._schema) if isinstance(data, Table) else python_from_block(data)
        try:
            result = self._model.call(given, params)
        except MlflowException:
            raise
        except Exception as error:  # a model may raise anything; its message is the caller's answer
            raise ModelError(f"{type(error).__name__}: {error}") from error
        return block_from_result(result)

    def settle(self) -> None:
        """Nothing to give back: no worker is forked from this process."""

    def after_fork(self) -> None:
        """Nothing to renew: no worker is forked from this process."""


def _frame(table: Table, schema: Schema | None) -> pd.DataFrame:
    """Return the frame that the model expects, in the types that only a signature tells."""
    frame = frame_from_table(table)
    if schema is None or schema.is_tensor_spec():
        return frame
    by_name = {str(name): spec for name, spec in zip(schema.input_names(), schema.columns, strict=True)}
    faults = []
    for name in table.columns:
        try:
            frame[name] = _in_type(frame[name], by_name[name])
        except SignatureMismatch as error:
            faults.append(f"column {name!r} {error.message}")
    if faults:
        raise SignatureMismatch(f"The rows do not fit the model's signature: {'; '.join(faults)}.")
    names = {str(name): name for name in schema.input_names()}
    renamed: pd.DataFrame = frame.rename(columns=names)
    return renamed


def _in_type(series: pd.Series[Any], spec: ColSpec) -> pd.Series[Any]:
    if spec.type is DataType.float:
        return series.astype(np.float32)
    if spec.type in (DataType.integer, DataType.long, DataType.boolean) and series.isna().any():
        if spec.required:
            raise SignatureMismatch(
                f"must not have missing values: numpy has none for {spec.type}; "
                "declare it double or optional in the signature"
            )
        # What pandas itself makes of such a column.
        return series.astype(object if spec.type is DataType.boolean else np.float64)
    decode = _decoder(spec.type)
    if decode is None:
        return series
    return pd.Series([None if pd.isna(text) else decode(text) for text in series], dtype=object)


def _decoder(value_type: ValueType) -> Callable[[str], Any] | None:
    """Return how a text of `pycore.models.json_values` becomes the value it stands for."""
    if value_type is DataType.binary:
        return base64.b64decode
    return None if isinstance(value_type, DataType | AnyType) else orjson.loads
