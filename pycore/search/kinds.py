"""What can be searched: one table per kind of thing, read by the parsers and by the store.

A further kind is one more `SearchKind`; a further entity is one more member of `Entity` with its
words and comparators here and its join in `pycore.store.search_sql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from pycore.search.tree import Comparator, Entity, Field, Order, Sort

C = Comparator
EQUALITY = frozenset({C.EQ, C.NE})
MEMBERSHIP = frozenset({C.IN, C.NOT_IN})
PATTERN = frozenset({C.LIKE, C.ILIKE})
PRESENCE = frozenset({C.IS_NULL, C.IS_NOT_NULL})
TEXT = EQUALITY | PATTERN
NUMERIC = EQUALITY | {C.LT, C.LE, C.GT, C.GE}


class ValueType(Enum):
    """What a field is compared with, worded for messages."""

    TEXT = "a text in quotes"
    NUMBER = "a number without quotes"
    INTEGER = "a whole number without quotes"
    #: Scripts quote version numbers, because the API has them as text.
    QUOTABLE_INTEGER = "a whole number"


@dataclass(frozen=True)
class Searchable:
    """A field that may be filtered, and how."""

    type: ValueType
    comparators: frozenset[Comparator]


@dataclass(frozen=True)
class SearchKind:
    """What the filters and orders of one search may name.

    Attributes
    ----------
    name : str
        Of the things found, for messages and page tokens.
    words : mapping of str to Entity
        Spellings before the dot; a name without a dot is an attribute.
    attributes : mapping of str to Searchable
        By the names of the language.
    keyed : mapping of Entity to Searchable
        The entities that have keys of their own.
    aliases : mapping of str to str
        Further spellings of attributes in a filter.
    sortable : mapping of str to str
        Attributes of an order, by every spelling.
    keys : mapping of Entity to frozenset of str
        The keys of an entity that has no others.
    sortable_entities : frozenset of Entity
        Entities with keys that an order may name.
    default_order, tie_break : tuple of Sort
        The order when none is given, and what follows a given one; both end in something unique.
    """

    name: str
    words: Mapping[str, Entity]
    attributes: Mapping[str, Searchable]
    keyed: Mapping[Entity, Searchable]
    sortable: Mapping[str, str]
    default_order: Order
    tie_break: Order
    aliases: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[Entity, frozenset[str]] = field(default_factory=dict)
    sortable_entities: frozenset[Entity] = frozenset()


def _text(comparators: frozenset[Comparator] = TEXT) -> Searchable:
    return Searchable(ValueType.TEXT, comparators)


def _by(key: str, ascending: bool = True) -> Sort:
    return Sort(Field(Entity.ATTRIBUTE, key), ascending)


_TAG_WORDS = {"tag": Entity.TAG, "tags": Entity.TAG, "attribute": Entity.ATTRIBUTE}

RUNS = SearchKind(
    name="runs",
    words={
        **_TAG_WORDS,
        "metric": Entity.METRIC,
        "metrics": Entity.METRIC,
        "param": Entity.PARAM,
        "params": Entity.PARAM,
        "parameter": Entity.PARAM,
        "parameters": Entity.PARAM,
        "attributes": Entity.ATTRIBUTE,
        "attr": Entity.ATTRIBUTE,
        "run": Entity.ATTRIBUTE,
        "dataset": Entity.DATASET,
        "datasets": Entity.DATASET,
    },
    attributes={
        "run_id": _text(TEXT | MEMBERSHIP),
        "run_name": _text(),
        "status": _text(),
        "user_id": _text(),
        "artifact_uri": _text(),
        "start_time": Searchable(ValueType.NUMBER, NUMERIC),
        "end_time": Searchable(ValueType.NUMBER, NUMERIC),
    },
    keyed={
        Entity.METRIC: Searchable(ValueType.NUMBER, NUMERIC),
        Entity.PARAM: _text(TEXT | PRESENCE),
        Entity.TAG: _text(TEXT | PRESENCE),
        Entity.DATASET: _text(TEXT | MEMBERSHIP),
    },
    keys={Entity.DATASET: frozenset({"name", "digest", "context"})},
    aliases={
        "created": "start_time",
        "Created": "start_time",
        "run name": "run_name",
        "Run name": "run_name",
        "Run Name": "run_name",
    },
    sortable={
        "run_id": "run_id",
        "run_name": "run_name",
        "status": "status",
        "user_id": "user_id",
        "artifact_uri": "artifact_uri",
        "start_time": "start_time",
        "end_time": "end_time",
        "created": "start_time",
        "Created": "start_time",
    },
    sortable_entities=frozenset({Entity.METRIC, Entity.PARAM, Entity.TAG}),
    default_order=(_by("start_time", ascending=False), _by("run_id")),
    tie_break=(_by("start_time", ascending=False), _by("run_id")),
)

EXPERIMENTS = SearchKind(
    name="experiments",
    words=_TAG_WORDS,
    attributes={
        "name": _text(),
        "experiment_id": _text(EQUALITY | MEMBERSHIP),
        "creation_time": Searchable(ValueType.INTEGER, NUMERIC),
        "last_update_time": Searchable(ValueType.INTEGER, NUMERIC),
    },
    keyed={Entity.TAG: _text(TEXT | PRESENCE)},
    sortable={
        "name": "name",
        "experiment_id": "experiment_id",
        "creation_time": "creation_time",
        "last_update_time": "last_update_time",
    },
    default_order=(_by("creation_time", ascending=False), _by("experiment_id")),
    tie_break=(_by("experiment_id", ascending=False),),
)

REGISTERED_MODELS = SearchKind(
    name="registered models",
    words=_TAG_WORDS,
    attributes={"name": _text(TEXT | MEMBERSHIP)},
    keyed={Entity.TAG: _text(TEXT | PRESENCE)},
    sortable={
        "name": "name",
        "timestamp": "last_updated_timestamp",
        "last_updated_timestamp": "last_updated_timestamp",
        "creation_timestamp": "creation_timestamp",
    },
    default_order=(_by("name"),),
    tie_break=(_by("name"),),
)

MODEL_VERSIONS = SearchKind(
    name="model versions",
    words=_TAG_WORDS,
    attributes={
        "name": _text(TEXT | MEMBERSHIP),
        "run_id": _text(TEXT | MEMBERSHIP),
        "source_path": _text(),
        "version_number": Searchable(ValueType.QUOTABLE_INTEGER, NUMERIC),
    },
    keyed={Entity.TAG: _text(TEXT | PRESENCE)},
    sortable={
        "name": "name",
        "version_number": "version_number",
        "creation_timestamp": "creation_timestamp",
        "last_updated_timestamp": "last_updated_timestamp",
    },
    default_order=(
        _by("last_updated_timestamp", ascending=False),
        _by("name"),
        _by("version_number", ascending=False),
    ),
    tie_break=(_by("name"), _by("version_number", ascending=False)),
)

_LOGGED_MODEL_TIMES = {
    "creation_timestamp": "creation_timestamp",
    "creation_timestamp_ms": "creation_timestamp",
    "creation_time": "creation_timestamp",
    "last_updated_timestamp": "last_updated_timestamp",
    "last_updated_timestamp_ms": "last_updated_timestamp",
    "last_updated_time": "last_updated_timestamp",
}
_LOGGED_MODEL_TEXTS = ("name", "model_id", "model_type", "status", "source_run_id", "experiment_id")

LOGGED_MODELS = SearchKind(
    name="logged models",
    words={
        "metrics": Entity.METRIC,
        "params": Entity.PARAM,
        "tags": Entity.TAG,
        "attributes": Entity.ATTRIBUTE,
    },
    attributes={
        **{name: _text(TEXT | MEMBERSHIP) for name in _LOGGED_MODEL_TEXTS},
        "creation_timestamp": Searchable(ValueType.NUMBER, NUMERIC),
        "last_updated_timestamp": Searchable(ValueType.NUMBER, NUMERIC),
    },
    keyed={
        Entity.METRIC: Searchable(ValueType.NUMBER, NUMERIC),
        Entity.PARAM: _text(TEXT | MEMBERSHIP),
        Entity.TAG: _text(TEXT | MEMBERSHIP),
    },
    aliases=_LOGGED_MODEL_TIMES,
    sortable={**{name: name for name in _LOGGED_MODEL_TEXTS}, **_LOGGED_MODEL_TIMES},
    sortable_entities=frozenset({Entity.METRIC}),
    default_order=(_by("creation_timestamp", ascending=False), _by("model_id")),
    tie_break=(_by("creation_timestamp", ascending=False), _by("model_id")),
)
