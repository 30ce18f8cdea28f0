"""Saves or loads models with an official client; run by its own interpreter, with a folder.

``save FOLDER LIBRARY...`` saves a model of each library; ``load FOLDER NAME...`` prints what models say, of
`ROWS` or of the rows in a file ``<name>.json`` beside them. BESIDE names folders of Python packages that are
installed besides those of the interpreter.
"""

import json
import os
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd

sys.path += os.environ.get("BESIDE", "").split(os.pathsep)
assert "crateflow" not in (mlflow.__file__ or "")
ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.5, 4.0], "b": [0.5, -1.0, 2.0, 8.0]})
TARGET = np.array([1.0, 2.5, 3.0, 9.0])


class Summing(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["a"] + model_input["b"]


def save(folder, library):
    from mlflow.models.signature import infer_signature

    companions = {"signature": infer_signature(ROWS, TARGET), "pip_requirements": []}
    if library == "pyfunc":
        mlflow.pyfunc.save_model(folder, python_model=Summing(), **companions)
        return Summing().predict(None, ROWS)
    if library == "sklearn":
        from sklearn.linear_model import LinearRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        model = make_pipeline(StandardScaler(), LinearRegression()).fit(ROWS, TARGET)
        mlflow.sklearn.save_model(model, folder, **companions)
    elif library == "xgboost":
        import xgboost

        model = xgboost.XGBRegressor(n_estimators=3, n_jobs=1).fit(ROWS, TARGET)
        mlflow.xgboost.save_model(model, folder, **companions)
    elif library == "lightgbm":
        import lightgbm

        options = {"min_child_samples": 1, "n_jobs": 1, "verbose": -1}
        model = lightgbm.LGBMRegressor(n_estimators=3, **options).fit(ROWS, TARGET)
        mlflow.lightgbm.save_model(model, folder, **companions)
    return model.predict(ROWS)


def load(folder):
    rows = Path(f"{folder}.json")
    frame = pd.DataFrame(json.loads(rows.read_text())) if rows.exists() else ROWS
    return mlflow.pyfunc.load_model(folder).predict(frame)


what, folder, *names = sys.argv[1:]
told = {}
for name in names:
    path = str(Path(folder, name))
    told[name] = np.asarray(save(path, name) if what == "save" else load(path), dtype=float).tolist()
print(json.dumps(told))
