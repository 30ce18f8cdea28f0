"""What autologging costs a training: the same fit with and without it, taking turns.

    python benchmarks/autologging.py [--rounds 10] [--rows 6000]

Prints the processor time of the fit and what logging adds to it, medians of the rounds, for estimators of
scikit-learn whose fit takes about a second, logged to a SQLite database, without models.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier

import pycore as mlflow


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=6000)
    options = parser.parse_args()
    print(f"{'estimator':28} {'fit':>9} {'logging':>9} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{Path(folder) / 'mlflow.db'}")
        shape = {"n_samples": options.rows, "n_features": 20, "random_state": 0}
        for estimator, data in (
            (RandomForestClassifier(n_estimators=60, random_state=0), make_classification(**shape)),
            (GradientBoostingRegressor(n_estimators=60, random_state=0), make_regression(**shape)),
        ):
            fits, added = [], []
            for number in range(options.rounds):
                taken = {}
                # Each goes first as often as the other.
                for logged in (False, True) if number % 2 else (True, False):
                    mlflow.sklearn.autolog(disable=not logged, log_models=False)
                    start = time.process_time()
                    estimator.fit(*data)
                    taken[logged] = time.process_time() - start
                fits.append(taken[False])
                added.append(taken[True] - taken[False])
            fit_s, added_s = statistics.median(fits), statistics.median(added)
            name = type(estimator).__name__
            print(f"{name:28} {fit_s:7.2f} s {added_s * 1000:6.0f} ms {1 + added_s / fit_s:7.3f}")
        mlflow.sklearn.autolog(disable=True)


if __name__ == "__main__":
    main()
