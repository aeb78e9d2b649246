"""The read model says the same of a task or a run wherever it is asked, in JSON values alone."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.core.environments import Lock
from task_scheduler.core.errors import Problem, Refused, Severity, UnknownRun, UnknownTask
from task_scheduler.core.outcomes import GIVEN_UP
from task_scheduler.core.runs import (
    Artifact,
    Attempt,
    AttemptExit,
    AttemptId,
    AttemptNotes,
    AttemptState,
    ErrorSummary,
    Progress,
    Run,
    RunState,
)
from task_scheduler.core.tasks import Job, TaskDeclaration, TaskRecord, TaskStatus, TaskVersion
from task_scheduler.ports import RunFilter
from task_scheduler.services.overview import Overview
from task_scheduler.testing.builders import a_job, a_run, a_version
from task_scheduler.testing.clock import FakeClock

NOW = datetime(2026, 11, 22, 14, 1, tzinfo=UTC)
DIGEST, NEWER, ENVIRONMENT = "a" * 64, "b" * 64, "e" * 32


class Shelf:
    """What is on record, as lists; answers the questions of Catalogue and History the overview asks."""

    def __init__(self, **content: Any) -> None:
        self._tasks: Sequence[TaskRecord] = content.get("tasks", ())
        self._jobs: Sequence[Job] = content.get("jobs", ())
        self._versions: Sequence[TaskVersion] = content.get("versions", ())
        self._locks: Sequence[Lock] = content.get("locks", ())
        self._runs: Sequence[Run] = content.get("runs", ())
        self._attempts: Sequence[Attempt] = content.get("attempts", ())

    async def tasks(self) -> Sequence[TaskRecord]:
        return self._tasks

    async def jobs(self) -> Sequence[Job]:
        return self._jobs

    async def versions(self) -> Sequence[TaskVersion]:
        return self._versions

    async def version(self, task_id: str, digest: str) -> TaskVersion | None:
        return next((one for one in self._versions if (one.task_id, one.digest) == (task_id, digest)), None)

    async def lock(self, key: str) -> Lock | None:
        return next((one for one in self._locks if one.key == key), None)

    async def latest(self) -> Mapping[str, Run]:
        return {one.task_id: one for one in sorted(self._runs, key=lambda run: run.id)}

    async def runs(self, which: RunFilter) -> Sequence[Run]:
        found = [
            one
            for one in sorted(self._runs, key=lambda run: -run.id)
            if which.task_id in {None, one.task_id}
            and (which.states is None or one.state in which.states)
            and (which.before_id is None or one.id < which.before_id)
        ]
        return found[: which.limit]

    async def run(self, run_id: int) -> Run | None:
        return next((one for one in self._runs if one.id == run_id), None)

    async def attempts(self, run_id: int) -> Sequence[Attempt]:
        return [one for one in self._attempts if one.id.run_id == run_id]


def overview(
    zone: str = "UTC",
    suspended: str | None = None,
    notes_of: Callable[[int], AttemptNotes | None] | None = None,
    waits_for: Callable[[int], str | None] | None = None,
    **content: Any,
) -> Overview:
    shelf: Any = Shelf(**content)
    return Overview(
        catalogue=shelf,
        history=shelf,
        clock=FakeClock(NOW),
        zone=ZoneInfo(zone),
        suspended=lambda: suspended,
        notes_of=notes_of,
        waits_for=waits_for,
    )


def task(task_id: str = "report", **changes: Any) -> TaskRecord:
    record = TaskRecord(
        task_id=task_id,
        path=f"tasks/{task_id}.py",
        status=TaskStatus.ACTIVE,
        title="Daily report",
        digest=DIGEST,
        version=DIGEST,
        updated_at=NOW,
    )
    return replace(record, **changes)


def job(number: int = 1, trigger: str = "every 5 minutes", **changes: Any) -> Job:
    return a_job(id=number, trigger=trigger, **{"next_run": NOW.replace(minute=5), **changes})


def version(**changes: Any) -> TaskVersion:
    declaration = TaskDeclaration(title="Daily report", dependencies=("requests>=2",), timeout=60)
    return a_version(**{"digest": DIGEST, "declaration": declaration, "environment": ENVIRONMENT, **changes})


def run(number: int = 1, **changes: Any) -> Run:
    ended = a_run(
        id=number,
        state=RunState.SUCCEEDED,
        scheduled_for=NOW,
        created_at=NOW,
        started_at=NOW + timedelta(milliseconds=12),
        ended_at=NOW + timedelta(seconds=2),
    )
    return replace(ended, **changes)


def test_tells_a_task_with_schedule_last_run_and_next_instants() -> None:
    read = overview(
        tasks=[task()],
        jobs=[job()],
        versions=[version()],
        runs=[run(1), run(2, state=RunState.FAILED, reason="exit code 3")],
    )

    (told,) = asyncio.run(read.tasks())

    assert told["id"] == "report"
    assert told["status"] == "active"
    assert told["next_run"] == "2026-11-22T14:05:00Z"
    assert told["next_runs"] == ["2026-11-22T14:05:00Z", "2026-11-22T14:10:00Z", "2026-11-22T14:15:00Z"]
    assert told["jobs"] == [
        {
            "id": 1,
            "function": "start",
            "arguments": "((), {})",
            "call": "start()",
            "trigger": "every 5 minutes",
            "timezone": None,
            "zone": "UTC",
            "tags": [],
            "next_run": "2026-11-22T14:05:00Z",
            "ended_at": None,
        }
    ]
    assert told["last_run"]["id"] == 2
    assert (told["last_run"]["state"], told["last_run"]["reason"]) == ("failed", "exit code 3")
    assert told["version"] == "a" * 12
    assert told["environment"] == "e" * 12
    assert told["pending_digest"] is None
    assert told["chain_faults"] == []


def test_a_task_that_runs_after_none_says_so_and_others_do_not() -> None:
    after = [job(number, "after lod on success", function=name, next_run=None) for number, name in ((1, "a"), (2, "b"))]
    asked = overview(tasks=[task(), task("load")], jobs=[*after, job(3, task_id="load")])

    whole = {told["id"]: told["chain_faults"] for told in asyncio.run(asked.tasks())}

    said = "after lod: there is no task 'lod', did you mean 'load'?; until there is, this starts nothing"
    assert whole == {"report": [said], "load": []}
    assert asyncio.run(asked.task("report"))["chain_faults"] == [said]


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([RunState.RUNNING, RunState.SKIPPED], 1),
        ([RunState.RUNNING, RunState.QUEUED], 1),
        ([RunState.RETRYING, RunState.SKIPPED, RunState.SKIPPED], 1),
        ([RunState.FAILED, RunState.SKIPPED, RunState.SKIPPED], 1),
        ([RunState.SKIPPED, RunState.FAILED], 2),
        ([RunState.SKIPPED, RunState.SKIPPED], 2),
    ],
)
def test_the_last_run_is_the_one_at_work_else_the_newest_that_was_not_skipped(
    states: Sequence[RunState], told: int
) -> None:
    runs = [run(number, state=state) for number, state in enumerate(states, start=1)]
    read = overview(tasks=[task()], runs=runs)

    (listed,) = asyncio.run(read.tasks())
    shown = asyncio.run(read.task("report"))

    assert (listed["last_run"]["id"], shown["last_run"]["id"]) == (told, told)


def test_tasks_that_may_not_start_are_suspended_with_the_reason_and_no_next_instant() -> None:
    tasks = [task(), task("off", status=TaskStatus.DISABLED), task("bad", status=TaskStatus.INVALID)]
    read = overview(suspended="tasks/ is gone", tasks=tasks, jobs=[job(), job(2, task_id="bad")])

    report, off, bad = asyncio.run(read.tasks())
    summary = asyncio.run(read.summary())

    assert (report["status"], report["detail"], report["next_run"], report["next_runs"]) == (
        "suspended",
        "tasks/ is gone",
        None,
        [],
    )
    assert report["jobs"][0]["next_run"] is None
    assert (off["status"], bad["status"], bad["next_run"]) == ("disabled", "invalid", None)
    assert summary["tasks"] == {"disabled": 1, "invalid": 1, "suspended": 1}


def test_merges_the_instants_of_all_jobs_and_tells_a_common_one_once() -> None:
    jobs = [
        job(1, "every 5 minutes"),
        job(2, "every 1 hours", next_run=NOW.replace(hour=15, minute=0)),
        job(3, "every 10 minutes", next_run=NOW.replace(minute=10)),
    ]

    (told,) = asyncio.run(overview(tasks=[task()], jobs=jobs).tasks())

    assert told["next_runs"] == ["2026-11-22T14:05:00Z", "2026-11-22T14:10:00Z", "2026-11-22T14:15:00Z"]


def test_tells_a_slot_that_is_owed_and_then_what_comes_from_now_on() -> None:
    owed = NOW - timedelta(days=2, minutes=1)

    (told,) = asyncio.run(overview(tasks=[task()], jobs=[job(next_run=owed)]).tasks())

    assert told["next_runs"] == ["2026-11-20T14:00:00Z", "2026-11-22T14:05:00Z", "2026-11-22T14:10:00Z"]


def test_reads_schedules_in_the_zone_of_the_job_else_of_the_scheduler() -> None:
    at_nine = "30 9 * * *"
    first = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

    def following(**changes: Any) -> str:
        read = overview("Europe/Berlin", tasks=[task()], jobs=[job(1, at_nine, next_run=first, **changes)])
        (told,) = asyncio.run(read.tasks())
        return str(told["next_runs"][1])

    assert following() == "2026-11-24T08:30:00Z"
    assert following(timezone="America/New_York") == "2026-11-23T14:30:00Z"


def test_a_zone_the_machine_does_not_know_leaves_the_slot_that_is_owed() -> None:
    (told,) = asyncio.run(overview(tasks=[task()], jobs=[job(timezone="Mars/Olympus")]).tasks())

    assert told["next_runs"] == ["2026-11-22T14:05:00Z"]


def test_tells_a_broken_edit_and_the_version_that_stays_in_force() -> None:
    problem = Problem(path="tasks/report.py", line=4, message="unknown key 'evry', did you mean 'every'?")
    advice = Problem(path="tasks/report.py", message="give it a title", severity=Severity.WARNING)
    broken = task(status=TaskStatus.INVALID, digest=NEWER, problems=(advice, problem))

    (told,) = asyncio.run(overview(tasks=[broken], versions=[version()]).tasks())
    summary = asyncio.run(overview(tasks=[broken]).summary())

    sentence = "tasks/report.py:4: unknown key 'evry', did you mean 'every'?"
    assert told["problems"] == [
        {"severity": "warning", "line": None, "text": "tasks/report.py: give it a title"},
        {"severity": "error", "line": 4, "text": sentence},
    ]
    assert (told["version"], told["pending_digest"]) == ("a" * 12, "b" * 12)
    assert summary["invalid"] == [
        {"id": "report", "path": "tasks/report.py", "problem": sentence, "errors": 1, "version": "a" * 12}
    ]


def test_shows_one_task_with_declaration_lock_and_last_ten_runs() -> None:
    lock = Lock(key=ENVIRONMENT, text="requests==2.32.0\nidna==3.7\n", python="3.11", platform="linux-x86_64")
    read = overview(
        tasks=[task()], jobs=[job()], versions=[version()], locks=[lock], runs=[run(number) for number in range(1, 13)]
    )

    told = asyncio.run(read.task("report"))

    assert told["declaration"]["dependencies"] == ["requests>=2"]
    assert told["declaration"]["timeout"] == 60
    assert told["lock"] == ["requests==2.32.0", "idna==3.7"]
    assert [one["id"] for one in told["runs"]] == list(range(12, 2, -1))


def test_shows_a_task_that_was_never_admitted() -> None:
    told = asyncio.run(overview(tasks=[task(version=None, status=TaskStatus.INVALID)]).task("report"))

    assert (told["declaration"], told["version"], told["environment"]) == (None, None, None)
    assert (told["lock"], told["runs"], told["last_run"]) == ([], [], None)


def test_an_unknown_task_gets_a_suggestion() -> None:
    with pytest.raises(UnknownTask) as caught:
        asyncio.run(overview(tasks=[task()]).task("reprot"))

    assert str(caught.value) == "no task 'reprot', did you mean 'report'?"


def test_tells_a_run_with_its_attempts_and_every_measure() -> None:
    measured = AttemptExit(
        exit_code=1,
        error=ErrorSummary(kind="ValueError", message="no rows", place="tasks/report.py:12 in start"),
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=2),
        duration=2.0,
        cpu_seconds=0.5,
        peak_memory=4_000_000,
        output_bytes=120,
        output_dropped=20,
        left_behind=1,
        paused_seconds=0.5,
        notes=AttemptNotes(
            progress=Progress(done=3, total=10, text="reading"),
            metrics={"rows": 12.0},
            artifacts=(Artifact(path="out/report.pdf", title="The report"),),
            result='{"rows": 12}',
            refused=("not kept",),
        ),
    )
    attempt = Attempt(
        id=AttemptId(run_id=1, number=1),
        state=AttemptState.FAILED,
        digest=DIGEST,
        environment=ENVIRONMENT,
        placement="secret of the executor",
        output="1.1.log",
        claimed_at=NOW,
        exit=measured,
        started_at=NOW,
        reason="ValueError: no rows",
    )
    failed = run(1, state=RunState.FAILED, digest=DIGEST, last_exit=measured, reason="ValueError: no rows")

    told = asyncio.run(overview(runs=[failed], attempts=[attempt]).run(1))

    assert told["late"] == 0.012
    assert told["attempts"] == [
        {
            "number": 1,
            "state": "failed",
            "digest": "a" * 12,
            "environment": "e" * 12,
            "output": "1.1.log",
            "reason": "ValueError: no rows",
            "claimed_at": "2026-11-22T14:01:00Z",
            "started_at": "2026-11-22T14:01:00Z",
            "ended_at": "2026-11-22T14:01:02Z",
            "exit_code": 1,
            "signal": None,
            "error": {"kind": "ValueError", "message": "no rows", "place": "tasks/report.py:12 in start"},
            "duration": 2.0,
            "duration_paused": 0.5,
            "cpu_seconds": 0.5,
            "peak_memory": 4_000_000,
            "output_bytes": 120,
            "output_dropped": 20,
            "left_behind": 1,
            "stopped_for": None,
            "core_dumped": False,
            "out_of_memory": False,
            "progress": {"done": 3, "total": 10, "text": "reading"},
            "metrics": {"rows": 12.0},
            "artifacts": [{"path": "out/report.pdf", "title": "The report"}],
            "has_result": True,
            "result": {"rows": 12},
            "refused": ["not kept"],
        }
    ]
    assert {name: told[name] for name in ("progress", "metrics", "result", "refused")} == {
        name: told["attempts"][0][name] for name in ("progress", "metrics", "result", "refused")
    }


def test_tells_bulk_and_merged_slots() -> None:
    bulk = run(
        1, state=RunState.MISSED, started_at=None, count=12, range_end=NOW + timedelta(hours=1), reason="too late"
    )
    merged = run(2, merged=3, merged_from=NOW - timedelta(hours=3))

    told = asyncio.run(overview(runs=[bulk, merged]).history())

    assert (told[1]["count"], told[1]["range_end"], told[1]["late"]) == (12, "2026-11-22T15:01:00Z", None)
    assert (told[0]["merged"], told[0]["merged_from"]) == (3, "2026-11-22T11:01:00Z")


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({}, [4, 3, 2, 1]),
        ({"task": "report"}, [3, 2, 1]),
        ({"states": ["failed"]}, [4, 2]),
        ({"states": ["failed", "skipped"], "task": "report"}, [3, 2]),
        ({"limit": 2}, [4, 3]),
        ({"before": 3}, [2, 1]),
    ],
)
def test_lists_runs_newest_first_by_what_is_asked(asked: dict[str, Any], ids: list[int]) -> None:
    runs = [
        run(1),
        run(2, state=RunState.FAILED),
        run(3, state=RunState.SKIPPED),
        run(4, task_id="other", state=RunState.FAILED),
    ]

    told = asyncio.run(overview(tasks=[task()], runs=runs).history(**asked))

    assert [one["id"] for one in told] == ids


@pytest.mark.parametrize(
    ("asked", "error", "sentence"),
    [
        ({"task": "reprot"}, UnknownTask, "no task 'reprot', did you mean 'report'?"),
        ({"states": ["faild"]}, Refused, "no state 'faild', did you mean 'failed'?: the states are queued, running, "),
        ({"limit": 0}, Refused, "limit is 0: give a number from 1 to 1000"),
        ({"limit": 1_001}, Refused, "limit is 1001: give a number from 1 to 1000"),
    ],
)
def test_refuses_a_question_that_cannot_be_meant(asked: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        asyncio.run(overview(tasks=[task()]).history(**asked))

    assert str(caught.value).startswith(sentence)


def test_a_task_without_runs_has_an_empty_history() -> None:
    assert asyncio.run(overview(tasks=[task()]).history(task="report")) == []


def test_an_unknown_run_is_named() -> None:
    with pytest.raises(UnknownRun, match="no run 42"):
        asyncio.run(overview().run(42))


def test_sums_up_tasks_by_status_and_the_newest_runs() -> None:
    tasks = [task("a"), task("b"), task("c", status=TaskStatus.DISABLED)]

    summary = asyncio.run(overview(tasks=tasks, runs=[run(number) for number in range(1, 20)]).summary())

    assert summary["tasks"] == {"active": 2, "disabled": 1}
    assert [one["id"] for one in summary["runs"]] == list(range(19, 9, -1))


def test_names_every_task_in_force_that_ended_badly_however_old_that_run_is() -> None:
    tasks = [
        task("backup"),
        task("busy"),
        task("mended"),
        task("waits"),
        task("old", status=TaskStatus.DELETED, version=None),
        task("off", status=TaskStatus.DISABLED),
    ]
    failed = run(1, task_id="backup", state=RunState.FAILED, reason="exit code 1", ended_at=NOW)
    runs = [
        failed,
        run(2, task_id="mended", state=RunState.FAILED),
        run(3, task_id="mended"),
        run(4, task_id="waits", state=RunState.MISSED),
        run(5, task_id="waits", state=RunState.SKIPPED),
        run(6, task_id="waits", state=RunState.QUEUED),
        run(7, task_id="old", state=RunState.FAILED),
        run(8, task_id="off", state=RunState.FAILED),
        *(run(number, task_id="busy") for number in range(9, 40)),
    ]

    summary = asyncio.run(overview(tasks=tasks, runs=runs).summary())

    assert [(one["task"], one["run"], one["state"]) for one in summary["needs_care"]] == [
        ("waits", 4, "missed"),
        ("backup", 1, "failed"),
    ]
    assert summary["needs_care"][1] == {
        "task": "backup",
        "run": 1,
        "state": "failed",
        "when": "2026-11-22T14:01:00Z",
        "reason": "exit code 1",
    }


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.TIMED_OUT, RunState.INTERRUPTED, RunState.MISSED])
def test_each_bad_end_needs_care(state: RunState) -> None:
    summary = asyncio.run(overview(tasks=[task()], runs=[run(state=state)]).summary())

    assert [one["state"] for one in summary["needs_care"]] == [state.value]


def test_what_a_person_gave_up_needs_no_care() -> None:
    given_up = run(state=RunState.MISSED, reason=GIVEN_UP)

    assert asyncio.run(overview(tasks=[task()], runs=[given_up]).summary())["needs_care"] == []


def test_every_answer_is_made_of_json_values() -> None:
    read = overview(tasks=[task()], jobs=[job()], versions=[version()], runs=[run(1)])

    async def answers() -> list[Any]:
        return [
            await read.tasks(),
            await read.task("report"),
            await read.history(),
            await read.run(1),
            await read.summary(),
        ]

    told = asyncio.run(answers())

    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_a_long_list_lets_other_work_go_on() -> None:
    turns = 0

    async def other_work() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def scenario() -> int:
        working = asyncio.create_task(other_work())
        told = await overview(tasks=[task(str(number)) for number in range(1_000)]).tasks()
        working.cancel()
        return len(told)

    assert asyncio.run(scenario()) == 1_000
    assert turns >= 9


def test_tells_how_far_a_run_at_work_is_by_what_it_told_last() -> None:
    live = {1: AttemptNotes(progress=Progress(done=4, total=10))}
    at_work = run(1, state=RunState.RUNNING, digest=DIGEST)
    read = overview(tasks=[task()], versions=[version()], runs=[at_work], notes_of=live.get)

    (listed,) = asyncio.run(read.tasks())
    summary = asyncio.run(read.summary())

    wanted = {"done": 4, "total": 10, "text": ""}
    assert listed["last_run"]["progress"] == wanted
    assert [told["progress"] for told in summary["at_work"]] == [wanted]


def test_tells_what_is_at_work_and_what_waits_because_somebody_paused_it() -> None:
    runs = [
        run(1, state=RunState.RUNNING, paused_at=NOW),
        run(2, state=RunState.QUEUED),
        run(3, state=RunState.QUEUED, paused_at=NOW),
        run(4, state=RunState.RETRYING),
        run(5, state=RunState.SUCCEEDED),
        run(6, state=RunState.QUEUED, scheduled_for=NOW + timedelta(seconds=0.4)),
    ]

    summary = asyncio.run(overview(runs=runs).summary())

    assert [told["id"] for told in summary["at_work"]] == [1, 2, 3, 4]
    assert summary["at_work"][0]["paused_at"] == "2026-11-22T14:01:00Z"


def test_the_deadline_of_a_run_leaves_its_earlier_pauses_out() -> None:
    declared = replace(version(), declaration=replace(version().declaration, deadline=600))
    at_work = run(1, state=RunState.RUNNING, digest=DIGEST, started_at=NOW, paused_seconds=30.0)

    told = asyncio.run(overview(versions=[declared], runs=[at_work]).run(1))

    assert told["deadline_at"] == "2026-11-22T14:11:30Z"
    assert told["limits"]["deadline"] == 600


def _executing(number: int = 1, *, paused: float | None = None) -> Attempt:
    return Attempt(
        id=AttemptId(run_id=1, number=number),
        state=AttemptState.RUNNING if paused is None else AttemptState.FAILED,
        digest=DIGEST,
        environment=ENVIRONMENT,
        placement="",
        output=f"1.{number}.log",
        claimed_at=NOW,
        started_at=NOW - timedelta(seconds=40),
        exit=None if paused is None else AttemptExit(exit_code=1, paused_seconds=paused),
    )


@pytest.mark.parametrize(
    ("changes", "attempts", "used"),
    [
        ({}, [_executing()], 40),
        ({"paused_seconds": 10.0}, [_executing()], 30),
        ({"paused_seconds": 10.0, "paused_at": NOW - timedelta(seconds=5)}, [_executing()], 25),
        ({"paused_seconds": 10.0}, [_executing(1, paused=10.0), _executing(2)], 40),
        # Whether it was paused in this attempt or before it is not on record.
        ({"paused_seconds": 10.0}, [_executing(1, paused=3.0), _executing(2)], None),
        ({"state": RunState.RETRYING}, [_executing(1, paused=0.0)], None),
    ],
)
def test_tells_how_much_of_its_time_limit_is_used_pauses_left_out(
    changes: dict[str, Any], attempts: list[Attempt], used: float | None
) -> None:
    at_work = replace(run(1, state=RunState.RUNNING, digest=DIGEST), **changes)

    told = asyncio.run(overview(versions=[version()], runs=[at_work], attempts=attempts).run(1))

    assert told["time_used"] == used


def test_tells_what_a_run_that_has_not_begun_waits_for_where_that_is_known() -> None:
    waiting = [run(1, state=RunState.QUEUED), run(2, state=RunState.RUNNING)]

    told = asyncio.run(overview(runs=waiting, waits_for=lambda number: f"run {number + 7}").history())
    unknown = asyncio.run(overview(runs=waiting).history())

    assert [(one["id"], one["waits_for"]) for one in told] == [(2, None), (1, "run 8")]
    assert [one["waits_for"] for one in unknown] == [None, None]


def test_a_snoozed_run_is_told_from_one_that_is_retried() -> None:
    def attempt(state: AttemptState) -> Attempt:
        return Attempt(
            id=AttemptId(run_id=1, number=1),
            state=state,
            digest=DIGEST,
            environment=ENVIRONMENT,
            placement="",
            output="1.1.log",
            claimed_at=NOW,
        )

    waiting = run(1, state=RunState.RETRYING, retry_at=NOW)

    told = [
        asyncio.run(overview(runs=[waiting], attempts=[attempt(state)]).run(1))["snoozed"]
        for state in (AttemptState.SNOOZED, AttemptState.FAILED)
    ]

    assert told == [True, False]


@pytest.mark.parametrize(("kept", "told"), [('{"a": 1}', {"a": 1}), ("null", None), ("1e999", "1e999"), ("{", "{")])
def test_a_result_no_answer_could_be_made_of_is_told_as_its_text(kept: str, told: object) -> None:
    ended = run(1, state=RunState.SUCCEEDED, last_exit=AttemptExit(exit_code=0, notes=AttemptNotes(result=kept)))

    document = asyncio.run(overview(runs=[ended]).run(1))

    assert (document["has_result"], document["result"]) == (True, told)
