"""Which stamps may be trusted, and when."""

from __future__ import annotations

from task_scheduler.watcher.confirming import Confirming
from task_scheduler.watcher.scanning import Stamp

STAMP: Stamp = (1, 10, 100, 100)
LATER: Stamp = (1, 10, 200, 200)


def test_a_file_is_read_again_once_its_clock_has_moved_on() -> None:
    confirming = Confirming(grain=2.0)
    confirming.add("a", STAMP, 10.0)

    assert confirming.take_due(11.9, most=9) == []
    assert confirming.take_due(12.0, most=9) == [("a", STAMP)]
    assert len(confirming) == 0


def test_a_file_that_is_read_once_more_begins_to_wait_anew() -> None:
    confirming = Confirming(grain=2.0)
    confirming.add("a", STAMP, 10.0)
    confirming.add("b", STAMP, 10.5)
    confirming.add("a", LATER, 11.0)

    assert confirming.take_due(12.9, most=9) == []
    assert confirming.take_due(13.0, most=9) == [("b", STAMP), ("a", LATER)]


def test_files_wait_while_further_ones_come_but_not_for_ever() -> None:
    confirming = Confirming(grain=2.0)
    due = []
    for second in range(10, 40):
        confirming.add(f"t{second}", STAMP, float(second))
        due.append(len(confirming.take_due(float(second), most=99)))

    assert due[:16] == [0] * 16
    assert due[16] == 15


def test_files_are_read_in_groups() -> None:
    confirming = Confirming(grain=2.0)
    for number in range(5):
        confirming.add(str(number), STAMP, 10.0)

    assert [len(confirming.take_due(12.0, most=2)) for _ in range(4)] == [2, 2, 1, 0]


def test_the_next_look_is_when_nothing_came_for_a_while() -> None:
    confirming = Confirming(grain=2.0)
    assert confirming.next_due() is None

    confirming.add("a", STAMP, 10.0)
    confirming.add("b", STAMP, 11.0)

    assert confirming.next_due() == 13.0
