"""What trainings of boosted trees leave in a run, besides what `test_libraries` shows."""

import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from sklearn.datasets import load_iris

import pycore as mlflow
from pycore.autologging import boosting
from pycore.models.data_types import DataType
from pycore.tracking import MlflowClient

IRIS = load_iris(as_frame=True).frame
ROWS = IRIS.iloc[:, :3]
WIDTH = IRIS.iloc[:, 3]
KIND = IRIS["target"]
QUIET = {"verbose": -1, "num_threads": 1}


def run_left():
    (run,) = mlflow.search_runs(output_format="list", search_all_experiments=True)
    return run


def file(run, path):
    return Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path))


def is_picture(file):
    return file.read_bytes().startswith(b"\x89PNG")


def model_uri(run):
    return f"runs:/{run.info.run_id}/model"


def trained_on(run):
    (read,) = run.inputs.dataset_inputs
    assert {tag.key: tag.value for tag in read.tags} == {"mlflow.data.context": "train"}
    return read.dataset


def test_a_classifier_of_xgboost_is_logged_as_it_is():
    mlflow.xgboost.autolog(importance_types=["weight", "gain"], log_input_examples=True)
    model = xgb.XGBClassifier(n_estimators=4, max_depth=2, n_jobs=1, early_stopping_rounds=3)
    model.fit(ROWS, KIND, eval_set=[(ROWS, KIND)], verbose=False)

    run = run_left()
    assert run.data.params["max_depth"] == "2"
    history = MlflowClient().get_metric_history(run.info.run_id, "validation_0-mlogloss")
    assert [point.step for point in history] == [0, 1, 2, 3, 4]
    assert run.data.metrics["best_iteration"] == model.best_iteration
    assert json.loads(trained_on(run).profile)["num_rows"] == 150
    scores = json.loads(file(run, "feature_importance_gain.json").read_text())
    assert scores == pytest.approx(model.get_booster().get_score(importance_type="gain"))
    assert is_picture(file(run, "feature_importance_weight.png"))
    loaded = mlflow.pyfunc.load_model(model_uri(run))
    np.testing.assert_array_equal(loaded.predict(ROWS), model.predict(ROWS))
    assert loaded.metadata.get_input_schema().input_types() == [DataType.double] * 3
    pd.testing.assert_frame_equal(loaded.input_example, ROWS.head())
    assert isinstance(mlflow.xgboost.load_model(model_uri(run)), xgb.XGBClassifier)


def test_the_rows_of_a_matrix_are_described_as_they_were_given():
    mlflow.xgboost.autolog()
    rows = ROWS.assign(gap=np.nan, zero=0.0)
    booster = xgb.train({"nthread": 1}, xgb.DMatrix(rows, WIDTH), 2)

    run = run_left()
    assert json.loads(trained_on(run).profile) == {"num_rows": 150, "num_elements": 150 * 6}
    info = mlflow.models.get_model_info(model_uri(run))
    assert info.signature.inputs.input_names() == list(rows)
    assert info.signature.inputs.optional_input_names() == ["gap"]
    loaded = mlflow.pyfunc.load_model(model_uri(run))
    np.testing.assert_allclose(loaded.predict(rows), booster.predict(xgb.DMatrix(rows)))


@pytest.mark.parametrize("kind", [xgb.DMatrix, xgb.QuantileDMatrix])
def test_a_matrix_without_the_values_given_is_trained_on_all_the_same(kind):
    mlflow.xgboost.autolog()
    rows = ROWS.assign(kind=pd.Categorical(KIND))
    xgb.train({"nthread": 1}, kind(rows, WIDTH, enable_categorical=True), 2)

    run = run_left()
    assert run.inputs.dataset_inputs == ()
    assert mlflow.models.get_model_info(model_uri(run)).signature is None


def test_a_regressor_of_lightgbm_is_logged_as_it_is():
    mlflow.lightgbm.autolog()
    rows = ROWS.to_numpy()
    model = lgb.LGBMRegressor(n_estimators=3, **QUIET)
    model.fit(rows, WIDTH, eval_X=rows[::2], eval_y=WIDTH[::2], eval_metric="l1")

    run = run_left()
    assert run.data.params["n_estimators"] == "3"
    history = MlflowClient().get_metric_history(run.info.run_id, "valid_0-l1")
    assert [point.value for point in history] == model.evals_result_["valid_0"]["l1"]
    assert json.loads(trained_on(run).profile)["features_shape"] == [150, 3]
    assert is_picture(file(run, "feature_importance_gain.png"))
    assert isinstance(mlflow.lightgbm.load_model(model_uri(run)), lgb.LGBMRegressor)
    loaded = mlflow.pyfunc.load_model(model_uri(run))
    np.testing.assert_allclose(loaded.predict(rows), model.predict(rows))


def test_the_rows_of_a_dataset_are_described_before_the_training_frees_them():
    mlflow.lightgbm.autolog()
    data = lgb.Dataset(ROWS, WIDTH)
    lgb.train({"objective": "l2", **QUIET}, data, 2)

    run = run_left()
    whole = mlflow.data.from_pandas(ROWS.assign(**{WIDTH.name: WIDTH}), targets=WIDTH.name)
    assert trained_on(run).digest == whole.digest
    assert mlflow.models.get_model_info(model_uri(run)).signature.inputs.input_names() == list(ROWS)


def test_categories_have_no_signature():
    mlflow.lightgbm.autolog(log_input_examples=True)
    rows = ROWS.assign(kind=pd.Categorical(KIND.astype(str)))
    model = lgb.LGBMRegressor(n_estimators=2, **QUIET).fit(rows, WIDTH)

    run = run_left()
    assert json.loads(trained_on(run).profile)["num_rows"] == 150
    loaded = mlflow.pyfunc.load_model(model_uri(run))
    np.testing.assert_allclose(loaded.predict(rows), model.predict(rows))


def test_nothing_is_drawn_or_described_that_is_not_wanted():
    mlflow.xgboost.autolog(log_models=False, log_datasets=False)
    xgb.XGBRegressor(n_estimators=2, n_jobs=1).fit(ROWS, WIDTH)

    run = run_left()
    assert run.inputs.dataset_inputs == ()
    names = {entry.path for entry in MlflowClient().list_artifacts(run.info.run_id)}
    assert names == {"feature_importance_weight.json"}


def test_rounds_of_several_metrics():
    kept = {"train": {"rmse": [3.0, 2.0]}, "other": {"rmse": [4.0, 5.0], "mae": [1.0, 0.5]}}
    assert boosting.rounds(kept) == [
        {"train-rmse": 3.0, "other-rmse": 4.0, "other-mae": 1.0},
        {"train-rmse": 2.0, "other-rmse": 5.0, "other-mae": 0.5},
    ]
    assert boosting.rounds({}) == []
