"""What a run wrote, byte for byte, less the lines by which it told of its work, wherever it was cut."""

from __future__ import annotations

import pytest

from task_scheduler.cli.own_lines import OwnBytes
from task_scheduler.masking import Mask

CASES = [
    (b"one\ntwo", b"one\ntwo", 0),
    (b"::task-scheduler:: progress 1/2\n", b"", 1),
    (b"one\n::task-scheduler:: progress 1/2\ntwo\n", b"one\ntwo\n", 1),
    (b"one\n\x1e::task-scheduler:: metric a 1\n\x1e::task-scheduler:: metric b 1\ntwo\n", b"one\ntwo\n", 2),
    (b"at work\x1e::task-scheduler:: progress 3/10\n, done\n", b"at work, done\n", 1),
    (b"\x1e::task-scheduler:: metric a 1\x1e::task-scheduler:: metric b 1\nend", b"end", 2),
    (b"at ::task-scheduler:: progress 1\n", b"at ::task-scheduler:: progress 1\n", 0),
    (b"at\x1e::task-scheduler:: progress 1\n::task-scheduler:: progress 2\n.", b"at.", 2),
    (b" ::task-scheduler:: x\n\x1eother\n::task-sched\n", b" ::task-scheduler:: x\n\x1eother\n::task-sched\n", 0),
    (b"\xff\x00raw\r\n\x1e", b"\xff\x00raw\r\n\x1e", 0),
    (b"::task-schedul", b"::task-schedul", 0),
    (b"end\n::task-scheduler:: progress 1/2", b"end\n", 1),
]


@pytest.mark.parametrize(("written", "expected", "told"), CASES)
def test_what_is_told_is_left_out_and_nothing_else(written: bytes, expected: bytes, told: int) -> None:
    for first in range(len(written) + 1):
        for second in range(first, len(written) + 1):
            own = OwnBytes()
            pieces = [written[:first], written[first:second], written[second:]]

            assert b"".join(map(own.own, pieces)) + own.rest() == expected
            assert own.told == told


def test_what_cannot_be_told_any_more_is_shown_at_once() -> None:
    own = OwnBytes()

    assert own.own(b"one ::task") == b"one ::task"
    assert own.own(b"\n::task") == b"\n"
    assert own.own(b"s") == b"::tasks"
    assert own.rest() == b""


def test_a_secret_that_is_whole_only_without_what_was_told_is_hidden_wherever_it_was_cut() -> None:
    written = b"A hunter2\x1e::task-scheduler:: progress 50\nsecret END hunter2"
    for place in range(len(written) + 1):
        own = OwnBytes(Mask({"hunter2secret"}))

        shown = own.own(written[:place]) + own.own(written[place:])

        assert shown == b"A *** END "
        assert own.rest() == b"hunter2"
