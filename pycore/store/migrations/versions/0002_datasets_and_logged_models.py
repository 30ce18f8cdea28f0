"""Datasets and models that runs use and make; models logged beside their run."""

import sqlalchemy as sa
from alembic import op

from pycore.store.column_types import long_text, row_number, short_text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _create_inputs_and_outputs()
    _create_logged_models()
    op.add_column("model_versions", sa.Column("model_id", short_text(250)))


def _create_inputs_and_outputs() -> None:
    op.create_table(
        "datasets",
        sa.Column("pk", row_number(), primary_key=True, autoincrement=True),
        sa.Column(
            "experiment_id",
            row_number(),
            sa.ForeignKey("experiments.experiment_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("name", short_text(500), nullable=False),
        sa.Column("digest", short_text(36), nullable=False),
        sa.Column("source_type", long_text(), nullable=False),
        sa.Column("source", long_text(), nullable=False),
        sa.Column("schema", long_text()),
        sa.Column("profile", long_text()),
    )
    op.create_index("ix_datasets_identity", "datasets", ["experiment_id", "name", "digest"], unique=True)
    op.create_table(
        "run_datasets",
        _part_of_key("run_pk", "runs.pk"),
        _part_of_key("dataset_pk", "datasets.pk"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_datasets_dataset", "run_datasets", ["dataset_pk"])
    op.create_table(
        "input_tags",
        sa.Column("run_pk", row_number(), primary_key=True, autoincrement=False),
        sa.Column("dataset_pk", row_number(), primary_key=True, autoincrement=False),
        sa.Column("key", short_text(255), primary_key=True),
        sa.Column("value", long_text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_pk", "dataset_pk"],
            ["run_datasets.run_pk", "run_datasets.dataset_pk"],
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_models",
        _part_of_key("run_pk", "runs.pk"),
        sa.Column("is_output", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("model_id", short_text(250), primary_key=True),
        sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def _create_logged_models() -> None:
    op.create_table(
        "logged_models",
        sa.Column("pk", row_number(), primary_key=True, autoincrement=True),
        sa.Column("model_id", short_text(34), nullable=False, unique=True),
        sa.Column("experiment_id", row_number(), sa.ForeignKey("experiments.experiment_id"), nullable=False),
        sa.Column("name", long_text(), nullable=False),
        sa.Column("artifact_location", long_text(), nullable=False),
        sa.Column("status", short_text(20), nullable=False),
        sa.Column("model_type", long_text(), nullable=False),
        sa.Column("source_run_id", short_text(250), nullable=False),
        sa.Column("lifecycle_stage", short_text(20), nullable=False),
        sa.Column("creation_timestamp", sa.BigInteger, nullable=False),
        sa.Column("last_updated_timestamp", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "ix_logged_models_newest", "logged_models", ["experiment_id", "lifecycle_stage", "creation_timestamp"]
    )
    op.create_index("ix_logged_models_run", "logged_models", ["source_run_id"])
    op.create_table(
        "logged_model_metrics",
        sa.Column("pk", row_number(), primary_key=True, autoincrement=True),
        sa.Column(
            "model_pk", row_number(), sa.ForeignKey("logged_models.pk", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("run_id", short_text(32), nullable=False),
        sa.Column("key", short_text(250), nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("value_kind", sa.SmallInteger, nullable=False),
        sa.Column("dataset_name", short_text(500), nullable=False),
        sa.Column("dataset_digest", short_text(36), nullable=False),
    )
    op.create_index("ix_logged_model_metrics_key", "logged_model_metrics", ["model_pk", "key", "step"])
    for name in ("logged_model_params", "logged_model_tags"):
        op.create_table(
            name,
            _part_of_key("model_pk", "logged_models.pk"),
            sa.Column("key", short_text(250), primary_key=True),
            sa.Column("value", long_text(), nullable=False),
            sqlite_with_rowid=False,
        )


def _part_of_key(name: str, target: str) -> sa.Column[int]:
    return sa.Column(
        name,
        row_number(),
        sa.ForeignKey(target, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
