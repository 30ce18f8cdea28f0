import pickle

import pytest

from pycore.errors import FlavorUnknown, InvalidInput, InvalidModel
from pycore.models import pickled


@pytest.mark.parametrize("serialization_format", pickled.FORMATS)
def test_an_object_comes_back(tmp_path, serialization_format):
    pickled.dump({"a": [1.5]}, tmp_path / "m.pkl", serialization_format)
    assert pickled.load(tmp_path / "m.pkl") == {"a": [1.5]}


def test_cloudpickle_takes_functions_by_value(tmp_path):
    pickled.dump(lambda x: x + 1, tmp_path / "m.pkl")
    assert pickled.load(tmp_path / "m.pkl")(1) == 2


@pytest.mark.parametrize(
    ("value", "serialization_format", "message"),
    [
        (1, "joblib", "one of cloudpickle, pickle, not 'joblib'"),
        ((x for x in [1]), "cloudpickle", "The generator cannot be written with cloudpickle"),
        (lambda x: x, "pickle", "The function cannot be written with pickle"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, value, serialization_format, message):
    with pytest.raises(InvalidInput, match=message):
        pickled.dump(value, tmp_path / "m.pkl", serialization_format)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a pickle", pickle.dumps({"a": list(range(99))})[:-20], b"cbuiltins\nno_such_name\n."],
)
def test_a_damaged_file_is_no_model(tmp_path, content):
    (tmp_path / "m.pkl").write_bytes(content)
    with pytest.raises(InvalidModel, match=r"m\.pkl cannot be read as a Python pickle: "):
        pickled.load(tmp_path / "m.pkl")


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("no_such_module", "needs the Python module 'no_such_module'"),
        ("mlflow", "refers to MLflow itself. pip install mlflow"),
    ],
)
def test_a_module_that_is_absent_is_named(tmp_path, module, message):
    (tmp_path / "m.pkl").write_bytes(f"c{module}.deep\nThing\n.".encode())
    with pytest.raises(FlavorUnknown, match=message):
        pickled.load(tmp_path / "m.pkl")


def test_a_class_that_is_absent_may_be_substituted(tmp_path):
    (tmp_path / "m.pkl").write_bytes(b"cno_such_module\nThing\n.")
    assert pickled.load(tmp_path / "m.pkl", {("no_such_module", "Thing"): dict}) is dict


def test_pickles_can_be_switched_off(tmp_path, monkeypatch):
    pickled.dump(1, tmp_path / "m.pkl")
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with pytest.raises(InvalidModel, match="MLFLOW_ALLOW_PICKLE_DESERIALIZATION is false"):
        pickled.load(tmp_path / "m.pkl")
