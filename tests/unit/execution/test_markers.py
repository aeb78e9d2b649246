"""What the bytes of a marker mean, at every stage a host or a settling scheduler may have left them."""

from __future__ import annotations

import pytest

from task_scheduler.execution.markers import Marker

STAT = b"4711 (my (odd) name) S 1 1" + b" 0" * 16 + b" 123456 0\n"
END = b'{"exit_code": 0}\n'


@pytest.mark.parametrize(
    ("content", "pid", "start", "void", "end"),
    [
        (b"", None, None, None, None),
        (STAT[:-1], None, None, None, None),
        (STAT, 4711, 123456, None, None),
        (STAT + END[:-1], 4711, 123456, None, None),
        (STAT + END, 4711, 123456, None, {"exit_code": 0}),
        (b"\n" + END, None, None, None, {"exit_code": 0}),
        (b'{"void": "too late"}\n', None, None, "too late", None),
        (STAT + b"not json\n", 4711, 123456, None, None),
    ],
)
def test_a_marker_says_what_was_wholly_written(
    content: bytes, pid: int | None, start: int | None, void: str | None, end: dict[str, int] | None
) -> None:
    marker = Marker(content)

    assert (marker.pid, marker.start, marker.void, marker.end) == (pid, start, void, end)


@pytest.mark.parametrize("length", range(len(STAT + END)))
def test_no_beginning_of_a_marker_is_taken_for_an_end(length: int) -> None:
    assert Marker((STAT + END)[:length]).end is None
