"""What autologging costs a training: the same fit with and without it, taking turns.

    python benchmarks/autologging.py [--rounds 7] [--rows 20000]

Prints the processor time of both (median of the rounds) and the ratio, for estimators of scikit-learn whose
fit takes about a second, logged to a SQLite database, without models.
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
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=6000)
    options = parser.parse_args()
    print(f"{'estimator':28} {'fit':>9} {'logged':>9} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{Path(folder) / 'mlflow.db'}")
        shape = {"n_samples": options.rows, "n_features": 20, "random_state": 0}
        for estimator, data in (
            (RandomForestClassifier(n_estimators=60, random_state=0), make_classification(**shape)),
            (GradientBoostingRegressor(n_estimators=60, random_state=0), make_regression(**shape)),
        ):
            times: dict[bool, list[float]] = {False: [], True: []}
            for _ in range(options.rounds):
                for logged in (False, True):
                    mlflow.sklearn.autolog(disable=not logged, log_models=False)
                    start = time.process_time()
                    estimator.fit(*data)
                    times[logged].append(time.process_time() - start)
            plain, logged_time = (statistics.median(times[logged]) for logged in (False, True))
            name = type(estimator).__name__
            print(f"{name:28} {plain:8.2f}s {logged_time:8.2f}s {logged_time / plain:7.3f}")
        mlflow.sklearn.autolog(disable=True)


if __name__ == "__main__":
    main()
