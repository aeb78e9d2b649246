"""Text of tasks is harmless, measured in columns and cut to fit."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.cli.text import escape, fit, pad, width, wrap


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


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("it wraps at the words and never within one", ["it wraps at the words and", "never within one"]),
        ("    the indentation of it stays as it was", ["    the indentation of it", "    stays as it was"]),
        ("see /a/path/that/is/longer/than/any/line now", ["see /a/path/that/is/longer/than/any/line", "now"]),
        ("日本語 日本語 日本語 日本語 日本語", ["日本語 日本語 日本語", "日本語 日本語"]),
    ],
)
def test_wraps_at_words(text: str, lines: list[str]) -> None:
    assert wrap(text, 25) == lines


def test_further_lines_hang_below_the_text() -> None:
    assert wrap("error: this cannot be done at all", 27, hang=7) == ["error: this cannot be done", "       at all"]


def test_without_a_terminal_nothing_is_wrapped() -> None:
    assert wrap("word " * 100, None) == ["word " * 100]


@given(st.lists(st.text(alphabet="abc日", min_size=1, max_size=9), min_size=1), st.integers(24, 60), st.integers(0, 4))
def test_what_is_wrapped_fits_and_loses_no_word(words: list[str], columns: int, indent: int) -> None:
    lines = wrap(" " * indent + " ".join(words), columns)

    assert " ".join(lines).split() == words
    assert all(width(line) <= columns and line.startswith(" " * indent) for line in lines)
