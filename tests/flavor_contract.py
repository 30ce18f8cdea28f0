"""What every library's flavor must do: save, load, and answer alike however it is asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_iris

from pycore.errors import AlreadyExists
from pycore.models import registry
from pycore.models.columns import Block, Json, Table
from pycore.models.enforce import table_from_columns

IRIS = load_iris(as_frame=True).frame.rename(columns=lambda name: name.removesuffix(" (cm)"))
NAMES = ["sepal length", "sepal width", "petal length"]
ROWS = IRIS[NAMES]
WIDTH = IRIS["petal width"]


@dataclass(frozen=True)
class Case:
    """A trained model, what its own library answers, and the section it has in MLmodel.

    `names_only`: it takes columns by name and no bare arrays.
    """

    flavor: ModuleType
    model: Any
    predict: Callable[[Any, pd.DataFrame], Any]
    section: dict[str, Any]
    names_only: bool = False


def answers(result: Any) -> Any:
    """The numbers of a result, whether a frame, a series or an array."""
    return np.asarray(result, dtype=float).reshape(-1)


def plain(block: Block) -> Any:
    """What a block of typed data holds."""
    match block:
        case Json():
            return json.loads(block.text)
        case Table():
            return next(iter(block.columns.values())).data
        case _:
            return block.data


class FlavorContract:
    """Tests for the fixture `case`, which a class for each family of libraries adds."""

    @pytest.fixture
    def saved(self, case, tmp_path):
        case.flavor.save_model(case.model, tmp_path / "m", input_example=ROWS.head(3))
        return tmp_path / "m"

    def test_every_way_of_asking_gives_the_same_answer(self, case, saved):
        expected = answers(case.predict(case.model, ROWS))
        model = registry.load_pyfunc(saved)
        asked = [ROWS, ROWS[NAMES[::-1]].assign(zz=1)] + ([] if case.names_only else [ROWS.to_numpy()])
        for data in asked:
            np.testing.assert_allclose(answers(model.predict(data)), expected, rtol=1e-4)
        columns = {name: ROWS[name].tolist() for name in NAMES}
        scored = registry.load_predictor(saved).predict(
            table_from_columns(columns, model.metadata.get_input_schema()), {}
        )
        np.testing.assert_allclose(answers(plain(scored)), expected, rtol=1e-4)
        assert model.get_raw_model() is not None

    def test_the_library_finds_its_own_model(self, case, saved):
        loaded = case.flavor.load_model(saved)
        np.testing.assert_allclose(
            answers(case.predict(loaded, ROWS)), answers(case.predict(case.model, ROWS)), rtol=1e-6
        )

    def test_the_folder_is_that_of_mlflow(self, case, saved):
        flavors = yaml.safe_load((saved / "MLmodel").read_text())["flavors"]
        section = flavors[case.flavor.FLAVOR_NAME]
        assert section.items() >= case.section.items()
        data = section.get("data") or section.get("model_data") or section["saved_model_dir"]
        assert (saved / data).exists()
        assert flavors["python_function"]["loader_module"] == f"mlflow.{case.flavor.FLAVOR_NAME}"
        assert flavors["python_function"].get("data", data) == data
        first = case.flavor.get_default_pip_requirements()[0]
        assert (saved / "requirements.txt").read_text().splitlines()[0] == first
        assert {"pip": (saved / "requirements.txt").read_text().splitlines()} in yaml.safe_load(
            (saved / "conda.yaml").read_text()
        )["dependencies"]

    def test_a_model_without_an_example_takes_any_rows(self, case, tmp_path):
        case.flavor.save_model(case.model, tmp_path / "m")
        model = registry.load_pyfunc(tmp_path / "m")
        np.testing.assert_allclose(
            answers(model.predict(ROWS)), answers(case.predict(case.model, ROWS)), rtol=1e-4
        )

    def test_nothing_is_overwritten(self, case, saved):
        with pytest.raises(AlreadyExists, match="is not empty"):
            case.flavor.save_model(case.model, saved)
