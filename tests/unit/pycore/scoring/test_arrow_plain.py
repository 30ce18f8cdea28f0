"""Plain Arrow streams are read as pyarrow reads them, and where they lie; others are left to it."""

import struct

import numpy as np
import pyarrow as pa
import pytest

from pycore.errors import InvalidInput, PayloadTooLarge
from pycore.scoring.arrow_plain import END, is_little_endian, layout_of_metadata, read_plain
from pycore.scoring.arrow_stream import read_arrow
from pycore.scoring.body_limit import BodyLimit

KINDS = {"d": "double", "i": "integer", "l": "long"}


def stream(table, batches=1, **options):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for _ in range(batches):
            writer.write_table(table)
    return sink.getvalue().to_pybytes()


def numbers(n_rows=3, **more):
    columns = {
        "d": pa.array(np.linspace(-1, 1, n_rows)),
        "i": pa.array(np.arange(n_rows), pa.int32()),
        "l": pa.array(np.arange(n_rows) << 40),
    }
    return pa.table(columns | more)


def read(body, kinds_of=lambda _: KINDS):
    return read_plain(body, lambda metadata: layout_of_metadata(metadata, kinds_of))


@pytest.mark.parametrize("n_rows", [1, 3, 1000])
def test_plain_columns_are_read_where_they_lie(n_rows):
    table = numbers(n_rows)
    body = stream(table)
    columns, found_rows = read(body)
    assert found_rows == n_rows
    for name, column in columns.items():
        assert column.kind == KINDS[name]
        assert column.data.tolist() == table.column(name).to_pylist()
        assert np.shares_memory(column.data, np.frombuffer(body, np.uint8))


def test_the_kinds_are_asked_by_the_schema():
    asked = []
    body = stream(numbers())
    read(body, lambda message: asked.append(message) or KINDS)
    [message] = asked
    assert body.startswith(message)
    assert pa.ipc.read_schema(pa.py_buffer(message)) == numbers().schema


def test_what_comes_before_the_numbers_is_all_that_tells_where_they_are():
    told = []

    def layout_of(metadata):
        told.append(metadata)
        return layout_of_metadata(metadata, lambda _: KINDS)

    for table in (numbers(), numbers(d=pa.array([7.0, 8.0, 9.0]))):
        columns, _ = read_plain(stream(table), layout_of)
        assert columns["d"].data.tolist() == table.column("d").to_pylist()
    # Who remembers the layout of the first reads the second by it.
    assert told[0] == told[1]


def test_a_stream_may_stop_without_its_end():
    body = stream(numbers())
    assert body.endswith(END)
    assert read(body[: -len(END)])[1] == 3


NOT_PLAIN = {
    "several batches": stream(numbers(), batches=2),
    "no batch": numbers().schema.serialize().to_pybytes() + END,
    "a missing value": stream(numbers(d=pa.array([1.0, None, 2.0]))),
    "compressed": stream(numbers(1000), compression="lz4"),
    "something behind": stream(numbers()) + b"more",
    "cut short": stream(numbers())[:-20],
    "no stream": b"{}",
    "nothing": b"",
    "long names": stream(numbers(**{"x" * 20_000: pa.array([1.0, 2.0, 3.0])})),
}


@pytest.mark.parametrize("body", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_not_plain_is_left_alone(body):
    assert read(body) is None


def test_a_batch_of_other_columns_than_the_schema_is_left_alone():
    assert read(stream(numbers()), lambda _: {"d": "double"}) is None


def test_a_column_that_points_beyond_its_batch_is_left_alone():
    body = stream(numbers(1000))
    # Where the first column's values begin and how many bytes they have: 0 and 8,000.
    place = body.index(struct.pack("<qq", 0, 8000))
    for start, n_bytes in [(len(body), 8000), (-8, 8000), (0, 2**40), (0, 7992)]:
        damaged = body[:place] + struct.pack("<qq", start, n_bytes) + body[place + 16 :]
        assert read(damaged) is None


def test_conversions_are_left_to_pyarrow():
    table = numbers(f=pa.array([1.5, 2.5, 3.5], pa.float32()), s=pa.array(["a", "b", "a"]))
    assert read_arrow(stream(table), None).records() == table.to_pylist()


def test_the_same_names_with_other_types_are_another_schema():
    assert read_arrow(stream(pa.table({"x": [1.5]})), None).columns["x"].kind == "double"
    assert read_arrow(stream(pa.table({"x": [1]})), None).columns["x"].kind == "long"


def test_the_limit_counts_what_will_be_answered():
    def body(n_rows):
        return stream(pa.table({"i": pa.array(np.arange(n_rows), pa.int32())}))

    # A prediction takes eight bytes, a row of this stream four.
    most = (1 << 20) // 8
    assert read_arrow(body(most), None, BodyLimit(1)).n_rows == most
    with pytest.raises(PayloadTooLarge):
        read_arrow(body(most + 1), None, BodyLimit(1))


def test_a_batch_without_rows_is_a_table_without_rows():
    table = numbers(0)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_batch(
            pa.RecordBatch.from_arrays([array.combine_chunks() for array in table.columns], list(KINDS))
        )
    read = read_arrow(sink.getvalue().to_pybytes(), None)
    assert (list(read.columns), read.n_rows) == (list(KINDS), 0)


def test_a_name_that_is_no_text_is_refused():
    body = stream(pa.table({"name": [1.5]})).replace(b"name", b"na\xffe")
    with pytest.raises(InvalidInput, match="not an Arrow IPC stream"):
        read_arrow(body, None)


@pytest.mark.parametrize(("endianness", "little"), [(0, True), (1, False)])
def test_the_byte_order_is_that_of_the_schema(endianness, little):
    # A message whose header is a schema, laid out by hand: each table after the list of its fields.
    message = struct.pack("<IHHHHHxxiIHHHxxihxx", 16, 10, 8, 0, 0, 4, 12, 12, 6, 8, 4, 8, endianness)
    prefixed = struct.pack("<Ii", 0xFFFFFFFF, len(message)) + message
    assert is_little_endian(prefixed) is little
