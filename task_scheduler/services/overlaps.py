"""Which runs of a task keep each other from starting.

A slot is skipped while a run that it would double is at work. Nothing begins while an older version of its
file is at work: it waits for that to end.
"""

from __future__ import annotations

from collections.abc import Iterable

from task_scheduler.services.active_run import ActiveRun, Phase

_WORDS = {
    Phase.WAITING: "still waits for a place",
    Phase.HELD: "still waits to start",
    Phase.RETRYING: "waits for its next attempt",
}


def doubled(active: ActiveRun, others: Iterable[ActiveRun], *, digest: str | None) -> ActiveRun | None:
    """Return the run at work that `active` would double if it started with version `digest`, None if none.

    Two jobs on one function may work side by side, since they differ in their arguments; but not with a run a
    person asked for, and not with one of another version.
    """
    run = active.run
    for other in others:
        if other is active or not other.is_at_work or other.run.function != run.function:
            continue
        same_work = run.job_id is None or other.run.job_id is None or other.run.job_id == run.job_id
        if same_work or _executes_another(other, digest):
            return other
    return None


def must_wait(active: ActiveRun, others: Iterable[ActiveRun], *, digest: str) -> bool:
    """Whether a run whose turn has come has to wait for another of its task to end."""
    return any(
        _executes_another(other, digest) or (active.in_turn and _is_earlier_slot(other, active))
        for other in others
        if other is not active
    )


def describe_overlap(other: ActiveRun) -> str:
    """Return the reason a slot is skipped because of `other`."""
    return f"overlap: run {other.run.id} of it {_WORDS.get(other.phase, 'is still at work')}"


def _executes_another(other: ActiveRun, digest: str | None) -> bool:
    # One that is only being begun takes the version in force when it is launched.
    return other.phase is Phase.LAUNCHED and other.digest != digest


def _is_earlier_slot(other: ActiveRun, active: ActiveRun) -> bool:
    """Whether `other` is of the same job and has been started, so that `active` comes after it."""
    if other.run.job_id != active.run.job_id:
        return False
    return other.is_at_work and other.phase not in {Phase.WAITING, Phase.HELD}
