"""A task that its calendar file keeps from admission: the file is mended, or deleted, while nobody touches the task."""

from __future__ import annotations

from pathlib import Path

import pytest

from task_scheduler.calendars import HolidayCalendars
from task_scheduler.core.tasks import JobDeclaration, TaskReading, TaskStatus
from task_scheduler.ports import Inspection, SourceFile
from task_scheduler.services.catalog import CALENDAR_INTERVAL
from task_scheduler.testing.fakes import a_reading
from task_scheduler.testing.loops import in_event_loop
from task_scheduler.watcher.reader import TaskFileReader
from tests.unit.services.world import World

DAILY = JobDeclaration(function="start", trigger="every day at 10:30 calendar closed.txt skip", line=5)
COUNTRY = JobDeclaration(function="start", trigger="every day at 10:30 calendar XX skip", line=5)
#: What schedules.md promises, in seconds.
FOLLOWED_WITHIN = 10
BROKEN = "report: tasks/report.py:5: closed.txt:1: there is no date 2027-13-01"
GONE = (
    "report: tasks/report.py:5: calendar 'closed.txt' cannot be read: No such file or directory; "
    "its path is counted from the project folder"
)


class Here:
    """A world with the calendar files of a folder, and a task that observes one."""

    def __init__(self, folder: Path, job: JobDeclaration = DAILY, *, computed: bool = False) -> None:
        self.file = folder / "closed.txt"
        self.world = World(calendars=HolidayCalendars(folder))
        self._reader = TaskFileReader(root=folder, helpers=folder, calendars=HolidayCalendars(folder))
        self._job = job
        self._computed = computed
        self.world.folder.read = self._read  # type: ignore[method-assign]
        if computed:
            self.world.environments.inspections["report"] = Inspection(jobs=(job,))

    def _read(self, source: SourceFile) -> TaskReading:
        self.world.folder.read_ids.append(source.task_id)
        if self._computed:
            return a_reading(computed=True, jobs=())
        problems = tuple(self._reader.judge_jobs([self._job], path=source.path, saved_at=None))
        return a_reading(jobs=(self._job,), problems=problems)

    async def drop(self) -> None:
        self.world.folder.write("report")
        await self._rest()

    async def passes(self, seconds: float) -> None:
        await self.world.pass_time(seconds)
        await self._rest()

    async def _rest(self) -> None:
        await self.world.clock.settle()
        await self.world.until(lambda: not self.world.catalog.is_preparing and self.world.catalog._changes.empty())

    def status(self) -> TaskStatus:
        record = self.world.catalog.status_of("report")
        assert record is not None
        return record.status

    def looks(self) -> int:
        return len(self.world.folder.read_ids)

    def writes(self) -> int:
        return self.world.store.writes.count("put_tasks")


@pytest.mark.parametrize("computed", [False, True])
def test_a_calendar_that_is_mended_later_admits_the_task(tmp_path: Path, computed: bool) -> None:
    @in_event_loop
    async def scenario() -> None:
        here = Here(tmp_path, computed=computed)
        here.file.write_text("2027-13-01\n", encoding="utf-8")
        async with here.world.running(catalog=True):
            await here.drop()
            assert here.world.told("task.invalid") == [BROKEN]
            written, looks = here.writes(), here.looks()
            await here.passes(FOLLOWED_WITHIN)
            await here.world.until(lambda: here.looks() > looks)
            await here.passes(FOLLOWED_WITHIN)
            assert (here.status(), here.writes()) == (TaskStatus.INVALID, written), "a look writes nothing"

            here.file.write_text("2027-01-01\n", encoding="utf-8")
            await here.passes(FOLLOWED_WITHIN)
            await here.world.until(lambda: here.status() is TaskStatus.ACTIVE)

            record = here.world.catalog.status_of("report")
            assert record is not None
            assert record.problems == ()
            assert here.world.told("task.invalid") == [BROKEN]

    scenario()


@pytest.mark.parametrize("computed", [False, True])
def test_the_reason_is_the_one_that_holds_now(tmp_path: Path, computed: bool) -> None:
    @in_event_loop
    async def scenario() -> None:
        here = Here(tmp_path, computed=computed)
        here.file.write_text("2027-13-01\n", encoding="utf-8")
        async with here.world.running(catalog=True):
            await here.drop()
            here.file.unlink()
            await here.passes(FOLLOWED_WITHIN)
            await here.world.until(lambda: here.world.told("task.invalid") == [BROKEN, GONE])

            here.file.write_text("2027-01-01\n", encoding="utf-8")
            await here.passes(FOLLOWED_WITHIN)
            await here.world.until(lambda: here.status() is TaskStatus.ACTIVE)

    scenario()


@in_event_loop
async def test_an_edit_meanwhile_takes_the_place_of_what_waits() -> None:
    here = Here(Path("nowhere"))
    async with here.world.running(catalog=True):
        await here.drop()
        here._job = JobDeclaration(function="start", trigger="every hour")
        here.world.folder.write("report", text="2")
        await here.passes(0)
        assert here.status() is TaskStatus.ACTIVE
        looks = here.looks()

        await here.passes(4 * CALENDAR_INTERVAL)

        assert here.looks() == looks


@in_event_loop
async def test_a_country_that_is_none_is_not_looked_at_again() -> None:
    here = Here(Path("nowhere"), COUNTRY)
    async with here.world.running(catalog=True):
        await here.drop()
        looks = here.looks()

        await here.passes(4 * CALENDAR_INTERVAL)

        assert (here.status(), here.looks()) == (TaskStatus.INVALID, looks)
