"""Which experiment new runs belong to."""

from __future__ import annotations

import contextlib
import sys

from pycore import config
from pycore.entities import Experiment, LifecycleStage
from pycore.errors import AlreadyExists, InvalidInput, NotFound
from pycore.models.arguments import checked
from pycore.tracking import chosen_experiments, uris
from pycore.tracking.mlflow_client import MlflowClient

DEFAULT_EXPERIMENT_ID = "0"


@checked
def set_experiment(experiment_name: str | None = None, experiment_id: str | int | None = None) -> Experiment:
    """Put new runs into an experiment, given by name or by id.

    The choice holds for the tracking URI in force, and is handed on to child processes.

    Parameters
    ----------
    experiment_name : str, optional
        Made when there is none.
    experiment_id : str or int, optional

    Raises
    ------
    InvalidInput
        Not exactly one of both is given, or the experiment is deleted.
    NotFound
        There is no experiment of this id.
    """
    if (experiment_name is None) == (experiment_id is None):
        raise InvalidInput("set_experiment takes either experiment_name or experiment_id.")
    client = MlflowClient()
    if experiment_name is not None:
        experiment = get_or_create(client, experiment_name)
    else:
        experiment = client.get_experiment(str(experiment_id))
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        raise InvalidInput(
            f"The experiment {experiment.name!r} (id {experiment.experiment_id}) is deleted. Restore it with "
            "restore_experiment, or choose another."
        )
    chosen_experiments.choose(client.tracking_uri, experiment.experiment_id)
    return experiment


def active_experiment_id() -> str:
    """Return the id of the experiment a new run belongs to.

    That of `set_experiment`, else of MLFLOW_EXPERIMENT_NAME, made when there is none, else of
    MLFLOW_EXPERIMENT_ID, else the default experiment's.

    Raises
    ------
    InvalidInput
        The environment names an experiment that does not exist, or two different ones.
    """
    if chosen := chosen_experiments.chosen(uris.get_tracking_uri()):
        return chosen
    name, experiment_id = config.EXPERIMENT_NAME.get(), config.EXPERIMENT_ID.get()
    if name:
        found = get_or_create(MlflowClient(), name).experiment_id
        if experiment_id and experiment_id != found:
            raise InvalidInput(
                f"{config.EXPERIMENT_NAME.name} is {name!r}, which has the id {found}, but "
                f"{config.EXPERIMENT_ID.name} is {experiment_id!r}. Set one of both."
            )
        return found
    return _checked(experiment_id) if experiment_id else DEFAULT_EXPERIMENT_ID


def _checked(experiment_id: str) -> str:
    try:
        return MlflowClient().get_experiment(experiment_id).experiment_id
    except NotFound as error:
        raise InvalidInput(
            f"{config.EXPERIMENT_ID.name} is {experiment_id!r}, but {uris.get_tracking_uri()} has no such "
            "experiment."
        ) from error


def get_or_create(client: MlflowClient, name: str) -> Experiment:
    """Return the experiment of a name, which is made when there is none."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        # Another process may make it in between.
        with contextlib.suppress(AlreadyExists):
            client.create_experiment(name)
            # Seen even where no logging is set up: the name may be a slip.
            print(
                f"Experiment with name '{name}' does not exist. Creating a new experiment.", file=sys.stderr
            )
        experiment = client.tracking.experiments.get_by_name(name)
    return experiment
