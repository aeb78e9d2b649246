"""`env` and `lock`: the commands that look after environments, without a scheduler."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from task_scheduler.cli.main import main
from task_scheduler.cli.program import Program
from task_scheduler.store.locks import ProjectLock
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.running import REPOSITORY, RunningProject
from task_scheduler.testing.wheels import build_wheel

pytestmark = pytest.mark.slow

BODY = "import hello\n\ndef start():\n    print(hello.VERSION)\n"
NEEDS = 'dependencies: ["hello<2"]\nschedule: every 1 hour\n'


@dataclass(frozen=True)
class Said:
    stdout: str
    stderr: str
    returncode: int


Command = Callable[..., Said]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningProject]:
    build_wheel(tmp_path / "wheels", "hello", "1.0")
    build_wheel(tmp_path / "wheels", "hello", "2.0")
    variables = {
        "UV_FIND_LINKS": str(tmp_path / "wheels"),
        "UV_NO_INDEX": "1",
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    project = RunningProject(tmp_path / "project")
    try:
        yield project
    finally:
        project.close()


@pytest.fixture
def command(project: RunningProject, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what carries out a command line of the program on the project, in this process: tests say many."""

    def carry_out(*arguments: str) -> Said:
        capsys.readouterr()
        code = main([*arguments, "--root", str(project.root)], Program())
        told = capsys.readouterr()
        return Said(told.out, told.err, code)

    return carry_out


def keys(command: Command) -> dict[str, list[str]]:
    told = json.loads(command("env", "list", "--json").stdout)
    return {environment["key"]: environment["tasks"] for environment in told["environments"]}


def test_the_life_of_an_environment_without_a_scheduler(project: RunningProject, command: Command) -> None:
    assert command("env", "list").stderr == "no environments yet: the first task makes one\n"
    project.write_task("report", BODY, fields=NEEDS)

    built = command("env", "build", "report")

    assert built.returncode == 0, built.stderr
    (key,) = keys(command)
    assert built.stdout == f"report: environment {key[:12]} is ready (Python {_minor()}, 1 package)\n"
    assert "building environment" in built.stderr
    listed = command("env", "list").stdout.splitlines()
    assert listed[1].split()[:3] == [key[:12], "ready", ".".join(map(str, sys.version_info[:3]))]
    assert listed[-1].startswith("1 environment, together ")
    rehearsed = command("env", "prune", "--dry-run")
    assert rehearsed.stdout == f"{key}\n"
    assert rehearsed.stderr.startswith("1 environment would be removed, ")
    assert list(keys(command)) == [key]
    assert command("env", "prune").stderr.startswith("1 environment removed, ")
    assert keys(command) == {}


def test_with_a_scheduler_it_prunes_and_what_is_in_force_stays(project: RunningProject, command: Command) -> None:
    project.write_task("report", BODY, fields=NEEDS)
    project.start()
    project.wait_for_task("report", "active")
    project.write_task("report", BODY, fields=NEEDS.replace("<2", ">=2"))
    project.wait_for("the edit in force", lambda: "hello==2.0" in str(project.ask("show", task="report")["lock"]))
    old, new = sorted(keys(command), key=lambda key: keys(command)[key])

    rehearsed = command("env", "prune", "--dry-run")
    pruned = command("env", "prune")

    assert rehearsed.stdout == pruned.stdout == f"{old}\n"
    assert keys(command) == {new: ["report"]}
    shown = command("env", "show", "report").stdout
    assert f"environment  {new}\n" in shown
    assert shown.endswith("packages:\n    hello==2.0\n")
    assert command("env", "show", new[:5], "--json").returncode == 0
    assert "environments.collected" in project.log()


def test_a_file_that_is_not_in_the_folder_of_tasks_is_built_too(
    project: RunningProject, command: Command, tmp_path: Path
) -> None:
    project.write_task("draft", BODY, fields=NEEDS)
    project.start()
    project.wait_for_task("draft", "active")
    outside = tmp_path / "draft.py"
    outside.write_text(f'"""\n---\ntitle: Draft\n{NEEDS.replace("<2", ">=2")}---\n"""\n{BODY}')

    built = command("env", "build", str(outside))

    assert built.stdout.startswith("draft: environment "), built.stderr
    assert "resolving hello>=2" in built.stderr
    assert list(keys(command).values()) == [["draft"], []]


def test_each_task_that_cannot_be_built_says_why_and_the_others_are(project: RunningProject, command: Command) -> None:
    project.write_task("broken", BODY, fields='dependencies: ["hello>=9"]\n')
    project.write_task("wrong", BODY, fields="timeout: never\n")
    project.write_file("module", "X = 1\n")
    project.write_task("report", BODY, fields=NEEDS)

    told = command("env", "build", "broken", "wrong", "module", "report")

    assert told.returncode == 1
    assert told.stdout.startswith("report: environment ")
    assert "error: tasks/broken.py: no version of hello satisfies hello>=9: ask for one that exists\n" in told.stderr
    assert "Because only hello<=2.0 is available" in told.stderr
    assert "error: tasks/wrong.py:5: timeout must be" in told.stderr
    assert "error: tasks/module.py is a module: it has neither frontmatter nor a schedule" in told.stderr


def test_names_that_nothing_answers_to(project: RunningProject, command: Command) -> None:
    project.write_task("report", BODY, fields=NEEDS)

    for words, sentence, code in (
        (("env", "show", "abc"), "no task in force and no environment 'abc'", 6),
        (("env", "build", "reprot"), "no task 'reprot', did you mean 'report'?", 6),
        (("lock", "reprot"), "no task 'reprot', did you mean 'report'?", 6),
        (("env", "show"), "`env show` takes one name: a task's id, or a key", 2),
        (("env", "prune", "report"), "`env prune` takes no name", 2),
        (("env", "build"), "`env build` takes the tasks whose environments to build", 2),
    ):
        told = command(*words)
        assert told.stderr.startswith(f"error: {sentence}\n"), told.stderr
        assert told.returncode == code


def test_a_scheduler_that_is_only_just_starting_is_left_in_peace(project: RunningProject, command: Command) -> None:
    folder = project.root / "data" / "run"
    folder.mkdir(parents=True)
    with ProjectLock(folder / "scheduler.lock", "the project folder", since=NOON):
        told = command("env", "prune")

    assert told.returncode == 5
    assert told.stderr.startswith("error: another scheduler holds the project folder")


# --- lock -------------------------------------------------------------------------------------------------


def test_a_lock_is_written_compared_and_printed(project: RunningProject, command: Command) -> None:
    task = project.write_task("reports/daily", BODY, fields=NEEDS)
    file = task.with_name("daily.py.lock")
    missing = command("lock", "reports/daily", "--check")

    written = command("lock", "reports/daily")

    assert missing.returncode == 1
    write = f"`task-scheduler --root {project.root} lock reports/daily`"
    assert f"tasks/reports/daily.py.lock is missing: write it with {write}" in missing.stderr
    assert (written.stdout, written.returncode) == ("tasks/reports/daily.py.lock\n", 0)
    lines = file.read_text().splitlines()
    assert lines[0].startswith(f"# Locked by task-scheduler: reports/daily, Python {_minor()}, linux-")
    assert lines[1].startswith("hello==1.0")
    assert command("lock", "reports/daily", "--stdout").stdout == file.read_text()
    assert command("lock", "reports/daily", "--check").returncode == 0
    project.write_task("reports/daily", BODY, fields=NEEDS.replace("<2", ">=2"))
    changed = command("lock", "reports/daily", "--check")
    assert changed.returncode == 1
    assert "tasks/reports/daily.py.lock is not what is in force" in changed.stderr
    assert [path.name for path in task.parent.iterdir() if "partial" in path.name] == []


def test_the_lock_in_force_is_written_though_the_file_has_changed(project: RunningProject, command: Command) -> None:
    task = project.write_task("report", BODY, fields=NEEDS)
    project.start()
    project.wait_for_task("report", "active")
    project.stop()
    project.write_task("report", BODY, fields=NEEDS.replace("<2", ">=2"))

    told = command("lock", "report")

    assert "tasks/report.py has been changed since: this is the lock of the version in force" in told.stderr
    assert "hello==1.0" in task.with_name("report.py.lock").read_text()
    shown = command("show", "report", "--lock").stdout
    assert task.with_name("report.py.lock").read_text().endswith(shown)


def test_a_lock_makes_no_task_and_wakes_nobody(project: RunningProject, command: Command) -> None:
    project.write_task("report", BODY, fields=NEEDS)
    project.start()
    project.wait_for_task("report", "active")
    log = project.log()

    command("lock", "report")
    project.ask("rescan")

    assert [task["id"] for task in project.ask("list")] == ["report"]
    assert project.log() == log


def test_a_lock_of_another_program_is_not_overwritten(project: RunningProject, command: Command) -> None:
    task = project.write_task("report", BODY, fields=NEEDS)
    file = task.with_name("report.py.lock")
    file.write_text("version = 1\n")

    told = command("lock", "report")

    assert told.returncode == 1
    assert "tasks/report.py.lock was written by another program: move it away, or use --stdout" in told.stderr
    assert file.read_text() == "version = 1\n"


@pytest.mark.skipif(shutil.which("uv") is None, reason="needs uv on PATH")
def test_uv_still_runs_a_script_beside_which_its_lock_was_written(
    project: RunningProject, command: Command, tmp_path: Path
) -> None:
    script = project.write_file(
        "script",
        '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["hello<2"]\n#\n# [tool.task-scheduler]\n'
        '# schedule = "every 1 hour"\n# ///\nimport hello\nprint(hello.VERSION)\n',
    )

    written = command("lock", "script")
    ran = subprocess.run(
        ["uv", "run", "--python", sys.executable, script],
        env={**os.environ, "UV_FIND_LINKS": str(tmp_path / "wheels"), "UV_NO_INDEX": "1", "UV_NO_CONFIG": "1"},
        cwd=REPOSITORY.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert written.stdout == "tasks/script.py.lock.txt\n", written.stderr
    assert script.with_name("script.py.lock.txt").read_text().splitlines()[1].startswith("hello==1.0")
    assert (ran.stdout, ran.returncode) == ("1.0\n", 0), ran.stderr


def _minor() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
