"""When a change is over."""

from __future__ import annotations

import pytest

from task_scheduler.watcher.scanning import Stamp
from task_scheduler.watcher.settling import Settling

OLD: Stamp = (1, 10, 100, 100)
NEW: Stamp = (1, 11, 200, 200)
NEWER: Stamp = (2, 12, 300, 300)


def nothing_hidden(path: str) -> bool:
    return False


def settled(**known: Stamp) -> Settling:
    settling = Settling(settle=0.2, removal=0.5)
    for path, stamp in known.items():
        settling.take(path, stamp, now=0.0)
    return settling


def test_a_new_file_is_due_once_it_stood_still() -> None:
    settling = settled()

    settling.see("a", NEW, 10.0)

    assert settling.next_due() == 10.2
    assert settling.due(10.19) == []
    assert settling.due(10.2) == [("a", NEW)]


def test_each_further_change_starts_the_wait_anew() -> None:
    settling = settled(a=OLD)

    settling.see("a", NEW, 10.0)
    settling.see("a", NEW, 10.1)
    settling.see("a", NEWER, 10.15)

    assert settling.due(10.3) == []
    assert settling.due(10.35) == [("a", NEWER)]


def test_looking_again_does_not_start_the_wait_anew() -> None:
    settling = settled(a=OLD)

    settling.see("a", NEW, 10.0)
    settling.see("a", NEW, 10.19)

    assert settling.due(10.2) == [("a", NEW)]


def test_a_change_that_is_taken_back_is_none() -> None:
    settling = settled(a=OLD)

    settling.see("a", NEW, 10.0)
    settling.see("a", OLD, 10.1)

    assert (list(settling.changing), settling.next_due()) == ([], None)


def test_delete_and_create_is_one_change() -> None:
    settling = settled(a=OLD)

    settling.see("a", None, 10.0)
    settling.see("a", NEW, 10.4)

    assert settling.due(10.6) == [("a", NEW)]


def test_a_removal_waits_longer() -> None:
    settling = settled(a=OLD)

    settling.see("a", None, 10.0)

    assert settling.due(10.49) == []
    assert settling.due(10.5) == [("a", None)]


def test_a_file_that_came_and_went_is_nothing() -> None:
    settling = settled()

    settling.see("a", NEW, 10.0)
    settling.see("a", None, 10.1)

    assert list(settling.changing) == []


def test_a_full_look_finds_what_is_gone() -> None:
    settling = settled(a=OLD, b=OLD)

    settling.see_all({"b": OLD, "c": NEW}, 10.0, hidden=nothing_hidden)

    assert settling.due(11.0) == [("a", None), ("c", NEW)]


def test_a_file_in_a_folder_that_cannot_be_read_is_not_gone() -> None:
    settling = settled(**{"sub/a": OLD})
    settling.see("sub/a", None, 9.0)

    settling.see_all({}, 10.0, hidden=lambda path: path.startswith("sub/"))

    assert settling.due(11.0) == []


def test_what_was_taken_is_how_things_are() -> None:
    settling = settled(a=OLD)
    settling.see("a", NEW, 10.0)

    settling.take("a", NEW, 10.0)
    settling.see_all({"a": NEW}, 11.0, hidden=nothing_hidden)

    assert list(settling.changing) == []


def test_a_removal_that_was_taken_is_forgotten() -> None:
    settling = settled(a=OLD)

    settling.take("a", None, 10.0)
    settling.see_all({}, 11.0, hidden=nothing_hidden)

    assert list(settling.changing) == []


# --- files that are announced as complete -----------------------------------------------------------------


def announcing() -> Settling:
    return Settling(settle=0.2, announced=0.05, removal=0.5)


def test_a_file_that_was_closed_or_renamed_into_place_stands_still_for_a_moment_only() -> None:
    settling = announcing()

    settling.see("a", NEW, 10.0, announced=True)

    assert settling.due(10.04) == []
    assert settling.due(10.05) == [("a", NEW)]


def test_an_announcement_counts_for_what_was_seen_before_it() -> None:
    settling = announcing()

    settling.see("a", NEW, 10.0)
    settling.see("a", NEW, 10.02, announced=True)
    settling.see("a", NEW, 10.03)

    assert settling.due(10.05) == [("a", NEW)]


def test_whoever_writes_on_after_closing_gets_the_full_wait() -> None:
    settling = announcing()

    settling.see("a", NEW, 10.0, announced=True)
    settling.see("a", NEWER, 10.03, announced=True)

    assert settling.due(10.22) == []
    assert settling.due(10.24) == [("a", NEWER)]


def test_whoever_writes_on_soon_after_the_file_was_taken_gets_the_full_wait() -> None:
    settling = announcing()
    settling.take("a", OLD, 10.0)

    settling.see("a", NEW, 10.1, announced=True)
    settling.see("b", NEW, 10.1, announced=True)

    assert settling.due(10.2) == [("b", NEW)]


def test_a_file_taken_long_ago_is_taken_quickly_again() -> None:
    settling = announcing()
    settling.take("a", OLD, 10.0)
    settling.take("b", OLD, 20.0)

    settling.see("a", NEW, 20.0, announced=True)

    assert settling.due(20.05) == [("a", NEW)]


def test_a_file_that_is_held_waits_anew_and_its_time_is_counted() -> None:
    settling = announcing()
    settling.see("a", NEW, 10.0, announced=True)

    held = [settling.hold("a", 10.1), settling.hold("a", 10.4)]

    assert held == [0.0, pytest.approx(0.3)]
    assert settling.due(10.5) == []
    assert settling.due(10.7) == [("a", NEW)]


def test_what_is_doubted_is_news_although_it_looks_the_same() -> None:
    settling = settled(a=OLD, b=OLD)

    settling.doubt("a", OLD, 10.0)
    settling.doubt("b", None, 10.0)

    assert settling.due(11.0) == [("a", OLD), ("b", None)]
