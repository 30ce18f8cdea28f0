"""Fill a tracking URI with one of everything that official MLflow keeps; print it as a client sees it.

Run by an official client. Arguments: URI of the store, and the folder for the artifacts of its experiment,
or "" for the usual one.
"""

import json
import sys

import mlflow
import pandas as pd
from content_view import view
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag


class Twice(mlflow.pyfunc.PythonModel):
    """A model that doubles a column."""

    def predict(self, context, model_input):
        """Return the doubles."""
        return model_input["x"] * 2


uri, artifacts = sys.argv[1], sys.argv[2] or None
mlflow.set_tracking_uri(uri)
client = MlflowClient()
experiment_id = client.create_experiment("wines", artifacts, tags={"team": "red", "ü": "ä"})
mlflow.set_experiment("wines")
rows = pd.DataFrame({"x": [1.0, 2.5]})
with mlflow.start_run(run_name="first", description="a note") as run:
    run_id = run.info.run_id
    mlflow.log_input(mlflow.data.from_pandas(rows, name="rows"), context="train")
    if mlflow.__version__.startswith("2."):
        mlflow.pyfunc.log_model("twice", python_model=Twice(), pip_requirements=[])
    else:
        info = mlflow.pyfunc.log_model(
            name="twice", python_model=Twice(), pip_requirements=[], params={"depth": "3"}
        )
        mlflow.set_logged_model_tags(info.model_id, {"colour": "red"})
        mlflow.log_metric("measured", 0.5, step=1, model_id=info.model_id)
        # MLflow does not read back the step of such a point from its files.
        data = mlflow.data.from_pandas(rows, name="others") if "://" in uri else None
        mlflow.log_metric("measured", 0.75, step=2, model_id=info.model_id, dataset=data)

second = client.create_run(experiment_id, start_time=1000, tags={"mlflow.user": "ada"}, run_name="second")
points = [Metric("acc", 0.1 * step, 100 + step, step) for step in range(5)]
points += [
    Metric("odd/number", float(value), 1, step) for step, value in enumerate(("nan", "inf", "-inf", "1e-320"))
]
client.log_batch(
    second.info.run_id, points, [Param("p", "1"), Param("sub/q", "")], [RunTag("sub/t", "é" * 3000)]
)
client.log_text(second.info.run_id, "hello", "notes/hello.txt")
client.set_terminated(second.info.run_id, "KILLED", 2000)
client.delete_run(client.create_run(experiment_id).info.run_id)
gone = client.create_experiment("gone")
client.create_run(gone)
client.delete_experiment(gone)

client.create_registered_model("wine", {"k": "v"}, "a description")
for number in range(3):
    client.create_model_version(
        "wine", f"runs:/{run_id}/twice", run_id, {"x": str(number)}, description="dry"
    )
client.delete_model_version("wine", "3")
client.transition_model_version_stage("wine", "1", "Production")
client.set_registered_model_alias("wine", "champ", "2")
client.create_registered_model("empty")
print(json.dumps({"first": run_id, "second": second.info.run_id, "view": view(client)}))
