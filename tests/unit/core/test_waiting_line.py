"""The line of runs that wait for a place, and the two lines that share the places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.waiting_line import (
    PATIENCE,
    PATIENCE_TO_MAKE_UP,
    WaitingLine,
    WaitingLines,
    places_to_make_up,
)

# --- one line ---------------------------------------------------------------------------------------------


def test_tasks_take_turns_and_each_is_served_in_order() -> None:
    line = WaitingLine()
    for task_id, run_id in [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5)]:
        line.join(task_id, run_id, 0.0)

    assert len(line) == 5
    assert [line.next(0.0) for _ in range(6)] == [1, 4, 5, 2, 3, None]


@given(st.lists(st.integers(0, 3), max_size=60))
def test_nobody_in_the_line_is_lost_or_served_twice(tasks: list[int]) -> None:
    line = WaitingLine()
    for run_id, task in enumerate(tasks):
        line.join(str(task), run_id, float(task))

    served = []
    while (first := line.next(0.0)) is not None:
        served.append(first)

    assert sorted(served) == list(range(len(tasks)))
    assert len(line) == 0


def test_what_is_due_again_soon_goes_before_the_many_that_are_not() -> None:
    line = WaitingLine()
    for number in range(1000):
        line.join(f"nightly{number}", number, PATIENCE)
    line.join("each second", 5000, 1.0)
    assert [line.next(0.0) for _ in range(3)] == [5000, 0, 1]

    line.join("each second", 5001, 2.0)
    assert line.next(0.0) == 5001


def test_nobody_waits_for_longer_than_the_patience_of_the_line() -> None:
    line = WaitingLine()
    line.join("nightly", 1, PATIENCE)
    served: list[int | None] = []
    for second in range(20):  # one place a second, and one who is in a hurry each second
        line.join("each second", 100 + second, second + 1.0)
        served.append(line.next(float(second)))

    assert served.index(1) <= PATIENCE


def test_a_task_with_many_runs_does_not_use_its_hurry_for_all_of_them() -> None:
    line = WaitingLine()
    for run_id in range(3):
        line.join("hasty", run_id, 1.0)
    line.join("nightly", 10, PATIENCE)

    assert [line.next(0.0) for _ in range(4)] == [0, 10, 1, 2]


def test_nobody_pays_for_turns_that_came_early_since_nobody_else_waited() -> None:
    line = WaitingLine()
    for run_id in range(200):
        line.join("many", run_id, PATIENCE)
    now = 0.0
    for _ in range(100):
        now += 0.05
        line.next(now)

    served = []
    for second in range(20):  # from now on somebody else comes each second
        line.join(f"other{second}", 1000 + second, now + second + PATIENCE)
        served.append(line.next(now + second))

    assert served.index(100) <= PATIENCE + 1


def test_who_has_to_wait_for_another_of_its_task_uses_up_no_turn() -> None:
    line = WaitingLine()
    for run_id in (1, 2, 3):
        line.join("queue", run_id, 0.0)
    line.join("other", 4, 5.0)
    line.join("later", 5, 15.0)
    assert [line.next(10.0), line.next(10.0)] == [1, 4]

    kept = []
    for run_id in (2, 3):
        assert line.next(10.0) == run_id
        kept.append(line.keep_turn())
    for run_id in (2, 3):
        line.join("queue", run_id, kept[0])

    assert kept == [PATIENCE, PATIENCE]
    assert [line.next(10.0) for _ in range(4)] == [2, 5, 3, None]


def test_a_row_that_has_to_wait_does_not_go_before_all_others_once_it_may_begin() -> None:
    """Each of them joined long ago; the turn of the first was that of all of them."""
    line = WaitingLine()
    for run_id in (1, 2, 3):
        line.join("queue", run_id, 0.0)
    for run_id in (1, 2):
        assert line.next(100.0) == run_id
    line.join("queue", 2, line.keep_turn())
    line.join("other", 4, 5.0)

    assert [line.next(100.0), line.next(100.0)] == [4, 3]


def test_only_who_was_taken_out_can_leave_a_turn() -> None:
    with pytest.raises(AssertionError, match="nobody was taken out"):
        WaitingLine().keep_turn()


def test_who_leaves_the_line_takes_no_turn_away() -> None:
    line = WaitingLine()
    line.join("a", 1, 5.0)
    line.join("b", 2, 6.0)
    line.join("b", 3, 6.0)
    line.leave("a", 1)
    line.leave("b", 2)
    with pytest.raises(ValueError, match="not enough"):
        line.leave("b", 2)
    line.join("a", 4, 7.0)

    assert [line.next(0.0) for _ in range(3)] == [3, 4, None]
    assert len(line) == 0


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 30)), max_size=60))
def test_each_tasks_runs_keep_their_order_and_the_first_served_is_the_most_urgent(
    joins: list[tuple[int, float]],
) -> None:
    line = WaitingLine()
    heads: dict[int, float] = {}
    for run_id, (task, begin_by) in enumerate(joins):
        line.join(str(task), run_id, begin_by)
        heads.setdefault(task, begin_by)

    served = list(iter(lambda: line.next(0.0), None))

    for task in heads:
        own = [run for run in served if joins[run][0] == task]
        assert own == sorted(own)
    if served:
        assert joins[served[0]][1] == min(heads.values())


# --- two lines --------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.floats(0, 100)), max_size=40),
    st.integers(1, 6),
)
def test_the_lines_give_each_run_once_and_never_too_many_places_to_those_made_up_for(
    waiting: list[tuple[bool, int, float]], places: int
) -> None:
    lines = WaitingLines()
    for run_id, (makes_up, task, begin_by) in enumerate(waiting):
        lines.join(str(task), run_id, begin_by, makes_up=makes_up)

    served: list[int] = []
    held: list[int] = []
    while True:
        making_up = sum(waiting[run_id][0] for run_id in held)
        assert making_up <= places_to_make_up(places)
        first = lines.next(0.0, places=places, making_up=making_up) if len(held) < places else None
        if first is not None:
            served.append(first)
            held.append(first)
        elif held:
            held.pop(0)
        else:
            break

    assert sorted(served) == list(range(len(waiting)))


def test_whoever_leaves_a_line_is_not_served() -> None:
    lines = WaitingLines()
    for run_id, makes_up in enumerate((True, True, False)):
        lines.join("report", run_id, 1.0, makes_up=makes_up)

    lines.leave("report", 0, makes_up=True)
    lines.leave("report", 2, makes_up=False)

    assert [lines.next(0.0, places=2, making_up=0) for _ in range(2)] == [1, None]
    with pytest.raises(ValueError, match="not enough values"):
        lines.leave("report", 0, makes_up=True)


@pytest.mark.parametrize(("places", "to_make_up"), [(1, 1), (2, 1), (3, 1), (4, 2), (9, 4)])
def test_half_of_the_places_and_one_at_least_may_be_held_by_those_that_make_up(places: int, to_make_up: int) -> None:
    lines = WaitingLines()
    for run_id in range(places):
        lines.join(f"task-{run_id}", run_id, 0.0, makes_up=True)

    served = [lines.next(0.0, places=places, making_up=held) for held in range(places)]

    assert places_to_make_up(places) == to_make_up
    assert served == [*range(to_make_up), *[None] * (places - to_make_up)]


def test_of_two_lines_whoever_ought_to_begin_first_is_served_first() -> None:
    lines = WaitingLines()
    lines.join("missed", 1, 30.0, makes_up=True)
    lines.join("due", 2, 20.0, makes_up=False)
    lines.join("due later", 3, 40.0, makes_up=False)

    assert [lines.next(0.0, places=4, making_up=0) for _ in range(4)] == [2, 1, 3, None]


def test_a_row_of_those_that_make_up_waits_longer_for_its_next_turn() -> None:
    lines = WaitingLines()
    for run_id in (1, 2):
        lines.join("missed", run_id, 0.0, makes_up=True)
    assert lines.next(0.0, places=4, making_up=0) == 1

    lines.join("due", 3, PATIENCE_TO_MAKE_UP - 1, makes_up=False)
    lines.join("due later", 4, PATIENCE_TO_MAKE_UP + 1, makes_up=False)

    assert [lines.next(0.0, places=4, making_up=0) for _ in range(3)] == [3, 2, 4]


def test_each_line_keeps_the_turn_of_whoever_was_taken_out_of_it() -> None:
    lines = WaitingLines()
    for run_id, makes_up in enumerate((True, True, False, False)):
        lines.join("report", run_id, 5.0 if makes_up else 0.0, makes_up=makes_up)
    taken = [lines.next(0.0, places=2, making_up=0), lines.next(0.0, places=2, making_up=0)]
    assert taken == [2, 0]

    # The next turns would be later by the patience of their line; those that are kept are not.
    assert [lines.keep_turn(makes_up=makes_up) for makes_up in (False, True)] == [0.0, 5.0]
    lines.join("others", 4, PATIENCE, makes_up=False)
    lines.join("others", 5, PATIENCE_TO_MAKE_UP, makes_up=True)

    assert [lines.next(0.0, places=2, making_up=0) for _ in range(4)] == [3, 1, 4, 5]
