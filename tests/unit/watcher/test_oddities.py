"""What is said of entries that are no tasks."""

from __future__ import annotations

import stat
import unicodedata

import pytest

from task_scheduler.watcher import oddities

COMPOSED = unicodedata.normalize("NFC", "café.py")
DECOMPOSED = unicodedata.normalize("NFD", "café.py")


@pytest.mark.parametrize("name", ["a.PY", "a.Py", "Report.PY"])
def test_a_suffix_in_capitals_is_pointed_out(name: str) -> None:
    assert oddities.near_miss(name) == "the name of a task file ends with .py in small letters: rename it"


@pytest.mark.parametrize("name", ["a.pyw", "a.py.txt", "A.PY.TXT", "a.py.md"])
def test_a_suffix_that_was_meant_to_be_another_is_pointed_out(name: str) -> None:
    assert oddities.near_miss(name) == "the name of a task file ends with .py: rename it"


@pytest.mark.parametrize("name", ["a.py", "a.py.bak", "a.py~", "a.pyc", "a.txt", "4913", "#a.py#", "a.py.tmp", "py"])
def test_of_other_names_nothing_is_said(name: str) -> None:
    assert oddities.near_miss(name) is None


@pytest.mark.parametrize(
    ("mode", "what"), [(stat.S_IFIFO, "a named pipe"), (stat.S_IFSOCK, "a socket"), (stat.S_IFBLK, "a device")]
)
def test_what_is_no_file_is_named(mode: int, what: str) -> None:
    assert oddities.why_no_file(mode) == f"it is {what}, and a task is a file: put it elsewhere"
    assert oddities.why_no_file(stat.S_IFREG) is None


def test_names_that_differ_in_capitals_are_pointed_out_once() -> None:
    assert list(oddities.look_alikes(["report.py", "Report.py", "other.py", "sub/report.py"], "tasks")) == [
        (
            "'Report.py' and 'report.py' in tasks/ are two tasks whose names differ in capital letters alone: "
            "rename one, since other machines take them for one file"
        )
    ]


def test_names_that_look_the_same_are_shown_so_that_the_difference_is_seen() -> None:
    (sentence,) = oddities.look_alikes([COMPOSED, DECOMPOSED], "tasks")

    assert sentence == (
        r"'cafe\u0301.py' and 'caf\xe9.py' in tasks/ look the same and are two tasks: "
        "their letters are spelled with different characters, rename one"
    )


def test_a_name_cannot_pass_for_another_line_or_act_on_a_terminal() -> None:
    assert oddities.shown("a\nERROR\x1b[2J\u202e.py") == r"'a\nERROR\x1b[2J\u202e.py'"
