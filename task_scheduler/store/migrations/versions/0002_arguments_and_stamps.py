"""Command-line arguments of a run and the version it was asked of, and what a task's file looked like when it was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that older rows leave empty: SQLite does so without copying the table."""
    op.add_column("runs", sa.Column("argv", sa.JSON()))
    op.add_column("runs", sa.Column("pinned", sa.Text()))
    op.add_column("tasks", sa.Column("stamp", sa.Text()))
