"""Bodies are read whole, inflated, and bounded both ways."""

import gzip
import io
import zlib

import pytest

from pycore.errors import InvalidInput, PayloadTooLarge, UnsupportedMediaType
from pycore.scoring.body_limit import BodyLimit
from pycore.scoring.request_body import read_request_body

TEXT = b'{"inputs": [1, 2, 3]}' * 1000


def read(body, encoding=None, limit_mb=1, length=None):
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body) if length is None else length)}
    if encoding is not None:
        environ["HTTP_CONTENT_ENCODING"] = encoding
    return read_request_body(environ, BodyLimit(limit_mb))


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_gzip_is_inflated(encoding):
    assert read(gzip.compress(TEXT), encoding) == TEXT


def test_gzip_of_several_parts():
    assert read(gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), "gzip") == TEXT


@pytest.mark.parametrize("encoding", [None, "", "identity"])
def test_others_stay_as_they_are(encoding):
    assert read(TEXT, encoding) == TEXT


class Connection(io.RawIOBase):
    """What a body comes from, whole or cut short."""

    def __init__(self, body):
        self._body = body

    def readinto(self, buffer):
        n_bytes = min(len(buffer), len(self._body))
        buffer[:n_bytes] = self._body[:n_bytes]
        return n_bytes

    def read(self, size=-1):
        return self._body[:size]


def test_a_body_is_put_where_it_is_wanted():
    room = bytearray(len(TEXT))
    asked = []

    def room_for(n_bytes):
        asked.append(n_bytes)
        return memoryview(room)[:n_bytes]

    environ = {"wsgi.input": Connection(TEXT), "CONTENT_LENGTH": str(len(TEXT))}
    body = read_request_body(environ, BodyLimit(1), room_for)
    assert (asked, body) == ([len(TEXT)], TEXT)
    assert room == TEXT
    assert body.obj is room
    room = bytearray(21_001)
    with pytest.raises(InvalidInput, match="ends after 21000 of 21001 bytes"):
        read_request_body(environ | {"CONTENT_LENGTH": "21001"}, BodyLimit(1), room_for)


def test_a_body_that_has_no_room_is_read_as_any_other():
    environ = {"wsgi.input": Connection(TEXT), "CONTENT_LENGTH": str(len(TEXT))}
    assert read_request_body(environ, BodyLimit(1), lambda _: None) == TEXT


def test_a_packed_body_needs_no_room():
    packed = gzip.compress(TEXT)
    environ = {"wsgi.input": Connection(packed), "CONTENT_LENGTH": str(len(packed))}
    environ["HTTP_CONTENT_ENCODING"] = "gzip"
    assert read_request_body(environ, BodyLimit(1), pytest.fail) == TEXT


def test_a_body_in_chunks_has_no_length():
    environ = {"wsgi.input": io.BytesIO(TEXT)}
    assert read_request_body(environ, BodyLimit(1)) == TEXT
    with pytest.raises(PayloadTooLarge):
        read_request_body({"wsgi.input": io.BytesIO(b"x" * (1 << 20) + b"x")}, BodyLimit(1))


@pytest.mark.parametrize("parts", [1, 2])
def test_what_inflates_beyond_the_limit_is_never_inflated_whole(parts):
    bomb = gzip.compress(b"0" * (60 << 20))
    assert len(bomb) < 1 << 20
    with pytest.raises(PayloadTooLarge, match="inflated body is larger than 1 MB"):
        read(b"".join([gzip.compress(b"0" * 1000)] * (parts - 1)) + bomb, "gzip")


def test_exactly_the_limit_is_allowed():
    assert len(read(gzip.compress(b"0" * (1 << 20)), "gzip")) == 1 << 20


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (TEXT, "not gzip"),
        (zlib.compress(TEXT), "not gzip"),
        (gzip.compress(TEXT)[:-4], "ends too early"),
        (gzip.compress(TEXT)[:20], "ends too early"),
        (gzip.compress(TEXT) + b"junk", "not gzip"),
        (gzip.compress(TEXT)[:-8] + bytes(8), "not gzip"),
    ],
    ids=["text", "zlib", "cut", "cut early", "junk after it", "wrong sum"],
)
def test_damaged_gzip(body, says):
    with pytest.raises(InvalidInput, match=says) as refused:
        read(body, "gzip")
    assert refused.value.error_code == "BAD_REQUEST"


def test_another_encoding():
    with pytest.raises(UnsupportedMediaType, match="'br'; only gzip"):
        read(TEXT, "br")


def test_a_body_cut_short():
    with pytest.raises(InvalidInput, match="ends after 5 of 10 bytes"):
        read(b"12345", length=10)
