"""What a frontmatter says of when its jobs run, beside their schedules: it becomes part of each job's canonical text."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from task_scheduler.core.excerpts import quoted
from task_scheduler.core.tasks import JobDeclaration, TaskDeclaration
from task_scheduler.core.triggers import has_slots, seed_of, stable_delay, with_clauses
from task_scheduler.core.triggers.reading import calendar_clause_of


def timed(job: JobDeclaration, declaration: TaskDeclaration | None, task_id: str) -> JobDeclaration:
    """Return a job with the zone and the clauses of its file; what it says itself comes first. Raises TriggerError."""
    if declaration is None:
        return job
    return replace(
        job,
        timezone=job.timezone or declaration.timezone,
        trigger=with_timing(job.trigger, declaration, seed_of(task_id, job.function, job.arguments)),
    )


def with_timing(text: str, declaration: TaskDeclaration, seed: str) -> str:
    """Return a canonical text with what the frontmatter adds to it; raises TriggerError where both make no sense.

    What the text says itself stays. `seed` names the job: from it a delay is drawn that lasts. An event stays as it is,
    since it has no slots (`starts` and `ends` are judged when it happens), and what is due once has no first and no last
    day.
    """
    more = " ".join(_clauses(declaration, seed))
    return with_clauses(text, more, seed=seed) if more else text


def without_effect(texts: Collection[str], declaration: TaskDeclaration) -> Iterator[tuple[str, str]]:
    """Yield each key that changes nothing of these canonical texts, all of a file's, with a sentence that says why.

    Where one of them has slots by the clock, the keys are for that one.
    """
    if not texts or any(map(has_slots, texts)):
        return
    for key, value, effect in (
        ("jitter", declaration.jitter, "to delay"),
        ("calendar", declaration.calendar, "to leave out or move"),
    ):
        if value is not None:
            yield key, f"{key} has no effect: {quoted(next(iter(texts)))} has no slots by the clock {effect}"


def outweighed_calendar(text: str, declaration: TaskDeclaration) -> str:
    """Return, as a sentence, how a schedule's own calendar stands before that of the keys; empty: they agree.

    `text` is canonical, without what the frontmatter adds.
    """
    calendar, on_holiday = calendar_clause_of(text)
    if not calendar or declaration.calendar is None:
        return ""
    if calendar != declaration.calendar:
        keys, own = f"calendar {declaration.calendar}", f"calendar {calendar}"
    elif on_holiday != declaration.on_holiday:
        keys, own = f"on_holiday {declaration.on_holiday}", f"{calendar} {on_holiday}"
    else:
        return ""
    return f"the schedule {quoted(text)} goes by its own {own}, not by the key {keys}: write it in one place"


def _clauses(declaration: TaskDeclaration, seed: str) -> Iterator[str]:
    if declaration.starts is not None:
        yield f"from {declaration.starts}"
    if declaration.ends is not None:
        yield f"until {declaration.ends}"
    if declaration.calendar is not None:
        yield f"calendar {declaration.calendar} {declaration.on_holiday}"
    jitter = declaration.jitter
    if jitter is None:
        return
    if jitter.fresh:
        yield f"plus up to {jitter.up_to} s"
    elif delay := stable_delay(seed, jitter.up_to):
        yield f"plus {delay} s"
