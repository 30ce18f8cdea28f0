import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from pycore.errors import InvalidModel
from pycore.flavors.sklearn_model import SklearnModel, takes_values

IRIS = load_iris(as_frame=True)
ROWS = IRIS.data
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")

#: What a frame may be, the kind that was trained with first.
FRAMES = {
    "as trained": ROWS,
    "one row": ROWS.head(1),
    "some rows": ROWS.iloc[7:90:3],
    "columns one by one": pd.DataFrame({name: ROWS[name].to_numpy() for name in ROWS}),
    "short numbers": ROWS.astype("float32"),
    "whole numbers": ROWS.astype("int64"),
    "several types": ROWS.astype({ROWS.columns[1]: "int64"}),
    "nullable": ROWS.convert_dtypes(),
    "a gap": ROWS.mask(ROWS > 7),
    "no rows": ROWS.head(0),
    "another order": ROWS[ROWS.columns[::-1]],
    "other names": ROWS.rename(columns=str.upper),
    "a column less": ROWS.iloc[:, :3],
    "an array": ROWS.to_numpy(),
}


class OwnClassifier(ClassifierMixin, BaseEstimator):
    """Somebody's own estimator, which looks at its frame itself."""

    def fit(self, rows, target):
        self.feature_names_in_ = np.array(rows.columns, dtype=object)
        self.classes_ = np.unique(target)
        return self

    def predict(self, rows):
        return (rows[rows.columns[0]] > 6).to_numpy()


def forest():
    return RandomForestClassifier(n_estimators=5, random_state=0)


TAKING_VALUES = [
    LinearRegression(),
    LogisticRegression(max_iter=50),
    forest(),
    GradientBoostingClassifier(n_estimators=3),
    HistGradientBoostingClassifier(max_iter=3),
    BaggingClassifier(DecisionTreeClassifier(), n_estimators=3, random_state=0),
    SVC(),
    KNeighborsClassifier(),
    GaussianNB(),
    MLPClassifier(hidden_layer_sizes=3, max_iter=20, random_state=0),
    LinearDiscriminantAnalysis(),
    KMeans(3, n_init=1, random_state=0),
    make_pipeline(StandardScaler(), LogisticRegression()),
    make_pipeline(SimpleImputer(), PCA(2), forest()),
]
TAKING_FRAMES = [
    OwnClassifier(),
    CalibratedClassifierCV(GaussianNB()),
    VotingClassifier([("a", GaussianNB()), ("b", LinearDiscriminantAnalysis())]),
    VotingClassifier([("own", OwnClassifier())]),
    make_pipeline(StandardScaler().set_output(transform="pandas"), LogisticRegression()),
    make_pipeline(StandardScaler().set_output(transform="pandas"), OwnClassifier()),
    make_pipeline(make_column_transformer(("passthrough", [ROWS.columns[0]])), GaussianNB()),
    make_pipeline(FunctionTransformer(lambda rows: rows[rows.columns[:2]].to_numpy()), GaussianNB()),
    make_pipeline(SelectKBest(k=2), GaussianNB()),
    make_pipeline("passthrough", GaussianNB()),
]


def label(estimator):
    return " ".join(str(estimator).split())[:60]


def outcome(method, data):
    """What a call gives: its value to the last bit, or its error; and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = method(data)
            found = (type(result), result.dtype, result.shape, result.tobytes())
        except (ValueError, TypeError, AttributeError) as error:
            found = (type(error), str(error))
    return found, [(warning.category, str(warning.message)) for warning in caught]


@pytest.mark.parametrize(
    ("estimator", "by_values"),
    [(estimator, True) for estimator in TAKING_VALUES] + [(estimator, False) for estimator in TAKING_FRAMES],
    ids=label,
)
@pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.ConvergenceWarning")
def test_an_answer_is_that_of_scikit_learn_to_the_last_bit(estimator, by_values):
    estimator.fit(ROWS, IRIS.target)
    assert takes_values(estimator) is by_values
    for name in METHODS:
        if hasattr(estimator, name):
            asked = getattr(SklearnModel(estimator, name), name)
            for kind, data in FRAMES.items():
                assert outcome(asked, data) == outcome(getattr(estimator, name), data), (name, kind)


def test_an_estimator_trained_without_names_says_so():
    estimator = GaussianNB().fit(ROWS.to_numpy(), IRIS.target)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        SklearnModel(estimator, "predict").predict(ROWS)


def test_what_a_user_changes_about_the_estimator_counts():
    estimator = KNeighborsClassifier(1).fit(ROWS, IRIS.target)
    model = SklearnModel(estimator, "predict")
    model.get_raw_model().set_params(n_neighbors=140)
    assert model.predict(ROWS).tolist() == estimator.predict(ROWS).tolist() != IRIS.target.tolist()
    estimator.fit(ROWS.to_numpy(), 2 - IRIS.target)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        assert model.predict(ROWS.head(1)).tolist() == estimator.predict(ROWS.to_numpy()[:1]).tolist()


def test_a_step_that_is_taken_out_is_asked_no_more():
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, IRIS.target)
    model = SklearnModel(estimator, "predict")
    model.get_raw_model().set_params(standardscaler="passthrough")
    with pytest.warns(UserWarning, match="LogisticRegression was fitted without feature names"):
        assert model.predict(ROWS).tolist() == estimator[-1].predict(ROWS.to_numpy()).tolist()


def test_a_transformed_frame_stays_a_frame():
    scaler = StandardScaler().set_output(transform="pandas").fit(ROWS)
    rows = ROWS.iloc[5:7]
    pd.testing.assert_frame_equal(SklearnModel(scaler, "transform").transform(rows), scaler.transform(rows))


def test_a_method_that_is_not_there_is_named():
    with pytest.raises(InvalidModel, match="The LinearRegression has no method 'transform'"):
        SklearnModel(LinearRegression(), "transform")
