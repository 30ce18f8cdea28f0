from pathlib import Path

import pytest

import pycore as mlflow
from pycore.entities import Metric, Param, RunTag, ViewType
from pycore.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from pycore.tracking import MlflowClient


@pytest.fixture
def client(uri: str) -> MlflowClient:
    return MlflowClient(uri)


class TestExperiments:
    def test_an_experiment_lives(self, client: MlflowClient) -> None:
        experiment_id = client.create_experiment("nyc-taxi-experiment", tags={"team": "x"})
        client.set_experiment_tag(experiment_id, "n", 1)
        client.rename_experiment(experiment_id, "taxi")
        client.delete_experiment_tag(int(experiment_id), "team")

        found = client.get_experiment(int(experiment_id))
        assert isinstance(experiment_id, str)
        assert (found.name, found.tags) == ("taxi", {"n": "1"})
        assert client.get_experiment_by_name("taxi") == found
        assert client.get_experiment_by_name("nyc-taxi-experiment") is None

        client.delete_experiment(experiment_id)
        assert [each.name for each in client.search_experiments(ViewType.DELETED_ONLY)] == ["taxi"]
        client.restore_experiment(experiment_id)
        assert client.get_experiment(experiment_id).lifecycle_stage == "active"

    def test_a_name_is_taken_once(self, client: MlflowClient) -> None:
        client.create_experiment("iris")
        with pytest.raises(AlreadyExists, match="already exists"):
            client.create_experiment("iris")

    def test_pages_and_a_filter(self, client: MlflowClient) -> None:
        for name in "abc":
            client.create_experiment(name)
        page = client.search_experiments(max_results=2, order_by="name ASC", filter_string="name != 'b'")

        assert [each.name for each in page] == ["Default", "a"]
        rest = client.search_experiments(
            max_results=2, order_by=["name ASC"], filter_string="name != 'b'", page_token=page.token
        )
        assert [each.name for each in rest] == ["c"]
        assert rest.token is None

    def test_the_active_experiment_has_tags(self, client: MlflowClient) -> None:
        chosen = mlflow.set_experiment("iris")
        mlflow.set_experiment_tag("a", 1)
        mlflow.set_experiment_tags({"b": 2, "c": 3})
        mlflow.delete_experiment_tag("b")

        assert client.get_experiment(chosen.experiment_id).tags == {"a": "1", "c": "3"}


class TestRuns:
    def test_a_run_has_no_tags_but_the_given(self, client: MlflowClient) -> None:
        run = client.create_run("0", start_time=7, tags={"a": 1}, run_name="first")

        assert run.info.status == "RUNNING"
        assert run.info.start_time == 7
        assert run.data.tags == {"a": "1", "mlflow.runName": "first"}
        assert mlflow.active_run() is None

    def test_a_run_is_logged_to_and_ended(self, client: MlflowClient) -> None:
        run_id = client.create_run("0").info.run_id
        client.log_param(run_id, "p", 1)
        client.log_metric(run_id, "m", 0.5, timestamp=3, step=2)
        client.set_tag(run_id, "t", 1)
        client.log_batch(run_id, [Metric("m", 0.25, 4, 3)], [Param("q", "2")], [RunTag("u", "2")])
        client.delete_tag(run_id, "t")
        client.update_run(run_id, name="renamed")
        client.set_terminated(run_id, "KILLED", end_time=99)

        found = client.get_run(run_id)
        assert found.data.params == {"p": "1", "q": "2"}
        assert found.data.metrics == {"m": 0.25}
        assert found.data.tags == {"u": "2", "mlflow.runName": "renamed"}
        assert (found.info.run_name, found.info.status, found.info.end_time) == ("renamed", "KILLED", 99)
        assert client.get_metric_history(run_id, "m") == [Metric("m", 0.5, 3, 2), Metric("m", 0.25, 4, 3)]

    def test_the_loop_of_a_course(self, client: MlflowClient) -> None:
        for rmse in (6.3, 8.0, 6.1):
            run = client.create_run("0")
            client.log_metric(run.info.run_id, "rmse", rmse)

        runs = client.search_runs(
            experiment_ids="0",
            filter_string="metrics.rmse < 7",
            run_view_type=ViewType.ACTIVE_ONLY,
            max_results=5,
            order_by=["metrics.rmse ASC"],
        )

        assert [f"{run.data.metrics['rmse']:.4f}" for run in runs] == ["6.1000", "6.3000"]

    @pytest.mark.parametrize("max_results", [0, -1, 50_001])
    def test_page_sizes_have_limits(self, client: MlflowClient, max_results: int) -> None:
        with pytest.raises(InvalidInput):
            client.search_runs("0", max_results=max_results)

    def test_a_token_of_elsewhere(self, client: MlflowClient) -> None:
        with pytest.raises(InvalidInput):
            client.search_runs("0", page_token="nonsense")

    def test_files_of_a_run(self, client: MlflowClient, tmp_path: Path) -> None:
        run_id = client.create_run("0").info.run_id
        (tmp_path / "a.txt").write_text("x")
        client.log_artifact(run_id, tmp_path / "a.txt", "folder")
        client.log_dict(run_id, {"a": 1}, "folder/b.json")

        assert [info.path for info in client.list_artifacts(run_id, "folder")] == [
            "folder/a.txt",
            "folder/b.json",
        ]
        assert Path(client.download_artifacts(run_id, "folder/a.txt")).read_text() == "x"


class TestRegistry:
    def test_a_model_with_odd_characters_lives(self, client: MlflowClient) -> None:
        made = client.create_registered_model("<name>", {"a": 1}, "first")
        version = client.create_model_version("<name>", "dbfs:/databricks/model", description="v")
        client.update_model_version("<name>", 1, description="better")
        client.update_registered_model("<name>", "second")
        client.set_registered_model_tag("<name>", "b", 2)
        client.delete_registered_model_tag("<name>", "a")
        client.set_model_version_tag("<name>", 1, "c", 3)

        found = client.get_registered_model("<name>")
        assert made.tags == {"a": "1"}
        assert (version.version, version.source) == (1, "dbfs:/databricks/model")
        assert (found.description, found.tags) == ("second", {"b": "2"})
        assert client.get_model_version("<name>", "1").description == "better"
        assert client.get_model_version("<name>", 1).tags == {"c": "3"}
        client.delete_model_version_tag("<name>", 1, "c")
        assert client.get_model_version("<name>", 1).tags == {}
        assert client.get_model_version_download_uri("<name>", 1) == "dbfs:/databricks/model"

    def test_stages(self, client: MlflowClient) -> None:
        client.create_registered_model("iris")
        for _ in range(4):
            client.create_model_version("iris", "s3://bucket/model")
        client.transition_model_version_stage("iris", 3, "Staging")
        moved = client.transition_model_version_stage(
            name="iris", version=4, stage="staging", archive_existing_versions=True
        )

        latest = {version.current_stage: version.version for version in client.get_latest_versions("iris")}
        assert moved.current_stage == "Staging"
        assert latest == {"None": 2, "Staging": 4, "Archived": 3}
        assert [each.version for each in client.get_latest_versions("iris", "Staging")] == [4]
        assert client.get_model_version_stages("iris", 1) == ["None", "Staging", "Production", "Archived"]
        with pytest.raises(InvalidInput, match="Value must be one of None, Staging, Production, Archived"):
            client.transition_model_version_stage("iris", 1, "Prod")
        with pytest.raises(NotFound, match="nope"):
            client.get_latest_versions("nope")

    def test_nothing_in_use_is_deleted(self, client: MlflowClient) -> None:
        client.create_registered_model("iris")
        client.create_model_version("iris", "s3://bucket/model")
        client.transition_model_version_stage("iris", 1, "Production")

        with pytest.raises(Conflict):
            client.delete_registered_model("iris")
        with pytest.raises(Conflict):
            client.delete_model_version("iris", 1)
        client.transition_model_version_stage("iris", 1, "Archived")
        client.delete_model_version("iris", 1)
        client.delete_registered_model("iris")
        assert client.search_registered_models() == []

    def test_aliases(self, client: MlflowClient) -> None:
        client.create_registered_model("iris")
        client.create_model_version("iris", "s3://bucket/model")
        client.set_registered_model_alias("iris", "champion", 1)

        assert client.get_model_version_by_alias("iris", "champion").aliases == ("champion",)
        assert client.get_registered_model("iris").aliases == {"champion": 1}
        client.delete_registered_model_alias("iris", "champion")
        with pytest.raises(InvalidInput, match="champion"):
            client.get_model_version_by_alias("iris", "champion")
        with pytest.raises(InvalidInput, match="reserved"):
            client.set_registered_model_alias("iris", "latest", 1)

    def test_a_copy_knows_where_it_came_from(self, client: MlflowClient) -> None:
        client.create_registered_model("dev")
        client.create_model_version("dev", "s3://bucket/model", tags={"a": 1}, description="good")
        client.set_registered_model_alias("dev", "champion", 1)

        copied = [client.copy_model_version(uri, "prod") for uri in ("models:/dev@champion", "models:/dev/1")]

        assert [version.version for version in copied] == [1, 2]
        assert (copied[0].tags, copied[0].description) == ({"a": "1"}, "good")
        assert copied[0].source == "models:/dev/1"
        assert client.get_model_version_download_uri("prod", 1) == "s3://bucket/model"
        assert copied[0].aliases == ()
        with pytest.raises(NotFound, match="nope"):
            client.copy_model_version("models:/nope/1", "prod")

    def test_names(self, client: MlflowClient) -> None:
        client.create_registered_model("iris")
        with pytest.raises(AlreadyExists, match="already exists"):
            client.create_registered_model("iris")
        assert client.rename_registered_model("iris", "flowers").name == "flowers"
        with pytest.raises(NotFound, match="iris"):
            client.get_registered_model("iris")
        with pytest.raises(NotFound):
            client.get_model_version("flowers", 1)
        with pytest.raises(InvalidInput, match="version must be a text or a number, not None"):
            client.get_model_version("flowers", None)  # type: ignore[arg-type]


@pytest.mark.parametrize("argument", ["metrics", "params", "tags"])
def test_batches_are_of_entities(client, argument):
    run_id = client.create_run("0").info.run_id
    with pytest.raises(InvalidInput, match=rf"{argument} must be a list of \w+, not 'a' \(str\)"):
        client.log_batch(run_id, **{argument: ["a"]})


def test_inputs_and_outputs_are_of_entities(client):
    run_id = client.create_run("0").info.run_id
    with pytest.raises(InvalidInput, match="datasets must be a list of DatasetInput, not 'a'"):
        client.log_inputs(run_id, ["a"])
    with pytest.raises(InvalidInput, match="models must be a list of LoggedModelInput, not 'a'"):
        client.log_inputs(run_id, models=["a"])
    with pytest.raises(InvalidInput, match="models must be a list of LoggedModelOutput, not 'a'"):
        client.log_outputs(run_id, ["a"])
