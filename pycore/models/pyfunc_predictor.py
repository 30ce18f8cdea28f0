"""The general way to score: any model with a python_function section, through pandas and numpy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pycore.errors import MlflowException, ModelError
from pycore.models.columns import Block, Json, Table
from pycore.models.enforce import tensors_from_lists
from pycore.models.pandas_blocks import python_from_block
from pycore.models.pyfunc import PyFuncModel
from pycore.models.results import block_from_result
from pycore.models.schema_frame import frame_for_schema


class PyFuncPredictor:
    """Scores typed data with a `PyFuncModel`.

    Its libraries may own threads that a fork would lose (OpenMP above all), so every worker loads a
    copy of its own.

    Parameters
    ----------
    model : PyFuncModel
    """

    forkable = False
    keeps_data = True

    def __init__(self, model: PyFuncModel) -> None:
        self._model = model
        self._schema = model.metadata.get_input_schema()
        self.batchable = model.row_wise

    def predict(self, data: Block, params: Mapping[str, Any]) -> Block:
        """Score rows; see `pycore.models.flavor.Predictor`."""
        given = self._given(data)
        try:
            result = self._model.call(given, params)
        except MlflowException:
            raise
        except Exception as error:  # a model may raise anything; its message is the caller's answer
            raise ModelError(f"{type(error).__name__}: {error}") from error
        return block_from_result(result)

    def _given(self, data: Block) -> Any:
        """Return the data in the form that the model takes."""
        if isinstance(data, Table):
            return frame_for_schema(data, self._schema)
        schema = self._schema
        if isinstance(data, Json) and schema and schema.is_tensor_spec() and schema.has_input_names():
            return tensors_from_lists(json.loads(data.text), schema)
        return python_from_block(data)

    def settle(self) -> None:
        """Nothing to give back: no worker is forked from this process."""

    def after_fork(self) -> None:
        """Nothing to renew: no worker is forked from this process."""

    def tidy(self) -> None:
        """Nothing to do: what Python needs no more is gone at once."""
