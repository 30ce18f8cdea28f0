"""The language of filters and orders: text becomes a checked tree; nothing here knows SQL.

A filter enters at `parse_filter`, an order at `parse_order_by`; both ask the tables in `kinds` what may
be searched. `page_token` writes and reads the opaque tokens that carry a search from page to page.
"""

from pycore.search.kinds import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    SearchKind,
)
from pycore.search.order_by import parse_order_by
from pycore.search.page_token import Position, read_token, write_token
from pycore.search.parser import parse_filter
from pycore.search.prompts import without_prompts
from pycore.search.tree import Clause, Comparator, Entity, Field, Filter, Order, Sort, Value

__all__ = [
    "EXPERIMENTS",
    "LOGGED_MODELS",
    "MODEL_VERSIONS",
    "REGISTERED_MODELS",
    "RUNS",
    "Clause",
    "Comparator",
    "Entity",
    "Field",
    "Filter",
    "Order",
    "Position",
    "SearchKind",
    "Sort",
    "Value",
    "parse_filter",
    "parse_order_by",
    "read_token",
    "without_prompts",
    "write_token",
]
