"""`check` beside a running scheduler: it knows what the environments really hold."""

from __future__ import annotations

import re

import pytest

from task_scheduler.cli.text import escape
from task_scheduler.testing.running import RunningProject
from tests.refusals.entries import ENTRIES

pytestmark = pytest.mark.slow

#: What acts on a terminal or a log: control characters but the line break, and marks that turn the writing.
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]")
ODD = [entry for entry in ENTRIES if entry.id in {"line-break", "escape-sequence", "turned-letters", "forged-line"}]
SOURCE = '"""\n---\ntitle: Report\ndescription: Counts\ndependencies: [colours]\nschedule: hourly\n---\n"""\nimport colours\n'


def test_a_finished_environment_decides_about_imports(project: RunningProject) -> None:
    project.write_file("report", SOURCE)
    project.start()
    project.wait_for_task("report", "active", 60)

    clean = project.command("check", "--strict")
    project.write_file("report", SOURCE + "import yaml\n")
    told = project.command("check")

    assert (clean.stdout, clean.returncode) == ("", 0)
    assert told.stdout == (
        f"{project.root}/tasks/report.py:10: error: imports 'yaml', which none of its packages provides: "
        "add \"PyYAML\" to 'dependencies'\n"
    )
    assert told.returncode == 1


def test_odd_names_are_spelled_out_in_list_status_and_log(project: RunningProject) -> None:
    project.start()
    for entry in ODD:
        entry.make(project.root / "tasks" / entry.name)
    for entry in ODD:
        project.wait_for_task(entry.name.removesuffix(".py"), "invalid", 30)

    told = {
        "list": project.command("list").stdout,
        "status": project.command("status").stdout,
        "check": project.command("check").stdout,
        "log": project.log(),
    }

    for place, text in told.items():
        assert not UNSAFE.search(text), place
        assert not any(line.startswith(("lines", ".py")) for line in text.splitlines()), place
        for entry in ODD:
            assert escape(entry.name.removesuffix(".py")) in text, (place, entry.id)
