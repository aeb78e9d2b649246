"""The lines of a kept output: `2026-11-22T14:00:00.123456Z stdout F text`. Pure, and light to import."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

STDOUT = "stdout"
STDERR = "stderr"
SYSTEM = "system"  #: what the host itself says, such as how much was left out

_STREAMS = frozenset({STDOUT, STDERR, SYSTEM})


class OutputLine(NamedTuple):
    """One line of a kept output."""

    time: datetime  #: when it was read from the attempt, UTC
    stream: str
    partial: bool  #: a piece of a line that goes on with the next one of its stream
    text: str  #: bytes that are no UTF-8 show as U+FFFD


def parse(line: bytes | str) -> OutputLine:
    """Read one line, with or without its newline; raises ValueError for anything else."""
    text = line.decode(errors="replace") if isinstance(line, bytes) else line
    stamp, stream, flag, said = (*text.removesuffix("\n").split(" ", 3), "", "", "")[:4]
    if stream not in _STREAMS or flag not in {"F", "P"} or not stamp.endswith("Z"):
        raise ValueError(f"not a line of a kept output: {text[:80]!r}")
    return OutputLine(
        time=datetime.fromisoformat(stamp[:-1]).replace(tzinfo=UTC), stream=stream, partial=flag == "P", text=said
    )
