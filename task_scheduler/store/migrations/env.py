"""Run by Alembic: migrates on the connection it is given, within that connection's transaction."""

from __future__ import annotations

from alembic import context

from task_scheduler.store.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("the scheduler migrates its database by itself when it starts")

context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
