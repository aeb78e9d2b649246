"""What is done about runs and about the scheduler itself: what is asked, said and exited with."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest

from task_scheduler import __main__
from task_scheduler.cli.arguments import UsageError
from task_scheduler.cli.ending import Ending
from task_scheduler.cli.shutdown import what_goes_on
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import NotRunning, Refused, SettingsError, UnknownRun
from tests.unit.cli.documents import NOW, FakeDoor, Spoken, Turns, attempt, run, say, task, whole_run

ROOT = "/srv/jobs"
#: What is told of a process that is watched, look by look.
ALIVE, GONE = [False] * 120, True
RUNNING = run(12, state="running", final=False, ended_at=None, duration=None)
PAUSED = run(12, state="running", final=False, paused_at="2026-11-22T14:00:30Z")
ENDED = run(12, state="cancelled", duration=3.21, reason="stopped by hand")


class TestRuns:
    def test_what_changes_nothing_is_said(self) -> None:
        door = FakeDoor({"pause": {**PAUSED, "was_paused": True}, "resume": {**RUNNING, "was_paused": False}})

        paused, resumed = say("pause 12", door), say("resume 12", door)

        assert (paused.out, paused.code) == ("run 12 of report is paused already\n", 0)
        assert (resumed.out, resumed.code) == ("run 12 of report was not paused (running)\n", 0)

    def test_a_run_is_paused_and_goes_on(self) -> None:
        door = FakeDoor({"pause": PAUSED, "resume": RUNNING})

        paused, resumed = say("pause 12", door), say("resume report", door)

        assert (paused.out, paused.code) == ("run 12 of report is paused\n", 0)
        assert (resumed.out, resumed.code) == ("run 12 of report goes on (running)\n", 0)
        assert door.asked == [("pause", {"run": 12}), ("resume", {"task": "report"})]

    def test_one_that_waits_does_not_begin(self) -> None:
        waiting = run(12, state="queued", final=False, paused_at="2026-11-22T14:00:30Z")

        assert say("pause 12", FakeDoor({"pause": waiting})).out == (
            "run 12 of report is paused and will not begin (queued)\n"
        )

    def test_a_task_may_be_called_like_a_number(self) -> None:
        door = FakeDoor({"pause": PAUSED})

        say("pause --task 12", door)

        assert door.asked == [("pause", {"task": "12"})]

    def test_stop_waits_for_the_end_and_tells_how_it_was(self) -> None:
        door = FakeDoor({"stop": RUNNING, "run": Turns(*[RUNNING] * 11, ENDED)})

        said = say("stop 12 --reason enough --now", door)

        assert (said.out, said.code) == ("run 12 of report was cancelled after 3.2 s\n", 0)
        assert said.err == "run 12 of report was told to end: waiting until it has (--now kills it)\n"
        command, given = door.asked[0]
        assert (command, given["run"], given["grace"]) == ("stop", 12, 0)
        assert str(given["reason"]).startswith("stopped by ")
        assert str(given["reason"]).endswith(": enough")

    def test_stop_says_so_when_the_run_was_faster(self) -> None:
        said = say("stop 12", FakeDoor({"stop": run(12, duration=2.0)}))

        assert (said.out, said.code) == ("run 12 of report succeeded after 2.0 s before it could be stopped\n", 0)

    def test_each_run_is_tried_and_the_first_failure_is_the_exit_code(self) -> None:
        answers = Turns(UnknownRun("99"), Refused("run 3 has ended: succeeded"), ENDED)

        said = say("stop 99 3 12", FakeDoor({"stop": answers}))

        assert said.code == 6
        assert said.out == "run 12 of report was cancelled after 3.2 s\n"
        assert "error: no run 99\n\nhint: `task-scheduler history` shows" in said.err
        assert "error: run 3 has ended: succeeded\n" in said.err

    def test_without_a_scheduler_nothing_is_tried_twice(self) -> None:
        door = FakeDoor({"stop": NotRunning(ROOT)})

        with pytest.raises(NotRunning):
            say("stop 1 2 3", door)

        assert len(door.asked) == 1

    def test_json_is_a_list_of_what_was_done(self) -> None:
        said = say("pause 1 2 --json", FakeDoor({"pause": Turns(UnknownRun("1"), PAUSED)}))

        assert json.loads(said.out) == [PAUSED]
        assert said.code == 6

    @pytest.mark.parametrize("line", ["stop", "pause -1", "stop --task", "shutdown --drain --kill", "restart --wait x"])
    def test_what_cannot_be_meant_is_a_wrong_use(self, line: str) -> None:
        with pytest.raises(UsageError):
            say(line, FakeDoor({}))


def status(
    *at_work: dict[str, Any], mode: str | None = "drain", started: str = "2026-11-22T13:00:00Z", restart: bool = False
) -> dict[str, Any]:
    stopping = None if mode is None else {"mode": mode, "restart": restart, "doing": "draining", "until": None}
    live = {"started_at": started, "pid": 4711, "version": "0.1.0", "stopping": stopping}
    return {"scheduler": live, "running": True, "at_work": list(at_work)}


def a_terminal() -> Terminal:
    return Terminal(out=StringIO(), err=StringIO(), now=lambda: NOW, pause=lambda _seconds: None)


def test_ctrl_c_while_the_program_is_loaded_ends_it_in_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("task_scheduler.cli.main.main", interrupted)

    assert __main__.main() == 130
    assert capsys.readouterr() == ("", "")


class TestShutdown:
    def test_returns_once_the_process_is_gone_and_tells_what_goes_on_without_it(self) -> None:
        door = FakeDoor({"shutdown": {"pid": 4711}, "gone": Turns(*ALIVE[:2], GONE), "status": status(RUNNING)})

        said = say("shutdown", door)

        assert (said.out, said.err, said.code) == (
            "the scheduler has ended; without it goes on 1 run: 12 (report)\n",
            "",
            0,
        )
        # It is watched before it is told: afterwards its number may be another's.
        assert [command for command, _ in door.asked[:2]] == ["watch", "shutdown"]

    def test_a_drain_says_what_it_waits_for_once_for_each_change(self) -> None:
        answers = Turns(status(RUNNING, PAUSED | {"id": 13}), status(RUNNING), status(RUNNING), status())
        door = FakeDoor({"shutdown": {"pid": 4711}, "gone": Turns(*ALIVE, GONE), "status": answers})

        said = say("shutdown --drain 30", door)

        assert said.err.splitlines() == [
            "waiting for 2 runs: 12 (report), 13 (report, paused)",
            "waiting for 1 run: 12 (report)",
        ]
        assert said.out == "the scheduler has ended\n"
        assert ("shutdown", {"mode": "drain", "patience": 30.0}) in door.asked

    @pytest.mark.parametrize(
        ("line", "given"),
        [
            ("shutdown", {"mode": "leave"}),
            ("shutdown --drain", {"mode": "drain"}),
            ("shutdown --drain 5m", {"mode": "drain", "patience": 300.0}),
            ("shutdown --drain 0", {"mode": "drain", "patience": 0.0}),
            ("shutdown --kill", {"mode": "kill"}),
        ],
    )
    def test_says_how_to_end(self, line: str, given: dict[str, object]) -> None:
        door = FakeDoor({"shutdown": {"pid": 4711}, "status": status()})

        say(line, door)

        assert ("shutdown", given) in door.asked

    def test_ctrl_c_ends_only_the_waiting(self) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        door = FakeDoor({"shutdown": {"pid": 4711}, "gone": False, "status": status(RUNNING)})

        with pytest.raises(KeyboardInterrupt):
            say("shutdown --drain", door, meanwhile=interrupt)

        assert [command for command, _ in door.asked] == ["watch", "shutdown", "status"]

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (status(RUNNING), "the scheduler drains on; "),
            (status(RUNNING, mode="kill"), "the scheduler ends all the same"),
            (status(mode=None, started="2026-11-22T14:00:00Z"), "the scheduler was restarted: it does not end"),
            (status(restart=True), "only the waiting ended: the scheduler was told to restart meanwhile"),
            (NotRunning(ROOT), "only the waiting ended: the scheduler does not tell at present"),
        ],
    )
    def test_after_ctrl_c_it_looks_before_it_says_what_goes_on(self, answer: object, said: str) -> None:
        ending = Ending(FakeDoor({"status": answer}), a_terminal(), started_at="2026-11-22T13:00:00Z")

        assert what_goes_on(ending, lambda: False).startswith(said)

    def test_a_restart_in_its_place_ends_the_waiting_with_a_failure(self) -> None:
        answers = Turns(status(RUNNING), NotRunning(ROOT), status(mode=None, started="2026-11-22T14:00:00Z"))
        told = {"pid": 4711, "started_at": "2026-11-22T13:00:00Z"}

        said = say("shutdown --drain", FakeDoor({"shutdown": told, "gone": False, "status": answers}))

        assert said.code == 1
        assert "error: the scheduler was restarted: it does not end\n" in said.err

    def test_one_that_does_not_answer_may_still_obey(self) -> None:
        said = say("shutdown", FakeDoor({"shutdown": NoAnswer("the scheduler did not answer"), "gone": False}))

        assert said.code == 1
        assert said.err.startswith("error: the scheduler did not answer\n\nhint: it may still obey")

    def test_what_waits_until_the_next_start_is_named(self) -> None:
        waiting = [run(13, state="queued", final=False), run(14, state="retrying", final=False)]

        said = say("shutdown", FakeDoor({"shutdown": {"pid": 4711}, "status": status(*waiting)}))

        assert said.out == "the scheduler has ended; until the next start wait 2 runs: 13 (report), 14 (report)\n"

    def test_one_that_does_not_end_is_told_of(self) -> None:
        door = FakeDoor({"shutdown": {"pid": 4711}, "gone": False, "status": NotRunning(ROOT)})

        said = say("shutdown", door)

        assert said.code == 1
        assert said.err.startswith("error: the scheduler has not ended within 60 s\n\nhint: ")
        assert sum(said.pauses) < 70


class TestRestart:
    def test_waits_until_another_start_answers(self) -> None:
        answers = Turns(
            status(mode=None), status(mode=None), NotRunning(ROOT), status(mode=None, started="2026-11-22T14:00:00Z")
        )
        door = FakeDoor({"status": answers, "restart": {"pid": 4711}, "gone": False})

        said = say("restart", door)

        assert (said.out, said.err, said.code) == (
            "the scheduler works again: version 0.1.0, process 4711\n",
            "",
            0,
        )

    def test_gives_up_a_drain_and_says_so(self) -> None:
        answers = Turns(status(RUNNING), status(mode=None, started="2026-11-22T14:00:00Z"))

        said = say("restart", FakeDoor({"status": answers, "restart": {"pid": 4711}, "gone": False}))

        assert said.err == "the scheduler gives up its drain, and restarts instead\n"

    def test_settings_that_cannot_be_used_leave_everything_as_it_is(self) -> None:
        door = FakeDoor({"status": status(mode=None), "restart": SettingsError("config.yaml", ["line 2: no"])})

        said = say("restart", door)

        assert said.code == 3
        assert said.err == (
            "error: the scheduler goes on as it is, since its configuration cannot be used\n       config.yaml: line 2: no\n"
        )

    def test_one_that_does_not_come_back_is_told_of(self) -> None:
        def restart(*, gone: bool) -> Spoken:
            answers = Turns(status(mode=None), NotRunning(ROOT))
            return say("restart --wait 2", FakeDoor({"status": answers, "restart": {"pid": 4711}, "gone": gone}))

        ended, slow = restart(gone=True), restart(gone=False)

        assert (ended.code, slow.code) == (1, 1)
        assert ended.err.startswith("error: the scheduler ended, and none has taken its place\n")
        assert slow.err.startswith("error: the scheduler does not work yet after 2 s\n")


class TestShowRun:
    def test_tells_what_a_run_has_told(self) -> None:
        told = whole_run(
            task="report",
            limits={"timeout": 60, "memory_limit": 500_000_000, "umask": 0o22, "user": "jobs"},
            metrics={"rows": 1200.0},
            artifacts=[{"path": "out/report.pdf", "title": "The report"}, {"path": "out/b", "title": ""}],
            has_result=True,
            result={"rows": 12},
            refused=["its result is no JSON"],
            progress={"done": 3, "total": 10, "text": "reading"},
            paused_seconds=10.0,
            attempts=[attempt(1, state="failed", reason="ValueError: no"), attempt(2)],
        )

        said = say("show 7", FakeDoor({"run": told}))

        assert said.lines[:3] == ["run       7", "task      report", "calls     start()"]
        for line in (
            "limits    time limit 60 s; memory 500 MB; umask 022; user jobs",
            "progress  [######              ] 30 % (3 of 10), reading",
            "paused    10.0 s in all",
            "    rows: 1200",
            "    out/report.pdf (The report)",
            '      "rows": 12',
            "    its result is no JSON",
        ):
            assert line in said.lines
        assert said.err == "`task-scheduler logs 7` shows what it wrote\n"

    @pytest.mark.parametrize(
        ("changes", "line"),
        [
            ({"exit_code": 3, "core_dumped": False}, "exit      code 3"),
            ({"exit_code": None, "signal": 11, "core_dumped": True}, "exit   ended by SIGSEGV, core dumped"),
            (
                {"exit_code": None, "signal": 9, "out_of_memory": True},
                "exit   ended by SIGKILL, killed by the system for want of memory",
            ),
            (
                {"state": "running", "final": False, "paused_at": "2026-11-22T14:00:30Z"},
                "paused since 14:00:30: its processes stand still",
            ),
            (
                {"state": "queued", "final": False, "paused_at": "2026-11-22T14:00:30Z"},
                "paused since 14:00:30: it does not begin",
            ),
            (
                {
                    "state": "running",
                    "final": False,
                    "paused_at": "2026-11-22T14:00:30Z",
                    "paused_seconds": 2.0,
                    "deadline_at": "2026-11-22T14:05:00Z",
                },
                "paused    32.0 s so far",
            ),
            ({"state": "queued", "final": False, "waits_for": "run 42"}, "waits for run 42"),
            (
                {"state": "running", "final": False, "limits": {"timeout": 120}, "time_used": 23.04},
                "time limit 120 s (23.0 s used)",
            ),
            ({"state": "running", "final": False, "retry_count": 4, "executions": 2}, "2 of 5"),
            ({"state": "retrying", "final": False, "retry_count": 4, "executions": 2}, "the next is 3 of 5"),
            ({"state": "retrying", "final": False, "snoozed": True}, "snoozed"),
            ({"state": "running", "final": False, "deadline_at": "2026-11-22T14:05:00Z"}, "in 4 min, 14:05:00"),
        ],
    )
    def test_tells_how_it_stands(self, changes: dict[str, Any], line: str) -> None:
        said = say("show 7", FakeDoor({"run": whole_run(**changes)}))

        assert line.rpartition("   ")[2] in said.out

    def test_a_scheduler_of_an_older_program_tells_less(self) -> None:
        newer = {"snoozed", "deadline_at", "limits", "metrics", "artifacts", "has_result", "result", "refused"}
        newer |= {"paused_at", "paused_seconds", "progress", "stopped_for", "core_dumped", "out_of_memory"}
        older = {name: value for name, value in whole_run().items() if name not in newer}

        said = say("show 7", FakeDoor({"run": older}))

        assert (said.lines[0].split(), said.code) == (["run", "7"], 0)

    def test_json_is_the_document(self) -> None:
        assert json.loads(say("show 7 --json", FakeDoor({"run": whole_run()})).out) == whole_run()

    def test_writes_nothing_that_acts_on_the_terminal(self) -> None:
        hostile = "\x1b]0;owned\x07\x1b[2J\u202e"
        told = whole_run(
            metrics={hostile: 1.0},
            artifacts=[{"path": hostile, "title": hostile}],
            has_result=True,
            result=hostile,
            refused=[hostile],
            progress={"done": 1, "total": None, "text": hostile},
            reason=hostile,
        )

        said = say("show 7", FakeDoor({"run": told}))

        assert not any(character in said.out for character in "\x1b\x07\u202e")


class TestAtWork:
    def test_status_shows_progress_and_pauses_of_what_is_at_work(self) -> None:
        begun = "2026-11-22T14:00:00Z"
        at_work = [
            run(
                12,
                state="running",
                final=False,
                started_at=begun,
                progress={"done": 40, "total": 100, "text": "page 3"},
            ),
            run(13, state="running", final=False, paused_at="2026-11-22T14:00:30Z"),
            run(14, state="retrying", final=False, retry_at="2026-11-22T14:02:00Z"),
        ]
        told = {**status(*at_work, mode=None), "tasks": {}, "invalid": [], "needs_care": [], "runs": at_work}

        said = say("status", FakeDoor({"status": told}))

        assert [line.split("  ") for line in said.lines if "page 3" in line] != []
        assert "[########            ] 40 %, page 3" in said.out
        assert "14:00:00, for 1 min 0 s" in said.out
        assert "14:00:30, for 30.0 s" in said.out
        assert "tries again in 1 min, 14:02:00" in said.out
        # What is at work is not shown a second time among the newest runs.
        assert said.out.count("page 3") == 1

    def test_status_of_one_that_drains_counts_what_is_paused_and_leaves_slots_to_the_next_start(self) -> None:
        told: dict[str, Any] = {
            **status(PAUSED, RUNNING | {"id": 13}),
            "tasks": {},
            "invalid": [],
            "needs_care": [],
            "runs": [],
        }
        told["scheduler"] |= {"running": 2, "queued": 0, "next_due": "2026-11-22T14:01:44Z"}

        said = say("status", FakeDoor({"status": told})).out

        assert "1 running, 1 paused, 0 queued" in said
        assert "14:01:44: left to the next start" in said

    def test_status_of_one_that_does_not_answer_shows_the_record_and_why(self) -> None:
        held_by = {"work": "", "who": "pid 7 on atlas since yesterday", "known": "it was stopped by a signal"}
        told: dict[str, Any] = {
            "running": False,
            "scheduler": None,
            "held_by": held_by,
            "tasks": {},
            "invalid": [],
            "runs": [],
        }

        said = say("status", FakeDoor({"status": told}))

        assert (said.code, "does not answer (pid 7 on atlas since yesterday)" in said.out) == (4, True)
        assert said.err == f"error: the scheduler of {ROOT} does not answer\n       it was stopped by a signal\n"

    def test_status_says_that_the_scheduler_drains(self) -> None:
        told = {**status(), "tasks": {}, "invalid": [], "needs_care": [], "runs": []}

        assert "; draining: nothing is started any more" in say("status", FakeDoor({"status": told})).out

    @pytest.mark.parametrize(
        ("progress", "said"),
        [
            ({"done": 3, "total": 10, "text": ""}, "running for 1 min 0 s, 30 % (3 of 10)"),
            ({"done": 0.5, "total": 1, "text": "x"}, "running for 1 min 0 s, 50 %"),
            ({"done": 12, "total": None, "text": ""}, "running for 1 min 0 s, 12"),
            ({"done": 30, "total": 10, "text": ""}, "running for 1 min 0 s, 100 % (30 of 10)"),
            ({"done": 3, "total": 0, "text": ""}, "running for 1 min 0 s, 3"),
        ],
    )
    def test_list_shows_how_far_a_task_is(self, progress: dict[str, Any], said: str) -> None:
        at_work = run(state="running", final=False, started_at="2026-11-22T14:00:00Z", progress=progress)

        assert f"  {said}  " in say("list", FakeDoor({"list": [task(last_run=at_work)]})).lines[1]
