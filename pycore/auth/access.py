"""What one user may do with things, and with what belongs to those."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, urlsplit

from pycore.artifacts.paths import checked_folder
from pycore.artifacts.stores import PROXY_SCHEME, scheme_of
from pycore.entities import Actor, Permission
from pycore.entities.experiment import experiment_number
from pycore.errors import InvalidInput
from pycore.store import Database
from pycore.store import permissions as rows

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


class Access:
    """What an actor may do. Each answer is None where there is no such thing, which nobody need hide.

    Parameters
    ----------
    actor : Actor
    tracking, registry : Database
        Where experiments and where registered models are kept.
    """

    def __init__(self, actor: Actor, tracking: Database, registry: Database) -> None:
        self.actor = actor
        self._tracking = tracking
        self._registry = registry

    @property
    def _user_id(self) -> int:
        return self.actor.user.user_id

    def to_experiment(self, experiment_id: str) -> Permission | None:
        """Return what the actor may do with an experiment."""
        number = _number(experiment_id)
        if number is None:
            return None
        with self._tracking.reading() as connection:
            return self._effective(rows.granted_on_experiment(connection, self._user_id, number))

    def to_experiment_named(self, name: str) -> Permission | None:
        """Return what the actor may do with the experiment of a name."""
        with self._tracking.reading() as connection:
            return self._effective(rows.granted_on_experiment_named(connection, self._user_id, name))

    def to_run(self, run_id: str) -> Permission | None:
        """Return what the actor may do with a run: what holds for its experiment."""
        with self._tracking.reading() as connection:
            return self._effective(rows.granted_on_run(connection, self._user_id, run_id))

    def to_logged_model(self, model_id: str) -> Permission | None:
        """Return what the actor may do with a logged model: what holds for its experiment."""
        with self._tracking.reading() as connection:
            return self._effective(rows.granted_on_logged_model(connection, self._user_id, model_id))

    def to_registered_model(self, name: str) -> Permission | None:
        """Return what the actor may do with a registered model and its versions."""
        with self._registry.reading() as connection:
            return self._effective(rows.granted_on_registered_model(connection, self._user_id, name))

    def to_artifacts(self, path: str) -> Permission:
        """Return what the actor may do with a file or folder of the server's own artifacts.

        A path in the folder of a run or of a logged model is that one's. Another belongs to the experiments
        at whose location it is, or below; to none of them, to administrators. Folders may overlap, because
        users choose the locations of experiments: then the least of all permissions holds.

        Raises
        ------
        InvalidInput
            The path is no legal one.
        """
        path = checked_folder(path)
        parts = path.split("/")
        with self._tracking.reading() as connection:
            runs, models = _matching(_RUN_ID, parts), _matching(_MODEL_ID, parts)
            found = rows.granted_at_folders(connection, self._user_id, runs, models)
            owners = [granted for uri, granted in found if _is_at_or_below(path, uri)]
            if not owners:
                found = rows.granted_at_locations(connection, self._user_id, PROXY_SCHEME)
                owners = [granted for uri, granted in found if _is_at_or_below(path, uri)]
        nobody = self.actor.effective(Permission.NO_PERMISSIONS)
        return min((self.actor.effective(granted.permission) for granted in owners), default=nobody)

    def to_source(self, source: str) -> list[Permission | None]:
        """Return what the actor may do with all that the source of a model version names.

        Whoever may read the version gets its files, through a server that can read more than its users.
        """
        scheme, place = scheme_of(source), source.partition(":")[2].lstrip("/")
        first, _, rest = place.partition("/")
        if scheme == "runs":
            return [self.to_run(first)]
        if scheme == "models" and _MODEL_ID.fullmatch(place):
            return [self.to_logged_model(place)]
        if scheme == "models":
            return [self.to_registered_model(first if rest else place.rpartition("@")[0])]
        if scheme == PROXY_SCHEME:
            return [self.to_artifacts(urlsplit(source).path.lstrip("/"))]
        # Elsewhere the ids in a path tell whose it is: a server puts the files of each below its id.
        parts = re.split(r"[/\\?#&=]", f"{source}/{unquote(source)}")
        return [
            *map(self.to_run, _matching(_RUN_ID, parts)),
            *map(self.to_logged_model, _matching(_MODEL_ID, parts)),
        ]

    def readable(self, experiment_ids: Iterable[str]) -> list[str]:
        """Return those of several experiments that the actor may read, and what is no id at all."""
        numbers = {each: _number(each) for each in experiment_ids}
        known = [number for number in numbers.values() if number is not None]
        with self._tracking.reading() as connection:
            found = rows.find_readable_experiments(connection, known, self.actor)
        return [each for each, number in numbers.items() if number is None or number in found]

    def _effective(self, granted: rows.Granted | None) -> Permission | None:
        return None if granted is None else self.actor.effective(granted.permission)


def _number(experiment_id: str) -> int | None:
    try:
        return experiment_number(experiment_id)
    except InvalidInput:
        # What is no id at all is refused by whoever reads it.
        return None


def _matching(pattern: re.Pattern[str], parts: Iterable[str]) -> Sequence[str]:
    return sorted({part for part in parts if pattern.fullmatch(part)})


def _is_at_or_below(path: str, uri: str) -> bool:
    """Return whether a path of the server's artifacts lies at what a URI names, or below."""
    if scheme_of(uri) != PROXY_SCHEME:
        return False
    folder = urlsplit(uri).path.strip("/")
    return not folder or f"{path}/".startswith(f"{folder}/")
