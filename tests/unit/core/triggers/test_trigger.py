"""What all triggers have in common."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.core.triggers.shown import trigger


def test_a_moment_without_a_zone_is_refused() -> None:
    rule = trigger("every hour")
    without = datetime(2027, 1, 1, 9, 30)  # noqa: DTZ001 - what is refused

    for ask in (rule.next_after, rule.last_before, rule.period):
        with pytest.raises(ValueError, match=r"^a moment needs a time zone, 2027-01-01T09:30:00 has none$"):
            ask(without)
    with pytest.raises(ValueError, match="needs a time zone"):
        rule.count_between(datetime(2027, 1, 1, tzinfo=UTC), without)


def test_a_trigger_shows_its_schedule_and_its_zone() -> None:
    assert repr(trigger("daily at 10:30")) == "<SlotTrigger 'every day at 10:30' in Europe/Berlin>"
