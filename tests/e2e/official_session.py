"""What users of an official client do all day; run by its own interpreter, with the server's address."""

import math
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

assert "crateflow" not in (mlflow.__file__ or "")
mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()


def refusal(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except MlflowException as error:
        return error.error_code
    raise AssertionError(f"{call.__name__} was not refused")


# Experiments
experiment_id = client.create_experiment("wines", tags={"team": "red"})
assert client.get_experiment_by_name("wines").experiment_id == experiment_id
assert client.get_experiment(experiment_id).tags == {"team": "red"}
assert client.get_experiment_by_name("none such") is None
assert refusal(client.create_experiment, "wines") == "RESOURCE_ALREADY_EXISTS"
client.set_experiment_tag(experiment_id, "year", "2024")
other = client.create_experiment("beers")
client.rename_experiment(other, "ales")
client.delete_experiment(other)
assert [found.name for found in client.search_experiments(view_type=ViewType.DELETED_ONLY)] == ["ales"]
client.restore_experiment(other)
(found,) = client.search_experiments(filter_string="tags.year = '2024'")
assert found.name == "wines"

# Runs, through the fluent functions
mlflow.set_experiment("wines")
with mlflow.start_run(run_name="first", tags={"kind": "linear"}) as parent:
    mlflow.log_param("alpha", 1e5)
    mlflow.log_params({"depth": 3, "with blank": "a b"})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 3), step=step)
    mlflow.log_metrics({"nan": math.nan, "high": math.inf, "low": -math.inf})
    mlflow.set_tag("note", "gr\u00fc\u00dfe \U0001f377")
    with mlflow.start_run(run_name="child", nested=True) as child:
        mlflow.log_metric("loss", 9)
run = client.get_run(parent.info.run_id)
assert run.info.status == "FINISHED"
assert run.info.run_name == "first"
assert run.data.params == {"alpha": "100000.0", "depth": "3", "with blank": "a b"}
assert run.data.metrics["loss"] == 1 / 7
assert math.isnan(run.data.metrics["nan"])
assert run.data.metrics["high"] >= sys.float_info.max
assert run.data.metrics["low"] <= -sys.float_info.max
assert run.data.tags["note"] == "gr\u00fc\u00dfe \U0001f377"
assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
history = client.get_metric_history(parent.info.run_id, "loss")
assert [(point.step, point.value) for point in history] == [(step, 1 / (step + 3)) for step in range(5)]
assert refusal(client.log_param, parent.info.run_id, "depth", 4) == "INVALID_PARAMETER_VALUE"
assert refusal(client.get_run, "0" * 32) == "RESOURCE_DOES_NOT_EXIST"

# Runs, through the client
for number in range(12):
    run_id = client.create_run(experiment_id, run_name=f"trial {number}").info.run_id
    client.log_batch(
        run_id,
        metrics=[Metric("auc", number / 16, 1_700_000_000_000 + number, 0)],
        params=[Param("family", "tree" if number % 2 else "net")],
        tags=[RunTag("batch", "yes")],
    )
    client.set_terminated(run_id, "FAILED" if number == 11 else "FINISHED")
trees = client.search_runs(
    [experiment_id],
    "params.family = 'tree' and metrics.auc > 0.2 and attributes.status = 'FINISHED'",
    order_by=["metrics.auc DESC"],
)
assert [found.info.run_name for found in trees] == ["trial 9", "trial 7", "trial 5"]
pages, token = [], None
while True:
    page = client.search_runs(
        [experiment_id], "tags.batch LIKE 'y%'", max_results=5, order_by=["metrics.auc"], page_token=token
    )
    pages.append([found.data.metrics["auc"] for found in page])
    token = page.token
    if not token:
        break
assert pages == [[n / 16 for n in range(5)], [n / 16 for n in range(5, 10)], [10 / 16, 11 / 16]]
assert refusal(client.search_runs, [experiment_id], "metrics.auc >") == "INVALID_PARAMETER_VALUE"
client.delete_tag(run_id, "batch")
client.update_run(run_id, name="renamed")
assert client.get_run(run_id).info.run_name == "renamed"
client.delete_run(run_id)
assert client.get_run(run_id).info.lifecycle_stage == "deleted"
client.restore_run(run_id)

# Artifacts, through the server
run_id = parent.info.run_id
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    (folder / "deep").mkdir()
    (folder / "deep" / "data 100%.bin").write_bytes(bytes(range(256)) * 9000)
    (folder / "MLmodel").write_text(f"artifact_path: model\nrun_id: {run_id}\nflavors: {{}}\n")
    client.log_artifacts(run_id, name, "model")
    client.log_text(run_id, "hello", "notes/hello.txt")
    client.log_dict(run_id, {"a": [1, None]}, "notes/values.json")
    assert [file.path for file in client.list_artifacts(run_id)] == ["model", "notes"]
    sizes = {file.path: file.file_size for file in client.list_artifacts(run_id, "notes")}
    assert sizes["notes/hello.txt"] == 5
    down = Path(client.download_artifacts(run_id, "model", tempfile.mkdtemp(dir=name)))
    assert (down / "deep" / "data 100%.bin").read_bytes() == bytes(range(256)) * 9000
    text = mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt")
    assert text == "hello"

# Registry
client.create_registered_model("wine", tags={"owner": "ann"}, description="grapes")
assert refusal(client.create_registered_model, "wine") == "RESOURCE_ALREADY_EXISTS"
source = f"{parent.info.artifact_uri}/model"
for number in (1, 2, 3):
    version = client.create_model_version("wine", source, run_id, tags={"number": str(number)})
    assert int(version.version) == number
    assert version.status == "READY"
client.transition_model_version_stage("wine", "1", "Production")
client.transition_model_version_stage("wine", "2", "Production", archive_existing_versions=True)
client.transition_model_version_stage("wine", "3", "Staging")
stages = {str(found.version): found.current_stage for found in client.search_model_versions("name='wine'")}
assert stages == {"1": "Archived", "2": "Production", "3": "Staging"}
(staged,) = client.get_latest_versions("wine", ["Staging"])
assert int(staged.version) == 3
client.set_registered_model_alias("wine", "champion", "2")
assert int(client.get_model_version_by_alias("wine", "champion").version) == 2
assert client.get_registered_model("wine").aliases == {"champion": "2"}
client.update_model_version("wine", "2", description="the good one")
client.set_model_version_tag("wine", "2", "checked", "yes")
(checked,) = client.search_model_versions("name='wine' and tags.checked = 'yes'")
assert checked.description == "the good one"
assert client.get_model_version_download_uri("wine", "2") == source
files = mlflow.artifacts.list_artifacts("models:/wine@champion")
assert {Path(file.path).name for file in files} == {"MLmodel", "deep"}
client.delete_registered_model_alias("wine", "champion")
assert refusal(client.get_model_version_by_alias, "wine", "champion") == "INVALID_PARAMETER_VALUE"
(model,) = client.search_registered_models("name ILIKE 'WI%'", order_by=["name ASC"])
assert model.tags == {"owner": "ann"}
client.rename_registered_model("wine", "claret")
assert refusal(client.get_registered_model, "wine") == "RESOURCE_DOES_NOT_EXIST"
for number in ("2", "3"):
    client.transition_model_version_stage("claret", number, "Archived")
client.delete_model_version("claret", "3")
client.delete_registered_model("claret")
assert client.search_registered_models() == []
print("session complete", mlflow.__version__)
