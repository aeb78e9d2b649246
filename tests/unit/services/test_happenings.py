"""Events as triggers: each makes its run exactly once, whatever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event, Level
from task_scheduler.core.happenings import GONE, FileIdentity, event_of, happening_of
from task_scheduler.core.policies import MOST_QUEUED, MisfirePolicy
from task_scheduler.core.requests import AttemptRequest
from task_scheduler.core.runs import AttemptExit, EndKind, EndRequest, Run, RunKind, RunState
from task_scheduler.core.tasks import JobDeclaration, Overlap
from task_scheduler.ports import FoundFiles
from task_scheduler.services.happenings import HappeningsService
from task_scheduler.services.overview import Overview
from task_scheduler.services.register import Admitted
from task_scheduler.testing.builders import a_job_declaration, a_task
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

FAILED = AttemptExit(exit_code=1)


@dataclass
class Files:
    """The port WatchedFiles: files as a test puts them."""

    files: dict[str, FileIdentity] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    written: int = 0
    looks: int = 0
    trouble: str = ""
    raising: dict[str, Exception] = field(default_factory=dict)  #: by pattern
    hanging: dict[str, asyncio.Event] = field(default_factory=dict)  #: until it is set, by pattern
    hanging_gone: asyncio.Event | None = None  #: until it is set

    def write(self, path: str, at: datetime | None = None) -> None:
        self.written += 1
        modified = self.written if at is None else int(at.timestamp() * 1e9)
        self.files[path] = FileIdentity(inode=self.written, size=3, modified=modified)

    def move(self, path: str, to: str) -> None:
        self.files[to] = self.files.pop(path)

    async def look(self, pattern: str) -> FoundFiles:
        self.looks += 1
        folder = pattern.partition("/")[0]
        found = {path: identity for path, identity in self.files.items() if path.startswith(f"{folder}/")}
        if pattern in self.hanging:
            await self.hanging[pattern].wait()
        if pattern in self.raising:
            raise self.raising[pattern]
        return FoundFiles(files=found, unseen=self.unseen, unread=self.unread, trouble=self.trouble)

    async def gone(self, paths: Sequence[str]) -> list[str]:
        if self.hanging_gone is not None:
            await self.hanging_gone.wait()
        return [path for path in paths if path not in self.files]


class EventWorld(World):
    """A world with the service of events."""

    def __init__(self, **given: Any) -> None:
        self.files = Files()
        self.boot = "boot-1"
        self.preparing: set[str] = set()
        self.refused: dict[str, tuple[Sequence[JobDeclaration], str]] = {}
        self.known: set[str] = set()
        super().__init__(**given)
        self.executor.automatic = True
        self.executor.exit_of = self._exit_of

    def _exit_of(self, request: AttemptRequest) -> AttemptExit:
        """Return how an attempt ends: one whose file is gone, or is there under another name, does nothing."""
        inodes = {path: identity.inode for path, identity in self.files.files.items()}
        now, needed = inodes.get(request.needs or ""), request.needs_inode
        is_gone = request.needs is not None and (now is None or (now != needed and needed in inodes.values()))
        asked = EndRequest(kind=EndKind.SKIP, reason=GONE) if is_gone else None
        return AttemptExit(exit_code=0, ended_at=self.clock.now(), end_request=asked)

    def _compose(self) -> None:
        self.events = _Heard(self)
        super()._compose()
        self.happenings = HappeningsService(
            happenings=self.store,
            ledger=self.store,
            state=self.store,
            files=self.files,
            boot=self.boot,
            runner=self.runner,
            register=self.register,
            timetable=self.timetable,
            preparing=lambda: self.preparing,
            refused=lambda: self.refused,
            known_tasks=lambda: self.known,
            window_of=lambda _: self._policy.window,
            clock=self.clock,
            patience=self.patience,
            publish=self.events.append,
        )

    async def start(self, *, catalog: bool = False) -> Any:
        settled = await super().start(catalog=catalog)
        starting = asyncio.create_task(self.happenings.start())
        await self.clock.settle()
        while not starting.done():  # a store that fails is waited for
            await self.clock.advance(1)
        await starting
        await self.clock.settle()
        return settled

    async def _stop(self) -> None:
        await self.happenings.stop()
        await super()._stop()

    async def admit(self, task_id: str = "report", **given: Any) -> Admitted:
        admitted = await super().admit(task_id, **given)
        self.happenings.look_again()
        await self.clock.settle()
        return admitted

    async def retire(self, task_id: str = "report") -> None:
        await super().retire(task_id)
        self.happenings.look_again()
        await self.clock.settle()

    async def run(self, task_id: str, name: str, exit_: AttemptExit | None = None) -> None:
        """Have a task run, as a person asks, and end."""
        self.executor.automatic = exit_ is None
        try:
            await self.runner.request(task_id, None, name)
        except StoreError:
            await self.runner.request(task_id, None, name)
        await self.clock.settle()
        if exit_ is not None:
            self.executor.begin()
            self.executor.finish(exit_=exit_)
            self.executor.automatic = True
        await self.pass_time(0.1)

    async def of(self, task_id: str) -> list[Run]:
        return [run for run in await self.runs() if run.task_id == task_id]

    async def happened(self, task_id: str) -> list[Mapping[str, str]]:
        """Return what the runs of a task are for."""
        return [happening_of(run) for run in await self.of(task_id)]


class _Heard(list[Event]):
    """Events, of which the service hears each."""

    def __init__(self, world: EventWorld) -> None:
        super().__init__(getattr(world, "events", ()))
        self._world = world

    def append(self, event: Event) -> None:
        super().append(event)
        self._world.happenings.hear(event)


def on(trigger: str) -> list[JobDeclaration]:
    return [a_job_declaration(trigger=trigger)]


# --- starts ----------------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_job_runs_at_each_start_and_at_the_first_of_each_boot() -> None:
    world = EventWorld()
    await world.start()
    await world.admit("each", jobs=on("at startup"))
    await world.admit("once", jobs=on("at boot"))
    assert await world.runs() == []  # they were dropped later than this start

    counts = []
    for boot in ("boot-1", "boot-2", "boot-2", "boot-3"):
        await world.stop()
        world.boot = boot
        await world.restart()
        await world.pass_time(1)
        counts.append((len(await world.of("each")), len(await world.of("once"))))
    await world.stop()

    assert counts == [(1, 0), (2, 1), (3, 1), (4, 2)]
    assert {run.kind for run in await world.runs()} == {RunKind.EVENT}


@in_event_loop
async def test_a_reload_is_no_start() -> None:
    world = EventWorld()
    await world.start()
    await world.admit(jobs=on("at startup"))
    await world.stop()
    await world.restart()
    await world.admit(jobs=on("at startup"), source=b"2")
    await world.pass_time(1)
    assert len(await world.runs()) == 1
    await world.stop()


@in_event_loop
async def test_what_is_being_prepared_at_the_start_runs_when_it_comes_into_force() -> None:
    world = EventWorld()
    world.preparing = {"report"}
    await world.start()
    world.preparing = set()
    await world.admit("report", jobs=on("at boot"))
    await world.admit("later", jobs=on("at boot"))
    await world.pass_time(1)
    assert [run.task_id for run in await world.runs()] == ["report"]
    await world.stop()


@in_event_loop
async def test_a_boot_that_was_not_seen_to_is_left_to_the_next_start_and_makes_no_second_run() -> None:
    world = EventWorld()
    await world.start()
    await world.admit("a", jobs=on("at boot"))
    await world.stop()
    world.boot = "boot-2"
    world.preparing = {"b"}  # so it is not noted that all is done
    await world.restart()
    await world.crash()
    world.preparing = set()
    await world.restart()
    await world.pass_time(1)
    assert [run.task_id for run in await world.runs()] == ["a"]
    await world.stop()


@in_event_loop
async def test_what_cannot_be_made_ready_for_a_start_has_a_failed_run_for_it_once() -> None:
    world = EventWorld()
    await world.store.put_tasks([a_task(name, version=None) for name in ("at once", "later", "dropped")])
    world.refused = {"at once": (on("at startup"), "its environment: no such package"), "dropped": ([], "")}
    world.preparing = {"later"}
    await world.start()
    world.preparing = set()
    both = [*on("at startup"), *on("at boot"), a_job_declaration(function="clocked", trigger="every 5 minutes")]
    world.refused["later"] = (both, "its environment: no such package")
    world.refused["dropped"] = (both, "it came after the start")
    for _ in range(2):
        world.events.append(Event(name="task.invalid", message="", level=Level.ERROR))
        await world.clock.settle()

    runs = await world.runs()
    assert [(run.task_id, event_of(run), run.kind, run.state) for run in runs] == [
        ("at once", "at startup", RunKind.EVENT, RunState.FAILED),
        ("later", "at startup", RunKind.EVENT, RunState.FAILED),
        ("later", "at boot", RunKind.EVENT, RunState.FAILED),
    ]
    assert {run.reason for run in runs} == {"could not be started: its environment: no such package"}
    assert len(world.told("run.failed")) == 3

    await world.restart_after_crash()  # another start, and the same boot
    assert [event_of(run) for run in (await world.runs())[3:]] == ["at startup"] * 3
    await world.stop()


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"starts": "2099-01-01"}, "its schedule begins 2099-01-01 (starts)"),
        ({"ends": "2001-06-30 18:00"}, "its schedule ended 2001-06-30 18:00 (ends)"),
    ],
)
@in_event_loop
async def test_before_its_beginning_and_after_its_end_a_schedule_starts_nothing_and_that_is_told_once(
    declared: dict[str, str], told: str
) -> None:
    world = await _watching(**declared)
    for number in range(2):
        world.files.write(f"inbox/{number}.csv")
        await world.pass_time(5)
    assert await world.runs() == []
    assert world.told("event.dropped") == [f"report is not run for the change of inbox/0.csv: {told}"]
    await world.stop()


@in_event_loop
async def test_a_suspended_task_is_not_run_for_a_start_and_that_is_told() -> None:
    world = EventWorld()
    await world.start()
    await world.admit(jobs=on("at startup"))
    await world.stop()
    world._compose()
    world.register.suspended = "its folder is gone"
    await world.start()
    assert await world.runs() == []
    assert world.told("event.dropped") == [
        "report is not run for this start of the scheduler: its task is suspended: its folder is gone"
    ]
    await world.stop()


# --- ends of other tasks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "followed"), [("success", [1]), ("failure", [2]), ("any", [1, 2, 3])])
@in_event_loop
async def test_a_job_follows_the_ends_it_names(ending: str, followed: list[int]) -> None:
    world = EventWorld()
    await world.start()
    await world.admit("first", jobs=[])
    await world.admit("then", jobs=on(f"after first on {ending}"), overlap=Overlap.QUEUE)
    await world.run("first", "one")
    await world.run("first", "two", FAILED)
    world.executor.automatic = False
    cancelled = await world.runner.request("first", None, "three")
    await world.clock.settle()
    world.executor.begin()
    world.executor.automatic = True
    await world.runner.cancel(cancelled.id, "no")
    await world.pass_time(1)

    of_first = [run.id for run in await world.of("first")]
    assert await world.happened("then") == [{"AFTER_RUN": str(of_first[number - 1])} for number in followed]
    await world.stop()


@in_event_loop
async def test_ends_that_nobody_heard_of_are_followed_at_the_next_start_once() -> None:
    world = EventWorld()
    await world.start()
    await world.admit("first", jobs=[])
    await world.run("first", "before the job was there")
    await world.admit("then", jobs=on("after first on success"))
    await world.happenings.stop()
    await world.run("first", "missed")
    await world.restart_after_crash()
    await world.pass_time(1)
    assert len(await world.of("then")) == 1
    await world.restart_after_crash()
    await world.pass_time(1)
    assert len(await world.of("then")) == 1
    await world.stop()


@in_event_loop
async def test_a_request_that_is_committed_and_reported_as_failed_makes_one_run_that_runs() -> None:
    world = EventWorld()
    await world.start()
    await world.admit("first", jobs=[])
    await world.admit("then", jobs=on("after first on success"))
    world.executor.automatic = False
    await world.runner.request("first", None, "r")
    await world.clock.settle()
    world.store.lying.add("request")
    world.executor.automatic = True
    world.executor.begin()
    world.executor.finish()
    await world.pass_time(5)
    assert [run.state for run in await world.of("then")] == [RunState.SUCCEEDED]
    await world.stop()


@in_event_loop
async def test_ends_older_than_the_window_and_of_a_time_without_the_job_are_not_made_up_for() -> None:
    world = EventWorld(policy=MisfirePolicy(window=timedelta(hours=1)))
    await world.start()
    await world.admit("first", jobs=[])
    await world.admit("then", jobs=on("after first on success"))
    await world.happenings.stop()
    await world.run("first", "too old")
    await world.stop()
    await world.clock.advance(3_601)
    await world.restart()
    assert await world.of("then") == []
    assert len(world.told("event.dropped")) == 1

    await world.retire("then")
    await world.run("first", "while it was disabled")
    await world.admit("then", jobs=on("after first on success"))
    await world.pass_time(1)
    assert await world.of("then") == []
    await world.run("first", "now")
    assert len(await world.of("then")) == 1
    await world.stop()


@in_event_loop
async def test_tasks_that_do_not_exist_and_circles_are_told_once() -> None:
    world = EventWorld()
    world.known = {"alpha", "beta"}
    await world.start()
    await world.admit("alpha", jobs=on("after beta on any"))
    await world.admit("beta", jobs=on("after alpha on any"))
    await world.admit("gamma", jobs=on("after alfa on any"))
    await world.run("alpha", "by a person")
    await world.admit("delta", jobs=[])
    assert world.happenings.warnings == world.told("task.warning")
    assert len(await world.runs()) == 1
    assert world.told("task.warning") == [
        "alpha: alpha after beta after alpha: each run would start the next one without end, so alpha is not run after beta",
        "beta: beta after alpha after beta: each run would start the next one without end, so beta is not run after alpha",
        "gamma: after alfa: there is no task 'alfa', did you mean 'alpha'?; until there is, this starts nothing",
    ]
    await world.stop()


# --- files -----------------------------------------------------------------------------------------------------


async def _watching(**declared: Any) -> EventWorld:
    world = EventWorld()
    await world.start()
    world.files.write("inbox/old.csv")
    await world.admit(jobs=on("on change of inbox/*.csv"), **declared)
    await world.pass_time(5)
    assert await world.runs() == []
    return world


async def _changed(world: EventWorld) -> list[str]:
    return [told["CHANGED"] for told in await world.happened("report")]


@in_event_loop
async def test_a_file_runs_once_it_stands_still_and_not_before() -> None:
    world = await _watching()
    for _ in range(4):
        world.files.write("inbox/new.csv")
        await world.pass_time(1)
    assert await world.runs() == []
    await world.pass_time(4)
    assert await _changed(world) == ["inbox/new.csv"]
    world.files.write("inbox/old.csv")
    await world.pass_time(10)
    assert await _changed(world) == ["inbox/new.csv", "inbox/old.csv"]
    await world.stop()


@pytest.mark.parametrize("overlap", list(Overlap))
@in_event_loop
async def test_files_that_settle_together_run_one_each_whatever_the_overlap_policy(overlap: Overlap) -> None:
    world = await _watching(overlap=overlap)
    for name in "cab":
        world.files.write(f"inbox/{name}.csv")
    await world.pass_time(10)
    assert await _changed(world) == ["inbox/c.csv", "inbox/a.csv", "inbox/b.csv"]
    assert set(await world.states()) == {RunState.SUCCEEDED}
    await world.stop()


@in_event_loop
async def test_a_flood_of_files_waits_outside_and_none_is_lost() -> None:
    world = await _watching()
    world.executor.automatic = False
    for number in range(MOST_QUEUED + 5):
        world.files.write(f"inbox/{number}.csv")
    await world.pass_time(5)
    assert len(await world.runs()) <= MOST_QUEUED + 1
    world.executor.automatic = True
    world.executor.begin()
    world.executor.finish()
    await world.pass_time(10)
    assert len(await world.runs()) == MOST_QUEUED + 5
    assert set(await world.states()) == {RunState.SUCCEEDED}
    await world.stop()


@in_event_loop
async def test_a_flood_needs_no_further_look_to_be_seen_to() -> None:
    world = await _watching()
    for number in range(3 * MOST_QUEUED):
        world.files.write(f"inbox/{number}.csv")
    while not await world.runs():
        await world.pass_time(0.5)
    looks = world.files.looks
    for _ in range(100):  # without any time passing
        await world.clock.settle()
    assert world.files.looks == looks
    assert await world.states() == [RunState.SUCCEEDED] * 3 * MOST_QUEUED
    assert await _changed(world) == [f"inbox/{number}.csv" for number in range(3 * MOST_QUEUED)]
    await world.stop()


@in_event_loop
async def test_marks_of_many_files_are_put_down_part_by_part_and_the_first_look_counts_with_the_last_of_them() -> None:
    world = EventWorld()
    await world.start()
    parts: list[Mapping[tuple[int, str], str | None]] = []
    put_marks = world.store.put_marks

    async def put(marks: Mapping[tuple[int, str], str | None]) -> None:
        parts.append(marks)
        if len(parts) == 2:
            raise asyncio.CancelledError  # as when the process dies between two commits
        await put_marks(marks)

    world.store.put_marks = put  # type: ignore[method-assign] # the moment between two commits has no other handle
    for number in range(2_500):
        world.files.write(f"inbox/{number}.csv")
    await world.admit(jobs=on("on change of inbox/*.csv"))
    await world.pass_time(5)
    assert max(map(len, parts)) <= 1_000
    await world.restart_after_crash()
    await world.pass_time(5)
    assert await world.runs() == []
    world.files.write("inbox/new.csv")
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/new.csv"]
    await world.stop()


@in_event_loop
async def test_changes_while_nobody_was_there_are_found_and_other_names_of_the_same_file_are_none() -> None:
    world = await _watching()
    world.files.write("inbox/kept.csv")
    await world.pass_time(5)
    await world.crash()
    world.files.move("inbox/kept.csv", "inbox/renamed.csv")
    world.files.write("inbox/came.csv")
    await world.restart()
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/kept.csv", "inbox/came.csv"]
    world.files.move("inbox/renamed.csv", "inbox/again.csv")
    kept = world.files.files.pop("inbox/came.csv")
    await world.pass_time(5)
    world.files.files["inbox/came.csv"] = kept
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/kept.csv", "inbox/came.csv"]
    await world.stop()


@in_event_loop
async def test_a_folder_that_cannot_be_read_is_not_an_empty_one() -> None:
    world = await _watching()
    there = dict(world.files.files)
    world.files.files, world.files.unseen = {}, ("inbox",)
    await world.pass_time(5)
    world.files.files, world.files.unseen = there, ()
    await world.pass_time(5)
    assert await world.runs() == []
    await world.stop()


@in_event_loop
async def test_a_folder_that_could_not_be_read_at_the_first_look_has_its_base_line_when_it_can_be() -> None:
    world = EventWorld()
    await world.start()
    world.files.write("inbox/open/old.csv")
    world.files.unseen = world.files.unread = ("inbox/closed",)
    await world.admit(jobs=on("on change of inbox/**"))
    await world.pass_time(5)
    world.files.write("inbox/open/new.csv")
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/open/new.csv"]

    await world.restart_after_crash()
    world.files.write("inbox/closed/there before.csv")
    world.files.write("inbox/closed/within/there before.csv")
    world.files.unseen = world.files.unread = ("inbox/closed/deeper",)
    await world.pass_time(5)
    world.files.write("inbox/closed/new.csv")
    world.files.write("inbox/closed/deeper/there before.csv")
    world.files.unseen = world.files.unread = ()
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/open/new.csv", "inbox/closed/new.csv"]
    (marks,) = (await world.store.marks()).values()
    assert not any(name.startswith("unread:") for name in marks)
    await world.stop()


@in_event_loop
async def test_a_folder_that_was_not_there_at_the_first_look_was_empty() -> None:
    world = EventWorld()
    await world.start()
    world.files.unseen = ("inbox",)
    await world.admit(jobs=on("on change of inbox/*.csv"))
    await world.pass_time(5)
    world.files.unseen = ()
    world.files.write("inbox/new.csv")
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/new.csv"]
    await world.stop()


@in_event_loop
async def test_a_file_that_cannot_be_looked_at_again_before_its_run_is_told() -> None:
    world = await _watching()
    released = world.files.hanging_gone = asyncio.Event()
    world.files.write("inbox/new.csv")
    await world.pass_time(20)
    assert world.told("event.unseen") == []
    await world.pass_time(40)
    (told,) = world.told("event.unseen")
    assert "a look at its files takes longer than 30 s" in told
    assert (world.happenings.warnings, await _changed(world)) == ([told], [])

    world.files.hanging_gone = None
    released.set()
    await world.pass_time(10)
    assert (world.happenings.warnings, await _changed(world)) == ([], ["inbox/new.csv"])
    await world.stop()


@in_event_loop
async def test_a_look_that_hangs_keeps_no_other_one_waiting_and_is_told_once() -> None:
    world = EventWorld()
    released = world.files.hanging["share/*.csv"] = asyncio.Event()
    await world.start()
    await world.admit("share", jobs=on("on change of share/*.csv"))
    await world.admit("report", jobs=on("on change of inbox/*.csv"))
    await world.pass_time(5)
    world.files.write("inbox/new.csv")
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/new.csv"]
    assert world.told("event.unseen") == []
    await world.pass_time(60)
    (told,) = world.told("event.unseen")
    assert told.startswith("on change of share/*.csv: a look at its files takes longer than 30 s")
    assert world.happenings.warnings == [told]

    released.set()
    world.files.hanging.clear()
    await world.pass_time(400)  # it rests the longer, the longer a look took; what is there now is not new
    assert world.happenings.warnings == []
    world.files.write("share/new.csv")
    await world.pass_time(10)
    assert len(await world.of("share")) == 1
    await world.stop()


@in_event_loop
async def test_a_stop_and_a_task_that_goes_wait_for_no_look_that_hangs() -> None:
    world = EventWorld()
    world.files.hanging = {f"{name}/*.csv": asyncio.Event() for name in ("gone", "stays")}
    await world.start()
    await world.admit("gone", jobs=on("on change of gone/*.csv"))
    await world.admit("stays", jobs=on("on change of stays/*.csv"))
    await world.pass_time(60)
    await world.retire("gone")
    assert len(world.happenings.warnings) == 1
    await world.stop()
    assert not world.happenings.is_running


@in_event_loop
async def test_a_job_that_comes_during_a_look_has_its_base_line_by_the_next_one() -> None:
    world = EventWorld()
    released = world.files.hanging["inbox/*.csv"] = asyncio.Event()
    await world.start()
    await world.admit("first", jobs=on("on change of inbox/*.csv"))
    world.files.write("inbox/old.csv")
    await world.admit("report", jobs=on("on change of inbox/*.csv"))
    released.set()
    world.files.hanging.clear()
    await world.pass_time(5)
    assert await _changed(world) == []
    world.files.write("inbox/new.csv")
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/new.csv"]
    await world.stop()


@pytest.mark.parametrize(("one_in", "warned"), [(100, True), (4, False), (1, False)])
@in_event_loop
async def test_a_job_whose_runs_write_the_files_they_run_for_is_told_once(one_in: int, *, warned: bool) -> None:
    """One in so many files is written while the job rests."""
    world = await _watching()
    world.files.write("inbox/0.csv")
    for number in range(1, 20):
        count = len(await world.runs())
        while len(await world.runs()) == count:
            await world.pass_time(0.5)
        at = (await world.runs())[-1].started_at
        assert at is not None
        world.files.write(f"inbox/{number}.csv", at + timedelta(seconds=number % one_in == 0))
    told = world.told("task.warning")
    assert len(told) == warned
    assert world.happenings.warnings == told
    assert world.happenings.endless == told
    sentences = world.happenings.why_endless("report")
    assert [f"report: {sentence}" for sentence in sentences] == told
    assert all(each.startswith("on change of ") and "it starts itself without end" in each for each in sentences)
    assert world.happenings.why_endless("other") == []
    endless = world.happenings.why_endless
    overview = Overview(catalogue=world.store, history=world.store, clock=world.clock, zone=UTC, endless=endless)
    assert [task["endless"] for task in await overview.tasks()] == [sentences]
    assert (await overview.task("report"))["endless"] == sentences
    await world.retire()
    assert world.happenings.warnings == world.happenings.endless == []
    await world.stop()


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), RecursionError("too deep")])
@in_event_loop
async def test_a_pattern_that_cannot_be_looked_at_costs_no_other_one_its_runs_and_is_told_once(
    error: Exception,
) -> None:
    world = EventWorld()
    world.files.raising["closed/*.csv"] = error
    await world.start()
    await world.admit("closed", jobs=on("on change of closed/*.csv"))
    await world.admit("report", jobs=on("on change of inbox/*.csv"))
    await world.pass_time(5)
    world.files.write("inbox/new.csv")
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/new.csv"]
    reason = f"{type(error).__name__}: {error}"
    assert world.told("event.unseen") == [
        f"on change of closed/*.csv: not all files can be looked at ({reason}): what is there starts nothing"
    ]
    world.files.raising.clear()
    await world.pass_time(5)
    assert await world.of("closed") == []  # its first look: what is there is not new
    world.files.write("closed/new.csv")
    await world.pass_time(5)
    assert len(await world.of("closed")) == 1
    await world.stop()


@in_event_loop
async def test_files_that_cannot_be_looked_at_are_told_once_until_they_can_be_again() -> None:
    world = await _watching()
    counts = []
    for trouble in ("inbox: Permission denied", "", "inbox: Permission denied"):
        world.files.trouble = trouble
        await world.pass_time(5)
        counts.append(len(world.told("event.unseen")))
    assert counts == [1, 1, 2]
    await world.stop()


@in_event_loop
async def test_a_file_that_is_moved_away_and_back_has_been_seen_unless_it_was_written() -> None:
    world = await _watching()
    world.files.write("inbox/other.csv")
    await world.pass_time(5)
    away = dict(world.files.files)
    world.files.files.clear()
    await world.pass_time(5)
    await world.restart_after_crash()
    world.files.files.update(away)
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/other.csv"]
    world.files.files.clear()
    await world.pass_time(5)
    world.files.write("inbox/old.csv")
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/other.csv", "inbox/old.csv"]
    await world.stop()


@in_event_loop
async def test_of_files_that_are_gone_only_so_many_are_kept() -> None:
    world = EventWorld()
    await world.start()
    for number in range(1_005):
        world.files.write(f"inbox/{number}.csv")
    await world.admit(jobs=on("on change of inbox/*.csv"))
    await world.pass_time(5)
    world.files.files = {"inbox/1004.csv": world.files.files["inbox/1004.csv"]}
    await world.pass_time(5)
    world.files.files.clear()
    await world.pass_time(5)
    (marks,) = (await world.store.marks()).values()
    assert sum(name.startswith("gone:") for name in marks) == 1_000
    assert not any(name.startswith("file:") for name in marks)
    await world.stop()


@in_event_loop
async def test_a_disk_with_many_files_that_is_taken_off_and_put_back_makes_no_runs() -> None:
    world = EventWorld()
    await world.start()
    for number in range(1_500):
        world.files.write(f"inbox/{number}.csv")
    await world.admit(jobs=on("on change of inbox/*.csv"))
    await world.pass_time(5)
    there = dict(world.files.files)
    world.files.files.clear()
    await world.pass_time(5)
    await world.restart_after_crash()
    await world.pass_time(5)
    world.files.files.update(there)
    world.files.write("inbox/new.csv")
    await world.pass_time(5)
    assert await _changed(world) == ["inbox/new.csv"]
    await world.stop()


@in_event_loop
async def test_a_name_that_was_given_while_a_folder_was_read_is_not_new() -> None:
    world = await _watching()
    file = world.files.files.pop("inbox/old.csv")
    looks = world.files.looks
    while world.files.looks == looks:
        await world.pass_time(0.25)
    world.files.files["inbox/renamed.csv"] = file
    await world.pass_time(10)
    assert await world.runs() == []
    await world.stop()


@in_event_loop
async def test_files_that_get_another_name_while_their_runs_wait_are_run_for_under_it() -> None:
    world = await _watching()
    world.executor.automatic = False
    for number in range(3):
        world.files.write(f"inbox/{number}.csv")
    await world.pass_time(5)
    assert len(await world.runs()) == 3
    world.executor.begin()  # the first has found its file, whatever becomes of that
    for number in range(3):
        world.files.move(f"inbox/{number}.csv", f"inbox/{number}-renamed.csv")
    await world.pass_time(5)
    world.executor.automatic = True
    world.executor.finish()
    await world.pass_time(10)
    assert [
        (told["CHANGED"], run.state)
        for told, run in zip(await world.happened("report"), await world.runs(), strict=True)
    ] == [
        ("inbox/0.csv", RunState.SUCCEEDED),
        ("inbox/1.csv", RunState.SKIPPED),
        ("inbox/2.csv", RunState.SKIPPED),
        ("inbox/1-renamed.csv", RunState.SUCCEEDED),
        ("inbox/2-renamed.csv", RunState.SUCCEEDED),
    ]
    await world.stop()


@in_event_loop
async def test_a_file_whose_run_found_it_gone_has_another_when_it_is_back_also_after_a_crash() -> None:
    world = await _watching()
    world.executor.automatic = False
    for name in ("first", "second"):
        world.files.write(f"inbox/{name}.csv")
    await world.pass_time(5)
    away = world.files.files.pop("inbox/second.csv")
    await world.pass_time(5)
    world.executor.automatic = True
    world.executor.begin()
    world.executor.finish()
    await world.pass_time(5)
    assert await world.states() == [RunState.SUCCEEDED, RunState.SKIPPED]
    await world.restart_after_crash()
    for _ in range(2):
        world.files.files["inbox/second.csv"] = away
        await world.pass_time(10)
        del world.files.files["inbox/second.csv"]
        await world.pass_time(10)
    assert await _changed(world) == ["inbox/first.csv", "inbox/second.csv", "inbox/second.csv"]
    assert (await world.states())[2:] == [RunState.SUCCEEDED]
    await world.stop()


@in_event_loop
async def test_files_whose_names_others_have_when_their_runs_begin_have_one_run_each() -> None:
    world = await _watching()
    world.executor.automatic = False
    for name in ("busy", "a", "b", "c"):
        world.files.write(f"inbox/{name}.csv")
    await world.pass_time(5)
    world.executor.begin()
    files = world.files.files
    files["inbox/a.csv"], files["inbox/b.csv"] = files["inbox/b.csv"], files["inbox/a.csv"]
    world.files.move("inbox/c.csv", "inbox/c-renamed.csv")
    world.files.write("inbox/c.csv")
    await world.pass_time(5)
    world.executor.automatic = True
    world.executor.finish()
    await world.pass_time(20)
    runs = zip(await world.happened("report"), await world.runs(), strict=True)
    began = [told["CHANGED"] for told, run in runs if run.state is RunState.SUCCEEDED]
    assert sorted(began) == [f"inbox/{name}.csv" for name in ("a", "b", "busy", "c-renamed", "c")]
    await world.stop()


@in_event_loop
async def test_a_file_that_is_replaced_while_its_run_waits_is_run_all_the_same() -> None:
    world = await _watching()
    world.executor.automatic = False
    for name in ("busy", "a"):
        world.files.write(f"inbox/{name}.csv")
    await world.pass_time(5)
    world.executor.begin()
    world.files.write("inbox/a.csv")
    world.executor.automatic = True
    world.executor.finish()
    await world.pass_time(1)
    assert await world.states() == [RunState.SUCCEEDED] * 2
    await world.stop()


@in_event_loop
async def test_a_file_that_its_own_run_moves_within_the_pattern_is_not_new() -> None:
    world = await _watching()
    world.executor.automatic = False
    world.files.write("inbox/new.csv")
    await world.pass_time(5)
    world.executor.begin()
    world.files.move("inbox/new.csv", "inbox/done.csv")
    await world.pass_time(10)  # it is still at work
    world.executor.finish()
    await world.pass_time(10)
    assert await _changed(world) == ["inbox/new.csv"]
    await world.stop()


@in_event_loop
async def test_of_files_that_are_rotated_each_new_one_has_one_run() -> None:
    world = await _watching()
    for number in range(3):
        for age in (2, 1):
            if f"inbox/log-{age}.csv" in world.files.files:
                world.files.move(f"inbox/log-{age}.csv", f"inbox/log-{age + 1}.csv")
        if number:
            world.files.move("inbox/log.csv", "inbox/log-1.csv")
        world.files.write("inbox/log.csv")
        await world.pass_time(10)
    assert await _changed(world) == ["inbox/log.csv"] * 3
    await world.stop()


@in_event_loop
async def test_files_that_go_before_they_have_a_place_in_the_line_make_no_run() -> None:
    world = await _watching()
    world.executor.automatic = False
    for number in range(60):
        world.files.write(f"inbox/{number}.csv")
    await world.pass_time(5)
    waiting = len(await world.runs())
    looks = world.files.looks
    world.files.files.clear()
    world.executor.automatic = True
    world.executor.begin()
    world.executor.finish()
    for _ in range(60):  # without any time passing: no further look tells that they are gone
        await world.clock.settle()
    assert world.files.looks == looks
    assert len(await world.runs()) == waiting < 60
    assert set((await world.states())[1:]) == {RunState.SKIPPED}
    await world.stop()


@in_event_loop
async def test_a_job_that_goes_while_runs_of_its_pattern_are_made_ends_nothing() -> None:
    world = EventWorld()
    await world.start()
    for name in ("report", "other"):
        await world.admit(name, jobs=on("on change of inbox/*.csv"))
    await world.pass_time(5)
    world.files.write("inbox/new.csv")
    gate = world.store.gates["request"] = asyncio.Event()
    await world.pass_time(5)
    await world.retire("other")
    gate.set()
    await world.pass_time(5)
    assert world.happenings.is_running
    assert [run.task_id for run in await world.runs()] == ["report"]
    await world.stop()


@in_event_loop
async def test_nothing_is_made_up_for_from_a_time_without_the_job() -> None:
    world = await _watching()
    await world.retire()
    world.files.write("inbox/meanwhile.csv")
    await world.pass_time(5)
    await world.admit(jobs=on("on change of inbox/*.csv"))
    await world.pass_time(5)
    assert await world.runs() == []
    await world.stop()


# --- all together ----------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.sampled_from(["run", "write", "crash", "stop", "lie", "fail", "wait"]), max_size=14))
@in_event_loop
async def test_each_event_makes_exactly_one_run(steps: list[str]) -> None:
    world = EventWorld(max_concurrent=3)
    await world.start()
    await world.admit("first", jobs=[], overlap=Overlap.PARALLEL)
    await world.admit("then", jobs=on("after first on success"), overlap=Overlap.PARALLEL)
    await world.admit("reader", jobs=on("on change of inbox/*.csv"), overlap=Overlap.PARALLEL)
    asked = 0
    for step in steps:
        match step:
            case "run":
                asked += 1
                await world.run("first", f"request {asked}")
            case "write":
                world.files.write(f"inbox/{world.files.written}.csv")
                await world.pass_time(3)
            case "crash":
                await world.restart_after_crash()
            case "stop":
                await world.happenings.stop()
            case "lie":
                world.store.lying |= {"request", "put"}
            case "fail":
                world.store.failing = {"request"}
                world.files.write(f"inbox/{world.files.written}.csv")
                await world.pass_time(4)
                world.store.failing = set()
            case "wait":
                await world.pass_time(5)
    world.store.lying.clear()
    await world.restart_after_crash()
    await world.pass_time(10)

    ended = [str(run.id) for run in await world.of("first") if run.state is RunState.SUCCEEDED]
    assert sorted(told["AFTER_RUN"] for told in await world.happened("then")) == sorted(ended)
    written = {f"inbox/{number}.csv" for number in range(world.files.written)}
    changed = [told["CHANGED"] for told in await world.happened("reader")]
    assert sorted(changed) == sorted(written)
    assert set(await world.states()) <= {RunState.SUCCEEDED, RunState.INTERRUPTED}
    await world.stop()
