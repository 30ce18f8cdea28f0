"""Where figures are kept; what they say is tested with a server of several processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycore.errors import InvalidInput, Unavailable
from pycore.server.metrics import ServerMetrics


def test_a_folder_with_anything_else_in_it_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "mlflow.db").write_text("a database")
    (tmp_path / "counter_1.db").write_text("a former process")
    with pytest.raises(InvalidInput, match=r"holds 'mlflow\.db'"):
        ServerMetrics(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"mlflow.db", "counter_1.db"}


def test_a_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=r"cannot be kept in .*: Not a directory"):
        ServerMetrics(tmp_path / "file" / "folder")


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pycore.server.metrics.find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match=r"pip install 'crateflow\[prometheus\]'"):
        ServerMetrics(tmp_path)
