"""`overdue`, `jobs` and `reset-schedules`: what they say of the scheduler's documents."""

import json
from typing import Any

import pytest

from task_scheduler.core.errors import UnknownTask
from tests.unit.cli.documents import FakeDoor, Turns, say


def owed(**changes: Any) -> dict[str, Any]:
    """Return a job as `overdue` tells it."""
    return {
        "task": "report",
        "job": 1,
        "function": "start",
        "arguments": "((), {})",
        "call": "start()",
        "trigger": "every 5 minutes",
        "timezone": None,
        "status": "FUTURE",
        "next_run": "2026-11-22T14:05:00Z",
        "late": None,
        "owed": None,
        "waiting": [],
        **changes,
    }


def overdue(*jobs: dict[str, Any]) -> dict[str, Any]:
    late = sum(job["status"] == "OVERDUE" for job in jobs)
    return {"now": "2026-11-22T14:01:00Z", "scheduler": True, "overdue": late, "jobs": list(jobs)}


def plan(**changes: Any) -> dict[str, Any]:
    return {"slots": 1, "runs": 1, "merged": 0, "missed": 0, "reason": "", **changes}


def late(**changes: Any) -> dict[str, Any]:
    return owed(**{"status": "OVERDUE", "next_run": "2026-11-22T13:00:00Z", "late": 3660.0, **changes})


def test_the_last_run_of_an_event_is_told_by_when_it_was_asked_for() -> None:
    last = {"run": 7, "scheduled_for": None, "created_at": "2026-11-22T13:00:00Z", "state": "succeeded", "paused": False,
            "reason": "", "count": 1}  # fmt: skip
    told = {
        **owed(trigger="after load on any", next_run=None), "path": "tasks/report.py", "state": "active", "why": None,
        "digest": None, "last": last, "tags": [], "zone": "UTC", "ended_at": None,
    }  # fmt: skip

    older = {**told, "last": {**last, "created_at": None}}
    table, whole, before = (
        say(line, FakeDoor({"jobs": [jobs]})) for line, jobs in (("jobs", told), ("jobs report", told), ("jobs", older))
    )

    assert "succeeded, 13:00:00" in table.lines[1]
    assert whole.lines[-1] == "last run   13:00:00, run 7 succeeded"
    assert "succeeded, " not in before.lines[1]


class TestOverdue:
    def test_tells_of_one_task_alone_and_counts_that_alone(self) -> None:
        door = FakeDoor({"overdue": overdue(late(), owed(task="backup")), "jobs": []})

        said = say("overdue --task backup --exit-code", door)

        assert (said.lines[-1], said.code) == ("nothing is overdue: 1 job on time", 0)
        assert "report" not in said.out

    def test_says_that_all_is_on_time(self) -> None:
        said = say("overdue --exit-code", FakeDoor({"overdue": overdue(owed())}))

        assert said.lines == [
            "STATUS  TASK    NEXT      LATE  WHAT HAPPENS",
            "FUTURE  report  14:05:00     -",
            "",
            "nothing is overdue: 1 job on time",
        ]
        assert said.code == 0

    @pytest.mark.parametrize(
        ("job", "what"),
        [
            (late(owed=plan()), "runs once at the next start"),
            (late(owed=plan(merged=11)), "runs once at the next start, for 12 slots"),
            (late(owed=plan(runs=3)), "runs 3 times at the next start"),
            (
                late(owed=plan(runs=0, missed=40, reason="older than the catch-up window of 24 h")),
                "40 slots would be recorded as missed: older than the catch-up window of 24 h",
            ),
            (
                late(owed=plan(missed=1, reason="too old")),
                "runs once at the next start and 1 slot would be recorded as missed: too old",
            ),
        ],
    )
    def test_says_what_the_next_start_would_do(self, job: dict[str, Any], what: str) -> None:
        said = say("overdue", FakeDoor({"overdue": overdue(job)}, is_left=True))

        assert said.lines[1] == f"OVERDUE  report  13:00:00  1 h 1 min  {what}"
        assert said.lines[-1] == "1 of 1 job overdue"

    def test_says_of_slots_that_wait_what_they_wait_for(self) -> None:
        slot = {
            "run": 7,
            "scheduled_for": "2026-11-22T13:30:00Z",
            "late": 1860.0,
            "paused": False,
            "waits_for": "a place",
            "missed": None,
        }
        job = late(next_run="2026-11-22T14:05:00Z", waiting=[slot, {**slot, "run": 8, "paused": True}])

        said = say("overdue", FakeDoor({"overdue": overdue(job)}))

        assert said.lines[1].endswith("run 7 of 13:30:00 waits for a place; run 8 of 13:30:00 is paused")

    def test_exit_code_is_for_scripts_that_ask_for_it(self) -> None:
        answers = {"overdue": overdue(late(owed=plan()))}

        assert say("overdue", FakeDoor(answers)).code == 0
        assert say("overdue --exit-code", FakeDoor(answers)).code == 1

    def test_fits_eighty_columns(self) -> None:
        job = late(
            task="reports/of-the-northern-district/daily-summary",
            call="sales('north', copies=2)",
            owed=plan(runs=0, missed=40, reason="older than the catch-up window of 24 h"),
        )

        said = say("overdue", FakeDoor({"overdue": overdue(job)}), width=80)

        assert all(len(line) <= 80 for line in said.lines)


def registered(**changes: Any) -> dict[str, Any]:
    """Return a job as `jobs` tells it."""
    return {
        "task": "report",
        "title": "Report",
        "path": "tasks/report.py",
        "job": 1,
        "function": "start",
        "arguments": "((), {})",
        "call": "start()",
        "trigger": "every 5 minutes",
        "timezone": None,
        "state": "active",
        "digest": "a" * 12,
        "next_run": "2026-11-22T14:05:00Z",
        "last": {
            "run": 7,
            "scheduled_for": "2026-11-22T14:00:00Z",
            "state": "succeeded",
            "paused": False,
            "reason": "",
            "count": 1,
        },
        "why": None,
        **changes,
    }


def test_the_tags_of_a_job_are_told_with_all_of_it() -> None:
    tagged = registered(tags=["nightly", "mail"])

    assert "tags       nightly, mail" in say("jobs report", FakeDoor({"jobs": [tagged]})).lines
    assert "tags" not in say("jobs report", FakeDoor({"jobs": [registered(tags=[])]})).out
    assert json.loads(say("jobs report --json", FakeDoor({"jobs": [tagged]})).out) == [tagged]


def unregistered(**changes: Any) -> dict[str, Any]:
    none = dict.fromkeys(("job", "function", "arguments", "call", "trigger", "timezone", "next_run", "last", "digest"))
    return registered(
        **{**none, "task": "off", "state": "disabled", "why": "off is disabled (enabled: false)", **changes}
    )


class TestJobs:
    def test_lists_every_job_and_why_one_is_not_scheduled(self) -> None:
        said = say("jobs", FakeDoor({"jobs": [registered(), unregistered()]}))

        assert said.lines == [
            "JOB  TASK    STATE     NEXT                LAST SLOT            DIGEST    SCHEDULE",
            "  1  report  active    in 4 min, 14:05:00  succeeded, 14:00:00  aaaaaaaa  every 5 minutes",
            "  -  off     disabled  -                   -                    -         -",
            "    off is disabled (enabled: false)",
            "",
            "1 job of 2 tasks",
        ]

    def test_tells_since_when_one_has_ended(self) -> None:
        over = registered(
            state="ended",
            next_run=None,
            ended_at="2026-11-21T23:59:00Z",
            why="its schedule has no further instant",
        )

        listed, one = (say(line, FakeDoor({"jobs": [over]})).lines for line in ("jobs", "jobs report"))

        assert listed[1].startswith("  1  report  ended  ended 2026-11-21 23:59:00")
        # Its row says it all.
        assert listed[2] == ""
        assert [line for line in one if "ended" in line] == ["state      ended", "ended      2026-11-21 23:59:00"]

    def test_leaves_missing_files_out_unless_asked(self) -> None:
        gone = unregistered(task="gone", state="missing", why="gone was deleted: tasks/gone.py is gone")

        assert "gone" not in say("jobs", FakeDoor({"jobs": [registered(), gone]})).out
        assert "gone was deleted" in say("jobs --all", FakeDoor({"jobs": [registered(), gone]})).out

    def test_tells_all_of_one_task(self) -> None:
        missed = {**registered()["last"], "state": "missed", "reason": "too old"}

        said = say("jobs report", FakeDoor({"jobs": [registered(last=missed, timezone="Europe/Berlin")]}))

        assert said.lines == [
            "job        1",
            "task       report (tasks/report.py)",
            "state      active",
            "calls      start()",
            "schedule   every 5 minutes",
            "time zone  Europe/Berlin",
            "next run   in 4 min, 14:05:00",
            "version    aaaaaaaaaaaa",
            "last slot  14:00:00, run 7 missed: too old",
        ]

    def test_fits_eighty_columns(self) -> None:
        said = say("jobs", FakeDoor({"jobs": [registered(task="reports/of-the-northern-district/daily")]}), width=80)

        assert all(len(line) <= 80 for line in said.lines)


def changed(**changes: Any) -> dict[str, Any]:
    """Return a job as `reset_schedules` tells it."""
    return {
        "task": "report",
        "job": 1,
        "call": "start()",
        "trigger": "every 5 minutes",
        "timezone": None,
        "overdue": False,
        "changes": False,
        "old": "2026-11-22T14:05:00Z",
        "new": "2026-11-22T14:05:00Z",
        "slots": 0,
        "first": None,
        "last": None,
        "runs": [],
        "kept": [],
        **changes,
    }


LATE = changed(
    overdue=True,
    changes=True,
    old="2026-11-22T13:00:00Z",
    slots=13,
    first="2026-11-22T13:00:00Z",
    last="2026-11-22T14:00:00Z",
    runs=[7, 8],
    kept=[{"run": 9, "why": "is paused"}],
)


class TestResetSchedules:
    def test_tells_what_is_given_up_and_what_stays(self) -> None:
        what = "gives up 13 slots, 13:00:00 to 14:00:00; gives up runs 7, 8, not begun; leaves run 9, which is paused"
        said = say(
            "reset-schedules", FakeDoor({"reset_schedules": {"dry_run": False, "jobs": [LATE, changed(task="b")]}})
        )

        assert said.lines == [
            "TASK    OLD       NEW       WHAT",
            f"report  13:00:00  14:05:00  {what}",
            "",
            "1 job reset, 15 slots given up",
            "1 job stays as it is: b",
        ]

    def test_a_job_that_owes_another_instant_moves(self) -> None:
        moved = changed(changes=True, old="2026-11-29T14:05:00Z")

        said = say("reset-schedules", FakeDoor({"reset_schedules": {"dry_run": False, "jobs": [moved]}}))

        assert said.lines[1:] == [
            "report  2026-11-29 14:05:00  14:05:00  moves",
            "",
            "1 job reset, nothing was overdue",
        ]

    def test_what_stays_is_no_reset(self) -> None:
        jobs = [changed(task=f"t{number}") for number in range(12)]

        said = say("reset-schedules", FakeDoor({"reset_schedules": {"dry_run": False, "jobs": jobs}}))
        asked = say("reset-schedules --dry-run", FakeDoor({"reset_schedules": {"dry_run": True, "jobs": jobs}}))

        assert said.lines == [
            "no job to reset: nothing changes",
            "12 jobs stay as they are: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 2 more",
        ]
        assert asked.lines == [
            "no job to reset: nothing changes (--dry-run)",
            "12 jobs stay as they are: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11",
        ]

    def test_a_run_that_stays_although_it_is_late_is_shown_and_not_counted(self) -> None:
        paused = changed(overdue=True, kept=[{"run": 9, "why": "is paused"}])

        said = say("reset-schedules", FakeDoor({"reset_schedules": {"dry_run": False, "jobs": [paused]}}))

        assert said.lines == [
            "TASK    OLD       NEW       WHAT",
            "report  14:05:00  14:05:00  leaves run 9, which is paused",
            "",
            "no job to reset: nothing changes",
            "1 job stays as it is: report",
        ]

    def test_a_dry_run_says_that_nothing_was_changed(self) -> None:
        door = FakeDoor({"reset_schedules": {"dry_run": True, "jobs": [LATE]}})

        said = say("reset-schedules --dry-run --future-only", door)

        assert said.lines[-1] == "1 job would be reset, 15 slots would be given up; nothing was changed (--dry-run)"
        assert door.asked == [("reset_schedules", {"future_only": True, "dry_run": True})]

    def test_several_tasks_are_named_one_by_one(self) -> None:
        door = FakeDoor({"reset_schedules": {"dry_run": False, "jobs": []}})

        said = say("reset-schedules --task b --task a --task b", door)

        assert door.asked[0][1]["tasks"] == ["a", "b"]
        assert said.lines == ["no job to reset"]

    def test_an_unknown_task_is_an_error_of_the_scheduler(self) -> None:
        with pytest.raises(UnknownTask, match="no task 'reprot', did you mean 'report'"):
            say(
                "reset-schedules --task reprot", FakeDoor({"reset_schedules": Turns(UnknownTask("reprot", ["report"]))})
            )
