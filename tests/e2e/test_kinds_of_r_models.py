"""Every kind of R model: trained and saved by R, served, and equal to R's own predict to the last bit."""

import json
from pathlib import Path

import pytest
import requests
from processes import scoring_server
from r_scripts import rscript
from waiting import LIMIT_S

KINDS = ["lm", "glm", "nls", "loess", "gam", "lme4", "rpart-class", "rpart-prob", "ranger", "randomForest"]
KINDS += ["glmnet", "svm", "nnet", "multinom", "lda", "coxph", "arima", "caret", "recipe", "text", "frames"]
KINDS += ["matrix", "bare-matrix"]

# They share what is trained once.
pytestmark = pytest.mark.xdist_group("kinds_of_r_models")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    rscript(Path(__file__).with_name("kinds_of_r_models.R"), folder)
    return folder


def read_exactly(value):
    """Turn the hexadecimal texts of a reference into the doubles they are."""
    match value:
        case dict():
            return {name: read_exactly(item) for name, item in value.items()}
        case list():
            return [read_exactly(item) for item in value]
        case str() if value.lstrip("-").startswith("0x"):
            return float.fromhex(value)
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_served_as_r_predicts(trained, tmp_path, kind):
    reference = read_exactly(json.loads((trained / f"{kind}.json").read_text(encoding="utf-8")))
    with (
        scoring_server(str(trained / kind), tmp_path, "--workers", "1") as server,
        requests.Session() as session,
    ):

        def predictions(rows):
            body = {"dataframe_split": {"columns": reference["columns"], "data": rows}}
            reply = session.post(f"{server.url}/invocations", json=body, timeout=LIMIT_S)
            assert reply.status_code == 200, reply.text
            return reply.json()["predictions"]

        assert predictions(reference["rows"]) == reference["many"]
        assert predictions(reference["rows"][:1]) == reference["one"]
