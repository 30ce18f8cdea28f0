import gc
import json
import pickle
import threading

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import pycore as mlflow
from pycore.autologging import sklearn as autologging
from pycore.tracking import MlflowClient

ROWS = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) ** 2})
TARGET = ROWS["a"] * 2 + np.tile([0.0, 1.0], 10)
KIND = (TARGET > 20).astype(int)


@pytest.fixture(autouse=True)
def _autologging(store):
    mlflow.sklearn.autolog(log_models=False, log_datasets=False)


def trained(estimator=None, target=TARGET):
    """Train, and return the estimator and its run's id."""
    estimator = (LinearRegression() if estimator is None else estimator).fit(ROWS, target)
    return estimator, mlflow.last_active_run().info.run_id


def measured(run_id):
    """Return the metrics of a run besides those of its training."""
    found = mlflow.get_run(run_id).data.metrics
    return {name: value for name, value in found.items() if not name.startswith(("training_", "best_"))}


def calls(run_id):
    return json.loads(mlflow.artifacts.load_text(f"runs:/{run_id}/metric_info.json"))


def test_the_score_of_an_estimator_is_noted_in_its_run():
    model, run_id = trained()
    held_out, truth = ROWS[10:], TARGET[10:]
    score = model.score(held_out, truth)
    assert measured(run_id) == {"LinearRegression_score_held_out": score}
    assert calls(run_id) == {"LinearRegression_score_held_out": "LinearRegression.score(X=held_out, y=truth)"}
    assert mlflow.get_run(run_id).info.status == "FINISHED"


def test_a_metric_of_predictions_is_noted_in_the_run_of_their_estimator():
    first, first_run = trained(LogisticRegression(), KIND)
    second, second_run = trained(LogisticRegression(C=2), KIND)
    predicted, other = first.predict(ROWS), second.predict(X=ROWS)
    with mlflow.start_run() as active:
        share = sklearn.metrics.accuracy_score(y_true=KIND, y_pred=predicted)
        sklearn.metrics.f1_score(KIND, other, average="macro")
        loss = sklearn.metrics.log_loss(KIND, first.predict_proba(ROWS))
    assert measured(first_run) == {"accuracy_score_ROWS": share, "log_loss_ROWS": loss}
    assert calls(second_run) == {"f1_score_ROWS": "f1_score(y_true=KIND, y_pred=other, average='macro')"}
    assert measured(active.info.run_id) == {}


def test_calls_and_data_of_one_name_are_numbered():
    model, run_id = trained()
    part = ROWS[3:]
    model.score(part, TARGET[3:])
    model.score(part, TARGET[3:])
    part = ROWS[4:]
    model.score(part, TARGET[4:])
    model.score(ROWS[5:], TARGET[5:])
    assert sorted(measured(run_id)) == [
        "LinearRegression_score-2_part",
        "LinearRegression_score-3_part-2",
        "LinearRegression_score-4_unknown_dataset",
        "LinearRegression_score_part",
    ]


def test_data_are_called_as_where_they_are_held_and_not_as_a_parameter():
    def score(data, truth):
        return model.score(data, truth)

    model, run_id = trained()
    held = ROWS[2:]
    score(held, TARGET[2:])
    score(ROWS[1:], TARGET[1:])
    assert sorted(measured(run_id)) == [
        "LinearRegression_score-2_unknown_dataset",
        "LinearRegression_score_held",
    ]


def test_only_numbers_are_noted():
    model, run_id = trained(LogisticRegression(), KIND)
    predicted = model.predict(ROWS)
    sklearn.metrics.confusion_matrix(KIND, predicted)
    sklearn.metrics.classification_report(KIND, predicted)
    sklearn.metrics.precision_recall_fscore_support(KIND, predicted, average="macro")
    assert measured(run_id) == {}


@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        (make_pipeline(StandardScaler(), LinearRegression()), {"Pipeline_score_ROWS", "r2_score_ROWS"}),
        (
            GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2),
            {"GridSearchCV_score_ROWS", "r2_score_ROWS"},
        ),
        (KMeans(2, n_init=1), {"KMeans_score_ROWS", "r2_score_ROWS"}),
    ],
)
def test_pipelines_searches_and_clusterings_are_estimators_too(estimator, names):
    model, run_id = trained(estimator, KIND)
    model.score(ROWS, KIND)
    sklearn.metrics.r2_score(KIND, model.predict(ROWS))
    assert set(measured(run_id)) == names


def test_what_an_estimator_passes_on_is_not_its_prediction():
    model, run_id = trained(make_pipeline(StandardScaler(), FunctionTransformer()))
    model.transform(ROWS)
    unchanged = FunctionTransformer().fit(ROWS)
    assert unchanged.transform(ROWS) is ROWS
    sklearn.metrics.silhouette_score(ROWS, KIND)
    assert measured(run_id) == {}


def test_predictions_of_an_earlier_training_stay_with_its_run():
    model, first_run = trained()
    predicted = model.predict(ROWS)
    _, second_run = trained(model)
    sklearn.metrics.r2_score(TARGET, predicted)
    model.score(ROWS, TARGET)
    assert set(measured(first_run)) == {"r2_score_ROWS"}
    assert set(measured(second_run)) == {"LinearRegression_score_ROWS"}


def test_what_is_no_prediction_of_a_logged_estimator_is_left_alone():
    model, run_id = trained()
    predicted = model.predict(ROWS)
    sklearn.metrics.r2_score(TARGET, predicted.copy())
    sklearn.metrics.r2_score(TARGET, [1.0] * 20)
    stranger = pickle.loads(pickle.dumps(model))
    assert stranger.score(ROWS, TARGET) == sklearn.metrics.r2_score(TARGET, stranger.predict(ROWS))
    assert measured(run_id) == {}


def test_it_can_be_left_out_and_ends_with_autologging():
    from sklearn.metrics import r2_score  # by name, as users do

    mlflow.sklearn.autolog(log_models=False, log_post_training_metrics=False)
    model, first_run = trained()
    model.score(ROWS, TARGET)
    mlflow.sklearn.autolog(log_models=False)
    model, second_run = trained()
    predicted = model.predict(ROWS)
    mlflow.sklearn.autolog(disable=True)
    r2_score(TARGET, predicted)
    model.score(ROWS, TARGET)
    assert measured(first_run) == measured(second_run) == {}
    assert type(sklearn.metrics.r2_score).__name__ == "function"
    assert not hasattr(LinearRegression.score, "__wrapped__")


def test_nothing_of_it_keeps_data_or_estimators_alive():
    def use():
        model, _ = trained()
        predicted = model.predict(ROWS)
        assert id(model) in trainings
        assert id(predicted) in predictions
        return id(model), id(predicted)

    trainings, predictions = (
        autologging._scores._trainings._entries,
        autologging._scores._predictions._entries,
    )
    model, predicted = use()
    gc.collect()
    assert model not in trainings
    assert predicted not in predictions


def test_a_run_that_takes_no_metrics_is_a_warning_once_and_never_an_error(recwarn):
    model, run_id = trained()
    predicted = model.predict(ROWS)
    MlflowClient().delete_run(run_id)
    with pytest.warns(UserWarning, match="Autologging of sklearn failed: .* deleted"):
        score = model.score(ROWS, TARGET)
    recwarn.clear()
    assert model.score(ROWS, TARGET) == sklearn.metrics.r2_score(TARGET, predicted) == score
    assert not [each for each in recwarn.list if "Autologging" in str(each.message)]


def test_errors_of_scikit_learn_are_the_users():
    model, _ = trained()
    predicted = model.predict(ROWS)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        sklearn.metrics.r2_score(TARGET[:3], predicted)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        sklearn.metrics.r2_score(TARGET, predicted, nonsense=1)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        model.score(ROWS)


def test_a_replaced_function_is_pickled_as_the_one_it_stands_for():
    scorer = sklearn.metrics.make_scorer(sklearn.metrics.mean_squared_error, greater_is_better=False)
    copy = pickle.loads(pickle.dumps(scorer))
    assert copy._score_func.__module__ == "sklearn.metrics._regression"
    assert type(copy._score_func).__name__ == "function"
    search = GridSearchCV(LinearRegression(), {"positive": [True, False]}, scoring=scorer, cv=2)
    assert search.fit(ROWS, TARGET).best_score_ <= 0


def test_threads_count_one_after_the_other():
    model, run_id = trained()
    threads = [threading.Thread(target=model.score, args=(ROWS, TARGET)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(measured(run_id)) == len(calls(run_id)) == 8
