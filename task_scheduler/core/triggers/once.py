"""Schedules of a single slot: `once at 2027-03-01 09:00`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.days_chosen import SingleDay
from task_scheduler.core.triggers.pattern import DAY, Pattern
from task_scheduler.core.triggers.wall_text import is_date, read_wall, wall_text


@dataclass(frozen=True, slots=True)
class Once:
    """One wall reading, in seconds since 1970-01-01 00:00."""

    at: int

    @property
    def text(self) -> str:
        """The canonical text. It is persisted as part of a job's identity: never change how one is spelled."""
        return f"once at {wall_text(self.at)}"

    def pattern(self) -> Pattern:
        """Return the one reading at which it is due."""
        day, second = divmod(self.at, DAY)
        return Pattern(times=(second,), days=SingleDay(day), is_fixed=True)


def take_once(words: Sequence[str]) -> tuple[Once, Sequence[str]]:
    """Read `once at DATE TIME` from words in any case that begin so, and return the words after it; raises TriggerError."""
    rest = list(words[1:])
    if rest and rest[0].lower() in {"at", "on"}:
        rest.pop(0)
    if not rest:
        raise TriggerError("'once' takes a date and a time, such as 'once at 2027-03-01 09:00'")
    said = rest.pop(0)
    if is_date(said):
        if rest and rest[0].lower() == "at":
            rest.pop(0)
        if not rest:
            raise TriggerError(f"{quoted(' '.join(words))}: a time is missing, write 'once at {said} 09:00'")
        said += f" {rest.pop(0)}"
    try:
        return Once(read_wall(said, second=0)), rest
    except TriggerError as error:
        raise TriggerError(f"{quoted(' '.join(words))}: {error}") from None
