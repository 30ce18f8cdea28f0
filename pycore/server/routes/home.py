"""The page at ``/``: what this server keeps, at a glance."""

from __future__ import annotations

from datetime import datetime, timezone

from flask import Request, Response, render_template

from pycore.entities import Experiment
from pycore.protocols import Api

_MAX_ROWS = 50


def home(api: Api, request: Request) -> Response:
    """Show the newest experiments with their latest run, and the registered models."""
    experiments = api.experiments.search(max_results=_MAX_ROWS)
    models = api.registered_models.search(max_results=_MAX_ROWS)
    page = render_template(
        "home.html",
        address=request.url_root.rstrip("/"),
        experiments=[_row(api, experiment) for experiment in experiments],
        models=models,
        is_cut=bool(experiments.token or models.token),
        limit=_MAX_ROWS,
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return Response(
        page, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy}
    )


def _row(api: Api, experiment: Experiment) -> dict[str, str]:
    row = {"experiment_id": experiment.experiment_id, "name": experiment.name}
    for run in api.runs.search([experiment.experiment_id], max_results=1):
        row |= {
            "run_name": run.info.run_name,
            "status": run.info.status,
            "started": _utc_text(run.info.start_time),
        }
    return row


def _utc_text(time_ms: int | None) -> str:
    try:
        moment = datetime.fromtimestamp((time_ms or 0) / 1000, timezone.utc)
    except (OverflowError, ValueError):
        # Clients set start times freely; not each is a date of this era.
        return str(time_ms)
    return moment.strftime("%Y-%m-%d %H:%M:%S")
