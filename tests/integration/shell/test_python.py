"""`python TASK`: the interpreter a person gets is the one the task's runs have."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.testing.running import REPOSITORY, RunningProject, running_project

pytestmark = pytest.mark.slow

TOLD = """
import json, os, sys
def tell():
    return {
        "path": sys.path,
        "folder": os.getcwd(),
        "prefix": sys.prefix,
        "python_path": os.environ.get("PYTHONPATH"),
        "loader": type(sys.modules["beside"].__loader__).__name__,
        "ours": sorted(name for name in os.environ if name.startswith("TASK_SCHEDULER_")),
        "safe": os.environ.get("PYTHONSAFEPATH"),
    }
"""
HELLO = "import beside\n\n\ndef start():\n    print(beside.json.dumps(beside.tell()))\n"
BARE = "---\ntitle: Bare\ndescription: Bare frontmatter\n---\n\n\ndef start():\n    print('bare')\n"


@pytest.fixture(scope="module")
def project() -> Iterator[RunningProject]:
    """One project, with a scheduler, for all tests here: they change nothing of it."""
    with running_project() as made:
        made.write_file("beside", TOLD)
        made.write_task("hello", HELLO)
        made.write_task("nested/deep/my-report", "VALUE = 7\n\n\ndef start():\n    pass\n")
        made.write_file("bare", BARE)
        made.start()
        yield made


def python(project: RunningProject, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        project.command_line("python", *arguments),
        cwd=REPOSITORY,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_manual_test_of_a_task_works(project: RunningProject) -> None:
    told = python(project, "hello", "-c", "import tasks.hello; tasks.hello.start()")

    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout)["folder"] == str(project.root)


def test_every_kind_of_task_file_can_be_imported_by_its_id(project: RunningProject) -> None:
    code = (
        "import importlib, tasks.bare; tasks.bare.start(); "
        "print(importlib.import_module('tasks.nested.deep.my-report').VALUE)"
    )

    told = python(project, "hello", "-c", code)

    assert (told.stdout, told.stderr, told.returncode) == ("bare\n7\n", "", 0)


def test_it_finds_what_a_run_finds_and_nothing_tells_how_it_was_started(project: RunningProject) -> None:
    run = project.command("run-file", "hello")
    shell = python(project, "hello", "-c", "import tasks.hello; tasks.hello.start()")

    in_run, here = json.loads(run.stdout), json.loads(shell.stdout)

    per_run = {"TASK_SCHEDULER_ATTEMPT", "TASK_SCHEDULER_RUN", "TASK_SCHEDULER_STOP_NOTE"}
    assert here.pop("ours") == sorted(set(in_run.pop("ours")) - per_run)
    assert here == in_run
    assert here["safe"] is None


def test_a_child_of_it_is_a_python_like_a_runs_child(project: RunningProject) -> None:
    names = ["PYTHONPATH", "PYTHONSAFEPATH", "VIRTUAL_ENV", "TASK_SCHEDULER_SHELL"]
    question = f"import sys, os; print(sys.path, [os.environ.get(name) for name in {names}])"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {question!r}])"
    project.write_task("child", f"def start():\n    {code}\n")

    in_run = project.command("run-file", "child")
    here = python(project, "child", "-c", code)

    assert here.stdout == in_run.stdout
    assert str(project.root) in here.stdout


@pytest.mark.parametrize(
    ("arguments", "given", "out", "code"),
    [
        (["-c", "import sys; print(sys.argv); sys.exit(7)", "-x", "--root"], "", "['-c', '-x', '--root']\n", 7),
        (["-m", "json.tool"], '{"a": 1}', '{\n    "a": 1\n}\n', 0),
        (["script.py", "x"], "", "['script.py', 'x'] __main__\n", 0),
        (["-"], "print('from standard input')\n", "from standard input\n", 0),
    ],
)
def test_arguments_are_pythons_own_and_so_is_the_exit_code(
    project: RunningProject, arguments: list[str], given: str, out: str, code: int
) -> None:
    (project.root / "script.py").write_text("import sys\nprint(sys.argv, __name__)\n")

    told = python(project, "hello", *arguments, given=given)

    assert (told.stdout, told.returncode) == (out, code), told.stderr


def test_the_prompt_is_a_true_one_and_survives_ctrl_c(project: RunningProject) -> None:
    said = Prompt(project.command_line("python", "hello"))
    try:
        said.until(b">>> ")
        said.type(b"import time; print('begun'); time.sleep(60)\n")
        said.until(b"begun\r\n")
        said.type(b"\x03")
        said.until(b"KeyboardInterrupt")
        said.until(b">>> ")
        said.type(b"import sys, readline; print(40 + 2, sys.stdin.isatty())\n")
        said.until(b"42 True")
        said.type(b"sys.exit(3)\n")

        assert said.exit_code() == 3
    finally:
        said.close()


def test_an_environments_own_sitecustomize_is_heard(project: RunningProject) -> None:
    project.write_task("customized", "def start():\n    import builtins\n    print(builtins.heard)\n")
    where = python(project, "customized", "-c", "import site; print(site.getsitepackages()[0])").stdout.strip()
    own = Path(where) / "sitecustomize.py"
    own.write_text("import builtins\nbuiltins.heard = 'the environment'\n")
    try:
        told = python(project, "customized", "-c", "import tasks.customized; tasks.customized.start()")
    finally:
        own.unlink()

    assert (told.stdout, told.stderr) == ("the environment\n", "")


def test_a_broken_edit_opens_the_version_in_force_and_says_so(project: RunningProject) -> None:
    project.write_task("edited", "def start():\n    pass\n")
    project.wait_for_task("edited", "active")
    project.write_task("edited", "def start(:\n")

    told = python(project, "edited", "-c", "print('open')")

    assert (told.stdout, told.returncode) == ("open\n", 0)
    assert "tasks/edited.py:8: error: " in told.stderr
    assert "which stays in force" in told.stderr


def test_nothing_is_recorded_and_without_a_scheduler_it_is_the_same(project: RunningProject) -> None:
    with running_project() as alone:
        alone.write_file("beside", TOLD)
        alone.write_task("hello", HELLO)

        told = python(alone, "hello", "-c", "import tasks.hello; tasks.hello.start()")

        assert json.loads(told.stdout)["folder"] == str(alone.root)
        assert alone.rows("SELECT * FROM runs") == []
        assert (alone.root / "data" / "run" / "scheduler.lock").read_text() == "free\n"


class Prompt:
    """A command on a terminal of its own."""

    def __init__(self, command: list[str]) -> None:
        self._seen = b""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(REPOSITORY)
            os.execve(sys.executable, command, {**os.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1"})

    def type(self, text: bytes) -> None:
        os.write(self._terminal, text)

    def until(self, text: bytes) -> None:
        deadline = time.monotonic() + 30
        while text not in self._seen:
            if not select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} was not said: {self._seen!r}")
            self._seen += os.read(self._terminal, 4096)
        self._seen = self._seen.partition(text)[2]

    def exit_code(self) -> Any:
        with suppress(OSError):
            while os.read(self._terminal, 4096):
                pass
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        os.close(self._terminal)
        if self._pid:
            os.kill(self._pid, 9)
            os.waitpid(self._pid, 0)
