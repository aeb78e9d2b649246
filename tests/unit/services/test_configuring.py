"""Settings that change while the services work: what is under way goes on as it began, what follows obeys."""

from __future__ import annotations

from datetime import timedelta

from task_scheduler.core.errors import Problem
from task_scheduler.core.policies import MisfirePolicy, RetentionPolicy
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Missed, TaskStatus
from task_scheduler.services.custody import Custody
from task_scheduler.services.runner import RunnerLimits
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.fakes import FakeEnvironments, FakeOutputs, a_reading
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.test_caretakers import OldRuns, a_janitor
from tests.unit.services.world import World

BROKEN = a_reading(problems=(Problem(path="tasks/report.py", line=4, message="unknown key 'evry'"),))


def limits(places: int, **others: object) -> RunnerLimits:
    return RunnerLimits(**{"max_concurrent": places, "kill_grace": 5.0, "output_limit": 1_000, **others})  # type: ignore[arg-type]


async def request(world: World, *names: str) -> None:
    for name in names:
        await world.admit(name, jobs=())
        await world.runner.request(name, None, f"request of {name}")
    await world.pass_time(0)


async def quiet(world: World) -> None:
    """Wait until every change was taken and nothing is being prepared."""
    await world.clock.settle()
    await world.until(lambda: not world.catalog.is_preparing and world.catalog._changes.empty())


# --- places -----------------------------------------------------------------------------------------------


@in_event_loop
async def test_with_fewer_places_nothing_starts_until_fewer_execute() -> None:
    world = World(max_concurrent=3)
    async with world.running():
        await request(world, "a", "b", "c", "d")

        world.runner.configure(limits(1))
        executing = [len(world.executor.launched)]
        for _ in range(3):
            world.executor.begin()
            world.executor.finish()
            await world.pass_time(0)
            executing.append(len(world.executor.launched))

        assert executing == [3, 3, 3, 4]


@in_event_loop
async def test_more_places_are_given_away_at_once() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await request(world, "a", "b", "c")
        before = len(world.executor.launched)

        world.runner.configure(limits(3))
        await world.pass_time(0)

        assert (before, len(world.executor.launched)) == (1, 3)


@in_event_loop
async def test_later_attempts_have_the_new_grace_output_limit_and_level() -> None:
    world = World()
    async with world.running():
        await request(world, "a")
        world.runner.configure(limits(10, kill_grace=1.0, output_limit=7, log_level="ERROR"))
        await request(world, "b")

        told = [(asked.kill_grace, asked.output_limit, asked.log_level) for asked in world.executor.launched]
        assert told == [(5.0, 1_000, "INFO"), (1.0, 7, "ERROR")]


# --- the plan ---------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_shorter_loop_interval_ends_the_sleep_that_is_under_way() -> None:
    world = World(loop_interval=3_600)
    async with world.running():
        looks = 0
        before = world.runner.look_again

        def look() -> None:
            nonlocal looks
            looks += 1
            before()

        world.runner.look_again = look  # type: ignore[method-assign]
        await world.pass_time(20)
        idle = looks
        await world.scheduler.configure(policy=MisfirePolicy(), loop_interval=1)
        await world.pass_time(10)

        assert idle == 0
        assert looks >= 10


@in_event_loop
async def test_slots_that_are_missed_later_are_judged_by_the_policy_of_then() -> None:
    world = World(policy=MisfirePolicy(missed=Missed.ONCE))
    async with world.running():
        await world.admit()
        await world.scheduler.configure(policy=MisfirePolicy(missed=Missed.SKIP), loop_interval=1)

        world.clock.suspend(3_600)
        await world.pass_time(2)

        assert RunState.MISSED in await world.states()


@in_event_loop
async def test_no_slot_is_lost_or_doubled_by_changes_at_any_moment() -> None:
    world = World()
    world.executor.automatic = True
    async with world.running():
        await world.admit()
        for number in range(40):
            await world.pass_time(7.3)
            policy = MisfirePolicy(missed=[Missed.ONCE, Missed.ALL, Missed.SKIP][number % 3])
            await world.scheduler.configure(policy=policy, loop_interval=0.1 + number % 5)
            world.runner.configure(limits(1 + number % 3))

        slots = [run.scheduled_for for run in await world.runs()]
        assert len(slots) == len(set(slots)) == int(40 * 7.3 // 60)


# --- files ------------------------------------------------------------------------------------------------


@in_event_loop
async def test_edits_that_waited_for_a_start_come_into_force_with_reload_on_change() -> None:
    world = World(reload_on_change=False)
    async with world.running(catalog=True):
        world.folder.write("report")
        await quiet(world)
        newer = world.folder.write("report", text="2")
        await quiet(world)

        await world.catalog.configure(stop_on_invalid=False, reload_on_change=True, look_anew=False)
        await quiet(world)

        admitted = world.register.get("report")
        assert admitted is not None
        assert admitted.version.digest == newer


@in_event_loop
async def test_a_file_that_is_broken_already_stops_its_task_when_broken_ones_are_to_stop() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("report")
        await quiet(world)
        world.folder.write("report", BROKEN, text="2")
        await quiet(world)
        kept = world.register.get("report")

        await world.catalog.configure(stop_on_invalid=True, reload_on_change=True, look_anew=False)
        await quiet(world)

        record = world.catalog.status_of("report")
        assert kept is not None
        assert world.register.get("report") is None
        assert record is not None
        assert record.status is TaskStatus.INVALID


@in_event_loop
async def test_files_are_looked_at_anew_only_where_that_can_change_anything() -> None:
    world = World()
    async with world.running(catalog=True):
        world.folder.write("report")
        await quiet(world)
        told = len(world.events)

        await world.catalog.configure(stop_on_invalid=False, reload_on_change=True, look_anew=False)
        await world.catalog.configure(stop_on_invalid=False, reload_on_change=True, look_anew=True)
        await quiet(world)

        assert len(world.events) == told
        assert world.register.get("report") is not None


@in_event_loop
async def test_a_catalog_that_does_not_work_yet_only_takes_note() -> None:
    world = World(reload_on_change=False)

    await world.catalog.configure(stop_on_invalid=True, reload_on_change=True, look_anew=True)
    world.folder.write("report")

    assert not world.catalog.is_running
    assert world.register.get("report") is None


# --- caretakers -------------------------------------------------------------------------------------------


@in_event_loop
async def test_the_janitor_keeps_by_the_new_policy() -> None:
    asked: list[RetentionPolicy] = []
    store = OldRuns([])
    prune = store.prune

    async def note(policy: RetentionPolicy, now: object, limit: int) -> object:
        asked.append(policy)
        return await prune(policy, now, limit)  # type: ignore[arg-type]

    store.prune = note  # type: ignore[method-assign,assignment]
    janitor = a_janitor(store, clock=FakeClock(), outputs=FakeOutputs(), environments=FakeEnvironments(), events=[])

    janitor.configure(policy=RetentionPolicy(age=timedelta(days=1), runs_per_task=3))
    await janitor.prune()

    assert asked == [RetentionPolicy(age=timedelta(days=1), runs_per_task=3)]


@in_event_loop
async def test_custody_looks_at_the_new_interval() -> None:
    clock, looks = FakeClock(), []

    def check() -> str | None:
        looks.append(clock.monotonic())
        return None

    custody = Custody(checks=[check], end=lambda _: None, clock=clock, interval=3_600, publish=lambda _: None)
    await custody.start()
    await clock.advance(100)
    custody.configure(interval=10)
    await clock.advance(30)
    await custody.stop()

    assert [moment - 1_000 for moment in looks] == [100, 110, 120, 130]
