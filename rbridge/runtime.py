"""Starts the one R of a process and holds it.

R is embedded through rpy2's C interface alone. Its own start-up runs R twice as a subprocess to learn
two environment variables, which are read from R's front-end script here, and ends R on exit, which in
a forked worker would delete the temporary folder of its host; so the few steps that remain are done
one by one. Only scoring workers and `rbridge.child` may import this module: an embedded R takes over
a process (its locale, its main thread, its signals).
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib.metadata
import logging
import os
import re
import resource
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from pycore.errors import RUnavailable
from rbridge.installation import find_home, version_of

#: A pointer to an R object, as cffi hands it out.
Sexp: TypeAlias = Any

_log = logging.getLogger(__name__)
_console_log = logging.getLogger("rbridge.console")

#: What R must see before it starts: UTF-8 whatever the caller's locale, English messages, no time zone.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "LANGUAGE": "en", "TZ": "UTC"}
#: One BLAS thread: a worker pool fills the processors, and threads do not survive a fork.
_ENVIRONMENT_DEFAULTS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
#: Where our own functions in R are.
_R_FILES = ("prelude.R", "model_columns.R", "unseen_levels.R")
_OPTIONS = ("crateflow", "--vanilla", "--quiet", "--no-echo")
_UNLIMITED_STACK_BYTES = 8 << 20


@dataclass(frozen=True)
class Runtime:
    """The running R.

    Parameters
    ----------
    lib, ffi : object
        R's C functions, and the C memory they work on.
    home : Path
        R_HOME.
    version : str
        Such as ``4.2.2``.
    """

    lib: Any
    ffi: Any
    home: Path
    version: str

    @cached_property
    def prelude(self) -> Prelude:
        """Our own R functions."""
        return Prelude(self)

    @contextlib.contextmanager
    def pins(self) -> Iterator[Pins]:
        """Keep the objects that are pinned in the block from R's garbage collector until it ends."""
        pins = Pins(self.lib)
        try:
            yield pins
        finally:
            pins.release_down_to(0)

    def symbol(self, name: str) -> Sexp:
        """Return an R symbol; R never forgets one."""
        return self.lib.Rf_install(name.encode())

    def evaluate(self, call: Sexp, environment: Sexp | None = None) -> Sexp | None:
        """Evaluate a call; None when R raised an error that nothing caught."""
        failed = self.ffi.new("int *")
        value = self.lib.R_tryEval(call, environment or self.lib.R_GlobalEnv, failed)
        return None if failed[0] else value


class Pins:
    """R objects in use, counted."""

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self.count = 0

    def __call__(self, value: Sexp) -> Sexp:
        """Pin an object and return it."""
        self._lib.Rf_protect(value)
        self.count += 1
        return value

    def release_down_to(self, count: int) -> None:
        """Unpin the latest objects until so many are left."""
        self._lib.Rf_unprotect(self.count - count)
        self.count = count


class Prelude:
    """The functions of our own R files, defined once in an environment that nothing else sees."""

    def __init__(self, runtime: Runtime) -> None:
        lib, ffi = runtime.lib, runtime.ffi
        source = b"\n".join((Path(__file__).parent / name).read_bytes() for name in _R_FILES)
        with runtime.pins() as pin:
            text = pin(lib.Rf_allocVector(lib.STRSXP, 1))
            lib.SET_STRING_ELT(text, 0, lib.Rf_mkCharLenCE(source, len(source), lib.CE_UTF8))
            status = ffi.new("ParseStatus *")
            parsed = pin(lib.R_ParseVector(text, -1, status, lib.R_NilValue))
            if status[0] != lib.PARSE_OK:
                raise RUnavailable("R cannot parse rbridge's own files; install crateflow anew.")
            new_env = pin(lib.Rf_lang2(runtime.symbol("new.env"), lib.R_BaseEnv))
            lib.SET_TAG(lib.CDR(new_env), runtime.symbol("parent"))
            self._environment = runtime.evaluate(new_env)
            lib.R_PreserveObject(self._environment)
            for at in range(lib.Rf_xlength(parsed)):
                if runtime.evaluate(lib.VECTOR_ELT(parsed, at), self._environment) is None:
                    raise RUnavailable("R cannot run rbridge's own files; install crateflow anew.")
        self._runtime = runtime
        self._functions: dict[str, Sexp] = {}

    def function(self, name: str) -> Sexp:
        """Return one of the functions."""
        found = self._functions.get(name)
        if found is None:
            found = self._runtime.evaluate(self._runtime.symbol(name), self._environment)
            self._functions[name] = found
        return found


class _Console:
    """Gathers what R prints into lines for the log."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._rest = ""

    def write(self, text: str) -> None:
        """Take some of the output."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            _console_log.log(self._level, "%s", line)


_runtime: Runtime | None = None
#: Texts that R points to.
_c_texts: list[ctypes.Array[ctypes.c_char]] = []


def start() -> Runtime:
    """Return the running R, started by the first call.

    Raises
    ------
    RUnavailable
        R or rpy2 is not installed, or this rpy2 cannot load this R; the message says what to do.
    """
    global _runtime
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("R runs on the main thread only: its stack check knows no other")
    if _runtime is None:
        _runtime = _start()
    return _runtime


def _start() -> Runtime:
    home = find_home()
    os.environ.update(_ENVIRONMENT, R_HOME=str(home), **_front_end_variables(home))
    for name, value in _ENVIRONMENT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    callbacks, embedded, openrlib = _import_rpy2(home)
    output, errors = _Console(logging.INFO), _Console(logging.WARNING)
    callbacks.consolewrite_print = output.write
    callbacks.consolewrite_warnerror = errors.write
    callbacks.showmessage = errors.write
    callbacks.consoleread = lambda prompt: ""
    callbacks.cleanup = _end_process
    embedded.set_initoptions(_OPTIONS)
    embedded._initr(interactive=False, _c_stack_limit=_stack_limit())
    lib, ffi = openrlib.rlib, openrlib.ffi
    atexit.register(_remove_temporary_folder, lib, os.getpid())
    return Runtime(lib, ffi, home, version_of(home))


def temporary_folder(runtime: Runtime) -> Path:
    """Return the folder for R's temporary files."""
    address = _temporary_folder_variable(runtime).value or 0  # R sets it as it starts
    return Path(os.fsdecode(ctypes.string_at(address)))


def use_own_temporary_folder(runtime: Runtime) -> None:
    """Give a forked process a temporary folder of its own, inside that of its host.

    So it goes when the host ends, however the forked process does.
    """
    folder = temporary_folder(runtime) / f"worker-{os.getpid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    _c_texts.append(ctypes.create_string_buffer(os.fsencode(folder)))
    _temporary_folder_variable(runtime).value = ctypes.addressof(_c_texts[-1])
    os.environ["R_SESSION_TMPDIR"] = str(folder)


def _temporary_folder_variable(runtime: Runtime) -> ctypes.c_void_p:
    # rpy2 does not know the variable; it is that of the library which is loaded already.
    return ctypes.c_void_p.in_dll(ctypes.CDLL(str(runtime.home / "lib" / "libR.so")), "R_TempDir")


def _remove_temporary_folder(lib: Any, owner: int) -> None:
    """Do what R does on its regular end; in a forked process the folder is its host's."""
    if os.getpid() == owner:
        lib.R_CleanTempDir()


def _front_end_variables(home: Path) -> dict[str, str]:
    """Read the folders that the script `R` exports before it starts the real R."""
    script = (home / "bin" / "R").read_text(encoding="utf-8", errors="replace")
    found = re.findall(r"^(R_(?:SHARE|INCLUDE|DOC)_DIR)=(/\S+)$", script, re.MULTILINE)
    return {name: os.environ.get(name) or folder for name, folder in found}


def _import_rpy2(home: Path) -> Sequence[Any]:
    """Import rpy2's C interface without the subprocess it would run to learn a library path.

    The path could not take effect in a running process anyway.
    """
    try:
        from rpy2 import situation
    except ImportError as error:
        raise RUnavailable(
            "Models written in R need rpy2, which is not installed: pip install 'crateflow[r]'."
        ) from error
    situation.r_ld_library_path_from_subprocess = lambda r_home: os.environ.get("LD_LIBRARY_PATH", "")
    # Anything but the compiled interface is slower and was never tested.
    os.environ["RPY2_CFFI_MODE"] = "API"
    try:
        from rpy2.rinterface_lib import callbacks, embedded, openrlib
    except Exception as error:  # whatever a library that does not fit this R raises
        rpy2 = importlib.metadata.version("rpy2-rinterface")
        raise RUnavailable(
            f"rpy2 {rpy2} cannot load R {version_of(home)} at {home}: {error}. Build it against this R: "
            "apt-get install r-base-dev libffi-dev, then "
            "pip install --force-reinstall --no-binary rpy2-rinterface 'rpy2-rinterface==3.6.5'."
        ) from error
    return callbacks, embedded, openrlib


def _stack_limit() -> int:
    """Return how much C stack R may use; a deeper recursion must be R's error, not a crash."""
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    stack = _UNLIMITED_STACK_BYTES if soft == resource.RLIM_INFINITY else soft
    return stack // 8 * 7


def _end_process(save: int, status: int, run_last: int) -> None:
    """End the process when a model calls quit(), before any handler of Python's runs.

    Not with status 0: its caller was not answered.
    """
    os._exit(status or 1)
