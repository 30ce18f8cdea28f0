import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scripted_server import Reply, ScriptedServer

import pycore as mlflow
from pycore.entities import Dataset, LoggedModelInput, LoggedModelOutput
from pycore.errors import InvalidInput, Unavailable
from pycore.tracking import datasets

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [1.5, 2.5, None], "t": ["x", "y", "z"]})


def inputs() -> Any:
    run = mlflow.last_active_run()
    assert run is not None
    return run.inputs.dataset_inputs


@pytest.mark.usefixtures("uri")
def test_a_frame_is_noted_with_what_it_is_used_for() -> None:
    dataset = mlflow.data.from_pandas(FRAME, source="s3://bucket/wine.csv", targets="a", name="wine")
    mlflow.log_input(dataset, context="train", tags={"version": 3})

    (found,) = inputs()
    assert dict(found.dataset) == {
        "name": "wine",
        "digest": dataset.digest,
        "source_type": "s3",
        "source": '{"uri": "s3://bucket/wine.csv"}',
        "schema": '{"mlflow_colspec": [{"type": "long", "name": "a", "required": true}, '
        '{"type": "double", "name": "b", "required": false}, '
        '{"type": "string", "name": "t", "required": true}]}',
        "profile": '{"num_rows": 3, "num_elements": 9}',
    }
    assert {tag.key: tag.value for tag in found.tags} == {"mlflow.data.context": "train", "version": "3"}
    (row,) = mlflow.search_runs(filter_string="dataset.name = 'wine'", output_format="list")
    assert row.inputs.dataset_inputs == (found,)
    assert row.to_dictionary()["inputs"]["dataset_inputs"][0]["dataset"]["name"] == "wine"


@pytest.mark.usefixtures("uri")
def test_arrays_are_noted_with_their_shapes() -> None:
    named = {"u": np.zeros((3, 4)), "v": np.zeros(3, dtype=np.int32)}
    mlflow.log_inputs(
        [mlflow.data.from_numpy(named, targets=np.array([1, 2, 3])), mlflow.data.from_numpy(np.ones(2))],
        contexts=["train", None],
    )

    by_context = {tuple(tag.value for tag in each.tags): each.dataset for each in inputs()}
    both, plain = by_context[("train",)], by_context[()]
    assert json.loads(both.profile) == {
        "features_shape": {"u": [3, 4], "v": [3]},
        "features_size": {"u": 12, "v": 3},
        "features_nbytes": {"u": 96, "v": 12},
        "targets_shape": [3],
        "targets_size": 3,
        "targets_nbytes": 24,
    }
    schema = json.loads(both.schema)["mlflow_tensorspec"]
    assert [spec["name"] for spec in json.loads(schema["features"])] == ["u", "v"]
    assert json.loads(schema["targets"])[0]["tensor-spec"] == {"dtype": "int64", "shape": [-1]}
    assert json.loads(plain.schema)["mlflow_tensorspec"]["targets"] is None


@pytest.mark.usefixtures("uri")
def test_models_are_noted_too() -> None:
    model = mlflow.create_external_model("judge", params={"depth": 3})
    with mlflow.start_run() as run:
        mlflow.log_input(model=LoggedModelInput(model.model_id))
        mlflow.log_outputs([LoggedModelOutput(model.model_id, step=2)])

    found = mlflow.get_run(run.info.run_id)
    assert [each.model_id for each in found.inputs.model_inputs] == [model.model_id]
    assert [each.step for each in found.outputs.model_outputs] == [2]


@pytest.mark.usefixtures("uri")
def test_logged_models_are_made_and_found() -> None:
    with mlflow.start_run() as run:
        mine = mlflow.initialize_logged_model("mine", tags={"team": "red"})
    mlflow.set_logged_model_tags(mine.model_id, {"k": 1, "gone": 1})
    mlflow.delete_logged_model_tag(mine.model_id, "gone")
    mlflow.log_model_params({"leaves": 9}, mine.model_id)
    assert mlflow.finalize_logged_model(mine.model_id, "FAILED").status == "FAILED"
    other = mlflow.create_external_model("other", model_type="agent")

    found = mlflow.get_logged_model(mine.model_id)
    assert found.source_run_id == run.info.run_id
    assert (found.tags["team"], found.tags["k"], found.params) == ("red", "1", {"leaves": "9"})
    assert "gone" not in found.tags
    frame = mlflow.search_logged_models(order_by=[{"field_name": "name", "ascending": False}])
    assert frame["name"].tolist() == ["other", "mine"]
    assert frame["status"].tolist() == ["READY", "FAILED"]
    assert frame["tags"][0]["mlflow.model.isExternal"] == "true"
    (listed,) = mlflow.search_logged_models(filter_string="model_type = 'agent'", output_format="list")
    assert listed.model_id == other.model_id
    assert len(mlflow.search_logged_models(max_results=1)) == 1
    empty = mlflow.search_logged_models(filter_string="name = 'none'")
    assert (len(empty), "model_id" in empty) == (0, True)


def test_a_digest_follows_every_value() -> None:
    def digest(frame: pd.DataFrame) -> str:
        return datasets.from_pandas(frame).digest

    same = digest(FRAME)
    assert digest(FRAME.copy()) == same
    assert len(same) == 8
    others = [
        FRAME.assign(a=[1, 2, 4]),
        FRAME.rename(columns={"a": "c"}),
        FRAME.assign(t=["x", "y", "Z"]),
        FRAME.head(2),
        FRAME.assign(l=[[1], [2], [3]]),
        FRAME.assign(l=[[1], [2], [4]]),
    ]
    assert len({same, *map(digest, others)}) == len(others) + 1
    assert datasets.from_pandas(FRAME, digest="mine").digest == "mine"
    arrays = [np.zeros(3), np.zeros(3, dtype=np.float32), np.zeros((3, 1)), np.array([0, "a", None], object)]
    assert len({datasets.from_numpy(array).digest for array in arrays}) == len(arrays)
    plain = datasets.from_numpy(np.zeros(3))
    assert plain.digest != datasets.from_numpy(np.zeros(3), targets=np.zeros(3)).digest


@pytest.mark.parametrize(
    ("given", "kind", "content"),
    [
        ("data/wine.csv", "local", {"uri": "data/wine.csv"}),
        (Path("/data/wine.csv"), "local", {"uri": "/data/wine.csv"}),
        ("file:///data/wine.csv", "local", {"uri": "file:///data/wine.csv"}),
        ("https://x.org/wine.csv", "http", {"url": "https://x.org/wine.csv"}),
        ("gs://b/wine.csv", "gs", {"uri": "gs://b/wine.csv"}),
    ],
)
def test_a_source_has_the_kind_of_its_address(given: Any, kind: str, content: dict[str, str]) -> None:
    source = datasets.from_pandas(FRAME, source=given).source

    assert (source.source_type, source.to_dict()) == (kind, content)
    assert source.uri == next(iter(content.values()))


def test_without_a_source_the_program_is_it() -> None:
    source = datasets.from_pandas(FRAME).source

    assert source.source_type == "code"
    assert "mlflow.source.name" in source.to_dict()["tags"]
    with pytest.raises(InvalidInput, match="source type 'code' cannot be fetched"):
        source.load()


def test_the_data_of_a_source_are_fetched(tmp_path: Path) -> None:
    file = tmp_path / "wine.csv"
    file.write_text("a\n1\n")
    dataset = datasets.from_pandas(FRAME, source=str(file))
    kept = dataset.to_entity()

    assert mlflow.data.get_source(kept).load() == str(file)
    copy = mlflow.data.get_source(dataset).load(tmp_path / "copy")
    assert Path(copy).read_text() == "a\n1\n"


def test_data_of_the_web_are_fetched(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        server.script = [Reply(body=b"a\n1\n"), Reply(status=404)]
        source = datasets.from_pandas(FRAME, source=f"{server.url}/deep/wine.csv?version=2").source

        assert Path(source.load()).read_text() == "a\n1\n"
        with pytest.raises(Unavailable, match=r"wine\.csv.*cannot be fetched: 404"):
            source.load(tmp_path)


def test_a_description_that_no_server_takes_is_left_out() -> None:
    wide = pd.DataFrame(np.zeros((1, 2000)), columns=[f"column {at}" for at in range(2000)])

    assert datasets.from_pandas(wide).to_entity().schema is None
    assert json.loads(datasets.from_pandas(wide).to_json())["profile"]


def frame_with(**arguments: Any) -> Any:
    return datasets.from_pandas(FRAME, **arguments)


@pytest.mark.usefixtures("uri")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.from_pandas({"a": [1]}), "df must be a pandas DataFrame, not a dict"),
        (lambda: frame_with(targets="y"), "targets must be a column .*'a', 'b', 't'.*not 'y'"),
        (lambda: frame_with(predictions="y"), "predictions must be a column"),
        (lambda: frame_with(source=5), "source must be the path or URI of the data.*not 5"),
        (lambda: datasets.from_numpy([1, 2]), "features must be a numpy array or a dict of them, not a list"),
        (lambda: datasets.from_numpy({}), "features must be"),
        (lambda: datasets.from_numpy(np.zeros(1), targets={"y": 1}), "targets must be.* not a int"),
        (lambda: mlflow.log_input(FRAME), "made by mlflow.data.*not a DataFrame"),
        (lambda: mlflow.log_input(), "a dataset or a model"),
        (lambda: mlflow.log_inputs([frame_with()], ["a", "b"]), r"for each dataset \(1\), not 2"),
        (lambda: mlflow.data.get_source(5), "must be a dataset.*not a int"),
        (lambda: mlflow.data.get_source(Dataset("n", "d", "local", "x")), "'n' is not a JSON object"),
        (lambda: mlflow.search_logged_models(output_format="x"), "'pandas' or 'list', not 'x'"),
    ],
)
def test_wrong_arguments_say_what_was_expected(call: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        call()
