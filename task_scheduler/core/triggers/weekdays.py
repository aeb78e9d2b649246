"""Days of the week as people name them: `weekdays`, `mon-fri`, `monday and friday`."""

from __future__ import annotations

import re

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.every import WEEKDAYS

SHORT = tuple(weekday[:3] for weekday in WEEKDAYS)

_GROUPS = {"weekday": range(5), "workday": range(5), "weekend": range(5, 7)}
_KNOWN = (*WEEKDAYS, *SHORT, "weekdays", "weekends")


def read_weekdays(text: str) -> tuple[int, ...]:
    """Return the days that a text names, ascending, 0 = Monday; raises TriggerError.

    Empty: it names all seven, so that nothing is left out.
    """
    names = [name for name in re.split(r"[\s,]+", text) if name.lower() not in {"", "and"}]
    if not names:
        raise TriggerError("write which days, such as 'on weekdays' or 'on mon,wed,fri'")
    found = {weekday for name in names for weekday in _named(name)}
    return () if len(found) == len(WEEKDAYS) else tuple(sorted(found))


def _named(name: str) -> range:
    first, dash, last = name.partition("-")
    if dash:
        begin, end = _weekday(first), _weekday(last)
        if begin > end:
            raise TriggerError(f"{quoted(name)} runs backwards: write its days one by one, such as 'sat,sun,mon'")
        return range(begin, end + 1)
    group = _GROUPS.get(name.lower().removesuffix("s"))
    return range(_weekday(name), _weekday(name) + 1) if group is None else group


def _weekday(name: str) -> int:
    lowered = name.lower()
    for number, weekday in enumerate(WEEKDAYS):
        if lowered in {weekday, f"{weekday}s", SHORT[number]}:
            return number
    hint = did_you_mean(lowered, _KNOWN) or ": write mon, tue, wed, thu, fri, sat or sun"
    raise TriggerError(f"{quoted(name)} is no day of the week{hint}")
