"""The lines of a kept output."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.execution.output_format import OutputLine, parse

MOMENT = datetime(2026, 11, 22, 14, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "stream", "partial", "text"),
    [
        (b"2026-11-22T14:00:00.123456Z stdout F hello world\n", "stdout", False, "hello world"),
        (b"2026-11-22T14:00:00.123456Z stderr P 50 %\r", "stderr", True, "50 %\r"),
        (b"2026-11-22T14:00:00.123456Z system F [3 bytes left out]\n", "system", False, "[3 bytes left out]"),
        (b"2026-11-22T14:00:00.123456Z stdout F \n", "stdout", False, ""),
        (b"2026-11-22T14:00:00.123456Z stdout F  two  spaces ", "stdout", False, " two  spaces "),
        (b"2026-11-22T14:00:00.123456Z stdout F \xff", "stdout", False, "\ufffd"),
        ("2026-11-22T14:00:00.123456Z stdout F text", "stdout", False, "text"),
    ],
)
def test_a_line_is_taken_apart(line: bytes | str, stream: str, partial: bool, text: str) -> None:
    assert parse(line) == OutputLine(time=MOMENT, stream=stream, partial=partial, text=text)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"2026-11-22T14:00:00.123456Z stdin F x",
        b"2026-11-22T14:00:00.123456Z stdout X x",
        b"2026-11-22T14:00:00.123456 stdout F x",
        b"yesterdayZ stdout F x",
    ],
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a line of a kept output|Invalid isoformat"):
        parse(line)


@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str) -> None:
    assert parse(f"2026-11-22T14:00:00.123456Z stdout F {text}\n").text == text
