"""The time zone of this machine, with its rules for the whole year and not just today's offset."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

_LOCALTIME = Path("/etc/localtime")
_FOLDER = "zoneinfo/"


def machine_zone(environ: Mapping[str, str] = os.environ, localtime: Path = _LOCALTIME) -> tzinfo:
    """Return the zone `TZ` names, else that of /etc/localtime, else UTC."""
    named = environ.get("TZ", "").removeprefix(":")
    return _named(named) or _linked(localtime) or _read(localtime) or UTC


def _named(name: str) -> tzinfo | None:
    """Return a zone by its name or by the path of its file, None when there is none of that name."""
    key = name.rpartition(_FOLDER)[2] if _FOLDER in name else name
    try:
        return ZoneInfo(key) if key else None
    except (KeyError, ValueError, OSError):
        return None


def _linked(localtime: Path) -> tzinfo | None:
    target = str(localtime.resolve())
    return _named(target) if _FOLDER in target else None


def _read(localtime: Path) -> tzinfo | None:
    """Return the zone of a copied file, which has rules and no name."""
    try:
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file, key=None)
    except (OSError, ValueError):
        return None
