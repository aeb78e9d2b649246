"""The catalog with very many files at once, files it need not read, and modules that tasks share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from task_scheduler.core.errors import Problem
from task_scheduler.core.tasks import FileKind, JobDeclaration, TaskStatus
from task_scheduler.ports import SourceChanges, SourceFile
from task_scheduler.services.candidates import MOST_AT_ONCE
from task_scheduler.testing.fakes import a_reading
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.test_catalog import in_force, quiet, status
from tests.unit.services.world import World

MANY = 3 * MOST_AT_ONCE
MODULE = a_reading(kind=FileKind.MODULE, declaration=None, jobs=(), has_start=False)


def drop(world: World, names: Sequence[str], *, unread: bool = False) -> None:
    """Write files that are reported together."""
    listener, world.folder._listener = world.folder._listener, None
    for name in names:
        world.folder.write(name)
    world.folder._listener = listener
    files = [world.folder._files[name] for name in names]
    if unread:
        files = [SourceFile(task_id=file.task_id, path=file.path, digest="", content=None) for file in files]
    assert listener is not None
    listener(SourceChanges(files=tuple(files), local_digest=world.folder.local_digest))


def names(count: int) -> list[str]:
    return [f"t{number}" for number in range(count)]


@in_event_loop
async def test_many_files_share_commits_and_all_are_in_force() -> None:
    world = World()
    async with world.running(catalog=True):
        drop(world, names(MANY))
        await quiet(world)

        assert world.catalog.counts() == {"active": MANY}
        assert len(world.timetable) == MANY
        assert world.store.writes.count("admit") <= MANY / 8


@in_event_loop
async def test_nothing_of_a_shared_commit_is_in_force_before_it_is_made() -> None:
    world = World()
    async with world.running(catalog=True):
        world.store.gates["admit"] = asyncio.Event()
        drop(world, names(10))
        await world.until(lambda: "env-empty" in world.environments.built)
        await world.clock.settle()
        before = [in_force(world, name) for name in names(10)]
        world.store.gates["admit"].set()
        await quiet(world)

        assert before == [None] * 10
        assert world.catalog.counts() == {"active": 10}


@in_event_loop
async def test_one_that_cannot_be_admitted_does_not_take_others_of_its_commit_along() -> None:
    world = World()
    async with world.running(catalog=True):
        listener, world.folder._listener = world.folder._listener, None
        for name in ("good", "other"):
            world.folder.write(name)
        digest = world.folder.write("odd")
        world.folder._listener = listener
        files = [world.folder._files[name] for name in ("good", "odd", "other")]
        torn = SourceFile(task_id="odd", path="tasks/odd.py", digest=digest, content=b"not what the digest says")
        assert listener is not None
        listener(SourceChanges(files=(files[0], torn, files[2]), local_digest=world.folder.local_digest))
        await quiet(world)

        assert [status(world, name) for name in ("good", "other")] == [TaskStatus.ACTIVE] * 2
        assert len(world.told("task.fault")) == 1


@in_event_loop
async def test_many_removed_files_share_commits() -> None:
    world = World()
    async with world.running(catalog=True):
        drop(world, names(MANY))
        await quiet(world)
        world.folder._files.clear()
        world.folder._report(removed=tuple(names(MANY)))
        await quiet(world)

        assert world.catalog.counts() == {"deleted": MANY}
        assert len(world.timetable) == 0
        assert world.store.writes.count("retire") <= MANY / 25


@in_event_loop
async def test_a_flood_is_told_as_a_number() -> None:
    world = World()
    async with world.running(catalog=True):
        drop(world, names(MANY))
        await quiet(world)

        assert f"{MANY - 50} more tasks are in force" in world.told("task.admitted")


@in_event_loop
async def test_files_that_wait_for_a_slow_environment_do_not_hold_up_the_others() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("first")
        await quiet(world)
        world.environments.may_build.clear()
        for name in names(MOST_AT_ONCE + 1):
            world.folder.write(name, a_reading(dependencies=("slow",)))
        world.folder.write("quick")
        async with asyncio.timeout(30):
            while in_force(world, "quick") is None:
                await world.pass_time(0.2)

        assert world.catalog.is_preparing
        world.environments.may_build.set()
        await quiet(world)
        assert world.catalog.counts() == {"active": MOST_AT_ONCE + 3}


@in_event_loop
async def test_contents_that_were_not_reported_are_fetched() -> None:
    world = World()
    async with world.running(catalog=True):
        drop(world, names(MANY), unread=True)
        await quiet(world)

        assert sorted(world.folder.fetched) == sorted(names(MANY))
        assert world.catalog.counts() == {"active": MANY}


@in_event_loop
async def test_a_file_that_is_gone_when_its_content_is_fetched_is_left_to_its_next_report() -> None:
    world = World()
    async with world.running(catalog=True):
        drop(world, ["here"], unread=True)
        listener = world.folder._listener
        assert listener is not None
        ghost = SourceFile(task_id="ghost", path="tasks/ghost.py", digest="", content=None)
        listener(SourceChanges(files=(ghost,), local_digest=world.folder.local_digest))
        await quiet(world)
        before = world.catalog.counts()
        world.folder.write("ghost")
        await quiet(world)

        assert before == {"active": 1}
        assert world.catalog.counts() == {"active": 2}


@in_event_loop
async def test_many_files_in_one_shared_environment_do_not_wait_for_each_other_for_ever() -> None:
    world = World(shared_environment=True)
    async with world.running(catalog=True):
        drop(world, names(MANY))
        await quiet(world)

        assert world.catalog.counts() == {"active": MANY}


@in_event_loop
async def test_a_stop_in_the_middle_of_a_flood_loses_nothing() -> None:
    world = World()
    await world.start(catalog=True)
    drop(world, names(MANY))
    await world.until(lambda: "t0" in world.folder.read_ids)
    await world.stop()

    await world.restart(catalog=True)
    await quiet(world)

    assert world.catalog.counts() == {"active": MANY}
    assert len(world.timetable) == MANY
    await world.stop()


# --- files that are known by their looks -------------------------------------------------------------------


@in_event_loop
async def test_a_restart_knows_the_files_by_their_looks() -> None:
    world = World()
    await world.start(catalog=True)
    digest = world.folder.write("report")
    broken = world.folder.write("broken", a_reading(problems=(Problem(path="tasks/broken.py", message="bad"),)))
    world.folder.write("gone")
    await quiet(world)
    world.folder.delete("gone")
    await quiet(world)
    await world.stop()

    await world.restart(catalog=True)
    await quiet(world)

    known = {task_id: (file.digest, file.stamp) for task_id, file in world.folder.known.items()}
    # What was refused is judged again: the program, or the world, may be another one by now.
    assert known == {"report": (digest, f"stamp of {digest}"), "broken": (broken, "")}
    assert world.folder.fetched == []
    await world.stop()


@in_event_loop
async def test_a_stamp_that_is_confirmed_later_is_put_on_record_unless_the_file_is_another_by_then() -> None:
    world = World()
    async with world.running(catalog=True):
        digest = world.folder.write("report")
        await quiet(world)
        listener = world.folder._listener
        assert listener is not None
        for stamp, of_digest in (("later", digest), ("stray", "0" * 64)):
            file = SourceFile(task_id="report", path="tasks/report.py", digest=of_digest, content=None, stamp=stamp)
            listener(SourceChanges(confirmed=(file,), local_digest=world.folder.local_digest))
        await quiet(world)

        assert [task.stamp for task in await world.store.tasks()] == ["later"]
        record = world.catalog.status_of("report")
        assert record is not None
        assert record.stamp == "later"


# --- modules in the folder of tasks ------------------------------------------------------------------------

IMPORTER = a_reading(imports=("tools",))


@in_event_loop
async def test_a_changed_module_checks_the_tasks_that_import_it_and_no_others() -> None:
    world = World()
    async with world.running(catalog=True):
        for name, reading in (("tools", MODULE), ("report", IMPORTER), ("other", None)):
            world.folder.write(name, reading)
        await quiet(world)
        world.folder.read_ids.clear()
        world.folder.write("tools", MODULE, text="2")
        await quiet(world)

        assert world.folder.read_ids == ["tools", "report"]
        assert status(world) is TaskStatus.ACTIVE


@in_event_loop
async def test_a_task_whose_module_comes_later_is_in_force_then() -> None:
    world = World()
    world.environments.missing = {"tools"}
    async with world.running(catalog=True):
        world.folder.write("report", IMPORTER)
        await quiet(world)
        before = status(world)
        world.environments.missing = set()
        world.folder.write("tools", MODULE)
        await quiet(world)

        assert (before, status(world)) == (TaskStatus.INVALID, TaskStatus.ACTIVE)


@in_event_loop
async def test_a_module_that_is_deleted_is_missed_by_the_tasks_that_import_it() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("tools", MODULE)
        good = world.folder.write("report", IMPORTER)
        await quiet(world)
        world.environments.missing = {"tools"}
        world.folder.delete("tools")
        await quiet(world)

        assert (status(world), in_force(world)) == (TaskStatus.INVALID, good)


@in_event_loop
async def test_a_module_that_changed_while_nothing_ran_checks_its_users_at_the_start() -> None:
    world = World()
    await world.start(catalog=True)
    world.folder.write("tools", MODULE)
    world.folder.write("report", IMPORTER)
    await quiet(world)
    await world.stop()
    world.folder.write("tools", MODULE, text="2")
    world.folder.read_ids.clear()

    await world.restart(catalog=True)
    await quiet(world)

    assert world.folder.read_ids == ["tools", "report"]
    await world.stop()


@in_event_loop
async def test_a_module_that_becomes_a_task_is_one() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("tools", MODULE)
        await quiet(world)
        world.folder.write(
            "tools", a_reading(jobs=(JobDeclaration(function="start", trigger="every 1 hours"),)), text="2"
        )
        await quiet(world)

        assert status(world, "tools") is TaskStatus.ACTIVE
