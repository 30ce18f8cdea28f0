"""A model that was trained, logged as the user chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from pycore.autologging.patching import Options
from pycore.autologging.training_data import TrainingData
from pycore.models.signature import infer_signature


def log_model(
    log: Callable[..., Any],
    model: Any,
    options: Options,
    data: TrainingData | None,
    predict: Callable[[Any], Any],
    **more: Any,
) -> None:
    """Log a trained model, with its signature and an example where they are wanted and known.

    Parameters
    ----------
    log : callable
        The flavor's `log_model`.
    data : TrainingData, optional
        For the signature and the example.
    predict : callable
        Returns what the model predicts for rows.
    more
        Further arguments of `log`.
    """
    if not options.log_models:
        return
    # A signature has texts where the model wants categories: whoever scores would be held to the wrong type.
    if data is not None and not _has_categories(data.example):
        if options.log_model_signatures:
            more["signature"] = infer_signature(data.example, predict(data.example))
        if options.log_input_examples:
            more["input_example"] = data.example
    log(model, "model", registered_model_name=options.registered_model_name, **more)


def _has_categories(rows: Any) -> bool:
    return isinstance(rows, pd.DataFrame) and any(
        isinstance(dtype, pd.CategoricalDtype) for dtype in rows.dtypes
    )
