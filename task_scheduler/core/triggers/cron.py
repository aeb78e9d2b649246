"""Cron text of five fields (minute, hour, day of month, month, day of week), or six with seconds first.

It means what it means to Debian's cron, with the L, W and # of Quartz and the H of Jenkins; what programs accept
and then do not do, or do otherwise than a reader expects, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.clauses import KEYWORDS
from task_scheduler.core.triggers.cron_fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    MINUTE,
    MONTH,
    MONTHS,
    SECOND,
    WEEKDAYS,
    Field,
    Selection,
    read_field,
)
from task_scheduler.core.triggers.days import EVERY_WEEKDAY, LAST_DAY_OF_MONTH, CalendarDays
from task_scheduler.core.triggers.pattern import Pattern
from task_scheduler.core.triggers.times import TimesOfDay

NICKNAMES: Mapping[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

#: What stands in the last field of programs that have years.
_YEARS = re.compile(r"[12][0-9]{3}([-,][12][0-9]{3})*(/[0-9]+)?")

#: What a word must be made of to pass for a field, be it a wrong one.
_NAMES = "|".join((*MONTHS, *WEEKDAYS))
_FIELD_LIKE = re.compile(rf"(?:[0-9*?,/#()+-]|(?:{_NAMES}|[hlw])(?![a-z]))+")
_PATH_LIKE = re.compile(r"[a-zA-Z~.]/|/[a-zA-Z]|\.[a-z]")

_FIELDS = (SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A cron text that was read."""

    text: str  #: canonical: fields parted by one space, in lower case, numbers for `H`, all else as written
    pattern: Pattern


def read_cron(text: str, seed: str = "") -> Cron:
    """Read cron text, in any case, or a nickname such as `@daily`; raises TriggerError.

    `seed` names the job, so that each has its own numbers for `H`; empty: an expression that stands alone.
    """
    fields = read_fields(text, seed)
    canonical = " ".join(selection.text for selection in fields.values())
    minute, hour, day, month, weekday = (fields[field] for field in (MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK))
    days = CalendarDays(
        days=_bits(value - 1 for value in day.values) | day.last_day << LAST_DAY_OF_MONTH,
        months=_bits(value - 1 for value in month.values),
        weekdays=_bits((value - 1) % 7 for value in weekday.values),
        either=not (day.begins_with_star or weekday.begins_with_star),
        workdays=_bits(day.workdays),
        ordinals=_bits(weekday.ordinals),
    )
    if not days.ever():
        raise TriggerError(f"cron text {quoted(text)} never fires: {_why_never(days, day)}")
    times = TimesOfDay(
        tuple(sorted(hour.values)),
        tuple(sorted(minute.values)),
        tuple(sorted(fields[SECOND].values)) if SECOND in fields else (0,),
    )
    is_fixed = not (minute.begins_with_star or hour.begins_with_star)
    return Cron(text=canonical, pattern=Pattern(times=times, days=days, is_fixed=is_fixed))


def read_fields(text: str, seed: str = "") -> Mapping[Field, Selection]:
    """Read the fields of cron text, in any case, or of a nickname, in their order, without seconds if it has none.

    Raises TriggerError; whether any day fits all of them is not asked.
    """
    _check_no_command(text)
    words = (_nickname(text) if text.startswith("@") else text).split()
    if len(words) > len(_FIELDS) - 1 and _YEARS.fullmatch(words[-1]):
        raise TriggerError(_about_years(text, words[-1]))
    if len(words) not in (5, 6):
        raise TriggerError(_wrong_number_of_fields(text, len(words)))
    tidy = " ".join(words)
    return {
        field: read_field(field, word, text=tidy, seed=seed)
        for field, word in zip(_FIELDS[-len(words) :], words, strict=True)
    }


def _nickname(word: str) -> str:
    nickname = word.lower()
    if nickname == "@reboot":
        raise TriggerError("'@reboot' is no time of the clock: write 'at boot', or at_boot() in a decorator")
    if nickname not in NICKNAMES:
        raise TriggerError(
            f"no nickname {quoted(word)}{did_you_mean(nickname, NICKNAMES) or ': there are ' + ', '.join(NICKNAMES)}"
        )
    return NICKNAMES[nickname]


def _check_no_command(text: str) -> None:
    """Raise TriggerError for a line of a crontab, which has a command after its schedule, and a system's a user before it."""
    words = text.split()
    count = 1 if text.startswith("@") else len(_FIELDS) - 1
    schedule, rest = words[:count], words[count:]
    looks_sound = words[0].lower() in NICKNAMES if count == 1 else all(map(_looks_like_field, schedule))
    if not looks_sound or all(map(_looks_like_field, rest)):
        return
    if hint := did_you_mean(rest[0].lower(), KEYWORDS):
        raise TriggerError(f"cron text {quoted(text)}: {quoted(rest[0])} cannot stand here{hint}")
    # A single word may be a field that is wrong.
    if len(rest) > 1 or _PATH_LIKE.search(rest[0]):
        raise TriggerError(
            f"cron text {quoted(text)}: {quoted(' '.join(rest))} is no part of a schedule: write "
            f"{quoted(' '.join(schedule))} alone, for what is run is the task file itself"
        )


def _looks_like_field(word: str) -> bool:
    return _FIELD_LIKE.fullmatch(word.lower()) is not None


def _wrong_number_of_fields(text: str, count: int) -> str:
    if count == 7:
        return f"cron text {quoted(text)} has seven fields: years cannot be given, write five fields, or six with seconds first"
    return (
        f"cron text {quoted(text)} has {count} field{'' if count == 1 else 's'}: write five (minute, hour, day of month, "
        "month, day of week), six with seconds first, or words such as 'every 5 minutes'"
    )


def _about_years(text: str, years: str) -> str:
    """Return what to write instead of a field of years, which other programs read as the last one."""
    found = sorted(re.findall(r"[0-9]{4}", years))
    return (
        f"cron text {quoted(text)} ends with {quoted(years)}, and years are no field: leave it out and write "
        f"'from {found[0]}-01-01 until {found[-1]}-12-31' (the keys 'starts' and 'ends' say the same), or for a single "
        f"time 'once at {found[0]}-01-01 09:00'"
    )


def _why_never(days: CalendarDays, day: Selection) -> str:
    if replace(days, weekdays=EVERY_WEEKDAY).ever():
        return "no date fits both its day of month and its day of week"
    return f"no month it names has day {min(day.values | {position + 1 for position in day.workdays})}"


def _bits(positions: Iterable[int]) -> int:
    """Return a set of positions as bits."""
    bits = 0
    for position in positions:
        bits |= 1 << position
    return bits
