"""`simulate`: what is told of a simulation, and what it takes for a question."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.calendars import HolidayCalendars
from task_scheduler.calendars.holiday_calendars import COPIES
from task_scheduler.cli import simulating
from task_scheduler.cli.arguments import VERBS, UsageError, read
from task_scheduler.cli.door import ProjectDoor
from task_scheduler.cli.simulation_chart import chart
from task_scheduler.cli.simulation_text import Simulated, show
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import StoreError, UnknownTask
from task_scheduler.project import Project, locate_project
from task_scheduler.simulation import simulate
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import (
    a_job_declaration,
    a_slot,
    a_start,
    admit_task,
    after,
    an_attempt_claim,
    an_end,
)
from task_scheduler.testing.clock import FakeClock
from tests.unit.cli.documents import NOW
from tests.unit.simulation.scenarios import a_job, a_scenario

JOBS = {
    "report": a_job_declaration(trigger="every day at 02:30", timezone="Europe/Berlin"),
    "often": a_job_declaration(trigger="every minute"),
    "greeting": a_job_declaration(trigger="at startup"),
}


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    """A project whose record has a run of a task that took two seconds, and none of the others."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for name in ("tasks", "data", "config"):
            (root / name).mkdir()
        (root / "config" / "config.yaml").write_text("scheduler:\n  timezone: Europe/Berlin\n  max_concurrent: 4\n")
        with SqliteStore.open(
            root / "data" / "scheduler.db", clock=FakeClock(), sources=root / "sources", backups=root / "backups"
        ) as store:
            asyncio.run(_fill(store))
        yield locate_project(config=None, root=folder, default_root=root)


async def _fill(store: SqliteStore) -> None:
    for task_id, declaration in JOBS.items():
        (job,) = await admit_task(store, task_id, jobs=(declaration,))
        if task_id == "often":
            (run,) = await store.claim([a_slot(job, attempt=an_attempt_claim())], {job.id: after(60)})
            (attempt,) = await store.attempts(run.id)
            await store.started([a_start(attempt.id)])
            await store.finish([an_end(attempt.id)])


def say(project: Project, *arguments: str, width: int | None = 80) -> tuple[int, str, str]:
    """Carry the verb out; return its exit code and what it wrote."""
    out, err = StringIO(), StringIO()
    terminal = Terminal(out=out, err=err, now=lambda: NOW, pause=lambda _: None, width=width)
    door = ProjectDoor(project=project, note=terminal.note)
    code = VERBS["simulate"].execute(read(["simulate", *arguments]), door, terminal)
    return code, out.getvalue(), err.getvalue()


def told(project: Project, *arguments: str) -> dict[str, Any]:
    code, out, err = say(project, "--json", *arguments)
    assert (code, err) == (0, "")
    document: dict[str, Any] = json.loads(out)
    return document


def test_a_fortnight_from_now_on_is_told_as_a_document(project: Project) -> None:
    document = told(project)

    assert (document["begin"], document["end"]) == ("2026-11-22T14:01:00Z", "2026-12-06T14:01:00Z")
    assert (document["places"], document["timezone"], document["slots"]) == (4, "Europe/Berlin", 14 * 1_441)
    assert {job["task"]: (job["expected"], job["ran"]) for job in document["jobs"]} == {
        "often": (14 * 1_440, 14 * 1_440),
        "report": (14, 14),
    }
    assert len(document["hours"]) == 14 * 24 + 1
    assert document["events"] == ["greeting"]


def test_executions_take_what_they_took_on_record_and_a_second_where_there_is_none(project: Project) -> None:
    document = told(project, "--days", "1")

    durations = {job["task"]: job["durations"] for job in document["jobs"]}
    assert durations["often"]["known"] == 1
    assert durations["often"]["median"] > 0
    assert durations["report"] == {"median": 1.0, "p95": 1.0, "known": 0}
    assert "no execution of report is on record: it is taken to last a second" in document["remarks"]


def test_times_are_on_the_clock_of_the_scheduler(project: Project) -> None:
    document = told(project, "--from", "2027-03-28", "--days", "1", "--down", "2027-03-28 04:00/2027-03-28T06:00+02:00")

    assert document["begin"] == "2027-03-27T23:00:00Z"
    assert [(down["begin"], down["end"]) for down in document["catch_ups"]] == [
        ("2027-03-28T02:00:00Z", "2027-03-28T04:00:00Z")
    ]
    [change] = document["time_changes"]
    assert (change["shift"], [document["jobs"][job["job"]]["task"] for job in change["jobs"]]) == (
        3_600.0,
        ["report", "often"],
    )


def test_a_pause_by_times_of_day_is_each_day_also_over_midnight(project: Project) -> None:
    document = told(project, "--from", "2026-11-23", "--days", "2", "--down", "22:00-6:00")

    assert [(down["begin"][5:16], down["end"][5:16]) for down in document["catch_ups"]] == [
        ("11-22T23:00", "11-23T05:00"),
        ("11-23T21:00", "11-24T05:00"),
        ("11-24T21:00", "11-24T22:59"),
    ]
    report = next(job for job in document["jobs"] if job["task"] == "report")
    assert (report["ran"], report["made_up"]) == (2, 2)


def test_a_pause_that_the_clock_is_put_forward_over_is_left_out(project: Project) -> None:
    document = told(project, "--from", "2027-03-27", "--days", "3", "--down", "02:00-03:00")

    assert [down["begin"] for down in document["catch_ups"]] == ["2027-03-27T01:00:00Z", "2027-03-29T00:00:00Z"]


def test_the_busiest_hours_are_listed_by_time(project: Project) -> None:
    lines = say(project, "--from", "2026-11-23", "--days", "1")[1].splitlines()

    first = next(place for place, line in enumerate(lines) if line.startswith("BUSIEST HOURS")) + 1
    hours = [line.split()[1:3] for line in lines[first : first + 5]]
    assert hours == sorted(hours)


def test_people_get_load_waits_pauses_and_time_changes(project: Project) -> None:
    code, out, err = say(project, "--from", "2026-10-25", "--days", "2", "--down", "12:00-13:00", "--places", "1")

    assert (code, err) == (0, "")
    assert out.splitlines()[0].endswith("2 jobs of 2 tasks, 1 place")
    for title in ("TASK", "LOAD", "BUSIEST HOURS", "WAITS", "DOWN FROM", "TIME CHANGE"):
        assert re.search(f"^{title}", out, re.MULTILINE), title
    assert "report: 02:30 comes twice: runs the first time only" in out
    assert max(map(len, out.splitlines())) <= 80


def test_only_some_tasks_are_simulated_where_they_are_named(project: Project) -> None:
    document = told(project, "--task", "report", "--days", "3")

    assert [job["task"] for job in document["jobs"]] == ["report"]
    assert document["tasks"] == ["report"]
    assert "only report: what others take is left aside" in document["remarks"]


def test_too_many_slots_shorten_it_and_that_is_said(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulating, "MOST_SLOTS", 200)

    document = told(project, "--from", "2026-11-23")

    assert (document["is_shortened"], document["slots"], document["end"]) == (True, 181, "2026-11-23T02:00:00Z")
    assert "there are too many slots for 14 days: simulated are the first 3 h 0 min, 181 slots" in document["remarks"]


def test_more_slots_than_an_hour_may_have_are_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulating, "MOST_SLOTS", 50)

    code, out, err = say(project)

    assert (code, out) == (1, "")
    assert "2 jobs have more than 50 slots in an hour: too many to simulate" in err


def test_a_task_that_is_not_there_is_refused(project: Project) -> None:
    with pytest.raises(UnknownTask):
        say(project, "--task", "reprot")


def test_runs_are_written_to_a_calendar_file(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "runs.ics"

    code, _, err = say(project, "--days", "2", "--task", "report", "--ics", str(file))

    assert (code, err.strip()) == (0, f"{file}: 2 runs")
    assert file.read_bytes().count(b"BEGIN:VEVENT") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--down", "tomorrow"], "write 03:00-09:00, or 2026-11-24 03:00/2026-11-24 09:00"),
        (["--down", "2026-11-24 09:00/2026-11-24 03:00"], "ends before it begins"),
        (["--down", "25:00-26:00"], "25:00"),
        (["--down", "6:00-06:00"], "--down 6:00-06:00 begins and ends at the same time of day"),
        (["--from", "soon"], "soon"),
        (["--from", "9998-12-31", "--days", "366"], "'9998-12-31' is too far ahead"),
    ],
)
def test_a_mistake_is_wrong_usage(arguments: list[str], said: str, project: Project) -> None:
    code, out, err = say(project, *arguments)

    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("arguments", [["--days", "0"], ["--days", "367"], ["--places", "none"]])
def test_numbers_have_bounds(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        read(["simulate", *arguments])


def test_nothing_of_the_project_is_changed(project: Project) -> None:
    def files() -> dict[Path, bytes]:
        # What SQLite keeps beside a database is there while it is read.
        return {path: path.read_bytes() for path in project.root.rglob("*") if path.suffix in {".db", ".py", ".yaml"}}

    before = files()
    told(project, "--days", "1")

    assert files() == before


def test_a_project_that_never_ran_has_nothing_to_simulate(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()

    code, out, err = say(locate_project(config=None, root=str(tmp_path), default_root=tmp_path))

    assert code == 0
    assert "nothing is due in that time" in out
    assert "none has run here yet" in err
    assert not (tmp_path / "data").exists()


def test_a_long_time_is_a_line_for_each_day_of_the_week() -> None:
    from datetime import UTC, timedelta

    job = a_job("every day at 09:00", takes=600)
    short = list(chart(simulate(a_scenario(job, length=timedelta(days=3))).hours, UTC))
    long = list(chart(simulate(a_scenario(job, length=timedelta(days=70))).hours, UTC))

    assert [line.split()[0] for line in short[1:]] == ["Mon", "Tue", "Wed"]
    assert [line.split()[0] for line in long[1:]] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert {line[16 + 2 * 9] for line in [*short[1:], *long[1:]]} == {"@"}
    assert list(chart([], UTC)) == []


def test_of_very_many_tasks_those_with_the_most_to_tell_have_a_row() -> None:
    quiet = [a_job("every 30 minutes", task_id=f"quiet-{number:02}") for number in range(40)]
    scenario = a_scenario(*quiet, a_job(takes=90.0, task_id="zealous"))
    out = StringIO()
    terminal = Terminal(out=out, err=StringIO(), now=lambda: NOW, pause=lambda _: None)

    show(
        Simulated(
            result=simulate(scenario),
            effects=(),
            zone=UTC,
            asked_until=scenario.end,
            tasks=(),
            events=(),
            remarks=(),
        ),
        terminal,
    )

    lines = out.getvalue().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("TASK"))
    assert lines[place + 1].startswith("zealous ")
    assert [line.split()[0] for line in lines[place + 40 : place + 42]] == ["quiet-38", "all"]
    assert lines[place + 42] == "and 1 more, with less to tell: --task NAME or --json tells of each"


@pytest.fixture
def with_calendar(tmp_path: Path) -> Project:
    """A project with a task that observes a calendar file, which is broken, and the copy its scheduler kept."""
    for name in ("tasks", "data", "config"):
        (tmp_path / name).mkdir()
    (tmp_path / "config" / "config.yaml").write_text("scheduler:\n  timezone: UTC\n")
    declared = a_job_declaration(trigger="every day at 10:30 calendar closed.txt skip")
    with SqliteStore.open(
        tmp_path / "data" / "scheduler.db",
        clock=FakeClock(),
        sources=tmp_path / "sources",
        backups=tmp_path / "backups",
    ) as store:
        asyncio.run(admit_task(store, "report", jobs=(declared,)))
    file = tmp_path / "closed.txt"
    file.write_text("2026-11-24 Founders' day\n")
    HolidayCalendars(tmp_path, copies=tmp_path / COPIES).holidays("closed.txt")
    file.write_text("Christmas\n")
    return locate_project(config=None, root=str(tmp_path), default_root=tmp_path)


def test_a_calendar_file_that_is_broken_is_replaced_by_its_copy(with_calendar: Project) -> None:
    document = told(with_calendar, "--days", "3")

    assert document["slots"] == 2
    [remark] = [remark for remark in document["remarks"] if "closed.txt" in remark]
    assert remark.startswith("closed.txt:1: 'Christmas' is no holiday")
    assert "; until that is mended, the copy kept at " in remark


def test_a_record_of_an_older_schema_is_told_with_the_way_out(with_calendar: Project) -> None:
    with closing(sqlite3.connect(with_calendar.root / "data" / "scheduler.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")

    with pytest.raises(StoreError, match=r"older schema 0001: start the scheduler once.* is to be restarted"):
        say(with_calendar)
