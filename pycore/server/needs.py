"""What each endpoint needs of who calls it, where the server asks who that is.

Every line of the table of routes names one of these. A thing that there is not needs nothing: its absence
is answered by whoever looks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pycore.entities import Permission, ResourceKind, Stage
from pycore.errors import InvalidInput, PermissionDenied
from pycore.server.routes.runs import DEFAULT_EXPERIMENT_ID
from pycore.wire.request import Arguments
from pycore.wire.users import resource_from_arguments

if TYPE_CHECKING:
    # What only servers that ask who calls need to load.
    from pycore.server.guard import Visit


@dataclass(frozen=True)
class Need:
    """As it stands: to be a user.

    Attributes
    ----------
    reads : bool
        Whether a token that may only read will do.
    """

    reads: bool

    def check(self, visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Arguments:
        """Refuse who lacks it; return the arguments that the endpoint is to see.

        Parameters
        ----------
        visit : Visit
            Who calls, not an administrator.
        arguments : Arguments
        path : mapping of str to str
            The variable parts of the address.

        Raises
        ------
        PermissionDenied
        """
        return arguments


#: A thing as messages name it, and what the caller may do with it.
Held = tuple[str, Permission | None]
Things = Callable[["Visit", Arguments, Mapping[str, str]], Iterable[Held]]


@dataclass(frozen=True)
class Permitted(Need):
    """A permission on all of some things."""

    permission: Permission
    things: Things

    def check(self, visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Arguments:
        """Refuse who lacks the permission on one of the things."""
        for name, held in self.things(visit, arguments, path):
            _check(name, held, self.permission)
        return arguments


@dataclass(frozen=True)
class Narrowed(Need):
    """Nothing, but experiments that the caller may not read are left out of those asked for."""

    def check(self, visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Arguments:
        """Leave out what the caller may not read."""
        asked_for = arguments.identifiers("experiment_ids")
        return arguments.replaced(experiment_ids=visit.access.readable(asked_for))


@dataclass(frozen=True)
class Administration(Need):
    """To be an administrator."""

    def check(self, visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Arguments:
        """Refuse everybody else."""
        raise PermissionDenied("Only administrators may do this.")


@dataclass(frozen=True)
class OwnAccount(Need):
    """To be the user whom the request is about."""

    def check(self, visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Arguments:
        """Refuse everybody else."""
        if arguments.text("username") != visit.caller.user.username:
            raise PermissionDenied("Only administrators may see and change other users.")
        return arguments


@dataclass(frozen=True)
class OwnOrManaged(Permitted):
    """To be the user whom the request is about, or to have a permission on the thing it is about."""

    def check(self, visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Arguments:
        """Refuse who is neither."""
        if arguments.text("username") == visit.caller.user.username:
            return arguments
        return super().check(visit, arguments, path)


@dataclass(frozen=True)
class OwnPassword(OwnAccount):
    """To be that user, and to know the password: a token that was lost must not change it."""

    def check(self, visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Arguments:
        """Refuse everybody else, and a token without the password."""
        super().check(visit, arguments, path)
        if not visit.caller.by_password and not arguments.text("current_password", None):
            raise InvalidInput("Missing value for required parameter 'current_password'.")
        return arguments


@dataclass(frozen=True)
class Transition(Need):
    """To edit a registered model; to manage it where a stage is in the hands of who does."""

    def check(self, visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Arguments:
        """Refuse who lacks the permission for the stages between which the version moves."""
        name, version = arguments.text("name"), arguments.identifier("version")
        held = visit.access.to_registered_model(name)
        _check(f"registered model {name!r}", held, Permission.EDIT)
        if held is not None and held < Permission.MANAGE and visit.managed_stages:
            stages = {visit.api.model_versions.get(name, version).current_stage}
            stages.add(Stage.parse(arguments.text("stage")))
            if managed := stages.intersection(visit.managed_stages):
                raise PermissionDenied(
                    f"Versions move into and out of {', '.join(sorted(managed))} by who has MANAGE on the "
                    f"registered model {name!r}; you have {held.name}."
                )
        return arguments


def _check(name: str, held: Permission | None, needed: Permission) -> None:
    if held is not None and held < needed:
        raise PermissionDenied(
            f"This needs {needed.name} on the {name}; you have {held.name}. Ask one who manages it, or an "
            "administrator."
        )


# Things


def _experiment(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    experiment_id = arguments.identifier("experiment_id")
    yield f"experiment {experiment_id}", visit.access.to_experiment(experiment_id)


def _experiment_named(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    name = arguments.text("experiment_name")
    yield f"experiment {name!r}", visit.access.to_experiment_named(name)


def _experiments(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    for experiment_id in arguments.identifiers("experiment_ids"):
        yield f"experiment {experiment_id}", visit.access.to_experiment(experiment_id)


def _experiment_of_new_run(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    experiment_id = arguments.identifier("experiment_id", "") or DEFAULT_EXPERIMENT_ID
    yield f"experiment {experiment_id}", visit.access.to_experiment(experiment_id)


def _run(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    yield _held_on_run(visit, arguments.run_id())


def _held_on_run(visit: Visit, run_id: str) -> Held:
    return f"run {run_id}", visit.access.to_run(run_id)


def _runs(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    # Two endpoints, which differ in how they spell it.
    for run_id in sorted({*arguments.texts("run_id"), *arguments.texts("run_ids")}):
        yield _held_on_run(visit, run_id)


def _measured(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    """Name the run that logs, and the logged models whose metrics it logs."""
    yield from _run(visit, arguments, path)
    points = [arguments, *arguments.items("metrics")]
    for model_id in sorted({point.text("model_id", "") for point in points} - {""}):
        yield f"logged model {model_id}", visit.access.to_logged_model(model_id)


def _run_or_logged_model(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    if run_id := arguments.text("run_id", ""):
        yield _held_on_run(visit, run_id)
    if model_id := arguments.text("model_id", ""):
        yield f"logged model {model_id}", visit.access.to_logged_model(model_id)


def _experiment_and_source_run(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    """Name where a logged model goes, and the run among whose artifacts it will show."""
    yield from _experiment(visit, arguments, path)
    if run_id := arguments.text("source_run_id", ""):
        yield _held_on_run(visit, run_id)


def _logged_model(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    model_id = path["model_id"]
    yield f"logged model {model_id}", visit.access.to_logged_model(model_id)


def _registered_model(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    name = arguments.text("name")
    yield f"registered model {name!r}", visit.access.to_registered_model(name)


def _source(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    yield from _run_or_logged_model(visit, arguments, path)
    source = arguments.text("source")
    for held in visit.access.to_source(source):
        yield f"source {source!r}", held


def _folder(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    folder = arguments.text("path", "")
    yield f"folder {folder!r}", visit.access.to_artifacts(folder)


def _file(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    yield f"file {path['path']!r}", visit.access.to_artifacts(path["path"])


def _resource(visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Iterable[Held]:
    resource = resource_from_arguments(arguments)
    if resource.kind is ResourceKind.EXPERIMENT:
        yield f"experiment {resource.key}", visit.access.to_experiment(resource.key)
    else:
        yield f"registered model {resource.key!r}", visit.access.to_registered_model(resource.key)


def _read(things: Things) -> Permitted:
    return Permitted(True, Permission.READ, things)


def _edit(things: Things) -> Permitted:
    return Permitted(False, Permission.EDIT, things)


def _manage(things: Things) -> Permitted:
    return Permitted(False, Permission.MANAGE, things)


@dataclass(frozen=True)
class _NewVersion(Need):
    def check(self, visit: Visit, arguments: Arguments, path: Mapping[str, str]) -> Arguments:
        EDIT_REGISTERED_MODEL.check(visit, arguments, path)
        return _read(_source).check(visit, arguments, path)


#: Nothing, not even to be known.
OPEN = Need(True)
#: To be a user: what is found is what that one may read.
KNOWN = Need(True)
#: To be a user, who will manage what is made.
CREATE = Need(False)
READ_EXPERIMENT = _read(_experiment)
READ_EXPERIMENT_NAMED = _read(_experiment_named)
READ_EXPERIMENTS = _read(_experiments)
EDIT_EXPERIMENT = _edit(_experiment)
MANAGE_EXPERIMENT = _manage(_experiment)
READABLE_EXPERIMENTS = Narrowed(True)
CREATE_RUN = _edit(_experiment_of_new_run)
READ_RUN = _read(_run)
READ_RUNS = _read(_runs)
EDIT_RUN = _edit(_run)
MANAGE_RUN = _manage(_run)
MEASURE = _edit(_measured)
EDIT_RUN_OR_LOGGED_MODEL = _edit(_run_or_logged_model)
CREATE_LOGGED_MODEL = _edit(_experiment_and_source_run)
READ_LOGGED_MODEL = _read(_logged_model)
EDIT_LOGGED_MODEL = _edit(_logged_model)
MANAGE_LOGGED_MODEL = _manage(_logged_model)
READ_REGISTERED_MODEL = _read(_registered_model)
EDIT_REGISTERED_MODEL = _edit(_registered_model)
MANAGE_REGISTERED_MODEL = _manage(_registered_model)
#: To edit the registered model, and to read what the version is made from.
CREATE_VERSION = _NewVersion(False)
MOVE_VERSION = Transition(False)
READ_FOLDER = _read(_folder)
READ_FILE = _read(_file)
EDIT_FILE = _edit(_file)
MANAGE_FILE = _manage(_file)
MANAGE_RESOURCE = _manage(_resource)
SEE_PERMISSION = OwnOrManaged(True, Permission.MANAGE, _resource)
SEE_EXPERIMENT_PERMISSIONS = OwnOrManaged(True, Permission.MANAGE, _experiment)
SEE_REGISTERED_MODEL_PERMISSIONS = OwnOrManaged(True, Permission.MANAGE, _registered_model)
ADMINISTRATOR = Administration(False)
SEE_USERS = Administration(True)
SEE_ACCOUNT = OwnAccount(True)
CHANGE_PASSWORD = OwnPassword(False)
