"""A piece of somebody's text inside a sentence of ours."""

from __future__ import annotations

import pytest

from task_scheduler.core.excerpts import LONGEST, excerpt, quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  def start():\n", "def start():"),
        ("a\xa0b\tc", r"a\xa0b\tc"),
        ("red \x1b[31m", r"red \x1b[31m"),
        ("half a pair \ud800", r"half a pair \ud800"),
        ("größer", "größer"),
        ("", ""),
    ],
)
def test_a_line_is_shown_with_what_cannot_be_seen_spelled_out(text: str, shown: str) -> None:
    assert excerpt(text) == shown


def test_a_long_line_is_shown_by_its_beginning_also_where_spelling_it_out_makes_it_long() -> None:
    assert excerpt("x" * 1_000) == "x" * LONGEST
    assert excerpt("\x00" * 1_000, longest=10) == r"\x00\x00\x"
    assert excerpt("abcd efgh", longest=5) == "abcd"


def test_a_value_is_quoted_as_python_writes_it_and_cut_where_it_is_long() -> None:
    assert quoted("it's") == '"it\'s"'
    assert quoted("x" * 98) == repr("x" * 98)
    assert quoted("x" * 99) == "'" + "x" * 99 + "…'"
    assert quoted([1] * 50, longest=9) == "[1, 1, 1,…]"
