"""What the training of each library leaves in a run."""

import json
import subprocess
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
import xgboost as xgb
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, recall_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from waiting import LIMIT_S

import pycore as mlflow
from pycore.tracking import MlflowClient

IRIS = load_iris(as_frame=True).frame
ROWS = IRIS.iloc[:, :3]
WIDTH = IRIS.iloc[:, 3]
KIND = IRIS["target"]


def only_run():
    (run,) = mlflow.search_runs(output_format="list", search_all_experiments=True)
    return run


def files(run):
    return {entry.path for entry in MlflowClient().list_artifacts(run.info.run_id)}


def content(run, path):
    return Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path)).read_text()


def test_a_classifier_of_sklearn():
    mlflow.sklearn.autolog(log_input_examples=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, KIND)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert run.data.tags["estimator_name"] == "Pipeline"
    assert run.data.tags["estimator_class"] == "sklearn.pipeline.Pipeline"
    assert run.data.params["logisticregression__C"] == "1.0"
    assert set(run.data.metrics) == {
        f"training_{name}"
        for name in (
            "precision_score", "recall_score", "f1_score", "accuracy_score", "log_loss", "roc_auc", "score",
        )
    }  # fmt: skip
    assert {"estimator.html", "training_confusion_matrix.png", "model"} == files(run)
    assert run.data.metrics["training_score"] == model.score(ROWS, KIND)
    assert "LogisticRegression" in content(run, "estimator.html")
    (read,) = run.inputs.dataset_inputs
    assert {tag.key: tag.value for tag in read.tags} == {"mlflow.data.context": "train"}
    assert json.loads(read.dataset.profile)["num_rows"] == len(ROWS)
    loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    np.testing.assert_array_equal(loaded.predict(ROWS), model.predict(ROWS))
    pd.testing.assert_frame_equal(loaded.input_example, ROWS.head())


def test_a_regressor_of_sklearn_inside_a_run():
    mlflow.sklearn.autolog(log_models=False, log_datasets=False)
    with mlflow.start_run():
        model = LinearRegression().fit(ROWS, WIDTH)
    run = only_run()
    assert files(run) == set()
    assert run.data.metrics["training_r2_score"] == model.score(ROWS, WIDTH)
    assert run.data.metrics["training_root_mean_squared_error"] == pytest.approx(
        run.data.metrics["training_mean_squared_error"] ** 0.5
    )
    assert run.inputs.dataset_inputs == ()


def test_something_that_only_transforms():
    mlflow.sklearn.autolog()
    PCA(2).fit_transform(ROWS)
    run = only_run()
    assert run.data.metrics == {}
    model = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    np.testing.assert_allclose(model.mean_, ROWS.mean())


def test_preparing_data_is_no_training():
    mlflow.sklearn.autolog()
    StandardScaler().fit(ROWS)
    StandardScaler().fit_transform(ROWS)
    log_loss([0, 1, 2], np.eye(3))  # which fits a transformer of its own
    assert mlflow.search_runs(output_format="list", search_all_experiments=True) == []


def test_every_method_that_trains_is_one_training():
    mlflow.sklearn.autolog(log_models=False)
    pipeline = make_pipeline(StandardScaler(), KMeans(2, n_init=1, random_state=0))
    pipeline.fit_predict(ROWS)
    assert only_run().data.tags["estimator_name"] == "Pipeline"
    assert not hasattr(make_pipeline(StandardScaler(), LogisticRegression()), "fit_predict")


def test_measures_may_be_about_one_class():
    mlflow.sklearn.autolog(pos_label=1, serialization_format="pickle", disable_for_unsupported_versions=True)
    model = LogisticRegression().fit(ROWS, KIND == 1)
    run = only_run()
    assert run.data.metrics["training_recall_score"] == recall_score(KIND == 1, model.predict(ROWS))
    info = mlflow.models.get_model_info(f"runs:/{run.info.run_id}/model")
    assert info.flavors["sklearn"]["serialization_format"] == "pickle"


def test_a_search_has_child_runs():
    mlflow.sklearn.autolog(max_tuning_runs=2)
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.01, 0.1, 1.0]}, cv=3).fit(ROWS, KIND)
    runs = mlflow.search_runs(output_format="list", search_all_experiments=True)
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run is not parent]
    assert len(children) == 2
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert {run.info.status for run in children} == {"FINISHED"}
    assert parent.data.params["best_C"] == str(search.best_params_["C"])
    assert "estimator__C" not in parent.data.params
    assert parent.data.metrics["best_cv_score"] == search.best_score_
    (best,) = [run for run in children if run.data.metrics["rank_test_score"] == 1]
    assert best.data.params == {"C": str(search.best_params_["C"])}
    assert best.data.metrics["mean_test_score"] == search.best_score_
    assert {"cv_results.csv", "model", "best_estimator"} <= files(parent)
    assert len(content(parent, "cv_results.csv").splitlines()) == 4
    assert isinstance(
        mlflow.sklearn.load_model(f"runs:/{parent.info.run_id}/best_estimator"), LogisticRegression
    )


def test_a_booster_of_xgboost():
    mlflow.xgboost.autolog(importance_types=["weight", "gain"])
    data = xgb.DMatrix(ROWS, WIDTH)
    booster = xgb.train(
        {"max_depth": 2, "nthread": 1}, data, num_boost_round=4, evals=[(data, "train")], verbose_eval=False
    )
    run = only_run()
    assert run.data.params["max_depth"] == "2"
    assert run.data.params["num_boost_round"] == "4"
    history = MlflowClient().get_metric_history(run.info.run_id, "train-rmse")
    assert [point.step for point in history] == [0, 1, 2, 3]
    assert history[-1].value < history[0].value
    assert json.loads(content(run, "feature_importance_weight.json")) == booster.get_score()
    assert "feature_importance_gain.json" in files(run)
    loaded = mlflow.xgboost.load_model(f"runs:/{run.info.run_id}/model")
    assert loaded.get_fscore() == booster.get_fscore()


def test_early_stopping_of_xgboost():
    mlflow.xgboost.autolog(log_models=False)
    data, other = xgb.DMatrix(ROWS[::2], WIDTH[::2]), xgb.DMatrix(ROWS[1::2], WIDTH[::2])
    booster = xgb.train(
        {"nthread": 1}, data, 50, evals=[(other, "other")], early_stopping_rounds=2, verbose_eval=False
    )
    metrics = only_run().data.metrics
    assert metrics["best_iteration"] == booster.best_iteration
    assert metrics["stopped_iteration"] == booster.best_iteration + 2
    assert metrics["other-rmse"] == pytest.approx(booster.best_score)


def test_an_estimator_of_xgboost_is_one_training():
    mlflow.autolog()
    xgb.XGBRegressor(n_estimators=3, n_jobs=1).fit(ROWS, WIDTH)
    assert only_run().data.tags["mlflow.autologging"] == "xgboost"


def test_a_booster_of_lightgbm():
    mlflow.lightgbm.autolog()
    data = lgb.Dataset(ROWS, KIND)
    booster = lgb.train(
        {"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1},
        data,
        num_boost_round=3,
        valid_sets=[data],
        valid_names=["v"],
    )
    run = only_run()
    assert run.data.params["num_class"] == "3"
    assert run.data.params["num_boost_round"] == "3"
    history = MlflowClient().get_metric_history(run.info.run_id, "v-multi_logloss")
    assert [point.step for point in history] == [0, 1, 2]
    split = json.loads(content(run, "feature_importance_split.json"))
    assert list(split.values()) == booster.feature_importance().tolist()
    loaded = mlflow.lightgbm.load_model(f"runs:/{run.info.run_id}/model")
    np.testing.assert_allclose(loaded.predict(ROWS), booster.predict(ROWS))


def test_early_stopping_of_lightgbm():
    mlflow.lightgbm.autolog(log_models=False)
    data = lgb.Dataset(ROWS[::2], WIDTH[::2].to_numpy())
    other = data.create_valid(ROWS[1::2], WIDTH[::2].to_numpy())
    booster = lgb.train(
        {"objective": "l2", "verbose": -1, "num_threads": 1},
        data,
        60,
        valid_sets=[other],
        valid_names=["v"],
        callbacks=[lgb.early_stopping(2, verbose=False)],
    )
    metrics = only_run().data.metrics
    assert metrics["best_iteration"] == booster.best_iteration
    assert metrics["v-l2"] == pytest.approx(booster.best_score["v"]["l2"])


def test_results_of_statsmodels():
    mlflow.statsmodels.autolog()
    rows = ROWS.set_axis(["length", "width", "petal"], axis="columns").assign(target=WIDTH)
    results = smf.ols("target ~ length + petal", rows).fit(cov_type="HC1")
    run = only_run()
    assert run.data.params["model"] == "OLS"
    assert run.data.params["cov_type"] == "HC1"
    assert run.data.metrics["rsquared"] == results.rsquared
    assert run.data.metrics["aic"] == results.aic
    assert "OLS Regression Results" in content(run, "model_summary.txt")
    loaded = mlflow.statsmodels.load_model(f"runs:/{run.info.run_id}/model")
    assert loaded.params.equals(results.params)


def test_the_frame_of_a_formula_is_noted():
    mlflow.statsmodels.autolog(log_models=False)
    rows = ROWS.set_axis(["length", "width", "petal"], axis="columns").assign(target=WIDTH)
    smf.ols("target ~ length + petal", rows).fit()
    (read,) = only_run().inputs.dataset_inputs
    assert json.loads(read.dataset.profile) == {"num_rows": 150, "num_elements": 600}
    assert read.dataset.digest == mlflow.data.from_pandas(rows, targets="target").digest


def test_regressors_and_what_they_explain_are_noted():
    mlflow.statsmodels.autolog(log_models=False)
    sm.OLS(WIDTH, ROWS).fit()
    sm.OLS(WIDTH.to_numpy(), ROWS.to_numpy()).fit()
    runs = mlflow.search_runs(output_format="list", search_all_experiments=True)
    profiles = [json.loads(run.inputs.dataset_inputs[0].dataset.profile) for run in runs]
    # Two that begin within a millisecond come in any order.
    assert sorted(profile.get("features_shape", []) for profile in profiles) == [[], [150, 3]]
    assert {"num_rows": 150, "num_elements": 600} in profiles


def test_it_can_be_switched_off():
    mlflow.autolog()
    mlflow.autolog(disable=True)
    LinearRegression().fit(ROWS, WIDTH)
    assert mlflow.search_runs(output_format="list", search_all_experiments=True) == []


def test_libraries_may_be_left_out():
    mlflow.autolog(exclude_flavors=["sklearn"])
    LinearRegression().fit(ROWS, WIDTH)
    assert mlflow.search_runs(output_format="list", search_all_experiments=True) == []


def test_a_library_imported_later_is_logged_too(tmp_path):
    script = """
import sys
import pycore as mlflow
mlflow.autolog(log_models=False)
assert "sklearn" not in sys.modules
from sklearn.linear_model import LinearRegression
import importlib, sklearn
assert sklearn.__spec__.loader is sklearn.__loader__
LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
print(mlflow.last_active_run().data.tags["estimator_name"])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.stdout == "LinearRegression\n", done.stderr
