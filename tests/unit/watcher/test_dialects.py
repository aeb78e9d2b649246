"""Three ways to write frontmatter, one meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from task_scheduler.core.tasks import FileKind, JobDeclaration, StartMethod, TaskDeclaration, TaskReading
from task_scheduler.ports import SourceFile
from task_scheduler.watcher.frontmatter import Dialect
from task_scheduler.watcher.reader import TaskFileReader
from tests.unit.watcher.dialects import DECLARATIONS, Values, in_dialect

READER = TaskFileReader(root=Path("nowhere"), helpers=Path("nowhere/helpers"))


def read(text: str) -> TaskReading:
    return READER.read(SourceFile(task_id="report", path="tasks/report.py", digest="", content=text.encode()))


@settings(deadline=None)
@given(DECLARATIONS)
def test_all_dialects_declare_the_same(values: Values) -> None:
    readings = [read(in_dialect(values, dialect)) for dialect in Dialect]

    assert [reading.errors for reading in readings] == [()] * 3
    assert readings[0].declaration == readings[1].declaration == readings[2].declaration
    assert [len(reading.jobs) for reading in readings] == [len(readings[0].jobs)] * 3
    assert [len(reading.problems) for reading in readings] == [len(readings[0].problems)] * 3


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize(
    ("code", "function"),
    [
        ("def start(): pass\n", "start"),
        ("print('hello')\n", None),
        ("def main(): pass\nif __name__ == '__main__': main()\n", None),
    ],
)
def test_schedules_run_start_or_the_whole_file(dialect: Dialect, code: str, function: str | None) -> None:
    values = {"title": "x", "description": "y", "schedule": ["every 5 minutes", "0 9 * * 1-5"], "timezone": "UTC"}

    reading = read(in_dialect(values, dialect, code))

    assert reading.problems == ()
    assert [(job.function, job.trigger, job.timezone) for job in reading.jobs] == [
        (function, "every 5 minutes", "UTC"),
        (function, "0 9 * * 1-5", "UTC"),
    ]


def test_a_plain_script_for_uv_is_a_task() -> None:
    reading = read(
        "#!/usr/bin/env -S uv run\n"
        '"""Counts."""\n'
        "\n"
        "import requests\n"
        "\n"
        "# /// script\n"
        '# requires-python = ">=3.9, <3.14"\n'
        "# dependencies = [\n"
        '#   "requests",  # the web\n'
        '#   "six>=1",\n'
        "# ]\n"
        "#\n"
        "# [tool.task-scheduler]\n"
        '# title = "Report"\n'
        "# description = '''\n"
        "# Counts\n"
        "# things.'''\n"
        '# schedule = ["daily at 10:30",\n'
        '#             "every hour"]\n'
        "# start_method = 'spawn'\n"
        "# preload = false\n"
        "# ///\n"
        "requests.get('x')\n"
    )

    assert reading == TaskReading(
        kind=FileKind.TASK,
        declaration=TaskDeclaration(
            title="Report",
            description="Counts\nthings.",
            dependencies=("requests", "six>=1"),
            python_version=">=3.9,<3.14",
            schedule=("daily at 10:30", "every hour"),
            start_method=StartMethod.SPAWN,
            preload=False,
        ),
        jobs=(
            JobDeclaration(function=None, trigger="every day at 10:30", line=18),
            JobDeclaration(function=None, trigger="every hour", line=19),
        ),
        imports=("requests",),
        import_lines={"requests": 4},
    )


@pytest.mark.parametrize("above", ["", "#!/usr/bin/python\n", "\ufeff", "# words\n\n\x0c\n", "\r\n# x\r\n"])
def test_bare_frontmatter_may_stand_below_comments_and_leaves_lines_as_they_are(above: str) -> None:
    line = above.replace("\r\n", "\n").count("\n")

    reading = read(f"{above}---\ntitle: x\ndescription: y\nschedule: every hour\n---\nimport six\ndef f(:\n")
    good = read(f"{above}---\ntitle: x\ndescription: y\nschedule: every hour\n---\nimport six\n")

    assert [problem.line for problem in reading.problems] == [line + 7]
    assert good.problems == ()
    assert (good.jobs[0].line, good.import_lines) == (line + 4, {"six": line + 6})


def test_a_docstring_below_bare_frontmatter_is_just_a_docstring() -> None:
    reading = read('---\ntitle: x\ndescription: y\n---\n"""Words."""\nfrom __future__ import annotations\n')

    assert reading.errors == ()
    assert reading.declaration == TaskDeclaration(title="x", description="y")


def test_the_hint_to_add_a_schedule_is_written_as_the_file_is() -> None:
    hints = [read(in_dialect({"title": "x", "description": "y"}, dialect)).problems[0].message for dialect in Dialect]

    assert ["`schedule: every 5 minutes`" in hint for hint in hints] == [True, True, False]
    assert '`schedule = "every 5 minutes"`' in hints[2]
