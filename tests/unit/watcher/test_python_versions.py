"""Which Python versions a task names."""

from __future__ import annotations

import pytest

from task_scheduler.watcher.python_versions import accepts, python_fault, wants_newer

WAY_OUT = 'such as "3.11", or a range such as ">=3.9,<3.13", not the text'


@pytest.mark.parametrize("text", [">=3.11", ">=3.9,<3.13", "==3.12.*", "~=3.10", "!=3.9.1,>=3.8", "<4", "==3.11.7"])
def test_a_range_that_some_python_3_is_in_is_fine(text: str) -> None:
    assert python_fault(text) is None


@pytest.mark.parametrize(
    "text", ["", "2.7", "3.11.2", "3.x", "python3", ">=3.x", "^3.9", ">3.9;", "3.9+", "=>3.9", "٣.9"]
)
def test_what_is_no_range_is_refused_with_an_example(text: str) -> None:
    assert python_fault(text) == f"must be the lowest version the task runs with, {WAY_OUT} {text!r}"


@pytest.mark.parametrize("text", [">=4", "<3", "==2.7.*", ">=3.12,<3.11"])
def test_a_range_without_any_python_3_is_refused(text: str) -> None:
    assert python_fault(text) == f"allows no version of Python 3: {text!r} excludes them all"


def test_a_long_text_is_cut_in_the_sentence() -> None:
    fault = python_fault(">=3.9," * 1000)

    assert fault is not None
    assert len(fault) < 250


@pytest.mark.parametrize(
    ("python_version", "accepted", "newer"),
    [
        ("3.8", True, False),
        ("3.12", False, True),
        (">=3.9,<3.12", True, False),
        (">=3.11.5", True, False),
        ("==3.12.*", False, True),
        ("<3.11", False, False),
        ("!=3.11.*", False, True),
    ],
)
def test_a_version_is_accepted_by_any_of_its_releases(python_version: str, accepted: bool, newer: bool) -> None:
    assert accepts(python_version, (3, 11)) == accepted
    assert wants_newer(python_version, (3, 11)) == newer
