"""What the tests of the wire layer share: the way over JSON, and values of the protocol's range."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from strategies import texts

from pycore.wire.encoding import dumps, loads

int64s = st.integers(-(2**63), 2**63 - 1)
tag_mappings = st.dictionaries(texts, texts, max_size=3)


def travelled(body: Any) -> Any:
    """Return a body as the other side reads it."""
    return loads(dumps(body))
