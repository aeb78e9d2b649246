"""Random cron texts, each with its meaning in plain sets and tests of a date: nothing here reads cron text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import strategies as st

ONE_DAY = timedelta(days=1)
WEEKDAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, kw_only=True)
class Times:
    """One of the fields of time of day, or the months."""

    text: str
    values: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Days:
    """One of the two day fields."""

    text: str
    on: Callable[[date], bool]


@dataclass(frozen=True, kw_only=True, repr=False)
class DrawnCron:
    """A cron text of six fields with its meaning."""

    second: Times
    minute: Times
    hour: Times
    day: Days
    month: Times
    weekday: Days

    def __repr__(self) -> str:
        return f"<{self.six}>"

    @property
    def five(self) -> str:
        """The text without its seconds."""
        return f"{self.minute.text} {self.hour.text} {self.dates}"

    @property
    def six(self) -> str:
        """The text with its seconds."""
        return f"{self.second.text} {self.five}"

    @property
    def dates(self) -> str:
        """The text of the three fields that choose dates."""
        return f"{self.day.text} {self.month.text} {self.weekday.text}"

    @property
    def is_fixed(self) -> bool:
        """Whether a time change neither loses nor doubles its times of day."""
        return not (self.minute.text.startswith("*") or self.hour.text.startswith("*"))

    def on(self, when: date) -> bool:
        """Whether a date is chosen."""
        both = self.day.text.startswith("*") or self.weekday.text.startswith("*")
        by_day, by_weekday = self.day.on(when), self.weekday.on(when)
        return when.month in self.month.values and (by_day and by_weekday if both else by_day or by_weekday)

    def at(self, reading: datetime, *, seconds: bool) -> bool:
        """Whether a local clock that shows `reading` says that it is time."""
        second = reading.second in self.second.values if seconds else reading.second == 0
        return second and reading.minute in self.minute.values and reading.hour in self.hour.values and self.on(reading)


@st.composite
def numbers(draw: st.DrawFn, least: int, most: int, names: Sequence[str] = ()) -> Times:
    """Draw a field of numbers: a star, or a list of numbers, names, ranges and steps."""
    form = draw(st.sampled_from(["*", "*/", "list", "list", "list"]))
    if form == "*":
        return Times(text="*", values=frozenset(range(least, most + 1)))
    if form == "*/":
        step = draw(st.integers(1, most - least + 1))
        return Times(text=f"*/{step}", values=frozenset(range(least, most + 1, step)))
    items = [draw(_item(least, most, names)) for _ in range(draw(st.integers(1, 3)))]
    return Times(text=",".join(item.text for item in items), values=frozenset().union(*(item.values for item in items)))


@st.composite
def _item(draw: st.DrawFn, least: int, most: int, names: Sequence[str]) -> Times:
    first = draw(st.integers(least, most))
    is_named = draw(st.booleans())
    shown = names[first - least] if names and is_named else str(first)
    form = draw(st.sampled_from(["one", "one", "range", "step"]))
    if form == "one" or first == most:
        return Times(text=shown, values=frozenset({first}))
    last = draw(st.integers(first + 1, most))
    if form == "range":
        return Times(text=f"{shown}-{last}", values=frozenset(range(first, last + 1)))
    step = draw(st.integers(1, last - first))
    return Times(text=f"{shown}-{last}/{step}", values=frozenset(range(first, last + 1, step)))


@st.composite
def days_of_month(draw: st.DrawFn, *, workdays: bool = True) -> Days:
    """Draw a day of month: numbers, with `L`, `LW` or, if asked, `15W` in the list at times."""
    plain = draw(numbers(1, 31))
    letters = draw(st.sampled_from(["", "", "", "L", "LW", "W"] if workdays else ["", "", "", "L", "LW"]))
    if not letters or plain.text.startswith("*"):
        return Days(text=plain.text, on=lambda when: when.day in plain.values)
    if letters == "L":
        return Days(text=f"{plain.text},L", on=lambda when: when.day in plain.values or _is_last(when))
    if letters == "LW":
        return Days(text="LW", on=lambda when: when == _nearest(_last_of(when)))
    wanted = draw(st.integers(1, 31))
    return Days(text=f"{wanted}W", on=lambda when: _has(when, wanted) and when == _nearest(when.replace(day=wanted)))


@st.composite
def days_of_week(draw: st.DrawFn) -> Days:
    """Draw a day of week: numbers and names, `5L` or `fri#2`."""
    plain = draw(numbers(0, 6, WEEKDAY_NAMES))
    form = draw(st.sampled_from(["", "", "", "L", "#"]))
    if not form:
        return Days(text=plain.text, on=lambda when: when.isoweekday() % 7 in plain.values)
    weekday = draw(st.integers(0, 6))
    if form == "L":
        return Days(
            text=f"{weekday}L",
            on=lambda when: when.isoweekday() % 7 == weekday and (when + 7 * ONE_DAY).month != when.month,
        )
    number = draw(st.integers(1, 5))
    return Days(
        text=f"{WEEKDAY_NAMES[weekday]}#{number}",
        on=lambda when: when.isoweekday() % 7 == weekday and (when.day + 6) // 7 == number,
    )


@st.composite
def crons(draw: st.DrawFn, *, workdays: bool = True) -> DrawnCron:
    """Draw a cron text."""
    return DrawnCron(
        second=draw(numbers(0, 59)),
        minute=draw(numbers(0, 59)),
        hour=draw(numbers(0, 23)),
        day=draw(st.one_of(st.just(Days(text="*", on=lambda when: True)), days_of_month(workdays=workdays))),
        month=draw(st.one_of(st.just(Times(text="*", values=frozenset(range(1, 13)))), numbers(1, 12, MONTH_NAMES))),
        weekday=draw(st.one_of(st.just(Days(text="*", on=lambda when: True)), days_of_week())),
    )


def _last_of(when: date) -> date:
    while not _is_last(when):
        when += ONE_DAY
    return when


def _is_last(when: date) -> bool:
    return (when + ONE_DAY).day == 1


def _has(when: date, day: int) -> bool:
    return day <= _last_of(when).day


def _nearest(when: date) -> date:
    """Return the day from Monday to Friday nearest to a date, in the same month."""
    distances = [0, -1, 1, -2, 2]
    near = [when + distance * ONE_DAY for distance in distances]
    return next(day for day in near if day.month == when.month and day.weekday() < 5)
