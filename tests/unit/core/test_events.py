"""What happens, as values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from task_scheduler.core.events import Event, Level


def test_an_event_is_worth_a_line_of_information_and_has_no_fields_unless_it_says_so() -> None:
    event = Event(name="run.started", message="report started")

    assert (event.level, dict(event.fields)) == (Level.INFO, {})
    assert event == Event(name="run.started", message="report started", level=Level.INFO, fields={})
    assert event != Event(name="run.started", message="report started", level=Level.WARNING)


def test_an_event_that_happened_stays_as_it_is() -> None:
    event = Event(name="run.started", message="report started")

    with pytest.raises(FrozenInstanceError):
        event.message = "another"  # type: ignore[misc]


def test_levels_are_called_as_the_setting_and_the_log_call_them() -> None:
    assert [str(level) for level in Level] == ["DEBUG", "INFO", "WARNING", "ERROR"]
