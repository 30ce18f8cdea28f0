"""The example of a format that MLflow does not know: PMML, scored as R scores the models it was made of."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pycore as mlflow
from pycore.models import registry
from pycore.models.enforce import table_from_columns

EXAMPLE = Path(__file__).parents[2] / "examples" / "pmml"

pytestmark = pytest.mark.filterwarnings("default")

R_PREDICTIONS = """
  width <- predict(lm(Sepal.Width ~ Sepal.Length, iris), iris)
  shares <- predict(rpart::rpart(Species ~ Petal.Length + Petal.Width, iris), iris)
  write.csv(data.frame(iris, width, shares), row.names = FALSE)
"""


@pytest.fixture(scope="module")
def iris():
    """R's own iris, with what R's own models predict for it."""
    done = subprocess.run(["Rscript", "--vanilla", "-e", R_PREDICTIONS], capture_output=True, check=True)
    return pd.read_csv(io.BytesIO(done.stdout))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The folders of the two models that the example logs."""
    place = tmp_path_factory.mktemp("pmml")
    uri = f"sqlite:///{place}/tracking.db"
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "pmml_model.py")],
        cwd=place,
        env={"PATH": "/usr/bin:/bin", "MLFLOW_TRACKING_URI": uri},
        capture_output=True,
        text=True,
        check=True,
    )
    logged = [line.split() for line in done.stdout.splitlines() if line.startswith("iris-")]
    mlflow.set_tracking_uri(uri)
    yield {file: mlflow.artifacts.download_artifacts(address) for file, address in logged}
    mlflow.set_tracking_uri(None)


def test_a_regression_gives_what_r_gives(models, iris):
    predicted = mlflow.pyfunc.load_model(models["iris-lm.pmml"]).predict(iris[["Sepal.Length"]])
    np.testing.assert_allclose(predicted["Predicted_Sepal.Width"], iris["width"], rtol=1e-14)


def test_a_tree_gives_what_r_gives_through_the_scoring_engine_too(models, iris):
    columns = ["Petal.Length", "Petal.Width"]
    predicted = mlflow.pyfunc.load_model(models["iris-tree.pmml"]).predict(iris[columns])
    kinds = ["setosa", "versicolor", "virginica"]
    for kind in kinds:
        np.testing.assert_allclose(predicted[f"Probability_{kind}"], iris[kind], atol=1e-14)
    assert predicted["Predicted_Species"].tolist() == iris[kinds].idxmax(axis="columns").tolist()
    predictor = registry.load_predictor(models["iris-tree.pmml"])
    schema = mlflow.models.get_model_info(models["iris-tree.pmml"]).signature.inputs
    scored = predictor.predict(table_from_columns(iris[columns].to_dict(orient="list"), schema), {})
    assert predictor.batchable
    np.testing.assert_allclose(scored.columns["Probability_virginica"].data, iris["virginica"], atol=1e-14)
