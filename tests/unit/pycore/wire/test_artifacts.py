from __future__ import annotations

import pytest

from pycore.entities import FileInfo
from pycore.wire import artifacts


@pytest.mark.parametrize(
    ("info", "body"),
    [
        (FileInfo("a/b", False, 5), {"path": "a/b", "is_dir": False, "file_size": 5}),
        (FileInfo("a", True), {"path": "a", "is_dir": True}),
        (FileInfo("empty", False, 0), {"path": "empty", "is_dir": False}),
    ],
)
def test_artifacts_there_and_back(info, body):
    assert artifacts.to_json(info) == body
    assert artifacts.from_json(body) == info


def test_sizes_of_other_servers_may_come_as_text():
    assert artifacts.from_json({"path": "a", "file_size": "3"}) == FileInfo("a", False, 3)
