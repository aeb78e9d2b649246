"""What HUP has looked at, and what it tells."""

from __future__ import annotations

import asyncio

import pytest

from task_scheduler.core.events import Event
from task_scheduler.process.rereading import Rereading


def look(*, moments: int = 1, fault: OSError | None = None) -> tuple[list[Event], list[str]]:
    """Return what was said, and what was done in its order."""
    said: list[Event] = []
    done: list[str] = []
    looked = asyncio.Event()

    async def look_at_settings() -> None:
        done.append("settings")

    def rotate() -> None:
        done.append("logs")
        if fault is not None:
            raise fault

    async def rescan() -> None:
        done.append("files")
        looked.set()

    async def live() -> None:
        rereading = Rereading(
            look_at_settings=look_at_settings,
            rescan=rescan,
            rotate_logs=rotate,
            end=lambda: None,
            publish=said.append,
        )
        for _ in range(moments):
            rereading.begin()
        await looked.wait()
        await rereading.stop()

    asyncio.run(live())
    return said, done


def test_settings_are_looked_at_before_the_logs_and_files_they_name() -> None:
    said, done = look()

    assert done == ["settings", "logs", "files"]
    assert [event.name for event in said] == ["scheduler.rereading"]


def test_logs_that_cannot_be_put_aside_keep_no_file_from_being_looked_at() -> None:
    said, done = look(fault=OSError("the disk is full"))

    assert said[-1].message == "log files cannot be put aside: the disk is full"
    assert done[-1] == "files"


@pytest.mark.parametrize("moments", [2, 50])
def test_told_often_it_looks_once_at_a_time(moments: int) -> None:
    said, done = look(moments=moments)

    assert (len(said), done.count("files")) == (1, 1)
