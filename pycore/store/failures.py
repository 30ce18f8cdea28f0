"""What a database's failures mean to whoever asked it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pycore.errors import InvalidInput, Unavailable

# What the databases say, and what that means to whoever asked. SQLite's texts are stable and, unlike its
# codes, known to every supported Python; drivers pass on those of a refused connection without a code.
_SQLITE_MEANINGS = (
    ("locked", "it is locked by another process that does not finish; try again, or end that process"),
    ("readonly", "it is read-only; make its file and folder writable for the user of this process"),
    ("disk is full", "the disk is full; nothing of this request was written. Free some space and try again"),
    ("not a database", "its file is not an SQLite database; give another path, or restore a backup"),
    ("malformed", "its file is damaged; restore a backup"),
    ("unable to open", "its file cannot be opened; check that the folder exists and may be written to"),
    ("disk I/O error", "its disk reports an error; check the disk and its free space"),
)
_SERVER_MEANINGS = (
    ("password authentication failed", "it refused the user or password of its URI"),
    ("Access denied", "it refused the user or password of its URI"),
    ("does not exist", "it lacks the database, user or table that was asked for; check its URI"),
    ("Unknown database", "its server has no database of this name; create it, or correct the URI"),
    ("eadlock", "two requests waited for each other; nothing of this one was written, try again"),
    ("Lock wait timeout", "another request holds what this one needs; nothing was written, try again"),
    ("could not serialize", "another request changed the same; nothing of this one was written, try again"),
    ("read-only", "it is read-only now; give the URI of a server that may be written to"),
    ("No space left", "its disk is full; nothing of this request was written"),
    ("is full", "its disk is full; nothing of this request was written"),
    (
        "already exists",
        "an upgrade of its schema was cut off; restore the backup, or give an empty one",
    ),
    ("too many", "it takes no more connections; try again, or allow it more"),
    ("Can't connect", "no server answers at its address; check the URI, and that it runs"),
    ("connection to server", "no server answers at its address; check the URI, and that it runs"),
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours; a broken constraint nobody expected stays what it is: a bug."""
    try:
        yield
    except (IntegrityError, sqlite3.IntegrityError):
        raise
    except (DataError, sqlite3.DataError) as error:
        raise InvalidInput(
            "The database cannot hold a value of this request: a text with a NUL character, or one that is "
            "too long."
        ) from error
    except (DBAPIError, sqlite3.Error) as error:
        raise Unavailable(f"The database cannot be used: {_explain(error)}.") from error
    except PoolTimeout as error:
        raise Unavailable("All connections to the database are in use; try again.") from error
    except UnicodeEncodeError as error:
        raise InvalidInput("A text holds half a surrogate pair, which is not valid Unicode.") from error


def _explain(error: DBAPIError | sqlite3.Error) -> str:
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    meanings = _SQLITE_MEANINGS if isinstance(cause, sqlite3.Error) else _SERVER_MEANINGS
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return "the connection to it was lost; try again"
    for said, meaning in meanings:
        if said in str(cause):
            return meaning
    return "it refused the statement; the log of this process says more"
