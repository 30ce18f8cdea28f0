import io
import subprocess
import sys

import pytest
import yaml
from waiting import LIMIT_S

from pycore.errors import InvalidModel
from pycore.models.schema import ColSpec, Schema
from pycore.models.signature import ModelSignature
from pycore.models.spec import Model, inside

SIGNATURE = ModelSignature(Schema([ColSpec("double", "a")]))
MINIMAL = "flavors:\n  python_function:\n    loader_module: m\n"


def read(tmp_path, text):
    (tmp_path / "MLmodel").write_text(text, encoding="utf-8")
    return Model.load(tmp_path)


def test_what_is_written_is_read_back(tmp_path):
    model = Model(
        artifact_path="model",
        run_id="0" * 32,
        signature=SIGNATURE,
        saved_input_example_info={"artifact_path": "input_example.json", "type": "dataframe"},
        mlflow_version="2.22.0",
        metadata={"owner": "é", "nested": {"a": [1, None]}},
        model_size_bytes=12,
        model_id="m-1",
        other={"prompts": None, "env_vars": ["A"]},
    )
    model.add_flavor("python_function", {"loader_module": "m", "python_version": "3.10"}, data="d")
    model.save(tmp_path)
    assert Model.load(tmp_path) == model
    assert Model.load(tmp_path / "MLmodel") == model


def test_the_file_is_sorted_yaml_with_quoted_numbers_and_signatures_on_one_line(tmp_path):
    model = Model(run_id="12345678901234567890123456789012", signature=SIGNATURE)
    model.add_flavor("crate", version="0.1.0", r_version="4.2")
    model.save(tmp_path)
    text = (tmp_path / "MLmodel").read_text()
    lines = text.splitlines()
    assert lines[0] == "crateflow_format: 1"
    assert "run_id: '12345678901234567890123456789012'" in lines
    assert "    r_version: '4.2'" in lines
    assert """  inputs: '[{"type": "double", "name": "a", "required": true}]'""" in lines
    assert list(yaml.safe_load(text)) == sorted(yaml.safe_load(text))


def test_flavors_are_added_from_a_mapping_or_keywords():
    model = Model().add_flavor("a", {"x": 1}).add_flavor("b", y=2).add_flavor("c", {"x": 1}, y=2)
    assert model.flavors == {"a": {"x": 1}, "b": {"y": 2}, "c": {"x": 1, "y": 2}}


def test_the_facts_about_a_model_name_its_place_in_the_run():
    info = Model(artifact_path="m", run_id="r", signature=SIGNATURE).get_model_info()
    assert (info.model_uri, info.signature, info.artifact_path) == ("runs:/r/m", SIGNATURE, "m")


@pytest.mark.parametrize(
    ("more", "field", "value"),
    [
        ("", "signature", None),
        ("signature: null\n", "signature", None),
        ("utc_time_created: 2024-01-02 03:04:05.678\n", "utc_time_created", "2024-01-02 03:04:05.678000"),
        ("utc_time_created: 2024-01-02\n", "utc_time_created", "2024-01-02"),
        ("mlflow_version: 2.1\n", "mlflow_version", "2.1"),
        ("run_id: 12\n", "run_id", "12"),
        ("model_uuid: 12\n", "model_uuid", "12"),
        ("saved_input_example_info: odd\n", "saved_input_example_info", None),
        ("model_id: m-unknown\n", "model_id", "m-unknown"),
        ("is_signature_from_type_hint: true\n", "other", {"is_signature_from_type_hint": True}),
        ("anything: [1, {a: b}]\n", "other", {"anything": [1, {"a": "b"}]}),
    ],
)
def test_files_of_other_writers_are_read(tmp_path, more, field, value):
    assert getattr(read(tmp_path, MINIMAL + more), field) == value


def test_unknown_flavors_and_keys_are_kept(tmp_path):
    text = "flavors:\n  python_function:\n    loader_module: m\n    extra: {k: 1}\n  unheard_of: {x: 2}\n"
    model = read(tmp_path, text)
    assert model.flavors["python_function"]["extra"] == {"k": 1}
    assert yaml.safe_load(model.to_yaml())["flavors"]["unheard_of"] == {"x": 2}


def test_a_file_without_a_time_counts_as_written_now(tmp_path):
    assert read(tmp_path, MINIMAL).utc_time_created[:2] == "20"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a mapping with a key 'flavors'"),
        ("- a\n", "a mapping with a key 'flavors'"),
        ("flavors:\n\ta: 1\n", "is not valid YAML"),
        ("flavors: [\n", "is not valid YAML"),
        ("flavors: !!python/object/apply:os.system [echo]\n", "is not valid YAML"),
        ("[" * 5000, "is not valid YAML"),
        ("run_id: x\n", "The model has no flavors"),
        ("flavors: null\n", "The model has no flavors"),
        ("flavors: {}\n", "Save it again with a flavor's save_model"),
        ("flavors: {a: 3}\n", "The flavors a must each be a mapping"),
        ("crateflow_format: 2\n" + MINIMAL, "format 2, this Crateflow reads up to 1. Upgrade"),
        ("crateflow_format: new\n" + MINIMAL, "must be a number from 1"),
        (MINIMAL + "signature: {}\n", "The signature is empty"),
        (MINIMAL + "signature: {inputs: [1]}\n", "inputs of the signature cannot be read"),
        (MINIMAL + 'signature: {inputs: \'[{"type": "date", "name": "a"}]\'}\n', "unknown type 'date'"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_where(tmp_path, text, message):
    with pytest.raises(InvalidModel, match=message) as caught:
        read(tmp_path, text)
    assert str(tmp_path) in caught.value.message


def test_a_folder_without_the_file_is_no_model(tmp_path):
    with pytest.raises(InvalidModel, match="is no model: it has no file MLmodel"):
        Model.load(tmp_path)


@pytest.mark.parametrize("relative", ["../x", "/etc/passwd", "a/../../x", "", None, 3, "link"])
def test_a_path_of_the_file_cannot_leave_the_folder(tmp_path, relative):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "x").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "x")
    with pytest.raises(InvalidModel, match="MLmodel: data"):
        inside(folder, relative, "data")


def test_a_path_of_the_file_must_lead_to_something(tmp_path):
    with pytest.raises(InvalidModel, match=r"lacks 'model\.pkl', which MLmodel names as data"):
        inside(tmp_path, "model.pkl", "data")


def test_reading_a_model_needs_neither_pandas_nor_numpy():
    code = (
        "import sys, pycore.models.spec, pycore.models.signature, pycore.models.registry; "
        "print({'pandas', 'numpy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT_S)
    assert done.stdout == "set()\n"


def test_a_model_hands_out_the_params_of_its_example(tmp_path):
    (tmp_path / "example.json").write_text('{"inputs": [1], "params": {"k": 2}}')
    info = {"artifact_path": "example.json", "type": "ndarray", "params": "true"}
    assert Model(saved_input_example_info=info).load_input_example_params(tmp_path) == {"k": 2}
    assert Model().load_input_example_params(tmp_path) is None


def test_a_model_is_written_to_a_stream_and_hands_out_the_request_of_its_example(tmp_path):
    (tmp_path / "request.json").write_text('{"inputs": [1]}')
    model = Model(saved_input_example_info={"serving_input_path": "request.json"})
    stream = io.StringIO()
    assert model.to_yaml(stream) == stream.getvalue()
    assert model.get_serving_input(tmp_path) == '{"inputs": [1]}'
    assert Model().get_serving_input(tmp_path) is None
    assert Model().get_params_schema() is None
    model.saved_input_example_info = {"serving_input_path": "../request.json"}
    with pytest.raises(InvalidModel, match="leaves the model folder"):
        model.get_serving_input(tmp_path)
