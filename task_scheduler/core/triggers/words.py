"""Schedules in words: `every 5 minutes`, `daily at 10:30`, `monday at 09:00`, `every 5 to 10 minutes`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.clauses import KEYWORDS
from task_scheduler.core.triggers.every import SINGULAR, UNITS, WEEKDAYS, Every, every_of
from task_scheduler.core.triggers.every_to import EveryTo, every_to

_ADVERBS: Mapping[str, str] = {"hourly": "hours", "daily": "days", "weekly": "weeks"}
_PLURAL_WEEKDAYS: Mapping[str, str] = {f"{weekday}s": weekday for weekday in WEEKDAYS}
_VOCABULARY = ("every", "at", "to", *_ADVERBS, *WEEKDAYS, *UNITS, *SINGULAR)
#: What else somebody may have meant; shorter words would pass for too many others.
_MEANT = (*_VOCABULARY, *(keyword for keyword in KEYWORDS if len(keyword) > 4))
#: Weeks of a month, as cron text has them after a weekday: `mon#1`.
_WEEKS_OF_MONTH: Mapping[str, str] = {
    name: f"#{number}"
    for number, names in enumerate(
        (("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th")), start=1
    )
    for name in names
} | {"last": "L"}

#: What people write and words cannot say, and how it is said.
_ELSEWHERE: Mapping[str, str] = {
    "monthly": "@monthly",
    "month": "@monthly",
    "months": "@monthly",
    "yearly": "@yearly",
    "annually": "@yearly",
    "year": "@yearly",
    "years": "@yearly",
}
#: Days that a schedule may begin with: `weekdays at 09:00` is `daily at 09:00 on weekdays`.
_DAYS_FIRST: Mapping[tuple[str, ...], str] = {
    **dict.fromkeys((("weekdays",), ("workdays",), ("every", "weekday"), ("every", "workday")), "weekdays"),
    ("weekends",): "weekends",
}
#: Days of which it is not clear whether each is meant.
_UNCLEAR_DAYS: Mapping[str, str] = {
    **dict.fromkeys(("weekdays", "weekday", "workdays", "workday"), "weekdays"),
    **dict.fromkeys(("weekends", "weekend"), "weekends"),
}
#: The last words of schedules whose time is one of the day, and not of an hour or a minute.
_WITH_TIME_OF_DAY = frozenset({"daily", "day", "days", *WEEKDAYS, *_PLURAL_WEEKDAYS})
_FORMS = "write words such as 'every 5 minutes' or 'daily at 10:30', or cron text"
_NUMBER = re.compile(r"-?[0-9]+")
_NUMBER_LIKE = re.compile(r"[-+]?[0-9][0-9.,_]*")
_CLOCK_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_SHORT_HOUR = re.compile(r"[0-9]:[0-9]{2}(:[0-9]{2})?")
#: A time and what may part it from a second one.
_ONE_OF_TIMES = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9]),?")


def is_words(text: str) -> bool:
    """Whether a schedule with single spaces is meant as words and not as cron text."""
    first = text.split(maxsplit=1)[0].lower()
    return first[0].isalpha() and first != "h" and not first.startswith(("h/", "h("))


def with_days_last(words: Sequence[str]) -> Sequence[str]:
    """Return the words of a schedule that begins with days as one that says them in a clause; others as they are."""
    for length in (1, 2):
        days = _DAYS_FIRST.get(tuple(word.lower() for word in words[:length]))
        if days:
            return ["daily", *words[length:], "on", days]
    return words


def read_words(text: str, written: str = "") -> Every | EveryTo:
    """Read a schedule in words with single spaces, in any case, without clauses; raises TriggerError.

    `written` is what a person wrote, for messages; empty: `text` itself.
    """
    said = quoted(written or text)
    parts, at = _part(text, said)
    _check_vocabulary(parts, at, said)
    words = [word.lower() for word in parts]
    at = _with_two_digits(at, words)
    match words:
        case [adverb] if adverb in _ADVERBS:
            return every_of(1, _ADVERBS[adverb], at, said=said)
        case [weekday] | ["every", weekday] if weekday in WEEKDAYS:
            return every_of(1, weekday, at, said=said)
        case ["every", unit] if unit in SINGULAR:
            return every_of(1, SINGULAR[unit], at, said=said)
        case ["every", number, unit] if _NUMBER.fullmatch(number) and unit in (*UNITS, *WEEKDAYS):
            return every_of(int(number), unit, at, said=said)
        case ["every", "1", unit] if unit in SINGULAR:
            return every_of(1, SINGULAR[unit], at, said=said)
        case ["every", least, "to", most, unit] if _NUMBER.fullmatch(least) and _NUMBER.fullmatch(most):
            return _varying(int(least), int(most), unit, at, said)
        case ["every", number, unit] if _NUMBER.fullmatch(number) and unit in SINGULAR:
            raise TriggerError(f"{said}: write {quoted(f'every {number} {SINGULAR[unit]}')}")
        case ["every", number, _] if _NUMBER_LIKE.fullmatch(number):
            raise TriggerError(f"{said}: an interval is a whole number, 1 or more")
        case ["every", unit] if unit in UNITS:
            raise TriggerError(f"{said}: write 'every {unit.removesuffix('s')}', or how many {unit}")
        case _:
            raise TriggerError(f"{said} cannot be read: {_FORMS}")


def _with_two_digits(at: str | None, words: Sequence[str]) -> str | None:
    """Return a time of day with the hour as canonical texts have it; that of an hour or a minute as it is."""
    is_short = at is not None and _SHORT_HOUR.fullmatch(at) is not None
    return f"0{at}" if is_short and words and words[-1] in _WITH_TIME_OF_DAY else at


def _varying(least: int, most: int, unit: str, at: str | None, said: str) -> Every | EveryTo:
    if unit in SINGULAR or unit in WEEKDAYS:
        raise TriggerError(f"{said}: write {quoted(f'every {least} to {most} {unit}s')}")
    if unit not in (*UNITS, *_PLURAL_WEEKDAYS):
        raise TriggerError(f"{said} cannot be read: {_FORMS}")
    return every_to(least, most, _PLURAL_WEEKDAYS.get(unit, unit), at, said=said)


def about_numbers(text: str) -> str:
    """Return a hint for a schedule that begins with a number and is no cron text; empty: there is none."""
    first, *rest = text.split()
    if _CLOCK_TIME.fullmatch(first):
        return f", did you mean 'daily at {first.zfill(5)}'?" if not rest else ""
    return (
        f", did you mean {quoted(f'every {text}')}?"
        if _NUMBER.fullmatch(first) and rest and rest[0].lower() in UNITS
        else ""
    )


def _part(text: str, said: str) -> tuple[Sequence[str], str | None]:
    """Return the words before `at`, and the time after it."""
    words = text.split()
    lowered = text.lower().split()
    if "at" not in lowered:
        return words, None
    place = lowered.index("at")
    if place == len(words) - 1:
        raise TriggerError(f"{said}: a time is missing after 'at'")
    at, *more = words[place + 1 :]
    if more:
        raise TriggerError(
            f"{said}: {quoted(' '.join(more))} cannot follow the time {quoted(at)}{_instead(words, place)}"
        )
    return words[:place], at


def _instead(words: Sequence[str], place: int) -> str:
    """Return what to write, after a comma or a colon, instead of words that follow a time; `at` stands at `place`."""
    said = [word for word in words[place + 1 :] if word.lower() not in {"and", "or", ","}]
    times = [_ONE_OF_TIMES.fullmatch(word) for word in said]
    found = [match for match in times if match is not None]
    if len(found) == len(times) > 1:
        days = [word.lower() for word in words[:place]]
        minutes = {int(match["minute"]) for match in found}
        hours = ",".join(str(hour) for hour in sorted({int(match["hour"]) for match in found}))
        cron = f", or cron text such as '{minutes.pop()} {hours} * * *'" if len(minutes) == 1 else ""
        is_daily = days in (["daily"], ["every", "day"])
        return f": a schedule has one time, write a list of schedules, one for each{cron if is_daily else ''}"
    following = words[place + 2].lower()
    if following == "and" or words[place + 1].endswith(","):
        return ": a schedule has one time, write a list of schedules, one for each"
    return did_you_mean(following, KEYWORDS) or (": hours are 00 to 23, a time zone goes into the key 'timezone'")


def _check_week_of_month(words: Sequence[str], at: str | None, said: str) -> None:
    """Raise TriggerError for `first monday at 09:00`, which only cron text can say."""
    lowered = [word.lower() for word in words]
    for before, week, weekday in zip(["", *lowered], lowered, lowered[1:], strict=False):
        # Every second Monday may be every other one.
        if week not in _WEEKS_OF_MONTH or weekday not in WEEKDAYS or (before == "every" and week in {"second", "2nd"}):
            continue
        time = _ONE_OF_TIMES.fullmatch(at or "00:00")
        clock = f"{int(time['minute'])} {int(time['hour'])}" if time is not None else "0 9"
        day = f"{WEEKDAYS.index(weekday) + 1}L" if week == "last" else f"{weekday[:3]}{_WEEKS_OF_MONTH[week]}"
        raise TriggerError(
            f"{said}: weeks of a month cannot be said in words, write cron text such as '{clock} * * {day}'"
        )


def _check_vocabulary(words: Sequence[str], at: str | None, said: str) -> None:
    """Raise TriggerError for the first word that no schedule has; `at` is the time after them, None: there is none."""
    _check_week_of_month(words, at, said)
    varies = any(word.lower() == "to" for word in words)
    known = (*_VOCABULARY, *_PLURAL_WEEKDAYS) if varies else _VOCABULARY
    for written in words:
        word = written.lower()
        if word in _UNCLEAR_DAYS:
            raise TriggerError(f"{said}: write such as 'daily at 09:00 on {_UNCLEAR_DAYS[word]}'")
        if word in _ELSEWHERE:
            raise TriggerError(
                f"{said}: {quoted(written)} cannot be said in words, write cron text such as {_ELSEWHERE[word]!r}"
            )
        if word not in known and not _NUMBER_LIKE.fullmatch(word):
            raise TriggerError(f"{said}: unknown word {quoted(written)}{did_you_mean(word, _MEANT) or ': ' + _FORMS}")
