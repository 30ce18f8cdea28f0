import pandas as pd
import pydantic
import pytest
from pycore.pyfunc.utils import pyfunc

from pycore.errors import InvalidInput, SignatureMismatch
from pycore.flavors import pyfunc_function as flavor


class Message(pydantic.BaseModel):
    text: str
    loud: bool = False


@pyfunc
def shout(model_input: list[str], params=None) -> list[str]:
    """Say it louder."""
    return [text.upper() + (params or {}).get("mark", "") for text in model_input]


@pyfunc
def texts(messages: list[Message]) -> list[str]:
    return [message.text for message in messages]


def test_the_input_of_a_call_is_held_to_the_hint():
    assert shout(["a"], params={"mark": "!"}) == ["A!"]
    assert shout(model_input=pd.Series(["a", "b"])) == ["A", "B"]
    assert shout.__doc__ == "Say it louder."
    with pytest.raises(SignatureMismatch, match="item 1: expected a string, got 1; item 2"):
        shout([1, 2])
    with pytest.raises(SignatureMismatch, match="takes a list, not a str"):
        shout("a")


def test_rows_become_objects_of_the_class():
    assert texts([Message(text="a"), {"text": "b"}]) == ["a", "b"]
    assert texts(pd.DataFrame({"text": ["c"]})) == ["c"]
    with pytest.raises(SignatureMismatch, match="item 1: text: missing"):
        texts([{"loud": True}])


def test_methods_are_checked_too():
    class Model(flavor.PythonModel):
        @pyfunc
        def predict(self, context, model_input: list[str], params=None):
            return model_input

    class Short(flavor.PythonModel):
        @pyfunc
        def predict(self, model_input: list[str]):
            return model_input

    assert Model().predict(None, ["a"]) == Short().predict(["a"]) == ["a"]
    for call in (lambda: Model().predict(None, [1]), lambda: Short().predict([1])):
        with pytest.raises(SignatureMismatch, match="expected a string"):
            call()


def test_a_function_that_says_nothing_of_rows_is_left_as_it_is():
    def total(frame: pd.DataFrame) -> float:
        return frame["a"].sum()

    assert pyfunc(total) is total
    assert pyfunc(len) is len
    with pytest.raises(InvalidInput, match="decorates a function of the input, not a int"):
        pyfunc(3)


@pytest.mark.parametrize("function", [shout, texts])
def test_a_checked_function_is_a_model(tmp_path, function):
    flavor.save_model(tmp_path / "m", python_model=function)
    model = flavor.load_model(tmp_path / "m")
    rows = ["a"] if function is shout else [{"text": "a"}]
    assert model.predict(rows) == function(rows)
    assert model.metadata.to_dict()["is_signature_from_type_hint"] is True
    with pytest.raises(SignatureMismatch, match="item 1"):
        model.predict([1])
