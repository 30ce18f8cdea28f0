"""A model made ready to score, in the process that is to score with it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pycore.errors import MlflowException, ModelError
from pycore.models import registry
from pycore.models.flavor import Predictor
from pycore.models.spec import Model
from pycore.scoring.input_example import read_input_example

PredictorT = TypeVar("PredictorT", bound="Predictor | None")


def load(path: Path) -> Predictor:
    """Load a model, have it score its own input example where it has one, and settle it.

    The example is read and typed as a request is: what works here works when it is asked for.

    Raises
    ------
    ModelError
        The model cannot be loaded, or fails on the example.
    """
    predictor = _loaded(lambda: registry.load_predictor(path))
    _make_ready(predictor, path)
    return predictor


def load_to_fork(path: Path) -> Predictor | None:
    """Load a model as `load` does if it survives a fork; None if each worker must load its own copy.

    Raises
    ------
    ModelError
        The model cannot be loaded, or fails on the example.
    """
    model = Model.load(path)
    name = registry.flavor_of(model)
    if name is None:
        return None  # The general way, for Python models, never survives: no need to load one to know.
    flavor = registry.find(name)
    predictor = _loaded(lambda: flavor.load_predictor(path, model))
    if predictor is None or not predictor.forkable:
        return None
    _make_ready(predictor, path)
    return predictor


def _loaded(load_predictor: Callable[[], PredictorT]) -> PredictorT:
    try:
        return load_predictor()
    except MlflowException:
        raise
    except Exception as error:
        # The caller gets the message alone, the trace is for who runs the server.
        traceback.print_exc()
        raise ModelError(f"The model cannot be loaded: {type(error).__name__}: {error}") from error


def _make_ready(predictor: Predictor, path: Path) -> None:
    try:
        example = read_input_example(path, Model.load(path))
        if example is not None:
            predictor.predict(example.data, example.params)
    except Exception as error:
        traceback.print_exc()
        reason = error.message if isinstance(error, MlflowException) else f"{type(error).__name__}: {error}"
        raise ModelError(
            f"The model cannot score its own input example: {reason} "
            "Save it with an example that it can score, or without one."
        ) from error
    predictor.settle()
