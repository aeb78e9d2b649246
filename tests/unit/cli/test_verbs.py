"""What each verb asks, says and exits with."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from task_scheduler.cli.arguments import UsageError
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import Refused, UnknownTask
from task_scheduler.project import Project
from tests.unit.cli.documents import FakeDoor, Turns, attempt, invalid, job, run, say, task


class TestList:
    def test_shows_schedule_next_and_last_run_of_each_task(self) -> None:
        backup = task("backup", jobs=[], next_run=None, next_runs=[], last_run=None)

        said = say("list", FakeDoor({"list": [task(), backup]}))

        assert said.lines == [
            "TASK    STATUS  NEXT                LAST                SCHEDULE",
            "report  active  in 4 min, 14:05:00  succeeded 58 s ago  every 5 minutes",
            "backup  active  -                   -                   by hand",
            "",
            "2 tasks",
        ]
        assert (said.err, said.code) == ("", 0)

    def test_shows_the_first_error_of_a_broken_edit_and_what_runs_meanwhile(self) -> None:
        said = say("list", FakeDoor({"list": [invalid()]}))

        assert said.lines[2] == (
            "    tasks/report.py:4: unknown key 'evry', did you mean 'every'? (and 1 more) "
            "(the version before it, aaaaaaaaaaaa, goes on)"
        )

    def test_says_that_no_version_of_a_new_broken_file_is_in_force(self) -> None:
        said = say("list", FakeDoor({"list": [invalid(version=None)]}))

        assert said.lines[2].endswith("(and 1 more) (no version is in force)")

    def test_shows_what_is_being_done_about_a_task_in_preparation(self) -> None:
        said = say("list", FakeDoor({"list": [task(status="preparing", detail="building its environment\nmore")]}))

        assert said.lines[2] == "    building its environment"

    def test_tells_once_why_tasks_are_suspended(self) -> None:
        why = "tasks/ is gone"
        tasks = [task(name, status="suspended", detail=why, next_run=None, next_runs=[]) for name in ("one", "two")]

        said = say("list", FakeDoor({"list": tasks}))

        assert said.lines[1].split()[:2] == ["one", "suspended"]
        assert "in 4 min" not in said.out
        assert said.lines[-2:] == ["", "suspended: tasks/ is gone"]
        assert said.out.count(why) == 1

    def test_promises_no_run_where_no_scheduler_is(self) -> None:
        said = say("list", FakeDoor({"list": [task()]}, is_left=True))

        assert "in 4 min" not in said.out
        assert "14:05:00 (no scheduler)" in said.lines[1]

    def test_names_two_schedules_and_counts_the_others(self) -> None:
        jobs = [job(), job(timezone="Europe/Berlin", trigger="30 9 * * *"), job(), job()]

        said = say("list", FakeDoor({"list": [task(jobs=jobs)]}))

        assert "every 5 minutes; 30 9 * * * (Europe/Berlin); and 2 more" in said.lines[1]

    def test_leaves_deleted_tasks_out_unless_asked(self) -> None:
        door = FakeDoor({"list": [task(), task("old", status="deleted")]})

        assert "old" not in say("list", door).out
        assert "old" in say("list --all", door).out

    @pytest.mark.parametrize(
        ("options", "listed"),
        [
            ("--tag nightly", ["both", "one", "two"]),
            ("--tag nightly --tag mail", ["both"]),
            ("--tag mail", ["both", "two"]),
        ],
    )
    def test_finds_tasks_by_the_tags_of_a_job(self, options: str, listed: list[str]) -> None:
        tasks = [
            task("both", jobs=[job(), job(tags=["nightly", "mail"])]),
            task("one", jobs=[job(tags=["nightly"])]),
            task("two", jobs=[job(tags=["nightly"]), job(tags=["mail"])]),
            task("none"),
            task("by_hand", jobs=[]),
        ]

        said = say(f"list --json {options}", FakeDoor({"list": tasks}))

        assert [each["id"] for each in json.loads(said.out)] == listed

    def test_says_which_tags_there_are_where_nothing_has_those(self) -> None:
        door = FakeDoor({"list": [task(jobs=[job(tags=["nightly"]), job(tags=["mail"])])]})

        said = say("list --tag nightyl --tag mail", door)

        assert (said.out, said.code) == ("", 0)
        assert said.err == "no task has a job tagged 'nightyl' and 'mail'; there are mail, nightly\n"
        assert say("list --tag x", FakeDoor({"list": [task()]})).err == (
            "no task has a job tagged 'x'; no job has any tag: they are given by `.tag()`\n"
        )

    def test_says_what_to_do_when_there_are_no_tasks(self) -> None:
        said = say("list", FakeDoor({"list": []}))

        assert (said.out, said.err, said.code) == ("", "no tasks yet: drop a .py file into tasks/\n", 0)

    @pytest.mark.parametrize(
        ("is_left", "names", "told"),
        [
            (True, ["a", "b/c", "example_d"], "2 files in tasks/, read when a scheduler starts: `task-scheduler run`"),
            (True, ["a"], "1 file in tasks/, read when a scheduler starts: `task-scheduler run`"),
            (True, [".hidden/a", "__pycache__/b", "p/__init__"], "drop a .py file into tasks/"),
            (False, ["a"], "drop a .py file into tasks/"),
        ],
    )
    def test_files_that_no_scheduler_has_read_yet_are_counted(
        self, is_left: bool, names: list[str], told: str, tmp_path: Path
    ) -> None:
        for name in names:
            file = tmp_path / "tasks" / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        project = Project(root=tmp_path, config=tmp_path / "config.yaml", config_required=False)

        for verb in ("list", "jobs"):
            assert say(verb, FakeDoor({verb: []}, project, is_left=is_left)).err == f"no tasks yet: {told}\n"

    def test_says_below_a_task_that_it_starts_itself(self) -> None:
        said = say("list", FakeDoor({"list": [task(endless=["on change of in/*: it starts itself without end"])]}))

        assert said.lines[2].strip() == "on change of in/*: it starts itself without end"

    def test_says_below_a_task_what_it_waits_for_in_vain(self) -> None:
        fault = "after lod: there is no task 'lod', did you mean 'load'?; until there is, this starts nothing"

        said = say("list", FakeDoor({"list": [task(chain_faults=[fault]), task("load")]}))

        assert said.lines[2].strip() == fault
        assert said.lines[4:] == ["", "2 tasks"]

    def test_fits_the_terminal(self) -> None:
        said = say("list", FakeDoor({"list": [task("a-long-name-of-a-task" * 3)]}), width=80)

        assert max(map(len, said.lines)) <= 80
        # Cut, it would name nothing.
        assert said.lines[0] == "a-long-name-of-a-task" * 3
        assert said.lines[-5:] == [
            "    next: in 4 min, 14:05:00",
            "    last: succeeded 58 s ago",
            "    schedule: every 5 minutes",
            "",
            "1 task",
        ]

    def test_where_room_is_short_the_next_instant_is_said_shorter(self) -> None:
        said = say("list", FakeDoor({"list": [task("a_task_with_a_long_name")]}), width=80)

        assert said.lines[1].startswith("a_task_with_a_long_name  active")
        assert said.lines[1].endswith("  in 4 min  succeeded 58 s ago  every 5 minutes")

    def test_a_long_schedule_is_broken_at_words_and_pads_no_other_row(self) -> None:
        long = "every day at 09:00 on mon,tue,wed,thu,fri calendar config/holidays.txt skip"
        tasks = [task("a", jobs=[job(trigger=long)]), task("b")]

        narrow, piped = (say("list", FakeDoor({"list": tasks}), width=width).lines for width in (80, None))

        assert max(map(len, narrow)) <= 80
        assert narrow[1].endswith("  every day at 09:00 on weekdays calendar")
        assert narrow[2] == f"{'':{narrow[0].index('SCHEDULE')}}config/holidays.txt skip"
        assert piped[1].endswith("  every day at 09:00 on weekdays calendar config/holidays.txt skip")
        assert piped[2].endswith("  every 5 minutes")
        assert piped[1].index("every") == piped[2].index("every") == piped[0].index("SCHEDULE")

    def test_a_task_whose_schedules_are_over_has_ended(self) -> None:
        over = job(next_run=None, ended_at="2026-11-21T23:59:00Z")
        later = job(next_run=None, ended_at="2026-11-22T09:00:00Z")
        waits = job(next_run=None, ended_at=None, trigger="after other on any")
        tasks = [
            task("a", next_run=None, jobs=[later, over]),
            task("b", next_run=None, jobs=[over, waits]),
            task("c", status="disabled", next_run=None, jobs=[over]),
            task("d", next_run=None, jobs=[]),
        ]

        said = say("list", FakeDoor({"list": tasks}))

        assert said.lines[1].startswith("a     ended     ended 09:00:00  succeeded")
        assert [line.split()[1:3] for line in said.lines[2:-2]] == [["active", "-"], ["disabled", "-"], ["active", "-"]]

    def test_what_is_drawn_by_is_no_part_of_what_is_read(self) -> None:
        said = say("list", FakeDoor({"list": [task(jobs=[job(trigger="every 5 to 10 minutes by 7194003b")])]}))

        assert said.lines[1].endswith("  every 5 to 10 minutes")

    def test_writes_nothing_that_acts_on_the_terminal(self) -> None:
        hostile = "\x1b]0;owned\x07\x1b[2J\u202e"
        told = invalid(
            id=hostile, detail=hostile, problems=[{"severity": "error", "line": 1, "text": hostile}], last_run=None
        )

        said = say("list", FakeDoor({"list": [told]}))

        assert not any(character in said.out for character in "\x1b\x07\u202e")
        assert r"\x1b]0;owned\x07\x1b[2J\u202e" in said.out


class TestColours:
    def test_paints_only_where_colours_are_shown(self) -> None:
        door = FakeDoor({"list": [task(), invalid()]})

        plain, painted = say("list", door), say("list", door, colour=True)

        assert "\x1b" not in plain.out
        assert "\x1b[32mactive\x1b[0m" in painted.out
        assert "\x1b[31minvalid\x1b[0m" in painted.out


@pytest.mark.parametrize(
    ("line", "answers", "document"),
    [
        ("list --json", {"list": [task()]}, [task()]),
        ("list --json", {"list": []}, []),
        ("show report --json", {"show": task()}, task()),
        ("history --json", {"history": [run()]}, [run()]),
        ("start report --json", {"start": run()}, run()),
    ],
)
def test_json_is_the_document_as_the_scheduler_sent_it(line: str, answers: dict[str, Any], document: object) -> None:
    said = say(line, FakeDoor(answers))

    assert json.loads(said.out) == document
    assert (said.err, said.code) == ("", 0)


class TestStatus:
    LIVE: ClassVar[dict[str, Any]] = {
        "pid": 4711,
        "version": "0.1.0",
        "root": "/srv/jobs",
        "started_at": "2026-11-22T10:48:30+00:00",
        "running": 2,
        "queued": 0,
        "next_due": "2026-11-22T14:05:00+00:00",
        "suspended": None,
    }

    def test_tells_which_calendars_cannot_be_read(self) -> None:
        troubled = {**self.LIVE, "calendars": ["closed.txt:1: no date", "calendar 'x.ics' cannot be read"]}

        said = say("status", FakeDoor({"status": self.status(scheduler=troubled)}))

        assert "calendars  closed.txt:1: no date; calendar 'x.ics' cannot be read" in said.lines

    def test_without_a_scheduler_tells_how_the_last_one_ended_and_which_calendars_cannot_be_read(
        self, tmp_path: Path
    ) -> None:
        project = Project(root=tmp_path, config=tmp_path / "config.yaml", config_required=False)
        last = {"ended": "killed", "at": "2026-11-22T13:59:00Z"}
        told = self.status(running=False, scheduler=None, last_scheduler=last, observed=["DE", "gone.txt"])

        said = say("status", FakeDoor({"status": told}, project))

        assert said.lines[0] == (
            "scheduler  not running: the last scheduler was killed, or its machine went down: "
            "its last sign of life is of 13:59:00"
        )
        assert [line for line in said.lines if line.startswith("calendars")] == [
            (
                "calendars  calendar 'gone.txt' cannot be read: No such file or directory; "
                "its path is counted from the project folder"
            )
        ]

    def test_a_task_that_starts_itself_is_told_beside_any_number_of_other_warnings(self) -> None:
        endless = "mover: on change of in/*: it starts itself without end"
        warned = {**self.LIVE, "warnings": [endless, "a: no task", "b: no task", "c: no task"], "endless": [endless]}

        said = say("status", FakeDoor({"status": self.status(scheduler=warned)}))

        assert f"endless    {endless}" in said.lines
        assert "warning    a: no task; and 2 more: `status --json` tells them" in said.lines

    def status(self, **changes: object) -> dict[str, Any]:
        problem = "tasks/report.py:4: unknown key 'evry', did you mean 'every'?"
        return {
            "running": True,
            "scheduler": self.LIVE,
            "tasks": {"active": 3, "invalid": 1, "deleted": 7},
            "invalid": [
                {"id": "report", "path": "tasks/report.py", "problem": problem, "errors": 1, "version": "a" * 12}
            ],
            "runs": [run()],
            **changes,
        }

    def test_tells_how_things_stand(self) -> None:
        said = say("status", FakeDoor({"status": self.status()}))

        assert said.lines == [
            "scheduler  running, pid 4711, for 3 h 12 min (since 10:48:30)",
            "version    0.1.0",
            "project    /srv/jobs",
            "tasks      3 active, 1 invalid",
            "runs       2 running, 0 queued",
            "next       in 4 min, 14:05:00",
            "",
            "cannot be admitted",
            "    tasks/report.py:4: unknown key 'evry', did you mean 'every'? (the version before it, aaaaaaaaaaaa, goes on)",
            "",
            "RUN  TASK    SCHEDULED  STATE       LATE   TOOK     CPU    PEAK  REASON",
            "  7  report  14:00:00   succeeded  12 ms  2.0 s  250 ms  4.2 MB",
        ]
        assert (said.err, said.code) == ("", 0)

    def test_tells_in_one_line_what_a_restore_left_of_many_tasks(self) -> None:
        lost = "the record of this time was lost: restored from the backup of 2026-11-20 11:15:02 UTC"
        when = "2026-11-22T13:00:00Z"
        care = [
            {"task": name, "run": number, "state": "missed", "when": when, "reason": lost}
            for number, name in enumerate(("a", "b", "c", "d", "e", "f"), 2)
        ]
        failed = {"task": "g", "run": 1, "state": "failed", "when": when, "reason": "exit code 1"}

        said = say("status", FakeDoor({"status": self.status(needs_care=[*care, failed])}))

        place = said.lines.index("needs care")
        assert said.lines[place + 1 : place + 4] == [
            "    g failed 1 h 1 min ago (13:00:00, run 1): exit code 1",
            f"    what 6 tasks ran last is not known (a, b, c, d, e and 1 more): {lost}",
            "",
        ]

    def test_tells_since_when_a_run_waits_for_its_next_attempt_and_beside_it_when_that_is(self) -> None:
        waiting = run(final=False, state="retrying", retry_at="2026-11-22T14:02:00Z")

        said = say("status", FakeDoor({"status": self.status(at_work=[waiting], runs=[])}))

        place = next(number for number, line in enumerate(said.lines) if line.startswith("RUN"))
        assert said.lines[place + 1].split("  ")[-2:] == [
            "14:00:02, for 58.0 s",
            "tries again in 1 min, 14:02:00",
        ]

    @pytest.mark.parametrize("is_running", [True, False])
    def test_tells_of_a_restore_in_one_line_that_fits(self, *, is_running: bool) -> None:
        told = {
            "restored": "the record was replaced, as a person asked; restored from the backup of ...",
            "restored_at": "2026-11-22T13:02:00+00:00",
            "restored_to": "2026-11-20T11:15:02+00:00",
        }
        status = self.status(scheduler={**self.LIVE, **told}) if is_running else self.status(scheduler=None, **told)

        said = say("status", FakeDoor({"status": status}), width=80)

        assert "restored   59 min ago to the backup of 2026-11-20 11:15:02" in said.lines
        assert "the record was replaced, as a person asked; restored from the backup of ..." in said.lines

    def test_says_that_the_folder_of_tasks_cannot_be_read(self) -> None:
        live = {**self.LIVE, "suspended": "tasks/ is gone; its tasks are suspended", "next_due": None}

        said = say("status", FakeDoor({"status": self.status(scheduler=live)}))

        assert "suspended  tasks/ is gone; its tasks are suspended" in said.lines
        assert "next       nothing is due" in said.lines

    def test_tells_each_invalid_file_in_one_line_below_what_needs_care(self) -> None:
        ended = {"task": "backup", "run": 3, "state": "failed", "when": "2026-11-22T11:01:00Z", "reason": "exit code 1"}
        broken = [
            {
                "id": name,
                "path": f"tasks/{name}.py",
                "problem": f"tasks/{name}.py: wrong",
                "errors": 1,
                "version": None,
            }
            for name in ("one", "two")
        ]

        said = say("status", FakeDoor({"status": self.status(needs_care=[ended], invalid=broken)}))

        place = said.lines.index("needs care")
        assert said.lines[place + 1 : place + 7] == [
            "    backup failed 3 h ago (11:01:00, run 3): exit code 1",
            "",
            "cannot be admitted",
            "    tasks/one.py: wrong (no version is in force)",
            "    tasks/two.py: wrong (no version is in force)",
            "",
        ]

    def test_names_every_task_that_needs_care(self) -> None:
        ended = {
            "task": "backup",
            "run": 3,
            "state": "timed_out",
            "when": "2026-11-22T11:01:00Z",
            "reason": "too long\nx",
        }
        missed = {**ended, "task": "mail", "state": "missed", "reason": ""}

        said = say("status", FakeDoor({"status": self.status(needs_care=[ended, missed])}))

        place = said.lines.index("needs care")
        assert said.lines[place + 1 : place + 4] == [
            "    backup timed out 3 h ago (11:01:00, run 3): too long",
            "    mail was missed 3 h ago (11:01:00, run 3)",
            "",
        ]

    def test_shows_what_waits_to_begin_beside_what_is_at_work_and_why(self) -> None:
        waiting = run(
            9, state="queued", final=False, started_at=None, created_at="2026-11-22T14:00:30Z", waits_for="run 8"
        )
        at_work = run(8, state="running", final=False)

        said = say("status", FakeDoor({"status": self.status(at_work=[at_work, waiting], runs=[waiting, at_work])}))

        assert any(line.split()[:3] == ["8", "report", "running"] for line in said.lines)
        (line,) = (line for line in said.lines if line.startswith("  9"))
        assert line.endswith("queued   14:00:00, for 1 min 0 s  waits for run 8")

    def test_without_a_scheduler_tells_the_last_known_facts_and_how_to_start_one(self) -> None:
        said = say("status", FakeDoor({"status": self.status(running=False, scheduler=None, invalid=[])}))

        assert said.lines[:3] == ["scheduler  not running", "project    /srv/jobs", "tasks      3 active, 1 invalid"]
        assert said.lines[-1].startswith("  7  report")
        assert said.err == (
            "error: no scheduler is running for /srv/jobs\n\nhint: start it with `task-scheduler run`\n"
        )
        assert said.code == 4

    def test_without_a_scheduler_json_says_so_too(self) -> None:
        said = say("status --json", FakeDoor({"status": self.status(running=False, scheduler=None)}))

        assert json.loads(said.out)["running"] is False
        assert json.loads(said.out)["root"] == "/srv/jobs"
        assert said.code == 4

    @pytest.mark.parametrize("line", ["--status", "--status --json", "--root /srv/jobs --status"])
    def test_has_its_old_spelling(self, line: str) -> None:
        assert say(line, FakeDoor({"status": self.status()})).code == 0


class TestHistory:
    def row(self, **changes: Any) -> str:
        return say("history", FakeDoor({"history": [run(**changes)]})).lines[1]

    def test_shows_lateness_time_cost_and_reason(self) -> None:
        failed = run(state="failed", reason="ValueError: no rows (tasks/report.py:12 in start)\nmore")

        said = say("history", FakeDoor({"history": [failed]}))

        assert said.lines == [
            "RUN  TASK    SCHEDULED  STATE    LATE   TOOK     CPU    PEAK  REASON",
            "  7  report  14:00:00   failed  12 ms  2.0 s  250 ms  4.2 MB  ValueError: no rows (tasks/report.py:12 in start)",
        ]

    def test_a_bulk_row_shows_its_range_and_count(self) -> None:
        row = self.row(
            state="missed", count=1_200, range_end="2026-11-22T15:00:00Z", reason="the scheduler was not running"
        )

        assert "14:00:00 to 15:00:00 (1,200 slots)" in row
        assert "the scheduler was not running" in row

    def test_a_merged_run_says_what_it_stands_for(self) -> None:
        assert self.row(merged=3, merged_from="2026-11-22T11:00:00Z").endswith(
            "stands for 3 earlier slots since 11:00:00"
        )
        assert self.row(merged=1, merged_from=None).endswith("stands for 1 earlier slot")

    def test_a_waiting_retry_says_when(self) -> None:
        row = self.row(state="retrying", final=False, retry_at="2026-11-22T14:02:00Z", reason="exit code 1")

        assert row.endswith("exit code 1; tries again in 1 min, 14:02:00")

    def test_a_run_by_hand_says_so(self) -> None:
        assert "by hand, 14:00:00" in self.row(scheduled_for=None, late=None)

    def test_names_a_function_that_is_not_start(self) -> None:
        assert "report nightly()" in self.row(function="nightly", call="nightly()")

    def test_names_the_arguments_of_a_run_shortened(self) -> None:
        assert "report start('sales', copies=2)  14" in self.row(call="start('sales', copies=2)")
        assert f"report start('{'x' * 32}…  14" in self.row(call=f"start('{'x' * 100}')")

    def test_a_whole_file_needs_no_call(self) -> None:
        assert self.row(function=None, call=None).split()[1:3] == ["report", "14:00:00"]

    def test_tells_how_many_attempts_it_took_also_when_it_succeeded(self) -> None:
        after = "after 3 attempts, the last in 2.0 s"
        assert self.row(executions=3).endswith(after)
        assert self.row(executions=3, state="failed", reason="exit code 1").endswith(f"exit code 1; {after}")
        assert "attempts" not in self.row(executions=2, state="running", final=False)

    def test_a_run_that_never_started_shows_no_measures(self) -> None:
        row = self.row(state="skipped", started_at=None, late=None, duration=None, cpu_seconds=None, peak_memory=None)

        assert row.split() == ["7", "report", "14:00:00", "skipped", "-", "-", "-", "-"]

    @pytest.mark.parametrize(
        ("line", "asked"),
        [
            ("history", {"limit": 21}),
            ("history --task report", {"task": "report", "limit": 21}),
            ("history --state failed --state timed-out", {"states": ["failed", "timed_out"], "limit": 21}),
            ("history --limit 1000 --before 9", {"limit": 1_000, "before": 9}),
        ],
    )
    def test_asks_for_what_was_said(self, line: str, asked: dict[str, object]) -> None:
        door = FakeDoor({"history": []})

        say(line, door)

        assert door.asked == [("history", asked)]

    def test_says_where_the_next_page_begins(self) -> None:
        said = say("history --limit 2", FakeDoor({"history": [run(9), run(8), run(7)]}))

        assert said.err == "older runs: add --before 8\n"
        assert len(said.lines) == 3

    def test_says_nothing_of_older_runs_where_there_are_none(self) -> None:
        assert say("history --limit 2", FakeDoor({"history": [run(2), run(1)]})).err == ""

    def test_says_what_a_run_waits_for(self) -> None:
        row = self.row(state="queued", final=False, waits_for="run 42")
        again = self.row(state="retrying", final=False, retry_at="2026-11-22T14:00:00Z", waits_for="a place")

        assert row.endswith("waits for run 42")
        assert again.endswith("waits for a place")
        assert "tries again" not in again

    def test_tells_a_pause_apart_from_the_time_it_was_at_work(self) -> None:
        assert " 3.7 s + 8.0 s paused " in self.row(duration=11.7, duration_paused=8.0)

    def test_says_where_paused_runs_are_found(self) -> None:
        with pytest.raises(UsageError, match="`status` shows which are paused"):
            say("history --state paused", FakeDoor({}))

    @pytest.mark.parametrize(
        ("line", "note"),
        [
            ("history", "no runs yet: a task runs at its next slot, or with `task-scheduler start TASK`"),
            ("history --state failed", "no runs match"),
        ],
    )
    def test_says_why_nothing_is_listed(self, line: str, note: str) -> None:
        said = say(line, FakeDoor({"history": []}))

        assert (said.out, said.err, said.code) == ("", f"{note}\n", 0)


class TestShow:
    DECLARATION: ClassVar[dict[str, Any]] = {
        "title": "Daily report",
        "description": "Counts the rows",
        "dependencies": ["requests>=2"],
        "python_version": "3.8",
        "enabled": True,
        "timeout": 300,
        "retry_count": 2,
        "retry_delay": 60,
        "schedule": [],
        "timezone": None,
    }

    def shown(self, **changes: Any) -> list[str]:
        lock = ["# made by uv", "requests==2.32.0 \\", "    --hash=sha256:abc", "idna==3.7"]
        told = {
            **task(),
            "declaration": self.DECLARATION,
            "admitted_at": "2026-11-22T13:01:00Z",
            "lock": lock,
            "runs": [run()],
            **changes,
        }
        said = say("show report", FakeDoor({"show": told}))
        assert (said.err, said.code) == ("", 0)
        return said.lines

    def test_tells_everything(self) -> None:
        assert self.shown() == [
            "task         report",
            "title        Daily report",
            "description  Counts the rows",
            "file         tasks/report.py",
            "status       active",
            "version      aaaaaaaaaaaa",
            "admitted     1 h ago, 13:01:00",
            "time limit   300 s",
            "retries      2, 60 s apart",
            "python       3.8 or later",
            "declares     requests>=2",
            "",
            "SCHEDULE         RUNS     NEXT",
            "every 5 minutes  start()  in 4 min, 14:05:00",
            "next: 14:05:00; 14:10:00; 14:15:00",
            "",
            "environment eeeeeeeeeeee:",
            "    requests==2.32.0",
            "    idna==3.7",
            "",
            "RUN  TASK    SCHEDULED  STATE       LATE   TOOK     CPU    PEAK  REASON",
            "  7  report  14:00:00   succeeded  12 ms  2.0 s  250 ms  4.2 MB",
        ]

    def test_shows_tags_where_there_are_any(self) -> None:
        shown = self.shown(jobs=[job(tags=["nightly", "mail"]), job(trigger="daily")])

        assert "SCHEDULE         RUNS     NEXT                TAGS" in shown
        assert "every 5 minutes  start()  in 4 min, 14:05:00  nightly, mail" in shown

    def test_tells_all_that_is_wrong_with_a_file_and_what_the_installer_said(self) -> None:
        shown = self.shown(**{**invalid(), "detail": "error: no such package\nreqests"})

        assert "version      aaaaaaaaaaaa; the file is bbbbbbbbbbbb, which is not in force" in shown
        assert "error: tasks/report.py:5: timeout is '5': write a whole number" in shown
        assert "warning: tasks/report.py: give it a title" in shown
        assert shown[shown.index("    error: no such package") + 1] == "    reqests"

    def test_tells_of_a_file_that_was_never_admitted(self) -> None:
        shown = self.shown(
            **invalid(version=None, environment=None, jobs=[], next_run=None, next_runs=[], last_run=None),
            declaration=None,
            admitted_at=None,
            lock=[],
            runs=[],
        )

        assert "version  none; the file is bbbbbbbbbbbb, which is not in force" in shown
        assert shown[-1] == "no runs yet"

    def test_shows_functions_with_arguments_and_whole_files(self) -> None:
        jobs = [job(function=None, call=None), job(function="nightly", call="nightly('a', n=3)")]

        shown = self.shown(jobs=jobs)

        assert any(line.startswith("every 5 minutes  whole file ") for line in shown)
        assert any("  nightly('a', n=3)  in 4 min" in line for line in shown)

    def test_says_that_the_file_of_a_deleted_task_is_gone(self) -> None:
        shown = self.shown(status="deleted", version=None, pending_digest="b" * 12)

        assert "file         tasks/report.py (it is gone)" in shown
        assert not any(line.startswith("version") for line in shown)

    def test_says_how_a_module_becomes_a_task(self) -> None:
        shown = self.shown(status="module", declaration=None, jobs=[], next_runs=[], environment=None)

        assert any(line.startswith("to make it a task, give it frontmatter with `schedule:`") for line in shown)

    def test_what_it_waits_for_in_vain_is_told_as_a_warning(self) -> None:
        lines = self.shown(chain_faults=["after lod: there is no task 'lod'; until there is, this starts nothing"])

        assert "warning: after lod: there is no task 'lod'; until there is, this starts nothing" in lines

    def test_that_it_starts_itself_is_told_as_a_warning(self) -> None:
        lines = self.shown(endless=["on change of in/*: it starts itself without end"])

        assert "warning: on change of in/*: it starts itself without end" in lines


class TestStart:
    QUEUED = run(scheduled_for=None, state="queued", final=False, ended_at=None, duration=None)

    def test_starts_a_task_and_says_how_to_follow_it(self) -> None:
        door = FakeDoor({"start": self.QUEUED})

        said = say("start report", door)

        ((command, arguments),) = door.asked
        assert command == "start"
        assert arguments["task"] == "report"
        assert said.out == "run 7 of report is queued\n"
        assert said.err == "follow it with `task-scheduler logs 7 --follow`\n"
        assert said.code == 0

    def test_names_function_and_request(self) -> None:
        door = FakeDoor({"start": self.QUEUED})

        say("start report --function nightly --request-id mine-1", door)

        assert door.asked == [("start", {"task": "report", "function": "nightly", "request_id": "mine-1"})]

    @pytest.mark.parametrize(
        ("state", "reason", "code", "end"),
        [
            ("succeeded", "", 0, "run 7 of report succeeded in 2.0 s"),
            ("failed", "exit code 3", 1, "run 7 of report failed in 2.0 s: exit code 3"),
            ("timed_out", "ended at its time limit", 1, "run 7 of report timed out in 2.0 s: ended at its time limit"),
        ],
    )
    def test_waits_for_the_end(self, state: str, reason: str, code: int, end: str) -> None:
        running = run(state="running", final=False)
        door = FakeDoor({"start": self.QUEUED, "run": Turns(running, running, run(state=state, reason=reason))})

        said = say("start report --wait", door)

        assert said.out == f"{end}\n"
        assert said.code == code
        assert len(said.pauses) == 3

    def test_says_that_a_run_was_skipped_and_why(self) -> None:
        skipped = run(191, state="skipped", duration=None, reason="run 190 is still going on")

        waited = say("start report --wait", FakeDoor({"start": self.QUEUED, "run": skipped}))
        at_once = say("start report", FakeDoor({"start": skipped}))

        assert waited.out == at_once.out == "run 191 of report was skipped: run 190 is still going on\n"
        assert (waited.err, at_once.err) == ("", "")
        assert (waited.code, at_once.code) == (1, 1)

    def test_a_run_whose_own_code_found_nothing_to_do_did_what_it_should(self) -> None:
        skipped = run(state="skipped", reason="no new files", attempts=[attempt(state="skipped")])

        said = say("start report --wait", FakeDoor({"start": self.QUEUED, "run": skipped}))

        assert said.out == "run 7 of report was skipped in 2.0 s: no new files\n"
        assert said.code == 0

    def test_says_what_the_run_told_and_could_not_be_kept(self) -> None:
        ended = run(refused=["the result is not kept: .a is a set"])

        said = say("start report --wait", FakeDoor({"start": self.QUEUED, "run": ended}))

        assert said.err == "run 7: the result is not kept: .a is a set\n"
        assert said.code == 0

    def test_says_how_to_repeat_a_request_whose_fate_is_not_known(self) -> None:
        door = FakeDoor({"start": NoAnswer("the scheduler of /srv/jobs did not answer within 10 s")})

        said = say("start report", door)

        request = door.asked[0][1]["request_id"]
        assert said.err == (
            "error: the scheduler of /srv/jobs did not answer within 10 s; whether the task was started is not known\n\n"
            f"hint: repeat it with --request-id {request}: that starts nothing twice\n"
        )
        assert said.code == 1

    @pytest.mark.parametrize("error", [UnknownTask("reprot", ["report"]), Refused("report is disabled")])
    def test_leaves_other_errors_to_the_entry(self, error: Exception) -> None:
        with pytest.raises(type(error)):
            say("start report", FakeDoor({"start": error}))


class TestZones:
    def test_a_line_tells_where_schedules_are_in_a_zone_with_another_clock(self) -> None:
        there = task(jobs=[job(zone="Europe/Berlin")])

        said = say("list", FakeDoor({"list": [there]}))

        assert said.lines[-3:] == ["", "times are UTC; schedules Europe/Berlin", "1 task"]

    def test_where_it_is_so_of_some_it_says_of_how_many(self) -> None:
        tasks = [task("a", jobs=[job(zone="UTC"), job(zone="Europe/Berlin")]), task("b", jobs=[job(zone="UTC")])]

        said = say("list", FakeDoor({"list": tasks}))

        assert said.lines[-2] == "times are UTC; 1 of 3 schedules: Europe/Berlin"

    @pytest.mark.parametrize("zone", ["UTC", "Africa/Abidjan", None, "Nowhere/At_all"])
    def test_nothing_is_told_where_both_clocks_agree_or_it_is_not_known(self, zone: str | None) -> None:
        said = say("list", FakeDoor({"list": [task(jobs=[job(zone=zone)])]}))

        assert "times are" not in said.out
