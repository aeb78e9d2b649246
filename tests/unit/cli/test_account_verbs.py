"""`why` and `calendar`: what they say of the scheduler's documents."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.calendars import HolidayCalendars
from task_scheduler.calendars.holiday_calendars import COPIES
from task_scheduler.project import Project
from tests.unit.cli.documents import NOW, FakeDoor, attempt, run, say


def line(hour: int = 2, **changes: Any) -> dict[str, Any]:
    """Return a slot as `why` tells it: one that ran on time."""
    return {
        "first": f"2026-11-22T{hour:02}:00:00Z",
        "last": f"2026-11-22T{hour:02}:00:00Z",
        "local_first": f"2026-11-22T{hour + 1:02}:00:00+01:00",
        "local_last": f"2026-11-22T{hour + 1:02}:00:00+01:00",
        "count": 1,
        "fate": "ran",
        "extra": None,
        "run": 7,
        "state": "succeeded",
        "reason": "",
        "late": 0.012,
        "recorded_at": f"2026-11-22T{hour:02}:00:00Z",
        "found_late": False,
        "gap": None,
        "ended_at": f"2026-11-22T{hour:02}:00:02Z",
        **changes,
    }


def unseen(fate: str, hour: int = 2, **changes: Any) -> dict[str, Any]:
    """Return a slot that no row stands for."""
    nothing = dict.fromkeys(("run", "state", "late", "recorded_at", "ended_at"))
    return line(hour, fate=fate, **nothing, **changes)


_FATES = (
    "ran",
    "merged",
    "skipped",
    "missed",
    "not_begun",
    "paused",
    "waiting",
    "unaccounted",
    "not_in_force",
    "coming",
)


def job(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a job's day as `why` tells it."""
    counts = {fate: sum(each["count"] for each in lines if each["fate"] == fate) for fate in _FATES}
    told = sum(counts[fate] for fate in _FATES[:7])
    return {
        "job": 1,
        "function": "start",
        "arguments": "((), {})",
        "call": "start()",
        "trigger": "every 1 hour",
        "timezone": None,
        "zone": "Europe/Berlin",
        "active": True,
        "event": False,
        "since": "2026-11-01T00:00:00Z",
        "local_since": "2026-11-01T01:00:00+01:00",
        "until": "2026-11-22T13:00:00Z",
        "local_until": "2026-11-22T14:00:00+01:00",
        "next_run": "2026-11-22T15:00:00Z",
        "problem": "",
        "day": "2026-11-22",
        "begin": "2026-11-21T23:00:00Z",
        "end": "2026-11-22T23:00:00Z",
        "hours": 24.0,
        "lines": [*lines],
        "expected": told,
        "counts": counts,
        "states": {"succeeded": counts["ran"]} if counts["ran"] else {},
        "extras": {"repeated": 0, "doubled": 0, "unscheduled": 0},
        "difference": 0,
        "balanced": True,
        **changes,
    }


def why(*jobs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "task": "report",
        "title": "Report",
        "status": "active",
        "now": "2026-11-22T14:01:00Z",
        "scheduler": True,
        "last_seen": "2026-11-22T13:59:00Z",
        "remarks": [],
        "jobs": [*jobs],
        "balanced": all(each["balanced"] for each in jobs),
        **changes,
    }


def lines_of(*jobs: dict[str, Any], **changes: Any) -> list[str]:
    return say("why report", FakeDoor({"why": why(*jobs, **changes)})).lines


class TestWhy:
    @pytest.mark.parametrize(
        ("slot", "said"),
        [
            (line(), "03:00:00  succeeded    7  12 ms"),
            (line(late=-0.4), "03:00:00  succeeded    7  0 ms"),
            (line(fate="merged"), "03:00:00  merged     7     -  run 7 stands for it"),
            (
                line(fate="merged", count=300, last="2026-11-22T06:00:00Z", local_last="2026-11-22T07:00:00+01:00"),
                "03:00:00 to 07:00:00 (300 slots)  merged     7     -  run 7 stands for them",
            ),
            (
                line(fate="missed", state="missed", reason="too old\nby far", found_late=True,
                     recorded_at="2026-11-22T04:00:00Z"),
                "03:00:00  missed     7     -  too old; put on record 2 h 0 min later: no scheduler looked at it in time",
            ),
            (
                line(found_late=True, recorded_at="2026-11-22T04:00:00Z", gap="the machine was suspended for 3 h 0 min"),
                "03:00:00  succeeded    7  12 ms  put on record 2 h 0 min later: the machine was suspended for 3 h 0 min",
            ),
            (line(fate="paused"), "03:00:00  paused     7     -  a person paused it: `resume 7` has it go on"),
            (unseen("waiting"), "03:00:00  waiting    -     -  it is due, and not on record yet"),
            (unseen("unaccounted"), "03:00:00  no record    -     -  the schedule has it, and no row stands for it"),
            (
                line(fate="unaccounted", count=3),
                "03:00:00 (3 times)  no record    7     -  the schedule has it, and run 7 stands for fewer",
            ),
            (
                line(fate="merged", gap="no scheduler was there from 02:59:00 to 04:00:00"),
                "03:00:00  merged     7     -  run 7 stands for it; no scheduler was there from 02:59:00 to 04:00:00",
            ),
            (
                unseen("not_in_force"),
                "03:00:00  not in force    -     -  the job was not in force then: a version was admitted after it",
            ),
            (
                line(extra="repeated"),
                "03:00:00  succeeded    7  12 ms  the clock was corrected, and showed this time twice",
            ),
        ],
    )  # fmt: skip
    def test_a_slot_is_told_with_what_became_of_it(self, slot: dict[str, Any], said: str) -> None:
        assert lines_of(job(slot))[2] == said

    def test_the_sum_names_how_the_runs_ended(self) -> None:
        told = job(line(), line(3, state="timed_out"), states={"succeeded": 1, "timed_out": 1})

        assert lines_of(told)[-1] == "expected 2 = 2 ran (1 succeeded, 1 timed out)"

    def test_what_is_to_come_is_told_apart(self) -> None:
        one, more = job(unseen("coming", 20)), job(unseen("coming", 20), unseen("coming", 21))

        assert lines_of(one)[-2:] == ["expected 0 = 0", "still to come: 1 slot, 21:00:00"]
        assert lines_of(more)[-1] == "still to come: 2 slots, 21:00:00 to 22:00:00"

    def test_a_sum_that_does_not_add_up_says_by_what(self) -> None:
        told = job(
            line(),
            unseen("unaccounted"),
            line(4, extra="doubled"),
            line(5, extra="unscheduled"),
            expected=3,
            difference=0,
            balanced=False,
            extras={"repeated": 0, "doubled": 1, "unscheduled": 1},
        )

        said = say("why report", FakeDoor({"why": why(told)}))

        assert said.code == 1
        assert said.lines[-2:] == [
            "this does not add up: 1 slot without any row, 1 slot on record twice, 1 slot on record that the schedule has not",
            "the time zone, a calendar or the rules of the schedule may have changed since",
        ]
        assert say("why report --json", FakeDoor({"why": why(told)})).code == 1

    def test_where_a_schedule_goes_on_and_its_job_is_over_a_changed_zone_is_named(self) -> None:
        told = job(line(), unseen("unaccounted", 3), next_run=None, expected=2, difference=1, balanced=False)

        assert lines_of(told)[-2:] == [
            "this does not add up: 1 slot without any row",
            "the time zone, a calendar or the rules of the schedule may have changed since",
        ]
        assert lines_of({**told, "next_run": "2026-11-22T15:00:00Z"})[-1].startswith("this does not add up")

    def test_slots_out_of_force_and_those_of_a_corrected_clock_are_told_beside_the_sum(self) -> None:
        told = job(
            line(), line(extra="repeated"), unseen("not_in_force"), expected=1,
            extras={"repeated": 1, "doubled": 0, "unscheduled": 0},
        )  # fmt: skip

        assert lines_of(told)[-2:] == [
            "expected 1 + 1 by a corrected clock = 2 ran",
            "not expected: 1 slot, while the job was not in force",
        ]

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"event": True}, "it runs upon an event, and has no slots by the clock: `history` shows its runs"),
            ({"since": None, "until": None}, "it has no slots on record yet; none is to come"),
            ({"until": None}, "it has no slots on record yet; the first it owes is 2026-11-01 01:00:00"),
            (
                {"since": "2026-11-22T02:00:00Z", "local_since": "2026-11-22T03:00:00+01:00"},
                "known since 2026-11-22 03:00:00, its first slot on record",
            ),
            ({"active": False}, "not in force any more; its last slot on record is 2026-11-22 14:00:00"),
            ({"hours": 25.0}, "a day of 25 hours: the clock changes"),
        ],
    )
    def test_for_which_time_a_job_answers_is_said(self, changes: dict[str, Any], said: str) -> None:
        assert lines_of(job(**changes))[1] == said

    def test_several_jobs_are_told_one_after_the_other_with_what_holds_for_all(self) -> None:
        other = job(line(), call="sales('north')")

        last = {"ended": None, "at": "2026-11-22T13:59:00Z"}

        said = lines_of(job(), other, scheduler=False, last_scheduler=last, remarks=["report is disabled"])

        assert said[:3] == [
            "report is disabled",
            "the last sign of life of a scheduler is of 13:59:00",
            "report: every 1 hour (Europe/Berlin), Sunday, 2026-11-22",
        ]
        assert "report sales('north'): every 1 hour (Europe/Berlin), Sunday, 2026-11-22" in said

    @pytest.mark.parametrize(
        ("ended", "said"),
        [
            ("shut_down", "the last scheduler was shut down at 13:59:00"),
            (
                "killed",
                "the last scheduler was killed, or its machine went down: its last sign of life is of 13:59:00",
            ),
        ],
    )
    def test_tells_how_the_last_scheduler_ended(self, ended: str, said: str) -> None:
        last = {"ended": ended, "at": "2026-11-22T13:59:00Z"}

        assert lines_of(job(), scheduler=False, last_scheduler=last)[0] == said
        # One that is there, or was heard of by nobody, has not ended.
        assert lines_of(job(), scheduler=False, last_scheduler=None)[0].startswith("report: ")
        assert lines_of(job(), scheduler=True)[0].startswith("report: ")

    def test_json_is_what_the_scheduler_told(self) -> None:
        said = say("why report --json --day 2026-11-22", FakeDoor({"why": why(job(line()))}))

        assert json.loads(said.out) == why(job(line()))
        assert said.code == 0


def taken(hour: int = 2, **changes: Any) -> dict[str, Any]:
    """Return what a holiday took away, as `why` tells it."""
    told = {"holiday": "May Day", "moved_to": None, "local_moved_to": None, **changes}
    return unseen("left_out", hour, **told)


class TestHolidays:
    def test_what_a_holiday_took_away_stands_by_its_time_and_in_no_sum(self) -> None:
        moved = {"moved_to": "2026-11-23T05:00:00Z", "local_moved_to": "2026-11-23T06:00:00+01:00"}
        told = job(line(4), left_out=[taken(3), taken(5, **moved), taken(6, holiday="")])

        assert lines_of(told)[1:] == [
            "SLOT      OUTCOME    RUN   LATE  BECAUSE",
            "04:00:00  left out     -      -  a holiday: May Day",
            "05:00:00  succeeded    7  12 ms",
            "06:00:00  moved        -      -  a holiday: May Day, moved to 2026-11-23 06:00:00",
            "07:00:00  left out     -      -  a holiday of its calendar",
            "expected 1 = 1 ran",
            "not expected: 3 slots, which a holiday took away",
        ]

    def test_asked_about_its_instant_the_holiday_is_told(self) -> None:
        told = {**why(), "at": "03:00", "nearest": [slot(taken())]}

        said = say("why report --at 03:00", FakeDoor({"why": told}))

        assert said.code == 0
        assert [text.split(maxsplit=1) for text in said.lines[3:]] == [
            ["outcome", "left out"],
            ["because", "a holiday: May Day"],
        ]

    def test_the_calendar_marks_its_day(self) -> None:
        marked: dict[str, Any] = {"left_out": 2, "holiday": "Founders' day"}
        told = a_month(d24=marked)

        said = say("calendar report", FakeDoor({"calendar": told}))

        assert "23   24     25   26   27   28   29" in [text.rstrip() for text in said.lines]
        assert "     2 off" in [text.rstrip() for text in said.lines]
        assert said.lines[-2:] == [
            "off   left out or moved to another day, since it is a holiday: 2",
            "      2026-11-24: Founders' day",
        ]


def slot(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    described = {name: value for name, value in job().items() if name not in {"day", "lines", "counts"}}
    return {**described, **told, "distance": 0.0, **changes}


class TestAt:
    @pytest.mark.parametrize(
        ("told", "said"),
        [
            (line(fate="merged", found_late=True), "decided        by the scheduler, which makes up for several missed slots with one run (missed: once)"),
            (line(fate="merged"), "decided        by the scheduler: slots late by less than a minute simply run late, as one run of their job"),
            (
                line(fate="missed", state="missed", late=None),
                "decided        by the scheduler at 2026-11-22 03:00:02: no attempt of it began",
            ),
            (line(fate="skipped", state="skipped"), "decided        by its own code at 2026-11-22 03:00:02"),
            (line(fate="paused", ended_at=None), "decided        by a person, who paused its run"),
            (line(), "ended          2026-11-22 03:00:02"),
            (line(), "attempt 1 at 2026-11-22 03:00:00, failed: no rows"),
        ],
    )  # fmt: skip
    def test_one_slot_is_explained(self, told: dict[str, Any], said: str) -> None:
        its_run = run(attempts=[attempt(state="failed", started_at="2026-11-22T02:00:00Z", reason="no rows\nat all")])

        spoken = say("why report --at 03:00", FakeDoor({"why": why(nearest=[slot(told)]), "run": its_run}))

        assert said in spoken.lines
        assert spoken.code == 0

    def test_a_range_and_a_distance_are_told(self) -> None:
        told = unseen("coming", count=300, last="2026-11-22T06:00:00Z", local_last="2026-11-22T07:00:00+01:00")

        spoken = say("why report --at 03:05", FakeDoor({"why": why(nearest=[slot(told, distance=300.0)])}))

        assert (
            "slot         2026-11-22 03:00:00 +01:00 (02:00:00 UTC) to 2026-11-22 07:00:00, 300 slots" in spoken.lines
        )
        assert "nearest by   5 min 0 s" in spoken.lines
        assert "known since  2026-11-01 01:00:00" in spoken.lines

    def test_slots_of_two_jobs_at_one_instant_are_both_told(self) -> None:
        both = [slot(unseen("coming")), slot(unseen("coming"), call="sales('north')")]

        spoken = say("why report --at 03:00", FakeDoor({"why": why(nearest=both)}))

        assert spoken.lines.count("outcome   to come") == 2
        assert "job       report sales('north')" in spoken.lines

    def test_a_task_without_slots_says_so(self) -> None:
        spoken = say("why report --at 03:00", FakeDoor({"why": why(nearest=[])}))

        assert (spoken.code, spoken.lines) == (0, [])
        assert spoken.err == "report has no slots by the clock, on record or to come\n"

    def test_json_has_the_runs_too(self) -> None:
        answers = {"why": why(nearest=[slot(line(extra="doubled"))]), "run": run(attempts=[])}

        spoken = say("why report --at 03:00 --json", FakeDoor(answers))

        assert json.loads(spoken.out)["runs"] == [run(attempts=[])]
        assert spoken.code == 1


def day(number: int, **counts: int) -> dict[str, Any]:
    nothing = dict.fromkeys(("succeeded", "failed", "missed", "skipped", "cancelled", "open", "owed", "due"), 0)
    return {"date": f"2026-11-{number:02}", **nothing, **counts}


def a_month(**days: dict[str, int]) -> dict[str, Any]:
    told = [day(number, **days.get(f"d{number}", {})) for number in range(1, 31)]
    return {
        "month": "2026-11",
        "zone": "UTC",
        "task": None,
        "now": "2026-11-22T14:01:00Z",
        "today": "2026-11-22",
        "days": told,
    }


class TestCalendar:
    def test_shows_weeks_from_monday_on_with_what_each_day_had(self) -> None:
        told = a_month(d22={"succeeded": 24, "failed": 2, "due": 24}, d23={"due": 86_400}, d24={"due": 1_000_000})

        said = say("calendar", FakeDoor({"calendar": {**told, "task": "report"}}), width=80)

        assert [text.rstrip() for text in said.lines] == [
            "November 2026 of report (UTC)",
            "",
            "Mon      Tue     Wed  Thu  Fri  Sat  Sun",
            "                                     1",
            "",
            "2        3       4    5    6    7    8",
            "",
            "9        10      11   12   13   14   15",
            "",
            "16       17      18   19   20   21   22 today",
            "                                     24 ok",
            "                                     2 fail",
            "                                     24 due",
            "",
            "23       24      25   26   27   28   29",
            "86k due  1M due",
            "",
            "30",
            "",
            "ok    succeeded: 24",
            "fail  failed, timed out or interrupted: 2",
            "due   to come: 1,086,424",
        ]

    def test_the_fullest_day_fits_eighty_columns(self) -> None:
        full = dict.fromkeys(("succeeded", "failed", "missed", "skipped", "cancelled", "open", "owed", "due"), 9_999)
        told = a_month(**{f"d{number}": full for number in range(1, 31)})

        said = say("calendar", FakeDoor({"calendar": told}), width=80)

        assert said.lines[2].startswith("Mon")
        assert max(map(len, said.lines)) <= 80

    def test_counts_are_coloured(self) -> None:
        said = say("calendar", FakeDoor({"calendar": a_month(d2={"failed": 3})}), colour=True)

        assert any("\x1b[31m3 fail\x1b[0m" in text for text in said.lines)

    def test_a_month_that_ends_on_a_sunday_has_no_empty_week(self) -> None:
        told = {**a_month(), "days": a_month()["days"][:29]}

        said = say("calendar --json", FakeDoor({"calendar": told}))
        shown = say("calendar", FakeDoor({"calendar": told}))

        assert json.loads(said.out) == told
        assert shown.lines[-1] == "nothing ran, and nothing is due"
        assert [text.split() for text in shown.lines[11:13]] == [["23", "24", "25", "26", "27", "28", "29"], []]

    def test_a_task_may_be_named_in_place_of_an_option(self) -> None:
        doors = [FakeDoor({"calendar": a_month()}) for _ in range(2)]
        for door, line in zip(doors, ("calendar report", "calendar --task report"), strict=True):
            say(line, door)

        assert doors[0].asked == doors[1].asked == [("calendar", {"task": "report"})]

    def test_two_tasks_are_one_too_many(self) -> None:
        said = say("calendar report --task backup", FakeDoor({}))

        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("error: two tasks are named: report and backup\n")


class TestCalendarFileThatCannotBeUsed:
    REMARK = (
        "closed.txt:1: 'Christmas' is no holiday: write a date and a name, such as '2027-01-01 New Year'; "
        "until that is mended, the copy kept at 2026-11-21 14:01:00 is used"
    )

    @pytest.fixture
    def kept(self, tmp_path: Path) -> Project:
        file = tmp_path / "closed.txt"
        file.write_text("2026-11-24 Founders' day\n")
        HolidayCalendars(tmp_path, copies=tmp_path / COPIES).holidays("closed.txt")
        file.write_text("Christmas\n")
        [copy] = (tmp_path / COPIES).iterdir()
        os.utime(copy, (NOW.timestamp() - 86_400,) * 2)
        return Project(root=tmp_path, config=tmp_path / "config.yaml", config_required=False)

    def test_why_tells_that_a_copy_is_used(self, kept: Project) -> None:
        told = why(job(trigger="every day at 10:30 calendar closed.txt skip"))

        assert say("why report", FakeDoor({"why": told}, kept)).lines[0] == self.REMARK

    def test_calendar_tells_it(self, kept: Project) -> None:
        told = {**a_month(), "calendars": ["DE", "closed.txt", "gone.ics"]}

        assert say("calendar", FakeDoor({"calendar": told}, kept)).lines[1:3] == [self.REMARK, ""]
