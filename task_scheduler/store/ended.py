"""Which runs have their outcome, and up to which number all have: one rule for every store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from task_scheduler.core.runs import FINAL, RunState
from task_scheduler.ports import EndedRun, EndedRuns


def ended_runs(found: Iterable[tuple[int, RunState, datetime | None]], first: int) -> EndedRuns:
    """Sort the runs of one moment, from number `first` on, given by id, state and end."""
    ended: list[EndedRun] = []
    still_open: list[int] = []
    highest = first - 1
    for run_id, state, ended_at in sorted(found):
        highest = run_id
        if state in FINAL and ended_at is not None:
            ended.append(EndedRun(id=run_id, state=state, ended_at=ended_at))
        else:
            still_open.append(run_id)
    return EndedRuns(runs=tuple(ended), next_open=min(still_open, default=highest + 1))
