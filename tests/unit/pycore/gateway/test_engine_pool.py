"""Engines by reference: started once, swapped, kept where a new version fails. Hosts are real processes."""

import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from waiting import LIMIT_S, until

from pycore.errors import ModelError, NotFound, Unavailable
from pycore.gateway.engine_pool import EnginePool
from pycore.gateway.model_files import fetch_model
from pycore.gateway.options import GatewayOptions
from pycore.models.columns import Column, Table
from pycore.scoring.engine.client import EngineClient


class Fetcher:
    """Fetches models, counts how often, and waits for a gate where there is one."""

    def __init__(self):
        self.versions = Counter()
        self.gate = None

    def __call__(self, registry, version, folder: Path) -> Path:
        self.versions[f"{version.name} {version.version}"] += 1
        if self.gate is not None:
            assert self.gate.wait(LIMIT_S)
        return fetch_model(registry, version, folder)


@pytest.fixture
def fetcher():
    return Fetcher()


@pytest.fixture
def pool(registry, fetcher):
    options = GatewayOptions(workers=1, timeout_s=LIMIT_S, memory_mb=10_000, idle_s=900, start_s=LIMIT_S)
    pool = EnginePool(registry, options, fetcher)
    pool.open()
    yield pool
    if fetcher.gate is not None:
        fetcher.gate.set()
    pool.close()


def version_of(pool, name, reference):
    """Borrow an engine, score with it, give it back."""
    lease = pool.lease(name, reference)
    client = EngineClient(lease.engine.host.address, LIMIT_S)
    try:
        rows = Table({"x": Column("double", np.array([1.5]))}, 1)
        assert client.predict(rows, {}).n_rows == 1
        return lease.version, lease.warning
    finally:
        client.close()
        pool.release(lease)


def test_references_to_a_version_share_its_engine(pool, register, fetcher):
    register("m")
    register("m")
    leases = [pool.lease("m", reference) for reference in ("2", "latest", "2")]
    assert {lease.version for lease in leases} == {"2"}
    assert len({id(lease.engine) for lease in leases}) == 1
    assert fetcher.versions == {"m 2": 1}
    assert version_of(pool, "m", "1") == ("1", None)
    for lease in leases:
        pool.release(lease)


def test_a_moved_alias_is_swapped_when_the_new_version_is_ready(pool, registry, register, fetcher):
    register("m")
    register("m")
    registry.registered_models.set_alias("m", "live", "1")
    assert version_of(pool, "m", "@live") == ("1", None)
    assert pool.status("m", "@live").state == "ready"
    fetcher.gate = threading.Event()
    registry.registered_models.set_alias("m", "live", "2")
    until(lambda: version_of(pool, "m", "@live") and fetcher.versions["m 2"])
    # Until it is ready the old one answers, and nothing is wrong with that.
    assert version_of(pool, "m", "@live") == ("1", None)
    status = pool.status("m", "@live")
    assert (status.state, status.serving_version) == ("starting", "1")
    fetcher.gate.set()
    until(lambda: version_of(pool, "m", "@live") == ("2", None))
    until(lambda: pool.status("m", "1").state == "stopped")


def test_an_engine_in_use_outlives_its_reference(pool, registry, register):
    register("m")
    register("m")
    registry.registered_models.set_alias("m", "live", "1")
    used = pool.lease("m", "@live")
    registry.registered_models.set_alias("m", "live", "2")
    until(lambda: version_of(pool, "m", "@live") == ("2", None))
    assert not used.engine.has_ended
    pool.release(used)
    until(lambda: used.engine.has_ended)


def test_a_version_that_does_not_load_leaves_the_old_one_and_says_so(pool, registry, register, fetcher):
    register("m")
    register("m", broken=True)
    registry.registered_models.set_alias("m", "live", "1")
    assert version_of(pool, "m", "@live") == ("1", None)
    registry.registered_models.set_alias("m", "live", "2")
    began = time.monotonic()
    version, warning = until(lambda: (found := version_of(pool, "m", "@live"))[1] and found)
    assert version == "1"
    assert "version 2 cannot be loaded, version 1 answers" in warning
    assert "the weights are gone" in warning
    status = pool.status("m", "@live")
    assert (status.state, status.serving_version) == ("failed", "1")
    assert "the weights are gone" in status.reason
    with pytest.raises(ModelError, match="the weights are gone"):
        pool.lease("m", "2")
    # Not tried again by every request, but by one of each half minute.
    assert fetcher.versions["m 2"] <= 1 + (time.monotonic() - began) / 30


def test_a_renamed_model_is_gone_under_its_old_name(pool, registry, register):
    register("m")
    registry.registered_models.set_alias("m", "live", "1")
    assert version_of(pool, "m", "@live") == ("1", None)
    registry.registered_models.rename("m", "n")
    assert version_of(pool, "n", "@live") == ("1", None)

    def refused():
        try:
            pool.release(pool.lease("m", "@live"))
        except NotFound:
            return True
        return False

    until(refused)


def test_a_start_that_takes_too_long_is_no_answer_yet(registry, register, fetcher):
    register("m")
    fetcher.gate = threading.Event()
    options = GatewayOptions(workers=1, timeout_s=LIMIT_S, memory_mb=10_000, idle_s=900, start_s=0.2)
    pool = EnginePool(registry, options, fetcher)
    pool.open()
    try:
        with pytest.raises(Unavailable, match=r"has not started within 0\.2 s"):
            pool.lease("m", "1")
        assert pool.status("m", "1").state == "starting"
    finally:
        fetcher.gate.set()
        pool.close()


def test_after_the_end_nothing_is_lent(registry, register, fetcher):
    register("m")
    options = GatewayOptions(workers=1, timeout_s=LIMIT_S, memory_mb=10_000, idle_s=900, start_s=LIMIT_S)
    pool = EnginePool(registry, options, fetcher)
    pool.open()
    lease = pool.lease("m", "1")
    pool.release(lease)
    pool.close()
    assert lease.engine.has_ended
    with pytest.raises(Unavailable, match="being stopped"):
        pool.lease("m", "1")
