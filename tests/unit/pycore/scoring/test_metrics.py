"""Figures of a host as Prometheus reads them."""

import os

from pycore.scoring.engine.figures import Figures
from pycore.scoring.metrics import render_metrics


def state(figures):
    counts = {"queued": 3, "running": 2, "ready": 1, "workers_started": 5, "restarts": 4}
    return {**counts, "workers": [os.getpid()], "figures": figures.to_plain()}


def rendered(figures):
    lines = render_metrics(state(figures))[0].decode().splitlines()
    values = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in values}


def test_counts_by_outcome():
    figures = Figures()
    for outcome in ("ok", "ok", "BAD_REQUEST"):
        figures.answered(outcome, 0.1)
    found = rendered(figures)
    assert found['crateflow_requests_total{outcome="ok"}'] == 2
    assert found['crateflow_requests_total{outcome="BAD_REQUEST"}'] == 1
    assert figures.total == 3


def test_buckets_hold_all_below_them():
    figures = Figures()
    for seconds in (0.0005, 0.001, 0.003, 100):
        figures.answered("ok", seconds)
    found = rendered(figures)
    assert found['crateflow_request_seconds_bucket{le="0.001"}'] == 2
    assert found['crateflow_request_seconds_bucket{le="0.0025"}'] == 2
    assert found['crateflow_request_seconds_bucket{le="0.005"}'] == 3
    assert found['crateflow_request_seconds_bucket{le="60.0"}'] == 3
    assert found['crateflow_request_seconds_bucket{le="+Inf"}'] == 4
    assert found["crateflow_request_seconds_count"] == 4
    assert found["crateflow_request_seconds_sum"] == 100.0045


def test_batches_and_what_is_now():
    figures = Figures()
    figures.dispatched(1)
    figures.dispatched(200)
    found = rendered(figures)
    assert found['crateflow_batch_requests_bucket{le="128.0"}'] == 1
    assert found["crateflow_batch_requests_count"] == 2
    assert found["crateflow_queue_requests"] == 3
    assert found["crateflow_worker_restarts_total"] == 4
    assert found[f'crateflow_worker_memory_bytes{{worker="{os.getpid()}"}}'] > 1 << 20


def test_a_worker_that_has_just_ended_has_no_memory():
    gone = {**state(Figures()), "workers": [2**30]}
    assert 'worker_memory_bytes{worker="1073741824"} 0.0\n' in render_metrics(gone)[0].decode()


def test_every_figure_is_described():
    text, content_type = render_metrics(state(Figures()))
    assert content_type.startswith("text/plain; version=")
    lines = text.decode().splitlines()
    described = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    for line in lines:
        if not line.startswith("#"):
            name = line.split("{")[0].split()[0]
            assert name in described or name.rsplit("_", 1)[0] in described
