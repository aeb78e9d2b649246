"""When a calendar changes, breaks, vanishes and is mended: what its jobs are due at, and what a person hears of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from task_scheduler.calendars import HolidayCalendars
from task_scheduler.core.errors import TriggerError
from task_scheduler.core.events import Level
from task_scheduler.core.runs import RunState
from task_scheduler.core.triggers import Calendar
from task_scheduler.services.calendar_keeper import INTERVAL, CalendarKeeper
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

DAILY = a_job_declaration(trigger="every day at 10:30 calendar closed.txt skip")
PLAIN = a_job_declaration(trigger="every day at 10:30", function="other")
BROKEN = "closed.txt:1: this is no date"


class _Days:
    """A calendar of some days of March 2026."""

    weekend = frozenset({5, 6})

    def __init__(self, days: Collection[int]) -> None:
        self.days = frozenset((date(2026, 3, day) - date(1970, 1, 1)).days for day in days)

    def days_off(self, year: int) -> frozenset[int]:
        return self.days if year == 2026 else frozenset()

    def names(self, day: int) -> str:
        return ""


class Calendars:
    """Calendars as a test wants them."""

    def __init__(self) -> None:
        self.fault = ""
        self._stamp = ""
        self.say()

    def say(self, *days: int) -> None:
        """Have closed.txt be these days."""
        self._calendar, self._stamp, self.fault = _Days(days), str(days), ""

    def holidays(self, name: str) -> Calendar:
        self._check(name)
        return self._calendar

    def stamp(self, name: str) -> str:
        self._check(name)
        return self._stamp

    def _check(self, name: str) -> None:
        assert name == "closed.txt"
        if self.fault:
            raise TriggerError(self.fault)


def keeper_of(world: World, calendars: Calendars | HolidayCalendars) -> CalendarKeeper:
    return CalendarKeeper(
        stamp_of=calendars.stamp,
        timetable=world.timetable,
        catalogue=world.store,
        history=world.store,
        state=world.store,
        turn=world.scheduler.turn,
        generation=lambda: world.scheduler.generation,
        on_change=world.scheduler.wake,
        clock=world.clock,
        patience=world.patience,
        publish=world.events.append,
    )


class Observed:
    """A world whose task `report` observes closed.txt, and the keeper of that, which looks when told."""

    def __init__(self) -> None:
        self.calendars = Calendars()
        self.world = World(calendars=self.calendars, loop_interval=600)
        self.world.executor.automatic = True
        self.keeper = keeper_of(self.world, self.calendars)

    async def look(self) -> list[str]:
        """Have a change seen and found to be settled; return what is told of calendars."""
        self.world.events.clear()
        await self.keeper.look()
        await self.keeper.look()
        told = [event for event in self.world.events if event.name.startswith("calendars.")]
        return [f"{event.name}: {event.message}" for event in told]

    async def next_run(self) -> datetime | None:
        """Return what the job that observes owes next, which record and timetable agree on."""
        job = next(job for job in await self.world.store.jobs() if "calendar" in job.trigger)
        assert self.world.timetable.job(job.id) == job
        return job.next_run


def on(day: int) -> datetime:
    """Return when the job is due on a day of March."""
    return datetime(2026, 3, day, 10, 30, tzinfo=UTC)


CHANGED = "calendars.changed: calendar closed.txt has changed: 1 job that observes it is planned anew, from now"
INVALID = f"calendars.invalid: {BROKEN}; 1 job that observes it is going on with what it said before"


@in_event_loop
async def test_another_calendar_plans_its_jobs_from_now_and_no_others() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY, PLAIN])
        assert await here.look() == []
        assert await here.next_run() == on(2)

        here.calendars.say(2, 3)

        assert await here.look() == [CHANGED]
        assert await here.next_run() == on(4)
        assert [job.next_run for job in await here.world.store.jobs() if "calendar" not in job.trigger] == [on(2)]

        here.calendars.say(3)

        assert await here.look() == [CHANGED]
        assert await here.next_run() == on(2), "a day that is free no more is planned, too"
        assert await here.look() == []


@in_event_loop
async def test_the_history_stays_and_the_new_plan_is_what_runs() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY])
        await here.look()
        await here.world.pass_time(24 * 3_600)
        here.calendars.say(3)
        await here.look()
        await here.world.pass_time(3 * 24 * 3_600)

        runs = await here.world.runs()

    assert [run.scheduled_for for run in runs] == [on(2), on(4), on(5)]
    assert {run.state for run in runs} == {RunState.SUCCEEDED}
    assert len({run.job_id for run in runs}) == 1


@in_event_loop
async def test_a_change_counts_once_it_stands_still() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY])
        await here.look()

        here.calendars.say(2)
        await here.keeper.look()
        here.calendars.say(2, 3)
        await here.keeper.look()

        assert await here.next_run() == on(2)


@in_event_loop
async def test_a_calendar_that_breaks_holds_on_is_told_once_and_so_is_its_mending() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY])
        here.calendars.say(2)
        await here.look()
        here.calendars.fault = BROKEN

        assert await here.look() == [INVALID]
        assert here.world.events[-1].level is Level.ERROR
        assert here.keeper.trouble() == [BROKEN]
        assert await here.look() == []
        assert await here.next_run() == on(3)

        here.calendars.say(2)

        assert await here.look() == [CHANGED]
        assert here.keeper.trouble() == []
        assert await here.next_run() == on(3)


@in_event_loop
async def test_a_broken_calendar_that_nobody_observes_any_more_is_no_trouble() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY])
        here.calendars.fault = BROKEN
        await here.look()

        await here.world.retire()

        assert await here.look() == []
        assert here.keeper.trouble() == []


@in_event_loop
async def test_a_calendar_that_leaves_a_job_no_day_is_not_followed() -> None:
    here = Observed()
    once = a_job_declaration(trigger="once at 2026-03-02 10:30 calendar closed.txt skip")
    async with here.world.running():
        await here.world.admit(jobs=[once])
        await here.look()

        here.calendars.say(2)

        (told,) = await here.look()
        assert told.startswith("calendars.invalid: ")
        assert "never fires" in told
        assert await here.look() == []
        assert await here.next_run() == on(2)

        here.calendars.say(3)
        assert await here.look() == [CHANGED]
        assert await here.next_run() == on(2)


@pytest.mark.slow
@in_event_loop
async def test_what_a_job_owes_is_put_on_record_before_it_is_planned_anew() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY])
        await here.look()
        here.world.store.failing = {"claim"}
        await here.world.pass_time(24 * 3_600)
        here.calendars.say(2, 3)

        assert await here.look() == []
        assert await here.next_run() == on(2)

        here.world.store.failing = set()
        await here.world.pass_time(2)
        assert [run.scheduled_for for run in await here.world.runs()] == [on(2)]
        assert await here.look() == [CHANGED]
        assert await here.next_run() == on(4)


@in_event_loop
async def test_a_slot_claimed_ahead_is_not_due_once_more() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY])
        await here.look()
        await here.world.pass_time((on(2) - NOON - timedelta(milliseconds=300)).total_seconds())
        assert await here.next_run() == on(3)

        here.calendars.say(4)
        await here.look()

        assert await here.next_run() == on(3)
        await here.world.pass_time(24 * 3_600 + 60)
        assert [run.scheduled_for for run in await here.world.runs()] == [on(2), on(3)]


@in_event_loop
async def test_a_change_while_no_scheduler_was_there_is_followed_at_the_start() -> None:
    here = Observed()
    await here.world.start()
    await here.world.admit(jobs=[DAILY])
    here.calendars.say(2)
    await here.look()
    await here.world.stop()
    here.calendars.say(5)
    await here.world.restart()
    here.keeper = keeper_of(here.world, here.calendars)
    assert await here.next_run() == on(3)

    assert await here.look() == [CHANGED]
    assert await here.next_run() == on(2)
    await here.world.stop()


@in_event_loop
async def test_a_change_right_after_the_first_plan_is_told_too() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY])

        here.calendars.say(2)

        assert await here.look() == [CHANGED]
        assert await here.next_run() == on(3)


@in_event_loop
async def test_a_record_that_cannot_be_written_delays_the_change() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY])
        await here.look()
        here.calendars.say(2)
        await here.keeper.look()
        here.world.store.failing = {"put"}
        await here.keeper.start()
        await here.world.until(lambda: here.world.patience.trouble is not None)

        here.world.store.failing = set()
        await here.world.pass_time(2)
        await here.world.until(lambda: here.world.told("calendars.changed") != [])
        await here.keeper.stop()

        assert await here.next_run() == on(3)


def _write(file: Path, text: str) -> None:
    """Have a file be another one by the clock of the file system, too."""
    before = file.stat().st_mtime_ns
    file.write_text(text, encoding="utf-8")
    while file.stat().st_mtime_ns == before:
        file.touch()


@pytest.mark.parametrize("is_gone", [False, True])
def test_what_a_real_file_said_last_holds_on_over_a_restart(tmp_path: Path, *, is_gone: bool) -> None:
    file = tmp_path / "closed.txt"
    file.write_text("2026-03-05\n", encoding="utf-8")

    @in_event_loop
    async def scenario() -> None:
        def calendars() -> HolidayCalendars:
            return HolidayCalendars(tmp_path, copies=tmp_path / "data" / "calendars")

        files = calendars()
        world = World(calendars=files, loop_interval=600)
        async with world.running():
            await world.admit(jobs=[DAILY])
            keeper = keeper_of(world, files)
            _write(file, "2026-03-02\n2026-03-03\n")
            await keeper.look()
            await keeper.look()
            assert [job.next_run for job in await world.store.jobs()] == [on(4)]

            if is_gone:
                file.unlink()
            else:
                _write(file, "no date\n")
            await keeper.look()
            await keeper.look()
            assert len(keeper.trouble()) == 1
            assert [job.next_run for job in await world.store.jobs()] == [on(4)]

        restarted = World(calendars=calendars())
        trigger = restarted.timetable.trigger_of(DAILY.trigger, None)
        assert trigger.next_after(NOON) == on(4)
        with pytest.raises(TriggerError):
            HolidayCalendars(tmp_path).holidays("closed.txt")

    scenario()


@in_event_loop
async def test_it_looks_by_itself_and_soon_enough() -> None:
    here = Observed()
    async with here.world.running():
        await here.world.admit(jobs=[DAILY])
        await here.look()
        here.calendars.say(2)
        await here.world.clock.settle()
        others, began = here.world.clock.sleepers, here.world.clock.now()
        await here.keeper.start()
        while not here.world.told("calendars.changed"):
            await here.world.pass_time(INTERVAL)
            # Its looks are made in a thread; it sleeps in between.
            await here.world.until(lambda: here.world.clock.sleepers > others)
            assert here.world.clock.now() - began <= timedelta(seconds=10)
        await here.keeper.stop()

        assert await here.next_run() == on(3)
