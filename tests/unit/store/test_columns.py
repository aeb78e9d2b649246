"""How single values are stored."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite import dialect

from task_scheduler.store.tables import FreeText, UtcMoment, text_of

moments = st.datetimes(timezones=st.just(UTC))


@given(moments)
def test_a_moment_is_read_back_as_it_was_written(moment: datetime) -> None:
    written = UtcMoment().process_bind_param(moment, dialect())

    assert UtcMoment().process_result_value(written, dialect()) == moment


@given(moments, moments)
def test_moments_sort_as_their_texts_do(one: datetime, other: datetime) -> None:
    assert (one < other) == (text_of(one) < text_of(other))


def test_moments_of_other_zones_are_stored_in_utc() -> None:
    summer = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))

    assert text_of(summer) == "2026-07-01T10:00:00.000000Z"
    assert text_of(summer.astimezone(timezone(timedelta(hours=9)))) == "2026-07-01T10:00:00.000000Z"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone cannot be recorded: 2026-07-01"):
        text_of(datetime(2026, 7, 1))  # noqa: DTZ001  # the case


@pytest.mark.parametrize(
    ("text", "stored"), [("plain", "plain"), ("ü", "ü"), (None, None), ("a\udcffb", "a\\udcffb"), ("", "")]
)
def test_text_that_is_no_valid_unicode_is_escaped(text: str | None, stored: str | None) -> None:
    assert FreeText().process_bind_param(text, dialect()) == stored
