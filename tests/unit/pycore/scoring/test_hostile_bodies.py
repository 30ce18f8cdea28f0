"""Whatever a body holds, the answer is JSON: predictions, or an error of the caller's without a stack."""

import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from pycore.models.columns import Array
from pycore.models.schema import ColSpec, Schema, TensorSpec
from pycore.models.signature import ModelSignature
from pycore.scoring.app import ScoringApp

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"
KEYS = ["dataframe_split", "dataframe_records", "inputs", "instances", "params", "messages"]
KEYS += ["columns", "data", "index", "a", "b"]
SIGNATURES = [
    None,
    ModelSignature(Schema([ColSpec("double", "a"), ColSpec("string", "b", required=False)])),
    ModelSignature(Schema([ColSpec("datetime", "a"), ColSpec("boolean", "b")])),
    ModelSignature(Schema([ColSpec("long"), ColSpec("binary")])),
    ModelSignature(Schema([TensorSpec("float32", (-1, 2))])),
]


class Ones:
    """A model that answers 1 for every row."""

    def state(self):
        return {"healthy": True}

    def predict(self, block, params):
        return Array(np.ones(getattr(block, "n_rows", 1)))

    def room(self, n_bytes):
        return memoryview(bytearray(n_bytes))


class Connection(io.RawIOBase):
    """What a body comes from over HTTP."""

    def __init__(self, body):
        self._body = body

    def readinto(self, buffer):
        return self._body.readinto(buffer)

    def read(self, size=-1):
        return self._body.read(size)


def over_http(app):
    return lambda environ, start: app(environ | {"wsgi.input": Connection(environ["wsgi.input"])}, start)


CLIENTS = [Client(over_http(ScoringApp(signature, Ones()))) for signature in SIGNATURES]


def check(body, content_type=JSON, **headers):
    """Ask every model; no answer may be the server's fault."""
    for client in CLIENTS:
        reply = client.post("/invocations", data=body, content_type=content_type, headers=headers)
        assert reply.status_code in (200, 400, 413, 415), reply.text
        assert "Traceback" not in reply.text
        fields = json.loads(reply.data, parse_constant=lambda text: pytest.fail(text))
        if reply.status_code != 200:
            assert fields.keys() == {"error_code", "message"}
            assert len(fields["message"]) < 10_000


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=3)
    | st.just("1")
)

values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_any_json(value):
    check(json.dumps(value).encode())


@given(st.sampled_from(KEYS[:4]), values)
def test_any_value_of_a_known_key(key, value):
    check(json.dumps({key: value}).encode())


@given(st.lists(st.sampled_from(["a", "b", "", "0"]), max_size=3), values)
def test_any_data_of_a_frame(columns, value):
    check(json.dumps({"dataframe_split": {"columns": columns, "data": value}}).encode())


@given(st.binary(max_size=60), st.sampled_from([JSON, CSV, ARROW]), st.sampled_from(["", "gzip", "br"]))
def test_any_bytes(body, content_type, encoding):
    check(body, content_type, **({"Content-Encoding": encoding} if encoding else {}))


@given(st.text('ab,"\n\r1.e-NA;\0 \u00e9', max_size=40))
def test_any_csv(text):
    check(("a,b\n" + text).encode(), CSV)


def arrow_body(**options):
    first = pa.table({"a": [1.0, 2.0], "b": pa.array(["x", None]).dictionary_encode()})
    second = pa.table({"a": [3.0] * 50, "b": pa.array(["x", "y"] * 25).dictionary_encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, first.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(first)
        stream.write_table(second)
    return sink.getvalue().to_pybytes()


def plain_arrow_body():
    table = pa.table({"a": [1.0, 2.0], "b": [3, 4]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


ARROW_BODIES = [
    plain_arrow_body(),
    arrow_body(),
    arrow_body(compression="lz4"),
    arrow_body(emit_dictionary_deltas=True),
]


@given(st.sampled_from(ARROW_BODIES), st.data())
def test_damaged_arrow(whole, data):
    body = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    check(bytes(body[: data.draw(st.integers(0, len(body)))]), ARROW)


WHOLE = json.dumps({"dataframe_split": {"columns": ["a", "b"], "data": [[1.5, "é"], [2, None]]}}).encode()


@pytest.mark.parametrize("length", range(0, len(WHOLE), 7))
def test_a_body_cut_short(length):
    check(WHOLE[:length])
    check(gzip.compress(WHOLE)[:length], **{"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"inputs": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"inputs": ' * 100_000,
        b'{"inputs": {"a": ' + b'{"a": ' * 900 + b"1" + b"}" * 901 + b"}",
        b'{"inputs": {"a": [1], "a": [2, 3], "b": ["x", "y"]}}',
        b'{"inputs": {"a": [NaN, -Infinity]}}',
        b'{"inputs": {"a": [1e999, 9' + b"9" * 5000 + b"]}}",
        '{"inputs": {"a": ["é"]}}'.encode("latin-1"),
        '{"inputs": {"a": ["é"]}}'.encode("utf-16"),
        b'{"inputs": {"a": ["\\ud800"], "b": ["\\u0000"]}}',
    ],
    ids=range(10),
)
def test_json_that_is_strange(body):
    check(body)


def test_100_000_columns():
    wide = {f"c{at}": [1] for at in range(100_000)}
    check(json.dumps({"inputs": wide}).encode())
    check(json.dumps({"dataframe_records": [dict.fromkeys(wide, 1)]}).encode())
    check((",".join(wide) + "\n" + ",".join("1" for _ in wide)).encode(), CSV)
