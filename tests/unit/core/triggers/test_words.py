"""Mistakes in words, and the way out that is named."""

from __future__ import annotations

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import read_schedule

FORMS = "write words such as 'every 5 minutes' or 'daily at 10:30', or cron text"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("evry 5 minutes", "'evry 5 minutes': unknown word 'evry', did you mean 'every'?"),
        ("every 5 minuts", "'every 5 minuts': unknown word 'minuts', did you mean 'minutes'?"),
        ("every mon at 09:00", "'every mon at 09:00': unknown word 'mon', did you mean 'monday'?"),
        ("mondays at 09:00", "'mondays at 09:00': unknown word 'mondays', did you mean 'monday'?"),
        ("every five minutes", f"'every five minutes': unknown word 'five': {FORMS}"),
        ("sometimes", f"'sometimes': unknown word 'sometimes': {FORMS}"),
        ("every 5 minute", "'every 5 minute': write 'every 5 minutes'"),
        ("every minutes", "'every minutes': write 'every minute', or how many minutes"),
        ("every", f"'every' cannot be read: {FORMS}"),
        ("at 10:30", f"'at 10:30' cannot be read: {FORMS}"),
        ("every second monday", f"'every second monday' cannot be read: {FORMS}"),
        ("every 5 5", "'every 5 5': an interval is a whole number, 1 or more"),
        ("daily at", "'daily at': a time is missing after 'at'"),
        (
            "daily at 10:30 pm",
            "'daily at 10:30 pm': 'pm' cannot follow the time '10:30': hours are 00 to 23, a time zone goes into the key 'timezone'",
        ),
        ("monthly", "'monthly': 'monthly' cannot be said in words, write cron text such as '@monthly'"),
        (
            "every weekend at 09:00",
            "'every weekend at 09:00': write such as 'daily at 09:00 on weekends'",
        ),
        ("10:30", "'10:30' cannot be read, did you mean 'daily at 10:30'?"),
        ("9:30", "'9:30' cannot be read, did you mean 'daily at 09:30'?"),
        ("5 minutes", "'5 minutes' cannot be read, did you mean 'every 5 minutes'?"),
    ],
)
def test_names_the_word_and_the_way_out(words: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(words)

    assert str(caught.value) == sentence


@pytest.mark.parametrize("words", ["10:30 monday", "5 apples", "-"])
def test_has_no_hint_where_there_is_none(words: str) -> None:
    with pytest.raises(TriggerError, match="write five"):
        read_schedule(words)


@pytest.mark.parametrize(
    "text",
    ["-" * 200 + "every minutes", "1" * 300 + " minutes", "every " + "1" * 300 + " minutes", "5 minutes " + "x" * 300],
)
def test_a_sentence_about_a_long_text_stays_short(text: str) -> None:
    with pytest.raises(TriggerError) as refusal:
        read_schedule(text)

    assert len(str(refusal.value)) < 300
