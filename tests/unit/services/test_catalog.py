"""The catalog keeps what is in force equal to the folder of tasks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from task_scheduler.core.errors import EnvironmentFailed, Problem, Severity
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import FileKind, JobDeclaration, TaskStatus
from task_scheduler.ports import Inspection
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.fakes import a_reading
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

BROKEN = a_reading(problems=(Problem(path="tasks/report.py", line=4, message="unknown key 'evry'"),))
MODULE = a_reading(kind=FileKind.MODULE, declaration=None, jobs=(), has_start=False)
OFFLINE = EnvironmentFailed("the index is out of reach", detail="curl: (7)", temporary=True)
UNKNOWN = EnvironmentFailed("no package 'reqests' on the index", detail="last lines")


def settled(world: World) -> bool:
    return not world.catalog.is_preparing and world.catalog._changes.empty()


async def quiet(world: World) -> None:
    """Wait until every change was taken and nothing is being prepared."""
    await world.clock.settle()
    await world.until(lambda: settled(world))


def status(world: World, task_id: str = "report") -> TaskStatus:
    record = world.catalog.status_of(task_id)
    assert record is not None
    return record.status


def in_force(world: World, task_id: str = "report") -> str | None:
    admitted = world.register.get(task_id)
    return None if admitted is None else admitted.version.digest


@in_event_loop
async def test_a_dropped_file_is_in_force_and_runs_at_its_next_instant() -> None:
    world = World()
    async with world.running(catalog=True):
        digest = world.folder.write("report", a_reading(dependencies=("requests",)))
        await quiet(world)
        await world.pass_time(60)

        assert status(world) is TaskStatus.ACTIVE
        assert in_force(world) == digest
        assert world.executor.launched[0].profile.environment == "env-requests"
        assert world.catalog.counts() == {"active": 1}
        assert world.told("task.admitted") == [
            f"report: in force, version {digest[:12]}; next at 2026-03-01 12:01:00 UTC"
        ]


@in_event_loop
async def test_a_warning_is_told_and_kept_while_the_task_runs() -> None:
    world = World()
    warning = Problem(path="tasks/report.py", message="no title", severity=Severity.WARNING)
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(jobs=(), problems=(warning,)))
        await quiet(world)

        record = world.catalog.status_of("report")
        assert record is not None
        assert (record.status, record.problems) == (TaskStatus.ACTIVE, (warning,))
        assert world.told("task.warning") == ["report: tasks/report.py: no title"]
        assert "no schedule: starts only on request" in world.told("task.admitted")[0]


@in_event_loop
async def test_a_warning_is_told_too_of_a_task_whose_environment_took_a_while() -> None:
    world = World()
    warning = Problem(path="tasks/report.py", message="no title", severity=Severity.WARNING)
    async with world.running(catalog=True):
        world.environments.may_build.clear()
        world.folder.write("report", a_reading(jobs=(), problems=(warning,), dependencies=("slow",)))
        await world.until(lambda: bool(world.environments.ensured))
        await world.pass_time(0.2)
        assert status(world) is TaskStatus.PREPARING
        world.environments.may_build.set()
        await quiet(world)

        assert world.told("task.warning") == ["report: tasks/report.py: no title"]


@pytest.mark.parametrize(
    ("triggers", "told"),
    [
        (["on change of inbox/*.csv"], "waits for: on change of inbox/*.csv"),
        (["every minute", "at startup"], "next at 2026-03-01 12:01:00 UTC; waits for: at startup"),
        (
            ["at boot", "at startup", "after a on any", "after b on any", "after c on any"],
            "waits for: at boot, at startup, after a on any and 2 more",
        ),
        (["once at 2020-01-01 09:00"], "its schedule has no further instant"),
    ],
)
def test_it_is_told_when_a_task_starts(triggers: list[str], told: str) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        async with world.running(catalog=True):
            jobs = tuple(JobDeclaration(function="start", trigger=trigger) for trigger in triggers)
            digest = world.folder.write("report", a_reading(jobs=jobs))
            await quiet(world)

            assert world.told("task.admitted") == [f"report: in force, version {digest[:12]}; {told}"]

    scenario()


@pytest.mark.parametrize("stop_on_invalid", [False, True])
def test_a_broken_edit_keeps_the_last_good_version_unless_it_shall_stop(stop_on_invalid: bool) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(stop_on_invalid=stop_on_invalid)
        async with world.running(catalog=True):
            good = world.folder.write("report")
            await quiet(world)
            bad = world.folder.write("report", BROKEN, text="2")
            await quiet(world)
            await world.pass_time(60)

            record = world.catalog.status_of("report")
            assert record is not None
            assert (record.status, record.digest) == (TaskStatus.INVALID, bad)
            assert record.version == in_force(world) == (None if stop_on_invalid else good)
            assert len(world.executor.launched) == (0 if stop_on_invalid else 1)
            kept = "nothing of it is started" if stop_on_invalid else "the version before it goes on"
            assert world.told("task.invalid") == [f"report: tasks/report.py:4: unknown key 'evry'; {kept}"]

    scenario()


@in_event_loop
async def test_an_index_out_of_reach_stops_nothing_even_where_a_broken_edit_does() -> None:
    world = World(stop_on_invalid=True)
    async with world.running(catalog=True):
        good = world.folder.write("report")
        await quiet(world)
        world.environments.failures["new"] = OFFLINE
        world.folder.write("report", a_reading(dependencies=("new",)), text="2")
        await quiet(world)

        assert status(world) is TaskStatus.INVALID
        assert in_force(world) == good


@in_event_loop
async def test_mending_a_broken_file_brings_it_into_force() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("report", BROKEN)
        await quiet(world)
        before = in_force(world)
        mended = world.folder.write("report", text="2")
        await quiet(world)

        assert (before, in_force(world), status(world)) == (None, mended, TaskStatus.ACTIVE)


@in_event_loop
async def test_without_reload_on_change_an_edit_waits_for_the_next_start_and_a_deletion_does_not() -> None:
    world = World(reload_on_change=False)
    async with world.running(catalog=True):
        before = world.folder.write("report")
        world.folder.write("other")
        await quiet(world)
        newer = world.folder.write("report", text="2")
        world.folder.delete("other")
        await quiet(world)
        kept, deleted = in_force(world), status(world, "other")

        await world.restart(catalog=True)
        await quiet(world)

        assert (kept, deleted) == (before, TaskStatus.DELETED)
        assert in_force(world) == newer


@in_event_loop
async def test_an_edit_during_preparation_takes_its_place() -> None:
    world = World()
    async with world.running(catalog=True):
        world.environments.may_build.clear()
        world.folder.write("report", a_reading(dependencies=("slow",)))
        await world.until(lambda: "env-slow" in world.environments.ensured)
        newer = world.folder.write("report", a_reading(dependencies=("quick",)), text="2")
        await world.until(lambda: "env-quick" in world.environments.ensured)
        world.environments.may_build.set()
        await quiet(world)

        assert in_force(world) == newer
        assert world.store.writes.count("admit") == 1


@in_event_loop
async def test_the_same_file_seen_again_during_preparation_does_not_begin_anew() -> None:
    world = World()
    async with world.running(catalog=True):
        world.environments.may_build.clear()
        world.folder.write("report")
        await world.until(lambda: len(world.environments.ensured) == 1)
        await world.folder.rescan()
        await world.clock.settle()
        world.environments.may_build.set()
        await quiet(world)

        assert world.folder.read_ids == ["report"]


@pytest.mark.parametrize("gate", ["admit", None])
def test_a_deletion_during_preparation_leaves_nothing_in_force(gate: str | None) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        async with world.running(catalog=True):
            event = asyncio.Event()
            if gate is None:
                world.environments.may_build = event
            else:
                world.store.gates[gate] = event
            world.folder.write("report")
            await world.until(lambda: len(world.environments.ensured) == 1)
            await world.clock.settle()
            world.folder.delete("report")
            await world.clock.settle()
            event.set()
            await quiet(world)
            await world.pass_time(120)

            assert in_force(world) is None
            assert len(world.timetable) == 0
            assert world.executor.launched == []
            assert await world.store.jobs() == []
            if gate is not None:
                assert status(world) is TaskStatus.DELETED

    scenario()


@in_event_loop
async def test_an_edit_while_the_one_before_is_committed_waits_for_that_commit() -> None:
    world = World()
    async with world.running(catalog=True):
        world.store.gates["admit"] = asyncio.Event()
        world.folder.write("report")
        await world.until(lambda: bool(world.environments.ensured))
        await world.clock.settle()
        newer = world.folder.write("report", text="2")
        await world.clock.settle()
        world.store.gates["admit"].set()
        await quiet(world)

        assert in_force(world) == newer
        assert world.store.writes.count("admit") == 2
        assert [version.digest for version in await world.store.versions()] == [newer]


@in_event_loop
async def test_deleting_a_file_ends_its_schedule_and_keeps_its_history() -> None:
    world = World()
    world.executor.automatic = True
    async with world.running(catalog=True):
        world.folder.write("report")
        await quiet(world)
        await world.pass_time(60)

        world.folder.delete("report")
        await quiet(world)
        await world.pass_time(120)
        world.folder.look()
        await quiet(world)

        assert status(world) is TaskStatus.DELETED
        assert await world.states() == [RunState.SUCCEEDED]
        assert len(world.told("task.deleted")) == 1


@in_event_loop
async def test_disabling_ends_and_enabling_begins_the_schedule() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("report")
        await quiet(world)
        world.folder.write("report", a_reading(enabled=False, title="Sleeping"), text="off")
        await quiet(world)
        record = world.catalog.status_of("report")
        await world.pass_time(120)
        launched = len(world.executor.launched)
        world.folder.write("report", text="on")
        await quiet(world)

        assert record is not None
        assert (record.status, record.title, record.version) == (TaskStatus.DISABLED, "Sleeping", None)
        assert launched == 0
        assert status(world) is TaskStatus.ACTIVE


@in_event_loop
async def test_a_file_that_declares_nothing_is_a_module() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("tools", MODULE)
        await quiet(world)

        assert status(world, "tools") is TaskStatus.MODULE
        assert in_force(world, "tools") is None


@in_event_loop
async def test_code_of_the_project_is_never_imported_ahead() -> None:
    world = World()
    imports = ("json", "requests.adapters", "helpers.mail", "tasks.other", "tools", "shop.prices", "beside")
    async with world.running(catalog=True):
        world.folder.write("tools", MODULE)
        world.folder.write("shop/prices", MODULE)
        world.folder.write("report", a_reading(imports=imports))
        world.folder.write("shop/tools", MODULE)
        world.folder.write("shop/sell", a_reading(imports=("tools", "shop", "report", "beside")))
        await quiet(world)

        admitted, nested = world.register.get("report"), world.register.get("shop/sell")
        assert admitted is not None
        assert nested is not None
        assert admitted.version.preload == ("json", "requests.adapters", "beside")
        assert nested.version.preload == ("beside",)


@in_event_loop
async def test_a_module_that_no_package_provides_is_named() -> None:
    world = World()
    world.environments.missing = {"pandas", "helpers"}
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(imports=("json", "pandas", "helpers"), import_lines={"pandas": 7}))
        await quiet(world)

        assert world.told("task.invalid") == [
            (
                "report: tasks/report.py:7: imports 'pandas', which none of its packages provides: "
                "add \"pandas\" to 'dependencies'"
            )
        ]


@in_event_loop
async def test_a_module_of_a_package_with_another_name_leads_to_that_package() -> None:
    world = World()
    world.environments.missing = {"bs4", "our_own"}
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(imports=("bs4", "our_own")))
        await quiet(world)

        assert world.told("task.invalid") == [
            (
                "report: tasks/report.py: imports 'bs4', which none of its packages provides: "
                "add \"beautifulsoup4\" to 'dependencies'"
            ),
            (
                "report: tasks/report.py: imports 'our_own', which none of its packages provides: "
                "add the package to 'dependencies'"
            ),
        ]


# --- schedules that are computed --------------------------------------------------------------------------


@in_event_loop
async def test_computed_schedules_join_those_that_were_read() -> None:
    world = World()
    read = JobDeclaration(function="start", trigger="every 1 minutes", timezone="Asia/Tokyo")
    computed = JobDeclaration(function="night", trigger="every 2 minutes")
    world.environments.inspections["report"] = Inspection(jobs=(replace(read, timezone=None), computed))
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(computed=True, timezone="Asia/Tokyo", jobs=(read,)))
        await quiet(world)

        jobs = world.timetable.jobs_of("report")
        assert [(job.function, job.timezone) for job in jobs] == [("start", "Asia/Tokyo"), ("night", "Asia/Tokyo")]


@in_event_loop
async def test_computed_schedules_are_remarked_on_like_written_ones_in_the_log_and_on_record() -> None:
    world = World()
    read = JobDeclaration(function="start", trigger="*/7 * * * *", line=3)
    both = JobDeclaration(function="night", trigger="0 0 13 * 5", line=7)
    over = JobDeclaration(function="once", trigger="once at 2020-01-01 10:00", line=9)
    world.environments.inspections["report"] = Inspection(jobs=(read, both, over))
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(computed=True, jobs=(read,)), saved_at=NOON)
        await quiet(world)

        record = world.catalog.status_of("report")
        assert record is not None
        assert (record.status, {problem.severity for problem in record.problems}) == (
            TaskStatus.ACTIVE,
            {Severity.WARNING},
        )
        either = "either is enough; days that fit both are written as in '0 0 13 * * on fri'"
        assert [str(problem) for problem in record.problems] == [
            f"tasks/report.py:7: the schedule '0 0 13 * 5': day of month '13' and day of week '5': {either}",
            "tasks/report.py:9: the schedule 'once at 2020-01-01 10:00' has come to its end: it will not run",
        ]
        assert world.told("task.warning") == [f"report: {problem}" for problem in record.problems]


@in_event_loop
async def test_an_import_is_told_by_the_task_s_clock_when_the_file_was_saved() -> None:
    world = World()
    saved_at = datetime(2027, 6, 30, 17, tzinfo=UTC)
    async with world.running(catalog=True):
        world.folder.write("named", a_reading(computed=True, timezone="Asia/Tokyo"), saved_at=saved_at)
        world.folder.write("other", a_reading(computed=True), saved_at=saved_at)
        await quiet(world)

        told = {source.task_id: source.saved_at for source in world.environments.inspected}
        assert told == {"named": saved_at, "other": saved_at}
        assert {str(moment.tzinfo) for moment in told.values() if moment} == {"Asia/Tokyo", str(world.timetable.zone)}


@in_event_loop
async def test_an_import_that_fails_is_a_problem_of_the_file() -> None:
    world = World()
    world.environments.inspections["report"] = Inspection(
        problems=(Problem(path="tasks/report.py", message="exits while it is imported", line=3),)
    )
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(computed=True))
        await quiet(world)

        assert world.told("task.invalid") == ["report: tasks/report.py:3: exits while it is imported"]


@in_event_loop
async def test_a_trigger_that_cannot_be_read_is_a_problem_and_no_fault() -> None:
    world = World()
    world.environments.may_build.clear()
    bad = JobDeclaration(function="start", trigger="every 5 minutes", timezone="Mars/Base", line=7)
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(jobs=(bad,)))
        await world.until(lambda: bool(world.environments.ensured))
        await world.pass_time(0.2)
        world.environments.may_build.set()
        await quiet(world)

        record = world.catalog.status_of("report")
        assert record is not None
        assert (record.status, record.problems[0].line) == (TaskStatus.INVALID, 7)
        assert "Mars/Base" in record.problems[0].message
        assert world.told("task.fault") == []


# --- environments -----------------------------------------------------------------------------------------


@in_event_loop
async def test_a_preparation_that_takes_time_is_shown() -> None:
    world = World()
    async with world.running(catalog=True):
        world.environments.may_build.clear()
        world.folder.write("report", a_reading(dependencies=("slow",)))
        await world.until(lambda: bool(world.environments.ensured))
        await world.pass_time(0.2)
        shown = world.catalog.status_of("report")
        world.environments.may_build.set()
        await quiet(world)

        assert shown is not None
        assert shown.status is TaskStatus.PREPARING
        assert shown.detail == "making its environment ready (slow); due next at 2026-03-01 12:01:00 UTC"
        assert status(world) is TaskStatus.ACTIVE


@pytest.mark.parametrize(
    ("failure", "pauses"),
    [(OFFLINE, [30, 60, 120]), (UNKNOWN, [600, 1_200, 2_400])],
)
def test_a_failed_environment_is_an_outcome_and_is_tried_again_with_growing_pauses(
    failure: EnvironmentFailed, pauses: list[float]
) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(loop_interval=60)
        world.environments.failures["new"] = failure
        async with world.running(catalog=True):
            world.folder.write("report", a_reading(dependencies=("new",)))
            await quiet(world)
            record = world.catalog.status_of("report")
            assert record is not None
            assert (record.status, record.detail) == (TaskStatus.INVALID, failure.detail)
            assert record.problems[0].message == str(failure)

            for tries, pause in enumerate(pauses, start=1):
                await world.pass_time(pause - 1)
                assert len(world.environments.resolved) == tries
                await world.pass_time(1.1)
                await quiet(world)
                assert len(world.environments.resolved) == tries + 1

            del world.environments.failures["new"]
            await world.pass_time(pauses[-1] * 2 + 1)
            await quiet(world)
            assert status(world) is TaskStatus.ACTIVE

    scenario()


@in_event_loop
async def test_a_broken_file_is_not_tried_again_until_it_changes() -> None:
    world = World(loop_interval=3_600)
    async with world.running(catalog=True):
        world.folder.write("report", BROKEN)
        await quiet(world)
        await world.pass_time(86_400)
        await quiet(world)

        assert world.folder.read_ids == ["report"]


@in_event_loop
async def test_an_edit_of_code_keeps_the_lock_and_needs_no_index() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(dependencies=("requests",)))
        await quiet(world)
        world.environments.failures["requests"] = OFFLINE
        newer = world.folder.write("report", a_reading(dependencies=("requests",), timeout=9), text="2")
        await quiet(world)

        assert in_force(world) == newer
        assert len(world.environments.resolved) == 1


@in_event_loop
async def test_a_lock_whose_environment_is_gone_is_made_anew() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(dependencies=("requests",)))
        await quiet(world)
        world.environments.built.clear()
        world.folder.write("report", a_reading(dependencies=("requests",)), text="2")
        await quiet(world)

        assert len(world.environments.resolved) == 2
        assert status(world) is TaskStatus.ACTIVE


@in_event_loop
async def test_an_environment_being_prepared_counts_as_in_use() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("other")
        await quiet(world)
        world.environments.may_build.clear()
        world.folder.write("report", a_reading(dependencies=("slow",)))
        await world.until(lambda: "env-slow" in world.environments.ensured)

        assert world.catalog.environments_in_use() == {"env-empty", "env-slow"}
        world.environments.may_build.set()
        await quiet(world)


@in_event_loop
async def test_a_fault_at_one_file_is_told_and_leaves_the_others_alone() -> None:
    world = World()
    async with world.running(catalog=True):
        world.environments.failures["odd"] = RuntimeError("boom")  # type: ignore[assignment]
        world.folder.write("report", a_reading(dependencies=("odd",)))
        world.folder.write("other")
        await quiet(world)

        assert world.told("task.fault") == ["a fault of the program at tasks/report.py: RuntimeError('boom')"]
        assert status(world) is TaskStatus.INVALID
        assert status(world, "other") is TaskStatus.ACTIVE
        assert world.told("service.failed") == []


# --- helpers ----------------------------------------------------------------------------------------------

USER = a_reading(helper_names=("mail",), imports=("helpers",))


@in_event_loop
async def test_a_task_brings_the_packages_of_the_helpers_it_imports() -> None:
    world = World()
    world.folder.packages_of_helpers = {"mail": ("smtp-client",)}
    async with world.running(catalog=True):
        world.folder.write("report", USER)
        await quiet(world)

        assert world.environments.resolved[0].packages == ("smtp-client",)


@in_event_loop
async def test_a_change_of_helpers_checks_the_tasks_that_use_them_and_no_others() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("report", USER)
        world.folder.write("other")
        await quiet(world)

        world.folder.packages_of_helpers = {"mail": ("smtp-client",)}
        world.folder.change_helpers("helpers-2")
        await quiet(world)

        admitted = world.register.get("report")
        assert admitted is not None
        assert (admitted.version.local_digest, admitted.version.environment) == ("helpers-2", "env-smtp-client")
        assert sorted(world.folder.read_ids) == ["other", "report", "report"]


@in_event_loop
async def test_a_change_of_helpers_that_changes_nothing_about_a_task_says_and_resolves_nothing() -> None:
    world = World()
    advice = Problem(path="tasks/report.py", message="give it a description", severity=Severity.WARNING)
    user = replace(USER, problems=(advice,))
    world.folder.packages_of_helpers = {"mail": ("smtp-client",)}
    await world.start(catalog=True)
    world.folder.write("report", user)
    await quiet(world)
    for digest, restarts in (("helpers-2", False), ("helpers-3", True)):
        if restarts:
            await world.stop()
            await world.restart(catalog=True)
            await quiet(world)
        world.events.clear()
        world.environments.resolved.clear()

        world.folder.change_helpers(digest)
        await quiet(world)

        admitted = world.register.get("report")
        assert admitted is not None
        assert admitted.version.local_digest == digest
        assert [event.message for event in world.events] == []
        assert world.environments.resolved == []
    await world.stop()


@in_event_loop
async def test_a_change_of_helpers_that_moves_a_task_to_other_packages_is_told_without_its_old_warnings() -> None:
    world = World()
    advice = Problem(path="tasks/report.py", message="give it a description", severity=Severity.WARNING)
    async with world.running(catalog=True):
        world.folder.write("report", replace(USER, problems=(advice,)))
        await quiet(world)

        world.folder.packages_of_helpers = {"mail": ("smtp-client",)}
        world.folder.change_helpers("helpers-2")
        await quiet(world)

        assert len(world.told("task.admitted")) == 2
        assert len(world.told("task.warning")) == 1


@in_event_loop
async def test_a_change_of_helpers_repeats_no_refusal() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("report", BROKEN)
        await quiet(world)
        world.folder.change_helpers("helpers-2")
        await quiet(world)
        once = len(world.told("task.invalid"))
        world.folder.write("report", text="2")
        await quiet(world)
        world.folder.write("report", BROKEN, text="1")
        await quiet(world)

        assert (once, len(world.told("task.invalid"))) == (1, 2)


@in_event_loop
async def test_a_change_of_helpers_during_preparation_begins_it_anew() -> None:
    world = World()
    async with world.running(catalog=True):
        world.environments.may_build.clear()
        world.folder.write("report", USER)
        await world.until(lambda: bool(world.environments.ensured))
        world.folder.packages_of_helpers = {"mail": ("smtp-client",)}
        world.folder.change_helpers("helpers-2")
        await world.until(lambda: "env-smtp-client" in world.environments.ensured)
        world.environments.may_build.set()
        await quiet(world)

        admitted = world.register.get("report")
        assert admitted is not None
        assert (admitted.version.local_digest, admitted.version.environment) == ("helpers-2", "env-smtp-client")
        assert world.store.writes.count("admit") == 1


# --- the folder -------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_folder_that_cannot_be_read_suspends_its_tasks_and_deletes_nothing() -> None:
    world = World()
    async with world.running(catalog=True):
        digest = world.folder.write("report")
        await quiet(world)
        world.folder.suspend("tasks/ is gone")
        await quiet(world)
        await world.pass_time(60)
        world.folder.look()
        await quiet(world)
        await world.pass_time(60)

        assert world.told("tasks.suspended") == ["tasks/ is gone: its tasks are suspended, nothing of them is deleted"]
        assert len(world.told("tasks.resumed")) == 1
        assert in_force(world) == digest
        assert [run.state for run in await world.runs()] == [RunState.SKIPPED, RunState.QUEUED]


@in_event_loop
async def test_unchanged_files_are_neither_read_nor_locked_at_a_restart() -> None:
    world = World()
    await world.start(catalog=True)
    for name in ("report", "tools", "sleeping", "user"):
        readings = {"tools": MODULE, "sleeping": a_reading(enabled=False), "user": USER}
        world.folder.write(name, readings.get(name))
    await quiet(world)
    await world.stop()
    world.folder.read_ids.clear()

    await world.restart(catalog=True)
    await quiet(world)
    assert world.folder.read_ids == []
    world.folder.change_helpers("helpers-2")
    await quiet(world)

    assert world.folder.read_ids == ["user"]
    assert len(world.timetable) == 2
    await world.stop()


@in_event_loop
async def test_the_first_look_ends_what_was_deleted_and_disabled_while_nothing_ran() -> None:
    world = World()
    await world.start(catalog=True)
    world.folder.write("gone")
    world.folder.write("off")
    await quiet(world)
    await world.stop()
    world.folder.delete("gone")
    world.folder.write("off", a_reading(enabled=False), text="2")

    world._compose()
    await world.catalog.load()
    await world.catalog.start()
    looking = asyncio.create_task(world.catalog.first_look())
    await world.until(looking.done)

    assert len(world.timetable) == 0
    await world.stop()


@in_event_loop
async def test_the_first_look_does_not_wait_for_a_long_build() -> None:
    world = World()
    world.environments.may_build.clear()
    await world.start(catalog=True)
    looking = asyncio.create_task(world.catalog.first_look())
    world.folder.write("report")
    await world.until(lambda: bool(world.environments.ensured))

    await world.pass_time(3)

    assert looking.done()
    assert world.catalog.is_preparing
    await world.stop()


@in_event_loop
async def test_a_failed_store_delays_a_change_and_loses_none() -> None:
    world = World()
    async with world.running(catalog=True):
        world.store.failing = {"admit", "retire", "put_tasks"}
        world.folder.write("report")
        world.folder.write("tools", MODULE)
        await world.until(lambda: bool(world.environments.ensured))
        await world.pass_time(5)
        assert world.catalog.counts() == {}

        world.store.failing = set()
        await world.pass_time(1)
        await quiet(world)

        assert world.catalog.counts() == {"active": 1, "module": 1}


@in_event_loop
async def test_changes_are_taken_in_order_while_the_store_fails() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("report")
        await quiet(world)
        world.store.failing = {"retire"}
        world.folder.delete("report")
        await world.pass_time(2)
        newer = world.folder.write("report", text="2")
        await world.pass_time(2)
        world.store.failing = set()
        await world.pass_time(1)
        await quiet(world)

        assert (status(world), in_force(world)) == (TaskStatus.ACTIVE, newer)


@in_event_loop
async def test_a_stop_in_the_middle_of_a_preparation_leaves_nothing_behind() -> None:
    world = World()
    world.environments.may_build.clear()
    await world.start(catalog=True)
    world.folder.write("report")
    await world.until(lambda: bool(world.environments.ensured))
    await world.stop()
    assert not world.catalog.is_preparing

    world.environments.may_build.set()
    await world.restart(catalog=True)
    await quiet(world)

    assert status(world) is TaskStatus.ACTIVE
    await world.stop()


# --- what is owed -----------------------------------------------------------------------------------------


@in_event_loop
async def test_an_instant_its_trigger_no_longer_has_moves_to_the_next_it_has() -> None:
    world = World()
    await world.start(catalog=True)
    world.folder.write("report", a_reading(jobs=(JobDeclaration(function="start", trigger="every 1 hours"),)))
    await quiet(world)
    job = world.timetable.jobs_of("report")[0]
    await world.stop()
    await world.store.reschedule({job.id: NOON + timedelta(minutes=30)})
    await world.clock.advance(2.5 * 3_600)

    world._compose()
    await world.catalog.load()

    assert world.timetable.jobs_of("report")[0].next_run == NOON + timedelta(hours=1)
    assert (await world.store.jobs())[0].next_run == NOON + timedelta(hours=1)


@in_event_loop
async def test_a_zone_this_machine_does_not_know_stops_that_task_alone() -> None:
    world = World()
    await world.admit("report")
    await world.admit("other")
    jobs = [replace(job, timezone="Mars/Base") if job.task_id == "report" else job for job in await world.store.jobs()]
    world.store._jobs = {job.id: job for job in jobs}
    world._compose()

    await world.catalog.load()

    assert (in_force(world), in_force(world, "other") is None) == (None, False)
    assert "Mars/Base" in world.told("task.invalid")[0]


@in_event_loop
async def test_a_version_whose_lock_is_lost_is_prepared_again() -> None:
    world = World()
    await world.admit("report")
    world.store._locks.clear()
    world._compose()

    await world.catalog.load()

    assert in_force(world) is None


# --- one environment for all ------------------------------------------------------------------------------


def environments(world: World) -> dict[str, str]:
    return {
        task_id: admitted.version.environment
        for task_id in sorted(world.register.task_ids())
        if (admitted := world.register.get(task_id)) is not None
    }


@in_event_loop
async def test_shared_mode_moves_all_tasks_when_one_adds_a_package() -> None:
    world = World(shared_environment=True)
    async with world.running(catalog=True):
        world.folder.write("a", a_reading(dependencies=("x",)))
        await quiet(world)
        world.folder.write("b", a_reading(dependencies=("y",), python_version="3.10"))
        await quiet(world)
        both = environments(world)
        world.folder.delete("b")
        await quiet(world)

        assert both == {"a": "env-x+y", "b": "env-x+y"}
        assert environments(world) == {"a": "env-x"}


@in_event_loop
async def test_shared_mode_refuses_what_does_not_fit_and_keeps_the_rest() -> None:
    world = World(shared_environment=True)
    async with world.running(catalog=True):
        world.folder.write("a", a_reading(dependencies=("x",)))
        await quiet(world)
        world.environments.failures["bad"] = UNKNOWN
        world.folder.write("b", a_reading(dependencies=("bad",)))
        world.folder.write("c", a_reading(dependencies=("z",)))
        await quiet(world)

        assert environments(world) == {"a": "env-x+z", "c": "env-x+z"}
        assert status(world, "b") is TaskStatus.INVALID


@in_event_loop
async def test_shared_mode_knows_at_a_restart_what_all_tasks_need() -> None:
    world = World(shared_environment=True)
    await world.start(catalog=True)
    world.folder.write("a", a_reading(dependencies=("x",)))
    world.folder.write("b", a_reading(dependencies=("y",)))
    await quiet(world)
    await world.stop()
    admitted = world.store.writes.count("admit")

    await world.restart(catalog=True)
    await quiet(world)

    assert environments(world) == {"a": "env-x+y", "b": "env-x+y"}
    assert world.store.writes.count("admit") == admitted
    await world.stop()


@in_event_loop
async def test_shared_mode_restarts_without_an_index_as_it_was() -> None:
    world = World(shared_environment=True)
    await world.start(catalog=True)
    world.folder.write("a", a_reading(dependencies=("x",)))
    await quiet(world)
    await world.stop()
    world.environments.failures["x"] = OFFLINE

    await world.restart(catalog=True)
    await quiet(world)

    assert status(world, "a") is TaskStatus.ACTIVE
    assert environments(world) == {"a": "env-x"}
    await world.stop()


@in_event_loop
async def test_shared_mode_counts_a_refused_edit_with_the_needs_of_the_version_in_force() -> None:
    world = World(shared_environment=True)
    async with world.running(catalog=True):
        world.folder.write("a", a_reading(dependencies=("x",)))
        await quiet(world)
        world.folder.write("a", replace(BROKEN), text="2")
        world.folder.write("b", a_reading(dependencies=("y",)))
        await quiet(world)

        assert environments(world)["b"] == "env-x+y"


@in_event_loop
async def test_leaving_shared_mode_gives_each_task_an_environment_of_its_own_again() -> None:
    world = World(shared_environment=True)
    world.folder.packages_of_helpers = {"mail": ("smtp-client",)}
    await world.start(catalog=True)
    world.folder.write("a", a_reading(dependencies=("x",)))
    world.folder.write("b", USER)
    await quiet(world)
    assert set(environments(world).values()) == {"env-smtp-client+x"}
    await world.pass_time(60)
    await world.stop()

    world._shared_environment = False
    await world.restart(catalog=True)
    await quiet(world)
    assert environments(world) == {"a": "env-x", "b": "env-smtp-client"}
    await world.pass_time(60)
    await world.stop()
    world.environments.resolved.clear()

    await world.restart(catalog=True)
    await quiet(world)
    assert world.environments.resolved == []
    assert environments(world) == {"a": "env-x", "b": "env-smtp-client"}
    await world.stop()


@in_event_loop
async def test_shared_mode_names_the_task_that_another_does_not_go_together_with() -> None:
    world = World(shared_environment=True)
    async with world.running(catalog=True):
        world.folder.write("old", a_reading(dependencies=("urllib3<2",)))
        await quiet(world)
        clash = EnvironmentFailed("these packages cannot be installed together: Because ... unsatisfiable")
        world.environments.conflicts[frozenset({"urllib3<2", "urllib3>=2.5"})] = clash
        world.folder.write("new", a_reading(dependencies=("urllib3>=2.5",)))
        await quiet(world)

        (told,) = world.told("task.invalid")
        assert told.startswith(
            "new: tasks/new.py: 'urllib3>=2.5' and 'urllib3<2' of old do not go together: with virtual_env.mode: shared"
        )
        assert environments(world) == {"old": "env-urllib3<2"}


@in_event_loop
async def test_shared_mode_names_the_others_where_packages_clash_below_what_is_asked_for() -> None:
    world = World(shared_environment=True)
    async with world.running(catalog=True):
        world.folder.write("old", a_reading(dependencies=("x",)))
        await quiet(world)
        world.environments.conflicts[frozenset({"x", "y"})] = EnvironmentFailed("x and y want different z")
        world.folder.write("new", a_reading(dependencies=("y",)))
        await quiet(world)

        (told,) = world.told("task.invalid")
        assert told.startswith("new: tasks/new.py: its packages do not go together with those of old: with virtual_env")
        assert told.endswith("(x and y want different z)")


@in_event_loop
async def test_shared_mode_accuses_no_file_where_two_others_do_not_go_together() -> None:
    world = World()
    world.environments.conflicts[frozenset({"z<2", "z>=3"})] = EnvironmentFailed("z<2 and z>=3 exclude each other")
    await world.start(catalog=True)
    world.folder.write("old", a_reading(dependencies=("z<2",)))
    world.folder.write("new", a_reading(dependencies=("z>=3",)))
    world.folder.write("plain", a_reading(dependencies=("x",)))
    await quiet(world)
    await world.stop()
    world._shared_environment = True
    await world.restart(catalog=True)
    await quiet(world)
    world.events.clear()

    world.folder.write("plain", a_reading(dependencies=("x", "y")), text="2")
    await quiet(world)

    told = [message for message in world.told("task.invalid") if message.startswith("plain")]
    assert [message.partition(": with")[0] for message in told] == [
        "plain: tasks/plain.py: this file is not to blame: 'z>=3' of new and 'z<2' of old do not go together"
    ]
    await world.stop()


@in_event_loop
async def test_shared_mode_blames_nobody_else_for_a_package_that_does_not_exist() -> None:
    world = World(shared_environment=True)
    async with world.running(catalog=True):
        world.folder.write("old", a_reading(dependencies=("x",)))
        await quiet(world)
        world.environments.failures["reqests"] = UNKNOWN
        world.folder.write("new", a_reading(dependencies=("reqests",)))
        await quiet(world)

        assert world.told("task.invalid") == [f"new: tasks/new.py: {UNKNOWN}"]
