"""The characters a schedule may be written in."""

from __future__ import annotations

import re

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted

#: A list of all minutes of an hour takes 169.
_LONGEST = 500

_ODD = re.compile(r"[^\t -~]")
_NAMES = {
    "\n": "a line break",
    "\x85": "a next-line character",
    "\xa0": "a no-break space",
    "\u2003": "an em space",
    "\u3000": "an ideographic space",
}


def spaced(text: str) -> str:
    """Return a schedule with single spaces; raises TriggerError for what looks like one and is not.

    Some programs part fields at a no-break space and others do not: a character that a reader cannot tell
    from another is refused by name.
    """
    stripped = stripped_of_blanks(text)
    odd = _ODD.search(stripped)
    if odd:
        code = f"U+{ord(odd[0]):04X}"
        name = f"{_NAMES[odd[0]]} ({code})" if odd[0] in _NAMES else f"the character {code}"
        raise TriggerError(f"{quoted(stripped)} contains {name}: write plain letters, digits and spaces")
    return " ".join(stripped.split())


def stripped_of_blanks(text: str) -> str:
    """Return a schedule without the blanks around it; raises TriggerError where nothing or too much is left."""
    stripped = text.strip(" \t\r\n")
    if not stripped:
        raise TriggerError("the schedule is empty: write words such as 'every 5 minutes', or cron text")
    check_length(stripped)
    return stripped


def check_length(text: str) -> None:
    """Raise TriggerError for a schedule, as written or as its canonical text, that is too long to be one."""
    if len(text) > _LONGEST:
        raise TriggerError(f"the schedule has {len(text)} characters: write at most {_LONGEST}, or several schedules")
