"""What a flavor is: the two protocols that connect a kind of model to everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pycore.models.image_needs import ImageNeeds

if TYPE_CHECKING:
    from pycore.models.columns import Block
    from pycore.models.spec import Model


class Predictor(Protocol):
    """A loaded model in a process of its own, ready to score.

    A model host loads it once, calls `predict` once with the input example, then `settle`, and forks
    workers, each of which calls `after_fork` before its first `predict`. `tidy` may be called after any
    prediction. Calls never overlap.
    """

    #: Rows may be scored together with those of other requests: one row in, one row out.
    batchable: bool
    #: The loaded model survives a fork; without it each worker loads its own copy.
    forkable: bool
    #: What `predict` is given may be looked at after it has returned.
    keeps_data: bool

    def predict(self, data: Block, params: Mapping[str, Any]) -> Block:
        """Score rows.

        Parameters
        ----------
        data : Column, Table, Array or Json
            A Table has the columns of the signature, in its order, where there is a signature. Arrays in
            it cannot be written; unless `keeps_data`, they have their values only until this returns.
        params : mapping
            Those of the signature, defaults filled in.

        Returns
        -------
        Column, Table, Array or Json
            One value per row, or one record, or one row of numbers; row order kept. Json for
            anything that has no rows.

        Raises
        ------
        ModelError
            The model refused; `RCallError` when R did.
        """
        ...

    def settle(self) -> None:
        """Give back what loading needed, so that forked workers share as much memory as possible."""
        ...

    def after_fork(self) -> None:
        """Make a forked worker independent: its own random numbers, its own temporary folder."""
        ...

    def tidy(self) -> None:
        """Do what would delay a prediction later, now that nobody waits for one."""
        ...


class Flavor(Protocol):
    """One kind of model, registered in the entry-point group ``crateflow.flavors`` under `name`.

    `name` is also the key of its section in MLmodel.
    """

    name: str

    def load_predictor(self, path: Path, model: Model) -> Predictor | None:
        """Load for scoring; None leaves it to the general way through `load_pyfunc`.

        Parameters
        ----------
        path : Path
            The model's folder.
        model : Model
            Its MLmodel file, read.
        """
        ...

    def load_pyfunc(self, path: Path, model: Model) -> Any:
        """Load an object with ``predict(data)`` or ``predict(data, params)`` for Python callers."""
        ...


@dataclass(frozen=True)
class PythonFlavor:
    """A flavor whose models are scored through Python alone: a name and a function that loads.

    Parameters
    ----------
    name : str
    load : callable
        ``load(path, model)`` returns what `load_pyfunc` returns.
    needs : ImageNeeds
        What a container needs for its models.
    """

    name: str
    load: Callable[[Path, Model], Any]
    needs: ImageNeeds = field(default_factory=ImageNeeds)

    def load_predictor(self, path: Path, model: Model) -> Predictor | None:
        """Leave scoring to the general way."""

    def load_pyfunc(self, path: Path, model: Model) -> Any:
        """Load an object with ``predict(data)`` or ``predict(data, params)``."""
        return self.load(path, model)

    def image_needs(self, path: Path | None, exact_versions: bool, repositories: Sequence[str]) -> ImageNeeds:
        """Return what a container needs for any model of this flavor."""
        return self.needs


@dataclass(frozen=True)
class LibraryModel:
    """What a `PythonFlavor` loads where the library's own ``predict(data)`` is all there is to it.

    Parameters
    ----------
    model : object
        As the library loads it.
    row_wise : bool
        Each row of a result depends on the same row of the data alone.
    """

    model: Any
    row_wise: bool

    def predict(self, data: Any) -> Any:
        """Return what the library predicts."""
        return self.model.predict(data)

    def get_raw_model(self) -> Any:
        """Return the library's own object."""
        return self.model


@runtime_checkable
class Inspectable(Protocol):
    """A flavor that can say what is in its models, without running anything of them."""

    def describe(self, path: Path) -> dict[str, Any]:
        """Return what is worth knowing about a model's data, in plain values.

        Parameters
        ----------
        path : Path
            The model's folder.

        Raises
        ------
        InvalidModel
            The data cannot be read.
        """
        ...


@runtime_checkable
class Preparable(Protocol):
    """A flavor that can install the packages a model was saved with, beside those of this machine."""

    def prepare_environment(self, path: Path, repositories: Sequence[str]) -> Mapping[str, str]:
        """Install what is missing, and return the environment variables that make processes use it.

        Parameters
        ----------
        path : Path
            The model's folder.
        repositories : sequence of str
            Where packages come from; what is set for the machine, or written in the model, if empty.

        Raises
        ------
        ModelError
            A package is to be had nowhere in its version, or cannot be installed.
        InvalidInput
            Nobody says where packages come from.
        """
        ...


@runtime_checkable
class Containable(Protocol):
    """A flavor that can say what a container needs in order to score its models."""

    def image_needs(self, path: Path | None, exact_versions: bool, repositories: Sequence[str]) -> ImageNeeds:
        """Return what the image for a model must have.

        Parameters
        ----------
        path : Path, optional
            The model's folder. Without it, the image gets its model when it is run, and must be able to
            install then what that one needs.
        exact_versions : bool
            Packages in the versions the model was saved with, in place of those that are at hand.
        repositories : sequence of str
            Where packages come from; what is set for the machine, or written in the model, if empty.

        Raises
        ------
        InvalidModel
            The folder does not say what the model needs.
        """
        ...
