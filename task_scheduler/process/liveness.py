"""Whether a scheduler holds a project, and whether it works: by its lock and its heartbeat, without asking it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from socket import gethostname

from task_scheduler.control.client import ask
from task_scheduler.control.errors import Forbidden, NoAnswer
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.process.heartbeat import HEARTBEAT, INTERVAL, LEAST_WITHIN, WITHIN, Beat, Phase
from task_scheduler.process.lock_path import scheduler_lock
from task_scheduler.store.locks import heir_of, holder_of, is_out_of_reach, process_named

#: Seconds a silent one is given once more: the machine, or the process, may just have been woken.
_SECOND_LOOK = 3.0
#: The same where its clock cannot be read from here.
_LONG_LOOK = INTERVAL + 2.0
_LOOK = 0.1
#: Seconds it has to answer where it leaves no sign of life that can be read.
_PATIENCE = 2.0


class Health(StrEnum):
    """How a project's scheduler is."""

    WELL = "well"
    HUNG = "hung"  # it holds the project, and its loop stands still
    ABSENT = "absent"  # none runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a project's scheduler is, and by what that is known."""

    health: Health
    who: str = ""  #: `pid 7 on atlas since …`
    phase: Phase = Phase.WORKING
    age: float | None = None  #: seconds since its last sign of life; None: it leaves none that can be read


def standing(root: Path, *, now: float, within: float = WITHIN, pause: Callable[[float], object]) -> Standing:
    """Return how the scheduler of the project at `root` is; one that seems hung is looked at for a while.

    `now` is seconds since 1970; `pause` waits for seconds. Raises Forbidden where another user's keeps that from us.
    """
    who = _scheduler_of(root)
    if who is None:
        return Standing(health=Health.ABSENT)
    found = _judged(root, who, now, within)
    if found.health is Health.WELL:
        return found
    before, waited = Beat.read(root / HEARTBEAT), 0.0
    long = before is not None and before.age() is None
    while waited < (_LONG_LOOK if long else _SECOND_LOOK):
        pause(_LOOK)
        waited += _LOOK
        who = _scheduler_of(root)
        if who is None:
            return Standing(health=Health.ABSENT)
        beat = Beat.read(root / HEARTBEAT)
        if beat is not None and beat != before and _is_of(beat, who):
            return Standing(health=Health.WELL, who=who, phase=beat.phase, age=0.0)
    if found.age is None and answers(root):
        return Standing(health=Health.WELL, who=who)
    return Standing(health=Health.HUNG, who=who, phase=found.phase, age=found.age)


def check_within_reach(root: Path) -> None:
    """Raise Forbidden where this user may not know whether the project at `root` has a scheduler."""
    if is_out_of_reach(scheduler_lock(root)):
        raise Forbidden(f"the scheduler of {root} belongs to another user: ask as that user, or as root")


def _scheduler_of(root: Path) -> str | None:
    lock = scheduler_lock(root)
    if (holder := holder_of(lock)) is not None:
        return None if holder.work else holder.who
    check_within_reach(root)
    if heir_of(lock) is None:
        return None if lock.exists() else _without_lock(root)
    # Late: it takes longer to find out whether one is about to become a new program.
    from task_scheduler.process.rivals import scheduler_there

    return scheduler_there(root)


def _without_lock(root: Path) -> str | None:
    """Return who has lately worked and lives, although the lock file was deleted: it ends once it notices that."""
    beat = Beat.read(root / HEARTBEAT)
    age = None if beat is None else beat.age()
    if beat is None or age is None or age > LEAST_WITHIN:
        return None
    import psutil

    try:
        process = psutil.Process(beat.process)
        began, is_dead = process.create_time(), process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    # A process that began after the beat has only the same number.
    if is_dead or began > beat.written:
        return None
    since = datetime.fromtimestamp(began, UTC)
    return f"pid {beat.process} on {gethostname()} since {since:%Y-%m-%d %H:%M:%S} UTC, whose lock file is gone"


def _judged(root: Path, who: str, now: float, within: float) -> Standing:
    """Return how it is at first sight."""
    beat = Beat.read(root / HEARTBEAT)
    if beat is None or not _is_of(beat, who):
        return Standing(health=_fresh(root, now, within), who=who, phase=Phase.STARTING)
    age = beat.age()
    if age is None:
        # A clock that was set back makes no scheduler young: it is looked at for longer instead.
        age = abs(now - beat.written)
    health = Health.WELL if age <= within else Health.HUNG
    return Standing(health=health, who=who, phase=beat.phase, age=age)


def _fresh(root: Path, now: float, within: float) -> Health:
    """Return how a scheduler is that has given no sign of life: it may have taken the lock just now."""
    try:
        age = abs(now - scheduler_lock(root).stat().st_mtime)
    except OSError:
        return Health.HUNG
    return Health.WELL if age <= within else Health.HUNG


def _is_of(beat: Beat, who: str) -> bool:
    """Whether a beat is of the scheduler that holds the lock: an earlier one may have left its own."""
    named = process_named(who)
    return named is not None and named[0] == beat.process


def keeps_silent(root: Path) -> bool:
    """Whether the scheduler of the project at `root` listens and does not answer; one that only starts does neither."""
    try:
        ask(root, "surroundings", {}, patience=_PATIENCE)
    except NoAnswer:
        return True
    except TaskSchedulerError:
        return False
    return False


def answers(root: Path) -> bool:
    """Whether the scheduler of the project at `root` answers soon."""
    try:
        ask(root, "surroundings", {}, patience=_PATIENCE)
    except TaskSchedulerError:
        return False
    return True
