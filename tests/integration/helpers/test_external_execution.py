"""Running commands and scripts: what the result says, and that nothing is left of what had to be ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from helpers import (
    execute_cli_command,
    execute_python_script,
    execute_script_with_retry,
    process_execution_results,
)
from task_scheduler.task_side import commands
from task_scheduler.testing.running import is_living
from tests.integration.helpers.conftest import REPOSITORY

KEYS = ["success", "return_code", "stdout", "stderr", "execution_time", "command", "error", "timestamp"]


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "GRACE", 0.3)


def pids_in(file: Path, count: int) -> list[int]:
    """Return the process ids that have been written to a file, once there are so many."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = [int(line) for line in file.read_text().split()] if file.exists() else []
        if len(found) >= count:
            return found
        time.sleep(0.01)  # noqa: TID251 - a fact in other processes
    raise AssertionError(f"{file} has no {count} process ids")


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # noqa: TID251 - a fact in other processes


# --- what the result says ---------------------------------------------------------------------------------


def test_a_success_has_every_key() -> None:
    result = execute_cli_command("echo out; echo err >&2")

    assert list(result) == KEYS
    assert result["success"] is True
    assert (result["return_code"], result["stdout"], result["stderr"]) == (0, "out\n", "err\n")
    assert (result["command"], result["error"]) == ("echo out; echo err >&2", None)
    assert 0 < result["execution_time"] < 10
    assert datetime.fromisoformat(result["timestamp"]).utcoffset() is not None


@pytest.mark.parametrize(
    ("command", "shell", "stdout"),
    [
        ("printf '%s|' a $((1 + 1)) *.none", True, "a|2|*.none|"),
        ("printf '%s|' 'a b' $HOME '*'", False, "a b|$HOME|*|"),
        (["printf", "%s|", "a b", "$HOME", "; echo x"], True, "a b|$HOME|; echo x|"),
        (["printf", "%s|", Path("x/y")], False, "x/y|"),
    ],
)
def test_a_text_runs_in_a_shell_and_a_list_never_does(command: str | list[str], shell: bool, stdout: str) -> None:
    assert execute_cli_command(command, shell=shell)["stdout"] == stdout


def test_a_list_is_shown_as_a_person_would_type_it() -> None:
    assert execute_cli_command(["echo", "a b", "it's"])["command"] == """echo 'a b' 'it'"'"'s'"""


@pytest.mark.parametrize(
    ("command", "code", "error"),
    [
        ("exit 3", 3, "exit code 3"),
        ("echo working; echo first >&2; echo 'no such host' >&2; exit 4", 4, "exit code 4: no such host"),
        ("kill -KILL $$", -9, "ended by SIGKILL"),
        ("gti status", 127, "exit code 127: "),
    ],
)
def test_a_failure_says_how(command: str, code: int, error: str) -> None:
    result = execute_cli_command(command)

    assert (result["success"], result["return_code"]) == (False, code)
    assert result["error"].startswith(error)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"command": "gti status", "shell": False}, "there is no command gti"),
        ({"command": ["gti"]}, "there is no command gti"),
        ({"command": ["/etc/passwd"]}, "/etc/passwd cannot be run: Permission denied"),
        ({"command": "pwd", "cwd": "/not/there"}, "there is no folder /not/there to run it in"),
        ({"command": "pwd", "cwd": "/etc/passwd"}, "there is no folder /etc/passwd to run it in"),
        (
            {"command": "say 'so", "shell": False},
            "the command cannot be split into words (No closing quotation): say 'so",
        ),
        ({"command": ""}, "the command is empty"),
        ({"command": "  "}, "the command is empty"),
        ({"command": []}, "the command is empty"),
        ({"command": "a\0b"}, "/bin/sh cannot be run: embedded null byte"),
        ({"command": ["true", "x" * 200_000]}, "true cannot be run: Argument list too long"),
        ({"command": "pwd", "timeout": 0}, "timeout must be more than 0 seconds, or None for no limit, and is 0"),
    ],
)
def test_what_cannot_be_begun_is_a_result_and_no_exception(arguments: dict[str, object], error: str) -> None:
    result = execute_cli_command(**arguments)  # type: ignore[arg-type] # wrong on purpose

    assert list(result) == KEYS
    assert (result["success"], result["return_code"], result["error"]) == (False, None, error)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"command": 5}, "command must be a text, or a list of words, and is 5 (int)"),
        ({"command": None}, "command must be a text, or a list of words, and is None"),
        ({"command": b"ls"}, "command must be a text, or a list of words, and is b'ls' (bytes)"),
        ({"command": {"a": 1}}, "command must be a text, or a list of words, and is {'a': 1} (dict)"),
        ({"command": ["ls", None]}, "command[1] must be a text, a number or a path, and is None"),
        ({"command": ["ls", ["-l"]]}, "command[1] must be a text, a number or a path, and is ['-l'] (list)"),
        ({"command": "pwd", "cwd": 5}, "cwd must be a path, as a text or a Path, or None, and is 5 (int)"),
        (
            {"command": "pwd", "timeout": "5"},
            "timeout must be a number of seconds, or None for no limit, and is '5' (str)",
        ),
        (
            {"command": "pwd", "timeout": True},
            "timeout must be a number of seconds, or None for no limit, and is True (bool)",
        ),
        ({"command": "pwd", "shell": "no"}, "shell must be True or False, and is 'no' (str)"),
        ({"command": "pwd", "env": ["A=b"]}, "env must be a dict of texts, or None, and is ['A=b'] (list)"),
        ({"command": "pwd", "env": {"N": 3}}, "env['N'] must be a text, or None to take it away, and is 3 (int)"),
        ({"command": "pwd", "env": {3: "N"}}, "a name in env must be a text, and is 3 (int)"),
        ({"command": [["x" * 100_000]]}, f"command[0] must be a text, a number or a path, and is ['{'x' * 57}… (list)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_argument_of_a_wrong_type_is_named_with_what_it_is(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(TypeError) as caught:
        execute_cli_command(**arguments)  # type: ignore[arg-type] # wrong on purpose

    assert str(caught.value) == sentence


def test_words_may_be_texts_numbers_and_paths_of_anything_that_yields_them(tmp_path: Path) -> None:
    result = execute_cli_command(word for word in ["printf", "%s\\n", 5, tmp_path, b"bytes"])  # type: ignore[arg-type]

    assert result["stdout"].splitlines() == ["5", str(tmp_path), "bytes"]
    assert result["command"] == f"printf '%s\\n' 5 {tmp_path} bytes"


def test_variables_are_added_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "kept")
    monkeypatch.setenv("DROPPED", "dropped")

    result = execute_cli_command('echo "$KEPT $ADDED ${DROPPED-gone}"', env={"ADDED": "added", "DROPPED": None})

    assert result["stdout"] == "kept added gone\n"


def test_there_is_nothing_to_read() -> None:
    assert execute_cli_command("cat; echo done", timeout=10)["stdout"] == "done\n"


def test_what_is_no_text_is_replaced() -> None:
    assert execute_cli_command(r"printf 'a\377b'")["stdout"] == "a\N{REPLACEMENT CHARACTER}b"


def test_of_a_huge_output_the_beginning_and_the_end_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_OUTPUT", 2000)

    result = execute_cli_command("echo first; seq 100000; echo last")

    assert result["success"]
    assert result["stdout"].startswith("first\n1\n2\n")
    assert result["stdout"].endswith("\n100000\nlast\n")
    assert "bytes left out …]" in result["stdout"]
    assert len(result["stdout"]) < 2100


def test_what_is_left_in_the_background_is_not_waited_for_and_goes_on(tmp_path: Path) -> None:
    began = time.monotonic()

    result = execute_cli_command(f"sleep 30 & echo $! > {tmp_path}/pid; echo started")

    [pid] = pids_in(tmp_path / "pid", 1)
    try:
        assert result["stdout"] == "started\n"
        assert time.monotonic() - began < 10
        assert is_living(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_something_in_the_background_that_writes_for_ever_holds_up_nobody() -> None:
    assert execute_cli_command("yes & sleep 0.1; echo done", timeout=20)["success"]


# --- the time limit ---------------------------------------------------------------------------------------


def test_at_its_limit_a_command_ends_and_what_it_wrote_is_kept() -> None:
    result = execute_cli_command("echo begun; echo noted >&2; sleep 60", timeout=0.3)

    assert (result["success"], result["return_code"], result["error"]) == (False, None, "timed out after 0.3 s")
    assert result["stdout"] == "begun\n"
    assert result["stderr"].startswith("noted\n")
    assert 0.3 <= result["execution_time"] < 10


@pytest.mark.slow
def test_it_is_asked_first_and_may_finish_its_work() -> None:
    result = execute_cli_command("trap 'echo cleaned up; exit 0' TERM; echo up; sleep 60 & wait", timeout=0.8)

    assert result["error"] == "timed out after 0.8 s"
    assert result["stdout"] == "up\ncleaned up\n"


TREES = {
    "a child": "sleep 60 & echo $! >> pids; wait",
    "a child that ignores TERM": "sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 60; done'",
    "a grandchild in a session of its own": "setsid sh -c 'echo $$ >> pids; sleep 60' & sleep 60",
    "a daemon, forked twice": "sh -c 'setsid sh -c \"echo \\$\\$ >> pids; sleep 60\" &'; sleep 60",
    "an orphan with an emptied environment": "sh -c 'env -i sh -c \"echo \\$\\$ >> pids; sleep 60\" &'; sleep 60",
    "one below that emptied its environment and ignores TERM": (
        "setsid env -i sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 1; done' & sleep 60"
    ),
    "one that is stopped": "sh -c 'echo $$ >> pids; kill -STOP $$; sleep 60' & sleep 60",
}


@pytest.mark.slow
def test_at_the_limit_nothing_of_it_is_left(tmp_path: Path) -> None:
    def run(name: str) -> tuple[str, bool, str]:
        folder = tmp_path / name
        folder.mkdir()
        result = execute_cli_command(TREES[name], cwd=folder, timeout=1)
        [pid] = pids_in(folder / "pids", 1)
        return name, is_living(pid), result["error"]

    with ThreadPoolExecutor(len(TREES)) as threads:
        ended = list(threads.map(run, TREES))

    assert ended == [(name, False, "timed out after 1 s") for name in TREES]


#: In a process that takes in its orphans, as that of a run does: a daemon of a command, and one of the task's own.
DAEMONS = """
import os, subprocess, sys, threading, time
from helpers import execute_cli_command
from task_scheduler.execution import parentage
from task_scheduler.task_side import commands

parentage.take_in_orphans()
commands.GRACE = 0.3
DAEMON = "(setsid env -i sh -c 'echo $$ >> {}; exec sleep 60' >/dev/null 2>&1 &)"

def own():
    if sys.argv[1] == "later":
        while not os.path.exists("pids"):  # the command is at work
            time.sleep(0.01)
    subprocess.run(DAEMON.format("own"), shell=True, check=True)

if sys.argv[1] == "before":
    own()
elif sys.argv[1] == "later":
    thread = threading.Thread(target=own)
    thread.start()
result = execute_cli_command(DAEMON.format("pids") + "; sleep 50", timeout=1)
assert result["error"] == "timed out after 1 s", result
"""


@pytest.mark.slow
@pytest.mark.parametrize("own", ["never", "before", "later"])
def test_a_daemon_with_an_emptied_environment_is_ended_where_it_can_be_nobody_else_s(tmp_path: Path, own: str) -> None:
    subprocess.run(
        [sys.executable, "-c", DAEMONS, own],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=True,
        timeout=60,
    )
    [daemon] = pids_in(tmp_path / "pids", 1)
    others = [] if own == "never" else pids_in(tmp_path / "own", 1)
    is_left = [is_living(pid) for pid in (daemon, *others)]
    for pid in (daemon, *others):
        if is_living(pid):
            os.kill(pid, signal.SIGKILL)

    assert is_left == ([False] if own == "never" else [True, True])


@pytest.mark.slow
def test_one_that_was_stopped_is_woken_to_hear_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "GRACE", 30)

    result = execute_cli_command("trap 'echo heard; exit' TERM; kill -STOP $$", timeout=0.5)

    assert (result["stdout"], result["error"]) == ("heard\n", "timed out after 0.5 s")
    assert result["execution_time"] < 20


@pytest.mark.slow
def test_a_command_inside_a_command_is_ended_with_it(tmp_path: Path) -> None:
    inner = (
        "from helpers import execute_cli_command\n"
        "execute_cli_command('setsid sh -c \"echo \\$\\$ >> pids; trap : TERM; while :; do sleep 1; done\"', timeout=60)\n"
    )

    execute_cli_command([sys.executable, "-c", inner], cwd=tmp_path, timeout=1.5, env={"PYTHONPATH": str(REPOSITORY)})

    [pid] = pids_in(tmp_path / "pids", 1)
    assert not is_living(pid)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_when_the_task_is_stopped_its_command_ends_with_everything_it_started(tmp_path: Path, number: int) -> None:
    code = (
        "import signal\nfrom task_scheduler.this_run import Stopped\nfrom helpers import execute_cli_command\n"
        "def stop(*_): raise Stopped\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "execute_cli_command('echo $$ >> pids; setsid sleep 60 & echo $! >> pids; wait')\n"
    )
    task = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stderr=-3
    )
    try:
        pids = pids_in(tmp_path / "pids", 2)
        task.send_signal(number)
        task.wait(20)
    finally:
        task.kill()
        task.wait()

    wait_until(lambda: not any(is_living(pid) for pid in pids))


def test_an_interrupt_waits_until_the_command_that_it_must_end_is_known() -> None:
    handler = signal.getsignal(signal.SIGINT)
    is_known = False

    def begin() -> None:
        nonlocal is_known
        with commands._undisturbed():
            signal.raise_signal(signal.SIGINT)
            is_known = True

    with pytest.raises(KeyboardInterrupt):
        begin()

    assert is_known
    assert signal.getsignal(signal.SIGINT) is handler


# --- scripts ----------------------------------------------------------------------------------------------


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "a script.py"
    path.write_text(
        "import os, sys\nprint(sys.executable)\nprint(sys.argv[1:], os.getcwd())\n"
        "with open('calls', 'a+') as calls:\n    calls.seek(0); before = len(calls.read()); calls.write('x')\n"
        "sys.exit(0 if before >= int(os.environ.get('FAILURES', 0)) else f'not yet: {before}')\n"
    )
    return path


def test_a_script_runs_by_the_task_s_own_python(script: Path, tmp_path: Path) -> None:
    result = execute_python_script(script, ["arg1", "a b", 3], cwd=tmp_path)

    assert list(result) == [*KEYS, "script_path"]
    assert result["stdout"].splitlines() == [sys.executable, f"['arg1', 'a b', '3'] {tmp_path}"]
    assert (result["success"], result["script_path"]) == (True, str(script))
    assert result["command"] == f"{sys.executable} '{script}' arg1 'a b' 3"


def test_a_relative_script_is_one_of_its_working_folder(script: Path, tmp_path: Path) -> None:
    assert execute_python_script(script.name, cwd=str(tmp_path))["success"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"script_path": "nope.py", "cwd": "/etc"}, "there is no script nope.py in /etc"),
        ({"script_path": "{script}", "python_executable": "/no/python"}, "there is no command /no/python"),
    ],
)
def test_a_script_that_cannot_be_run_is_a_result(script: Path, arguments: dict[str, str], error: str) -> None:
    given = {name: str(script) if value == "{script}" else value for name, value in arguments.items()}

    result = execute_python_script(**given)  # type: ignore[arg-type] # wrong on purpose

    assert (result["success"], result["error"]) == (False, error)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"script_path": None}, "script_path must be a path, as a text or a Path, and is None"),
        ({"script_path": b"x.py"}, "script_path must be a path, as a text or a Path, and is b'x.py' (bytes)"),
        ({"args": "--verbose"}, "args must be a list of arguments, or None, and is '--verbose' (str)"),
        ({"args": {"a": 1}}, "args must be a list of arguments, or None, and is {'a': 1} (dict)"),
        ({"args": [None]}, "args[0] must be a text, a number or a path, and is None"),
        (
            {"python_executable": 3.11},
            "python_executable must be a path, as a text or a Path, or None, and is 3.11 (float)",
        ),
        ({"capture_output": None}, "capture_output must be True or False, and is None"),
        ({"max_retries": "3"}, "max_retries must be a whole number, and is '3' (str)"),
        ({"max_retries": -1}, "max_retries must be 0 or more, and is -1"),
        ({"retry_delay": None}, "retry_delay must be a number of seconds, and is None"),
        ({"retry_delay": -1}, "retry_delay must be 0 seconds or more, and is -1"),
        ({"retry_delay": float("nan")}, "retry_delay must be 0 seconds or more, and is nan"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_argument_of_a_script_that_means_nothing_is_named(
    script: Path, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        execute_script_with_retry(**{"script_path": script, **arguments})  # type: ignore[arg-type] # wrong on purpose

    assert str(caught.value) == sentence
    assert not (script.parent / "calls").exists()


def test_output_that_is_not_captured_goes_to_that_of_the_task(script: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = execute_python_script(script, cwd=script.parent, capture_output=False)

    assert (result["success"], result["stdout"]) == (True, "")
    assert sys.executable in capfd.readouterr().out


@pytest.mark.parametrize(
    ("failures", "retries", "attempts", "success"),
    [(0, 3, 1, True), (2, 3, 3, True), (9, 2, 3, False), (9, 0, 1, False)],
)
def test_a_script_is_retried_until_it_succeeds(
    script: Path, monkeypatch: pytest.MonkeyPatch, failures: int, retries: int, attempts: int, success: bool
) -> None:
    monkeypatch.setenv("FAILURES", str(failures))

    result = execute_script_with_retry(script, max_retries=retries, retry_delay=0, cwd=script.parent)

    assert (result["retry_attempts"], result["final_success"], result["success"]) == (attempts, success, success)
    assert [attempt["success"] for attempt in result["all_attempts"]] == [False] * (attempts - 1) + [success]
    assert list(result["all_attempts"][0]) == [*KEYS, "script_path"]


def test_results_are_summed_up() -> None:
    results = [
        execute_cli_command("echo hello"),
        execute_cli_command(["printf", "y" * 300]),
        execute_cli_command("exit 2"),
    ]

    summary = process_execution_results(results)

    assert summary == {
        "total_executions": 3,
        "successful": 2,
        "failed": 1,
        "total_execution_time": pytest.approx(sum(result["execution_time"] for result in results)),
        "average_execution_time": pytest.approx(sum(result["execution_time"] for result in results) / 3),
        "errors": [{"command": "exit 2", "error": "exit code 2"}],
        "outputs": [
            {"command": "echo hello", "stdout": "hello\n"},
            {"command": f"printf {'y' * 300}", "stdout": "y" * 200 + "..."},
        ],
    }


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        (None, "results must be a list of what execute_cli_command and its like return, and is None"),
        (
            {"success": True},
            "results must be a list of what execute_cli_command and its like return, and is {'success': True} (dict)",
        ),
        (["a"], "results[0] must be a dict, as execute_cli_command and its like return it, and is 'a' (str)"),
        (
            [{"success": True, "command": "ls", "error": None}],
            "results[0] is no result of execute_cli_command and its like: it has no execution_time and no stdout",
        ),
    ],
)
def test_what_is_no_result_cannot_be_summed_up(results: Any, sentence: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        process_execution_results(results)

    assert str(caught.value) == sentence


def test_no_results_are_summed_up_too() -> None:
    assert process_execution_results([]) == {
        "total_executions": 0,
        "successful": 0,
        "failed": 0,
        "total_execution_time": 0.0,
        "average_execution_time": 0.0,
        "errors": [],
        "outputs": [],
    }
