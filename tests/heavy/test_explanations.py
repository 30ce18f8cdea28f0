"""What the columns contribute to predictions, computed by SHAP."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import pycore as mlflow
from pycore.errors import InvalidInput
from pycore.evaluation import explanations

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(300, 3)), columns=["strong", "weak", "none"])
Y = 5 * X["strong"] - X["weak"]

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")


def test_contributions_to_a_linear_model_are_its_terms():
    model = LinearRegression().fit(X, Y)
    shown, background = X[:20], X[100:150]
    found = explanations._contributions(model.predict, shown, background, "exact")
    np.testing.assert_allclose(found, (shown - background.mean()) * [5, -1, 0], atol=1e-6)


def test_a_regressor_is_explained_and_random_numbers_stay_the_scripts():
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    model = LinearRegression().fit(X, Y)
    with mlflow.start_run():
        uri = mlflow.sklearn.log_model(model, "model", input_example=X[:2]).model_uri
        result = mlflow.evaluate(uri, X.assign(y=Y), targets="y", model_type="regressor")
    assert np.random.random() == expected
    bars = result.artifacts["shap_feature_importance_plot"].content.axes[0]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["strong", "weak", "none"]
    assert min(mlflow.artifacts.load_image(result.artifacts["shap_beeswarm_plot"].uri).size) > 100


def test_classes_are_explained_by_their_chances():
    model = LogisticRegression().fit(X, (Y > 0).astype(int) + (Y > 3))
    with mlflow.start_run():
        uri = mlflow.sklearn.log_model(model, "model").model_uri
        rows = X.assign(y=model.predict(X))
        result = mlflow.evaluate(uri, rows, targets="y", model_type="classifier")
        unexplained = mlflow.evaluate(uri, rows, targets="y", model_type="classifier", evaluators=["default"])
    # Three classes have no single direction.
    assert "shap_beeswarm_plot" not in result.artifacts
    bars = result.artifacts["shap_feature_importance_plot"].content.axes[0]
    assert bars.get_yticklabels()[0].get_text() == "strong"
    assert "shap_feature_importance_plot" not in unexplained.artifacts


def test_what_cannot_be_explained_says_why():
    texts = pd.DataFrame({"x": ["a", "b"], "y": [1.0, 2.0]})
    config = {"log_model_explainability": True}
    with pytest.raises(InvalidInput, match="only columns of numbers can be, and these are not: x"):
        mlflow.evaluate(
            lambda rows: [1.0] * len(rows), texts, targets="y", model_type="regressor",
            evaluator_config=config,
        )  # fmt: skip
    with pytest.raises(InvalidInput, match="must be one of permutation, exact, partition, not 'magic'"):
        mlflow.evaluate(
            lambda rows: rows["strong"], X.assign(y=Y), targets="y", model_type="regressor",
            evaluator_config={"explainability_algorithm": "magic"},
        )  # fmt: skip
