"""All that a client sees of a platform, as JSON: the same function for official clients and for ours."""

from __future__ import annotations

import sys

ALL = 3


def view(client) -> dict:
    """Return everything but where artifacts lie and the ids of experiments."""
    experiments = client.search_experiments(view_type=ALL)
    return {
        "experiments": {experiment.name: _experiment(client, experiment) for experiment in experiments},
        "registered models": {
            model.name: _registered(client, model) for model in client.search_registered_models()
        },
    }


def _experiment(client, experiment) -> dict:
    runs = client.search_runs([experiment.experiment_id], run_view_type=ALL)
    # Official clients before 3.0 know no logged models.
    search = getattr(client, "search_logged_models", None)
    models = search([experiment.experiment_id]) if search else []
    return {
        "stage": experiment.lifecycle_stage,
        # Every platform makes its own experiment 0.
        "times": [experiment.creation_time, experiment.last_update_time]
        if experiment.name != "Default"
        else [],
        "tags": dict(experiment.tags),
        "runs": {run.info.run_id: _run(client, run) for run in runs},
        "logged models": {model.model_id: _logged(model) for model in models},
    }


def _run(client, run) -> dict:
    info, inputs, outputs = run.info, run.inputs, getattr(run, "outputs", None)
    return {
        "name": info.run_name,
        "user": info.user_id,
        "status": info.status,
        "stage": info.lifecycle_stage,
        "times": [info.start_time, info.end_time],
        "params": dict(run.data.params),
        "tags": dict(run.data.tags),
        "latest": {key: _number(value) for key, value in run.data.metrics.items()},
        "history": {key: _points(client.get_metric_history(info.run_id, key)) for key in run.data.metrics},
        "datasets": {given.dataset.name: _dataset(given) for given in inputs.dataset_inputs},
        "models": [made.model_id for made in outputs.model_outputs] if outputs else [],
    }


def _dataset(given) -> list:
    dataset = given.dataset
    return [dataset.digest, dataset.source, dataset.profile, {tag.key: tag.value for tag in given.tags}]


def _logged(model) -> dict:
    return {
        "name": model.name,
        "run": model.source_run_id,
        "status": model.status.name,
        "times": [model.creation_timestamp, model.last_updated_timestamp],
        "params": dict(model.params),
        "tags": dict(model.tags),
        # MLflow reads the latest point only from its files.
        "latest": {point.key: point.value for point in sorted(model.metrics, key=lambda point: point.step)},
    }


def _registered(client, model) -> dict:
    versions = client.search_model_versions(f"name = '{model.name}'")
    return {
        "description": model.description or None,
        "tags": dict(model.tags),
        "aliases": {alias: int(number) for alias, number in model.aliases.items()},
        "times": [model.creation_timestamp, model.last_updated_timestamp],
        "versions": {str(version.version): _version(version) for version in versions},
    }


def _version(version) -> dict:
    return {
        "stage": version.current_stage,
        "description": version.description or None,
        "source": version.source,
        "run": version.run_id,
        "tags": dict(version.tags),
        "times": [version.creation_timestamp, version.last_updated_timestamp],
    }


def _points(points) -> list:
    return sorted([_number(point.value), point.step, point.timestamp] for point in points)


def _number(value: float) -> str:
    # MLflow's databases cut infinities to the largest number.
    return str(value * 2 if abs(value) == sys.float_info.max else value)
