"""What models say of their columns: missing ones and unknown levels are told before R sees the rows."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from pycore.errors import RCallError, SignatureMismatch

ROWS = pd.DataFrame(
    {
        "Sepal.Length": [5.1, 6.0],
        "Kind": ["setosa", "virginica"],
        "Size": ["low", "high"],
        "Petal.Length": [1, 5],
    }
)
#: Crates whose model has the columns Size, a factor, and Petal.Length.
SIZED = ["columns_rpart", "columns_forest", "columns_ranger"]
#: The same of packages that are not installed: they cannot predict, only refuse.
UNINSTALLED = ["columns_workflow", "columns_parsnip", "columns_train"]


def refusal(model, rows) -> str:
    with pytest.raises(SignatureMismatch) as refused:
        model.predict(rows)
    return refused.value.message


@pytest.mark.parametrize("name", [*SIZED, *UNINSTALLED])
def test_all_faults_of_the_columns_are_told_together(load, name):
    model = load(name, packages={}) if name in UNINSTALLED else load(name)
    told = refusal(model, pd.DataFrame({"Size": ["low", "huge"], "more": [1, 2]}))
    assert "missing column 'Petal.Length', by which the model was fitted" in told
    assert re.search("column 'Size': 'huge' is none of the levels ('low', 'high'|'high', 'low')", told)


@pytest.mark.parametrize("name", SIZED)
def test_texts_are_factors_of_the_models_levels(load, name):
    model = load(name)
    together = model.predict(ROWS)
    alone = [model.predict(ROWS.iloc[[row]])[0] for row in (0, 1)]
    # One row has one level only; as a factor of its own it would be another row.
    assert alone == together.tolist()
    category = pd.Categorical(["low", "high"], categories=["high", "low"])
    assert model.predict(ROWS.assign(Size=category)).tolist() == together.tolist()


def test_of_texts_the_levels_are_checked_as_well(load):
    model = load("columns_lm")
    assert len(model.predict(ROWS)) == 2
    told = refusal(model, ROWS.assign(Kind=["setosa", "tulip"]))
    assert "column 'Kind': 'tulip' is none of the levels 'setosa', 'versicolor', 'virginica'" in told


def test_constants_of_the_script_are_no_columns(load):
    """Here the degree of a polynomial; the target is none either."""
    told = refusal(load("columns_lm"), ROWS[["Kind"]])
    assert "'Sepal.Length'" in told
    assert "degree" not in told
    assert "Sepal.Width" not in told


def test_a_missing_value_is_no_level(load):
    assert pd.isna(load("columns_lm").predict(ROWS.assign(Kind=["setosa", None]))[1])


def test_matrices_get_the_models_columns_in_its_order(load):
    model = load("glmnet")
    rows = pd.DataFrame({"Sepal.Width": [3.5, 3.0], "Petal.Length": [1.4, 5.0], "Petal.Width": [0.2, 1.5]})
    expected = model.predict(rows).tolist()
    shuffled = rows[["Petal.Width", "Sepal.Width", "Petal.Length"]].assign(note=["x", "y"])
    assert model.predict(shuffled).tolist() == expected
    assert "missing column 'Petal.Width'" in refusal(model, rows[["Sepal.Width", "Petal.Length"]])


def test_rows_without_names_go_by_position(load):
    named = pd.DataFrame({"Sepal.Width": [3.5], "Petal.Length": [1.4], "Petal.Width": [0.2]})
    unnamed = named.set_axis(["0", "1", "2"], axis="columns")
    assert load("glmnet").predict(unnamed).tolist() == load("glmnet").predict(named).tolist()


def test_a_crate_that_computes_columns_is_left_alone(load):
    assert len(load("columns_computed").predict(pd.DataFrame({"inches": [2.0, 2.5]}))) == 2


def test_a_call_around_predict_and_a_named_argument_are_understood(load):
    told = refusal(load("columns_glm"), pd.DataFrame({"Species": ["tulip"]}))
    assert "missing column 'Sepal.Width'" in told
    assert "'tulip' is none of the levels" in told


def test_a_forest_without_levels_takes_no_texts(load):
    """R would number the texts of each request anew, and answer for other levels without a word."""
    told = refusal(load("columns_ranger_numbers"), ROWS)
    assert "column 'Size': expected numbers, got texts" in told
    recorded = load("columns_ranger_numbers", input_levels={"Size": ["low", "high"]})
    assert recorded.predict(ROWS.iloc[[1]])[0] == recorded.predict(ROWS)[1]


def test_what_was_recorded_counts_before_what_the_model_says(load):
    told = refusal(load("columns_rpart", input_levels={"Size": ["low"]}), ROWS)
    assert "'high' is none of the levels 'low'." in told


CARS = pd.DataFrame(
    {"cyl": [4, 6], "wt": [2.5, 3.0], "gear": [3, 4], "am": [0, 1], "shape": ["v", "s"], "qsec": [18.5, 17.0]}
)
OF_CYL = "is none of the levels '4', '6', '8' of"


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("terms_lm", {"cyl": [5, 6]}, f"column 'cyl': '5' {OF_CYL} factor(cyl)."),
        ("terms_rpart", {"cyl": [7, 5]}, f"column 'cyl': '7', '5' {OF_CYL} as.character(cyl)."),
        ("terms_multinom", {"cyl": [5, 5]}, f"column 'cyl': '5' {OF_CYL} factor(cyl)."),
        ("terms_lda", {"shape": ["v", "w"]}, "column 'shape': 'w' is none of the levels 's', 'v'."),
        (
            "terms_glm",
            {"gear": [6, 3], "shape": ["v", "w"]},
            "column 'gear': '6' is none of the levels '3', '4', '5' of as.factor(gear); columns 'shape' and "
            "'am': 'w.1' is none of the levels 's.0', 'v.0', 's.1', 'v.1' of interaction(shape, am).",
        ),
    ],
)
def test_levels_of_a_formulas_terms_are_told_when_the_model_refuses(load, name, values, told):
    model = load(name)
    assert len(model.predict(CARS)) == 2
    assert refusal(model, CARS.assign(**values)) == f"The rows do not fit the model: {told}"


def test_of_many_levels_some_are_told(load):
    told = refusal(load("terms_many"), CARS.assign(qsec=[1.25, 16.9]))
    assert told.startswith(
        "The rows do not fit the model: column 'qsec': '1.2' is none of the levels '14.5', "
    )
    assert told.endswith(", ... of factor(round(qsec, 1)).")
    assert told.count("'") == 2 * 22


def test_what_is_no_matter_of_levels_keeps_the_message_of_r(load):
    with pytest.raises(RCallError, match="variable 'wt'"):
        load("terms_lm").predict(CARS.assign(wt=["heavy", "light"]))
