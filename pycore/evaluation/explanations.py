"""What each column contributes to predictions: SHAP values, computed for some of the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from pycore.errors import InvalidInput
from pycore.evaluation.plots import bar_plot, contributions_plot

DEFAULT_ROWS = 100
ALGORITHMS = ("permutation", "exact", "partition")

#: Rows that stand for not knowing a column's value.
_BACKGROUND_ROWS = 50
#: In how many orders columns are given away and back; each costs two predictions per column and row.
_ORDERS = 1


def explanation_plots(
    predict: Callable[[Any], npt.NDArray[np.float64]],
    rows: pd.DataFrame,
    most_rows: int = DEFAULT_ROWS,
    algorithm: str = ALGORITHMS[0],
) -> dict[str, Figure]:
    """Return a picture of how much the columns count and, for one number per row, of how they do.

    Parameters
    ----------
    predict : callable
        Returns numbers for rows: one each, or one for each class.
    rows : DataFrame
        Of numbers.
    most_rows : int
        Of more rows, so many are explained, evenly spread.
    algorithm : {"permutation", "exact", "partition"}
        Of SHAP.

    References
    ----------
    Lundberg and Lee, "A Unified Approach to Interpreting Model Predictions", 2017.
    """
    if algorithm not in ALGORITHMS:
        raise InvalidInput(
            f"explainability_algorithm must be one of {', '.join(ALGORITHMS)}, not {algorithm!r}."
        )
    shown = _spread(rows, most_rows)
    contributions = _contributions(predict, shown, _spread(rows, _BACKGROUND_ROWS), algorithm)
    of_columns = np.abs(contributions).mean(axis=(0, *range(2, contributions.ndim)))
    ordered = np.argsort(-of_columns, kind="stable")
    bars = {str(rows.columns[at]): float(of_columns[at]) for at in ordered[:30]}
    found = {"shap_feature_importance_plot": bar_plot(bars, "mean(|SHAP value|)")}
    if contributions.ndim == 2:
        found["shap_beeswarm_plot"] = contributions_plot(contributions, shown, ordered[:15].tolist())
    return found


def _contributions(
    predict: Callable[[Any], npt.NDArray[np.float64]],
    shown: pd.DataFrame,
    background: pd.DataFrame,
    algorithm: str,
) -> npt.NDArray[np.float64]:
    import shap  # an extra brings it, and it takes seconds to load

    columns, types = shown.columns, shown.dtypes.to_dict()

    def of_values(values: Any) -> npt.NDArray[np.float64]:
        # In the types that the model was handed before, for its signature.
        return predict(pd.DataFrame(np.asarray(values), columns=columns).astype(types))

    masker = shap.maskers.Independent(background.to_numpy(dtype=np.float64), max_samples=len(background))
    # SHAP draws from numpy's common random numbers, which are the script's.
    state = np.random.get_state()
    try:
        explainer = shap.Explainer(of_values, masker, algorithm=algorithm, seed=0)
        orders = {"max_evals": _ORDERS * (2 * shown.shape[1] + 1)} if algorithm == "permutation" else {}
        explained = explainer(shown.to_numpy(dtype=np.float64), silent=True, **orders)
    finally:
        np.random.set_state(state)
    return np.asarray(explained.values, dtype=np.float64)


def _spread(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    spread: pd.DataFrame = rows.iloc[:: -(-len(rows) // most)]
    return spread
