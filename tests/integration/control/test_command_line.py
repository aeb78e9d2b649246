"""The command line as a person has it: a process of its own, asking a scheduler's socket or the files it left."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.control.address import socket_path
from task_scheduler.control.errors import CommandFailed
from task_scheduler.control.server import ControlServer
from task_scheduler.core.errors import AlreadyRunning, Refused, TaskSchedulerError, UnknownRun, UnknownTask
from task_scheduler.testing.fork_server import carry_out
from tests.unit.cli.documents import run, task

REPOSITORY = Path(__file__).resolve().parents[3]
DEADLINE = 20.0
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(REPOSITORY),
    "TZ": "UTC",
    "COLUMNS": "100",
    "PYTHONWARNINGS": "error",
}

pytestmark = pytest.mark.slow


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder).resolve()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "task_scheduler", *arguments]


def say(*arguments: str, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    if not changes:
        return carry_out(*arguments, cwd=cwd, variables=ENVIRONMENT, seconds=DEADLINE)
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env={**ENVIRONMENT, **changes},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command whose output is read; it is ended with the block, whatever happened."""
    process = subprocess.Popen(command(*arguments), env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        try:
            yield process
        finally:
            process.kill()


class Answers:
    """Answers from a table; an error is raised, a function called."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = dict(answers)

    async def answer(self, command: object, arguments: Mapping[str, object]) -> object:
        answer = self._answers[str(command)]
        if isinstance(answer, TaskSchedulerError):
            raise answer
        return answer() if callable(answer) else answer


@contextmanager
def scheduler(root: Path, **answers: Any) -> Iterator[None]:
    """Serve the project's control socket from a thread, as another process would."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = ControlServer(path=socket_path(root), commands=Answers(answers), notice=print)

    def wait_for(coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, loop).result(DEADLINE)

    try:
        wait_for(server.start())
        yield
    finally:
        wait_for(server.stop())
        wait_for(loop.shutdown_default_executor())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(DEADLINE)
        loop.close()


def test_lists_through_the_socket(root: Path) -> None:
    with scheduler(root, list=[task()]):
        said = say("list", "--root", str(root), cwd=Path("/"))

    assert said.stdout.splitlines()[1].endswith("  every 5 minutes")
    assert (said.stderr, said.returncode) == ("", 0)


def test_finds_the_project_around_the_current_folder(root: Path) -> None:
    deep = root / "tasks" / "a" / "b"
    deep.mkdir(parents=True)
    with scheduler(root, list=[task()]):
        said = say("list", "--json", cwd=deep)

    assert json.loads(said.stdout) == [task()]


def test_a_configuration_file_tells_the_project(root: Path) -> None:
    (root / "config").mkdir()
    (root / "config" / "other.yaml").touch()
    with scheduler(root, list=[task()]):
        said = say("--config", str(root / "config" / "other.yaml"), "list", cwd=Path("/"))
        missing = say("--config", "config/gone.yaml", "list", cwd=root)

    assert said.returncode == 0
    # Also of a verb that asks the scheduler, which has no need of it.
    assert missing.returncode == 3
    assert missing.stderr == (
        f"error: {root}/config/gone.yaml: there is no such file: give the path of a file, or none for the project's own\n"
    )


def test_a_configuration_elsewhere_says_the_settings_and_not_the_project(root: Path) -> None:
    (project := root / "jobs").mkdir()
    (project / "tasks").mkdir()
    (project / "data").mkdir()
    (root / "other.yaml").write_text("tasks:\n  directory: tasks\n")

    inside = say("--config", "../other.yaml", "status", "--json", cwd=project)
    told = say("--config", "../other.yaml", "status", cwd=project)
    outside = say("--config", "other.yaml", "status", cwd=root)

    assert json.loads(inside.stdout)["root"] == str(project)
    assert told.stderr.endswith("hint: start it with `python3 -m task_scheduler --config ../other.yaml run`\n")
    assert outside.returncode == 2
    assert outside.stderr.startswith(
        f"error: no project in {root} or above it\n\nhint: --config says what its settings"
    )
    assert {path.name for path in root.iterdir()} == {"jobs", "other.yaml"}


@pytest.mark.parametrize("verb", ["list", "status", "history", "alive", "shutdown"])
def test_a_folder_without_a_project_is_not_taken_for_an_empty_one(root: Path, verb: str) -> None:
    said = say(verb, "--root", str(root), cwd=Path("/"))

    assert said.returncode == 2
    assert said.stderr.startswith(f"error: no project in {root}\n\nhint: give the project's folder: --root DIR; ")
    assert said.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "error", "code", "stderr"),
    [
        (
            ["show", "reprot"],
            UnknownTask("reprot", ["report"]),
            6,
            "error: no task 'reprot', did you mean 'report'?\n\nhint: `python3 -m task_scheduler list` shows every task\n",
        ),
        (
            ["logs", "42"],
            UnknownRun("42"),
            6,
            "error: no run 42\n\nhint: `python3 -m task_scheduler history` shows the runs on record\n",
        ),
        (["start", "report"], Refused("report is disabled"), 1, "error: report is disabled\n"),
        (
            ["list"],
            AlreadyRunning("the project", "process 1"),
            5,
            (
                "error: another scheduler holds the project (process 1)\n\n"
                "hint: `python3 -m task_scheduler status` tells what it does, `python3 -m task_scheduler restart` starts "
                "it anew, `python3 -m task_scheduler shutdown` ends it\n"
            ),
        ),
        (["list"], CommandFailed("first\x1b[2J\nsecond"), 1, "error: first\\x1b[2J\n       second\n"),
    ],
)
def test_explains_errors_and_exits_by_their_kind(
    root: Path, arguments: list[str], error: TaskSchedulerError, code: int, stderr: str
) -> None:
    answers = {"show": error, "run": error, "start": error, "list": error}
    with scheduler(root, **answers):
        said = say(*arguments, "--root", str(root), cwd=Path("/"))

    # What is to be typed is about this project, from wherever it is typed.
    typed = stderr.replace("-m task_scheduler ", f"-m task_scheduler --root {root} ")
    assert (said.stdout, said.stderr, said.returncode) == ("", typed, code)


def test_a_wrong_command_line_exits_with_2(root: Path) -> None:
    said = say("lst", cwd=root)

    assert (said.stdout, said.returncode) == ("", 2)
    assert said.stderr.startswith("error: no verb 'lst', did you mean 'list'?\n\nhint: ")


def test_an_unusable_configuration_exits_with_3(root: Path) -> None:
    (root / "config").mkdir()
    (root / "config" / "config.yaml").write_text("scheduler:\n  loop_intervall: 5\n")

    said = say("run", "--check", "--root", str(root), cwd=root)

    assert said.returncode == 3
    assert "loop_intervall" in said.stderr
    assert "Traceback" not in said.stderr


def test_an_unusable_configuration_keeps_nobody_from_reading_the_record(root: Path) -> None:
    (root / "config").mkdir()
    (root / "config" / "config.yaml").write_text("scheduler:\n  loop_intervall: 5\ndatabase:\n  path: kept.db\n")

    said = {verb: say(verb, "--root", str(root), cwd=root) for verb in ("list", "history", "status")}

    assert {verb: each.returncode for verb, each in said.items()} == {"list": 0, "history": 0, "status": 4}
    sentence = (
        "config/config.yaml: line 2: unknown key scheduler.loop_intervall, did you mean 'loop_interval'?; without that, "
        "the record read is data/kept.db (`python3 -m task_scheduler config check` tells all "
        "that is wrong)\n"
    )
    assert all(each.stderr.startswith(sentence) for each in said.values()), said


@pytest.mark.parametrize(
    ("arguments", "code"), [(["start", "report"], 4), (["status"], 4), (["list"], 0), (["history"], 0)]
)
def test_without_a_scheduler_says_so(root: Path, arguments: list[str], code: int) -> None:
    (root / "tasks").mkdir()

    said = say(*arguments, "--root", str(root), cwd=root)

    assert said.returncode == code
    assert "no scheduler is running" in said.stderr
    assert [path.name for path in root.iterdir()] == ["tasks"]


@pytest.mark.parametrize(
    ("verb", "hint"),
    [
        ("list", "give the project's folder: --root DIR"),
        ("run", "a new project begins with `python3 -m task_scheduler init /"),
    ],
)
def test_a_folder_that_is_not_there_is_no_project(root: Path, verb: str, hint: str) -> None:
    said = say("--root", str(root / "mistyped"), verb, cwd=root)

    assert (said.stdout, said.returncode) == ("", 2)
    assert said.stderr.startswith(f"error: no folder {root / 'mistyped'}\n\nhint: {hint}")
    assert list(root.iterdir()) == []


def test_a_file_is_no_project(root: Path) -> None:
    (root / "file").touch()

    said = say("list", "--root", str(root / "file"), cwd=root)

    assert (said.returncode, said.stderr.splitlines()[0]) == (2, f"error: the project {root / 'file'} is not a folder")


def test_help_needs_no_project(root: Path) -> None:
    said = say("--help", cwd=root)

    assert (said.stderr, said.returncode) == ("", 0)
    assert "Exit codes:" in said.stdout


def test_a_reader_that_goes_away_is_no_error(root: Path) -> None:
    tasks = [task(str(number)) for number in range(20_000)]
    with scheduler(root, list=tasks), started("list", "--root", str(root)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        stderr = process.stderr.read()
        process.wait(DEADLINE)

    assert stderr == b""
    assert process.returncode == 141


def test_an_interrupt_ends_quietly_and_the_run_goes_on(root: Path) -> None:
    asked = threading.Event()

    def still_running() -> dict[str, Any]:
        asked.set()
        return run(state="running", final=False)

    answers = {"start": run(state="queued", final=False), "run": still_running}
    with scheduler(root, **answers), started("start", "report", "--wait", "--root", str(root)) as process:
        assert asked.wait(DEADLINE)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=DEADLINE)

    assert stdout == b""
    assert stderr == b"run 7 of report goes on: only the waiting ended\n"
    assert process.returncode == 130


@pytest.mark.parametrize(("changes", "painted"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colours_appear_on_a_terminal_alone(root: Path, changes: dict[str, str], *, painted: bool) -> None:
    controller, terminal = pty.openpty()
    try:
        with scheduler(root, list=[task()]):
            subprocess.run(
                command("list", "--root", str(root)),
                env={**ENVIRONMENT, "TERM": "xterm", **changes},
                stdout=terminal,
                check=True,
                timeout=DEADLINE,
            )
        shown = os.read(controller, 100_000)
    finally:
        os.close(controller)
        os.close(terminal)

    assert (b"\x1b[" in shown) is painted
    assert b"active" in shown


def test_survives_a_terminal_that_cannot_show_the_text(root: Path) -> None:
    with scheduler(root, list=[task("日本", title="\udcff")]):
        said = say("list", "--root", str(root), cwd=root, PYTHONIOENCODING="ascii")

    assert r"\u65e5\u672c" in said.stdout
    assert said.returncode == 0


def test_asking_the_scheduler_imports_nothing_heavy(root: Path) -> None:
    heavy = ["asyncio", "sqlalchemy", "alembic", "pydantic", "loguru", "yaml", "zoneinfo", "psutil", "watchdog"]
    asking = f"""
import sys
from task_scheduler.cli.main import main
code = main(["list", "--root", {str(root)!r}])
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""
    with scheduler(root, list=[task()]):
        said = subprocess.run(
            [sys.executable, "-c", asking],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    assert (said.stderr, said.returncode) == ("[]\n", 0)
