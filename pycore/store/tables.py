"""The tables, as the newest migration leaves them.

::

    experiments ── experiment_tags
      ├─ runs ──── metrics (every point)   latest_metrics (one point a key)   params   tags
      │    ├─ run_datasets ── input_tags
      │    └─ run_models (used and made)
      ├─ datasets
      └─ logged_models ── logged_model_metrics   logged_model_params   logged_model_tags
    registered_models ── registered_model_tags
      ├─ model_versions ── model_version_tags
      └─ aliases
    users ── tokens

What a user may do with an experiment or a registered model stands beside that: `experiment_permissions`,
`registered_model_permissions`. These name users by number alone, because the registry may be another
database than the one that has the users; numbers of users are never given again.

Runs and registered models have a row number beside the name the world knows: child rows stay small, and a
rename is one update. `latest_metrics`, `params` and `tags` repeat the run's experiment, so that their
indexes lead from (experiment, key, value) straight to the runs a search wants. A long text cannot be
indexed everywhere, therefore its first characters stand in `value_head`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    SmallInteger,
    Table,
)

from pycore.store.column_types import long_text, row_number, short_text

#: Characters of a text that its index sees.
HEAD_LENGTH = 100

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

experiments = Table(
    "experiments",
    metadata,
    Column("experiment_id", row_number(), primary_key=True, autoincrement=True),
    Column("name", short_text(500), nullable=False, unique=True),
    Column("artifact_location", long_text(), nullable=False),
    Column("lifecycle_stage", short_text(20), nullable=False),
    Column("creation_time", BigInteger, nullable=False),
    Column("last_update_time", BigInteger, nullable=False),
    # Milliseconds since 1970 UTC, here as in the other tables; absent while it is active.
    Column("deleted_time", BigInteger),
    # Without it SQLite gives the id of a removed last row again.
    sqlite_autoincrement=True,
)

experiment_tags = Table(
    "experiment_tags",
    metadata,
    Column("experiment_id", ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True),
    Column("key", short_text(250), primary_key=True),
    Column("value", long_text(), nullable=False),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    Column("pk", row_number(), primary_key=True, autoincrement=True),
    Column("run_id", short_text(32), nullable=False, unique=True),
    Column("experiment_id", ForeignKey("experiments.experiment_id"), nullable=False),
    Column("run_name", long_text(), nullable=False),
    Column("user_id", long_text(), nullable=False),
    Column("status", short_text(20), nullable=False),
    Column("start_time", BigInteger, nullable=False),
    Column("end_time", BigInteger),
    Column("artifact_uri", long_text(), nullable=False),
    Column("lifecycle_stage", short_text(20), nullable=False),
    Column("deleted_time", BigInteger),
    Index("ix_runs_newest", "experiment_id", "lifecycle_stage", "start_time"),
)

metrics = Table(
    "metrics",
    metadata,
    Column("run_pk", ForeignKey("runs.pk", ondelete="CASCADE"), primary_key=True),
    Column("key", short_text(250), primary_key=True),
    # The order of the key is the order of a history.
    Column("timestamp", BigInteger, primary_key=True),
    Column("step", BigInteger, primary_key=True),
    Column("value", Double, primary_key=True),
    Column("value_kind", SmallInteger, primary_key=True),
    sqlite_with_rowid=False,
)

latest_metrics = Table(
    "latest_metrics",
    metadata,
    Column("run_pk", ForeignKey("runs.pk", ondelete="CASCADE"), primary_key=True),
    Column("key", short_text(250), primary_key=True),
    Column("experiment_id", row_number(), nullable=False),
    Column("value", Double, nullable=False),
    Column("value_kind", SmallInteger, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    Index("ix_latest_metrics_value", "experiment_id", "key", "value", "value_kind"),
    sqlite_with_rowid=False,
)

params = Table(
    "params",
    metadata,
    Column("run_pk", ForeignKey("runs.pk", ondelete="CASCADE"), primary_key=True),
    Column("key", short_text(250), primary_key=True),
    Column("experiment_id", row_number(), nullable=False),
    Column("value_head", short_text(HEAD_LENGTH), nullable=False),
    Column("value", long_text(), nullable=False),
    Index("ix_params_value", "experiment_id", "key", "value_head"),
    sqlite_with_rowid=False,
)

tags = Table(
    "tags",
    metadata,
    Column("run_pk", ForeignKey("runs.pk", ondelete="CASCADE"), primary_key=True),
    Column("key", short_text(250), primary_key=True),
    Column("experiment_id", row_number(), nullable=False),
    Column("value_head", short_text(HEAD_LENGTH), nullable=False),
    Column("value", long_text(), nullable=False),
    Index("ix_tags_value", "experiment_id", "key", "value_head"),
    sqlite_with_rowid=False,
)

datasets = Table(
    "datasets",
    metadata,
    Column("pk", row_number(), primary_key=True, autoincrement=True),
    Column("experiment_id", ForeignKey("experiments.experiment_id", ondelete="CASCADE"), nullable=False),
    Column("name", short_text(500), nullable=False),
    Column("digest", short_text(36), nullable=False),
    Column("source_type", long_text(), nullable=False),
    Column("source", long_text(), nullable=False),
    Column("schema", long_text()),
    Column("profile", long_text()),
    Index("ix_datasets_identity", "experiment_id", "name", "digest", unique=True),
)

run_datasets = Table(
    "run_datasets",
    metadata,
    Column("run_pk", ForeignKey("runs.pk", ondelete="CASCADE"), primary_key=True),
    Column("dataset_pk", ForeignKey("datasets.pk", ondelete="CASCADE"), primary_key=True),
    Index("ix_run_datasets_dataset", "dataset_pk"),
    sqlite_with_rowid=False,
)

input_tags = Table(
    "input_tags",
    metadata,
    Column("run_pk", row_number(), primary_key=True),
    Column("dataset_pk", row_number(), primary_key=True),
    Column("key", short_text(255), primary_key=True),
    Column("value", long_text(), nullable=False),
    ForeignKeyConstraint(
        ["run_pk", "dataset_pk"],
        ["run_datasets.run_pk", "run_datasets.dataset_pk"],
        ondelete="CASCADE",
    ),
    sqlite_with_rowid=False,
)

run_models = Table(
    "run_models",
    metadata,
    Column("run_pk", ForeignKey("runs.pk", ondelete="CASCADE"), primary_key=True),
    # 0 for a model the run used, 1 for one it made.
    Column("is_output", SmallInteger, primary_key=True, autoincrement=False),
    # Clients may name models before they create them.
    Column("model_id", short_text(250), primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

logged_models = Table(
    "logged_models",
    metadata,
    Column("pk", row_number(), primary_key=True, autoincrement=True),
    Column("model_id", short_text(34), nullable=False, unique=True),
    Column("experiment_id", ForeignKey("experiments.experiment_id"), nullable=False),
    Column("name", long_text(), nullable=False),
    Column("artifact_location", long_text(), nullable=False),
    Column("status", short_text(20), nullable=False),
    Column("model_type", long_text(), nullable=False),
    Column("source_run_id", short_text(250), nullable=False),
    Column("lifecycle_stage", short_text(20), nullable=False),
    Column("creation_timestamp", BigInteger, nullable=False),
    Column("last_updated_timestamp", BigInteger, nullable=False),
    Column("deleted_time", BigInteger),
    Index("ix_logged_models_newest", "experiment_id", "lifecycle_stage", "creation_timestamp"),
    Index("ix_logged_models_run", "source_run_id"),
)

logged_model_metrics = Table(
    "logged_model_metrics",
    metadata,
    # The columns that tell points apart are longer together than MySQL's keys may be.
    Column("pk", row_number(), primary_key=True, autoincrement=True),
    Column("model_pk", ForeignKey("logged_models.pk", ondelete="CASCADE"), nullable=False),
    Column("run_id", short_text(32), nullable=False),
    Column("key", short_text(250), nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("value_kind", SmallInteger, nullable=False),
    Column("dataset_name", short_text(500), nullable=False),
    Column("dataset_digest", short_text(36), nullable=False),
    Index("ix_logged_model_metrics_key", "model_pk", "key", "step"),
)

logged_model_params = Table(
    "logged_model_params",
    metadata,
    Column("model_pk", ForeignKey("logged_models.pk", ondelete="CASCADE"), primary_key=True),
    Column("key", short_text(250), primary_key=True),
    Column("value", long_text(), nullable=False),
    sqlite_with_rowid=False,
)

logged_model_tags = Table(
    "logged_model_tags",
    metadata,
    Column("model_pk", ForeignKey("logged_models.pk", ondelete="CASCADE"), primary_key=True),
    Column("key", short_text(250), primary_key=True),
    Column("value", long_text(), nullable=False),
    sqlite_with_rowid=False,
)

registered_models = Table(
    "registered_models",
    metadata,
    Column("pk", row_number(), primary_key=True, autoincrement=True),
    Column("name", short_text(256), nullable=False, unique=True),
    Column("description", long_text()),
    Column("creation_timestamp", BigInteger, nullable=False),
    Column("last_updated_timestamp", BigInteger, nullable=False),
    # The highest version ever given, so that the number of a deleted one is not given again.
    Column("last_version", BigInteger, nullable=False),
)

registered_model_tags = Table(
    "registered_model_tags",
    metadata,
    Column("model_pk", ForeignKey("registered_models.pk", ondelete="CASCADE"), primary_key=True),
    Column("key", short_text(250), primary_key=True),
    Column("value", long_text(), nullable=False),
    sqlite_with_rowid=False,
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("model_pk", ForeignKey("registered_models.pk", ondelete="CASCADE"), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("source", long_text(), nullable=False),
    # Where the files lie: the source, or what a models:/ source stood for when it was registered.
    Column("storage_location", long_text(), nullable=False),
    Column("run_id", short_text(250), nullable=False),
    Column("run_link", long_text(), nullable=False),
    Column("current_stage", short_text(20), nullable=False),
    Column("description", long_text()),
    Column("creation_timestamp", BigInteger, nullable=False),
    Column("last_updated_timestamp", BigInteger, nullable=False),
    # Absent in versions that were not made from a logged model.
    Column("model_id", short_text(250)),
    Index("ix_model_versions_stage", "model_pk", "current_stage", "version"),
    Index("ix_model_versions_newest", "last_updated_timestamp"),
    Index("ix_model_versions_run", "run_id"),
)

model_version_tags = Table(
    "model_version_tags",
    metadata,
    Column("model_pk", row_number(), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("key", short_text(250), primary_key=True),
    Column("value", long_text(), nullable=False),
    ForeignKeyConstraint(
        ["model_pk", "version"],
        ["model_versions.model_pk", "model_versions.version"],
        ondelete="CASCADE",
    ),
    sqlite_with_rowid=False,
)

aliases = Table(
    "aliases",
    metadata,
    Column("model_pk", row_number(), primary_key=True),
    Column("alias", short_text(255), primary_key=True),
    Column("version", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["model_pk", "version"],
        ["model_versions.model_pk", "model_versions.version"],
        ondelete="CASCADE",
    ),
    Index("ix_aliases_version", "model_pk", "version"),
    sqlite_with_rowid=False,
)

users = Table(
    "users",
    metadata,
    Column("user_id", row_number(), primary_key=True, autoincrement=True),
    Column("username", short_text(255), nullable=False, unique=True),
    Column("password_hash", short_text(255), nullable=False),
    Column("is_admin", SmallInteger, nullable=False),
    # What is granted to a number must not fall to a later user.
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", row_number(), primary_key=True, autoincrement=True),
    Column("user_id", ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False),
    Column("name", short_text(255), nullable=False),
    Column("token_hash", short_text(64), nullable=False, unique=True),
    Column("scope", short_text(20), nullable=False),
    Column("creation_time", BigInteger, nullable=False),
    Column("expiry_time", BigInteger),
    Column("last_used_time", BigInteger),
    Index("ix_tokens_name", "user_id", "name", unique=True),
)

experiment_permissions = Table(
    "experiment_permissions",
    metadata,
    Column("experiment_id", ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", row_number(), primary_key=True, autoincrement=False),
    # The number of a `Permission`.
    Column("permission", SmallInteger, nullable=False),
    Index("ix_experiment_permissions_user", "user_id"),
    sqlite_with_rowid=False,
)

registered_model_permissions = Table(
    "registered_model_permissions",
    metadata,
    Column("model_pk", ForeignKey("registered_models.pk", ondelete="CASCADE"), primary_key=True),
    Column("user_id", row_number(), primary_key=True, autoincrement=False),
    Column("permission", SmallInteger, nullable=False),
    Index("ix_registered_model_permissions_user", "user_id"),
    sqlite_with_rowid=False,
)
