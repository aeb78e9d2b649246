"""Schedules of the form `every A to B units`: intervals that vary between two bounds."""

from __future__ import annotations

from dataclasses import dataclass

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers.every import (
    PARTS_OF_A_DAY,
    WEEKDAYS,
    Every,
    at_of_part,
    at_text,
    at_time_of_day,
    check_day,
    check_days,
    every_of,
    interval_of,
)
from task_scheduler.core.triggers.pattern import Readings
from task_scheduler.core.triggers.varying import varying_days, varying_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryTo:
    """A schedule of this form. `every_to` makes them, so that equal meanings are equal values."""

    least: int
    most: int  #: more than `least`
    unit: str  #: one of UNITS or WEEKDAYS: so many weeks apart
    at: int = 0  #: seconds after the boundary; of days and weekdays: the time of day

    @property
    def text(self) -> str:
        """The canonical text. It is persisted as part of a job's identity: never change how one is spelled."""
        units = f"{self.unit}s" if self.unit in WEEKDAYS else self.unit
        return f"every {self.least} to {self.most} {units}" + at_text(self.unit, self.at)

    def readings(self, seed: str) -> Readings:
        """Return the wall readings at which it is due, as the seed decides."""
        if self.unit in PARTS_OF_A_DAY:
            return varying_parts(self.least, self.most, PARTS_OF_A_DAY[self.unit], at=self.at, seed=seed)
        return varying_days(
            self.least,
            self.most,
            week=self.unit != "days",
            at=self.at,
            seed=seed,
            weekday=WEEKDAYS.index(self.unit) if self.unit in WEEKDAYS else 0,
        )


def every_to(least: object, most: object, unit: str, at: str | None = None, *, said: str) -> EveryTo | Every:
    """Check and simplify a schedule as somebody wrote it; raises TriggerError.

    `unit` is one of UNITS or WEEKDAYS, `at` the time as written, `said` the whole as written, for messages.
    """
    low, high = interval_of(least, said), interval_of(most, said)
    if low > high:
        raise TriggerError(f"{said}: the interval runs backwards, write {high} to {low}")
    if low == high:
        return every_of(low, unit, at, said=said)
    if unit in PARTS_OF_A_DAY:
        check_day(high * PARTS_OF_A_DAY[unit], said)
        return EveryTo(least=low, most=high, unit=unit, at=at_of_part(unit, at, said))
    if unit == "days":
        check_days(high, said)
        return EveryTo(least=low, most=high, unit=unit, at=at_time_of_day(at, said))
    check_days(7 * high, said)
    if unit in WEEKDAYS:
        second = at_time_of_day(at, said)
        if unit == WEEKDAYS[0] and not second:
            return EveryTo(least=low, most=high, unit="weeks")
        return EveryTo(least=low, most=high, unit=unit, at=second)
    if at is not None:
        raise TriggerError(f"{said}: weeks begin on Monday at 00:00 and take no time, name a weekday instead")
    return EveryTo(least=low, most=high, unit=unit)
