"""Time zones by name."""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")

#: Beside the zones, their database holds two other editions of all of them (one counts leap seconds, so that
#: its days do not end at midnight) and files that mean another zone on each machine.
_NO_ZONES = re.compile(r"(posix|right)/.*|localtime|posixrules|Factory")


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
    hint = did_you_mean(name, known) or did_you_mean(_like_a_zone(name), known)
    return f"no time zone {quoted(name)}{hint or ': write an IANA name such as Europe/Berlin, or UTC'}"


def _like_a_zone(name: str) -> str:
    """Return a name with the capitals and underscores that zones have."""
    return "/".join(part.title() for part in name.strip().replace(" ", "_").split("/"))
