"""Which of the body formats a request says it has."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pycore.errors import UnsupportedMediaType

BodyFormat: TypeAlias = Literal["json", "csv", "arrow"]

ARROW = "application/vnd.apache.arrow.stream"

_FORMATS: dict[str, BodyFormat] = {"application/json": "json", "text/csv": "csv", ARROW: "arrow"}
#: What clients of MLflow 1 add to say how the rows lie; the body itself tells that as well.
_LEGACY_FORMATS = frozenset({"pandas-split", "pandas-records"})


def body_format(content_type: str | None) -> BodyFormat:
    """Return the format that a Content-Type header names, JSON where there is none.

    Raises
    ------
    UnsupportedMediaType
        Another type, another character set than UTF-8, or an unknown parameter.

    References
    ----------
    MLflow scoring protocol, content types; letter case and quotes do not matter here, as HTTP says.
    """
    if not content_type:
        return "json"
    name, *parameters = [part.strip() for part in content_type.split(";")]
    found = _FORMATS.get(name.lower())
    if found is None:
        raise UnsupportedMediaType(f"The content type is {name!r}; this server reads {', '.join(_FORMATS)}.")
    for parameter in filter(None, parameters):
        key, _, value = parameter.partition("=")
        if (key.strip().lower(), found) == ("format", "json") and value.strip().strip('"') in _LEGACY_FORMATS:
            continue
        if key.strip().lower() != "charset":
            raise UnsupportedMediaType(
                f"The content type has the parameter {parameter!r}; only 'charset=utf-8' is understood. "
                "The form of the rows is told by the key that holds them, such as 'dataframe_split'."
            )
        if value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType(f"The character set is {value.strip()!r}; only UTF-8 is understood.")
    return found


def wants_arrow(accept: str | None) -> bool:
    """Return whether an Accept header names Arrow streams; all other callers get JSON."""
    types = [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]
    return ARROW in types
