"""Crates made by R once per test run, and models on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from r_scripts import rscript

from rbridge.model import CrateModel
from rbridge.section import CrateSection


@pytest.fixture(scope="session")
def crates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all crates of `crates.R`."""
    folder = tmp_path_factory.mktemp("crates")
    rscript(Path(__file__).parent / "crates.R", folder)
    return folder


@pytest.fixture(scope="module")
def load(crates: Path) -> Iterator[Callable[..., CrateModel]]:
    """Load a crate by name; keys of `CrateSection` may be added. One process each, per test file."""
    with ExitStack() as stack:
        loaded: dict[str, CrateModel] = {}

        def load(name: str, **keys: object) -> CrateModel:
            if keys or name not in loaded:
                model = CrateModel(CrateSection(crates / f"{name}.bin", **keys))
                stack.enter_context(closing(model))
                if keys:
                    return model
                loaded[name] = model
            return loaded[name]

        yield load
