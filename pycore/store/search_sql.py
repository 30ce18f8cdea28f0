"""Turns a checked filter and order into statements. Every value becomes a bound parameter.

A search runs in parts, because what is missing sorts last in both directions. Ordering by a metric, for
example: first the runs with a number, straight from the index on its values; then those with NaN; then
those without the metric. The following part is only asked when the page is not full, so a page takes one
statement, three at most, however many things there are. Within a part, the next page begins after the
sort values of the last row, so neither depth nor concurrent writes disturb it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isqrt
from operator import eq, ge, gt, le, lt
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from pycore.search import Clause, Comparator, Entity, Field, Filter, Order, Position, Sort, Value
from pycore.store import patterns
from pycore.store.children import among
from pycore.store.metric_values import NAN, encode
from pycore.store.tables import HEAD_LENGTH

C = Comparator
_ORDERED: Mapping[Comparator, Callable[[Any, Any], Any]] = {C.LT: lt, C.LE: le, C.GT: gt, C.GE: ge, C.EQ: eq}
#: The parameters that take the sort values of a position.
_AFTER = "after_{}"
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Related:
    """A field of things of which one searched thing may have several.

    Attributes
    ----------
    rows : Select
        Those of the searched thing, correlated with it.
    column : ColumnElement
        What is compared.
    """

    rows: Select[Any]
    column: ColumnElement[Any]


@dataclass(frozen=True)
class Subject:
    """How a kind of thing lies in the tables.

    Attributes
    ----------
    source : FromClause
        Table or join with one row per thing.
    attributes : mapping of str to ColumnElement
        What the attributes of the language stand for.
    keyed : mapping of Entity to Table, or to a callable that makes one for a Field
        Tables with one row per thing and key.
    link : tuple of pairs
        Columns of a keyed table, by name, and of the source that belong together.
    nullable : frozenset of str
        Attributes that may be absent.
    texts : mapping of str to ColumnElement
        Attributes that a filter compares in another form than the one they sort by.
    related : mapping of Entity to mapping of str to Related
        Entities whose clauses each hold when they hold for one of several things.
    """

    source: FromClause
    attributes: Mapping[str, ColumnElement[Any]]
    keyed: Mapping[Entity, Table | Callable[[Field], FromClause]]
    link: tuple[tuple[str, ColumnElement[Any]], ...]
    nullable: frozenset[str] = frozenset()
    texts: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    related: Mapping[Entity, Mapping[str, Related]] = field(default_factory=dict)


#: A sort value that is never NULL, and whether it ascends.
SortColumn = tuple[ColumnElement[Any], bool]


@dataclass(frozen=True)
class _Part:
    """The rows of a search that share what their first sort field is: a value, NaN, or missing."""

    condition: ColumnElement[bool]
    columns: tuple[SortColumn, ...]
    #: The keyed row the part is read from, where it has one.
    row: FromClause | None = None


class Search:
    """What is searched and how; its statements are made when first wanted, and kept for all its pages.

    Parameters
    ----------
    dialect : str
        Name of the kind of database.
    subject : Subject
    columns : sequence of ColumnElement
        What each row begins with; its sort values follow.
    where : sequence of conditions
        Besides the filter.
    experiment_ids : sequence of int, optional
        The experiments that `where` restricts runs to; leads to the indexes of what runs log.
    filter : Filter
    order : Order
    """

    def __init__(
        self,
        dialect: str,
        subject: Subject,
        columns: Sequence[ColumnElement[Any]],
        *,
        where: Sequence[ColumnElement[bool]] = (),
        experiment_ids: Sequence[int] | None = None,
        filter: Filter,
        order: Order,
    ) -> None:
        self._dialect = dialect
        self._subject = subject
        self._columns = columns
        self._where = where
        self._experiment_ids = experiment_ids
        self._filter = filter
        self._first, *self._following = order
        # The clauses on each keyed field, which one row has to fulfil.
        self._clauses: dict[Field, list[Clause]] = {}
        for clause in filter:
            if clause.field.entity in subject.keyed and clause.comparator is not C.IS_NULL:
                self._clauses.setdefault(clause.field, []).append(clause)
        self._statements: dict[tuple[int, frozenset[Field], bool], Select[Any]] = {}

    def find_page(
        self, connection: Connection, position: Position | None, limit: int
    ) -> tuple[list[Row[Any]], Position | None]:
        """Return up to `limit` rows, and the position of the last one where more follow.

        Parameters
        ----------
        position : Position or None
            Where the page before ended.
        """
        frequent = self._frequent(connection, limit)
        rows: list[Row[Any]] = []
        part_of_row: list[int] = []
        for number in range(position.part if position else 0, len(self._parts)):
            statement = self._statement(number, frequent, follows=position is not None)
            values = {_AFTER.format(i): value for i, value in enumerate(position.values if position else ())}
            found = connection.execute(statement, {**values, "limit": limit + 1 - len(rows)}).all()
            rows += found
            part_of_row += [number] * len(found)
            if len(rows) > limit:
                sort_values = rows[limit - 1][len(self._columns) :]
                return rows[:limit], Position(part_of_row[limit - 1], tuple(sort_values))
            position = None
        return rows, None

    def _frequent(self, connection: Connection, limit: int) -> frozenset[Field]:
        """Return the fields whose clauses hold for so many things that it is better to begin elsewhere.

        Other databases keep statistics for it. SQLite would take what a filter allows from its index and
        sort it, be it half of all things; it is led to walk along the order instead, testing each thing,
        until the page is full.
        """
        if not self._counts:
            return frozenset()
        # Row numbers count up: there are not more things than the highest.
        highest = connection.execute(self._highest).scalar_one() or 0
        # The more there is to test, the further it is to each thing that passes.
        enough = _many(highest, limit) * len(self._clauses) ** 2
        return frozenset(
            of
            for of, count in self._counts
            if connection.execute(count, {"enough": enough}).scalar_one() == enough
        )

    @cached_property
    def _highest(self) -> Select[Any]:
        """The highest row number of the things that are searched."""
        (_, number), *_ = self._subject.link
        return select(func.max(number))

    @cached_property
    def _counts(self) -> list[tuple[Field, Select[Any]]]:
        """Fields that an index knows the clauses of, and how many things these hold for, if not enough."""
        if self._dialect != "sqlite" or self._experiment_ids is None:
            return []
        counts = []
        for of, clauses in self._clauses.items():
            row = self._table(of).alias("counted")
            conditions = [condition for clause in clauses for condition in self._indexed(row, clause)]
            if conditions:
                some = select(literal(1)).where(self._in_scope(row, of), *conditions)
                some = some.limit(bindparam("enough", type_=Integer))
                counts.append((of, select(func.count()).select_from(some.subquery())))
        return counts

    def _statement(self, number: int, frequent: frozenset[Field], follows: bool) -> Select[Any]:
        kept = self._statements.get((number, frequent, follows))
        if kept is None:
            # Threads that come here together make the same statement; the last one stays.
            kept = self._statements[number, frequent, follows] = self._select(number, frequent, follows)
        return kept

    @cached_property
    def _parts(self) -> list[_Part]:
        """What the first sort field splits the search into."""
        sort = self._first
        up = sort.ascending
        if sort.field.entity is Entity.ATTRIBUTE:
            column = self._subject.attributes[sort.field.key]
            if sort.field.key not in self._subject.nullable:
                return [_Part(true(), ((column, up),))]
            return [_Part(column.is_not(None), ((column, up),)), _Part(column.is_(None), ())]
        row = self._table(sort.field).alias("sorted")
        missing = _Part(not_(self._row_exists(sort.field)), ())
        if sort.field.entity is Entity.METRIC:
            number = _Part(row.c.value_kind != NAN, ((row.c.value, up), (row.c.value_kind, up)), row)
            return [number, _Part(row.c.value_kind == NAN, (), row), missing]
        if "value_head" in row.c:
            return [_Part(true(), ((row.c.value_head, up), (row.c.value, up)), row), missing]
        return [_Part(true(), ((row.c.value, up),), row), missing]

    def _select(self, number: int, frequent: frozenset[Field], follows: bool) -> Select[Any]:
        """Return the statement of a part, which may follow a position."""
        part = self._parts[number]
        source = self._subject.source
        sort_columns = list(part.columns)
        if part.row is not None:
            source = source.join(part.row, self._belongs(part.row, self._first.field))
        for index, sort in enumerate(self._following):
            source, more = self._following_columns(source, sort, index)
            sort_columns += more
        conditions = [*self._where, part.condition]
        for clause in self._filter:
            if clause.comparator is C.IS_NULL:
                conditions.append(not_(self._row_exists(clause.field)))
            elif clause.field.entity is Entity.ATTRIBUTE:
                conditions.append(self._attribute_condition(clause))
            elif clause.field.entity in self._subject.related:
                related = self._subject.related[clause.field.entity][clause.field.key]
                holds = self._compare(related.column, clause.comparator, clause.value)
                conditions.append(related.rows.where(holds).exists())
        for index, (of, clauses) in enumerate(self._clauses.items()):
            if of == self._first.field and part.row is not None:
                conditions += [self._row_condition(part.row, clause) for clause in clauses]
                continue
            row = self._table(of).alias(f"filtered_{index}")
            holding = [self._row_condition(row, clause) for clause in clauses]
            if of in frequent:
                conditions.append(self._row_exists(of, row, *holding))
            else:
                source = source.join(row, self._belongs(row, of))
                conditions += holding
        if follows:
            conditions.append(_after(sort_columns))
        return (
            select(*self._columns, *(column.label(f"sort_{i}") for i, (column, _) in enumerate(sort_columns)))
            .select_from(source)
            .where(*conditions)
            .order_by(*(column.asc() if up else column.desc() for column, up in sort_columns))
            .limit(bindparam("limit", type_=Integer))
        )

    def _following_columns(
        self, source: FromClause, sort: Sort, index: int
    ) -> tuple[FromClause, list[SortColumn]]:
        """Return the source and the sort columns of a field that is not the first one."""
        up = sort.ascending
        if sort.field.entity is Entity.ATTRIBUTE:
            column = self._subject.attributes[sort.field.key]
            if sort.field.key not in self._subject.nullable:
                return source, [(column, up)]
            return source, [(case((column.is_(None), 1), else_=0), True), (func.coalesce(column, 0), up)]
        row = self._table(sort.field).alias(f"then_{index}")
        source = source.outerjoin(row, self._belongs(row, sort.field))
        if sort.field.entity is Entity.METRIC:
            rank = case((row.c.key.is_(None), 2), (row.c.value_kind == NAN, 1), else_=0)
            value, kind = func.coalesce(row.c.value, 0.0), func.coalesce(row.c.value_kind, 0)
            return source, [(rank, True), (value, up), (kind, up)]
        missing = case((row.c.key.is_(None), 1), else_=0)
        return source, [(missing, True), (func.coalesce(row.c.value, ""), up)]

    def _table(self, of: Field) -> FromClause:
        table = self._subject.keyed[of.entity]
        return table(of) if callable(table) else table

    def _belongs(self, row: FromClause, of: Field) -> ColumnElement[bool]:
        """Return the condition that a keyed row is that of a field of the thing."""
        linked = [row.c[name] == column for name, column in self._subject.link]
        return and_(*linked, self._in_scope(row, of))

    def _in_scope(self, row: FromClause, of: Field) -> ColumnElement[bool]:
        """Return the condition that a keyed row is that of a field of any thing that is searched."""
        conditions = [row.c.key == of.key]
        if self._experiment_ids is not None and "experiment_id" in row.c:
            conditions.append(among(row.c.experiment_id, self._experiment_ids))
        return and_(*conditions)

    def _row_exists(
        self, of: Field, row: FromClause | None = None, *holding: ColumnElement[bool]
    ) -> ColumnElement[bool]:
        row = self._table(of).alias("present") if row is None else row
        return select(literal(1)).where(self._belongs(row, of), *holding).correlate_except(row).exists()

    def _attribute_condition(self, clause: Clause) -> ColumnElement[bool]:
        key = clause.field.key
        column = self._subject.texts.get(key, self._subject.attributes[key])
        return self._compare(column, clause.comparator, clause.value)

    def _row_condition(self, row: FromClause, clause: Clause) -> ColumnElement[bool]:
        if clause.comparator is C.IS_NOT_NULL:
            return true()
        if clause.field.entity is Entity.METRIC:
            return _compare_metric(row, clause)
        return and_(*self._indexed(row, clause), self._compare(row.c.value, clause.comparator, clause.value))

    def _indexed(self, row: FromClause, clause: Clause) -> list[ColumnElement[bool]]:
        """Return what the index of a keyed table says about a clause; true wherever the clause is."""
        comparator, value = clause.comparator, clause.value
        if clause.field.entity is Entity.METRIC and comparator is not C.IS_NOT_NULL:
            return [_compare_metric(row, clause)]
        if "value_head" in row.c and isinstance(value, str):
            if comparator is C.EQ:
                return [row.c.value_head == value[:HEAD_LENGTH]]
            if comparator is C.LIKE:
                return _begins(row.c.value_head, patterns.fixed_prefix(value)[:HEAD_LENGTH])
        return []

    def _compare(
        self, column: ColumnElement[Any], comparator: Comparator, value: Value
    ) -> ColumnElement[bool]:
        if isinstance(value, tuple):
            return column.in_(value) if comparator is C.IN else column.not_in(value)
        if comparator is C.LIKE:
            return patterns.like(column, str(value), self._dialect)
        if comparator is C.ILIKE:
            return patterns.ilike(column, str(value), self._dialect)
        if isinstance(value, int) and value not in _INT64:
            value = float(value)
        if comparator is C.NE:
            return column != value
        compared: ColumnElement[bool] = _ORDERED[comparator](column, value)
        return compared


def _many(things: int, limit: int) -> int:
    """Return how many matches there are at least when it is shorter to meet a page of them along an order.

    Of n things of which m match, that meets some `limit * n / m`; sorting the matches, it is m.
    """
    return isqrt(things * limit) + 1


def _compare_metric(row: FromClause, clause: Clause) -> ColumnElement[bool]:
    comparator = clause.comparator
    value, kind = encode(float(clause.value))  # type: ignore[arg-type]  # the parser saw to it
    equal = and_(row.c.value == value, row.c.value_kind == kind)
    if comparator is C.EQ:
        return equal
    if comparator is C.NE:
        return not_(equal)
    return and_(_ORDERED[comparator](row.c.value, value), row.c.value_kind != NAN)


def _begins(head: ColumnElement[str], prefix: str) -> list[ColumnElement[bool]]:
    """Return conditions that an index understands, true for all texts that begin with a prefix."""
    if not prefix:
        return []
    following = ord(prefix[-1]) + 1
    # Surrogates are no characters of their own, and the last code point has none after it.
    following = 0xE000 if following == 0xD800 else following
    conditions = [head >= prefix]
    if following < 0x11_0000:
        conditions.append(head < prefix[:-1] + chr(following))
    return conditions


def _after(columns: Sequence[SortColumn]) -> ColumnElement[bool]:
    """Return the condition that a row comes after the sort values of a position."""
    values = [bindparam(_AFTER.format(i), type_=column.type) for i, (column, _) in enumerate(columns)]
    alternatives = []
    for index, ((column, up), value) in enumerate(zip(columns, values, strict=True)):
        equal = [earlier == given for (earlier, _), given in zip(columns[:index], values, strict=False)]
        alternatives.append(and_(*equal, column > value if up else column < value))
    # Implied by the alternatives; the database can begin to read the index here.
    (first, up), value = columns[0], values[0]
    return and_(first >= value if up else first <= value, or_(*alternatives))
