"""Pauses of a run, what an attempt told of its work, and the rarer facts of how it ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that older rows leave empty, or that have a default: SQLite does so without copying the table."""
    op.add_column("runs", sa.Column("paused_at", sa.Text()))
    op.add_column("runs", sa.Column("paused_seconds", sa.Float(), nullable=False, server_default=sa.text("0")))
    op.add_column("attempts", sa.Column("details", sa.JSON()))
    op.add_column("attempts", sa.Column("notes", sa.JSON()))
