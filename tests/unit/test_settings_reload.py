"""Which settings are taken over while a scheduler works, and how their values are told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.settings import Settings
from task_scheduler.settings.account import account
from task_scheduler.settings.reload import EFFECTS, Effect, all_keys, changes, taken_over
from task_scheduler.settings.spelling import default_of, spelled, value_of


def settings(**sections: dict[str, Any]) -> Settings:
    return Settings.model_validate(sections)


def test_every_setting_says_when_a_change_of_it_takes_effect() -> None:
    assert list(EFFECTS) == list(all_keys())


@pytest.mark.parametrize(
    ("section", "key", "value", "text"),
    [
        ("scheduler", "loop_interval", 10, "10 s"),
        ("scheduler", "loop_interval", 0.25, "0.25 s"),
        ("scheduler", "loop_interval", 90, "90 s"),
        ("scheduler", "memory_cleanup_interval", 300, "5 minutes"),
        ("scheduler", "missed_window", 86_400, "1 day"),
        ("scheduler", "missed_window", 0, "0 s"),
        ("scheduler", "max_memory_usage", 800, "800 MB"),
        ("scheduler", "max_memory_usage", "1 GiB", "1 GiB"),
        ("scheduler", "timezone", None, "null"),
        ("scheduler", "max_concurrent", 7, "7"),
        ("logging", "level", "DEBUG", "DEBUG"),
        ("logging", "retention", "1 week", "7 days"),
        ("tasks", "output_limit", 1_234_567, "1234567 B"),
        ("tasks", "reload_on_change", False, "false"),
        ("history", "keep_days", 90, "90"),
    ],
)
def test_a_value_is_told_as_a_person_writes_it(section: str, key: str, value: object, text: str) -> None:
    name = f"{section}.{key}"

    assert spelled(name, value_of(settings(**{section: {key: value}}), name)) == text


@given(
    seconds=st.one_of(
        st.integers(1, 31_622_400), st.floats(0.000_001, 31_622_400).map(lambda value: float(f"{value:.6f}"))
    ),
    size=st.integers(1, 10**14),
)
def test_what_is_told_of_a_quantity_means_the_same_when_it_is_written(seconds: float, size: int) -> None:
    before = settings(scheduler={"loop_interval": seconds}, tasks={"output_limit": size})

    interval = spelled("scheduler.loop_interval", before.scheduler.loop_interval)
    limit = spelled("tasks.output_limit", before.tasks.output_limit)

    after = settings(scheduler={"loop_interval": interval}, tasks={"output_limit": limit})
    assert after.tasks == before.tasks
    assert after.scheduler.loop_interval == pytest.approx(seconds, abs=1e-6)


def test_each_change_is_told_by_its_key() -> None:
    before, after = settings(), settings(scheduler={"max_memory_usage": 800, "timezone": "Asia/Tokyo"})

    found = list(changes(before, after))

    assert [str(change) for change in found] == [
        "scheduler.max_memory_usage: 500 MB -> 800 MB",
        "scheduler.timezone: null -> Asia/Tokyo",
    ]
    assert [change.effect for change in found] == [Effect.LIVE, Effect.RESTART]
    assert list(changes(before, before)) == []


def test_a_running_scheduler_takes_over_all_that_needs_no_restart() -> None:
    before = settings()
    after = settings(
        scheduler={"max_memory_usage": 800, "timezone": "Asia/Tokyo"}, virtual_env={"mode": "shared", "path": "x"}
    ).with_sources({"scheduler.max_memory_usage": "config.yaml:2", "scheduler.timezone": "config.yaml:3"})

    taken = taken_over(before, after)

    assert [change.key for change in changes(before, taken)] == ["scheduler.max_memory_usage"]
    assert {change.effect for change in changes(taken, after)} == {Effect.RESTART}
    assert taken.source_of("scheduler.max_memory_usage") == "config.yaml:2"
    assert taken.source_of("scheduler.timezone") == "default"


def test_the_account_of_a_setting_says_what_the_next_start_would_take() -> None:
    on_disk = settings(scheduler={"timezone": "Asia/Tokyo"}).with_sources({"scheduler.timezone": "config.yaml:3"})

    told = {each["key"]: each for each in account(settings(), on_disk)}

    zone = told["scheduler.timezone"]
    assert (zone["value"], zone["from"]) == ("null", "default")
    assert (zone["next"], zone["next_from"]) == ("Asia/Tokyo", "config.yaml:3")
    assert zone["variable"] == "TASK_SCHEDULER_SCHEDULER__TIMEZONE"
    assert told["scheduler.loop_interval"]["next"] is None
    assert list(told) == list(all_keys())


def test_the_defaults_are_those_of_the_models() -> None:
    assert {key: default_of(key) for key in all_keys()} == {key: value_of(Settings(), key) for key in all_keys()}
