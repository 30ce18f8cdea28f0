"""All SQL: the database, its tables and migrations, and the statements of each noun.

Only `services` may import this package, besides the modules that open a database for it. A request enters
with `Database.transaction()` or `Database.reading()`, whose connection is the first argument of every
function here. What is read comes back as entities; what is not there as None.
"""

from pycore.store.database import Database

__all__ = ["Database"]
