"""Schedules of decorators: `every(2).weeks`, `every().day.at("10:30", "Europe/Berlin")`, `cron("0 9 * * 1-5")`.

They take what the `schedule` library takes, and a few links more. Their times are those of words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.chain_clauses import CLAUSE_LINKS, Now, clause_arguments, read_clause_links
from task_scheduler.core.triggers.cron import read_cron
from task_scheduler.core.triggers.events import DEFAULT_ENDING, AtBoot, AtStartup, Event, after_task, on_change
from task_scheduler.core.triggers.every import SINGULAR, WEEKDAYS, Every, every_of
from task_scheduler.core.triggers.every_to import EveryTo, every_to
from task_scheduler.core.triggers.links import REQUIRED, UNIT_LINKS, ChainCall, bound, spell_chain
from task_scheduler.core.triggers.once import Once
from task_scheduler.core.triggers.plain import check_length, spaced
from task_scheduler.core.triggers.reading import Base, combined
from task_scheduler.core.triggers.wall_text import read_wall, wall_reading
from task_scheduler.core.triggers.zones import read_zone

_LINKS = (*UNIT_LINKS, "at", "to", *CLAUSE_LINKS, "tag")
_STARTS = ("every", "cron", "once", "at_startup", "at_boot", "after", "on_change")
_LONGEST_TAG = 100
_SHORT_HOUR = re.compile(r"[0-9]:[0-9]{2}(:[0-9]{2})?")

#: What people write for a link that a chain has not, and how it is said.
_DAYS = {
    **dict.fromkeys(("weekday", "weekdays", "workday", "workdays"), "weekdays"),
    "weekend": "weekends",
    "weekends": "weekends",
}
_KEYS: Mapping[str, str] = {
    "calendar": "calendar: DE",
    "country": "calendar: DE",
    "holidays": "calendar: DE",
    "on_holiday": "on_holiday: next_workday",
    "skip_holidays": "calendar: DE",
    "jitter": "jitter: 60",
}


def read_chain(
    calls: Sequence[ChainCall], *, seed: str = "", saved_at: datetime | None = None
) -> tuple[str, str | None]:
    """Return the canonical text and the zone's name, or None, of a decorator's chain; raises TriggerError.

    `seed` names the job, so that what is chosen for it (`H`, varying intervals) differs from job to job; empty: a
    schedule that stands alone. `saved_at` is the moment that `until("18:30")` and `until(timedelta(hours=8))` count
    from, in the zone meant where the chain names none; None: such an end is refused.
    """
    said = spell_chain(calls)
    if not calls:
        raise TriggerError("the schedule is empty: write every(5).minutes, for example")
    start, *links = calls
    if start[0] not in _STARTS:
        raise TriggerError(f"{said}: a schedule begins with every() or cron(), not with {quoted(start[0])}")
    for name, _, _ in links:
        _check_link(name, said)
    read_tags(calls)
    event = _EVENTS.get(start[0])
    if event is not None:
        _check_allowed(start[0], links, ("tag",), said)
        text = event(start, said).text
        zone = None
    else:
        base, zone = _read_base(start, links, said, saved_at, seed)
        given = clause_arguments(links, said)
        try:
            text = combined(base, read_clause_links(given, Now(zone, saved_at)), seed=seed).text
        except TriggerError as error:
            raise TriggerError(f"{said}: {error}") from None
    check_length(text)
    return text, zone


def read_tags(calls: Sequence[ChainCall]) -> tuple[str, ...]:
    """Return the words that the links `tag()` of a chain attach, each once, as text; raises TriggerError."""
    found: dict[str, None] = {}
    for name, args, kwargs in calls:
        if name != "tag":
            continue
        if kwargs:
            raise TriggerError(f"{spell_chain(calls)}: tag() takes no {quoted(next(iter(kwargs)))}")
        for tag in args:
            if not isinstance(tag, Hashable):
                raise TriggerError(f"{spell_chain(calls)}: tags must be hashable, {quoted(tag)} is not")
            text = str(tag)
            if not text.strip() or not text.isprintable() or len(text) > _LONGEST_TAG:
                raise TriggerError(
                    f"{spell_chain(calls)}: a tag is a word or a few on one line, {quoted(text, 40)} is not"
                )
            found[text] = None
    return tuple(found)


# --- how a chain begins -----------------------------------------------------------------------------------


def _read_base(
    start: ChainCall, links: Sequence[ChainCall], said: str, saved_at: datetime | None, seed: str
) -> tuple[Base, str | None]:
    """Return the schedule without its clauses, and the zone's name."""
    match start[0]:
        case "every":
            return _read_every(start, links, said)
        case "cron":
            return _read_cron(start, links, said, seed)
        case _:
            return _read_once(start, links, said, saved_at)


def _read_every(start: ChainCall, links: Sequence[ChainCall], said: str) -> tuple[Every | EveryTo, str | None]:
    interval = bound(start, {"interval": 1}, said)["interval"]
    units = [link for link in links if link[0] in UNIT_LINKS]
    times = [link for link in links if link[0] == "at"]
    if len(units) != 1:
        found = "no unit" if not units else "more than one unit"
        raise TriggerError(f"{said} has {found}: write every(5).minutes or every().monday, for example")
    if len(times) > 1:
        raise TriggerError(f"{said} has more than one time: give each its own decorator")
    if times and links.index(times[0]) < links.index(units[0]):
        raise TriggerError(f"{said}: at() comes after the unit")
    unit = _unit(units[0], interval, said)
    at, zone = _read_at(times[0], said) if times else (None, None)
    if at and _SHORT_HOUR.fullmatch(at) and (unit == "days" or unit in WEEKDAYS):
        raise TriggerError(f"{said}: hours have two digits, as the schedule library has them: write at('0{at}')")
    to = [link for link in links if link[0] == "to"]
    if not to:
        return every_of(interval, unit, at, said=said), zone
    if len(to) > 1:
        raise TriggerError(f"more than one to() in {said}: give each its own decorator")
    return every_to(interval, bound(to[0], {"latest": REQUIRED}, said)["latest"], unit, at, said=said), zone


def _read_at(call: ChainCall, said: str) -> tuple[str, str | None]:
    given = bound(call, {"time_str": REQUIRED, "tz": None}, said)
    at = given["time_str"]
    if not isinstance(at, str):
        raise TriggerError(f"{said}: at() takes text such as '10:30'")
    return at, _zone(given["tz"], said)


def _read_cron(start: ChainCall, links: Sequence[ChainCall], said: str, seed: str) -> tuple[Base, str | None]:
    _check_allowed("cron", links, (*CLAUSE_LINKS, "tag"), said)
    given = bound(start, {"text": REQUIRED, "timezone": None}, said)
    text = given["text"]
    if not isinstance(text, str):
        raise TriggerError(f"{said}: cron() takes text such as '0 9 * * 1-5'")
    return read_cron(spaced(text), seed), _zone(given["timezone"], said)


def _read_once(
    start: ChainCall, links: Sequence[ChainCall], said: str, saved_at: datetime | None
) -> tuple[Once, str | None]:
    _check_allowed("once", links, ("tag",), said)
    given = bound(start, {"when": REQUIRED, "timezone": None}, said)
    when, zone = given["when"], _zone(given["timezone"], said)
    try:
        if isinstance(when, datetime):
            return Once(wall_reading(Now(zone, saved_at).shown(when))), zone
        if isinstance(when, str) and ":" in when:
            return Once(read_wall(when, second=0)), zone
    except TriggerError as error:
        raise TriggerError(f"{said}: {error}") from None
    raise TriggerError(f"{said}: once() takes a date and a time, such as '2027-03-01 09:00'")


def _at_startup(start: ChainCall, said: str) -> Event:
    bound(start, {}, said)
    return AtStartup()


def _at_boot(start: ChainCall, said: str) -> Event:
    bound(start, {}, said)
    return AtBoot()


def _after(start: ChainCall, said: str) -> Event:
    given = bound(start, {"task": REQUIRED, "on": DEFAULT_ENDING}, said)
    return after_task(given["task"], given["on"], said=said)


def _on_change(start: ChainCall, said: str) -> Event:
    return on_change(bound(start, {"pattern": REQUIRED}, said)["pattern"], said=said)


_EVENTS: Mapping[str, Callable[[ChainCall, str], Event]] = {
    "at_startup": _at_startup,
    "at_boot": _at_boot,
    "after": _after,
    "on_change": _on_change,
}


def _check_allowed(start: str, links: Sequence[ChainCall], allowed: Sequence[str], said: str) -> None:
    for name, _, _ in links:
        if name not in allowed:
            *most, last = (f"{each}()" for each in allowed)
            can = f"{', '.join(most)} and {last} can" if most else f"{last} can"
            raise TriggerError(f"{said}: {quoted(name)} cannot follow {start}(), only {can}")


def _check_link(name: str, said: str) -> None:
    if name == "do":
        raise TriggerError(f"{said}: .do() is not needed, the decorated function is what runs")
    if name in _DAYS:
        raise TriggerError(
            f"{said}: unknown {quoted(name)}: write .on('{_DAYS[name]}') after the unit, as in every().day.on('{_DAYS[name]}')"
        )
    if name in _KEYS:
        raise TriggerError(f"{said}: unknown {quoted(name)}: that is a key of the frontmatter, `{_KEYS[name]}`")
    if name not in _LINKS:
        raise TriggerError(f"{said}: unknown {quoted(name)}{did_you_mean(name, _LINKS)}")


def _unit(link: ChainCall, interval: object, said: str) -> str:
    """Return the plural of a unit, or the weekday."""
    name, args, kwargs = link
    if args or kwargs:
        raise TriggerError(f"{said}: {quoted(name)} takes nothing, write it without parentheses")
    if name in SINGULAR and interval != 1:
        raise TriggerError(f"{said}: write every({interval!r}).{SINGULAR[name]}")
    return SINGULAR.get(name, name)


def _zone(name: object, said: str) -> str | None:
    if name is None:
        return None
    if not isinstance(name, str):
        raise TriggerError(f"{said}: a time zone is text such as 'Europe/Berlin'")
    return read_zone(name).key
