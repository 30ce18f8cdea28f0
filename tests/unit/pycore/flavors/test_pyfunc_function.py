import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pydantic
import pytest
import yaml

from pycore.errors import AlreadyExists, FlavorUnknown, InvalidInput, InvalidModel, SignatureMismatch
from pycore.flavors import pyfunc_function as pyfunc
from pycore.models import registry
from pycore.models.columns import Json
from pycore.models.enforce import table_from_columns
from pycore.models.signature import infer_signature
from pycore.models.spec import Model

ROWS = pd.DataFrame({"a": [1.5, 2.0]})


class Scaling(pyfunc.PythonModel):
    """Multiplies by a factor from an artifact and another one from the configuration."""

    def load_context(self, context):
        factor = Path(context.artifacts["factor"]).read_text()
        self.factor = float(factor) * context.model_config.get("times", 1)

    def predict(self, context, model_input, params=None):
        return model_input["a"].to_numpy() * self.factor + params["plus"]


class WithoutContext(pyfunc.PythonModel):
    def predict(self, model_input):
        return model_input["a"].sum()


@pytest.fixture
def scaling(tmp_path):
    """A folder with everything a user's own class can have."""
    (tmp_path / "factor.txt").write_text("2.5")
    pyfunc.save_model(
        tmp_path / "m",
        python_model=Scaling(),
        artifacts={"factor": str(tmp_path / "factor.txt")},
        model_config={"times": 2},
        signature=infer_signature(ROWS, np.zeros(1), params={"plus": 0.0}),
    )
    return tmp_path / "m"


def test_a_class_comes_back_with_artifacts_configuration_and_params(scaling):
    model = pyfunc.load_model(scaling)
    assert model.predict(ROWS).tolist() == [7.5, 10.0]
    assert model.predict(ROWS, {"plus": 1}).tolist() == [8.5, 11.0]
    assert isinstance(model.unwrap_python_model(), Scaling)
    assert model.get_raw_model() is model.unwrap_python_model()
    assert model.model_config == {"times": 2}


def test_the_configuration_may_be_overridden(scaling):
    assert pyfunc.load_model(scaling, model_config={"times": 10}).predict(ROWS).tolist() == [37.5, 50.0]


def test_the_folder_is_that_of_mlflow(scaling):
    section = yaml.safe_load((scaling / "MLmodel").read_text())["flavors"]["python_function"]
    assert section["loader_module"] == "mlflow.pyfunc.model"
    assert section["python_model"] == "python_model.pkl"
    assert section["artifacts"]["factor"]["path"] == "artifacts/factor/factor.txt"
    assert section["config"] == {"times": 2}
    assert (scaling / "artifacts" / "factor" / "factor.txt").read_text() == "2.5"


def test_a_scoring_worker_asks_it_too(scaling):
    predictor = registry.load_predictor(scaling)
    schema = Model.load(scaling).get_input_schema()
    result = predictor.predict(table_from_columns({"a": [1.5]}, schema), {"plus": 1.0})
    assert result.data.tolist() == [8.5]
    assert not predictor.batchable


def test_predict_may_leave_out_context_and_params(tmp_path):
    pyfunc.save_model(tmp_path / "m", python_model=WithoutContext())
    assert pyfunc.load_model(tmp_path / "m").predict(ROWS) == 3.5


class OtherNames(pyfunc.PythonModel):
    def predict(self, _, rows, factor=2):
        return rows["a"].sum() * factor


@pytest.mark.parametrize(("python_model", "expected"), [(OtherNames(), 7.0), (max, "a"), (len, 2)])
def test_the_arguments_may_have_any_names(tmp_path, python_model, expected):
    pyfunc.save_model(tmp_path / "m", python_model=python_model)
    assert pyfunc.load_model(tmp_path / "m").predict(ROWS) == expected


def test_a_function_is_a_model(tmp_path):
    pyfunc.save_model(tmp_path / "m", python_model=lambda rows: rows["a"] + 1, input_example=ROWS)
    model = pyfunc.load_model(tmp_path / "m")
    assert model.predict(ROWS).tolist() == [2.5, 3.0]
    assert model.metadata.signature == infer_signature(ROWS, ROWS["a"])


def test_a_function_may_take_params(tmp_path):
    def shout(words, params):
        return [word + params["mark"] for word in words]

    signature = infer_signature(params={"mark": "!"})
    pyfunc.save_model(tmp_path / "m", python_model=shout, signature=signature)
    assert pyfunc.load_model(tmp_path / "m").predict(["a"]) == ["a!"]
    assert registry.load_predictor(tmp_path / "m").predict(Json('["a"]'), {"mark": "?"}).text == '["a?"]'


def test_a_loader_module_gets_its_data(tmp_path, monkeypatch):
    loader = """
    from pathlib import Path
    class Reader:
        def __init__(self, path):
            self.words = sorted(file.read_text() for file in Path(path).iterdir())
        def predict(self, data):
            return self.words
    def _load_pyfunc(path):
        return Reader(path)
    """
    (tmp_path / "word_loader.py").write_text(textwrap.dedent(loader))
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "a.txt").write_text("hello")
    monkeypatch.syspath_prepend(tmp_path)
    pyfunc.save_model(tmp_path / "m", loader_module="word_loader", data_path=tmp_path / "words")
    assert pyfunc.load_model(tmp_path / "m").predict(None) == ["hello"]
    assert Model.load(tmp_path / "m").flavors["python_function"]["data"] == "data/words"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Give python_model .* or loader_module"),
        ({"python_model": WithoutContext(), "loader_module": "m"}, "and not both"),
        ({"loader_module": "m", "artifacts": {"a": "b"}}, "artifacts belong to a python_model"),
        ({"loader_module": "m", "data_path": "no-such-file"}, "There is nothing at 'no-such-file'"),
        ({"python_model": WithoutContext}, "not WithoutContext; of a class, give an instance"),
        ({"python_model": 3}, "must be a function or an object with predict"),
        ({"python_model": WithoutContext(), "artifacts": {"../x": "y"}}, "'../x' cannot be the name"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path, given, message):
    with pytest.raises(InvalidInput, match=message):
        pyfunc.save_model(tmp_path / "m", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_never_overwritten(scaling):
    with pytest.raises(AlreadyExists, match="is not empty"):
        pyfunc.save_model(scaling, python_model=WithoutContext())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"python_model": "gone.pkl"}, r"lacks 'gone\.pkl'"),
        ({"python_model": None}, "python_model must be a path"),
        ({"artifacts": {"factor": {"path": "../../etc"}}}, "leaves the model folder"),
        ({"python_model_compression": "lzma"}, "compressed"),
    ],
)
def test_a_folder_that_cannot_be_loaded_says_why(scaling, changes, message):
    model = Model.load(scaling)
    model.flavors["python_function"].update(changes)
    model.save(scaling)
    with pytest.raises(InvalidModel, match=message):
        pyfunc.load_model(scaling)


# What MLflow 2.22 pickles of a function, by the names it refers to.
OFFICIAL_FUNCTION = (
    b"cmlflow.pyfunc.model\n_FunctionPythonModel\n)\x81}(X\x09\x00\x00\x00signatureN"
    b"X\x04\x00\x00\x00funccbuiltins\nlen\nub."
)


def test_a_function_that_mlflow_pickled_loads_without_it(scaling):
    (scaling / "python_model.pkl").write_bytes(OFFICIAL_FUNCTION)
    assert pyfunc.load_model(scaling).predict(ROWS) == 2


def test_other_classes_of_mlflow_ask_for_it(scaling):
    (scaling / "python_model.pkl").write_bytes(b"cmlflow.pyfunc.utils\nSomething\n.")
    with pytest.raises(FlavorUnknown, match=r"refers to MLflow itself\. pip install mlflow"):
        pyfunc.load_model(scaling)


def test_a_model_without_predict_says_what_to_define():
    with pytest.raises(NotImplementedError, match="PythonModel must define predict"):
        pyfunc.PythonModel().predict(None, ROWS)


def test_the_files_of_packages_are_found(scaling):
    assert pyfunc.get_model_dependencies(scaling) == str(scaling / "requirements.txt")
    assert pyfunc.get_model_dependencies(scaling, "conda") == str(scaling / "conda.yaml")
    with pytest.raises(InvalidInput, match="format is one of pip, conda"):
        pyfunc.get_model_dependencies(scaling, "poetry")
    (scaling / "requirements.txt").unlink()
    with pytest.raises(InvalidInput, match=r"has no requirements\.txt"):
        pyfunc.get_model_dependencies(scaling)


def test_a_section_is_added_to_a_model_of_ones_own_flavor():
    model = pyfunc.add_to_model(Model(), "own_loader", data="d", conda_env="env.yaml", extra=1)
    section = model.flavors["python_function"]
    assert (section["loader_module"], section["data"], section["extra"]) == ("own_loader", "d", 1)
    assert section["env"] == {"conda": "env.yaml"}


class Shouting(pyfunc.PythonModel):
    def predict(self, context, model_input: list[str], params=None) -> list[str]:
        return [text.upper() for text in model_input]


@pytest.mark.parametrize("python_model", [Shouting(), lambda texts: [text.upper() for text in texts]])
def test_type_hints_say_the_signature(tmp_path, python_model):
    if not isinstance(python_model, Shouting):
        python_model.__annotations__ = {"texts": list[str], "return": list[str]}
    pyfunc.save_model(tmp_path / "m", python_model=python_model, input_example=["a"])
    model = pyfunc.load_model(tmp_path / "m")

    assert model.metadata.to_dict()["is_signature_from_type_hint"] is True
    assert model.metadata.signature.to_dict() == {
        "inputs": '[{"type": "string", "required": true}]',
        "outputs": '[{"type": "string", "required": true}]',
        "params": None,
    }
    assert model.predict(["a", "b"]) == ["A", "B"]
    with pytest.raises(SignatureMismatch, match="item 1: expected a string, got 1; item 2"):
        model.predict([1, 2])
    predictor = registry.load_predictor(tmp_path / "m")
    table = table_from_columns({"0": ["a", "b"]}, model.metadata.get_input_schema())
    assert predictor.predict(table, {}).text == '["A", "B"]'


class Spelling(pyfunc.PythonModel):
    """Says the letters of a word, as many times as its context and params ask for."""

    def predict(self, context, model_input, params=None):
        return list(model_input)

    def predict_stream(self, context, model_input, params=None):
        for _ in range(context.model_config["times"]):
            yield from model_input + params["mark"]


class HintedSpelling(pyfunc.PythonModel):
    def predict(self, model_input: list[str]) -> list[str]:
        return model_input

    def predict_stream(self, model_input: list[str]):
        return list(model_input)


def test_a_class_may_answer_in_pieces(tmp_path):
    signature = infer_signature("ab", params={"mark": "!"})
    given = {"model_config": {"times": 2}, "signature": signature}
    pyfunc.save_model(tmp_path / "m", python_model=Spelling(), **given)
    model = pyfunc.load_model(tmp_path / "m")
    assert model.metadata.flavors["python_function"]["streamable"] is True
    assert list(model.predict_stream("ab")) == ["a", "b", "!", "a", "b", "!"]
    assert list(model.predict_stream(["a"], {"mark": "?"})) == ["a", "?", "a", "?"]


@pytest.mark.parametrize("word", ["ab", ["ab"], pd.Series(["ab"])])
def test_a_hinted_class_is_given_the_item_of_its_list(tmp_path, word):
    pyfunc.save_model(tmp_path / "m", python_model=HintedSpelling())
    model = pyfunc.load_model(tmp_path / "m")
    assert list(model.predict_stream(word)) == ["a", "b"]
    with pytest.raises(SignatureMismatch, match="item 1: expected a string, got 1"):
        model.predict_stream(1)


def test_a_row_of_a_stream_becomes_the_class_of_its_hint(tmp_path):
    class Word(pydantic.BaseModel):
        text: str

    class SpellingWords(pyfunc.PythonModel):
        def predict(self, model_input: list[Word]) -> list[str]:
            return [word.text for word in model_input]

        def predict_stream(self, model_input: Word):
            yield from model_input.text

    SpellingWords.predict.__annotations__ = {"model_input": list[Word], "return": list[str]}
    pyfunc.save_model(tmp_path / "m", python_model=SpellingWords())
    assert list(pyfunc.load_model(tmp_path / "m").predict_stream({"text": "ab"})) == ["a", "b"]


def test_a_model_of_ones_own_loader_streams_if_it_is_said(tmp_path, monkeypatch):
    loader = """
    class Counter:
        def predict(self, data):
            return len(data)
        def predict_stream(self, row):
            yield from range(row)
    def _load_pyfunc(path):
        return Counter()
    """
    (tmp_path / "count_loader.py").write_text(textwrap.dedent(loader))
    monkeypatch.syspath_prepend(tmp_path)
    pyfunc.save_model(tmp_path / "yes", loader_module="count_loader", streamable=True)
    pyfunc.save_model(tmp_path / "no", loader_module="count_loader")
    assert list(pyfunc.load_model(tmp_path / "yes").predict_stream(2)) == [0, 1]
    with pytest.raises(InvalidInput, match="does not stream"):
        pyfunc.load_model(tmp_path / "no").predict_stream(2)


def test_a_class_without_a_stream_says_so(tmp_path):
    pyfunc.save_model(tmp_path / "m", python_model=WithoutContext())
    model = pyfunc.load_model(tmp_path / "m")
    assert model.metadata.flavors["python_function"]["streamable"] is False
    with pytest.raises(InvalidInput, match="does not stream"):
        model.predict_stream(ROWS)
    with pytest.raises(NotImplementedError, match="WithoutContext does not define predict_stream"):
        WithoutContext().predict_stream(None, ROWS)
    with pytest.raises(InvalidInput, match="streamable is true, but WithoutContext does not define"):
        pyfunc.save_model(tmp_path / "n", python_model=WithoutContext(), streamable=True)
    # A file of another writer may promise what its model does not keep.
    model.metadata.flavors["python_function"]["streamable"] = True
    model.metadata.save(tmp_path / "m")
    with pytest.raises(InvalidInput, match="WithoutContext does not define predict_stream"):
        pyfunc.load_model(tmp_path / "m").predict_stream("a")


def test_hints_that_say_nothing_of_rows_leave_the_signature_open(tmp_path):
    def total(frame: pd.DataFrame) -> float:
        return frame["a"].sum()

    pyfunc.save_model(tmp_path / "m", python_model=total)
    model = pyfunc.load_model(tmp_path / "m")
    assert model.metadata.signature is None
    assert "is_signature_from_type_hint" not in model.metadata.to_dict()
    assert model.predict(ROWS) == 3.5


CODE = """
import mlflow


class Doubler(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.times = context.model_config["times"]

    def predict(self, context, model_input):
        return model_input["a"] * self.times


mlflow.models.set_model(Doubler())
"""


@pytest.fixture
def without_mlflow():
    """Scripts make this package stand for MLflow in their process; other tests want it as it was."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlflow"]:
        del sys.modules[name]


@pytest.mark.usefixtures("without_mlflow")
def test_a_script_is_a_model(tmp_path):
    script = tmp_path / "doubler.py"
    script.write_text(CODE)
    pyfunc.save_model(tmp_path / "m", python_model=script, model_config={"times": 2}, input_example=ROWS)
    script.unlink()

    section = yaml.safe_load((tmp_path / "m" / "MLmodel").read_text())["flavors"]["python_function"]
    assert section["model_code_path"] == "doubler.py"
    assert section["loader_module"] == "mlflow.pyfunc.loaders.code_model"
    assert section["streamable"] is False
    assert list(pyfunc.load_model(tmp_path / "m").predict(ROWS)) == [3.0, 4.0]
    tripled = pyfunc.load_model(tmp_path / "m", model_config={"times": 3})
    assert list(tripled.predict(ROWS)) == [4.5, 6.0]
    # MLflow notes the place of the script on the machine where the model was saved.
    mlmodel = tmp_path / "m" / "MLmodel"
    mlmodel.write_text(mlmodel.read_text().replace("doubler.py", "/home/ann/work/doubler.py"))
    assert list(pyfunc.load_model(tmp_path / "m").predict(ROWS)) == [3.0, 4.0]


@pytest.mark.usefixtures("without_mlflow")
def test_type_hints_of_a_script_say_the_signature(tmp_path):
    script = tmp_path / "adder.py"
    script.write_text(
        "import mlflow\n"
        "def add(rows: list[dict[str, int]]) -> list[int]:\n"
        "    return [sum(row.values()) for row in rows]\n"
        "mlflow.models.set_model(add)\n"
    )
    pyfunc.save_model(tmp_path / "m", python_model=script)
    model = pyfunc.load_model(tmp_path / "m")
    assert model.predict([{"a": 1, "b": 2}]) == [3]
    with pytest.raises(SignatureMismatch, match="item 1: a: expected a long, got 'x'"):
        model.predict([{"a": "x"}])


@pytest.mark.usefixtures("without_mlflow")
def test_a_script_reads_its_configuration(tmp_path):
    script = tmp_path / "scaler.py"
    script.write_text(
        "import mlflow\n"
        "times = mlflow.models.ModelConfig(development_config={'times': 2}).get('times')\n"
        "mlflow.models.set_model(lambda rows: rows['a'] * times)\n"
    )
    pyfunc.save_model(tmp_path / "own", python_model=script)
    assert list(pyfunc.load_model(tmp_path / "own").predict(ROWS)) == [3.0, 4.0]
    pyfunc.save_model(tmp_path / "saved", python_model=script, model_config={"times": 3})
    assert list(pyfunc.load_model(tmp_path / "saved").predict(ROWS)) == [4.5, 6.0]
    given = pyfunc.load_model(tmp_path / "saved", model_config={"times": 4})
    assert list(given.predict(ROWS)) == [6.0, 8.0]


@pytest.mark.usefixtures("without_mlflow")
@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("", InvalidModel, r"script\.py chooses no model: it must call mlflow\.models\.set_model"),
        ("1 / 0", InvalidModel, r"script\.py fails: ZeroDivisionError: division by zero"),
        ("import no_such_module_9", FlavorUnknown, r"script\.py needs the Python module 'no_such_module_9'"),
    ],
)
def test_a_script_that_is_no_model_is_refused_when_it_is_saved(tmp_path, code, error, message):
    (tmp_path / "script.py").write_text(code)
    with pytest.raises(error, match=message):
        pyfunc.save_model(tmp_path / "m", python_model=str(tmp_path / "script.py"))
    with pytest.raises(InvalidInput, match=r"'gone\.py', which is no Python script"):
        pyfunc.save_model(tmp_path / "m", python_model="gone.py")
    assert not (tmp_path / "m").exists()
