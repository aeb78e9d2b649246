"""`next` and `explain`: what they say of tasks and of expressions. It is Sunday, 22 November 2026, 14:01 UTC."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from task_scheduler.calendars import HolidayCalendars
from task_scheduler.calendars.holiday_calendars import COPIES
from task_scheduler.cli.arguments import VERBS, UsageError, read
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import UnknownTask
from task_scheduler.project import Project
from tests.unit.cli.documents import NOW, FakeDoor, Spoken

BERLIN = "--timezone Europe/Berlin"


def say(line: str | list[str], door: FakeDoor | None = None, *, width: int | None = None) -> Spoken:
    """Carry out one command line, quoted as for a shell."""
    options = read(shlex.split(line) if isinstance(line, str) else line)
    out, err = StringIO(), StringIO()
    terminal = Terminal(out=out, err=err, now=lambda: NOW, pause=lambda _: None, width=width)
    code = VERBS[options.verb].execute(options, door or FakeDoor({}), terminal)
    return Spoken(out.getvalue(), err.getvalue(), code, [])


def job(**changes: Any) -> dict[str, Any]:
    """Return a job as `jobs` tells it."""
    return {
        "task": "report",
        "call": "start()",
        "trigger": "every day at 10:30",
        "timezone": None,
        "zone": "Europe/Berlin",
        "state": "active",
        "why": None,
        **changes,
    }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "tasks").mkdir()
    return Project(root=tmp_path, config=tmp_path / "config" / "config.yaml", config_required=False)


@pytest.fixture(autouse=True)
def the_zone_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


def with_tasks(project: Project, *jobs: dict[str, Any], files: tuple[str, ...] = ()) -> FakeDoor:
    for name in files:
        (project.root / "tasks" / f"{name}.py").write_text("")
    return FakeDoor({"jobs": list(jobs) or UnknownTask("nobody", ["report"])}, project)


# --- next -------------------------------------------------------------------------------------------------


def test_tells_the_slots_around_berlins_spring_of_2026() -> None:
    said = say(f"next '30 2 * * *' {BERLIN} --from 2026-03-28 --count 3")

    assert said.lines == [
        "at 02:30 each day, Europe/Berlin time",
        "",
        "TIME IN Europe/Berlin        UTC                WHEN          NOTE",
        "Sat 2026-03-28 02:30 +01:00  2026-03-28 01:30Z  239 days ago",
        "Sun 2026-03-29 03:00 +02:00  2026-03-29 01:00Z  238 days ago  02:30 does not exist on this day: 03:00",
        "Mon 2026-03-30 02:30 +02:00  2026-03-30 00:30Z  237 days ago",
    ]
    assert (said.code, said.err) == (0, "")


def test_tells_the_slots_around_berlins_autumn_of_2026() -> None:
    said = say(f"next every hour {BERLIN} --from '2026-10-25 01:30' --until '2026-10-25 03:00'")

    assert said.lines[3:] == [
        "Sun 2026-10-25 02:00 +02:00  2026-10-25 00:00Z  28 days ago  first of two 02:00s",
        "Sun 2026-10-25 02:00 +01:00  2026-10-25 01:00Z  28 days ago  second of two 02:00s",
        "Sun 2026-10-25 03:00 +01:00  2026-10-25 02:00Z  28 days ago",
    ]


def test_tells_the_slots_around_lord_howes_changes_of_2026() -> None:
    zone = "--timezone Australia/Lord_Howe --count 2"
    autumn = say(f"next '*/30 1 * * *' {zone} --from '2026-04-05 01:30'")
    spring = say(f"next '15 2 * * *' {zone} --from '2026-10-03 12:00'")

    assert [line[:46] for line in autumn.lines[3:]] == [
        "Sun 2026-04-05 01:30 +11:00  2026-04-04 14:30Z",
        "Sun 2026-04-05 01:30 +10:30  2026-04-04 15:00Z",
    ]
    assert [line[:46] for line in spring.lines[3:]] == [
        "Sun 2026-10-04 02:30 +11:00  2026-10-03 15:30Z",
        "Mon 2026-10-05 02:15 +11:00  2026-10-04 15:15Z",
    ]


def test_begins_now_and_tells_ten() -> None:
    said = say("next every 5 minutes")

    assert len(said.lines) == 3 + 10
    assert said.lines[3].split("  ") == ["Sun 2026-11-22 14:05 +00:00", "2026-11-22 14:05Z", "in 4 min"]


def test_shows_seconds_where_there_are_some() -> None:
    said = say(f"next every 30 seconds {BERLIN} --count 2")

    assert [line[:51] for line in said.lines[3:]] == [
        "Sun 2026-11-22 15:01:30 +01:00  2026-11-22 14:01:30",
        "Sun 2026-11-22 15:02:00 +01:00  2026-11-22 14:02:00",
    ]


@pytest.mark.parametrize(
    "schedule",
    [
        "every day at 10:30",
        "daily at 10:30",
        "30 10 * * *",
        'every().day.at("10:30")',
        '@repeat(every().day.at("10:30"))',
        'cron("30 10 * * *")',
        'every().day.at("10:30", "Etc/UTC")',
    ],
)
def test_every_notation_of_a_schedule_is_understood(schedule: str) -> None:
    said = say(["next", schedule, "--count", "1", "--json"])

    [slot] = json.loads(said.out)["slots"]
    assert slot["at"] == "2026-11-23T10:30:00Z"


@pytest.mark.parametrize(
    "schedule",
    ["H 2 * * *", "every 5 to 10 minutes", "daily plus up to 60 s", "every(5).to(10).minutes", "cron('H 2 * * *')"],
)
def test_says_that_another_job_draws_other_numbers(schedule: str) -> None:
    assert "drawn for each job anew" in say(["next", schedule]).lines[1]
    assert "drawn" not in say("next daily").out


def test_an_end_that_is_a_time_alone_is_of_today() -> None:
    said = say(["next", 'every().hour.until("17:30")', "--json"])

    assert [slot["at"][11:16] for slot in json.loads(said.out)["slots"]] == ["15:00", "16:00", "17:00"]


def test_a_document_has_everything() -> None:
    said = say(f"next '30 2 * * *' {BERLIN} --from 2026-03-29 --until 2026-03-29 --json")

    assert json.loads(said.out) == {
        "task": None,
        "now": "2026-11-22T14:01:00Z",
        "jobs": [
            {
                "calls": None,
                "schedule": "30 2 * * *",
                "means": "at 02:30 each day",
                "timezone": "Europe/Berlin",
                "has_slots": True,
            }
        ],
        "remarks": [],
        "slots": [
            {
                "at": "2026-03-29T01:00:00Z",
                "local": "2026-03-29T03:00:00+02:00",
                "in_seconds": -20_610_060.0,
                "job": 0,
                "notes": ["02:30 does not exist on this day: 03:00"],
            }
        ],
        "more": False,
    }


def test_says_when_there_are_more() -> None:
    assert json.loads(say("next daily --count 2 --json").out)["more"]
    assert not json.loads(say("next once at 2026-12-01 09:00 --json").out)["more"]


def test_a_list_that_is_cut_says_so() -> None:
    said = say("next every second --until 2026-11-23")

    assert len(said.lines) == 3 + 10_000
    assert said.err == "only the first 10,000 slots: --count says how many, --from where to go on\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("next at startup", "no clock tells when that is"),
        ("next @reboot", "no clock tells when that is"),
        ("next once at 2026-01-01 09:00", "it is over: the last slot was 2026-01-01 09:00 +00:00"),
        ("next monday --from 2026-12-01 --until 2026-12-03", "nothing is due in that time"),
        ("next daily at 12:00 --from '2026-11-23 13:00' --until '2026-11-23 14:00'", "nothing is due in that time"),
    ],
)
def test_says_why_there_is_no_slot(line: str, words: str) -> None:
    said = say(line)

    assert said.lines[-1] == words
    assert said.code == 0


def test_an_end_before_the_beginning_is_refused() -> None:
    said = say("next daily --from 2027-01-05 --until 2027-01-01")

    assert said.code == 2
    assert "--until 2027-01-01 is before --from 2027-01-05" in said.err


@pytest.mark.parametrize(
    "moment", ["1970-01-01", "2026-11-22 14:05", "9998-12-30", "0001-02-01T00:00Z", "9999-12-31T23:00Z"]
)
def test_any_time_of_the_calendar_may_be_asked_for(moment: str) -> None:
    assert say(["next", "*/20 2 * * *", "--timezone", "Europe/Berlin", "--from", moment, "--count", "3"]).code == 0


def test_writes_a_calendar_file(tmp_path: Path) -> None:
    file = tmp_path / "slots.ics"
    said = say(f"next '30 2 * * *' {BERLIN} --from 2026-03-29 --count 2 --ics {file}")

    lines = file.read_bytes().decode().split("\r\n")
    assert [line for line in lines if line.startswith("DTSTART")] == [
        "DTSTART:20260329T010000Z",
        "DTSTART:20260330T003000Z",
    ]
    assert "DESCRIPTION:at 02:30 each day\\, Europe/Berlin time\\n02:30 does not exist" in "\r\n".join(lines).replace(
        "\r\n ", ""
    )
    assert (said.out, said.err) == ("", f"{file}: 2 slots\n")


def test_a_calendar_file_that_is_written_again_names_its_entries_alike(tmp_path: Path) -> None:
    def uids(name: str) -> set[str]:
        say(f"next daily --count 3 --ics {tmp_path / name}")
        return {line for line in (tmp_path / name).read_text().splitlines() if line.startswith("UID")}

    assert len(uids("one")) == 3
    assert uids("one") == uids("two")


def test_a_calendar_file_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    said = say(f"next daily --ics {tmp_path}")

    assert said.code == 1
    assert said.err.startswith(f"error: {tmp_path} cannot be written")


# --- tasks ------------------------------------------------------------------------------------------------


def test_jobs_of_a_task_are_told_in_the_order_of_their_slots(project: Project) -> None:
    second = job(call="weekly()", trigger="every monday at 09:00", timezone="Asia/Tokyo")
    said = say("next report --count 3", with_tasks(project, job(), second))

    assert said.lines == [
        "start(): at 10:30 each day, Europe/Berlin time",
        "weekly(): at 09:00 each Monday, Asia/Tokyo time",
        "",
        "LOCAL TIME                   UTC                WHEN            ZONE           CALLS",
        "Mon 2026-11-23 09:00 +09:00  2026-11-23 00:00Z  in 9 h 59 min   Asia/Tokyo     weekly()",
        "Mon 2026-11-23 10:30 +01:00  2026-11-23 09:30Z  in 19 h 29 min  Europe/Berlin  start()",
        "Tue 2026-11-24 10:30 +01:00  2026-11-24 09:30Z  in 43 h 29 min  Europe/Berlin  start()",
    ]


def test_the_zone_of_this_machine_needs_no_name() -> None:
    said = say("next 'daily at 09:00' --timezone Atlantic/Reykjavik --count 1")

    assert said.lines[2].startswith("LOCAL TIME  ")


def test_schedules_that_call_the_same_need_no_column_for_it(project: Project) -> None:
    jobs = [job(call=None), job(call=None, trigger="every hour")]

    assert say("next report --count 2", with_tasks(project, *jobs)).lines[3].split("  ")[-1] == "WHEN"


def test_thousands_of_slots_are_shown_in_parts_of_one_table() -> None:
    said = say(f"next '30 2 * * *' {BERLIN} --count 450")

    assert len(said.lines) == 3 + 450
    assert {line.index("Z  in ") for line in said.lines[3:]} == {said.lines[3].index("Z  in ")}
    [gap] = [line for line in said.lines if line.endswith("02:30 does not exist on this day: 03:00")]
    assert gap.index("02:30 does") == said.lines[2].index("NOTE")
    assert said.lines[-1].startswith("Tue 2028-02-15 02:30 +01:00")


def test_a_calendar_file_without_slots_is_not_written(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "slots.ics"
    said = say(f"next report --ics {file}", with_tasks(project, job(trigger="after other on any")))

    assert (said.code, said.out, file.exists()) == (1, "", False)
    assert said.err == f"error: {file} is not written, for there is no slot: no clock tells when that is\n"


class TestCalendarFileThatCannotBeUsed:
    TRIGGER = "every day at 10:30 calendar closed.txt skip"

    @pytest.fixture
    def broken(self, project: Project) -> Project:
        (project.root / "closed.txt").write_text("Christmas\n")
        return project

    @pytest.fixture
    def kept(self, project: Project) -> Project:
        file = project.root / "closed.txt"
        file.write_text("2026-11-24 Founders' day\n")
        HolidayCalendars(project.root, copies=project.root / COPIES).holidays("closed.txt")
        file.write_text("Christmas\n")
        [copy] = (project.root / COPIES).iterdir()
        os.utime(copy, (NOW.timestamp() - 86_400,) * 2)
        return project

    REMARK = (
        "closed.txt:1: 'Christmas' is no holiday: write a date and a name, such as '2027-01-01 New Year'; "
        "until that is mended, the copy kept at 2026-11-21 14:01:00 is used"
    )

    def test_next_uses_the_copy_that_was_kept(self, kept: Project) -> None:
        said = say("next report --count 2", with_tasks(kept, job(trigger=self.TRIGGER)))

        assert said.lines[1] == self.REMARK
        assert [line[4:14] for line in said.lines[4:]] == ["2026-11-23", "2026-11-25"]

    def test_next_uses_it_for_a_schedule_that_is_typed(self, kept: Project) -> None:
        said = say("next daily at 10:30 calendar closed.txt --count 1", FakeDoor({}, kept))

        assert said.lines[1] == self.REMARK

    def test_explain_uses_it(self, kept: Project) -> None:
        said = say("explain report", with_tasks(kept, job(trigger=self.TRIGGER)))

        assert self.REMARK in said.lines
        assert any(line.startswith("then ") and "2026-11-25" in line for line in said.lines)

    def test_looking_keeps_no_copy(self, project: Project) -> None:
        (project.root / "closed.txt").write_text("2026-11-24 Founders' day\n")

        assert say("next report --count 2", with_tasks(project, job(trigger=self.TRIGGER))).code == 0
        assert not (project.root / COPIES).exists()

    def test_without_a_copy_nothing_is_said_to_be_without_a_schedule(self, broken: Project) -> None:
        for verb in ("next", "explain"):
            said = say(f"{verb} report", with_tasks(broken, job(trigger=self.TRIGGER)))

            assert "'Christmas' is no holiday" in said.out
            assert "no schedule" not in said.out


def test_says_why_a_task_is_not_scheduled(project: Project) -> None:
    none = job(trigger=None, call=None, zone=None, state="unscheduled", why="it runs by `start` alone")
    said = say("next report", with_tasks(project, none))

    assert said.lines == ["it runs by `start` alone", "no schedule: nothing is due by itself"]


@pytest.mark.parametrize(
    ("ended_at", "said"),
    [
        ("2026-11-22T14:00:00Z", "it is over: the last slot was 2026-11-22 15:00 +01:00"),
        (None, "nothing is due in that time"),
    ],
)
def test_a_job_that_is_over_has_no_slot_whatever_its_schedule_says_today(
    project: Project, ended_at: str | None, said: str
) -> None:
    over = job(state="ended", ended_at=ended_at, trigger="once at 2026-11-23 07:04", why="no further instant")
    told = [say(f"{verb} report", with_tasks(project, over, files=("report",))) for verb in ("next", "explain")]

    assert told[0].lines[1:] == ["no further instant", said]
    assert "07:04 +01:00" not in told[1].out


def test_the_slots_of_a_job_that_is_over_can_be_asked_for(project: Project) -> None:
    over = job(state="ended", ended_at="2026-11-21T09:30:00Z", why="no further instant")

    said = say("next report --from 2026-11-20", with_tasks(project, over, files=("report",)))

    assert [line[:20] for line in said.lines[-2:]] == ["Fri 2026-11-20 10:30", "Sat 2026-11-21 10:30"]


def test_where_holidays_take_every_day_it_never_fires() -> None:
    told = [say(f"{verb} '0 0 25 12 * calendar DE'").lines[-1] for verb in ("explain", "next")]

    assert told == [
        "warning: it never fires: each of its days is a holiday of its calendar",
        "it never fires: each of its days is a holiday of its calendar",
    ]


def test_a_job_that_waits_for_an_event_stands_beside_one_that_has_slots(project: Project) -> None:
    said = say("next report --count 1", with_tasks(project, job(), job(call="load()", trigger="after other on any")))

    assert said.lines[1] == "load(): whenever a run of other ends"
    assert len(said.lines) == 5


def test_a_job_that_cannot_be_read_any_more_hides_no_other(project: Project) -> None:
    said = say("next report --count 1", with_tasks(project, job(), job(call="load()", trigger="every nonsense")))

    assert said.lines[1].startswith("load(), every nonsense: ")
    assert "Mon 2026-11-23 10:30 +01:00" in said.out


def test_a_task_comes_before_a_schedule_of_that_name(project: Project) -> None:
    door = with_tasks(project, job(), files=("daily",))

    assert json.loads(say("next daily --json", door).out)["task"] == "daily"
    assert door.asked == [("jobs", {"task": "daily"})]


def test_a_schedule_asks_nobody(project: Project) -> None:
    door = with_tasks(project, job())

    assert json.loads(say("next daily --json", door).out)["task"] is None
    assert door.asked == []


def test_a_schedule_has_the_zone_of_its_project(project: Project) -> None:
    project.config.parent.mkdir()
    project.config.write_text("scheduler:\n  timezone: Asia/Tokyo\n")

    assert say("next daily", with_tasks(project)).lines[0] == "at 00:00 each day, Asia/Tokyo time"


def test_what_is_wrong_with_the_settings_is_said(project: Project) -> None:
    project.config.parent.mkdir()
    project.config.write_text("scheduler:\n  timezone: Asia/Tokio\n")

    said = say("next daily", with_tasks(project))

    assert said.code == 0
    assert "Asia/Tokio" in said.err


def test_a_name_of_nothing_is_no_task_and_no_schedule(project: Project) -> None:
    said = say("next dialy", with_tasks(project))

    assert said.code == 6
    assert "no task" in said.err
    assert "it is no schedule either: 'dialy': unknown word 'dialy', did you mean 'daily'?" in said.err


def test_a_task_has_its_own_zone(project: Project) -> None:
    said = say(f"next report {BERLIN}", with_tasks(project, job(), files=("report",)))

    assert said.code == 2
    assert said.err.startswith("error: report is a task, and --timezone is for a schedule\n")
    assert "hint: a task's time zone is said in its file, by the key `timezone`: leave --timezone out" in said.err


# --- mistakes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("next every 5 minuts", "unknown word 'minuts', did you mean 'minutes'?"),
        ("next '0 0 30 2 *'", "never fires"),
        ("next daily --timezone Europe/Berln", "no time zone 'Europe/Berln', did you mean 'Europe/Berlin'?"),
        ("next daily --from yesterday", "'yesterday' is no date"),
        ("next daily --until 2026-02-30", "there is no date 2026-02-30"),
        ("next daily --from 9999-12-31T23:59-23:00", "out of bounds"),
        ("next daily --from 0001-01-01T00:00Z", "out of bounds"),
        ("next 'every(0).minutes'", "an interval is a whole number, 1 or more"),
        ("next 'every(5'", "is no Python"),
        ("next 'every(x).minutes'", "write numbers and texts in it"),
        ("next 'foo(5).minutes'", "cannot be read"),
        (f'next \'every().day.at("10:30", "UTC")\' {BERLIN}', "names its own zone, UTC: leave --timezone out"),
        ("explain every 5 minuts", "did you mean 'minutes'?"),
        ("explain nobody", "if it is a task, name its project: --root DIR"),
    ],
)
def test_a_mistake_is_a_sentence(line: str, words: str) -> None:
    said = say(line)

    assert words in said.err
    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize("count", ["0", "-1", "10001", "x", "1.5"])
def test_counts_are_from_one_to_ten_thousand(count: str) -> None:
    with pytest.raises(UsageError, match=r"number from 1 to 10,000"):
        read(["next", "daily", f"--count={count}"])


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            ["every", "5", "minutes", "at", "10:30", "on", "mon", "until", "plus", "once", "*", "H", "2026-01-01"]
        ),
        max_size=8,
    ).map(" ".join)
    | st.text('every().day("10:30"),cron*=[]{}@', max_size=40).map("every(".__add__)
)
@example("every(" * 900 + "1" + ")" * 900)
@example("every(5).minutes)\ndef f(: pass")
@example("\udcff")
@example("every(10**10**10).minutes")
@example("calendar/../x.ics")
@example("daily calendar nothing.ics")
@example("daily calendar XX")
def test_nothing_that_is_typed_is_a_fault_of_the_program(text: str) -> None:
    for verb in ("next", "explain"):
        options = read([verb, "x"])
        options.what = [text]
        out, err = StringIO(), StringIO()
        terminal = Terminal(out=out, err=err, now=lambda: NOW, pause=lambda _: None)

        assert VERBS[verb].execute(options, FakeDoor({}), terminal) in {0, 2}
        assert bool(err.getvalue()) != bool(out.getvalue())


# --- explain ----------------------------------------------------------------------------------------------


def test_explains_a_schedule() -> None:
    said = say(f"explain 'every().day.at(\"02:30\")' {BERLIN}")

    assert said.lines == [
        "schedule    every day at 02:30",
        "means       at 02:30 each day, Europe/Berlin time",
        "2027-03-28  02:00 +01:00 becomes 03:00 +02:00: 02:30 does not exist: runs once, at 03:00",
        "2027-10-31  03:00 +02:00 becomes 02:00 +01:00: 02:30 comes twice: runs the first time only",
        "next        Mon 2026-11-23 02:30 +01:00, in 11 h 29 min",
        "then        Tue 2026-11-24 02:30 +01:00, in 35 h 29 min",
        "and then    Wed 2026-11-25 02:30 +01:00, in 2 days 11 h",
    ]


def test_explains_each_job_of_a_task(project: Project) -> None:
    jobs = [job(), job(call="weekly()", trigger="0 0 13 * fri", zone="UTC")]
    said = say("explain report", with_tasks(project, *jobs, files=("report",)))

    assert [line for line in said.lines if line.startswith(("calls", "clock"))] == [
        "calls       start()",
        "calls     weekly()",
        "clock     no change of it is known for the next two years",
    ]
    assert said.lines[-1].startswith("warning: day of month '13' and day of week 'fri': either is enough")


def test_explains_a_task_without_a_schedule(project: Project) -> None:
    none = job(trigger=None, call=None, zone=None, state="unscheduled", why="it runs by `start` alone")

    assert say("explain report", with_tasks(project, none)).lines == [
        "it runs by `start` alone",
        "no schedule: nothing is due by itself",
    ]


def test_explains_an_event() -> None:
    assert say("explain after load on failure").lines == [
        "schedule  after load on failure",
        "means     whenever a run of load fails, times out or is interrupted",
    ]


def test_a_document_explains_everything() -> None:
    said = say("explain '15 2 * * *' --timezone Australia/Lord_Howe --json")

    [told] = json.loads(said.out)["jobs"]
    assert told["clock_changes"][1] == {
        "at": "2027-10-02T15:30:00Z",
        "local_before": "2027-10-03T02:00:00+10:30",
        "local_after": "2027-10-03T02:30:00+11:00",
        "shift_seconds": 1800,
        "readings": ["2027-10-03T02:15:00"],
        "count": 1,
        "runs": 1,
        "says": "02:15 does not exist: runs once, at 02:30",
    }
    assert [slot["at"] for slot in told["next"]] == [
        "2026-11-22T15:15:00Z",
        "2026-11-23T15:15:00Z",
        "2026-11-24T15:15:00Z",
    ]
    assert (told["warnings"], told["timezone"], told["means"]) == ([], "Australia/Lord_Howe", "at 02:15 each day")


def every_notation() -> Iterator[str]:
    yield from (
        "every 5 minutes",
        "every 7 minutes between 22:00 and 06:00 on mon,wed,fri from 2027-01-01 until 2027-12-31 plus up to 300 s",
        "every 3 to 5 days at 02:30",
        "monday at 09:00 plus 17 s",
        "*/20 2 1-7,15w * *",
        "0 30 2 * * 1-5",
        "@monthly",
        "H H * * *",
        "once at 2027-03-28 02:30",
        "daily at 10:30 calendar DE-BY next_workday",
        "at boot",
        "on change of inbox/a/very/long/folder/of/another/department/*.csv",
        'every(2).to(4).hours.until("2030-01-01")',
        'cron("0 9 * * 1-5", timezone="America/Argentina/ComodRivadavia")',
    )


@pytest.mark.parametrize("schedule", [*every_notation()])
@pytest.mark.parametrize("verb", ["next", "explain"])
def test_every_notation_fits_eighty_columns(verb: str, schedule: str) -> None:
    said = say([verb, schedule], width=80)

    assert said.code == 0
    assert said.lines
    assert [line for line in said.lines if len(line) > 80] == []
