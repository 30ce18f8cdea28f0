"""Each library's models: saved, loaded and asked as it, as pyfunc and as the scoring server does."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import statsmodels.api as sm
import statsmodels.formula.api as smf
import xgboost as xgb
from flavor_contract import IRIS, ROWS, WIDTH, Case, FlavorContract
from skl2onnx import to_onnx
from sklearn.linear_model import LinearRegression

from pycore.errors import InvalidInput, InvalidModel
from pycore.flavors import lightgbm, onnx, statsmodels, xgboost
from pycore.models import registry
from pycore.models.spec import Model


def booster() -> xgb.Booster:
    return xgb.train({"max_depth": 2, "nthread": 1}, xgb.DMatrix(ROWS, WIDTH), num_boost_round=5)


def with_underscores(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.rename(columns=lambda name: name.replace(" ", "_"))


CASES = {
    "xgboost booster": lambda: Case(
        xgboost,
        booster(),
        lambda model, rows: model.predict(xgb.DMatrix(rows)),
        {"data": "model.ubj", "model_class": "xgboost.core.Booster", "model_format": "ubj"},
    ),
    "xgboost estimator": lambda: Case(
        xgboost,
        xgb.XGBClassifier(n_estimators=5, n_jobs=1).fit(ROWS, IRIS["target"]),
        lambda model, rows: model.predict(rows),
        {"data": "model.ubj", "model_class": "xgboost.sklearn.XGBClassifier"},
    ),
    "lightgbm booster": lambda: Case(
        lightgbm,
        lgb.train({"verbose": -1, "num_threads": 1}, lgb.Dataset(ROWS, WIDTH), num_boost_round=5),
        lambda model, rows: model.predict(rows),
        {"data": "model.lgb", "model_class": "lightgbm.basic.Booster"},
    ),
    "lightgbm estimator": lambda: Case(
        lightgbm,
        lgb.LGBMRegressor(n_estimators=5, n_jobs=1, verbose=-1).fit(ROWS, WIDTH),
        lambda model, rows: model.predict(rows),
        {"data": "model.pkl", "model_class": "lightgbm.sklearn.LGBMRegressor"},
    ),
    "statsmodels": lambda: Case(
        statsmodels,
        sm.OLS(WIDTH, ROWS).fit(),
        lambda model, rows: model.predict(rows),
        {"data": "model.statsmodels"},
    ),
    "onnx": lambda: Case(
        onnx,
        to_onnx(LinearRegression().fit(ROWS, WIDTH), ROWS.to_numpy(dtype=np.float32)[:1]),
        lambda model, rows: LinearRegression().fit(ROWS, WIDTH).predict(rows),
        {"data": "model.onnx", "providers": ["CUDAExecutionProvider", "CPUExecutionProvider"]},
    ),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return CASES[request.param]()


class TestLibraryFlavors(FlavorContract):
    pass


@pytest.mark.parametrize(
    ("flavor", "message"),
    [
        (xgboost, "xgb_model must be a Booster or an estimator of xgboost, not <class 'str'>"),
        (lightgbm, "lgb_model must be a Booster or an estimator of lightgbm, not <class 'str'>"),
        (statsmodels, r"what fit\(\) of a model returned, not a str"),
        (onnx, r"onnx_model must be an onnx\.ModelProto, not a str"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path, flavor, message):
    with pytest.raises(InvalidInput, match=message):
        flavor.save_model("no model", tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mlmodel", "content", "message"),
    [
        ("flavors: {xgboost: {data: m, model_class: os.system}}", b"x", "'os.system', which is none of xgb"),
        ("flavors: {xgboost: {data: m, model_class: xgboost.Gone}}", b"x", "has no class 'xgboost.Gone'"),
        ("flavors: {xgboost: {data: m}}", b"{", "cannot read m"),
        ("flavors: {lightgbm: {data: m}}", b"no trees", "LightGBM cannot read m"),
        ("flavors: {lightgbm: {data: m.skops}}", b"x", "skops"),
        ("flavors: {statsmodels: {data: m}}", b"x", "cannot be read as a Python pickle"),
        ("flavors: {onnx: {data: m}}", b"x", "no ONNX model"),
        ("flavors: {xgboost: {data: ../m}}", b"x", "leaves the model folder"),
        ("flavors: {sklearn: {}}", b"x", "is no onnx model; its flavors are sklearn"),
    ],
)
def test_a_folder_that_cannot_be_loaded_says_why(tmp_path, mlmodel, content, message):
    (tmp_path / "MLmodel").write_text(mlmodel)
    (tmp_path / "m").write_bytes(content)
    (tmp_path / "m.skops").write_bytes(content)
    flavors = {"xgboost": xgboost, "lightgbm": lightgbm, "statsmodels": statsmodels}
    flavor = flavors.get(next(iter(Model.load(tmp_path).flavors)), onnx)
    with pytest.raises(InvalidModel, match=message):
        flavor.load_model(tmp_path)


def test_a_booster_takes_rows_without_names(tmp_path):
    model = booster()
    xgboost.save_model(model, tmp_path / "m", model_format="json")
    loaded = registry.load_pyfunc(tmp_path / "m")
    expected = model.predict(xgb.DMatrix(ROWS))
    assert (tmp_path / "m" / "model.json").is_file()
    np.testing.assert_array_equal(loaded.predict(ROWS.to_numpy()), expected)
    np.testing.assert_array_equal(loaded.predict(scipy.sparse.csr_matrix(ROWS)), expected)
    with pytest.raises(InvalidInput, match="model_format is one of ubj, json, not 'xgb'"):
        xgboost.save_model(model, tmp_path / "n", model_format="xgb")


def test_a_booster_without_a_class_is_one_of_the_r_client(tmp_path):
    booster().save_model(tmp_path / "model.ubj")
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function: {loader_module: mlflow.xgboost, data: model.ubj}\n"
        "  xgboost: {xgb_version: '1.7', data: model.ubj}\n"
    )
    assert xgboost.load_model(tmp_path).get_fscore() == booster().get_fscore()
    np.testing.assert_array_equal(
        registry.load_pyfunc(tmp_path).predict(ROWS), booster().predict(xgb.DMatrix(ROWS))
    )


def test_a_formula_comes_back(tmp_path):
    rows = with_underscores(IRIS)
    results = smf.ols("petal_width ~ np.log(petal_length)", rows).fit()
    statsmodels.save_model(results, tmp_path / "m")
    loaded = registry.load_pyfunc(tmp_path / "m")
    np.testing.assert_allclose(loaded.predict(rows), results.predict(rows))
    assert statsmodels.load_model(tmp_path / "m").params.equals(results.params)


def test_a_time_series_is_asked_for_steps(tmp_path):
    series = np.sin(np.arange(40)) + np.arange(40) / 10
    results = sm.tsa.AutoReg(series, lags=2).fit()
    statsmodels.save_model(results, tmp_path / "m")
    loaded = registry.load_pyfunc(tmp_path / "m")
    np.testing.assert_allclose(
        loaded.predict(pd.DataFrame({"start": [40], "end": [44]})), results.predict(40, 44)
    )
    with pytest.raises(InvalidInput, match="one row: the columns start and end"):
        loaded.predict(pd.DataFrame({"start": [1, 2], "end": [3, 4]}))
