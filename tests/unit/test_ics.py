"""Calendar files as RFC 5545 wants them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.ics import Entry, write_calendar

NOW = datetime(2026, 11, 22, 14, 1, tzinfo=UTC)


def entry(**changes: object) -> Entry:
    given: dict[str, object] = {"uid": "1@task-scheduler", "start": NOW, "summary": "report", **changes}
    return Entry(**given)  # type: ignore[arg-type]


def unfolded(content: bytes) -> list[str]:
    return content.decode().replace("\r\n ", "").split("\r\n")


def test_writes_an_entry_for_a_moment() -> None:
    start = datetime(2026, 3, 29, 3, 0, tzinfo=timezone(timedelta(hours=2)))

    assert write_calendar([entry(start=start, description="a\nb")], name="x", now=NOW).decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Task Scheduler//Task Scheduler//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:x",
        "BEGIN:VEVENT",
        "UID:1@task-scheduler",
        "DTSTAMP:20261122T140100Z",
        "DTSTART:20260329T010000Z",
        "SUMMARY:report",
        "DESCRIPTION:a\\nb",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_writes_an_end_and_categories_where_there_are_some() -> None:
    content = write_calendar([entry(end=NOW + timedelta(hours=1), categories=("a,b", "c"))], name="x", now=NOW)

    assert "DTEND:20261122T150100Z" in unfolded(content)
    assert "CATEGORIES:a\\,b,c" in unfolded(content)


def test_refuses_a_moment_without_a_zone() -> None:
    with pytest.raises(ValueError, match="has none"):
        write_calendar([entry(start=datetime(2026, 3, 29))], name="x", now=NOW)  # noqa: DTZ001 - that is the mistake


@given(st.text(max_size=300))
def test_any_text_keeps_to_its_line_and_its_length(text: str) -> None:
    content = write_calendar([entry(summary=text)], name=text, now=NOW)

    lines = content.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    for line in lines:
        line.decode()  # no character is cut
    assert sum(line == "BEGIN:VEVENT" for line in unfolded(content)) == 1


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300))
def test_text_comes_back_as_it_was(text: str) -> None:
    [line] = [line for line in unfolded(write_calendar([entry(summary=text)], name="", now=NOW)) if "SUMMARY:" in line]

    read = line.removeprefix("SUMMARY:")
    for escaped, plain in (("\\n", "\n"), ("\\,", ","), ("\\;", ";")):
        read = read.replace("\\\\", "\0").replace(escaped, plain).replace("\0", "\\\\")
    assert read.replace("\\\\", "\\") == text
