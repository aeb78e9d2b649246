"""What pip's log tells of a failure and its standard error, run quietly, does not."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from pathlib import Path

#: Why it found nothing: what could not be read (pages of packages that do not exist left out), what does not fit this
#: machine, and who asked for what.
REASON = re.compile(
    r"Could not fetch URL (?!.*: 404 Client Error)|Skipping link: none of the wheel's tags |.* depends on |The user requested "
)
_TIME = re.compile(r"[-0-9T:,]+ ")
_ADDED = re.compile(r"Added \S+ from (?:\S*/)?(?P<file>[^/\s#]+)(?:#\S*)? .*to build tracker")
_COMMAND = "Running command "
_COMMAND_FAILED = re.compile(r"\s*ERROR: .*(?:exited with|subprocess-exited-with-error)")
MOST_REASONS = 20
#: Lines kept of what a failed build wrote: its end says why.
MOST_OUTPUT = 30


def reasons(log: Path) -> str:
    """Return the lines of pip's log that say why it failed, empty where there are none."""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            told = _reasons(_TIME.sub("", line.rstrip("\n"), count=1) for line in lines)
    except OSError:
        return ""
    return "".join(f"{line}\n" for line in told)


def _reasons(lines: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    building, output, is_command = "", deque[str](maxlen=MOST_OUTPUT), False
    for line in lines:
        if is_command and _COMMAND_FAILED.match(line):
            return [*found, f"while building {building}:", *output]
        if line.lstrip().startswith(_COMMAND):
            is_command = True
            output.clear()
        elif is_command:
            output.append(line)
        if added := _ADDED.match(line.strip()):
            building = added["file"]
        if len(found) < MOST_REASONS and REASON.match(line.strip()):
            found[line.strip()] = None
    return list(found)
