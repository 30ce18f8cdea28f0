"""Models in PMML, an XML format that R's pmml package and many others write.

PMML is no format of MLflow's, and need not be one: a file and a loader make a python_function model.
"""

from pathlib import Path

import pandas as pd
from pypmml import Model

import pycore as mlflow


class PmmlModel:
    """Scores rows with a PMML file; the result has its output fields as columns."""

    #: One result row for each row, so a scoring server may score those of several requests at once.
    row_wise = True

    def __init__(self, path: str) -> None:
        self._model = Model.fromFile(path)

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        return self._model.predict(model_input)


def _load_pyfunc(path: str) -> PmmlModel:
    """Load the data of a model folder: what MLflow and Crateflow call."""
    return PmmlModel(path)


def log_model(pmml_file: str | Path, name: str, input_example: pd.DataFrame, **options: object) -> object:
    """Log a PMML file, and this loader with it, as a model of the active run."""
    return mlflow.pyfunc.log_model(
        name,
        loader_module="pmml_model",
        data_path=pmml_file,
        code_paths=[__file__],
        input_example=input_example,
        pip_requirements=["pypmml"],
        **options,
    )


if __name__ == "__main__":
    here = Path(__file__).parent
    rows = pd.DataFrame({"Sepal.Length": [5.1, 6.3], "Petal.Length": [1.4, 6.0], "Petal.Width": [0.2, 2.5]})
    for file, columns in {
        "iris-lm.pmml": ["Sepal.Length"],
        "iris-tree.pmml": ["Petal.Length", "Petal.Width"],
    }.items():
        with mlflow.start_run():
            logged = log_model(here / file, "model", rows[columns])
        print(file, logged.model_uri)
        print(mlflow.pyfunc.load_model(logged.model_uri).predict(rows[columns]).to_string(index=False))
