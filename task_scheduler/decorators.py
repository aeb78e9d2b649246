"""What a task file says about when its functions run.

    from task_scheduler.decorators import every, repeat

    @repeat(every(5).minutes)
    def start():
        ...

Nothing is scheduled here: a schedule is recorded as written, and the scheduler reads and checks it when the
file is saved. The function stays as it is, so that `python tasks/report.py` and an import work without a
scheduler. This module runs in the tasks' environments: Python 3.8 or later, standard library alone.
"""

from __future__ import annotations

import sys

#: As type checkers know it. Importing `typing` takes longer than all else here, and each run would pay for it.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])
    Call = tuple[str, tuple[object, ...], dict[str, object]]

__all__ = ["Chain", "after", "at_boot", "at_startup", "cron", "every", "on_change", "once", "repeat"]


def _link(name: str) -> property:
    def record(self: Chain) -> Chain:
        return self._with(name)

    return property(record, doc=f"The schedule so far, then `{name}`.")


class Chain:
    """A schedule as far as it is written; each link gives a new one, and none is judged here."""

    __slots__ = ("calls",)

    def __init__(self, calls: tuple[Call, ...]) -> None:
        self.calls = calls  #: the links: name, positional arguments, keyword arguments

    second = _link("second")
    seconds = _link("seconds")
    minute = _link("minute")
    minutes = _link("minutes")
    hour = _link("hour")
    hours = _link("hours")
    day = _link("day")
    days = _link("days")
    week = _link("week")
    weeks = _link("weeks")
    monday = _link("monday")
    tuesday = _link("tuesday")
    wednesday = _link("wednesday")
    thursday = _link("thursday")
    friday = _link("friday")
    saturday = _link("saturday")
    sunday = _link("sunday")

    def at(self, time_str: str, tz: object = None) -> Chain:
        """Name the time: `"10:30"` of days and weekdays, `":15"` of hours, `":30"` of minutes.

        `tz` is an IANA name such as `Europe/Berlin`, or a zone object; None: the task's or the scheduler's own zone.
        """
        return self._with("at", time_str) if tz is None else self._with("at", time_str, tz)

    def to(self, latest: int) -> Chain:
        """Let the interval vary up to `latest`: `every(5).to(10).minutes`."""
        return self._with("to", latest)

    def until(self, until_time: object) -> Chain:
        """End the schedule: `"2027-06-30 18:00"`, `"2027-06-30"` (that day included), a datetime.

        `"18:30"`, a time and a timedelta count from when the file was saved.
        """
        return self._with("until", until_time)

    def tag(self, *tags: object) -> Chain:
        """Attach words to find the job by."""
        return self._with("tag", *tags)

    def between(self, begin: str, end: str) -> Chain:
        """Keep to a part of each day: `between("08:00", "18:00")`, both included; it may go over midnight."""
        return self._with("between", begin, end)

    def on(self, *days: str) -> Chain:
        """Keep to days of the week: `on("weekdays")`, `on("mon", "wed")`."""
        return self._with("on", *days)

    def starting(self, moment: object) -> Chain:
        """Begin the schedule: `"2027-01-01"`, `"2027-01-01 09:00"`, a datetime."""
        return self._with("starting", moment)

    def __getattr__(self, name: str) -> NoReturn:
        if name == "do":
            raise AttributeError(f"a schedule has no 'do': write @repeat({self!r}) above the function")
        raise AttributeError(f"a schedule has no {name!r}{_did_you_mean(name)}")

    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse to be used as a decorator or a method."""
        raise TypeError(f"a schedule is not called: write @repeat({self!r}) above the function")

    def __repr__(self) -> str:
        return ".".join(_spell(*call) for call in self.calls)

    def _with(self, name: str, *args: object) -> Chain:
        return Chain((*self.calls, (name, args, {})))


#: Every function decorated in this process with its record, so that one whose name was taken by another is noticed.
DECLARED: list[tuple[Callable[..., object], dict[str, object]]] = []


def every(interval: int = 1) -> Chain:
    """Begin a schedule: `every(5).minutes`, `every().monday.at("09:00")`."""
    return Chain((("every", (interval,), {}),))


def cron(text: str, timezone: str | None = None) -> Chain:
    """Make a schedule of cron text, five fields or six: `cron("0 9 * * 1-5")`, in a zone such as `Europe/Berlin`."""
    return Chain((("cron", (text,), {} if timezone is None else {"timezone": timezone}),))


def once(when: object, timezone: str | None = None) -> Chain:
    """Run a single time: `once("2027-03-01 09:00")`, in a zone such as `Europe/Berlin`."""
    return Chain((("once", (when,), {} if timezone is None else {"timezone": timezone}),))


def at_startup() -> Chain:
    """Run at each start of the scheduler."""
    return Chain((("at_startup", (), {}),))


def at_boot() -> Chain:
    """Run at the first start of the scheduler after the machine's."""
    return Chain((("at_boot", (), {}),))


def after(task: str, on: str = "success") -> Chain:
    """Run when a run of another task has ended; `on` is `"success"`, `"failure"` or `"any"`."""
    return Chain((("after", (task,), {"on": on}),))


def on_change(pattern: str) -> Chain:
    """Run when files of a pattern come or change: `on_change("inbox/*.csv")`, from the project folder."""
    return Chain((("on_change", (pattern,), {}),))


def repeat(chain: Chain, *args: object, **kwargs: object) -> Callable[[Function], Function]:
    """Run the decorated function by a schedule, with these arguments; several decorators add up.

    The function is returned unchanged but for a record in its attribute `__task_schedules__`.
    """
    if not isinstance(chain, Chain):
        raise TypeError(f"repeat() takes a schedule such as every(5).minutes, not {chain!r}")
    line = sys._getframe(1).f_lineno  # noqa: SLF001 - inspect and traceback take longer to import than a task to run

    def record(function: Function) -> Function:
        schedule = {"calls": list(chain.calls), "args": args, "kwargs": kwargs, "line": line}
        # A new list: functools.wraps gives a wrapper the very list of the function it wraps.
        schedules = [*getattr(function, "__task_schedules__", ()), schedule]
        function.__task_schedules__ = schedules  # type: ignore[attr-defined]
        DECLARED.append((function, schedule))
        return function

    return record


def _spell(name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> str:
    if isinstance(getattr(Chain, name, None), property):
        return name
    said = [repr(value) for value in args] + [f"{key}={value!r}" for key, value in kwargs.items()]
    return f"{name}({', '.join(said)})"


def _did_you_mean(name: str) -> str:
    import difflib  # only a mistake pays for it

    known = [word for word in dir(Chain) if not word.startswith("_")]
    close = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {close[0]!r}?" if close else ""
