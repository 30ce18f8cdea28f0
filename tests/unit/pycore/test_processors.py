from __future__ import annotations

import os
from pathlib import Path

import pytest

from pycore.processors import usable_processors


@pytest.mark.parametrize(
    ("text", "expected"), [("100000 100000\n", 1), ("50000 100000\n", 1), ("1 100000", 1)]
)
def test_a_container_may_allow_less(tmp_path: Path, text: str, expected: int):
    (tmp_path / "cpu.max").write_text(text)
    assert usable_processors(tmp_path / "cpu.max") == expected


@pytest.mark.parametrize("text", ["max 100000\n", "", "100000000 100000\n", None])
def test_otherwise_it_is_what_the_system_allows(tmp_path: Path, text: str | None):
    if text is not None:
        (tmp_path / "cpu.max").write_text(text)
    assert usable_processors(tmp_path / "cpu.max") == len(os.sched_getaffinity(0))
