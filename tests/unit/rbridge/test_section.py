"""The section of MLmodel that describes a crate."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycore.errors import InvalidModel
from pycore.models.spec import Model
from rbridge.section import CrateSection


def section_of(folder: Path, **keys: object) -> CrateSection:
    (folder / "crate.bin").write_bytes(b"")
    return CrateSection.of_model(
        folder, Model(flavors={"crate": {"version": "0.1.0", "model": "crate.bin"} | keys})
    )


def test_official_layout_says_nothing_but_the_file(tmp_path):
    found = section_of(tmp_path)
    assert found == CrateSection(tmp_path / "crate.bin")
    assert found.packages is None
    assert found.batchable
    assert found.forkable


def test_all_keys(tmp_path):
    found = section_of(
        tmp_path,
        packages={"ranger": "0.14.1"},
        crate_sha256="ab",
        input_levels={"f": ["a", 1]},
        input_types={"when": "Date", "f": "ordered"},
        batchable=False,
        fork=False,
    )
    assert (found.packages, found.sha256) == ({"ranger": "0.14.1"}, "ab")
    assert (found.input_levels, found.input_types) == ({"f": ["a", "1"]}, {"when": "Date", "f": "ordered"})
    assert not found.batchable
    assert not found.forkable
    assert CrateSection.from_plain(found.to_plain()) == found


def test_no_recorded_packages_differ_from_none_needed(tmp_path):
    assert section_of(tmp_path, packages={}).packages == {}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"packages": ["ranger"]}, "flavors.crate.packages must be a mapping, not"),
        ({"input_levels": {"f": "a"}}, "input_levels must be a list of levels for the column 'f', not 'a'"),
        (
            {"input_types": {"f": "complex"}},
            "one of Date, POSIXct, factor, ordered for each column, not 'complex'",
        ),
        ({"batchable": "yes"}, "batchable must be true or false, not 'yes'"),
        ({"model": "../crate.bin"}, "leaves the model folder"),
        ({"model": "other.bin"}, "lacks 'other.bin'"),
        ({"model": None}, "must be a path inside the model folder"),
    ],
)
def test_wrong_values_are_refused(tmp_path, keys, message):
    with pytest.raises(InvalidModel, match=message):
        section_of(tmp_path, **keys)


def test_model_of_another_flavor(tmp_path):
    with pytest.raises(InvalidModel, match="has no section 'crate'"):
        CrateSection.of_model(tmp_path, Model(flavors={"sklearn": {}}))


def test_found_by_folder_by_file_and_alone(tmp_path):
    section_of(tmp_path)
    Model(flavors={"crate": {"model": "crate.bin", "batchable": False}}).save(tmp_path)
    assert not CrateSection.find(tmp_path).batchable
    assert not CrateSection.find(tmp_path / "crate.bin").batchable
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "x.rds").write_bytes(b"")
    assert CrateSection.find(alone / "x.rds") == CrateSection(alone / "x.rds")
    with pytest.raises(InvalidModel, match="has no file MLmodel"):
        CrateSection.find(alone)
