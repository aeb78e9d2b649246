"""The logging helpers as a task uses them: in a process of its own, with nothing but the standard library."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.log_lines import put_aside

PROJECT = Path(__file__).resolve().parents[2]

FIRST_EXAMPLE = '''"""
---
title: "Hello World Task"
description: "A simple example task"
dependencies: []
enabled: true
timeout: 60
---
"""

from task_scheduler.decorators import repeat, every
from helpers import log_task_start, log_task_complete, log_info

@repeat(every(10).minutes)
def start():
    """This function will be called every 10 minutes at clock boundaries"""
    log_info("Hello from scheduled task!") # Logs to logs/tasks.log with [Hello World Task] prefix

start()
'''


class Task:
    """Runs code as a task of a project folder would be run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.variables = {"TASK_SCHEDULER_ROOT": str(root), "TASK_SCHEDULER_TITLE": "Report"}

    def begin(self, code: str, *, name: str = "report") -> subprocess.Popen[str]:
        file = self.root / "tasks" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(code)
        # -S leaves site-packages out: helpers must not need any.
        return subprocess.Popen(
            [sys.executable, "-S", file],
            env={"PYTHONPATH": str(PROJECT), "PYTHONUTF8": "1", "PATH": os.defpath, **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, *, name: str = "report") -> tuple[str, str]:
        process = self.begin(code, name=name)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        return output, errors

    def lines(self, name: str = "tasks.log") -> list[str]:
        return (self.root / "logs" / name).read_text().splitlines()

    def fields(self) -> Any:
        [line] = self.lines()
        return json.loads(line.split(" | ", 3)[3])


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path)


def test_the_first_example_logs_under_its_title(task: Task) -> None:
    del task.variables["TASK_SCHEDULER_TITLE"]

    output, errors = task.run(FIRST_EXAMPLE)

    [line] = task.lines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| INFO     \| \[Hello World Task\] Hello from scheduled task!", line
    )
    assert (output, errors) == ("INFO Hello from scheduled task!\n", "")


def test_the_scheduler_names_the_task(task: Task) -> None:
    task.run("from helpers import log_warning; log_warning('slow', took=3)")

    [line] = task.lines()
    assert line.endswith('| WARNING  | [Report] slow | {"took": 3}')


def test_a_file_without_title_is_named_by_its_file(task: Task) -> None:
    del task.variables["TASK_SCHEDULER_TITLE"]

    task.run("from helpers import log_info; log_info('x')", name="nightly")

    assert "[nightly] x" in task.lines()[0]


def test_errors_go_to_errors_log_with_their_traceback(task: Task) -> None:
    code = "from helpers import log_error\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    log_error('failed', exception=e, n=1)"

    output, _ = task.run(code)

    assert task.lines()[0].endswith(
        '| ERROR    | [Report] failed | {"n": 1, "exception": "ZeroDivisionError: division by zero"}'
    )
    first, *rest = task.lines("errors.log")
    assert first == task.lines()[0]
    assert rest[0] == "    Traceback (most recent call last):"
    assert rest[-1] == "    ZeroDivisionError: division by zero"
    assert output == 'ERROR failed (ZeroDivisionError: division by zero) {"n": 1}\n'


def test_an_exception_being_handled_is_found(task: Task) -> None:
    task.run("from helpers import log_task_error\ntry:\n    {}['x']\nexcept KeyError:\n    log_task_error('no x')")

    assert "[Report] Task failed: no x" in task.lines("errors.log")[0]
    assert task.lines("errors.log")[-1] == "    KeyError: 'x'"


@pytest.mark.parametrize(
    ("call", "level", "text", "fields"),
    [
        ("log('x', 'debug')", "DEBUG", "x", None),
        ("log('x', 'LOUD')", "INFO", "x", {"level": "LOUD"}),
        ("log('x', level='WARN', task_name='T', extra_data={'a': 1})", "WARNING", "x", {"a": 1}),
        ("log('x', 5)", "INFO", "x", {"level": 5}),
        ("log('x', extra_data=5)", "INFO", "x", {"extra_data": 5}),
        ("log('x', extra_data=['ab', 'cd'])", "INFO", "x", {"a": "b", "c": "d"}),
        ("log_error('x', exception='it failed')", "ERROR", "x", {"exception": "it failed"}),
        ("log_task_complete(duration='soon')", "INFO", "Task completed", {"duration": "soon"}),
        ("log_debug('x')", "DEBUG", "x", None),
        ("log_critical('x')", "CRITICAL", "x", None),
        ("log_task_start(part=2)", "INFO", "Task started", {"part": 2}),
        ("log_task_complete()", "INFO", "Task completed", None),
        ("log_task_complete(duration=5.2)", "INFO", "Task completed in 5.20 s", {"duration": 5.2}),
        (
            "log_execution_result('backup', True, {'files': 3})",
            "INFO",
            "backup succeeded",
            {"operation": "backup", "success": True, "details": {"files": 3}},
        ),
        ("log_execution_result('backup', False)", "ERROR", "backup failed", {"operation": "backup", "success": False}),
        (
            "log_structured_data('sale', {'n': [1, None]})",
            "INFO",
            "sale",
            {"event_type": "sale", "data": {"n": [1, None]}},
        ),
        ("create_task_logger('T').error('x', code=4)", "ERROR", "x", {"code": 4}),
        ("task_log('x')", "INFO", "x", None),
        ("task_debug('x')", "DEBUG", "x", None),
        ("task_info('x')", "INFO", "x", None),
        ("task_warning('x')", "WARNING", "x", None),
        ("task_error('x')", "ERROR", "x", None),
    ],
)
def test_every_function_writes_its_line(task: Task, call: str, level: str, text: str, fields: Any) -> None:
    task.run(f"from helpers import {call.partition('(')[0]}; {call}")

    [line] = task.lines()
    parts = line.split(" | ", 3)
    title = "T" if "'T'" in call else "Report"
    assert parts[1:3] == [f"{level:<8}", f"[{title}] {text}"]
    assert (json.loads(parts[3]) if len(parts) > 3 else None) == fields


def test_what_cannot_be_shown_ends_no_task(task: Task) -> None:
    task.run(
        "from helpers import log_info\n"
        "class Odd:\n    def __str__(self): raise OSError\n    __repr__ = __str__\n"
        "log_info(Odd(), task_name=Odd(), value=Odd())"
    )

    odd = "Odd that cannot be shown (OSError)"
    assert f"[{odd}] {odd} | {json.dumps({'value': odd})}" in task.lines()[0]


def test_text_cannot_pass_for_another_line_or_act_on_a_terminal(task: Task) -> None:
    task.run(
        r"from helpers import log_info; log_info('a\n2026-11-22 14:00:00.123 | INFO | [Bank] paid\x1b[2J\u202e', key='\r\n')"
    )

    [line] = task.lines()
    assert r"a\n2026-11-22" in line
    assert r"paid\x1b[2J\u202e" in line
    assert line.isprintable()


@pytest.mark.parametrize("value", ["object()", "{1: {2}}", "{(1, 2): 3}", "float('nan')", r"'\ud800'"])
def test_what_json_cannot_hold_is_written_somehow(task: Task, value: str) -> None:
    task.run(f"from helpers import log_info; log_info('x', value={value})")

    assert "[Report] x | {" in task.lines()[0]


def test_a_value_that_holds_itself_is_written_somehow(task: Task) -> None:
    task.run("from helpers import log_info; a = []; a.append(a); log_info('x', value=a)")

    assert task.fields() == {"value": "[[...]]"}


def test_a_log_that_cannot_be_written_is_said_once_and_ends_nothing(task: Task) -> None:
    (task.root / "logs").write_text("no folder")

    output, errors = task.run("from helpers import log_info; log_info('a'); log_info('b')")

    assert output == "INFO a\nINFO b\n"
    assert errors.count("logs/tasks.log cannot be written") == 1


def test_prints_that_the_task_redirects_stay_free_of_log_lines(task: Task) -> None:
    code = (
        "import contextlib, io\nfrom helpers import log_info\nprint('before')\n"
        "with contextlib.redirect_stdout(io.StringIO()) as report:\n    print('row'); log_info('logged')\n"
        "print('after', repr(report.getvalue()))"
    )

    output, _ = task.run(code)

    assert output == "before\nINFO logged\nafter 'row\\n'\n"


def test_the_level_the_scheduler_sets_filters_the_file_and_not_the_output(task: Task) -> None:
    task.variables["TASK_SCHEDULER_LOG_LEVEL"] = "WARNING"

    output, _ = task.run("from helpers import log_info, log_warning; log_info('quiet'); log_warning('loud')")

    assert [line.partition("] ")[2] for line in task.lines()] == ["loud"]
    assert "INFO quiet" in output


def test_importing_a_name_imports_little(task: Task) -> None:
    code = (
        "import sys; before = set(sys.modules)\nfrom helpers import log_info\nprint(sorted(set(sys.modules) - before))"
    )

    output, _ = task.run(code)

    added = set(eval(output))  # noqa: S307 - a list this test printed
    assert {"helpers.task_logging", "task_scheduler.log_lines"} <= added
    assert not {"json", "logging", "traceback", "re", "typing", "datetime", "pathlib"} & added


def test_an_unknown_name_is_an_import_error(task: Task) -> None:
    output, _ = task.run("try:\n    from helpers import log_inf\nexcept ImportError as e:\n    print(e)")

    assert "cannot import name 'log_inf' from 'helpers'" in output


@pytest.mark.slow
def test_many_processes_lose_and_tear_no_line_while_the_file_is_put_aside(task: Task) -> None:
    log, aside, stop = task.root / "logs/tasks.log", task.root / "aside", task.root / "stop"
    writers = [
        task.begin(
            f"""
import os, sys
from helpers import create_task_logger
sys.__stdout__ = sys.stdout = None
logger, number = create_task_logger("{name}"), 0
while not os.path.exists({str(stop)!r}):
    logger.info(f"{{number}} " + "x" * 300)
    number += 1
logger.info(f"wrote {{number}}")
""",
            name=name,
        )
        for name in "abc"
    ]
    texts: list[str] = []
    try:
        while len(texts) < 40:
            assert not any(writer.poll() for writer in writers)
            if put_aside(str(log), str(aside)):
                # As compression does: what is written to this file from now on is lost.
                texts.append(aside.read_text())
                aside.unlink()
        stop.touch()
        for writer in writers:
            assert writer.communicate(timeout=60) == ("", "")
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()

    lines = "".join([*texts, log.read_text()]).splitlines()
    for name in "abc":
        *written, last = [line.partition(f"[{name}] ")[2] for line in lines if f"[{name}] " in line]
        assert written == [f"{number} {'x' * 300}" for number in range(len(written))]
        assert last == f"wrote {len(written)}"
