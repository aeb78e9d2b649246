"""What HUP tells of settings that are others on disk than in force."""

from __future__ import annotations

import asyncio

import pytest

from task_scheduler.core.errors import SettingsError
from task_scheduler.core.events import Event
from task_scheduler.process.rereading import Rereading, changes
from task_scheduler.settings import Settings

BEFORE = Settings()


def settings(**values: dict[str, object]) -> Settings:
    return Settings.model_validate(values)


def look(after: Settings | Exception, *, moments: int = 1) -> tuple[list[Event], int]:
    """Return what was said, and how often files were looked at."""
    said: list[Event] = []
    looks = 0
    looked = asyncio.Event()

    def read() -> Settings:
        if isinstance(after, Exception):
            raise after
        return after

    async def rescan() -> None:
        nonlocal looks
        looks += 1
        looked.set()

    async def live() -> None:
        rereading = Rereading(
            settings=BEFORE,
            read_settings=read,
            rescan=rescan,
            rotate_logs=lambda: None,
            end=lambda: None,
            publish=said.append,
        )
        for _ in range(moments):
            rereading.begin()
        await looked.wait()
        await rereading.stop()

    asyncio.run(live())
    return said, looks


def test_names_what_has_changed_and_that_it_needs_a_restart() -> None:
    after = settings(scheduler={"loop_interval": 5, "max_concurrent": 3}, tasks={"on_invalid": "stop"})

    said, _ = look(after)

    assert said[-1].name == "settings.changed"
    assert said[-1].message == (
        "takes effect at the next start (`task-scheduler restart`): scheduler.loop_interval is 5.0, 10.0 is in force; "
        "scheduler.max_concurrent is 3, nothing is in force; tasks.on_invalid is 'stop', 'keep' is in force"
    )


def test_says_nothing_of_settings_that_are_as_they_were() -> None:
    said, looks = look(settings(scheduler={"loop_interval": 10}))

    assert [event.name for event in said] == ["scheduler.rereading"]
    assert looks == 1
    assert list(changes(BEFORE, BEFORE)) == []


def test_settings_that_cannot_be_used_change_nothing_and_files_are_looked_at_all_the_same() -> None:
    said, looks = look(SettingsError("config.yaml", ["line 2: no"]))

    assert said[-1].message == "the settings in force stay, since those on disk cannot be used: config.yaml: line 2: no"
    assert looks == 1


@pytest.mark.parametrize("moments", [2, 50])
def test_told_often_it_looks_once_at_a_time(moments: int) -> None:
    said, looks = look(BEFORE, moments=moments)

    assert (len(said), looks) == (1, 1)
