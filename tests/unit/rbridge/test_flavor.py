"""The flavor: folders of R read here, and folders written here read by R."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from r_scripts import rscript
from waiting import LIMIT_S

import pycore as mlflow
import rbridge
from pycore.errors import AlreadyExists, InvalidModel, SignatureMismatch
from pycore.models import registry
from pycore.models.flavor import Inspectable
from pycore.models.signature import infer_signature
from pycore.models.spec import Model
from rbridge import flavor

MODELS = Path(__file__).parents[2] / "data" / "models"
GOLDEN = sorted(path.parent for path in MODELS.glob("*-r*/*/MLmodel"))
ROWS = pd.DataFrame({"Sepal.Length": [5.1, 6.2]})


def read_reference(folder: Path) -> tuple[pd.DataFrame, list]:
    """Rows and predictions that R wrote; numbers are hexadecimal."""
    with (folder / "reference.csv").open(newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    columns = {name: [_value(record[name]) for record in records] for name in records[0]}
    predictions = columns.pop("prediction")
    return pd.DataFrame(columns), predictions


def _value(text: str) -> float | str:
    return float.fromhex(text) if "0x" in text else text


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
class TestFolderOfR:
    def test_predicts_as_r_did_to_the_last_bit(self, folder):
        rows, expected = read_reference(folder)
        model = registry.load_pyfunc(folder)
        with closing(model._implementation):
            assert list(model.predict(rows)) == expected
            # One row gives one value, in the same form.
            assert list(model.predict(rows[:1])) == expected[:1]

    def test_columns_may_be_more_and_in_another_order(self, folder):
        rows, expected = read_reference(folder)
        rows = rows[rows.columns[::-1]].assign(extra=1.0)
        model = registry.load_pyfunc(folder)
        with closing(model._implementation):
            assert list(model.predict(rows)) == expected


def test_golden_folders_of_both_writers_are_there():
    assert {folder.parent.name for folder in GOLDEN} == {"official-r-client", "written-by-r"}


@pytest.mark.parametrize("name", ["folder", "file"])
def test_loader_takes_folder_and_file(name):
    folder = MODELS / "official-r-client" / "linear"
    path = folder if name == "folder" else folder / "crate.bin"
    rows, expected = read_reference(folder)
    with closing(rbridge._load_pyfunc(str(path), {})) as model:
        assert model.predict(rows).tolist() == expected


@pytest.fixture(scope="module")
def saved(crates, tmp_path_factory):
    """A crate's file, saved as a model."""
    path = tmp_path_factory.mktemp("saved") / "model"
    flavor.save_model(crates / "lm.bin", path, input_example=ROWS, metadata={"who": "us"})
    return path


class TestSaved:
    def test_file_says_what_is_known(self, saved):
        model = Model.load(saved)
        section = model.flavors["crate"]
        assert section["model"] == "crate.bin"
        assert section["serialization_version"] == 3
        assert section["r_version"].count(".") == 2
        assert len(section["crate_sha256"]) == 64
        assert model.flavors["python_function"]["loader_module"] == "rbridge"
        assert model.flavors["python_function"]["data"] == "crate.bin"
        assert model.metadata == {"who": "us"}
        assert model.signature.inputs.input_names() == ["Sepal.Length"]
        assert model.signature.outputs is not None
        assert (saved / "r_env.yaml").read_text().startswith("packages:")

    def test_loads_back(self, saved):
        with closing(flavor.load_model(saved)) as model:
            expected = model.predict(ROWS).tolist()
        general = registry.load_pyfunc(saved)
        with closing(general._implementation):
            assert general.predict(ROWS).tolist() == expected
            with pytest.raises(SignatureMismatch, match=r"Sepal\.Length"):
                general.predict(ROWS.rename(columns={"Sepal.Length": "length"}))

    def test_r_reads_it(self, saved, tmp_path):
        script = tmp_path / "read.R"
        script.write_text(
            f"crate <- unserialize(readRDS('{saved / 'crate.bin'}'))\n"
            "cat(sprintf('%a', crate(data.frame(Sepal.Length = c(5.1, 6.2)))))\n"
        )
        with closing(flavor.load_model(saved)) as model:
            assert [float.fromhex(text) for text in rscript(script).split()] == model.predict(ROWS).tolist()

    def test_folder_in_use_is_left_alone(self, crates, saved):
        with pytest.raises(AlreadyExists):
            flavor.save_model(crates / "lm.bin", saved)

    def test_no_crate_leaves_nothing(self, crates, tmp_path):
        with pytest.raises(InvalidModel, match="not a function"):
            flavor.save_model(crates / "no_function.bin", tmp_path / "model")
        with pytest.raises(InvalidModel, match="input_types must be one of"):
            flavor.save_model(crates / "lm.bin", tmp_path / "model", input_types={"a": "odd"})
        assert list(tmp_path.iterdir()) == []

    def test_levels_packages_and_signature_as_given(self, crates, tmp_path):
        levels = {"prénom": ["café", "naïve", "plain"]}
        rows = pd.DataFrame({"prénom": ["café"], "when": ["2024-01-05"]})
        flavor.save_model(
            crates / "factors.bin",
            tmp_path / "model",
            signature=infer_signature(rows, np.array([1.0])),
            input_levels=levels,
            input_types={"when": "Date"},
            batchable=False,
            packages={"stats": "4.2.2"},
        )
        section = Model.load(tmp_path / "model").flavors["crate"]
        assert section["input_levels"] == levels
        assert section["packages"] == {"stats": "4.2.2"}
        general = registry.load_pyfunc(tmp_path / "model")
        with closing(general._implementation):
            assert not general.row_wise
            assert general.predict(rows) == pytest.approx([11.9727])


def test_logged_and_registered(crates, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'tracking.db'}")
    monkeypatch.chdir(tmp_path)
    with mlflow.start_run() as run:
        info = flavor.log_model(crates / "lm.bin", "width", registered_model_name="width", input_example=ROWS)
    assert info.model_uri == f"runs:/{run.info.run_id}/width"
    with closing(flavor.load_model("models:/width/1")) as model:
        assert model.predict(ROWS) == pytest.approx([3.1033, 3.0353], abs=1e-4)


def test_description_is_plain(crates, tmp_path):
    flavor.save_model(crates / "ranger.bin", tmp_path / "model")
    told = yaml.safe_load(yaml.safe_dump(flavor.FLAVOR.describe(tmp_path / "model")))
    assert isinstance(flavor.FLAVOR, Inspectable)
    assert told["packages"] == ["ranger"]
    assert told["calls"] == ["ranger::ranger", "stats::predict"]
    assert told["objects"][0]["name"] == "model"
    assert told["objects"][0]["classes"] == ["ranger"]


def test_flavor_offers_nothing_else():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = flavor.nothing


def test_finding_the_flavor_loads_no_pandas_and_no_r():
    code = """
import sys
from pycore.models import registry
assert registry.find("crate").name == "crate"
print(sorted({"pandas", "rpy2", "sqlalchemy"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]", done.stderr
