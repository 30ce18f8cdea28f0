import numpy as np
import pytest
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

import pycore as mlflow
from pycore.autologging.sklearn_metrics import training_metrics

ROWS, KIND = load_iris(return_X_y=True)
BINARY = KIND == 1
WEIGHTS = np.random.default_rng(0).uniform(size=len(KIND))


class Counting(RandomForestClassifier):
    """A forest that counts how often its trees are asked."""

    asked = 0

    def predict_proba(self, rows):
        type(self).asked += 1
        return super().predict_proba(rows)


def test_a_classifier_is_measured_as_by_scikit_learn():
    model = GaussianNB().fit(ROWS, KIND, WEIGHTS)
    predicted, chances = model.predict(ROWS), model.predict_proba(ROWS)
    weighted = {"average": "weighted", "sample_weight": WEIGHTS}
    found = training_metrics(model, ROWS, KIND, WEIGHTS)
    # For several classes scikit-learn has no weighted area under the curve.
    assert found == pytest.approx(
        {
            "training_precision_score": metrics.precision_score(KIND, predicted, **weighted),
            "training_recall_score": metrics.recall_score(KIND, predicted, **weighted),
            "training_f1_score": metrics.f1_score(KIND, predicted, **weighted),
            "training_accuracy_score": metrics.accuracy_score(KIND, predicted, sample_weight=WEIGHTS),
            "training_log_loss": metrics.log_loss(KIND, chances, sample_weight=WEIGHTS),
            "training_score": model.score(ROWS, KIND, WEIGHTS),
        },
        rel=1e-15,
    )
    unweighted = training_metrics(model, ROWS, KIND)
    assert unweighted["training_roc_auc"] == metrics.roc_auc_score(
        KIND, chances, average="weighted", multi_class="ovo"
    )
    binary = GaussianNB().fit(ROWS, BINARY)
    assert training_metrics(binary, ROWS, BINARY)["training_roc_auc"] == metrics.roc_auc_score(
        BINARY, binary.predict_proba(ROWS)[:, 1]
    )


def test_a_regressor_is_measured_as_by_scikit_learn():
    rows, target = ROWS[:, :3], ROWS[:, 3]
    model = LinearRegression().fit(rows, target, WEIGHTS)
    predicted, weighed = model.predict(rows), {"sample_weight": WEIGHTS}
    assert training_metrics(model, rows, target, WEIGHTS) == {
        "training_mean_squared_error": metrics.mean_squared_error(target, predicted, **weighed),
        "training_mean_absolute_error": metrics.mean_absolute_error(target, predicted, **weighed),
        "training_r2_score": metrics.r2_score(target, predicted, **weighed),
        "training_root_mean_squared_error": metrics.root_mean_squared_error(target, predicted, **weighed),
        "training_score": model.score(rows, target, WEIGHTS),
    }


def test_a_forest_is_asked_once():
    model = Counting(n_estimators=5, random_state=0).fit(ROWS, KIND)
    found = training_metrics(model, ROWS, KIND)
    assert Counting.asked == 1
    assert found["training_accuracy_score"] == model.score(ROWS, KIND)


@pytest.mark.parametrize(
    ("model", "target", "names"),
    [
        (LinearSVC(), KIND, {"precision_score", "recall_score", "f1_score", "accuracy_score", "score"}),
        (
            RandomForestClassifier(n_estimators=5),
            np.column_stack([BINARY, ~BINARY]),
            {"precision_score", "recall_score", "f1_score", "accuracy_score", "score"},
        ),
        (KMeans(2, n_init=1), KIND, {"score"}),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_is_not_defined_is_left_out(model, target, names):
    model.fit(ROWS, target)
    assert set(training_metrics(model, ROWS, target)) == {f"training_{name}" for name in names}


def test_weights_of_a_training_count_in_its_run():
    mlflow.sklearn.autolog(log_models=False)
    model = GaussianNB().fit(ROWS, KIND, sample_weight=WEIGHTS)
    (run,) = mlflow.search_runs(output_format="list", search_all_experiments=True)
    assert run.data.metrics["training_accuracy_score"] == model.score(ROWS, KIND, WEIGHTS)
