"""Models as functions of Spark's columns, run by real workers of Spark."""

from pathlib import Path

import pandas as pd
import pytest
from flavor_contract import IRIS, NAMES, ROWS
from pyspark.sql.functions import struct
from sklearn.linear_model import LogisticRegression

import pycore as mlflow
from pycore.errors import InvalidInput
from pycore.flavors import spark
from pycore.models.data_types import DataType
from pycore.models.schema import ColSpec, Schema

MODELS = Path(__file__).parents[1] / "data" / "models"

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def session():
    return spark.session()


@pytest.fixture(scope="module")
def rows(session):
    return session.createDataFrame(ROWS)


@pytest.fixture(scope="module")
def classifier():
    return LogisticRegression(max_iter=500).fit(ROWS, IRIS["target"])


@pytest.fixture
def saved(classifier, tmp_path):
    mlflow.sklearn.save_model(classifier, tmp_path / "m", input_example=ROWS.head(3))
    return tmp_path / "m"


def scores(rows, column):
    return [row.score for row in rows.select(column.alias("score")).collect()]


def test_rows_are_scored_by_columns_names_or_a_struct(session, rows, classifier, saved):
    score = mlflow.pyfunc.spark_udf(session, saved)
    expected = classifier.predict(ROWS).tolist()
    assert scores(rows, score()) == expected
    assert scores(rows, score(*NAMES)) == expected
    assert scores(rows, score(*(rows[name] for name in NAMES))) == expected
    assert scores(rows, score(struct(*NAMES[::-1]))) == expected


def test_a_result_is_of_the_type_asked_for(session, rows, classifier, tmp_path):
    mlflow.sklearn.save_model(classifier, tmp_path / "m", pyfunc_predict_fn="predict_proba")
    expected = classifier.predict_proba(ROWS)
    first = mlflow.pyfunc.spark_udf(session, tmp_path / "m")
    every = mlflow.pyfunc.spark_udf(session, tmp_path / "m", "array<double>")
    named = mlflow.pyfunc.spark_udf(session, tmp_path / "m", "struct<a: double, b: double, c: double>")
    columns = struct(*NAMES)
    assert scores(rows, first(columns)) == expected[:, 0].tolist()
    assert scores(rows, every(columns)) == expected.tolist()
    assert [list(row) for row in scores(rows, named(columns))] == expected.tolist()


def test_an_r_model_is_scored(session):
    example = pd.DataFrame({"Sepal.Length": [5.1, 4.9, 6.3]})
    expected = mlflow.pyfunc.load_model(MODELS / "written-by-r" / "linear").predict(example)
    score = mlflow.pyfunc.spark_udf(session, MODELS / "written-by-r" / "linear")
    rows = session.createDataFrame(example).withColumnRenamed("Sepal.Length", "length")
    assert scores(rows, score("length")) == list(expected)


def test_what_cannot_be_asked_is_refused(session, rows, saved, classifier, tmp_path):
    with pytest.raises(InvalidInput, match="env_manager of spark_udf is 'local', not 'conda'"):
        mlflow.pyfunc.spark_udf(session, saved, env_manager="conda")
    with pytest.raises(InvalidInput, match="'dubble' is no type of Spark"):
        mlflow.pyfunc.spark_udf(session, saved, "dubble")
    mlflow.sklearn.save_model(classifier, tmp_path / "bare")
    with pytest.raises(InvalidInput, match="say which to score"):
        mlflow.pyfunc.spark_udf(session, tmp_path / "bare")()


def test_a_schema_has_types_of_spark():
    schema = Schema([ColSpec("double", "x"), ColSpec("datetime", "at", required=False)])
    assert schema.as_spark_schema().simpleString() == "struct<x:double,at:timestamp>"
    assert [field.nullable for field in schema.as_spark_schema()] == [False, True]
    assert Schema([ColSpec("long")]).as_spark_schema().simpleString() == "bigint"
    types = [kind.to_spark().simpleString() for kind in DataType]
    assert types == ["boolean", "int", "bigint", "float", "double", "string", "binary", "timestamp"]
