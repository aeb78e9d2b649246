"""A calendar file that changes under a working scheduler, and tags that are changed alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from task_scheduler.testing.running import RunningProject, ledger_faults, running_project

pytestmark = pytest.mark.slow

TAGGED = "@repeat(every().day.at('12:00').tag({tags}))\ndef start():\n    pass\n"


def _job(project: RunningProject) -> dict[str, Any]:
    (job,) = project.ask("jobs", task="report")
    return dict(job)


def test_a_changed_calendar_moves_what_is_due_and_changed_tags_do_not() -> None:
    with running_project() as project:
        closed = project.root / "closed.txt"
        closed.write_text("2001-01-01\n")
        fields = "calendar: closed.txt\ntimezone: UTC\n"
        project.write_task("report", TAGGED.format(tags="'nightly'"), fields=fields)
        project.start()
        project.wait_for_task("report", "active")
        first = _job(project)
        assert first["tags"] == ["nightly"]

        due = datetime.fromisoformat(first["next_run"]).date()
        days = [due + timedelta(days=day) for day in range(5)]
        closed.write_text("".join(f"{day}\n" for day in days))
        project.wait_for("another plan", lambda: _job(project)["next_run"] != first["next_run"], seconds=10)
        moved = _job(project)
        assert moved["next_run"].startswith(f"{days[-1] + timedelta(days=1)}T12:00:00")

        project.write_task("report", TAGGED.format(tags="'daily', 'mail'"), fields=fields)
        project.wait_for("other tags", lambda: _job(project)["tags"] == ["daily", "mail"])
        changed = _job(project)
        assert {**changed, "tags": [], "digest": ""} == {**moved, "tags": [], "digest": ""}
        assert [task["id"] for task in project.ask("list")] == ["report"]
        assert project.command("list", "--tag", "mail").stdout.splitlines()[1].startswith("report")

        assert ledger_faults(project) == []
