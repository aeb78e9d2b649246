"""Fewer readings: a schedule on certain weekdays, within a window, and around holidays."""

from __future__ import annotations

from dataclasses import dataclass, replace

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers.calendars import Calendar, MovingHolidays, SkippingHolidays
from task_scheduler.core.triggers.days import DayGrid, DayRule
from task_scheduler.core.triggers.days_chosen import OnWeekdays, too_far
from task_scheduler.core.triggers.pattern import DAY, Pattern, Readings
from task_scheduler.core.triggers.windows import Window

_EVERY_DAY = DayGrid(step=1)
_WHOLE_DAY = Window(begin=0, end=DAY - 1)


def narrowed(
    readings: Readings,
    *,
    said: str,
    weekdays: frozenset[int] | None = None,
    window: Window | None = None,
    calendar: Calendar | None = None,
    on_holiday: str = "skip",
) -> Readings:
    """Return what is left of readings; raises TriggerError when that is nothing. None: not narrowed by it.

    Days of the week (0 for Monday) are chosen before holidays are looked at, so that a holiday that is moved
    may fall on another. `on_holiday` is skip, next_workday or previous_workday; `said` is the schedule as
    written, for the message.
    """
    days = readings.days if isinstance(readings, Pattern) else _EVERY_DAY
    if weekdays is not None:
        days = OnWeekdays(days, weekdays)
        if _is_empty(days):
            raise TriggerError(f"{said} never fires: none of its days is a day of the week after 'on'")
    if calendar is not None:
        days = _around_holidays(days, calendar, on_holiday)
        if _is_empty(days):
            raise TriggerError(f"{said} never fires: all its days are holidays of its calendar")
    if not isinstance(readings, Pattern):
        part = Narrowed(readings=readings, days=days, window=window or _WHOLE_DAY)
        if part.first_from(0) is None:
            raise TriggerError(f"{said} never fires: none of its times is between those after 'between'")
        return part
    times = readings.times if window is None else window.cut(readings.times)
    if not times:
        raise TriggerError(f"{said} never fires: none of its times is between those after 'between'")
    return replace(readings, days=days, times=times)


def _around_holidays(days: DayRule, calendar: Calendar, on_holiday: str) -> DayRule:
    match on_holiday:
        case "skip":
            return SkippingHolidays(days, calendar)
        case "next_workday":
            return MovingHolidays(days, calendar, step=1)
        case "previous_workday":
            return MovingHolidays(days, calendar, step=-1)
        case _:
            raise ValueError(f"no way to treat holidays is called {on_holiday!r}")


def _is_empty(days: DayRule) -> bool:
    return days.first_from(0) is None and days.last_until(0) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """Those of some wall readings that are on certain days and in a window."""

    readings: Readings
    days: DayRule
    window: Window

    @property
    def is_fixed(self) -> bool:
        """As the readings themselves are."""
        return self.readings.is_fixed

    def first_from(self, wall: int) -> int | None:
        """Return the first due reading that is `wall` or later; None: there is none."""
        tries = 0
        allowed = self._allowed_from(wall)
        while allowed is not None:
            found = self.readings.first_from(allowed)
            tries += 1
            if found is None or too_far(tries, (found - wall) // DAY):
                return None
            allowed = self._allowed_from(found)
            if allowed == found:
                return found
        return None

    def last_until(self, wall: int) -> int | None:
        """Return the last due reading that is `wall` or earlier; None: there is none."""
        tries = 0
        allowed = self._allowed_until(wall)
        while allowed is not None:
            found = self.readings.last_until(allowed)
            tries += 1
            if found is None or too_far(tries, (wall - found) // DAY):
                return None
            allowed = self._allowed_until(found)
            if allowed == found:
                return found
        return None

    def count(self, begin: int, end: int) -> int:
        """Return how many due readings are in [begin, end), day by day."""
        total = 0
        parts = self.window.parts()
        is_whole = parts == _WHOLE_DAY.parts()
        day = self.days.first_from(begin // DAY)
        while day is not None and day * DAY < end:
            first_day, following = day, self.days.first_from(day + 1)
            # Days in a row of which nothing is left out are counted together.
            while is_whole and following == day + 1 and following * DAY < end:
                day, following = following, self.days.first_from(following + 1)
            for first, last in parts:
                total += self.readings.count(max(begin, first_day * DAY + first), min(end, day * DAY + last))
            day = following
        return total

    def _allowed_from(self, wall: int) -> int | None:
        """Return the first wall reading on such a day and in the window that is `wall` or later."""
        wall = self.window.first_from(wall)
        day = self.days.first_from(wall // DAY)
        if day is None or day == wall // DAY:
            return None if day is None else wall
        return self.window.first_from(day * DAY)

    def _allowed_until(self, wall: int) -> int | None:
        """Return the last wall reading on such a day and in the window that is `wall` or earlier."""
        wall = self.window.last_until(wall)
        day = self.days.last_until(wall // DAY)
        if day is None or day == wall // DAY:
            return None if day is None else wall
        return self.window.last_until((day + 1) * DAY - 1)
