"""The tables, as SQLAlchemy sees them; `migrations/` creates them and a test keeps the two equal."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    text,
)

from task_scheduler.core.runs import ACTIVE, OPEN_ATTEMPTS


class UtcMoment(TypeDecorator[datetime]):
    """A moment as text, `2026-11-22T14:00:00.000000Z`: sorts as it reads, and reads well in any shell."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write an aware datetime as UTC; raises ValueError for a naive one."""
        return None if value is None else text_of(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read it back, aware and in UTC."""
        return None if value is None else datetime.fromisoformat(value)


class FreeText(TypeDecorator[str]):
    """Text that others wrote; what is no valid Unicode in it is kept in escaped form, not refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Escape lone surrogates: SQLite takes none, and the record of a run may not fail on its output."""
        if value is None or value.isascii():
            return value
        return value.encode("utf-8", "backslashreplace").decode("utf-8")


def text_of(moment: datetime) -> str:
    """Return how a moment is stored; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a time zone cannot be recorded: {moment.isoformat()}")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


metadata = MetaData()

tasks = Table(
    "tasks",
    metadata,
    Column("task_id", Text, primary_key=True),
    Column("path", FreeText, nullable=False),
    Column("status", Text, nullable=False),
    Column("title", FreeText, nullable=False),
    Column("digest", Text),
    Column("version", Text),
    Column("problems", JSON, nullable=False),
    Column("detail", FreeText, nullable=False),
    Column("updated_at", UtcMoment, nullable=False),
    # Added by 0002: what the file looked like when its digest was taken; older rows have none.
    Column("stamp", Text),
    sqlite_with_rowid=False,
)

sources = Table(
    "sources",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

locks = Table(
    "locks",
    metadata,
    Column("key", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("python", Text, nullable=False),
    Column("platform", Text, nullable=False),
)

# A version is named by task, digest and environment: the same source may be admitted again with newer
# packages, and an attempt of either can still be told what it ran with. The highest id is the newest.
versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task_id", ForeignKey("tasks.task_id"), nullable=False),
    Column("digest", ForeignKey("sources.digest"), nullable=False),
    Column("environment", ForeignKey("locks.key"), nullable=False),
    Column("declaration", JSON, nullable=False),
    Column("preload", JSON, nullable=False),
    Column("local_digest", Text, nullable=False),
    Column("functions", JSON, nullable=False),
    Column("admitted_at", UtcMoment, nullable=False),
    UniqueConstraint("task_id", "digest", "environment"),
    Index("versions_digest", "digest"),
    Index("versions_environment", "environment"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task_id", ForeignKey("tasks.task_id"), nullable=False),
    Column("function", Text),
    Column("trigger", Text, nullable=False),
    Column("timezone", Text),
    Column("arguments", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("next_run", UtcMoment),
    # Added by 0004.
    Column("tags", JSON, nullable=False, server_default=text("'[]'")),
    sqlite_autoincrement=True,
)
# NULLs are all different to a unique index, and neither a function nor a zone has an empty name.
Index(
    "jobs_identity",
    jobs.c.task_id,
    func.coalesce(jobs.c.function, text("''")),
    jobs.c.trigger,
    func.coalesce(jobs.c.timezone, text("''")),
    jobs.c.arguments,
    unique=True,
)

# AUTOINCREMENT, so that the number of a pruned run is never given to another one.
runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("task_id", ForeignKey("tasks.task_id"), nullable=False),
    Column("job_id", ForeignKey("jobs.id")),
    Column("function", Text),
    Column("arguments", Text, nullable=False),
    Column("scheduled_for", UtcMoment),
    Column("clock_generation", Integer, nullable=False),
    Column("request_id", Text, unique=True),
    Column("digest", Text),
    Column("reason", FreeText, nullable=False),
    Column("count", Integer, nullable=False),
    Column("range_end", UtcMoment),
    Column("merged", Integer, nullable=False),
    Column("merged_from", UtcMoment),
    Column("created_at", UtcMoment, nullable=False),
    Column("started_at", UtcMoment),
    Column("ended_at", UtcMoment),
    Column("retry_at", UtcMoment),
    Column("attempts", Integer, nullable=False),
    Column("executions", Integer, nullable=False),
    # Added by 0002: older rows have none.
    Column("argv", JSON),
    Column("pinned", Text),
    # Added by 0003.
    Column("paused_at", UtcMoment),
    Column("paused_seconds", Float, nullable=False, server_default=text("0")),
    UniqueConstraint("job_id", "scheduled_for", "clock_generation"),
    sqlite_autoincrement=True,
)


# Literals, in the index and in the queries: SQLite does not see that a partial index serves a parameter.
_OPEN = ", ".join(f"'{value}'" for value in sorted(OPEN_ATTEMPTS))


RUN_IS_ACTIVE = runs.c.state.in_(sorted(state.value for state in ACTIVE))
ATTEMPT_IS_OPEN = text(f"attempts.state IN ({_OPEN})")

Index("runs_of_task", runs.c.task_id)
Index("runs_of_task_by_state", runs.c.task_id, runs.c.state)
Index("runs_by_state", runs.c.state)
Index("runs_ended", runs.c.ended_at, sqlite_where=runs.c.ended_at.is_not(None))

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("placement", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("output", Text, nullable=False),
    Column("reason", FreeText, nullable=False),
    Column("claimed_at", UtcMoment, nullable=False),
    Column("started_at", UtcMoment),
    Column("ended_at", UtcMoment),
    Column("exit_code", Integer),
    Column("signal", Integer),
    Column("stopped_for", FreeText),
    Column("error_kind", FreeText),
    Column("error_message", FreeText),
    Column("error_place", FreeText),
    Column("duration", Float),
    Column("cpu_seconds", Float),
    Column("peak_memory", Integer),
    Column("output_bytes", Integer),
    Column("output_dropped", Integer),
    Column("left_behind", Integer),
    # Added by 0003: NULL for most. The notes may be long and come last, so that nothing is read past them.
    Column("details", JSON(none_as_null=True)),
    Column("notes", JSON(none_as_null=True)),
    sqlite_with_rowid=False,
)
# A run has one attempt at a time: the database itself refuses a second.
Index("attempts_open", attempts.c.run_id, unique=True, sqlite_where=text(f"state IN ({_OPEN})"))

state = Table(
    "state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
