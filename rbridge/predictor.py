"""Scores with a crate in this process, which embeds R: what scoring workers and `rbridge.child` load."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from pycore.errors import InvalidInput, RCallError
from pycore.models.columns import DTYPES, Block, Column, Json, Table
from rbridge import crate, runtime
from rbridge.call import RSession
from rbridge.convert import from_r, to_r, value_to_r
from rbridge.inputs import InputTypes, misfit
from rbridge.model_columns import ModelColumns
from rbridge.section import CrateSection
from rbridge.tidying import Tidying
from rbridge.unseen_levels import unseen_levels

_log = logging.getLogger(__name__)


class CratePredictor:
    """A crate, loaded and ready; satisfies `pycore.models.flavor.Predictor`.

    Parameters
    ----------
    section : CrateSection
        Which crate, and what is known about it.

    Raises
    ------
    RUnavailable
        R cannot be started here.
    ModelError
        The crate cannot be loaded; see `rbridge.crate.load`.
    """

    #: R has a copy of it.
    keeps_data = False

    def __init__(self, section: CrateSection) -> None:
        self.batchable = section.batchable
        self.forkable = section.forkable
        self._session = RSession(runtime.start())
        self._crate = crate.load(self._session, section)
        columns = ModelColumns.of_crate(self._session, self._crate.function)
        self._input_types = InputTypes(section, columns)
        self._tidying = Tidying()

    def predict(self, data: Block, params: Mapping[str, Any]) -> Block:
        """Call the crate with the rows; without any row nothing is called, and nothing returned."""
        n_rows = -1 if isinstance(data, Json) else data.n_rows
        if n_rows == 0:
            return Column("double", np.empty(0, DTYPES["double"]))
        began = perf_counter()
        try:
            return self._predict(data, params, n_rows)
        finally:
            self._tidying.predicted(perf_counter() - began)

    def _predict(self, data: Block, params: Mapping[str, Any], n_rows: int) -> Block:
        self._check_params(params)
        if isinstance(data, Table):
            data = self._input_types.apply(data)
        with self._session.memory() as write:
            argument = to_r(data, write)
            named = value_to_r(params, write) if params else write.null()
            count = write.integers(np.array([n_rows], np.int32))
            try:
                shaped = self._session.call("score", write, self._crate.function, argument, named, count)
            except RCallError as error:
                faults = unseen_levels(self._session, write, self._crate.function, argument)
                if faults:
                    raise misfit(faults) from error
                raise
            result = from_r(shaped, self._session.read)
        if not isinstance(result, Json) and result.n_rows != n_rows != -1:
            _log.warning("the model answered %d rows with %d values", n_rows, result.n_rows)
        return result

    def settle(self) -> None:
        """Collect what loading and the first prediction left in R's memory."""
        with self._session.memory() as write:
            self._session.call("collect_garbage", write)

    def after_fork(self) -> None:
        """Draw other random numbers than the host and its other workers, and keep files apart."""
        runtime.use_own_temporary_folder(self._session.runtime)
        number = int.from_bytes(os.urandom(4), "little") >> 1  # R's seeds have a sign
        with self._session.memory() as write:
            self._session.call("seed", write, write.integers(np.array([number], np.int32)))

    def tidy(self) -> None:
        """Collect what long predictions left in R's memory, from time to time.

        R then seldom collects during a prediction, and predicts in memory that the processor has at hand.
        """
        if self._tidying.is_due():
            began = perf_counter()
            with self._session.memory() as write:
                self._session.call("collect_latest_garbage", write)
            self._tidying.tidied(perf_counter() - began)

    def _check_params(self, params: Mapping[str, Any]) -> None:
        known = self._crate.arguments[1:]
        if "..." in self._crate.arguments:
            return
        unknown = sorted(set(params) - set(known))
        if unknown:
            takes = f"takes {', '.join(known)}" if known else "takes no params"
            raise InvalidInput(f"The crate {takes}; unknown: {', '.join(unknown)}.")
