"""What a run that has not begun waits for, in words."""

from __future__ import annotations

from collections.abc import Iterable

from task_scheduler.services.active_run import ActiveRun, Phase
from task_scheduler.services.overlaps import kept_back_by
from task_scheduler.services.register import Admitted

#: Phases of a run nothing is being done about, but for one whose next attempt has a time.
_WAITS = frozenset({Phase.ARMED, Phase.WAITING, Phase.HELD})


def waits_for(
    active: ActiveRun, others: Iterable[ActiveRun], admitted: Admitted | None, *, may_start: bool, is_ready: bool
) -> str | None:
    """Return what a run waits for, as the end of `it waits for …`; None: it does not wait, or for a person or a time.

    `others` are the runs of its task, `admitted` the version in force, and `is_ready` tells of the environment of that.
    `may_start`: whether anything of the task may start at present.
    """
    if active.phase not in _WAITS or active.is_held_by_person or active.cancelled is not None:
        return None
    if active.phase is Phase.ARMED:
        return "its instant"
    if not may_start:
        return "leave to start: nothing of its task is started at present"
    before = () if admitted is None else tuple(kept_back_by(active, others, version=admitted.version))
    if before:
        return _runs(before)
    if active.phase is Phase.WAITING:
        return "a place"
    return "another try to start it" if is_ready else "its environment"


def _runs(before: tuple[ActiveRun, ...]) -> str:
    # One that executes tells most: the others wait for it themselves.
    first = next((other for other in before if other.holds_place), before[0])
    more = len(before) - 1
    return f"run {first.run.id}" + (f" and {more:,} more of its task" if more else "")
