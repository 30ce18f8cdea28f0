"""The scoring protocol case by case, over HTTP, with models of scikit-learn and models that echo.

The cases are those of MLflow's scoring server, in its order; where ours differs on purpose the case
says so.
"""

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.ipc
import pycore.sklearn
import pytest
import requests
from model_folders import obedient_model, write_model
from process_tree import command_line, descendants, is_alive, is_model_host
from processes import CRATEFLOW, scoring_server
from sklearn.linear_model import LinearRegression
from waiting import LIMIT_S, until

from pycore.models.schema import ColSpec, Schema, TensorSpec
from pycore.models.signature import ModelSignature

NAMES = list("ABCD")
R = [[5.1, 3.5, 1.4, 0.2], [4.9, 3.0, 1.4, 0.2]]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in R]
COLUMNS = {name: list(values) for name, values in zip(NAMES, zip(*R, strict=True), strict=True)}
SPLIT = {"columns": NAMES, "data": R}

ECHO = """
class Echo:
    def predict(self, data, params=None):
        if hasattr(data, "to_dict"):
            data = {name: [str(value) for value in data[name]] for name in data.columns}
        return {"saw": data, "params": params}

_load_pyfunc = lambda path: Echo()
"""


def column(name, kind, required=True):
    return {"type": kind, "name": name, "required": required}


def tensor(name, dtype, shape):
    return {"name": name, "type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}


def linear_model():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(50, 4))
    return LinearRegression().fit(pd.DataFrame(rows, columns=NAMES), rows @ [0.1, -0.2, 0.3, 0.05])


@pytest.fixture(scope="module")
def predictions():
    return linear_model().predict(pd.DataFrame(R, columns=NAMES)).tolist()


def save(letter: str, folder: Path) -> Path:
    """Write one of the models of the case table."""
    path = folder / f"model_{letter}"
    inputs = {
        "I": [column("i", "integer"), column("l", "long")],
        "D": [column("a", "double"), column("b", "double", required=False)],
        "S": [column("s", "string")],
        "Z": [column("t", "datetime")],
        "A": [tensor("a", "float32", [-1, 2]), tensor("b", "int64", [-1])],
    }
    if letter in inputs:
        return write_model(path, ECHO, inputs[letter])
    if letter == "E":
        return write_model(path, ECHO)
    if letter == "P":
        pi = {"name": "pi", "default": 3.14, "shape": None, "type": "double"}
        return write_model(path, ECHO, params=[pi, pi | {"name": "n", "default": 5, "type": "long"}])
    if letter in ("O", "hasty O"):
        return obedient_model(folder)
    signatures = {
        "L": ModelSignature(Schema([ColSpec("double", name) for name in NAMES])),
        "N": None,
        "T": ModelSignature(Schema([TensorSpec("float64", (-1, 4))])),
    }
    model = linear_model()
    if letter != "L":
        model = LinearRegression().fit(np.random.default_rng(1).normal(size=(9, 4)), range(9))
    pycore.sklearn.save_model(model, path, signature=signatures[letter])
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A function from a model's letter to the address where it is served."""
    running = {}
    with ExitStack() as stack:

        def address(letter):
            if letter not in running:
                folder = tmp_path_factory.mktemp(letter)
                options = ["--workers", "1", *(["--timeout", "1"] if letter == "hasty O" else [])]
                serving = scoring_server(str(save(letter, folder)), folder, *options)
                running[letter] = stack.enter_context(serving).url
            return running[letter]

        yield address


def post(address, body, content_type="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {} if content_type is None else {"Content-Type": content_type}
    return requests.post(f"{address}/invocations", data=data, headers=headers, timeout=LIMIT_S)


def csv(text: str) -> tuple[bytes, str]:
    return text.encode(), "text/csv"


CSV = "A,B,C,D\n5.1,3.5,1.4,0.2\n4.9,3.0,1.4,0.2\n"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param({"dataframe_split": SPLIT}, "application/json", id="1"),
        pytest.param(
            {
                "dataframe_split": {
                    "columns": ["zz", *reversed(NAMES)],
                    "data": [[0, *reversed(row)] for row in R],
                }
            },
            "application/json",
            id="5 reversed, and an extra column",
        ),
        pytest.param(
            {"dataframe_split": {"columns": NAMES, "data": [[str(value) for value in row] for row in R]}},
            "application/json",
            id="7 texts",
        ),
        pytest.param({"dataframe_records": RECORDS}, "application/json", id="11"),
        pytest.param({"instances": RECORDS}, "application/json", id="12"),
        pytest.param({"inputs": COLUMNS}, "application/json", id="15"),
        pytest.param({"inputs": RECORDS}, "application/json", id="17"),
        *(
            pytest.param({"dataframe_split": SPLIT, "params": params}, "application/json", id=f"20 {params}")
            for params in ({"a": 1}, None, {}, [1])
        ),
        pytest.param({"dataframe_split": SPLIT}, "application/json; charset=UTF-8", id="26 UTF-8"),
        pytest.param({"dataframe_split": SPLIT}, None, id="26 no type: JSON here, 500 there"),
        pytest.param({"dataframe_split": SPLIT, "signature_name": "x"}, "application/json", id="stray key"),
        pytest.param(RECORDS, "application/json", id="24 list: an old form, taken here"),
        pytest.param(SPLIT, "application/json", id="24 bare split: an old form, taken here"),
        pytest.param(COLUMNS, "application/json", id="24 bare columns: an old form, taken here"),
        pytest.param(SPLIT, "application/json; format=pandas-split", id="25 taken here"),
        pytest.param(RECORDS, "application/json; format=pandas-records", id="25 records, taken here"),
        pytest.param(*csv(CSV), id="27 LF"),
        pytest.param(*csv(CSV.replace("\n", "\r\n")), id="27 CRLF"),
        pytest.param(*csv("\ufeff" + CSV), id="27 BOM"),
        pytest.param(*csv(CSV.replace("A,B", '"A","B"').replace("5.1", '"5.1"')), id="27 quotes"),
    ],
)
def test_forms_that_a_model_of_named_columns_takes(server, predictions, body, content_type):
    reply = post(server("L"), body, content_type)
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"] == "application/json"
    # The same bits, and the separators that clients were seen to match on.
    assert reply.text == json.dumps({"predictions": predictions})


def test_requests_that_follow_each_other_are_answered_alike(server, predictions):
    """Over one connection, each as soon as the one before is answered: by the quickest way there is."""
    address = urlsplit(server("L"))
    good, bad = json.dumps({"dataframe_split": SPLIT}).encode(), b'{"dataframe_split": 1}'
    with socket.create_connection((address.hostname, address.port), LIMIT_S) as connection:
        answers = []
        for body in [good, bad] + [good] * 30 + [bad, good]:
            head = "POST /invocations HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            reply = http.client.HTTPResponse(connection, method="POST")
            reply.begin()
            answers.append((body, reply.status, reply.headers["Content-Type"], reply.read()))
            assert reply.headers["X-Request-ID"]
            assert not reply.will_close
    for body, *answer in answers:
        assert answer == list(answers[0 if body is good else 1][1:])
    assert answers[0][1:3] == (200, "application/json")
    assert json.loads(answers[0][3]) == {"predictions": predictions}
    assert (answers[1][1], json.loads(answers[1][3])["error_code"]) == (400, "BAD_REQUEST")


def test_metrics_count_what_the_model_was_asked(server):
    def requests_of(outcome):
        text = requests.get(f"{server('O')}/metrics", timeout=LIMIT_S).text
        name = f'crateflow_requests_total{{outcome="{outcome}"}} '
        return sum(float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name))

    good, refused = requests_of("ok"), requests_of("BAD_REQUEST")
    post(server("O"), {"inputs": {"x": [1]}})
    post(server("O"), {"inputs": {"x": [1], "do": ["raise dust"]}})
    assert (requests_of("ok"), requests_of("BAD_REQUEST")) == (good + 1, refused + 1)


def test_gzip_bodies(server, predictions):
    body = gzip.compress(json.dumps({"dataframe_split": SPLIT}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    reply = requests.post(f"{server('L')}/invocations", data=body, headers=headers, timeout=LIMIT_S)
    assert reply.json() == {"predictions": predictions}
    cut = requests.post(f"{server('L')}/invocations", data=body[:-9], headers=headers, timeout=LIMIT_S)
    assert (cut.status_code, "too early" in cut.json()["message"]) == (400, True)


ARROW = "application/vnd.apache.arrow.stream"


def arrow_stream(table, rows_at_once=None):
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table, rows_at_once)
    return sink.getvalue().to_pybytes()


def test_arrow_streams_both_ways(server, predictions):
    headers = {"Content-Type": ARROW, "Accept": ARROW}
    body = arrow_stream(pyarrow.Table.from_pylist(RECORDS))
    reply = requests.post(f"{server('L')}/invocations", data=body, headers=headers, timeout=LIMIT_S)
    assert reply.headers["Content-Type"] == ARROW
    assert pyarrow.ipc.open_stream(reply.content).read_all().to_pydict() == {"predictions": predictions}
    assert post(server("L"), body, ARROW).json() == {"predictions": predictions}


def test_large_arrow_streams_follow_each_other_on_a_connection(server):
    model, rng = linear_model(), np.random.default_rng(2)
    forms = {
        "as the model takes it": (["<f8"] * 4, None),
        "in part": (["<f8", "<i4", "<f8", "<i8"], None),
        "not at all": (["<i4"] * 4, None),
        "with other numbers": (["<f8", "<f4", "<f8", "<f8"], None),
        "in several batches": (["<f8"] * 4, 7000),
    }
    url, headers = f"{server('L')}/invocations", {"Content-Type": ARROW, "Accept": ARROW}
    with requests.Session() as session:
        for _ in range(4):
            for name, (types, rows_at_once) in forms.items():
                rows = rng.integers(-1000, 1000, (20_000, 4))
                columns = {of: rows[:, at].astype(types[at]) for at, of in enumerate(NAMES)}
                body = arrow_stream(pyarrow.table(columns), rows_at_once)
                reply = session.post(url, data=body, headers=headers, timeout=LIMIT_S)
                found = pyarrow.ipc.open_stream(reply.content).read_all().column("predictions").to_numpy()
                expected = model.predict(pd.DataFrame(rows.astype(float), columns=NAMES))
                np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=name)


def test_16_single_values_are_one_row(server):
    reply = post(server("L"), {"inputs": RECORDS[0]})
    # Computed alone: the last digit of one row may differ from that of the same row among others.
    assert reply.json() == {"predictions": linear_model().predict(pd.DataFrame(RECORDS[:1])).tolist()}


def split(data, columns=NAMES, **more):
    return {"dataframe_split": {"columns": columns, "data": data, **more}}


@pytest.mark.parametrize(
    ("body", "content_type", "code", "says"),
    [
        pytest.param(split(R, index_names=[None]), None, "BAD_REQUEST", "index_names", id="2"),
        pytest.param({"dataframe_split": {"data": R}}, None, "INVALID_PARAMETER_VALUE", "'A', 'B'", id="3"),
        pytest.param(split([R[0][:3]]), None, "BAD_REQUEST", "3 values for 4 columns", id="4"),
        pytest.param(
            split([[1, 2, 3, 4]], ["A", "B", "C", "zz"]),
            None,
            "INVALID_PARAMETER_VALUE",
            "missing column 'D' (besides the signature: 'zz')",
            id="6",
        ),
        pytest.param(
            split([["abc", 2, 3, 4]]),
            None,
            "INVALID_PARAMETER_VALUE",
            "column 'A', row 1: expected a number, got 'abc'",
            id="8",
        ),
        pytest.param(split([[None, 2, 3, 4]]), None, "BAD_REQUEST", "NaN", id="9 null, from the model"),
        pytest.param(
            split([[1, 2, 3, 4]], ["A", "A", "C", "D"]), None, "INVALID_PARAMETER_VALUE", "", id="10"
        ),
        pytest.param({"instances": R}, None, "INVALID_PARAMETER_VALUE", "A, B, C, D", id="13 instances"),
        pytest.param({"inputs": R}, None, "INVALID_PARAMETER_VALUE", "A, B, C, D", id="13 inputs"),
        pytest.param(
            {"inputs": COLUMNS | {"A": [1]}}, None, "INVALID_PARAMETER_VALUE", "length", id="18 inputs"
        ),
        pytest.param(
            {"instances": [RECORDS[0], {"A": 1}]}, None, "BAD_REQUEST", "same keys", id="18 instances"
        ),
        pytest.param({"inputs": R, "instances": R}, None, "BAD_REQUEST", "exactly one", id="19"),
        pytest.param(
            {"dataframe_split": SPLIT, "prompt": "x"}, None, "INVALID_PARAMETER_VALUE", "missing", id="22"
        ),
        pytest.param(R, None, "BAD_REQUEST", "a list", id="24 list of lists"),
        pytest.param({}, None, "BAD_REQUEST", "exactly one", id="24 empty object"),
        pytest.param(b"", None, "BAD_REQUEST", "empty", id="24 empty"),
        pytest.param(b"null", None, "BAD_REQUEST", "single value", id="24 null"),
        pytest.param(b"{bad", None, "BAD_REQUEST", "not JSON", id="24 not JSON"),
        pytest.param(b'{"inputs": "\xe9"}', None, "BAD_REQUEST", "", id="not UTF-8"),
        pytest.param(b"[" * 100_000, None, "BAD_REQUEST", "not JSON", id="deep nesting"),
        pytest.param(
            split(R), "application/json; format=pandas-table", "UNSUPPORTED_MEDIA_TYPE", "format", id="25"
        ),
        pytest.param(
            split(R), "application/json; charset=latin-1", "UNSUPPORTED_MEDIA_TYPE", "latin-1", id="26"
        ),
        pytest.param(b"", "application/vnd.apache.parquet", "UNSUPPORTED_MEDIA_TYPE", "", id="36 Parquet"),
        pytest.param(*csv("5.1,3.5,1.4,0.2\n4.9,3.0,1.4,0.2\n"), "INVALID_PARAMETER_VALUE", "'A'", id="28"),
        pytest.param(*csv(CSV.replace(",", ";")), "INVALID_PARAMETER_VALUE", "'A'", id="29 semicolons"),
        pytest.param(*csv(CSV.replace(",", ", ")), "INVALID_PARAMETER_VALUE", "'B'", id="29 blanks"),
        pytest.param(*csv("A,B\n1,2,3\n"), "BAD_REQUEST", "Row 1 has 3 cells", id="ragged CSV"),
        pytest.param(*csv(""), "BAD_REQUEST", "empty", id="empty CSV"),
    ],
)
def test_what_a_model_of_named_columns_refuses(server, body, content_type, code, says):
    reply = post(server("L"), body, content_type)
    assert reply.status_code == (415 if code == "UNSUPPORTED_MEDIA_TYPE" else 400)
    assert reply.headers["Content-Type"] == "application/json"
    error = reply.json()
    assert error["error_code"] == code
    assert says in error["message"]
    assert "stack_trace" not in error
    assert "Traceback" not in error["message"]


@pytest.mark.parametrize("key", ["inputs", "instances"])
@pytest.mark.parametrize("letter", ["N", "T"])
def test_14_arrays_without_names(server, letter, key):
    reply = post(server(letter), {key: R})
    assert reply.status_code == 200
    assert len(reply.json()["predictions"]) == 2


@pytest.mark.parametrize(
    ("letter", "body", "content_type", "says"),
    [
        pytest.param("T", *csv(CSV), "arrays of numbers", id="30"),
        pytest.param("T", {"inputs": R[0]}, None, "shape (-1, 4)", id="31 one dimension"),
        pytest.param("T", {"inputs": [row[:3] for row in R]}, None, "shape (-1, 4)", id="31 three columns"),
        pytest.param("N", {"inputs": [[1, 2], [3]]}, None, "length", id="32"),
        pytest.param("I", {"inputs": {"i": [1.5], "l": [1]}}, None, "an integer", id="33 silently 1 there"),
        pytest.param("I", split([[2**31, 1]], ["i", "l"]), None, "32 bits", id="34 split, wraps there"),
        pytest.param("I", {"inputs": {"i": [2**31], "l": [1]}}, None, "32 bits", id="34 inputs"),
        pytest.param("Z", {"inputs": {"t": ["abc"]}}, None, "row 1", id="no time"),
    ],
)
def test_values_that_would_be_lost_are_refused(server, letter, body, content_type, says):
    reply = post(server(letter), body, content_type)
    assert reply.status_code == 400
    assert says in reply.json()["message"]


@pytest.mark.parametrize(
    ("letter", "body", "content_type", "saw"),
    [
        pytest.param("D", split([[None]], ["a"]), None, {"a": ["nan"]}, id="35 b stays absent"),
        pytest.param(
            "Z", split([["2024-01-02T03:04:05Z"]], ["t"]), None, {"t": ["2024-01-02 03:04:05"]}, id="37"
        ),
        pytest.param(
            "Z", {"inputs": {"t": ["2024-01-02T03:04:05Z"]}}, None, {"t": ["2024-01-02 03:04:05"]}, id="37"
        ),
        pytest.param("Z", *csv("t\n2024-01-02\n"), {"t": ["2024-01-02 00:00:00"]}, id="38 refused there"),
        pytest.param("S", *csv("s\n007\n"), {"s": ["007"]}, id="a text of digits stays a text"),
        pytest.param("S", {"inputs": ["a", "b"]}, None, {"s": ["a", "b"]}, id="the only column"),
        pytest.param(
            "I", {"inputs": {"i": [1], "l": [2**60]}}, None, {"i": ["1"], "l": [str(2**60)]}, id="I"
        ),
    ],
)
def test_what_a_model_sees(server, letter, body, content_type, saw):
    reply = post(server(letter), body, content_type)
    assert reply.status_code == 200, reply.text
    assert reply.json()["predictions"]["saw"] == saw


def test_21_params_are_typed_and_defaults_filled_in(server):
    reply = post(server("P"), {"inputs": [[1, 2]], "params": {"pi": 3}})
    assert reply.json()["predictions"]["params"] == {"pi": 3.0, "n": 5}


def test_named_arrays_reach_the_model_in_their_types(server):
    reply = post(server("A"), {"inputs": {"a": [[0.1, 2]], "b": [2**53 + 1], "more": [1]}})
    # A float32 of 0.1, widened on its way back.
    assert reply.json()["predictions"]["saw"] == {"a": [[float(np.float32(0.1)), 2.0]], "b": [2**53 + 1]}
    refused = post(server("A"), {"inputs": {"a": [[0.1, 2]]}})
    assert (refused.status_code, "missing array 'b'" in refused.json()["message"]) == (400, True)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosted_trees_answer_one_row_as_they_do_many(library, tmp_path):
    flavor, trees = import_module(f"pycore.{library}"), import_module(library)
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    model = (trees.XGBRegressor if library == "xgboost" else trees.LGBMRegressor)(n_estimators=5)
    model.fit(frame, frame["a"] * 3)
    flavor.save_model(model, tmp_path / "model", input_example=frame[:3])
    expected = [float(value) for value in model.predict(frame[:3])]
    rows = frame[:3].to_dict("records")
    with scoring_server(str(tmp_path / "model"), tmp_path, "-w", "1") as serving:
        assert post(serving.url, {"dataframe_records": rows}).json() == {"predictions": expected}
        alone = [post(serving.url, {"dataframe_records": [row]}).json() for row in rows]
        assert alone == [{"predictions": [value]} for value in expected]


def test_params_of_another_type_are_refused_together(server):
    reply = post(server("P"), {"inputs": [[1, 2]], "params": {"pi": "x", "n": 1.5}})
    assert reply.status_code == 400
    assert "'pi'" in reply.json()["message"]
    assert "'n'" in reply.json()["message"]


def test_23_a_chat_is_answered_bare(server):
    reply = post(server("E"), {"messages": [{"role": "user"}]})
    assert reply.json()["saw"] == {"messages": [{"role": "user"}]}


def test_39_the_models_error_without_its_inside(server):
    reply = post(server("O"), {"inputs": {"x": [1], "do": ["raise too wide"]}})
    assert reply.status_code == 400
    assert reply.json() == {"error_code": "BAD_REQUEST", "message": "ValueError: too wide"}


def test_40_a_model_that_sleeps_too_long(server):
    reply = post(server("hasty O"), {"inputs": {"x": [1], "do": ["sleep 60"]}})
    assert reply.status_code == 504
    assert reply.json()["error_code"] == "DEADLINE_EXCEEDED"


def test_a_model_that_ends_its_process(server):
    reply = post(server("O"), {"inputs": {"x": [1], "do": ["quit 1"]}})
    assert reply.status_code == 500
    assert "exit status 1" in reply.json()["message"]
    until(lambda: post(server("O"), {"inputs": {"x": [1]}}).status_code == 200)


def test_rows_that_got_lost_are_flagged(server):
    reply = post(server("O"), {"inputs": {"x": [1, 2, 3], "do": ["drop", "", ""]}})
    assert reply.json() == {"predictions": [2.0, 4.0]}
    assert reply.headers["X-Crateflow-Warning"] == "the model returned 2 rows for 3"


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": NAMES, "data": []}},
        {"dataframe_records": []},
        {"inputs": []},
        {"inputs": {name: [] for name in NAMES}},
    ],
)
def test_no_rows_are_no_predictions(server, body):
    assert post(server("L"), body).json() == {"predictions": []}


def test_the_other_addresses(server):
    address = server("L")
    for path in ("/ping", "/health"):
        reply = requests.get(address + path, timeout=LIMIT_S)
        assert (reply.status_code, reply.text) == (200, "\n")
    assert requests.get(f"{address}/version", timeout=LIMIT_S).text == pycore.__version__
    missing = requests.get(f"{address}/predict", timeout=LIMIT_S)
    assert (missing.status_code, missing.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    wrong = requests.get(f"{address}/invocations", timeout=LIMIT_S)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST")


def test_a_body_in_chunks(server, predictions):
    body = json.dumps({"dataframe_split": SPLIT}).encode()
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))
    reply = requests.post(f"{server('L')}/invocations", data=pieces, timeout=LIMIT_S)
    assert reply.json() == {"predictions": predictions}


def test_a_body_cut_short_is_refused(server):
    host, port = server("L").removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=LIMIT_S) as stream:
        stream.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{}")
        stream.shutdown(socket.SHUT_WR)
        assert stream.recv(1000).startswith(b"HTTP/1.1 400")


def test_large_bodies_follow_each_other_on_a_connection(server):
    values = [0.12345678] * 10_000
    body = json.dumps({"inputs": {"x": values}})
    with closing(http.client.HTTPConnection(urlsplit(server("O")).netloc, timeout=LIMIT_S)) as connection:
        for method, status in [("POST", 200), ("POST", 200), ("GET", 405), ("POST", 200)]:
            connection.request(method, "/invocations", body)
            with connection.getresponse() as reply:
                answer = json.load(reply)
            assert reply.status == status
            assert status == 405 or answer == {"predictions": [2 * value for value in values]}


def test_a_body_beyond_the_limit_and_the_log_of_requests(tmp_path):
    model, log = obedient_model(tmp_path), tmp_path / "access.log"
    options = ["-w", "1", "--max-body-mb", "1", "--access-log", str(log)]
    with scoring_server(str(model), tmp_path, *options) as serving:

        def has_lines(number):
            # A line is written once its reply has been sent, which is later than its client has it.
            return log.read_text().count("\n") == number

        large = {"inputs": {"x": [0.12345678] * 200_000}}
        reply = post(serving.url, large)
        until(lambda: has_lines(1))
        assert reply.status_code == 413
        assert reply.json()["error_code"] == "REQUEST_TOO_LARGE"
        chunked = requests.post(f"{serving.url}/invocations", data=iter([b" " * (2 << 20)]), timeout=LIMIT_S)
        assert chunked.status_code == 413
        until(lambda: has_lines(2))
        assert post(serving.url, {"inputs": {"x": [1]}}).json() == {"predictions": [2.0]}
        until(lambda: has_lines(3))
        named = requests.get(
            f"{serving.url}/nowhere?secret=1", headers={"X-Request-ID": "mine"}, timeout=LIMIT_S
        )
        assert named.headers["X-Request-ID"] == "mine"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    asked = [(line["method"], line["route"], line["status"]) for line in lines]
    assert asked == [("POST", "/invocations", status) for status in (413, 413, 200)] + [("GET", None, 404)]
    assert lines[0]["request_id"] == reply.headers["X-Request-ID"]
    assert lines[3].keys() == {"time", "request_id", "method", "route", "status", "ms"}


def test_every_request_of_a_queue_is_scored_alone_where_that_is_asked(tmp_path):
    """With `--max-batch-rows 1` nothing waits for company."""
    gate = tmp_path / "gate"
    options = ["-w", "1", "--max-batch-rows", "1"]
    with (
        scoring_server(str(obedient_model(tmp_path)), tmp_path, *options) as serving,
        ThreadPoolExecutor(4) as pool,
    ):
        first = pool.submit(post, serving.url, {"inputs": {"x": [1], "do": [f"wait {gate}"]}})
        until(gate.with_suffix(".reached").exists)
        others = [pool.submit(post, serving.url, {"inputs": {"x": [2], "do": [""]}}) for _ in range(3)]
        metrics = f"{serving.url}/metrics"
        until(lambda: "crateflow_queue_requests 3.0\n" in requests.get(metrics, timeout=LIMIT_S).text)
        gate.touch()
        assert {answer.result().status_code for answer in (first, *others)} == {200}
        assert (
            'crateflow_batch_requests_bucket{le="1.0"} 4.0\n' in requests.get(metrics, timeout=LIMIT_S).text
        )


def test_the_page_of_the_api(server):
    described = requests.get(f"{server('L')}/openapi.json", timeout=LIMIT_S).json()
    assert described["components"]["schemas"]["Row"]["required"] == NAMES
    page = requests.get(f"{server('L')}/docs", timeout=LIMIT_S)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert requests.get(f"{server('L')}/docs/swagger-ui-bundle.js", timeout=LIMIT_S).status_code == 200


# Starting and stopping


def is_engine(pid):
    return "pycore.scoring.engine" in command_line(pid)


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def obedient(tmp_path):
    with scoring_server(str(obedient_model(tmp_path)), tmp_path, "-w", "1") as serving:
        yield serving


def test_sigterm_ends_the_server_after_its_answers(obedient, tmp_path):
    gate = tmp_path / "gate"
    below = descendants(obedient.process.pid)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post, obedient.url, {"inputs": {"x": [1], "do": [f"wait {gate}"]}})
        until(gate.with_suffix(".reached").exists)
        obedient.process.send_signal(signal.SIGTERM)
        gate.touch()
        assert answer.result(LIMIT_S).json() == {"predictions": [2.0]}
    assert obedient.process.wait(LIMIT_S) == 0
    until(lambda: not any(map(is_alive, below)))


def test_nothing_is_left_of_a_killed_server(obedient):
    below = descendants(obedient.process.pid)
    assert len(below) >= 4  # HTTP server and its workers, host, worker
    obedient.process.kill()
    obedient.process.wait()
    until(lambda: not any(map(is_alive, below)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_server_whose_model_is_still_loading(tmp_path, number):
    note = tmp_path / "loading"
    loader = f"import pathlib, time\npathlib.Path({str(note)!r}).touch()\ntime.sleep(1000)"
    path = write_model(tmp_path / "endless", loader)
    with subprocess.Popen([CRATEFLOW, "models", "serve", "-m", str(path), "-p", "0"]) as serving:
        until(note.exists)
        below = descendants(serving.pid)
        serving.send_signal(number)
        assert serving.wait(LIMIT_S) == 0
    until(lambda: not any(map(is_alive, below)))


def test_a_server_whose_http_part_was_killed_says_so_and_ends(obedient):
    below = descendants(obedient.process.pid)
    [http] = [pid for pid in below if not is_engine(pid) and obedient.process.pid == parent(pid)]
    os.kill(http, signal.SIGKILL)
    assert obedient.process.wait(LIMIT_S) == 1
    assert "\nError: The HTTP server has ended by itself" in obedient.log.read_text()
    until(lambda: not any(map(is_alive, below)))


def test_the_http_processes_hold_no_model_and_no_library(obedient):
    post(obedient.url, {"inputs": {"x": [1]}})
    for pid in (obedient.process.pid, *descendants(obedient.process.pid)):
        if not is_engine(pid):
            mapped = Path(f"/proc/{pid}/maps").read_text()
            assert not [name for name in ("pandas", "sklearn", "libR.so", "rpy2") if name in mapped]


def test_a_killed_host_comes_back_and_ping_says_when(obedient, tmp_path):
    host = next(pid for pid in descendants(obedient.process.pid) if is_model_host(pid))
    # None can take its place before this test has seen that there is none.
    model = (tmp_path / "obedient").rename(tmp_path / "elsewhere")
    os.kill(host, signal.SIGKILL)
    [reply] = until(lambda: [found for found in [post(obedient.url, {"inputs": {"x": [1]}})] if not found.ok])
    assert reply.status_code == 503
    assert reply.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
    assert reply.headers["Retry-After"] == "1"
    assert requests.get(f"{obedient.url}/ping", timeout=LIMIT_S).status_code == 503
    model.rename(tmp_path / "obedient")
    until(lambda: requests.get(f"{obedient.url}/ping", timeout=LIMIT_S).status_code == 200)
    assert post(obedient.url, {"inputs": {"x": [1]}}).json() == {"predictions": [2.0]}


def run(*arguments, text=None):
    return subprocess.run(
        [CRATEFLOW, "models", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def one_line(done) -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


def test_a_port_in_use_is_one_line(obedient, tmp_path):
    port = obedient.url.rpartition(":")[2]
    assert "in use" in one_line(run("serve", "-m", str(tmp_path / "obedient"), "-p", port))


def test_other_environment_managers_are_refused(tmp_path):
    assert "--env-manager local" in one_line(
        run("serve", "-m", str(tmp_path), "--env-manager", "conda", "-p", "0")
    )


@pytest.mark.parametrize("verb", ["serve", "predict", "inspect"])
def test_a_folder_that_is_no_model_is_one_line(tmp_path, verb):
    port = ["-p", "0"] if verb == "serve" else []
    assert "MLmodel" in one_line(run(verb, "-m", str(tmp_path), *port))
    assert "nowhere" in one_line(run(verb, "-m", str(tmp_path / "nowhere"), *port))


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("models:/iris/1", "iris"),
        ("models:/iris/Production", "iris"),
        ("models:/iris@best", "iris"),
        ("runs:/0123456789abcdef0123456789abcdef/model", "0123456789abcdef"),
        ("models:/", "models:/<name>/<version>"),
    ],
)
def test_a_model_that_is_not_registered_is_one_line(tmp_path, monkeypatch, uri, says):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'tracking.db'}")
    assert says in one_line(run("serve", "-m", uri, "-p", "0"))


def test_a_model_of_a_newer_format_is_one_line(tmp_path):
    path = obedient_model(tmp_path)
    text = (path / "MLmodel").read_text()
    (path / "MLmodel").write_text(f"crateflow_format: 99\n{text}")
    assert "Upgrade" in one_line(run("serve", "-m", str(path), "-p", "0"))


# models predict, models inspect


@pytest.mark.parametrize(
    ("options", "text"),
    [([], '{"inputs": {"x": [1, 2.5]}}'), (["-t", "csv"], "x\n1\n2.5\n")],
)
def test_predict_prints_what_a_server_would_answer(tmp_path, options, text):
    done = run("predict", "-m", str(obedient_model(tmp_path)), *options, text=text)
    assert (done.returncode, done.stdout) == (0, '{"predictions": [2.0, 5.0]}\n')


def test_predict_reads_and_writes_files_and_keeps_what_models_print_apart(tmp_path):
    rows, answer = tmp_path / "rows.json", tmp_path / "answer.json"
    rows.write_text('{"inputs": {"x": [1], "do": ["print 3"]}}')
    done = run("predict", "-m", str(obedient_model(tmp_path)), "-i", str(rows), "-o", str(answer))
    assert (done.returncode, done.stdout) == (0, "")
    assert answer.read_text() == '{"predictions": [2.0]}\n'
    assert "noise noise noise" in done.stderr


def test_predict_refuses_with_the_reason(tmp_path):
    path = str(obedient_model(tmp_path))
    assert "missing column 'x'" in one_line(run("predict", "-m", path, text='{"inputs": {"y": [1]}}'))


def test_inspect_shows_flavors_and_signature(tmp_path):
    done = run("inspect", "-m", str(obedient_model(tmp_path)))
    assert done.returncode == 0
    assert "loader_module: loader_of_obedient" in done.stdout
    assert "name: x" in done.stdout
