"""What autologging costs a training: the same fit with and without it, taking turns.

    python benchmarks/autologging.py [--rounds 10] [--rows 6000]

Prints the processor time of the fit and what logging adds to it, medians of the rounds, for estimators whose
fit takes about a second, logged to a SQLite database, without models.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from lightgbm import LGBMClassifier
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
        classes, numbers = make_classification(**shape), make_regression(**shape)
        trees = LGBMClassifier(n_estimators=400, n_jobs=1, verbose=-1)
        for flavor, estimator, data in (
            (mlflow.sklearn, RandomForestClassifier(n_estimators=60, random_state=0), classes),
            (mlflow.sklearn, GradientBoostingRegressor(n_estimators=60, random_state=0), numbers),
            (mlflow.lightgbm, trees, classes),
        ):
            fits, added = [], []
            for number in range(options.rounds):
                taken = {}
                # Each goes first as often as the other.
                for logged in (False, True) if number % 2 else (True, False):
                    flavor.autolog(disable=not logged, log_models=False)
                    start = time.process_time()
                    estimator.fit(*data)
                    taken[logged] = time.process_time() - start
                fits.append(taken[False])
                added.append(taken[True] - taken[False])
            fit_s, added_s = statistics.median(fits), statistics.median(added)
            name = type(estimator).__name__
            print(f"{name:28} {fit_s:7.2f} s {added_s * 1000:6.0f} ms {1 + added_s / fit_s:7.3f}")
            flavor.autolog(disable=True)


if __name__ == "__main__":
    main()
