"""Schedules in words: `every 5 minutes`, `daily at 10:30`, `monday at 09:00`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.every import SINGULAR, UNITS, WEEKDAYS, Every, every_of

_ADVERBS: Mapping[str, str] = {"hourly": "hours", "daily": "days", "weekly": "weeks"}
_VOCABULARY = ("every", "at", *_ADVERBS, *WEEKDAYS, *UNITS, *SINGULAR)

#: What people write and words cannot say, and how it is said.
_ELSEWHERE: Mapping[str, str] = {
    "monthly": "@monthly",
    "month": "@monthly",
    "months": "@monthly",
    "yearly": "@yearly",
    "annually": "@yearly",
    "year": "@yearly",
    "years": "@yearly",
    "weekdays": "0 9 * * mon-fri",
    "weekday": "0 9 * * mon-fri",
    "workdays": "0 9 * * mon-fri",
    "weekends": "0 9 * * sat,sun",
    "weekend": "0 9 * * sat,sun",
}
_FORMS = "write words such as 'every 5 minutes' or 'daily at 10:30', or cron text"
_NUMBER = re.compile(r"-?[0-9]{1,30}")
_NUMBER_LIKE = re.compile(r"[-+]?[0-9][0-9.,_]*")
_CLOCK_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")


def is_words(text: str) -> bool:
    """Whether a tidy schedule is meant as words and not as cron text."""
    first = text.split(maxsplit=1)[0]
    return first[0].isalpha() and first != "h" and not first.startswith(("h/", "h("))


def read_words(text: str) -> Every:
    """Read a tidy schedule in words; raises TriggerError."""
    words, at = _part(text)
    _check_vocabulary(text, words)
    match words:
        case [adverb] if adverb in _ADVERBS:
            return every_of(1, _ADVERBS[adverb], at, said=quoted(text))
        case [weekday] | ["every", weekday] if weekday in WEEKDAYS:
            return every_of(1, weekday, at, said=quoted(text))
        case ["every", unit] if unit in SINGULAR:
            return every_of(1, SINGULAR[unit], at, said=quoted(text))
        case ["every", number, unit] if _NUMBER.fullmatch(number) and unit in (*UNITS, *WEEKDAYS):
            return every_of(int(number), unit, at, said=quoted(text))
        case ["every", "1", unit] if unit in SINGULAR:
            return every_of(1, SINGULAR[unit], at, said=quoted(text))
        case ["every", number, unit] if _NUMBER.fullmatch(number) and unit in SINGULAR:
            raise TriggerError(f"{quoted(text)}: write {quoted(f'every {number} {SINGULAR[unit]}')}")
        case ["every", number, _] if _NUMBER_LIKE.fullmatch(number):
            raise TriggerError(f"{quoted(text)}: an interval is a whole number, 1 or more")
        case ["every", unit] if unit in UNITS:
            raise TriggerError(f"{quoted(text)}: write 'every {unit.removesuffix('s')}', or how many {unit}")
        case _:
            raise TriggerError(f"{quoted(text)} cannot be read: {_FORMS}")


def about_numbers(text: str) -> str:
    """Return a hint for a tidy schedule that begins with a number and is no cron text; empty: there is none."""
    first, *rest = text.split()
    if _CLOCK_TIME.fullmatch(first):
        return f", did you mean 'daily at {first.zfill(5)}'?" if not rest else ""
    return (
        f", did you mean {quoted(f'every {text}')}?" if _NUMBER.fullmatch(first) and rest and rest[0] in UNITS else ""
    )


def _part(text: str) -> tuple[Sequence[str], str | None]:
    """Return the words before `at`, and the time after it."""
    words = text.split()
    if "at" not in words:
        return words, None
    place = words.index("at")
    if place == len(words) - 1:
        raise TriggerError(f"{quoted(text)}: a time is missing after 'at'")
    at, *more = words[place + 1 :]
    if more:
        raise TriggerError(
            f"{quoted(text)}: {quoted(' '.join(more))} cannot follow the time {quoted(at)}: hours are 00 to 23, "
            "a time zone goes into the key 'timezone'"
        )
    return words[:place], at


def _check_vocabulary(text: str, words: Sequence[str]) -> None:
    """Raise TriggerError for the first word that no schedule has."""
    for word in words:
        if word in _ELSEWHERE:
            raise TriggerError(
                f"{quoted(text)}: {quoted(word)} cannot be said in words, write cron text such as {_ELSEWHERE[word]!r}"
            )
        if word not in _VOCABULARY and not _NUMBER_LIKE.fullmatch(word):
            raise TriggerError(
                f"{quoted(text)}: unknown word {quoted(word)}{did_you_mean(word, _VOCABULARY) or ': ' + _FORMS}"
            )
