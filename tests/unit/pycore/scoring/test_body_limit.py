"""Short bodies that would unfold to very much are refused while they are short."""

import gzip
import json
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from waiting import LIMIT_S

from pycore.errors import InvalidInput, PayloadTooLarge
from pycore.scoring.body_limit import BodyLimit
from pycore.scoring.content_type import ARROW
from pycore.scoring.payload import read_payload
from pycore.scoring.request_body import read_request_body

MB = 1 << 20
LIMIT = BodyLimit(4)
CSV = "text/csv"


def stream(*batches, **options):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def nulls(rows, *names):
    array = pa.Array.from_buffers(pa.null(), rows, [None])
    return pa.RecordBatch.from_arrays([array] * len(names), list(names))


def column(array):
    return pa.RecordBatch.from_arrays([array], ["x"])


def coded(letters):
    return column(pa.array(list(letters)).dictionary_encode())


def growing_dictionary():
    """A dictionary of 256 kB that grows in each of 30 batches, every one of which keeps its own."""
    texts = [f"{at:08d}" * 8 for at in range(4096)]
    return stream(*(coded(texts[: 4066 + at]) for at in range(30)), emit_dictionary_deltas=True)


def rows_told(rows):
    """A column of nulls whose messages tell any number of rows."""
    return stream(nulls(12345, "x")).replace(struct.pack("<q", 12345), struct.pack("<q", rows))


def inflating_to(n_bytes):
    """A compressed column whose buffer claims to become so long."""
    body = stream(column(pa.array(np.zeros(1000))), compression="zstd")
    return body.replace(struct.pack("<q", 8000), struct.pack("<q", n_bytes))


@pytest.fixture
def peak_mb():
    """A function that tells how much more memory this process has had since the test began."""
    status = Path("/proc/self/status")

    def high_water():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024

    # Forget what was needed before.
    Path("/proc/self/clear_refs").write_text("5")
    before = high_water()
    return lambda: high_water() - before


BOMBS = {
    "rows without data": stream(nulls(2**31 - 1, "x")),
    "more rows than any machine has": rows_told(2**60),
    "rows of many batches": stream(*[nulls(2**20, "x")] * 3),
    "rows of many columns": stream(nulls(2**16, *map(str, range(100)))),
    "rows without columns": stream(nulls(2**30, "x").select([])),
    "truths, one bit each": stream(column(pa.array(np.zeros(2**23, np.bool_)))),
    "lz4": stream(column(pa.array(np.zeros(2**23))), compression="lz4"),
    "zstd": stream(column(pa.array(np.zeros(2**23))), compression="zstd"),
    "a length that is only told": inflating_to(2**40),
    "a compressed dictionary": stream(
        column(pa.array(["x" * 2**24]).dictionary_encode()), compression="zstd"
    ),
    "a dictionary of every batch": stream(*[coded("x" * 100 + letter * 2**20) for letter in "abcde"]),
    "a dictionary that grows": growing_dictionary(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_arrow_stream_is_measured_before_it_is_read(name, peak_mb):
    with pytest.raises(PayloadTooLarge, match="Arrow stream is larger than 4 MB"):
        read_payload(BOMBS[name], ARROW, None, LIMIT)
    assert peak_mb() < 8


def test_compressed_streams_within_the_limit_are_read():
    rows = 2**15
    for codec in ("lz4", "zstd"):
        body = stream(column(pa.array(np.arange(rows) % 3)), compression=codec)
        assert len(body) < 8 * rows
        read = read_payload(body, ARROW, None, LIMIT).data.columns["x"]
        assert (read.data == np.arange(rows) % 3).all()
    # A buffer that would not get shorter is left as it is, and says so.
    body = stream(column(pa.array([1.5, 2.5])), compression="lz4")
    assert read_payload(body, ARROW, None, LIMIT).data.columns["x"].to_list() == [1.5, 2.5]


def test_dictionaries_that_grow_within_the_limit_are_read():
    body = stream(coded("a"), coded("ab"), coded("abc"), emit_dictionary_deltas=True)
    assert read_payload(body, ARROW, None, LIMIT).data.columns["x"].to_list() == list("aababc")


@pytest.mark.parametrize("rows", [-1, -(2**60)])
def test_less_than_no_rows_are_damage(rows):
    with pytest.raises(InvalidInput, match="not an Arrow IPC stream"):
        read_payload(rows_told(rows), ARROW, None, LIMIT)


def sparse_records(n):
    return json.dumps({"dataframe_records": [{f"c{at}": 1} for at in range(n)]}).encode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (sparse_records(20_000), None),
        (sparse_records(20_000).replace(b"dataframe_records", b"inputs"), None),
        (sparse_records(20_000)[len('{"dataframe_records": ') : -1], None),
        (b"," * 100_000 + b"\n" + b"1\n" * 100_000, CSV),
    ],
    ids=["dataframe_records", "inputs", "bare list", "CSV"],
)
def test_tables_that_are_mostly_gaps(body, content_type, peak_mb):
    assert len(body) < MB
    with pytest.raises(PayloadTooLarge, match=r"table of the .* is larger than 4 MB"):
        read_payload(body, content_type, None, LIMIT)
    assert peak_mb() < 60


def test_tables_that_are_large_and_full_have_no_other_limit_than_the_body():
    wide = {f"c{at}": 1 for at in range(1000)}
    body = json.dumps({"dataframe_records": [wide] * 600}).encode()
    assert read_payload(body, None, None, LIMIT).data.n_rows == 600
    assert read_payload(b"a,b\n" + b"1\n" * 1000, CSV, None, LIMIT).data.n_rows == 1000


def test_very_many_columns_take_memory_of_the_order_of_the_body(peak_mb):
    names = [f"c{at}" for at in range(100_000)]
    body = (",".join(names) + "\n" + "1," * (len(names) - 1) + "1\n").encode()
    assert len(read_payload(body, CSV, None).data.columns) == len(names)
    assert peak_mb() < 100 * len(body) / MB


#: Prints what one large body takes at most, then what many that come together do, in kB.
CROWD = """
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pycore.scoring.http_process import share_one_heap
from pycore.scoring.scorer import Scorer

def peak_kb():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

share_one_heap()
body = b'{"dataframe_records": [' + b'{"a":1},' * 400_000 + b'{"a":2}]}'
scorer = Scorer(None, lambda block, _: block.rows(0, 1))
start = peak_kb()
for _ in range(2):
    assert scorer.score(body, None).body == b'{"predictions": [{"a": 1}]}'
print(peak_kb() - start)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda _: scorer.score(body, None), range(16)))
print(peak_kb() - start)
"""


def test_large_bodies_that_come_together_are_read_one_by_one():
    done = subprocess.run([sys.executable, "-c", CROWD], capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    alone, together = map(int, done.stdout.split())
    assert alone > 40_000
    assert together < 1.5 * alone


def test_a_body_of_very_many_gzip_members_takes_time_by_its_length():
    def seconds(members):
        body = gzip.compress(b"") * members

        class Source:
            def read(self, _):
                return body

        began = time.thread_time()
        environ = {"wsgi.input": Source(), "CONTENT_LENGTH": len(body), "HTTP_CONTENT_ENCODING": "gzip"}
        assert read_request_body(environ, LIMIT) == b""
        return time.thread_time() - began

    few, many = seconds(10_000), seconds(160_000)
    assert many < 16 * 5 * few
