"""Run by Alembic for each command: hands it the connection that `pycore.store.schema` passed."""

from alembic import context

from pycore.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
