from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import pycore as mlflow
from pycore import entities
from pycore.errors import InvalidInput
from pycore.flavors import (
    catboost,
    keras,
    lightgbm,
    onnx,
    prophet,
    pytorch,
    sklearn,
    spark,
    statsmodels,
    tensorflow,
    xgboost,
)
from pycore.models.arguments import check_items, checked
from pycore.tracking import fluent

client = mlflow.MlflowClient("sqlite:////nonexistent/never-opened.db")
RUN = "0" * 32
TEXT, NUMBER, TRUTH, DICT, LIST = "a text", "a number", "True or False", "a dict", "a list"
MAYBE_TEXT, MAYBE_NUMBER = "a text or None", "a number or None"
ID = "a text or a number"
PATH = "a text or a path"
ESTIMATOR = LinearRegression()
FLAVORS = [
    catboost,
    keras,
    lightgbm,
    onnx,
    prophet,
    pytorch,
    sklearn,
    spark,
    statsmodels,
    tensorflow,
    xgboost,
]

#: What is called with one argument of a wrong type, and what its message says.
WRONG: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], str]] = [
    (mlflow.create_experiment, (5,), {}, f"name must be {TEXT}, not 5 (int)"),
    (mlflow.create_experiment, (None,), {}, f"name must be {TEXT}, not None (NoneType)"),
    (mlflow.create_experiment, ("x",), {"tags": ["a"]}, f"tags must be {DICT} or None, not ['a'] (list)"),
    (mlflow.set_experiment, (5,), {}, f"experiment_name must be {MAYBE_TEXT}, not 5 (int)"),
    (
        mlflow.set_experiment,
        (),
        {"experiment_id": [1]},
        f"experiment_id must be {ID} or None, not [1] (list)",
    ),
    (mlflow.get_experiment, (None,), {}, f"experiment_id must be {ID}, not None (NoneType)"),
    (mlflow.get_experiment_by_name, (5,), {}, f"name must be {TEXT}, not 5 (int)"),
    (
        mlflow.search_experiments,
        (),
        {"filter_string": 5},
        f"filter_string must be {MAYBE_TEXT}, not 5 (int)",
    ),
    (mlflow.delete_experiment, ({},), {}, f"experiment_id must be {ID}, not {{}} (dict)"),
    (mlflow.set_experiment_tag, (5, "v"), {}, f"key must be {TEXT}, not 5 (int)"),
    (mlflow.set_experiment_tags, ("k",), {}, f"tags must be {DICT}, not 'k' (str)"),
    (mlflow.start_run, (5,), {}, f"run_id must be {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.start_run, (), {"run_name": 5}, f"run_name must be {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.start_run, (), {"nested": "yes"}, f"nested must be {TRUTH}, not 'yes' (str)"),
    (mlflow.start_run, (), {"tags": "a"}, f"tags must be {DICT} or None, not 'a' (str)"),
    (mlflow.end_run, (None,), {}, f"status must be {ID}, not None (NoneType)"),
    (mlflow.get_run, (5,), {}, f"run_id must be {TEXT}, not 5 (int)"),
    (mlflow.get_parent_run, (None,), {}, f"run_id must be {TEXT}, not None (NoneType)"),
    (mlflow.delete_run, (5,), {}, f"run_id must be {TEXT}, not 5 (int)"),
    (mlflow.log_param, (5, 1), {}, f"key must be {TEXT}, not 5 (int)"),
    (
        mlflow.log_param,
        ("k", 1),
        {"synchronous": "no"},
        f"synchronous must be {TRUTH} or None, not 'no' (str)",
    ),
    (mlflow.log_params, (["k"],), {}, f"params must be {DICT}, not ['k'] (list)"),
    (mlflow.log_metric, (None, 1), {}, f"key must be {TEXT}, not None (NoneType)"),
    (mlflow.log_metric, ("m", 1), {"step": "1"}, f"step must be {MAYBE_NUMBER}, not '1' (str)"),
    (
        mlflow.log_metric,
        ("m", 1),
        {"timestamp": "now"},
        f"timestamp must be {MAYBE_NUMBER}, not 'now' (str)",
    ),
    (mlflow.log_metric, ("m", 1), {"run_id": 5}, f"run_id must be {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.log_metrics, (5,), {}, f"metrics must be {DICT}, not 5 (int)"),
    (mlflow.set_tag, (5, 1), {}, f"key must be {TEXT}, not 5 (int)"),
    (mlflow.set_tags, ([],), {}, f"tags must be {DICT}, not [] (list)"),
    (mlflow.delete_tag, (5,), {}, f"key must be {TEXT}, not 5 (int)"),
    (mlflow.log_artifact, (5,), {}, f"local_path must be {TEXT} or a path, not 5 (int)"),
    (
        mlflow.log_artifacts,
        (".",),
        {"artifact_path": 5},
        f"artifact_path must be {MAYBE_TEXT}, not 5 (int)",
    ),
    (mlflow.log_text, (b"x", "f.txt"), {}, f"text must be {TEXT}, not b'x' (bytes)"),
    (mlflow.log_text, ("x", None), {}, f"artifact_file must be {TEXT}, not None (NoneType)"),
    (mlflow.log_dict, ({}, 5), {}, f"artifact_file must be {TEXT}, not 5 (int)"),
    (mlflow.log_figure, (None, 5), {}, f"artifact_file must be {TEXT}, not 5 (int)"),
    (mlflow.log_image, (None, 5), {}, f"artifact_file must be {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.load_table, ("t.json", "run"), {}, f"run_ids must be {LIST} or None, not 'run' (str)"),
    (mlflow.get_artifact_uri, (5,), {}, f"artifact_path must be {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.search_runs, (), {"filter_string": 5}, f"filter_string must be {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.search_runs, (), {"max_results": "all"}, f"max_results must be {NUMBER}, not 'all' (str)"),
    (mlflow.search_runs, ({},), {}, f"experiment_ids must be {LIST} or {ID} or None, not {{}} (dict)"),
    (mlflow.search_runs, (), {"order_by": 5}, f"order_by must be {LIST} or {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.register_model, (5, "m"), {}, f"model_uri must be {TEXT}, not 5 (int)"),
    (mlflow.register_model, ("runs:/a/m", None), {}, f"name must be {TEXT}, not None (NoneType)"),
    (mlflow.search_registered_models, ("all",), {}, f"max_results must be {MAYBE_NUMBER}, not 'all' (str)"),
    (mlflow.set_tracking_uri, (5,), {}, f"uri must be {TEXT} or a path or None, not 5 (int)"),
    (mlflow.set_registry_uri, ([],), {}, f"uri must be {TEXT} or a path or None, not [] (list)"),
    (mlflow.log_inputs, ("d",), {}, f"datasets must be {LIST} or None, not 'd' (str)"),
    (mlflow.get_logged_model, (5,), {}, f"model_id must be {TEXT}, not 5 (int)"),
    (mlflow.artifacts.download_artifacts, (5,), {}, f"artifact_uri must be {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.artifacts.load_text, (None,), {}, f"artifact_uri must be {TEXT}, not None (NoneType)"),
    (client.create_run, ([],), {}, f"experiment_id must be {ID}, not [] (list)"),
    (client.get_run, (5,), {}, f"run_id must be {TEXT}, not 5 (int)"),
    (client.log_metric, (5, "m", 1), {}, f"run_id must be {TEXT}, not 5 (int)"),
    (client.log_batch, (RUN,), {"metrics": {"a": 1}}, f"metrics must be {LIST}, not {{'a': 1}} (dict)"),
    (client.set_terminated, (RUN, [1]), {}, f"status must be {ID} or None, not [1] (list)"),
    (client.search_runs, (None,), {}, f"experiment_ids must be {LIST} or {ID}, not None (NoneType)"),
    (client.get_metric_history, (RUN, 5), {}, f"key must be {TEXT}, not 5 (int)"),
    (client.list_artifacts, (RUN, 5), {}, f"path must be {MAYBE_TEXT}, not 5 (int)"),
    (client.rename_experiment, ("1", None), {}, f"new_name must be {TEXT}, not None (NoneType)"),
    (client.create_registered_model, (5,), {}, f"name must be {TEXT}, not 5 (int)"),
    (client.create_model_version, ("m", None), {}, f"source must be {TEXT}, not None (NoneType)"),
    (client.get_model_version, ("m", [1]), {}, f"version must be {ID}, not [1] (list)"),
    (client.transition_model_version_stage, ("m", 1, 2), {}, f"stage must be {TEXT}, not 2 (int)"),
    (client.set_registered_model_alias, ("m", 1, 1), {}, f"alias must be {TEXT}, not 1 (int)"),
    (client.search_model_versions, (5,), {}, f"filter_string must be {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.sklearn.save_model, (None, 5), {}, f"path must be {PATH}, not 5 (int)"),
    (mlflow.sklearn.log_model, (None, 5), {}, f"artifact_path must be {MAYBE_TEXT}, not 5 (int)"),
    (
        mlflow.xgboost.log_model,
        (None,),
        {"registered_model_name": 5},
        f"registered_model_name must be {MAYBE_TEXT}, not 5 (int)",
    ),
    (mlflow.sklearn.load_model, (5,), {}, f"model_uri must be {PATH}, not 5 (int)"),
    (mlflow.pyfunc.load_model, (None,), {}, f"model_uri must be {PATH}, not None (NoneType)"),
    (mlflow.pyfunc.save_model, ("m",), {"artifacts": 5}, f"artifacts must be {DICT} or None, not 5 (int)"),
    (
        mlflow.pyfunc.save_model,
        ("m",),
        {"streamable": "yes"},
        f"streamable must be {TRUTH} or None, not 'yes' (str)",
    ),
    (mlflow.pyfunc.get_model_dependencies, (5,), {}, f"model_uri must be {PATH}, not 5 (int)"),
    (mlflow.pyfunc.spark_udf, (None, 5), {}, f"model_uri must be {PATH}, not 5 (int)"),
    (mlflow.models.get_model_info, (5,), {}, f"model_uri must be {PATH}, not 5 (int)"),
    (mlflow.models.set_signature, (5, None), {}, f"model_uri must be {PATH}, not 5 (int)"),
    (mlflow.models.build_docker, (5,), {}, f"model_uri must be {PATH} or None, not 5 (int)"),
    (mlflow.data.from_pandas, (None,), {"name": 5}, f"name must be {MAYBE_TEXT}, not 5 (int)"),
    (mlflow.projects.run, (5,), {}, f"uri must be {TEXT}, not 5 (int)"),
    (
        mlflow.evaluate,
        (),
        {"evaluator_config": 5},
        f"evaluator_config must be {DICT} or None, not 5 (int)",
    ),
    (
        mlflow.sklearn.save_model,
        (ESTIMATOR, "m"),
        {"code_paths": "a.py"},
        "code_paths must be a list or None, not 'a.py' (str)",
    ),
    (
        mlflow.sklearn.save_model,
        (ESTIMATOR, "m"),
        {"pip_requirements": 5},
        f"pip_requirements must be {PATH} or a list or None, not 5 (int)",
    ),
    (
        mlflow.sklearn.save_model,
        (ESTIMATOR, "m"),
        {"conda_env": 5},
        f"conda_env must be {PATH} or a dict or None, not 5 (int)",
    ),
    (
        mlflow.sklearn.save_model,
        (ESTIMATOR, "m"),
        {"metadata": 5},
        f"metadata must be {DICT} or None, not 5 (int)",
    ),
    (
        mlflow.sklearn.save_model,
        (ESTIMATOR, "m"),
        {"signature": 5},
        "signature must be a ModelSignature or False, not a int",
    ),
    (mlflow.models.infer_signature, ([1],), {"params": 5}, f"params must be {DICT} or None, not 5 (int)"),
    (mlflow.models.ModelSignature, (5,), {}, "inputs must be a Schema or None, not a int"),
    (mlflow.models.ModelSignature, (), {"params": 5}, "params must be a ParamSchema or None, not a int"),
    (mlflow.models.Model.load, (5,), {}, f"path must be {PATH}, not 5 (int)"),
    (mlflow.models.Model().save, (5,), {}, f"path must be {PATH}, not 5 (int)"),
    (mlflow.models.Model().add_flavor, (5,), {}, f"name must be {TEXT}, not 5 (int)"),
    (mlflow.types.Schema, (5,), {}, "inputs must be a list, not 5 (int)"),
    (mlflow.types.Schema, ([5],), {}, "a schema consists of ColSpec or TensorSpec, not of a int"),
    (mlflow.types.ColSpec, (5,), {}, "a type is a DataType or its name, not 5 (int)"),
    (mlflow.types.ColSpec, ("long",), {"required": 5}, f"required must be {TRUTH}, not 5 (int)"),
    (mlflow.types.TensorSpec, ("float32", 5), {}, "the shape of a tensor is a tuple of lengths, not 5"),
    (mlflow.types.ParamSpec, (5, "long", 1), {}, f"name must be {TEXT}, not 5 (int)"),
    (mlflow.types.ParamSchema, ([5],), {}, "the params of a model are ParamSpec, not a int"),
    (mlflow.sklearn.autolog, (), {"log_models": "no"}, f"log_models must be {TRUTH}, not 'no' (str)"),
    (
        mlflow.sklearn.autolog,
        (),
        {"max_tuning_runs": "all"},
        f"max_tuning_runs must be {MAYBE_NUMBER}, not 'all' (str)",
    ),
    (mlflow.autolog, (), {"disable": "yes"}, f"disable must be {TRUTH}, not 'yes' (str)"),
    (mlflow.config.enable_async_logging, (5,), {}, f"enable must be {TRUTH}, not 5 (int)"),
]


@pytest.mark.parametrize(
    ("function", "arguments", "named", "message"),
    WRONG,
    ids=[f"{function.__qualname__}-{at}" for at, (function, *_) in enumerate(WRONG)],
)
def test_a_wrong_type_is_refused_before_anything_happens(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        function(*arguments, **named)

    assert caught.value.message.rstrip(".") == message
    assert mlflow.active_run() is None


@pytest.mark.parametrize("flavor", FLAVORS)
def test_every_flavor_checks(flavor: Any) -> None:
    with pytest.raises(InvalidInput, match=f"path must be {PATH}, not 5"):
        flavor.save_model(None, 5)
    with pytest.raises(InvalidInput, match=f"artifact_path must be {MAYBE_TEXT}, not 5"):
        flavor.log_model(None, 5)
    with pytest.raises(InvalidInput, match=f"model_uri must be {PATH}, not 5"):
        flavor.load_model(5)


def test_every_function_of_the_package_checks() -> None:
    functions = [getattr(fluent, name) for name in fluent.__all__]
    unchecked = {
        function.__name__
        for function in functions
        if not isinstance(function, type) and not hasattr(function, "__wrapped__")
    }

    # Without arguments there is nothing to check.
    assert unchecked == {
        "active_run",
        "clear_active_model",
        "disable_system_metrics_logging",
        "enable_system_metrics_logging",
        "flush_async_logging",
        "get_active_model_id",
        "get_registry_uri",
        "get_tracking_uri",
        "is_tracking_uri_set",
        "last_active_run",
        "last_logged_model",
    }


@checked
def example(text: str, numbers: int | None = None, *, pair: tuple[int, str] | None = None) -> Any:
    return text, numbers, pair


def test_what_fits_goes_through() -> None:
    assert example("a", np.int64(3)) == ("a", 3, None)
    assert example("a", numbers=1.5)[1] == 1.5


def test_a_long_value_is_cut_and_missing_arguments_are_pythons_own_errors() -> None:
    numbered: Any = client.get_run
    with pytest.raises(InvalidInput, match=r"run_id must be a text, not \[0, 1.*… \(list\)"):
        numbered(list(range(1000)))
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'run_id'"):
        numbered()
    with pytest.raises(TypeError, match="unexpected keyword argument 'nmae'"):
        numbered(nmae=1)


class Metric:
    """Of the name of another library's class."""


def test_a_list_is_of_one_kind():
    check_items("metrics", [], entities.Metric)
    check_items("metrics", [entities.Metric("a", 1.0, 1, 1), Metric()], entities.Metric)
    with pytest.raises(InvalidInput, match=r"^metrics must be a list of Metric, not 'a' \(str\)\.$"):
        check_items("metrics", [Metric(), "a"], entities.Metric)
