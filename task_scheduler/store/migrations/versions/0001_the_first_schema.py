"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. Types are spelled out: what `tables` says may change, what was released may not."""
    op.create_table(
        "locks",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("python", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "sources",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text()),
        sa.Column("version", sa.Text()),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("task_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("function", sa.Text()),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text()),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("next_run", sa.Text()),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.task_id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "jobs_identity",
        "jobs",
        ["task_id", sa.text("coalesce(function, '')"), "trigger", sa.text("coalesce(timezone, '')"), "arguments"],
        unique=True,
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("declaration", sa.JSON(), nullable=False),
        sa.Column("preload", sa.JSON(), nullable=False),
        sa.Column("local_digest", sa.Text(), nullable=False),
        sa.Column("functions", sa.JSON(), nullable=False),
        sa.Column("admitted_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["sources.digest"]),
        sa.ForeignKeyConstraint(["environment"], ["locks.key"]),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.task_id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("task_id", "digest", "environment"),
        sqlite_autoincrement=True,
    )
    op.create_index("versions_digest", "versions", ["digest"])
    op.create_index("versions_environment", "versions", ["environment"])
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Integer()),
        sa.Column("function", sa.Text()),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("scheduled_for", sa.Text()),
        sa.Column("clock_generation", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("digest", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("range_end", sa.Text()),
        sa.Column("merged", sa.Integer(), nullable=False),
        sa.Column("merged_from", sa.Text()),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text()),
        sa.Column("ended_at", sa.Text()),
        sa.Column("retry_at", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("executions", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.task_id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id", "scheduled_for", "clock_generation"),
        sa.UniqueConstraint("request_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("runs_by_state", "runs", ["state"])
    op.create_index("runs_ended", "runs", ["ended_at"], sqlite_where=sa.text("ended_at IS NOT NULL"))
    op.create_index("runs_of_task", "runs", ["task_id"])
    op.create_index("runs_of_task_by_state", "runs", ["task_id", "state"])
    op.create_table(
        "attempts",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("placement", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text()),
        sa.Column("ended_at", sa.Text()),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("signal", sa.Integer()),
        sa.Column("stopped_for", sa.Text()),
        sa.Column("error_kind", sa.Text()),
        sa.Column("error_message", sa.Text()),
        sa.Column("error_place", sa.Text()),
        sa.Column("duration", sa.Float()),
        sa.Column("cpu_seconds", sa.Float()),
        sa.Column("peak_memory", sa.Integer()),
        sa.Column("output_bytes", sa.Integer()),
        sa.Column("output_dropped", sa.Integer()),
        sa.Column("left_behind", sa.Integer()),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "attempts_open", "attempts", ["run_id"], unique=True, sqlite_where=sa.text("state IN ('claimed', 'running')")
    )


def downgrade() -> None:
    """Refused: a newer schema is left by restoring a backup."""
    raise NotImplementedError
