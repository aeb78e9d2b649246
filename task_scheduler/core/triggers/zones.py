"""Time zones by name, and the names of time zones."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")

#: Beside the zones, their database holds two other editions of all of them (one counts leap seconds, so that
#: its days do not end at midnight) and files that mean another zone on each machine.
_NO_ZONES = re.compile(r"(posix|right)/.*|localtime|posixrules|Factory")

#: An offset from UTC where a name is meant.
_OFFSET = re.compile(r"(UTC|GMT|Z)?\s*(?P<sign>[+-])(?P<hours>[0-9]{1,2}):?(?P<minutes>[0-9]{2})?", re.IGNORECASE)


def read_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name such as `Europe/Berlin` or `UTC`; raises TriggerError."""
    try:
        return _load(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TriggerError(_unknown(name)) from None


@lru_cache(maxsize=1_024)
def _load(name: str) -> ZoneInfo:
    if not _NAME.fullmatch(name) or _NO_ZONES.fullmatch(name):
        raise ZoneInfoNotFoundError(name)
    return ZoneInfo(name)


def _unknown(name: str) -> str:
    known = [zone for zone in available_timezones() if not _NO_ZONES.fullmatch(zone)]
    if not known:
        return (
            f"time zone {quoted(name)} cannot be read: this machine has no time zone data, install the package tzdata"
        )
    hint = _by_offset(name, known) or did_you_mean(name, known) or did_you_mean(_like_a_zone(name), known)
    return f"no time zone {quoted(name)}{hint or ': write an IANA name such as Europe/Berlin, or UTC'}"


def _by_offset(name: str, known: Collection[str]) -> str:
    """Return what to write for an offset from UTC; empty: the name is none."""
    match = _OFFSET.fullmatch(name.strip())
    if match is None:
        return ""
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if not hours and not minutes:
        return ": write UTC"
    place = "the zone of a place, such as Europe/Berlin, whose clock may change with the seasons"
    is_east = match["sign"] == "+"
    etc = f"Etc/GMT{'-' if is_east else '+'}{hours}"
    if minutes or etc not in known:
        return f": write {place}"
    ahead = f"{hours} {'hour' if hours == 1 else 'hours'} {'ahead of' if is_east else 'behind'} UTC all year"
    return f": write '{etc}', which is {ahead} (names of this kind have the sign turned round), or {place}"


def _like_a_zone(name: str) -> str:
    """Return a name with the capitals and underscores that zones have."""
    return "/".join(part.title() for part in name.strip().replace(" ", "_").split("/"))


def zone_key(zone: tzinfo) -> str | None:
    """Return the name by which a zone can be found again; None: it is this machine's, and has none."""
    return "UTC" if zone is UTC else getattr(zone, "key", None)


def zone_name(zone: tzinfo) -> str:
    """Return what a zone is called in a sentence, such as `Europe/Berlin`; one without a name is the machine's."""
    return zone_key(zone) or "the machine's"
