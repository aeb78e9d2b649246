"""The one way to select runs together with the newest exit of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, func, select

from task_scheduler.core.runs import Run
from task_scheduler.store import rows
from task_scheduler.store.tables import attempts, runs

_ended = attempts.alias("ended")
_newest_end = (
    select(func.max(_ended.c.number))
    .where(_ended.c.run_id == runs.c.id, _ended.c.output_bytes.is_not(None))
    .scalar_subquery()
)
_last = attempts.alias("last")
_WIDTH = len(runs.c)

_exit = list(_last.c)[_last.c.keys().index("started_at") :]
_joined = runs.outerjoin(_last, and_(_last.c.run_id == runs.c.id, _last.c.number == _newest_end))

#: Every column of a run, then those of its last exit, all NULL where no attempt of it has ended.
ENDED_RUN = select(runs, *_exit).select_from(_joined)
#: The same without what it told, the last column: a hundred kilobytes each, which a list of thousands does not show.
LISTED_RUN = select(runs, *_exit[:-1]).select_from(_joined)


def ended_run_from(row: Sequence[Any]) -> Run:
    """Read a run with its last exit from a row of ENDED_RUN or LISTED_RUN."""
    return rows.run_from(row, rows.exit_from(row[_WIDTH:]))
