from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

from pycore.artifacts.paths import checked, checked_folder
from pycore.errors import InvalidInput

LEADING_OUT = ["..", "../x", "d/../a.txt", "d/..", "/etc/passwd", "//x", "/"]
FOREIGN = ["C:\\x", "C:/x", "c:x", "\\\\host\\share", "..\\x", "a\\b", "file:///etc", "s3://b/x", "file:/etc"]
UNCLEAN = ["", ".", "./a", "a/./b", "a//b", "a/", "a/.", "a#b", "#", "a\0", "a\nb", "tab\tx", "\x7f"]
RESERVED = [".crateflow-upload-1", "a/.crateflow-upload-1", "x" * 256, "é" * 128]


@pytest.mark.parametrize("path", LEADING_OUT + FOREIGN + UNCLEAN + RESERVED)
def test_refused(path):
    with pytest.raises(InvalidInput, match=r"^Invalid path"):
        checked(path)


@pytest.mark.parametrize("path", LEADING_OUT + FOREIGN + [path for path in UNCLEAN if path])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_refused_in_every_encoding(path, times):
    path = "".join(f"%{byte:02x}" for byte in path.encode())
    for _ in range(times - 1):
        path = quote(path)
    with pytest.raises(InvalidInput, match=r"^Invalid path"):
        checked(path)


@pytest.mark.parametrize(
    "path",
    ["%2e%2e/x", "%2E%2E%2Fx", "..%2fx", "%252e%252e/x", "%25252e%25252e/x", "..%252fx", "a%2523b", "%2fetc"],
)
def test_refused_as_attackers_spell_it(path):
    with pytest.raises(InvalidInput, match=r"^Invalid path"):
        checked(path)


def test_bytes_that_were_no_utf8_are_refused():
    with pytest.raises(InvalidInput, match="not valid UTF-8"):
        checked("a\N{REPLACEMENT CHARACTER}")


def test_endless_encoding_is_refused():
    with pytest.raises(InvalidInput, match="too many times"):
        checked("%" + "25" * 20 + "2e")


@pytest.mark.parametrize(
    "path",
    [
        "model/MLmodel",
        "a b/c+d.txt",
        "50%.txt",
        "50%25.txt",
        "x%25y",
        "what?.csv",
        "..;/x",
        "a;b",
        "~",
        "...",
        "..x",
        "trailing ",
        "12:30.txt",
        "loss:train.png",
        'quote".txt',
        "é/日本.txt",
        "x" * 255,
        "100%accuracy.png",
    ],
)
def test_accepted_unchanged(path):
    assert checked(path) == path


@pytest.mark.parametrize(
    ("path", "folder"), [("", ""), (".", ""), ("./", ""), ("d", "d"), ("d/", "d"), ("d/e/", "d/e")]
)
def test_folders(path, folder):
    assert checked_folder(path) == folder


@pytest.mark.parametrize("path", ["..", "d//", "./d", "/", "//"])
def test_refused_folders(path):
    with pytest.raises(InvalidInput, match=r"^Invalid path"):
        checked_folder(path)


@given(
    st.text(max_size=30) | st.lists(texts | st.sampled_from(["..", ".", "%2e%2e"]), max_size=4).map("/".join)
)
def test_what_passes_stays_below_the_root(path):
    try:
        parts = checked(path).split("/")
    except InvalidInput:
        return
    assert not {"", ".", ".."} & set(parts)
