"""Experiments, runs and what they log; registered models and their versions."""

import sqlalchemy as sa
from alembic import op

from pycore.store.column_types import long_text, row_number, short_text

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_experiments_and_runs()
    _create_what_runs_log()
    _create_registry()


def _create_experiments_and_runs() -> None:
    op.create_table(
        "experiments",
        sa.Column("experiment_id", row_number(), primary_key=True, autoincrement=True),
        sa.Column("name", short_text(500), nullable=False, unique=True),
        sa.Column("artifact_location", long_text(), nullable=False),
        sa.Column("lifecycle_stage", short_text(20), nullable=False),
        sa.Column("creation_time", sa.BigInteger, nullable=False),
        sa.Column("last_update_time", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "experiment_tags",
        sa.Column(
            "experiment_id",
            row_number(),
            sa.ForeignKey("experiments.experiment_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("key", short_text(250), primary_key=True),
        sa.Column("value", long_text(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runs",
        sa.Column("pk", row_number(), primary_key=True, autoincrement=True),
        sa.Column("run_id", short_text(32), nullable=False, unique=True),
        sa.Column("experiment_id", row_number(), sa.ForeignKey("experiments.experiment_id"), nullable=False),
        sa.Column("run_name", long_text(), nullable=False),
        sa.Column("user_id", long_text(), nullable=False),
        sa.Column("status", short_text(20), nullable=False),
        sa.Column("start_time", sa.BigInteger, nullable=False),
        sa.Column("end_time", sa.BigInteger),
        sa.Column("artifact_uri", long_text(), nullable=False),
        sa.Column("lifecycle_stage", short_text(20), nullable=False),
    )
    op.create_index("ix_runs_newest", "runs", ["experiment_id", "lifecycle_stage", "start_time"])


def _create_what_runs_log() -> None:
    op.create_table(
        "metrics",
        _run_pk(),
        sa.Column("key", short_text(250), primary_key=True),
        sa.Column("timestamp", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("value", sa.Double, primary_key=True),
        sa.Column("value_kind", sa.SmallInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "latest_metrics",
        _run_pk(),
        sa.Column("key", short_text(250), primary_key=True),
        sa.Column("experiment_id", row_number(), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("value_kind", sa.SmallInteger, nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_latest_metrics_value", "latest_metrics", ["experiment_id", "key", "value", "value_kind"]
    )
    for name in ("params", "tags"):
        op.create_table(
            name,
            _run_pk(),
            sa.Column("key", short_text(250), primary_key=True),
            sa.Column("experiment_id", row_number(), nullable=False),
            sa.Column("value_head", short_text(100), nullable=False),
            sa.Column("value", long_text(), nullable=False),
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_{name}_value", name, ["experiment_id", "key", "value_head"])


def _create_registry() -> None:
    op.create_table(
        "registered_models",
        sa.Column("pk", row_number(), primary_key=True, autoincrement=True),
        sa.Column("name", short_text(256), nullable=False, unique=True),
        sa.Column("description", long_text()),
        sa.Column("creation_timestamp", sa.BigInteger, nullable=False),
        sa.Column("last_updated_timestamp", sa.BigInteger, nullable=False),
        sa.Column("last_version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "registered_model_tags",
        _model_pk(),
        sa.Column("key", short_text(250), primary_key=True),
        sa.Column("value", long_text(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "model_versions",
        _model_pk(),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", long_text(), nullable=False),
        sa.Column("storage_location", long_text(), nullable=False),
        sa.Column("run_id", short_text(250), nullable=False),
        sa.Column("run_link", long_text(), nullable=False),
        sa.Column("current_stage", short_text(20), nullable=False),
        sa.Column("description", long_text()),
        sa.Column("creation_timestamp", sa.BigInteger, nullable=False),
        sa.Column("last_updated_timestamp", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_model_versions_stage", "model_versions", ["model_pk", "current_stage", "version"])
    op.create_index("ix_model_versions_newest", "model_versions", ["last_updated_timestamp"])
    op.create_index("ix_model_versions_run", "model_versions", ["run_id"])
    op.create_table(
        "model_version_tags",
        *_version_key(),
        sa.Column("key", short_text(250), primary_key=True),
        sa.Column("value", long_text(), nullable=False),
        _of_version(),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "aliases",
        sa.Column("model_pk", row_number(), primary_key=True, autoincrement=False),
        sa.Column("alias", short_text(255), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        _of_version(),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_aliases_version", "aliases", ["model_pk", "version"])


def _run_pk() -> sa.Column[int]:
    return sa.Column(
        "run_pk",
        row_number(),
        sa.ForeignKey("runs.pk", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


def _model_pk() -> sa.Column[int]:
    return sa.Column(
        "model_pk",
        row_number(),
        sa.ForeignKey("registered_models.pk", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


def _version_key() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("model_pk", row_number(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    )


def _of_version() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["model_pk", "version"],
        ["model_versions.model_pk", "model_versions.version"],
        ondelete="CASCADE",
    )
