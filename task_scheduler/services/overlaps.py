"""Which runs of a task keep each other from starting.

A run that comes is judged twice: when it arrives, by its task's overlap policy (is it skipped, does it replace
those at work?), and when its turn comes (does it have to wait for one before it?). Unless the policy is
`parallel`, nothing begins while an older version of its file executes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from task_scheduler.core.policies import MOST_QUEUED
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Overlap, TaskVersion
from task_scheduler.services.active_run import ActiveRun, Phase

_WORDS = {
    Phase.WAITING: "still waits for a place",
    Phase.HELD: "still waits to start",
    Phase.RETRYING: "waits for its next attempt",
}


def doubled(active: ActiveRun, others: Iterable[ActiveRun], *, digest: str | None) -> Iterator[ActiveRun]:
    """Return the runs at work that `active` would double if it started with version `digest`.

    Two jobs on one function may work side by side, since they differ in their arguments; but not with a run a
    person asked for, and not with one of another version.
    """
    return (
        other
        for other in others
        if other is not active
        and other.is_at_work
        and (_is_same_work(other, active) or (_is_same_function(other, active) and _executes_another(other, digest)))
    )


def why_skipped(before: Sequence[ActiveRun], overlap: Overlap) -> str | None:
    """Return why a run that arrives is skipped because of the runs it would double; None: it is not."""
    if not before:
        return None
    match overlap:
        case Overlap.SKIP:
            return describe_overlap(before[0])
        case Overlap.QUEUE:
            waiting = sum(map(_has_not_begun, before))
            return f"overlap: {waiting} runs of it wait already" if waiting >= MOST_QUEUED else None
        case Overlap.QUEUE_ONE:
            waits = next(filter(_has_not_begun, before), None)
            return None if waits is None else f"overlap: run {waits.run.id} of it waits already"
        case Overlap.PARALLEL | Overlap.REPLACE:
            return None


def must_wait(active: ActiveRun, others: Iterable[ActiveRun], *, version: TaskVersion) -> bool:
    """Whether a run whose turn has come has to wait for another of its task."""
    return any(kept_back_by(active, others, version=version))


def kept_back_by(active: ActiveRun, others: Iterable[ActiveRun], *, version: TaskVersion) -> Iterator[ActiveRun]:
    """Return the runs of its task that `active` has to wait for once its turn has come."""
    is_parallel = version.declaration.overlap is Overlap.PARALLEL
    in_order = active.in_turn or not is_parallel
    return (
        other
        for other in others
        if other is not active
        and (
            (not is_parallel and _executes_another(other, version.digest))
            or (in_order and _is_same_work(other, active) and _goes_before(other, active))
        )
    )


def describe_overlap(other: ActiveRun) -> str:
    """Return the reason a slot is skipped because of `other`."""
    does = "is paused" if other.is_held_by_person else _WORDS.get(other.phase, "is still at work")
    return f"overlap: run {other.run.id} of it {does}"


def _is_same_function(one: ActiveRun, other: ActiveRun) -> bool:
    return one.run.function == other.run.function


def _is_same_work(one: ActiveRun, other: ActiveRun) -> bool:
    """Whether two runs do the same: of one job, or of one function where a person asked for either."""
    is_same_job = one.run.job_id is None or other.run.job_id is None or one.run.job_id == other.run.job_id
    return is_same_job and _is_same_function(one, other)


def _executes_another(other: ActiveRun, digest: str | None) -> bool:
    # One that is only being begun takes the version in force when it is launched.
    return other.phase is Phase.LAUNCHED and other.digest != digest


def _has_not_begun(other: ActiveRun) -> bool:
    """Whether a run at work waits for its first attempt."""
    return other.run.state is RunState.QUEUED and other.phase in {Phase.WAITING, Phase.HELD}


def _goes_before(other: ActiveRun, active: ActiveRun) -> bool:
    """Whether one run comes before another of the same work: one order for all, so that no two wait for each other."""
    if not other.is_at_work:
        return False
    if other.phase in {Phase.BEGINNING, Phase.LAUNCHED, Phase.ENDING}:
        return True
    return _rank(other) < _rank(active)


def _rank(active: ActiveRun) -> tuple[bool, int]:
    """Order runs that have begun before those that have not, then older before younger."""
    return active.run.state is RunState.QUEUED, active.run.id
