"""Looks into a crate without R: nothing in the file is run, or could be.

Answers what a user wants to know before serving a model of someone else's: which R wrote it, what it
holds, which packages it calls, and whether anything in it cannot work, or should not be trusted.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pycore.errors import InvalidModel
from rbridge import rds
from rbridge.rds import Node, Stream

#: Unpacked size above which a file is taken for a bomb rather than for a model.
MAX_BYTES = 8 << 30

_OPENERS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))

#: Packages that every R has.
BASE_PACKAGES = frozenset(
    {
        "base", "compiler", "datasets", "grDevices", "graphics", "grid", "methods", "parallel", "splines",
        "stats", "stats4", "tcltk", "tools", "utils",
    }
)  # fmt: skip

#: Where the predict method of a class lives, for objects that do not name their package themselves.
_PACKAGE_OF_CLASS = {
    "bam": "mgcv", "gam": "mgcv", "gamm": "mgcv",
    "cv.glmnet": "glmnet", "glmnet": "glmnet", "relaxed": "glmnet",
    "nnet": "nnet", "multinom": "nnet",
    "lda": "MASS", "qda": "MASS", "mca": "MASS", "polr": "MASS", "rlm": "MASS", "negbin": "MASS",
    "lqs": "MASS", "glmmPQL": "MASS",
    "coxph": "survival", "survreg": "survival", "survfit": "survival", "clogit": "survival",
    "svm": "e1071", "naiveBayes": "e1071", "gknn": "e1071",
    "randomForest": "randomForest", "ranger": "ranger", "rpart": "rpart", "earth": "earth", "mars": "mda",
    "xgb.Booster": "xgboost", "lgb.Booster": "lightgbm", "catboost.Model": "catboost", "gbm": "gbm",
    "C5.0": "C50", "cubist": "Cubist", "train": "caret", "knn3": "caret", "plsda": "caret",
    "constparty": "partykit", "party": "partykit", "cforest": "partykit", "kknn": "kknn", "mvr": "pls",
    "workflow": "workflows", "model_fit": "parsnip", "recipe": "recipes", "model_stack": "stacks",
    "lme": "nlme", "gls": "nlme", "nlme": "nlme", "ets": "forecast", "bats": "forecast", "tbats": "forecast",
    "forecast_ARIMA": "forecast", "nnetar": "forecast", "prophet": "prophet", "mdl_df": "fabletools",
    "rfsrc": "randomForestSRC", "bartMachine": "bartMachine", "brmsfit": "brms", "stanreg": "rstanarm",
    "zeroinfl": "pscl", "hurdle": "pscl", "betareg": "betareg", "rq": "quantreg", "felm": "lfe",
    "fixest": "fixest", "feols": "fixest", "ksvm": "kernlab", "merMod": "lme4", "glmmTMB": "glmmTMB",
    "WrappedModel": "mlr", "Learner": "mlr3", "H2OModel": "h2o", "luz_module_fitted": "luz",
}  # fmt: skip


@dataclass(frozen=True)
class CapturedObject:
    """One of the objects that a crate carries, or its function.

    Parameters
    ----------
    name : str
    size_bytes : int
        Its share of the unpacked file.
    classes : tuple of str
        The class attribute, or the basic type.
    """

    name: str
    size_bytes: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class CrateInfo:
    """What is in a crate.

    Parameters
    ----------
    r_version : str
        Of the R that wrote it.
    serialization_version : int
    encoding : str
        The writer's own; empty before serialisation version 3.
    size_bytes : int
        Unpacked.
    arguments : tuple of str
        Of the crate's function; the first takes the data.
    objects : tuple of CapturedObject
        Largest first.
    calls : tuple of str
        Functions called as ``package::function``, sorted.
    packages : tuple of str
        What must be installed to run it, sorted; R's own packages left out.
    promises, external_pointers : int
        Of the first, a few are usual in models; the second are dead once loaded.
    """

    r_version: str
    serialization_version: int
    encoding: str
    size_bytes: int
    arguments: tuple[str, ...]
    objects: tuple[CapturedObject, ...]
    calls: tuple[str, ...]
    packages: tuple[str, ...]
    promises: int
    external_pointers: int


def inspect(path: str | Path) -> CrateInfo:
    """Look into a crate's file.

    Parameters
    ----------
    path : path
        Written by ``saveRDS(serialize(crate, NULL), path)``, as crates are, or by ``saveRDS(crate, path)``.

    Raises
    ------
    InvalidModel
        It is no crate, or damaged, or begins with a promise, which R would run on the first touch.
    """
    path = Path(path)
    try:
        stream = _crate_stream(_unpacked(path))
        return _describe(stream)
    except InvalidModel as error:
        raise InvalidModel(
            f"{path.name} is no crate that can be loaded: {error.message}. Save it again from R, "
            "with mlflow_save_model() or saveRDS(serialize(crate, NULL), file)."
        ) from error
    except FileNotFoundError as error:
        raise InvalidModel(f"There is no crate at {path}.") from error
    except OSError as error:
        raise InvalidModel(f"The crate {path} cannot be read: {error}.") from error


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _unpacked(path: Path) -> memoryview:
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        for magic, opener in _OPENERS:
            if start.startswith(magic):
                with opener(file, "rb") as unpacker:
                    return _limited(unpacker)
        if start[1:2] != b"\n":
            raise InvalidModel("it is neither compressed by gzip, bzip2 or xz, nor R data as such")
        return _limited(file)


def _limited(file: BinaryIO | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile) -> memoryview:
    content = io.BytesIO()
    try:
        while block := file.read(1 << 20):
            content.write(block)
            if content.tell() > MAX_BYTES:
                raise InvalidModel(f"it unpacks to more than {MAX_BYTES >> 30} GiB")
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, OSError) as error:
        raise InvalidModel(f"it is damaged or incomplete ({error})") from error
    return content.getbuffer()


def _crate_stream(data: memoryview) -> Stream:
    """Return the stream of the function itself, inside the raw bytes or at the top."""
    stream = rds.parse(data)
    if stream.root.type == rds.RAW:
        start = stream.root.start + (8 if stream.root.length < 2**31 else 16)
        stream = rds.parse(stream.body[start : start + stream.root.length])
    root = stream.root
    if root.type == rds.PROMISE:
        raise InvalidModel(
            "its top item is a promise, which no crate has: R would run its code on the first touch"
        )
    if root.type != rds.CLOSURE:
        raise InvalidModel(f"it holds {_article(_classes(root))}, not a function")
    return stream


def _describe(stream: Stream) -> CrateInfo:
    environment, formals, body = stream.root.children
    objects = [CapturedObject("(function)", _size(formals) + _size(body), ("function",))]
    for name, value in _bindings(environment):
        objects.append(CapturedObject(name, _size(value), _classes(value)))
    calls = sorted(set(_package_calls(stream)))
    return CrateInfo(
        r_version=stream.writer,
        serialization_version=stream.version,
        encoding=stream.encoding,
        size_bytes=len(stream.body),
        arguments=tuple(cell.children[0].text for cell in _cells(formals)),
        objects=tuple(sorted(objects, key=lambda found: (-found.size_bytes, found.name))),
        calls=tuple(calls),
        packages=tuple(sorted(_packages(stream, calls) - BASE_PACKAGES)),
        promises=sum(node.type == rds.PROMISE for node in stream.nodes),
        external_pointers=sum(node.type == rds.POINTER for node in stream.nodes),
    )


def _size(node: Node) -> int:
    return max(0, node.stop - node.start)


def _cells(node: Node) -> Iterator[Node]:
    """Go along a pairlist."""
    while node.type in (rds.PAIRLIST, rds.DOTS, rds.CALL) and len(node.children) == 3:
        yield node
        node = node.children[2]


def _bindings(environment: Node) -> Iterator[tuple[str, Node]]:
    if environment.type != rds.ENVIRONMENT:
        return
    _, frame, table = environment.children
    for bucket in (frame, *table.children):
        for cell in _cells(bucket):
            yield cell.children[0].text, cell.children[1]


def _classes(node: Node) -> tuple[str, ...]:
    names = _class_attribute(node)
    if names:
        return names
    if node.type == rds.ALTREP:  # a vector in a compact form, named after it
        form = next((cell.children[1].text for cell in _cells(node.children[0])), "")
        return (_ALTREP_TYPES.get(form.removeprefix("wrap_"), "vector"),)
    return (_TYPE_NAMES.get(node.type, "object"),)


def _class_attribute(node: Node) -> tuple[str, ...]:
    for cell in _cells(node.attributes) if node.attributes else ():
        if cell.children[0].text == "class":
            return tuple(name for name in cell.children[1].texts if name)
    return ()


def _package_calls(stream: Stream) -> Iterator[str]:
    for node in stream.nodes:
        if node.type == rds.CALL and len(node.children) == 3 and node.children[1].text in ("::", ":::"):
            names = [cell.children[1] for cell in _cells(node.children[2])]
            if len(names) == 2 and all(_name(name) for name in names):
                yield f"{_name(names[0])}::{_name(names[1])}"


def _name(node: Node) -> str:
    """Return a symbol's text, or a text that stands where a symbol may."""
    return node.text or (node.texts[0] or "" if len(node.texts) == 1 else "")


def _packages(stream: Stream, calls: list[str]) -> set[str]:
    found = {call.partition("::")[0] for call in calls}
    for node in stream.nodes:
        if node.type == rds.NAMESPACE and node.texts and node.texts[0]:
            found.add(node.texts[0])
        if node.attributes is not None:
            found |= {_PACKAGE_OF_CLASS[name] for name in _class_attribute(node) if name in _PACKAGE_OF_CLASS}
            found |= set(_class_package(node))
    return found - {".GlobalEnv"}


def _class_package(node: Node) -> Iterator[str]:
    """S4 objects name the package of their class, as an attribute of the class attribute."""
    for cell in _cells(node.attributes) if node.attributes else ():
        value = cell.children[1]
        if cell.children[0].text == "class" and value.attributes is not None:
            for inner in _cells(value.attributes):
                if inner.children[0].text == "package":
                    yield from (name for name in inner.children[1].texts if name)


def _article(classes: tuple[str, ...]) -> str:
    return f"an object of class {', '.join(classes)}"


_ALTREP_TYPES = {
    "compact_intseq": "integer",
    "compact_realseq": "numeric",
    "deferred_string": "character",
    "integer": "integer",
    "logical": "logical",
    "real": "numeric",
    "string": "character",
    "list": "list",
}

_TYPE_NAMES = {
    rds.CLOSURE: "function",
    rds.ENVIRONMENT: "environment",
    rds.LOGICAL: "logical",
    rds.INTEGER: "integer",
    rds.DOUBLE: "numeric",
    rds.COMPLEX: "complex",
    rds.TEXTS: "character",
    rds.LIST: "list",
    rds.EXPRESSION: "expression",
    rds.RAW: "raw",
    rds.S4: "S4",
    rds.NIL_VALUE: "NULL",
    rds.CALL: "call",
    rds.SYMBOL: "name",
    rds.PAIRLIST: "pairlist",
    rds.BUILTIN: "function",
    rds.POINTER: "externalptr",
    rds.PROMISE: "promise",
}
