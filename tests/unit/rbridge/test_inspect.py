"""What is found in a crate without R, and that no damage gets past it."""

from __future__ import annotations

import contextlib
import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycore.errors import InvalidModel
from rbridge.inspect import inspect

_FUZZ = settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
#: Those that hold a closure; the others are refused.
_NOT_CRATES = {"no_function", "no_crate", "ascii"}
_HEADER = b"X\n" + struct.pack(">iii", 3, 0x00040202, 0x00030500) + struct.pack(">i", 5) + b"UTF-8"


def raw(content: bytes) -> bytes:
    """An RDS file of raw bytes, compressed."""
    return gzip.compress(_HEADER + struct.pack(">ii", 24, len(content)) + content)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "crate.bin"
    path.write_bytes(content)
    return path


def test_every_crate_is_read_to_its_last_byte(crates):
    names = {path.stem for path in crates.glob("*.bin")} - _NOT_CRATES
    assert len(names) > 30
    for name in names:
        info = inspect(crates / f"{name}.bin")
        assert info.r_version.count(".") == 2
        assert info.size_bytes >= sum(found.size_bytes for found in info.objects) > 0


@pytest.mark.parametrize(
    ("name", "packages"),
    [
        ("lm", ()),
        ("glm", ()),
        ("loess", ()),
        ("gam", ("mgcv",)),
        ("rpart", ("rpart",)),
        ("ranger", ("ranger",)),
        ("randomForest", ("randomForest",)),
        ("glmnet", ("Matrix", "glmnet")),
        ("nnet", ("nnet",)),
        ("multinom", ("nnet",)),
        ("lda", ("MASS",)),
        ("polr", ("MASS",)),
        ("coxph", ("survival",)),
        ("missing_package", ("absentpackage",)),
    ],
)
def test_packages_are_found_by_calls_and_classes(crates, name, packages):
    assert inspect(crates / f"{name}.bin").packages == packages


def test_facts_of_a_crate(crates):
    info = inspect(crates / "lm.bin")
    assert (info.serialization_version, info.encoding, info.arguments) == (3, "UTF-8", ("x",))
    assert info.calls == ("stats::predict",)
    assert [(found.name, found.classes) for found in info.objects] == [
        ("model", ("lm",)),
        ("(function)", ("function",)),
    ]
    assert 10_000 < info.objects[0].size_bytes < info.size_bytes < 20_000
    assert info.external_pointers == 0


def test_arguments_and_promises(crates):
    assert inspect(crates / "scaled.bin").arguments == ("x", "by", "offset")
    assert inspect(crates / "nls.bin").promises > 0


def test_compiled_code_is_read(crates):
    found = {found.name: found.classes for found in inspect(crates / "compiled.bin").objects}
    assert found == {"(function)": ("function",), "helper": ("function",), "numbers": ("integer",)}


@pytest.mark.parametrize("name", ["version2", "native", "plain", "xz", "bzip2", "uncompressed"])
def test_other_forms_of_the_file(crates, name):
    assert inspect(crates / f"{name}.bin").calls == ("stats::predict",)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no_function", "it holds an object of class lm, not a function"),
        ("no_crate", "not a function"),
        ("ascii", "text form"),
    ],
)
def test_what_is_no_crate_is_refused(crates, name, why):
    with pytest.raises(InvalidModel, match=why):
        inspect(crates / f"{name}.bin")


class TestBadFile:
    def test_absent(self, tmp_path):
        with pytest.raises(InvalidModel, match="There is no crate at"):
            inspect(tmp_path / "crate.bin")

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\x80\x04pickle", b"not a crate at all"])
    def test_of_another_kind(self, tmp_path, content):
        with pytest.raises(InvalidModel, match=r"neither compressed .* nor R data"):
            inspect(write(tmp_path, content))

    def test_compression_that_breaks_off(self, crates, tmp_path):
        content = (crates / "lm.bin").read_bytes()
        with pytest.raises(InvalidModel, match="damaged or incomplete"):
            inspect(write(tmp_path, content[: len(content) // 2]))

    @pytest.mark.parametrize("inside", [False, True])
    def test_promise_at_the_top(self, tmp_path, inside):
        # A promise without environment: flags, then value and expression.
        promise = _HEADER + struct.pack(">i", 5) + struct.pack(">ii", 252, 254)
        with pytest.raises(InvalidModel, match="top item is a promise"):
            inspect(write(tmp_path, raw(promise) if inside else gzip.compress(promise)))

    def test_announced_length_is_not_believed(self, tmp_path):
        huge = _HEADER + struct.pack(">iiii", 19, -1, 2**30, 0)
        with pytest.raises(InvalidModel, match="it ends early"):
            inspect(write(tmp_path, raw(huge)))

    def test_nesting_without_end(self, tmp_path):
        deep = _HEADER + struct.pack(">ii", 19, 1) * 100_000 + struct.pack(">i", 254)
        with pytest.raises(InvalidModel, match="nested deeper"):
            inspect(write(tmp_path, raw(deep)))

    def test_bytes_after_the_end(self, tmp_path):
        with pytest.raises(InvalidModel, match="4 bytes are left"):
            inspect(write(tmp_path, raw(_HEADER + struct.pack(">ii", 254, 0))))

    def test_unknown_format(self, tmp_path):
        content = b"X\n" + struct.pack(">iii", 4, 0x00060000, 0x00060000)
        with pytest.raises(InvalidModel, match="format 4 is unknown"):
            inspect(write(tmp_path, gzip.compress(content)))

    def test_reference_to_nothing(self, tmp_path):
        with pytest.raises(InvalidModel, match="unknown object 7"):
            inspect(write(tmp_path, raw(_HEADER + struct.pack(">i", 7 << 8 | 255))))


class TestFuzz:
    """Whatever happens to the bytes: a description or `InvalidModel`, nothing else."""

    @given(data=st.data())
    @_FUZZ
    @pytest.mark.parametrize("name", ["rpart", "compiled", "glm", "nls", "coxph"])
    def test_flipped_bytes(self, crates, tmp_path, name, data):
        content = bytearray(gzip.decompress((crates / f"{name}.bin").read_bytes()))
        places = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
        for place, byte in data.draw(st.lists(places, min_size=1, max_size=6)):
            content[place] = byte
        _inspect_or_refuse(write(tmp_path, bytes(content)))

    @given(data=st.data())
    @_FUZZ
    @pytest.mark.parametrize("name", ["lm", "compiled"])
    def test_truncation(self, crates, tmp_path, name, data):
        inner = gzip.decompress((crates / f"{name}.bin").read_bytes())[31:]
        assert inner[:2] == b"X\n"
        cut = data.draw(st.integers(0, len(inner) - 1))
        with pytest.raises(InvalidModel):
            inspect(write(tmp_path, raw(inner[:cut])))

    @given(content=st.binary(max_size=200))
    @_FUZZ
    def test_arbitrary_items(self, tmp_path, content):
        _inspect_or_refuse(write(tmp_path, gzip.compress(_HEADER + content)))


def _inspect_or_refuse(path: Path) -> None:
    with contextlib.suppress(InvalidModel):
        inspect(path)
