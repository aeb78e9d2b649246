"""What is made of a configuration file that changes while the scheduler works."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from task_scheduler.core.events import Event
from task_scheduler.process.live_settings import LiveSettings
from task_scheduler.process.settings_on_disk import SettingsOnDisk
from task_scheduler.process.watched_file import Seen, WatchedFile
from task_scheduler.project import Project
from task_scheduler.settings import Paths, Settings, load_settings
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.loops import in_event_loop

PROJECT = Project(root=Path("/nowhere"), config=Path("/nowhere/config/config.yaml"), config_required=False)
NAME = str(PROJECT.config)


class File:
    """A file as it is said to stand."""

    path = PROJECT.config

    def __init__(self) -> None:
        self.next: Seen | None = None

    async def news(self) -> Seen | None:
        seen, self.next = self.next, None
        return seen


class Bench:
    """The settings of a scheduler, and the file that is edited."""

    def __init__(self, text: str = "", *, environ: dict[str, str] | None = None, is_there: bool = True) -> None:
        self.file = File()
        self.environ = environ or {}
        self.events: list[Event] = []
        self.live = LiveSettings(*self.read(text.encode()), publish=self.events.append)
        self.followed: list[Any] = []
        self.live.follow(lambda settings, _: {"wanted": settings.scheduler.loop_interval}, self.follow)
        self.clock = FakeClock()
        self.on_disk = SettingsOnDisk(
            file=cast("WatchedFile", self.file),
            is_there=is_there,
            live=self.live,
            read=self.read,
            paths_of=lambda settings: Paths.of(PROJECT, settings),
            clock=self.clock,
            publish=self.events.append,
            program="python3 main.py",
        )

    def read(self, content: bytes) -> tuple[Settings, Paths]:
        return load_settings(PROJECT, environ=self.environ, content=content)

    def follow(self, *, wanted: float) -> None:
        if wanted == 13:
            raise RuntimeError("unlucky")
        self.followed.append(wanted)

    async def see(self, seen: Seen | str | None, *, is_asked: bool = False) -> list[str]:
        """Return what is said of the file when it stands so."""
        self.events.clear()
        self.file.next = Seen(content=seen.encode()) if isinstance(seen, str) else seen
        await self.on_disk.look(is_asked=is_asked)
        return [event.message for event in self.events]


@in_event_loop
async def test_a_change_is_in_force_before_it_is_told() -> None:
    bench = Bench("scheduler:\n  loop_interval: 1\n")

    said = await bench.see("scheduler:\n  loop_interval: 2\n  max_memory_usage: 800\n")

    assert said == [
        "scheduler.loop_interval: 1 s -> 2 s, in force",
        "scheduler.max_memory_usage: 500 MB -> 800 MB, in force",
    ]
    assert bench.followed == [2]
    assert bench.live.settings.source_of("scheduler.max_memory_usage") == "config.yaml:3"
    assert {event.name for event in bench.events} == {"settings.changed"}


@in_event_loop
async def test_what_decides_whether_it_is_told_follows_after_it_was() -> None:
    bench = Bench()
    seen: list[int] = []
    bench.live.follow(
        lambda settings, _: {"level": settings.logging.level},
        lambda level: seen.append(len(bench.events)),
        is_last=lambda before, after: before.logging.level != after.logging.level,
    )

    await bench.see("logging:\n  level: ERROR\n")

    assert seen == [1]


@in_event_loop
async def test_what_waits_for_a_restart_is_told_and_kept() -> None:
    bench = Bench()

    said = await bench.see("scheduler:\n  timezone: Asia/Tokyo\n  loop_interval: 3\n")
    pending = bench.on_disk.summary()["needs_restart"]
    back = await bench.see("scheduler:\n  loop_interval: 3\n")

    assert said == [
        "scheduler.loop_interval: 10 s -> 3 s, in force",
        "scheduler.timezone: null -> Asia/Tokyo, takes effect at the next start (`python3 main.py restart`)",
    ]
    assert pending == ["scheduler.timezone"]
    assert back == ["scheduler.timezone: Asia/Tokyo -> null, which is in force"]
    assert bench.on_disk.summary()["needs_restart"] == []


@in_event_loop
async def test_of_a_file_that_is_wrong_in_part_nothing_is_taken() -> None:
    bench = Bench("scheduler:\n  loop_interval: 1\n")

    said = await bench.see("scheduler:\n  loop_interval: 2\n  max_concurent: 3\n")
    again = await bench.see("# edited\nscheduler:\n  loop_interval: 2\n  max_concurent: 3\n")

    fault = "unknown key scheduler.max_concurent, did you mean 'max_concurrent'?"
    assert said == [f"the settings in force stay, since those on disk cannot be used: {NAME}: line 3: {fault}"]
    assert again == [f"the settings in force stay, since those on disk cannot be used: {NAME}: line 4: {fault}"]
    assert bench.followed == []
    assert bench.live.settings.scheduler.loop_interval == 1
    assert bench.on_disk.summary()["trouble"] == f"line 4: {fault}"


@in_event_loop
async def test_each_of_several_faults_is_a_record_of_its_own() -> None:
    bench = Bench()

    said = await bench.see("scheduler:\n  missed: never\ntasks:\n  kill_grace: soon\n")
    again = await bench.see(None, is_asked=True)

    assert said[0] == "the settings in force stay, since those on disk cannot be used: 2 errors"
    assert [line.partition(" must be ")[0] for line in said[1:]] == [
        f"{NAME}: line 2: scheduler.missed",
        f"{NAME}: line 4: tasks.kill_grace",
    ]
    assert again == said


@in_event_loop
async def test_the_time_told_is_that_of_the_fault_that_is_told() -> None:
    bench = Bench()
    await bench.see("a: [")
    first = bench.on_disk.summary()["since"]
    await bench.clock.advance(60)
    await bench.see("a: [")
    same = bench.on_disk.summary()["since"]
    await bench.see("scheduler:\n  missed: never\n")
    other = bench.on_disk.summary()["since"]

    assert first == same
    assert datetime.fromisoformat(other) - datetime.fromisoformat(first) == timedelta(seconds=60)


@in_event_loop
async def test_a_file_that_is_mended_is_told_and_taken() -> None:
    bench = Bench()
    await bench.see("a: [")

    said = await bench.see("scheduler:\n  loop_interval: 2\n")

    assert said == [f"{NAME} can be used again", "scheduler.loop_interval: 10 s -> 2 s, in force"]
    assert bench.on_disk.summary()["trouble"] is None
    assert bench.on_disk.summary()["since"] is None


@in_event_loop
async def test_the_same_trouble_is_told_once_unless_somebody_asks() -> None:
    bench = Bench()
    await bench.see("a: [")

    assert await bench.see(None) == []
    assert await bench.see("a: [") == []
    assert len(await bench.see(None, is_asked=True)) == 1
    assert len(await bench.see("a: [", is_asked=True)) == 1


@in_event_loop
async def test_a_file_that_is_gone_unreadable_or_emptied_changes_nothing() -> None:
    bench = Bench("scheduler:\n  loop_interval: 1\n")

    gone = await bench.see(Seen(content=None, is_missing=True))
    closed = await bench.see(Seen(content=None, reason="Permission denied"))
    emptied = await bench.see("  \n")
    back = await bench.see("scheduler:\n  loop_interval: 1\n")

    stays = "the settings in force stay"
    assert gone == [f"{NAME}: it is gone: {stays}; a start without it takes the defaults"]
    assert closed == [f"{NAME}: it cannot be read, so {stays}: Permission denied"]
    assert emptied == [f"{NAME}: it is empty: {stays}; a comment in it is enough to mean the defaults"]
    assert back == [f"{NAME} can be used again"]
    assert bench.followed == []


@in_event_loop
async def test_a_comment_is_enough_to_mean_the_defaults() -> None:
    bench = Bench("scheduler:\n  loop_interval: 1\n")

    assert await bench.see("# all defaults\n") == ["scheduler.loop_interval: 1 s -> 10 s, in force"]


@in_event_loop
async def test_an_empty_file_and_none_at_all_may_be_there_from_the_beginning() -> None:
    assert await Bench("").see("") == []
    without = Bench(is_there=False)

    assert await without.see(Seen(content=None, is_missing=True)) == []
    assert await without.see("scheduler:\n  loop_interval: 1\n") == ["scheduler.loop_interval: 10 s -> 1 s, in force"]


@in_event_loop
async def test_a_variable_goes_on_overriding_the_file() -> None:
    bench = Bench(environ={"TASK_SCHEDULER_SCHEDULER__LOOP_INTERVAL": "7"})

    assert await bench.see("scheduler:\n  loop_interval: 1\n") == []
    assert bench.live.settings.scheduler.loop_interval == 7


@in_event_loop
async def test_a_place_that_cannot_be_used_is_refused_and_a_missing_folder_of_tasks_is_not() -> None:
    bench = Bench()

    log = await bench.see("logging:\n  file: /gone/away/s.log\n")
    tasks = await bench.see("tasks:\n  directory: /gone/away\n")

    assert "logging.file: there is no folder /gone/away" in log[0]
    assert tasks[-1] == "tasks.directory: tasks -> /gone/away, in force"


@in_event_loop
async def test_a_fault_in_one_part_is_told_and_the_others_follow() -> None:
    bench = Bench()
    others: list[float] = []

    def follow(*, wanted: float) -> None:
        others.append(wanted)

    bench.live.follow(lambda settings, _: {"wanted": settings.scheduler.loop_interval}, follow)

    await bench.see("scheduler:\n  loop_interval: 13\n")

    assert [event.name for event in bench.events] == ["settings.failed", "settings.changed"]
    assert others == [13]
