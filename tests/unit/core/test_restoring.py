"""What is told of a record that was restored: kept as text, said to people while it is news."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.core.restoring import BY_HAND, LOST, TOLD_FOR, Restored, news_of

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
RESTORED = Restored(
    at=AT,
    taken_at=datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    backup="scheduler-20260329.db",
    because="the record was damaged: page 3 is never used",
    aside="scheduler.db.damaged",
    outputs=1_200,
)


@pytest.mark.parametrize("restored", [RESTORED, replace(RESTORED, aside="", outputs=0, because=BY_HAND)])
def test_the_text_that_is_kept_is_read_back(restored: Restored) -> None:
    assert Restored.parse(restored.text()) == restored


def test_a_reason_of_several_lines_is_kept_on_one() -> None:
    read = Restored.parse(replace(RESTORED, because="damaged:\npage 3\npage 4").text())

    assert read == replace(RESTORED, because="damaged: page 3 page 4")


def test_people_are_told_in_the_time_of_their_zone_what_is_lost_and_what_remains() -> None:
    """The clock of Berlin is put forward between the two."""
    lost = (
        "the record was damaged: page 3 is never used; restored from the backup of 2026-03-29 01:30:00 CET "
        "(scheduler-20260329.db): what ran between then and 2026-03-29 03:30:00 CEST is not on record"
    )

    assert RESTORED.sentence(BERLIN) == (
        f"{lost}; 1,200 of its outputs remain in logs/runs; the record before is kept in scheduler.db.damaged"
    )
    assert replace(RESTORED, outputs=1, aside="").sentence(BERLIN) == f"{lost}; 1 of its outputs remains in logs/runs"
    assert replace(RESTORED, outputs=0, aside="").sentence(BERLIN) == lost


def test_what_ended_for_it_tells_the_backup_s_time() -> None:
    assert RESTORED.reason == f"{LOST} restored from the backup of 2026-03-29 00:30:00 UTC"


def test_it_is_news_for_a_day_also_to_a_clock_that_was_put_back() -> None:
    second = timedelta(seconds=1)

    told = [
        RESTORED.is_news(AT + age) for age in (-TOLD_FOR, second - TOLD_FOR, timedelta(), TOLD_FOR - second, TOLD_FOR)
    ]

    assert told == [False, True, True, True, False]


def test_news_are_the_sentence_and_both_moments() -> None:
    assert news_of(RESTORED.text(), now=AT + timedelta(hours=1), zone=BERLIN) == {
        "restored": RESTORED.sentence(BERLIN),
        "restored_at": "2026-03-29T01:30:00+00:00",
        "restored_to": "2026-03-29T00:30:00+00:00",
    }


@pytest.mark.parametrize(
    ("text", "later"),
    [
        (None, timedelta()),
        ("", timedelta()),
        ("something else", timedelta()),
        (RESTORED.text().replace("2026", "20x6"), timedelta()),
        (RESTORED.text(), TOLD_FOR),
    ],
)
def test_there_are_no_news_of_nothing_of_what_cannot_be_read_and_of_what_is_old(
    text: str | None, later: timedelta
) -> None:
    assert news_of(text, now=AT + later, zone=BERLIN) == {"restored": None, "restored_at": None, "restored_to": None}
