"""Words to find a job by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that has a default, which is that of older rows: SQLite does so without copying the table."""
    op.add_column("jobs", sa.Column("tags", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
