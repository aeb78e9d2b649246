"""Task files with odd names run like any other, and their names act on nothing that shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from task_scheduler.testing.running import IMPORTS, RunningProject, running_project

pytestmark = pytest.mark.slow

FORGED = "a\n2026-01-01 00:00:00.000 | ERROR    | run.failed | forged\x1b[2J\x07"
NAMES = ["two words", "Ünïcödé 報告", "-rf", "quote'\"$HOME*", "n" * 200, "deep/er/one", FORGED]
#: Its title is its name.
UNTITLED = "untitled\x1b[1m"
#: What may not reach a terminal or a log raw; line ends are looked at one by one.
RAW = ("\x1b", "\x07")


@pytest.fixture(scope="module")
def project() -> Iterator[RunningProject]:
    with running_project() as project:
        for name in NAMES:
            project.write_task(name, 'def start():\n    print("done")\n', title="Odd")
        project.write_file(UNTITLED, f"{IMPORTS}@repeat(every(1).days)\ndef start():\n    pass\n")
        (project.root / "tasks" / "broken\n\x1b[31m.py").write_text("def (\n")
        project.start()
        for name in (*NAMES, UNTITLED):
            project.wait_for_task(name, "active")
        yield project


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_its_output_is_found(project: RunningProject, name: str) -> None:
    started = project.ask("start", task=name, request_id=f"of {NAMES.index(name)}")

    (run,) = project.wait_for_run(name, "succeeded")

    assert run["id"] == started["id"]
    assert "done" in project.output(run["id"])


def test_a_name_cannot_forge_a_line_of_the_log(project: RunningProject) -> None:
    log = project.log()

    assert not any("| run.failed | forged" in line and line.startswith("2026-01-01") for line in log.splitlines())
    assert not any(raw in log for raw in RAW)
    assert r"a\n2026-01-01" in log


@pytest.mark.parametrize("verb", [("list",), ("status",), ("show", FORGED), ("logs",)])
def test_a_name_cannot_forge_a_row_or_act_on_a_terminal(project: RunningProject, verb: tuple[str, ...]) -> None:
    shown = project.command(*verb)

    text = shown.stdout + shown.stderr
    assert not any(raw in text for raw in RAW)
    assert not any(line.startswith("2026-01-01") for line in text.splitlines())


def test_the_refusal_of_a_file_with_such_a_name_is_one_line(project: RunningProject) -> None:
    project.wait_for("it is refused", lambda: "task.invalid" in project.log())

    (line,) = [line for line in project.log().splitlines() if "task.invalid" in line and "broken" in line]

    assert r"broken\n\x1b[31m" in line


def test_a_document_for_programs_holds_the_true_name(project: RunningProject) -> None:
    shown = project.command("list", "--json")

    assert FORGED in [task["id"] for task in json.loads(shown.stdout)]
