"""Users, their tokens, and what each may do with experiments and registered models."""

import sqlalchemy as sa
from alembic import op

from pycore.store.column_types import row_number, short_text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", row_number(), primary_key=True, autoincrement=True),
        sa.Column("username", short_text(255), nullable=False, unique=True),
        sa.Column("password_hash", short_text(255), nullable=False),
        sa.Column("is_admin", sa.SmallInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tokens",
        sa.Column("token_id", row_number(), primary_key=True, autoincrement=True),
        sa.Column(
            "user_id", row_number(), sa.ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", short_text(255), nullable=False),
        sa.Column("token_hash", short_text(64), nullable=False, unique=True),
        sa.Column("scope", short_text(20), nullable=False),
        sa.Column("creation_time", sa.BigInteger, nullable=False),
        sa.Column("expiry_time", sa.BigInteger),
        sa.Column("last_used_time", sa.BigInteger),
    )
    op.create_index("ix_tokens_name", "tokens", ["user_id", "name"], unique=True)
    _create_permissions("experiment_permissions", "experiment_id", "experiments.experiment_id")
    _create_permissions("registered_model_permissions", "model_pk", "registered_models.pk")


def _create_permissions(name: str, column: str, target: str) -> None:
    op.create_table(
        name,
        sa.Column(
            column,
            row_number(),
            sa.ForeignKey(target, ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("user_id", row_number(), primary_key=True, autoincrement=False),
        sa.Column("permission", sa.SmallInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{name}_user", name, ["user_id"])
