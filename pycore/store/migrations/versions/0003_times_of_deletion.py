"""When runs, experiments and logged models were deleted, so that their removal can wait for some days."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Nobody noted when these were deleted: what is known is a time by which they were. Removing them later
# than asked for does no harm.
_DELETED_BY = {
    "experiments": "last_update_time",
    "runs": ":now_ms",
    "logged_models": "last_updated_timestamp",
}


def upgrade() -> None:
    now = {"now_ms": time.time_ns() // 1_000_000}
    for table, time_ms in _DELETED_BY.items():
        op.add_column(table, sa.Column("deleted_time", sa.BigInteger))
        statement = f"UPDATE {table} SET deleted_time = {time_ms} WHERE lifecycle_stage = 'deleted'"  # noqa: S608
        op.get_bind().execute(sa.text(statement), now if ":now_ms" in statement else {})
