"""The tree a filter or an order is parsed into."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pycore.entities import DatasetFilter


class Entity(Enum):
    """What a name in a filter belongs to."""

    ATTRIBUTE = "attribute"
    METRIC = "metric"
    PARAM = "param"
    TAG = "tag"
    DATASET = "dataset"


class Comparator(Enum):
    """How a field is compared; the values are the spellings of the language."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    LIKE = "LIKE"
    ILIKE = "ILIKE"
    IN = "IN"
    NOT_IN = "NOT IN"
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"


@dataclass(frozen=True)
class Field:
    """A named place of the thing searched: an attribute, or a key of a metric, param or tag.

    Attributes
    ----------
    datasets : tuple of DatasetFilter
        Where a metric was measured on one of these it counts, others not; empty for any dataset.
    """

    entity: Entity
    key: str
    datasets: tuple[DatasetFilter, ...] = ()


#: None belongs to IS NULL and IS NOT NULL, a tuple to IN and NOT IN.
Value = str | int | float | tuple[str, ...] | None


@dataclass(frozen=True)
class Clause:
    """One comparison."""

    field: Field
    comparator: Comparator
    value: Value


@dataclass(frozen=True)
class Sort:
    """One field of an order."""

    field: Field
    ascending: bool = True


#: Clauses that must all hold.
Filter = tuple[Clause, ...]

#: Most significant first; the last fields are unique together, so an order has no ties.
Order = tuple[Sort, ...]
