"""Schedules found overdue: at a start, after a suspend, after a clock that jumped or a record that could not be written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from task_scheduler.core.events import Event, Level
from task_scheduler.core.policies import LEAST_GRACE
from task_scheduler.services.timetable import TimedJob

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """What was found in one look."""

    at: datetime  #: when
    schedules: int  #: how many of them owed a slot whose instant had long passed
    worst: str  #: the task of the one that owed longest
    late: timedelta  #: and for how long

    @classmethod
    def among(cls, due: Iterable[TimedJob], now: datetime) -> Overdue | None:
        """Return what is overdue among jobs as they were due at `now`; None: nothing is, or by less than any grace."""
        owed = [
            (timed.job.next_run, timed.job.task_id)
            for timed in due
            if timed.job.next_run is not None and now - timed.job.next_run > LEAST_GRACE
        ]
        if not owed:
            return None
        since, worst = min(owed)
        return cls(at=now, schedules=len(owed), worst=worst, late=now - since)

    def event(self) -> Event:
        """Return the one line that tells of all of them."""
        if self.schedules == 1:
            message = f"a schedule of {self.worst} was overdue by {_shown(self.late)}"
        else:
            message = f"{self.schedules:,} schedules were overdue, the longest, of {self.worst}, by {_shown(self.late)}"
        return Event(
            name="slots.overdue",
            message=message,
            level=Level.WARNING,
            fields={"count": self.schedules, "task": self.worst, "late": self.late.total_seconds()},
        )


def _shown(late: timedelta) -> str:
    """Return `3 h 20 min`: the two largest units, since no smaller one tells a person anything."""
    days, hours, minutes = late // _DAY, late % _DAY // _HOUR, late % _HOUR // _MINUTE
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    first = next((place for place, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)
