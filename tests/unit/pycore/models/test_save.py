import json

import pandas as pd
import pytest

from pycore.errors import AlreadyExists, InvalidInput
from pycore.models.save import Companions, new_folder, pyfunc_section, save_folder
from pycore.models.schema import ColSpec, Schema
from pycore.models.signature import ModelSignature
from pycore.models.spec import Model

LOADER = """
import json
class Doubling:
    def predict(self, data):
        return data["a"] * 2
def _load_pyfunc(path):
    return Doubling()
"""

EXAMPLE = pd.DataFrame({"a": [1.5]})


@pytest.fixture
def loader(tmp_path, monkeypatch):
    """The name of an importable module that loads any folder as a model."""
    (tmp_path / "doubling_loader.py").write_text(LOADER)
    monkeypatch.syspath_prepend(tmp_path)
    return "doubling_loader"


def writer(loader_module):
    def write(folder, model):
        (folder / "weights.txt").write_text("12345")
        model.add_flavor("python_function", pyfunc_section(loader_module, data="weights.txt"))

    return write


def test_a_folder_has_everything_a_model_needs(tmp_path, loader):
    companions = Companions(input_example=EXAMPLE, metadata={"owner": "me"})
    model = save_folder(tmp_path / "new" / "m", writer(loader), companions, requirements=["numpy"])
    folder = tmp_path / "new" / "m"
    assert sorted(file.name for file in folder.iterdir()) == [
        "MLmodel", "conda.yaml", "input_example.json", "python_env.yaml", "requirements.txt",
        "serving_input_example.json", "weights.txt",
    ]  # fmt: skip
    assert Model.load(folder) == model
    assert model.metadata == {"owner": "me"}
    assert (folder / "requirements.txt").read_text() == "numpy"
    sizes = [(folder / name).stat().st_size for name in
             ("weights.txt", "input_example.json", "serving_input_example.json")]  # fmt: skip
    assert model.model_size_bytes == sum(sizes)
    assert [file.name for file in folder.parent.iterdir()] == ["m"]


def test_a_signature_is_inferred_from_the_example_and_the_saved_models_answer(tmp_path, loader):
    model = save_folder(tmp_path / "m", writer(loader), Companions(input_example=EXAMPLE))
    schema = Schema([ColSpec("double", "a")])
    assert model.signature == ModelSignature(schema, schema)


def test_a_model_that_fails_on_its_example_has_no_outputs(tmp_path, loader, caplog):
    example = pd.DataFrame({"other": [1.5]})
    model = save_folder(tmp_path / "m", writer(loader), Companions(input_example=example))
    assert model.signature.outputs is None
    assert "The saved model fails on its own input example" in caplog.text
    assert "KeyError" in caplog.text


@pytest.mark.parametrize("given", [ModelSignature(Schema([ColSpec("float", "a")])), False])
def test_a_given_signature_or_false_is_kept(tmp_path, loader, given):
    model = save_folder(tmp_path / "m", writer(loader), Companions(given, EXAMPLE))
    assert model.signature == (given or None)


def test_a_signature_of_another_type_is_refused(tmp_path, loader):
    with pytest.raises(InvalidInput, match="must be a ModelSignature or False, not a dict"):
        save_folder(tmp_path / "m", writer(loader), Companions({"inputs": "[]"}, EXAMPLE))


def test_code_is_copied_without_what_python_compiled(tmp_path, loader):
    package = tmp_path / "mine"
    (package / "__pycache__").mkdir(parents=True)
    (package / "a.py").write_text("A = 1")
    (package / "__pycache__" / "a.pyc").write_text("")
    companions = Companions(code_paths=[package, tmp_path / "doubling_loader.py"])
    model = save_folder(tmp_path / "m", writer(loader), companions)
    code = tmp_path / "m" / "code"
    copied = sorted(file.relative_to(code).as_posix() for file in code.rglob("*"))
    assert copied == ["doubling_loader.py", "mine", "mine/a.py"]
    assert model.flavors["python_function"]["code"] == "code"


@pytest.mark.parametrize(
    ("companions", "message"),
    [
        (Companions(code_paths=["no-such-file.py"]), "'no-such-file.py', which does not exist"),
        (Companions(input_example=pd.Series([1])), "A Series as input example"),
        (Companions(conda_env={}, pip_requirements=[]), "not both"),
    ],
)
def test_nothing_is_left_where_saving_failed(tmp_path, loader, companions, message):
    (tmp_path / "target").mkdir()
    with pytest.raises(InvalidInput, match=message):
        save_folder(tmp_path / "target" / "m", writer(loader), companions)
    assert list((tmp_path / "target").iterdir()) == []


def test_only_a_model_can_be_filled_in(tmp_path, loader):
    with pytest.raises(InvalidInput, match=r"mlflow_model must be a Model, not 'm' \(str\)"):
        save_folder(tmp_path / "m", writer(loader), Companions(), model="m")
    assert not (tmp_path / "m").exists()


def test_an_empty_folder_is_used_and_a_full_one_refused(tmp_path, loader):
    target = tmp_path / "m"
    target.mkdir()
    save_folder(target, writer(loader), Companions())
    before = json.dumps(sorted(file.name for file in target.iterdir()))
    with pytest.raises(AlreadyExists, match="exists and is not empty"):
        save_folder(target, writer(loader), Companions())
    assert json.dumps(sorted(file.name for file in target.iterdir())) == before


def test_a_file_is_never_overwritten(tmp_path):
    (tmp_path / "m").write_text("mine")
    with pytest.raises(AlreadyExists, match="Choose another path"), new_folder(tmp_path / "m"):
        pass
    assert (tmp_path / "m").read_text() == "mine"
