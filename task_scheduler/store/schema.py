"""Which schema a database has, and the way to the newest one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from task_scheduler.core.errors import SchemaTooNew, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Every revision in `migrations/`, oldest first; a test holds it against the scripts.
#: Known here so that Alembic, which takes 0.2 s to import, is imported only when there is something to do.
REVISIONS = ("0001", "0002", "0003", "0004")
HEAD = REVISIONS[-1]

MIGRATIONS = Path(__file__).parent / "migrations"


def revision_of(connection: Connection) -> str | None:
    """Return the revision a database has; None when it has no schema of ours yet."""
    known = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").scalar()
    if known is None:
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def bring_up_to_date(connection: Connection, path: Path) -> None:
    """Migrate forward to the newest schema, within the caller's transaction.

    Raises SchemaTooNew when the database was written by a newer program.
    """
    check_not_newer(connection, path)
    if revision_of(connection) != HEAD:
        _migrate(connection)


def check_not_newer(connection: Connection, path: Path) -> None:
    """Raise SchemaTooNew when the database was written by a newer program."""
    found = revision_of(connection)
    if found is not None and found not in REVISIONS:
        raise SchemaTooNew(str(path), found)


def check_readable(connection: Connection, path: Path) -> None:
    """Raise StoreError unless the database has the newest schema, without changing anything."""
    found = revision_of(connection)
    if found is None:
        raise StoreError(f"{path} holds no record of a scheduler: start the scheduler once")
    if found not in REVISIONS:
        raise SchemaTooNew(str(path), found)
    if found != HEAD:
        raise StoreError(
            f"{path} has the older schema {found}: start the scheduler once, it migrates by itself; "
            "one that runs with an older program is to be restarted"
        )


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic's options interpolate `%`.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
