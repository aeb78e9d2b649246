"""`check` of a file that is in force: what only importing it could tell is on record."""

from __future__ import annotations

import asyncio
from pathlib import Path

from task_scheduler.checking import Checked, TaskChecker
from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.tasks import JobDeclaration, TaskStatus
from task_scheduler.project import locate_project
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import a_task, admit_task, digest_of
from task_scheduler.testing.clock import FakeClock

COMPUTED = b"""\"\"\"
---
title: Report
description: Counts
---
\"\"\"
from task_scheduler.decorators import cron, repeat
DAY = 13
@repeat(cron("0 9 * * *"))
@repeat(cron(f"0 0 {DAY} * fri"))
def start(): pass
"""
WRITTEN = JobDeclaration(function="start", trigger="0 9 * * *")
TOLD = JobDeclaration(function="start", trigger="0 0 13 * 5")
SURPRISE = (
    "day of month '13' and day of week '5': either is enough; days that fit both are written as in '0 0 13 * * on fri'"
)


def check(root: Path, source: bytes, *, admitted: bytes, refused: tuple[bytes, str] | None = None) -> Checked:
    """Check a file of a project in which another text, or the same, is in force; `refused` is a text with the reason."""
    (root / "tasks").mkdir()
    (root / "data").mkdir()
    file = root / "tasks" / "report.py"
    file.write_bytes(source)
    store = SqliteStore.open(
        root / "data" / "scheduler.db", clock=FakeClock(), sources=root / "sources", backups=root / "backups"
    )
    asyncio.run(admit_task(store, source=admitted, jobs=(WRITTEN, TOLD)))
    if refused is not None:
        text, why = refused
        problems = (Problem(path="tasks/report.py", line=10, message=why),)
        asyncio.run(store.put_tasks([a_task(status=TaskStatus.INVALID, digest=digest_of(text), problems=problems)]))
    store.close()
    return TaskChecker(locate_project(config=None, root=root, default_root=root), here=root).check_file(file)


def told(checked: Checked) -> list[str]:
    return [f"{problem.severity.value} {problem}" for problem in checked.problems]


def test_a_computed_schedule_is_judged_like_a_written_one(tmp_path: Path) -> None:
    checked = check(tmp_path, COMPUTED, admitted=COMPUTED)

    assert told(checked) == [
        f"warning tasks/report.py:10: the schedule '0 0 13 * 5': {SURPRISE}",
        "note tasks/report.py:10: its schedule is computed: importing the file told, when it was admitted: '0 0 13 * 5'",
    ]
    assert [job.trigger for job in checked.computed or ()] == [TOLD.trigger]


def test_of_an_edited_file_nothing_is_known_yet(tmp_path: Path) -> None:
    checked = check(tmp_path, COMPUTED, admitted=COMPUTED + b"# edited since\n")

    assert checked.computed is None
    assert [problem.severity for problem in checked.problems] == [Severity.NOTE]


def test_what_was_found_when_the_file_as_it_stands_was_refused_is_an_error(tmp_path: Path) -> None:
    edited = COMPUTED + b"# edited since\n"

    checked = check(tmp_path, edited, admitted=COMPUTED, refused=(edited, "cron text '' has 0 fields"))

    assert told(checked) == [
        "error tasks/report.py:10: cron text '' has 0 fields",
        "note tasks/report.py:10: its schedule is computed: the scheduler has tried to admit the file as it stands, and refused it",
    ]


def test_what_was_found_in_another_text_is_no_error_of_this_one(tmp_path: Path) -> None:
    edited = COMPUTED + b"# edited since\n"

    checked = check(tmp_path, edited, admitted=COMPUTED, refused=(edited + b"# twice\n", "cron text '' has 0 fields"))

    assert [problem.severity for problem in checked.problems] == [Severity.NOTE]
