"""Text of tasks is harmless, measured in columns and cut to fit."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.cli.text import escape, fit, pad, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("naïve 日本 é", "naïve 日本 é"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("two\nlines\r", r"two\nlines\r"),
        ("tab\t", r"tab\t"),
        ("\x9b31m", r"\x9b31m"),
        ("\x7f", r"\x7f"),
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),
        ("undecodable \udcff", r"undecodable \udcff"),
        ("\u2028", r"\u2028"),
    ],
)
def test_spells_out_what_acts_on_a_terminal(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_keeps_tabs_of_output() -> None:
    assert escape("a\tb\x1b", keep_tabs=True) == "a\tb\\x1b"


@given(st.text())
def test_nothing_escaped_is_a_control_character(text: str) -> None:
    shown = escape(text)

    assert not any(unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} for character in shown)


@given(st.text())
def test_escaping_twice_changes_nothing_more(text: str) -> None:
    assert escape(escape(text)) == escape(text)


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("naïve", 5), ("\uff21", 2), ("", 0)]
)
def test_measures_columns_not_characters(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "cut"),
    [("report", 6, "report"), ("report", 5, "repo…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("abc", 1, "…")],
)
def test_cuts_with_an_ellipsis(text: str, columns: int, cut: str) -> None:
    assert fit(text, columns) == cut


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_what_is_fitted_fits_and_pads_to_the_column(text: str, columns: int) -> None:
    fitted = fit(escape(text), columns)

    assert width(fitted) <= columns
    assert width(pad(fitted, columns)) == columns
