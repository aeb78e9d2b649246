"""`why` and `calendar` on a real database: every outcome, the sum, time changes, with a scheduler and without one."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.cli.arguments import VERBS, read
from task_scheduler.cli.door import LEFT, NEVER, ProjectDoor
from task_scheduler.cli.terminal import Terminal
from task_scheduler.clock import SystemClock
from task_scheduler.control.address import socket_path
from task_scheduler.control.answers import Control
from task_scheduler.control.server import ControlServer
from task_scheduler.core.clocks import LAST_SEEN, OUTAGES, add_gap, outage
from task_scheduler.core.errors import Refused, UnknownTask
from task_scheduler.core.outcomes import Cancelled, Missed, Skipped
from task_scheduler.core.runs import Run
from task_scheduler.core.tasks import Job, TaskStatus
from task_scheduler.process.heartbeat import HEARTBEAT, Heartbeat, Phase
from task_scheduler.process.presence import PID_FILE
from task_scheduler.project import Project, locate_project
from task_scheduler.record import Record
from task_scheduler.services.accounts import Accounts
from task_scheduler.services.month import MonthOverview
from task_scheduler.services.overview import Overview
from task_scheduler.services.timetable import Timetable
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import (
    a_failure,
    a_job_declaration,
    a_slot,
    a_start,
    a_task,
    a_version,
    admit_task,
    an_admission,
    an_attempt_claim,
    an_end,
)
from task_scheduler.testing.clock import FakeClock
from tests.unit.core.triggers.days_off import CALENDARS

BERLIN = ZoneInfo("Europe/Berlin")
#: Midnight in Berlin of a day of 24 hours, long ago for every clock these tests are read by.
DAY = datetime(2026, 3, 2, 23, tzinfo=UTC)
#: What a scenario makes of a store.
Scenario = Callable[[SqliteStore], Coroutine[Any, Any, Any]]


def at(minutes: float, day: datetime = DAY) -> datetime:
    return day + timedelta(minutes=minutes)


def a_project(folder: Path) -> Project:
    (folder / "config").mkdir()
    (folder / "config" / "config.yaml").write_text("scheduler:\n  timezone: Europe/Berlin\n")
    (folder / "data").mkdir()
    return locate_project(config=None, root=str(folder), default_root=folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return a_project(tmp_path)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with every outcome on record, for those who only ask."""
    project = a_project(tmp_path_factory.mktemp("full"))
    on_a_record(project, all_outcomes)
    return project


@contextmanager
def opened(project: Project) -> Iterator[SqliteStore]:
    data = project.root / "data"
    with SqliteStore.open(
        data / "scheduler.db", clock=FakeClock(), sources=data / "sources", backups=data / "backups"
    ) as store:
        yield store


def clock_at(moment: datetime) -> FakeClock:
    return FakeClock(now=moment)


def accounts(store: SqliteStore, now: datetime, *, suspended: str | None = None, alive: bool = False) -> Accounts:
    return Accounts(
        record=store,
        clock=clock_at(now),
        zone=BERLIN,
        read_trigger=Timetable(zone=BERLIN, calendars=CALENDARS).trigger_of,
        is_alive=alive,
        calendars=CALENDARS,
        suspended=lambda: suspended,
    )


def month(store: SqliteStore, now: datetime) -> MonthOverview:
    return MonthOverview(
        record=store,
        clock=clock_at(now),
        zone=BERLIN,
        read_trigger=Timetable(zone=BERLIN, calendars=CALENDARS).trigger_of,
        calendars=CALENDARS,
    )


def on_a_record(project: Project, scenario: Scenario) -> Any:
    """Return what a scenario does with the record of a project."""

    async def run(store: SqliteStore) -> Any:
        return await scenario(store)

    with opened(project) as store:
        return asyncio.run(run(store))


def asked(project: Project, question: Scenario) -> Any:
    """Return what a question to the record of a project answers."""

    async def run(store: SqliteStore) -> Any:
        return await question(store)

    with SqliteStore.open_reader(project.root / "data" / "scheduler.db") as store:
        return asyncio.run(run(store))


async def ran(store: SqliteStore, runs: Sequence[Run], *, ends: Callable[..., Any] = an_end) -> None:
    """Have runs begin on time and end at once."""
    attempts = await store.begin([(run.id, an_attempt_claim()) for run in runs])
    moments = [run.scheduled_for or DAY for run in runs]
    await store.started(
        [
            a_start(attempt.id, started_at=moment + timedelta(milliseconds=12))
            for attempt, moment in zip(attempts, moments, strict=True)
        ]
    )
    await store.finish(
        [ends(attempt.id, at=moment + timedelta(seconds=4)) for attempt, moment in zip(attempts, moments, strict=True)]
    )


async def all_outcomes(store: SqliteStore) -> Job:
    """Put a day of a job of every 30 minutes on record up to 09:00, in each of the ways a slot can end."""
    (job,) = await admit_task(store, jobs=(a_job_declaration(trigger="every 30 minutes"),), next_run=at(0))
    claims = [
        a_slot(job, scheduled_for=at(0), created_at=at(0)),
        a_slot(job, scheduled_for=at(30), created_at=at(30)),
        a_slot(job, scheduled_for=at(60), created_at=at(60)),
        a_slot(job, scheduled_for=at(90), created_at=at(300), outcome=Missed("too old"), count=3, range_end=at(150)),
        a_slot(job, scheduled_for=at(270), created_at=at(300), merged=3, merged_from=at(180)),
        a_slot(job, scheduled_for=at(300), created_at=at(300)),
        a_slot(job, scheduled_for=at(330), created_at=at(330)),
        a_slot(job, scheduled_for=at(360), created_at=at(360)),
        a_slot(job, scheduled_for=at(390), created_at=at(390)),
    ]
    runs = await store.claim(claims, {job.id: at(420)})
    first, failing, skipped, late, cancelled, paused, _waiting, last = runs
    await ran(store, [first, late, last])
    await ran(store, [failing], ends=a_failure)
    await store.resolve([skipped.id], Skipped("overlap: run 2 of it is still at work"), at(60))
    await store.resolve([cancelled.id], Cancelled("stopped by hand"), at(301))
    await store.pause(paused.id, at(331))
    return job


def say(project: Project, line: str, *, now: datetime, width: int | None = 80) -> tuple[int, list[str], str]:
    """Return the exit code of a command, the lines of its data, and what it said beside them."""
    out, err = StringIO(), StringIO()
    terminal = Terminal(out=out, err=err, now=lambda: now, pause=lambda _: None, width=width, zone=BERLIN)
    options = read(line.split())
    with closing(ProjectDoor(project=project, note=terminal.note)) as door:
        code = VERBS[options.verb].execute(options, door, terminal)
    return code, out.getvalue().splitlines(), err.getvalue()


class TestADay:
    def test_every_slot_is_told_with_what_became_of_it_and_the_sum_adds_up(self, full: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            return await accounts(store, at(440)).why("report")

        told = asked(full, scenario)

        [job] = told["jobs"]
        lines = [(line["local_first"][11:16], line["fate"], line["run"]) for line in job["lines"][:15]]
        assert lines == [
            ("00:00", "ran", 1),
            ("00:30", "ran", 2),
            ("01:00", "skipped", 3),
            ("01:30", "missed", 4),
            ("02:00", "missed", 4),
            ("02:30", "missed", 4),
            ("03:00", "merged", 5),
            ("03:30", "merged", 5),
            ("04:00", "merged", 5),
            ("04:30", "ran", 5),
            ("05:00", "not_begun", 6),
            ("05:30", "paused", 7),
            ("06:00", "waiting", 8),
            ("06:30", "ran", 9),
            ("07:00", "waiting", None),
        ]
        assert job["counts"] == {
            "ran": 4,
            "merged": 3,
            "skipped": 1,
            "missed": 3,
            "not_begun": 1,
            "paused": 1,
            "waiting": 2,
            "unaccounted": 0,
            "not_in_force": 0,
            "coming": 33,
        }
        assert job["expected"] == sum(job["counts"].values()) - 33 == 15
        assert job["states"] == {"succeeded": 3, "failed": 1}
        assert (job["day"], job["hours"], job["balanced"], told["balanced"]) == ("2026-03-03", 24.0, True, True)
        assert told["scheduler"] is False

    def test_a_slot_that_was_lost_is_told_and_the_exit_code_is_1(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> None:
            (job,) = await admit_task(store, jobs=(a_job_declaration(trigger="every 6 hours"),), next_run=at(0))
            runs = await store.claim([a_slot(job, scheduled_for=at(n)) for n in (0, 720, 1080)], {job.id: at(1440)})
            await ran(store, runs)

        on_a_record(project, scenario)

        code, lines, beside = say(project, "why report --day 2026-03-03", now=at(1500))

        assert code == 1
        assert [line.rstrip() for line in lines] == [
            "report: every 6 hours (Europe/Berlin), Tuesday, 2026-03-03",
            "SLOT      OUTCOME    RUN   LATE  BECAUSE",
            "00:00:00  succeeded    1  12 ms",
            "06:00:00  no record    -      -  the schedule has it, and no row stands for it",
            "12:00:00  succeeded    2  12 ms",
            "18:00:00  succeeded    3  12 ms",
            "expected 4 ≠ 3 ran",
            "this does not add up: 1 slot without any row",
        ]
        assert beside.strip() == LEFT

    @pytest.mark.parametrize(
        ("day", "begin", "hours", "changed"),
        [
            ("2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), 23, ["01:00:00 +01:00", "03:00:00 +02:00"]),
            (
                "2026-10-25",
                datetime(2026, 10, 24, 22, tzinfo=UTC),
                25,
                ["02:00:00 +02:00", "02:00:00 +01:00", "03:00:00 +01:00"],
            ),
        ],
    )
    def test_on_a_day_of_a_time_change_every_real_hour_is_expected(
        self, project: Project, day: str, begin: datetime, hours: int, changed: list[str]
    ) -> None:
        async def scenario(store: SqliteStore) -> None:
            (job,) = await admit_task(store, jobs=(a_job_declaration(trigger="every 1 hour"),), next_run=begin)
            claims = [a_slot(job, scheduled_for=at(60 * n, begin)) for n in range(-1, hours + 2)]
            await ran(store, await store.claim(claims, {job.id: datetime(2200, 1, 1, tzinfo=UTC)}))

        on_a_record(project, scenario)

        code, lines, _ = say(project, f"why report --day {day}", now=at(0, begin) + timedelta(days=2))

        assert code == 0
        assert lines[1] == f"a day of {hours} hours: the clock changes"
        assert lines[-1] == f"expected {hours} = {hours} ran"
        slots = [line.partition("  ")[0] for line in lines]
        place = slots.index(changed[0])
        assert slots[place : place + len(changed)] == changed

    def test_a_job_that_has_changed_answers_for_its_own_time_beside_the_new_one(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            (old,) = await admit_task(store, jobs=(a_job_declaration(trigger="every 30 minutes"),), next_run=at(0))
            await ran(store, await store.claim([a_slot(old, scheduled_for=at(n)) for n in (0, 30, 60)], {}))
            (new,) = await admit_task(
                store, source=b"y = 1\n", jobs=(a_job_declaration(trigger="every 1 hour"),), next_run=at(120)
            )
            await ran(store, await store.claim([a_slot(new, scheduled_for=at(120))], {new.id: at(180)}))
            return await accounts(store, at(130)).why("report")

        told = on_a_record(project, scenario)

        jobs = {job["trigger"]: job for job in told["jobs"]}
        old, new = jobs["every 30 minutes"], jobs["every 1 hour"]
        assert (old["active"], old["expected"], old["counts"]["ran"], old["counts"]["coming"]) == (False, 3, 3, 0)
        assert old["local_until"] == "2026-03-03T01:00:00+01:00"
        assert (new["active"], new["expected"], new["counts"]["ran"], new["counts"]["coming"]) == (True, 1, 1, 21)
        assert told["balanced"]

    def test_a_time_out_of_force_is_told_and_not_expected(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            declared = (a_job_declaration(trigger="every 1 hour"),)
            (job,) = await admit_task(store, jobs=declared, next_run=at(0))
            await ran(store, await store.claim([a_slot(job, scheduled_for=at(0))], {job.id: at(60)}))
            await store.retire([a_task(status=TaskStatus.DISABLED, version=None)])
            off = await accounts(store, at(290)).why("report")
            again = an_admission(version=a_version(admitted_at=at(290)), jobs=declared, next_runs=[at(300)])
            [[job]] = await store.admit([again])
            await ran(store, await store.claim([a_slot(job, scheduled_for=at(300))], {job.id: at(360)}))
            return off, await accounts(store, at(310)).why("report")

        off, again = on_a_record(project, scenario)

        assert off["remarks"] == ["report is disabled (enabled: false); since then it has no slots"]
        assert [line["fate"] for line in off["jobs"][0]["lines"]] == ["ran"]
        assert [line["fate"] for line in again["jobs"][0]["lines"][:6]] == ["ran", *["not_in_force"] * 4, "ran"]
        assert (again["jobs"][0]["expected"], off["balanced"], again["balanced"]) == (2, True, True)

    def test_a_suspended_folder_and_a_task_that_was_never_scheduled_are_told(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            await admit_task(store)
            await admit_task(store, "by-hand", jobs=())
            await store.put_tasks([a_task("broken", status=TaskStatus.INVALID, version=None)])
            suspended = await accounts(store, at(0), suspended="the folder of tasks is gone").why("report")
            return (
                suspended,
                await accounts(store, at(0)).why("by-hand"),
                await accounts(store, at(0)).why("broken", at="02:30"),
            )

        suspended, by_hand, broken = on_a_record(project, scenario)

        assert (broken["remarks"], broken["nearest"]) == (["broken has no version in force"], [])
        assert suspended["remarks"] == ["the folder of tasks is gone"]
        assert by_hand["remarks"] == ["by-hand has no schedule: it runs by `start` alone"]
        assert (by_hand["jobs"], by_hand["balanced"]) == ([], True)

    def test_a_task_that_starts_itself_is_told(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            await admit_task(store)
            return await Accounts(
                record=store,
                clock=clock_at(at(0)),
                zone=BERLIN,
                read_trigger=Timetable(zone=BERLIN, calendars=CALENDARS).trigger_of,
                is_alive=True,
                endless=lambda task: [f"{task} starts itself"],
            ).why("report")

        assert on_a_record(project, scenario)["remarks"] == ["report starts itself"]

    def test_a_schedule_that_cannot_be_read_any_more_is_listed_without_a_sum(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> None:
            (job,) = await admit_task(store, jobs=(a_job_declaration(timezone="Mars/Base"),), next_run=at(0))
            await ran(store, await store.claim([a_slot(job, scheduled_for=at(0))], {job.id: at(5)}))

        on_a_record(project, scenario)

        code, lines, _ = say(project, "why report --day 2026-03-03", now=at(60), width=None)

        assert code == 0
        assert lines[2].startswith("00:00:00  succeeded    1")
        assert lines[-1].startswith("the sum cannot be checked, since the schedule cannot be read: ")

    def test_lines_fit_eighty_columns(self, full: Project) -> None:
        code, lines, _ = say(full, "why report --day 2026-03-03", now=at(440))

        assert code == 0
        assert max(map(len, lines)) <= 80
        assert "01:30:00  missed       4      -" in [line.rstrip() for line in lines]

    @pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "03.03.2026", "9999-12-31", "0001-01-01"])
    def test_what_is_no_day_is_refused(self, full: Project, day: str) -> None:
        async def scenario(store: SqliteStore) -> None:
            with pytest.raises(Refused):
                await accounts(store, at(0)).why("report", day=day)
            with pytest.raises(UnknownTask):
                await accounts(store, at(0)).why("repotr")

        asked(full, scenario)


class TestOneSlot:
    @pytest.mark.parametrize(
        ("said", "slot", "fate"),
        [
            ("2026-03-03T00:31", "2026-03-02T23:30:00Z", "ran"),
            ("2026-03-03 00:46", "2026-03-03T00:00:00Z", "skipped"),
            ("02:00", "2026-03-03T01:00:00Z", "missed"),
            ("3:40", "2026-03-03T02:30:00Z", "merged"),
            ("2026-03-03T05:00:00Z", "2026-03-03T05:00:00Z", "waiting"),
            ("2026-03-03T23:31:00+01:00", "2026-03-03T22:30:00Z", "coming"),
            ("2020-01-01T00:00", "2026-03-02T23:00:00Z", "ran"),
        ],
    )
    def test_the_nearest_one_is_explained(self, full: Project, said: str, slot: str, fate: str) -> None:
        async def scenario(store: SqliteStore) -> Any:
            return await accounts(store, at(440)).why("report", at=said)

        [nearest] = asked(full, scenario)["nearest"]

        assert (nearest["first"], nearest["fate"]) == (slot, fate)

    @pytest.mark.parametrize(
        ("asked", "slot"),
        [
            ("2026-03-29T02:30", datetime(2026, 3, 29, 1, tzinfo=UTC)),  # 02:30 does not exist: it ran at 03:00
            ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of two
        ],
    )
    def test_a_wall_reading_of_a_time_change_finds_its_slot(self, project: Project, asked: str, slot: datetime) -> None:
        async def scenario(store: SqliteStore) -> Any:
            (job,) = await admit_task(store, jobs=(a_job_declaration(trigger="every day at 02:30"),), next_run=slot)
            await ran(store, await store.claim([a_slot(job, scheduled_for=slot)], {job.id: slot + timedelta(days=1)}))
            return await accounts(store, slot + timedelta(hours=9)).why("report", at=asked)

        [nearest] = on_a_record(project, scenario)["nearest"]

        assert (datetime.fromisoformat(nearest["first"]), nearest["fate"]) == (slot, "ran")

    def test_who_asks_is_told_the_reason_the_attempts_and_where_to_read_on(self, full: Project) -> None:
        _, failed, _ = say(full, "why report --at 2026-03-03T00:30", now=at(440))
        _, merged, _ = say(full, "why report --at 2026-03-03T03:30", now=at(440))

        assert failed[:5] == [
            "job            report",
            "schedule       every 30 minutes (Europe/Berlin)",
            "slot           2026-03-03 00:30:00 +01:00 (23:30:00 UTC)",
            "outcome        failed",
            "because        ValueError: no rows",
        ]
        assert "run            2 (`task-scheduler show 2` tells all of it)" in failed
        assert failed[-1] == "attempt 1 at 2026-03-03 00:30:00, failed: ValueError: no rows"
        assert "outcome        merged" in merged
        assert any("run 5 stands for it" in line for line in merged)

    def test_a_slot_without_a_row_is_a_failure(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> None:
            (job,) = await admit_task(store, jobs=(a_job_declaration(trigger="every 6 hours"),), next_run=at(0))
            await store.claim([a_slot(job, scheduled_for=at(n)) for n in (0, 720)], {job.id: at(1080)})

        on_a_record(project, scenario)

        code, lines, _ = say(project, "why report --at 2026-03-03T06:00", now=at(800))

        assert code == 1
        assert "outcome   no record" in lines

    @pytest.mark.parametrize("text", ["noon", "25:00", "2026-03-03T02:61", "9999-12-31T00:00"])
    def test_what_is_no_moment_is_refused(self, full: Project, text: str) -> None:
        async def scenario(store: SqliteStore) -> None:
            with pytest.raises(Refused):
                await accounts(store, at(0)).why("report", at=text)
            with pytest.raises(Refused, match="a day, or the moment"):
                await accounts(store, at(0)).why("report", day="2026-03-03", at="02:30")

        asked(full, scenario)


#: Midnight in Berlin of 1 May, a holiday of the calendar and a Friday, and the day before it.
MAY_DAY = datetime(2026, 4, 30, 22, tzinfo=UTC)
EVE = MAY_DAY - timedelta(days=1)


class TestHolidays:
    async def admitted(self, store: SqliteStore, trigger: str, next_run: datetime) -> Job:
        job = a_job_declaration(trigger=trigger)
        (on_record,) = await admit_task(store, jobs=(job,), next_run=next_run)
        return on_record

    def test_a_slot_that_a_holiday_takes_away_stands_apart_from_the_sum(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            job = await self.admitted(store, "every 6 hours calendar DE skip", at(0, EVE))
            runs = await store.claim([a_slot(job, scheduled_for=at(n, EVE)) for n in (0, 360, 720, 1080)], {})
            await ran(store, runs)
            await store.reschedule({job.id: at(2 * 1440, EVE)})
            model = accounts(store, at(3000, EVE))
            return await model.why("report", "2026-05-01"), await model.why("report", "2026-04-30")

        holiday, eve = on_a_record(project, scenario)

        [job] = holiday["jobs"]
        assert (job["lines"], job["expected"], job["balanced"]) == ([], 0, True)
        told = [
            (line["local_first"][11:16], line["fate"], line["holiday"], line["moved_to"]) for line in job["left_out"]
        ]
        assert told == [(time, "left_out", "2026-05-01", None) for time in ("00:00", "06:00", "12:00", "18:00")]
        assert (eve["jobs"][0]["left_out"], eve["jobs"][0]["expected"]) == ([], 4)

    def test_one_that_is_moved_is_told_with_where_it_is_and_is_the_nearest_to_its_time(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            await self.admitted(store, "every day at 09:00 calendar DE next_workday", at(540, EVE))
            model = accounts(store, at(0, EVE))
            day = await model.why("report", "2026-05-01")
            return (
                day,
                await model.why("report", at="2026-05-01T09:00"),
                await model.why("report", at="2026-05-02T09:00"),
            )

        day, taken, own = on_a_record(project, scenario)

        [line] = day["jobs"][0]["left_out"]
        assert (line["first"], line["moved_to"]) == ("2026-05-01T07:00:00Z", "2026-05-04T07:00:00Z")
        [nearest] = taken["nearest"]
        assert (nearest["fate"], nearest["distance"], nearest["local_moved_to"]) == (
            "left_out",
            0.0,
            "2026-05-04T09:00:00+02:00",
        )
        assert [slot["fate"] for slot in own["nearest"]] == ["coming"]

    def test_before_the_job_was_there_no_holiday_took_anything(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            await self.admitted(store, "every day at 09:00 calendar DE skip", at(3 * 1440, MAY_DAY))
            await admit_task(store, "none", jobs=(), next_run=None)
            model = accounts(store, at(2000, MAY_DAY))
            return await model.why("report", "2020-05-01"), await month(store, at(0, MAY_DAY)).calendar(
                "2020-05", "report"
            )

        day, of_month = on_a_record(project, scenario)

        assert day["jobs"][0]["left_out"] == []
        assert {each["left_out"] for each in of_month["days"]} == {0}

    def test_the_calendar_of_a_task_marks_the_day(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            await self.admitted(store, "every day at 09:00 calendar DE skip", at(540, EVE))
            model = month(store, at(0, EVE))
            return await model.calendar("2026-05", "report"), await model.calendar("2026-05")

        of_task, of_all = on_a_record(project, scenario)

        marked = [(day["date"], day["left_out"], day["holiday"]) for day in of_task["days"] if day["left_out"]]
        assert marked == [("2026-05-01", 1, "2026-05-01")]
        assert not any(day["left_out"] for day in of_all["days"])


class TestRemarks:
    def test_what_keeps_a_task_from_running_is_said(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            await admit_task(store, "own", jobs=(a_job_declaration(trigger="after own on any"),), next_run=None)
            await admit_task(store, "lost", jobs=(a_job_declaration(trigger="after nobody on any"),), next_run=None)
            model = accounts(store, at(0))
            return [(await model.why(task))["remarks"] for task in ("own", "lost")]

        own, lost = on_a_record(project, scenario)

        assert own == ["own after own: each run would start the next one without end, so own is not run after own"]
        assert lost == ["after nobody: there is no task 'nobody'; until there is, this starts nothing"]

    def test_a_schedule_that_is_over_is_told_with_its_last_slot(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            once = a_job_declaration(trigger="once at 2026-03-03 01:00")
            until = a_job_declaration(trigger="every hour until 2026-03-03 03:00")
            await admit_task(store, "gone", jobs=(once,), next_run=None)
            jobs = await admit_task(store, "both", jobs=(once, until), next_run=None)
            await ran(store, await store.claim([a_slot(jobs[0], scheduled_for=at(60))], {jobs[0].id: None}))
            model = accounts(store, at(440))
            return [(await model.why(task))["remarks"] for task in ("gone", "both")]

        gone, both = on_a_record(project, scenario)

        assert gone == ["its schedule has no further instant; the last was 2026-03-03 01:00:00"]
        assert both == [
            "start(), once at 2026-03-03 01:00: its schedule has no further instant; the last was 2026-03-03 01:00:00",
            (
                "start(), every hour until 2026-03-03 03:00: its schedule has no further instant; "
                "the last was 2026-03-03 03:00:00"
            ),
        ]


class TestOutages:
    @pytest.mark.parametrize("minutes", [20.2, 90.0])
    def test_slots_of_a_time_without_a_scheduler_say_so_however_soon_they_were_found(
        self, project: Project, minutes: float
    ) -> None:
        async def scenario(store: SqliteStore) -> Any:
            (job,) = await admit_task(store, jobs=(a_job_declaration(trigger="every 10 minutes"),), next_run=at(0))
            gap = outage(at(5), at(minutes))
            assert gap is not None
            await store.put(OUTAGES, add_gap(None, gap))
            first = a_slot(job, scheduled_for=at(0), created_at=at(0))
            made_up = a_slot(job, scheduled_for=at(20), created_at=at(minutes), merged=1, merged_from=at(10))
            await ran(store, await store.claim([first, made_up], {job.id: at(100)}))
            return (await accounts(store, at(95)).why("report", "2026-03-03"))["jobs"][0]["lines"]

        lines = on_a_record(project, scenario)

        end = at(minutes).astimezone(BERLIN)
        said = f"no scheduler was there from 2026-03-03 00:05:00, at the earliest, to {end:%H:%M:%S}"
        assert [line["gap"] for line in lines[:3]] == [None, said, said]

    def test_no_time_without_a_scheduler_is_no_outage(self) -> None:
        assert outage(at(0), at(0.01)) is None


class TestMonth:
    def test_each_day_counts_what_ran_what_was_missed_and_what_is_due(self, full: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            return await month(store, at(440)).calendar(slots=True)

        told = asked(full, scenario)

        today = {name: number for name, number in told["days"][2].items() if number}
        assert today == {
            "date": "2026-03-03", "succeeded": 3, "failed": 1, "missed": 3, "skipped": 1, "cancelled": 1, "open": 2,
            "owed": 1, "due": 33,
        }  # fmt: skip
        assert (told["month"], told["zone"], told["today"]) == ("2026-03", "Europe/Berlin", "2026-03-03")
        assert [day["due"] for day in told["days"][3:6]] == [48, 48, 48]
        assert len(told["days"]) == 31
        assert told["days"][28]["due"] == 46  # 29 March has 23 hours
        assert len([slot for slot in told["slots"] if slot["first"] < "2026-03-03T23"]) == 33
        assert sum(slot["count"] for slot in told["slots"]) == sum(day["due"] for day in told["days"])

    def test_a_day_of_25_hours_has_as_many_slots(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            await admit_task(store, jobs=(a_job_declaration(trigger="every 1 hour"),), next_run=at(0))
            return await month(store, at(0)).calendar("2026-10")

        days = on_a_record(project, scenario)["days"]

        assert [day["due"] for day in days] == [24] * 24 + [25] + [24] * 6

    def test_slots_missed_over_midnight_count_on_their_days(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            (job,) = await admit_task(store, jobs=(a_job_declaration(trigger="every 1 hour"),), next_run=at(0))
            await store.claim(
                [a_slot(job, scheduled_for=at(1260), outcome=Missed("too old"), count=30, range_end=at(3000))], {}
            )
            return await month(store, at(5000)).calendar("2026-03", "report")

        days = on_a_record(project, scenario)["days"]

        assert [day["missed"] for day in days[2:6]] == [3, 24, 3, 0]

    def test_jobs_of_one_zone_are_counted_by_its_days_and_others_by_the_schedulers(self, project: Project) -> None:
        async def scenario(store: SqliteStore) -> Any:
            tokyo = a_job_declaration(trigger="every day at 00:30", timezone="Asia/Tokyo")
            await admit_task(store, "far", jobs=(tokyo,), next_run=at(0))
            await admit_task(store, "near", jobs=(a_job_declaration(trigger="every day at 00:30"),), next_run=at(0))
            far = await month(store, at(0)).calendar(task="far")
            return far, await month(store, at(0)).calendar()

        far, both = on_a_record(project, scenario)

        # 00:30 in Tokyo is 16:30 the day before in Berlin.
        assert (far["zone"], far["today"], both["zone"], both["today"]) == (
            "Asia/Tokyo",
            "2026-03-03",
            "Europe/Berlin",
            "2026-03-03",
        )
        assert [day["due"] for day in far["days"][2:5]] == [0, 1, 1]
        assert [day["due"] for day in both["days"][2:5]] == [2, 2, 2]

    def test_a_schedule_that_cannot_be_read_owes_nothing_and_its_range_counts_on_its_first_day(
        self, project: Project
    ) -> None:
        async def scenario(store: SqliteStore) -> Any:
            (job,) = await admit_task(store, jobs=(a_job_declaration(timezone="Mars/Base"),), next_run=at(0))
            missed = a_slot(job, scheduled_for=at(1380), outcome=Missed("too old"), count=30, range_end=at(1525))
            await store.claim([missed], {})
            return await month(store, at(2000)).calendar()

        days = on_a_record(project, scenario)["days"]

        assert [day["missed"] for day in days[2:5]] == [30, 0, 0]
        assert {(day["due"], day["owed"]) for day in days} == {(0, 0)}

    def test_fits_eighty_columns_and_says_what_its_words_mean(self, full: Project) -> None:
        code, lines, _ = say(full, "calendar --month 2026-03", now=at(440))

        assert code == 0
        assert lines[0] == "March 2026 (Europe/Berlin)"
        assert lines[2].split() == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        assert max(map(len, lines)) <= 80
        assert "fail  failed, timed out or interrupted: 1" in lines

    def test_what_is_due_is_written_as_a_calendar_file(self, project: Project, tmp_path: Path) -> None:
        async def scenario(store: SqliteStore) -> None:
            far = datetime(2150, 5, 3, 10, 30, tzinfo=UTC)
            await admit_task(store, jobs=(a_job_declaration(trigger="every day at 12:30"),), next_run=far)
            await admit_task(store, "often", jobs=(a_job_declaration(trigger="every 5 minutes"),), next_run=far)

        on_a_record(project, scenario)
        file = tmp_path / "due.ics"

        code, lines, beside = say(project, f"calendar --month 2150-05 --ics {file}", now=at(0))

        text = file.read_bytes().decode()
        assert (code, lines) == (0, [])
        assert "58 entries" in beside
        assert text.count("BEGIN:VEVENT") == 58
        assert text.count("SUMMARY:report\r\n") == 29
        assert "SUMMARY:often\\, 288 times" in text

    def test_a_file_that_cannot_be_written_is_told(self, full: Project, tmp_path: Path) -> None:
        code, _, beside = say(full, f"calendar --ics {tmp_path / 'no-folder' / 'due.ics'}", now=at(0))

        assert code == 1
        assert "cannot be written: No such file or directory" in beside

    @pytest.mark.parametrize("text", ["march", "2026-13", "2026", "9999-01"])
    def test_what_is_no_month_is_refused(self, full: Project, text: str) -> None:
        async def scenario(store: SqliteStore) -> None:
            with pytest.raises(Refused):
                await month(store, at(0)).calendar(text)
            with pytest.raises(UnknownTask):
                await month(store, at(0)).calendar(task="nobody")

        asked(full, scenario)

    def test_a_project_without_a_record_has_an_empty_month(self, project: Project) -> None:
        code, lines, beside = say(project, "calendar", now=at(0))

        assert (code, lines[-1]) == (0, "nothing ran, and nothing is due")
        assert beside.strip() == NEVER


QUESTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("why", {"task": "report", "day": "2026-03-03"}),
    ("why", {"task": "report", "at": "2026-03-03T02:00"}),
    ("calendar", {"month": "2026-03"}),
    ("calendar", {"month": "2026-03", "task": "report", "slots": True}),
)
#: What tells when it was asked, whether a scheduler answered, and how the last one ended where none did.
_VARYING = frozenset({"now", "today", "scheduler", "last_scheduler"})


def ask_all(project: Project) -> list[Any]:
    with closing(ProjectDoor(project=project, note=lambda _: None)) as door:
        answers = [door.ask(command, **arguments) for command, arguments in QUESTIONS]
    return [{name: value for name, value in answer.items() if name not in _VARYING} for answer in answers]


def test_says_the_same_with_and_without_a_scheduler(project: Project) -> None:
    async def scenario(store: SqliteStore) -> Any:
        await store.put(LAST_SEEN, at(440).isoformat())
        job = await all_outcomes(store)
        # Nothing is owed, whatever the clock these questions are answered by shows.
        await store.reschedule({job.id: datetime(2200, 1, 1, tzinfo=UTC)})
        now = SystemClock().now()
        overview = Overview(catalogue=store, history=store, clock=clock_at(now), zone=BERLIN)
        control = Control(
            overview=overview,
            start_task=_never,
            rescan=_never,
            surroundings=_never,
            accounts=accounts(store, now, alive=True),
            month=month(store, now),
            live=dict,
        )
        server = ControlServer(path=socket_path(project.root), commands=control, notice=print)
        await server.start()
        try:
            return await asyncio.to_thread(ask_all, project)
        finally:
            await server.stop()

    through_socket = on_a_record(project, scenario)

    from_record = ask_all(project)

    assert from_record == through_socket
    assert json.loads(json.dumps(from_record)) == from_record
    assert from_record[0]["last_seen"] == "2026-03-03T06:20:00Z"


def test_whoever_knows_no_schedules_refuses() -> None:
    control = Control(
        overview=Overview(catalogue=_NO_STORE, history=_NO_STORE, clock=FakeClock(), zone=UTC),
        start_task=_never,
        rescan=_never,
        surroundings=_never,
        live=None,
    )

    for command, arguments in (("why", {"task": "report"}), ("calendar", {})):
        with pytest.raises(Refused, match="schedules are not told of here"):
            asyncio.run(control.answer(command, arguments))


_NO_STORE: Any = None


async def _never(*_: object, **__: object) -> Any:
    raise AssertionError("nobody asked for it")


class TestLastScheduler:
    @pytest.fixture
    def left(self, project: Project) -> Project:
        """Return a project whose record knows a task."""

        async def scenario(store: SqliteStore) -> None:
            await store.put(LAST_SEEN, at(440).isoformat())
            await admit_task(store, "report")

        on_a_record(project, scenario)
        (project.root / "data" / "run").mkdir(exist_ok=True)
        return project

    def told(self, project: Project) -> Any:
        with closing(ProjectDoor(project=project, note=lambda _: None)) as door:
            return door.ask("why", task="report")["last_scheduler"]

    def beat(self, project: Project, phase: Phase) -> None:
        heartbeat = project.root / HEARTBEAT
        Heartbeat(heartbeat).beat(phase)
        os.utime(heartbeat, (at(445).timestamp(),) * 2)

    def test_one_that_gave_its_last_beat_was_shut_down(self, left: Project) -> None:
        self.beat(left, Phase.ENDED)

        assert self.told(left) == {"ended": "shut_down", "at": at(445).isoformat()}

    def test_one_that_left_its_number_was_killed(self, left: Project) -> None:
        self.beat(left, Phase.WORKING)
        (left.root / "data" / "run" / PID_FILE).write_text("1\n")

        assert self.told(left) == {"ended": "killed", "at": at(445).isoformat()}

    def test_of_one_that_left_neither_only_a_sign_of_life_is_known(self, left: Project) -> None:
        self.beat(left, Phase.WORKING)
        by_beat = self.told(left)
        (left.root / HEARTBEAT).unlink()

        assert by_beat == {"ended": None, "at": at(445).isoformat()}
        assert self.told(left) == {"ended": None, "at": "2026-03-03T06:20:00Z"}

    def test_one_that_is_there_has_not_ended(self, left: Project) -> None:
        self.beat(left, Phase.WORKING)
        record = Record(left)
        lock = ProjectLock(left.root / "data" / "run" / "scheduler.lock", "it", since=at(441))
        with closing(record), lock:
            assert record.ask("why", {"task": "report"})["last_scheduler"] is None
