"""Autologging of every library at once, now or as soon as it is imported."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from pycore.models.arguments import checked

#: Module of each library and the module of ours that logs it.
_LIBRARIES = {
    "keras": "pycore.autologging.keras",
    "lightgbm": "pycore.autologging.lightgbm",
    "lightning": "pycore.autologging.pytorch",
    "pytorch_lightning": "pycore.autologging.pytorch",
    "sklearn": "pycore.autologging.sklearn",
    "statsmodels": "pycore.autologging.statsmodels",
    "xgboost": "pycore.autologging.xgboost",
}


@checked
def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    log_traces: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    extra_tags: Mapping[str, Any] | None = None,
    exclude_flavors: Sequence[str] | None = None,
) -> None:
    """Log the training of every library that can be, those imported later included.

    Parameters
    ----------
    exclude_flavors : sequence of str, optional
        Libraries to leave out.
    log_traces : bool
        Without effect: trainings have none.

    The others are those of `pycore.autologging.patching.Options`.
    """
    options: dict[str, Any] = {
        "log_input_examples": log_input_examples,
        "log_model_signatures": log_model_signatures,
        "log_models": log_models,
        "log_datasets": log_datasets,
        "disable": disable,
        "exclusive": exclusive,
        "disable_for_unsupported_versions": disable_for_unsupported_versions,
        "silent": silent,
        "extra_tags": extra_tags,
    }
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    waiting: dict[str, Callable[[], None]] = {}
    for library, module in _LIBRARIES.items():
        if library in (exclude_flavors or ()):
            continue

        def switch(module: str = module) -> None:
            importlib.import_module(module).autolog(**options)

        if library in sys.modules:
            switch()
        elif not disable:
            waiting[library] = switch
    if waiting:
        sys.meta_path.insert(0, _Finder(waiting))


class _Finder(MetaPathFinder):
    """Calls a function after a module has been imported for the first time."""

    def __init__(self, waiting: dict[str, Callable[[], None]]) -> None:
        self._waiting = waiting

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._waiting:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._waiting.pop(fullname))
        return spec


class _Loader(Loader):
    """A module's own loader, and a function to call after it."""

    def __init__(self, own: Loader, then: Callable[[], None]) -> None:
        self._own = own
        self._then = then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module must look as if it had been loaded without us.
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        module.__loader__ = self._own
        self._own.exec_module(module)
        try:
            self._then()
        except Exception as error:  # noqa: BLE001 - an import must not fail because of logging
            warnings.warn(f"Autologging of {module.__name__} is off: {error}", stacklevel=2)
