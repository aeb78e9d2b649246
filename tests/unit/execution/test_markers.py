"""What the bytes of a marker mean, at every stage a host or a settling scheduler may have left them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from task_scheduler.execution.markers import Marker

STAT = b"4711 (my (odd) name) S 1 1" + b" 0" * 16 + b" 123456 0\n"
FACTS = {
    "exit_code": 0, "signal": None, "stopped_for": None, "error": None, "started_at": 0, "ended_at": 0, "duration": 0,
    "cpu_seconds": 0, "peak_memory": 0, "output_bytes": 0, "output_dropped": 0, "left_behind": 0,
}  # fmt: skip
END = json.dumps(FACTS).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "pid", "start", "void", "end"),
    [
        (b"", None, None, None, None),
        (STAT[:-1], None, None, None, None),
        (STAT, 4711, 123456, None, None),
        (STAT + END[:-1], 4711, 123456, None, None),
        (STAT + END, 4711, 123456, None, FACTS),
        (b"\n" + END, None, None, None, FACTS),
        (STAT + b'{"exit_code": 0}\n', 4711, 123456, None, None),
        (b'{"void": "too late"}\n', None, None, "too late", None),
        (STAT + b"not json\n", 4711, 123456, None, None),
    ],
)
def test_a_marker_says_what_was_wholly_written(
    content: bytes, pid: int | None, start: int | None, void: str | None, end: dict[str, Any] | None
) -> None:
    marker = Marker(content)

    assert (marker.pid, marker.start, marker.void, marker.end) == (pid, start, void, end)


@pytest.mark.parametrize("first", [b"nonsense\n", b"4711 (python) S\n", b"\xff\x00(\n"])
def test_a_first_line_nobody_writes_is_damage(first: bytes) -> None:
    marker = Marker(first + END)

    assert marker.is_damaged
    assert (marker.pid, marker.void) == (None, None)
    assert not Marker(STAT).is_damaged


@pytest.mark.parametrize("length", range(len(STAT + END)))
def test_no_beginning_of_a_marker_is_taken_for_an_end(length: int) -> None:
    assert Marker((STAT + END)[:length]).end is None
