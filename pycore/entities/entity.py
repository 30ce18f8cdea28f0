"""What all entities share: reading them as pairs of name and value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any


class Entity:
    """Base of the entity dataclasses; `dict(entity)` gives its public attributes."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            yield field.name, getattr(self, field.name)
