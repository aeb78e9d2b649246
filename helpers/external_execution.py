"""
---
title: "External execution"
description: "Runs commands and Python scripts, with a time limit, and tells how they went"
dependencies: []
---

Nothing here raises for what a command does, or for one that cannot be begun: the result says it. An argument of a wrong
type is a mistake of the task, and raises TypeError. At its time limit, and when the task itself is stopped, a command is
ended with what it started; a daemon that has emptied its environment may go on until the run ends.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time

from task_scheduler.task_side import arguments as given
from task_scheduler.task_side import commands

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Union

    Text = Union[str, os.PathLike[str]]

_MOST_SHOWN = 200
#: What a result has that can be summed up.
_SUMMED_UP = ("success", "execution_time", "command", "error", "stdout")


def execute_cli_command(
    command: str | Sequence[Text],
    cwd: Text | None = None,
    timeout: float | None = 60,
    shell: bool = True,  # noqa: FBT001, FBT002 - the signature tasks know
    env: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Run a command: a text in a shell, a list without one; with `shell=False` a text is split as a shell would.

    `timeout` is in seconds, None for no limit. `env` is added to the task's own variables; None takes one away.

    The result has `success`, `return_code`, `stdout`, `stderr`, `execution_time` in seconds, `command`, `error` and
    `timestamp`. `error` is None for a success, else a sentence. `return_code` is None where the command could not be
    begun or was ended at its time limit, and less than 0 where a signal ended it. Of an output of more than 10 MB, the
    first and the last 5 MB are kept. What the command leaves in the background goes on, unheard.
    """
    words = None if isinstance(command, str) else _words("command", command, "a text, or a list of words")
    given.flag("shell", shell)
    environment = _with(os.environ, env)
    folder, seconds = _folder(cwd), _limit(timeout)
    result = _new_result(str(command) if words is None else _joined(words))
    try:
        arguments = _arguments(command, shell=shell) if isinstance(command, str) else words
    except ValueError as error:
        return _refused(result, str(error))
    if not arguments:
        return _refused(result, "the command is empty")
    return _carry_out(result, arguments, cwd=folder, timeout=seconds, environment=environment)


def execute_python_script(
    script_path: Text,
    args: Sequence[object] | None = None,
    cwd: Text | None = None,
    timeout: float | None = 60,
    capture_output: bool = True,  # noqa: FBT001, FBT002 - the signature tasks know
    python_executable: Text | None = None,
) -> dict[str, Any]:
    """Run a Python script, by the task's own Python unless `python_executable` names another.

    A relative path is one from `cwd`. With `capture_output=False` what it writes goes to the run's own output. The
    result is that of `execute_cli_command`, and `script_path`.
    """
    script = given.path("script_path", script_path)
    words = [] if args is None else _words("args", args, "a list of arguments, or None")
    folder, seconds = _folder(cwd), _limit(timeout)
    python = None if python_executable is None else given.path("python_executable", python_executable, or_none=True)
    captures = given.flag("capture_output", capture_output)
    arguments = [python or sys.executable, script, *words]
    result = {**_new_result(_joined(arguments)), "script_path": script}
    if not os.path.exists(os.path.join(folder or "", script)):
        return _refused(result, f"there is no script {script} in {os.path.abspath(folder or os.curdir)}")
    return _carry_out(result, arguments, cwd=folder, timeout=seconds, environment=dict(os.environ), captures=captures)


def execute_script_with_retry(
    script_path: Text,
    args: Sequence[object] | None = None,
    max_retries: int = 3,
    retry_delay: float = 5,
    **kwargs: Any,  # noqa: ANN401 - those of execute_python_script
) -> dict[str, Any]:
    """Run a Python script until it succeeds, at most once and `max_retries` times more, `retry_delay` seconds apart.

    Returns the last result, and with it `retry_attempts` (how often it was run), `all_attempts` (the result of each)
    and `final_success`. Further arguments are those of `execute_python_script`; a `timeout` is of each attempt. Raises
    TypeError and ValueError for a number that is none of these.
    """
    if isinstance(max_retries, bool) or not isinstance(max_retries, int):
        raise given.wrong("max_retries", max_retries, "a whole number")
    if max_retries < 0:
        raise ValueError(f"max_retries must be 0 or more, and is {max_retries}")
    given.number("retry_delay", retry_delay, "a number of seconds")
    if not 0 <= retry_delay <= threading.TIMEOUT_MAX:
        raise ValueError(f"retry_delay must be 0 seconds or more, and is {retry_delay!r}")
    arguments = args if args is None else _words("args", args, "a list of arguments, or None")
    attempts = [execute_python_script(script_path, arguments, **kwargs)]
    while not attempts[-1]["success"] and len(attempts) <= max_retries:
        time.sleep(retry_delay)
        attempts.append(execute_python_script(script_path, arguments, **kwargs))
    last = attempts[-1]
    return {
        **last,
        "retry_attempts": len(attempts),
        "all_attempts": attempts,
        "final_success": last["success"],
    }


def process_execution_results(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum results up: `total_executions`, `successful`, `failed`, `total_execution_time` and `average_execution_time`.

    Times are in seconds. `errors` has `command` and `error` of each failure, and `outputs` has `command` and `stdout` of
    each that wrote something, its first 200 characters. Raises TypeError or ValueError for what is no result.
    """
    every = _results(results)
    successful = sum(1 for result in every if result["success"])
    seconds = float(sum(result["execution_time"] for result in every))
    return {
        "total_executions": len(every),
        "successful": successful,
        "failed": len(every) - successful,
        "total_execution_time": seconds,
        "average_execution_time": seconds / len(every) if every else 0.0,
        "errors": [
            {"command": result["command"], "error": result["error"]}
            for result in every
            if not result["success"] and result["error"]
        ],
        "outputs": [
            {"command": result["command"], "stdout": _shortened(result["stdout"])}
            for result in every
            if result["stdout"]
        ],
    }


def _new_result(command: str) -> dict[str, Any]:
    from datetime import datetime

    return {
        "success": False,
        "return_code": None,
        "stdout": "",
        "stderr": "",
        "execution_time": 0.0,
        "command": command,
        "error": None,
        "timestamp": datetime.now().astimezone().isoformat(),
    }


def _refused(result: dict[str, Any], error: str) -> dict[str, Any]:
    result["error"] = error
    return result


def _carry_out(
    result: dict[str, Any],
    arguments: Sequence[str],
    *,
    cwd: str | None,
    timeout: float | None,
    environment: Mapping[str, str],
    captures: bool = True,
) -> dict[str, Any]:
    if timeout is not None and not timeout > 0:
        return _refused(result, f"timeout must be more than 0 seconds, or None for no limit, and is {timeout!r}")
    if cwd is not None and not os.path.isdir(cwd):
        return _refused(result, f"there is no folder {cwd} to run it in")
    try:
        ended = commands.run(arguments, cwd=cwd, environment=environment, timeout=timeout, captures=captures)
    except (OSError, ValueError) as error:
        return _refused(result, _cannot_begin(arguments[0], error))
    result["return_code"] = ended.code
    result["stdout"], result["stderr"] = ended.stdout, ended.stderr
    result["execution_time"] = ended.seconds
    result["success"] = ended.code == 0
    if not result["success"]:
        result["error"] = _how_it_failed(ended, timeout)
    return result


def _arguments(command: str, *, shell: bool) -> list[str]:
    """Return the words of a text; raises ValueError."""
    if shell and command.strip():
        return ["/bin/sh", "-c", command]
    try:
        return shlex.split(command)
    except ValueError as error:
        raise ValueError(f"the command cannot be split into words ({error}): {command[:_MOST_SHOWN]}") from None


def _words(name: str, value: object, expected: str) -> list[str]:
    return [
        os.fsdecode(item) if isinstance(item, (str, bytes, os.PathLike)) else str(item)
        for item in given.words(name, value, expected)
    ]


def _folder(cwd: Text | None) -> str | None:
    return None if cwd is None else given.path("cwd", cwd, or_none=True)


def _limit(timeout: float | None) -> float | None:
    return None if timeout is None else given.number("timeout", timeout, "a number of seconds, or None for no limit")


def _results(results: object) -> list[Mapping[str, Any]]:
    """Return results as they are, in a list; raises TypeError or ValueError where one of them is none."""
    from collections.abc import Mapping

    expected = "a list of what execute_cli_command and its like return"
    if isinstance(results, (str, bytes, Mapping)) or not hasattr(results, "__iter__"):
        raise given.wrong("results", results, expected)
    every: list[Mapping[str, Any]] = []
    for place, result in enumerate(results):
        if not isinstance(result, Mapping):
            raise given.wrong(f"results[{place}]", result, "a dict, as execute_cli_command and its like return it")
        lacking = [key for key in _SUMMED_UP if key not in result]
        if lacking:
            raise ValueError(
                f"results[{place}] is no result of execute_cli_command and its like: it has no {' and no '.join(lacking)}"
            )
        every.append(result)
    return every


def _joined(arguments: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, arguments))


def _with(own: Mapping[str, str], added: Mapping[str, str | None] | None) -> dict[str, str]:
    variables = dict(own)
    expected = "a dict of texts, or None"
    for name, value in () if added is None else given.mapping("env", added, expected).items():
        known = given.text("a name in env", name)
        if value is None:
            variables.pop(known, None)
        elif isinstance(value, str):
            variables[known] = value
        else:
            raise given.wrong(f"env[{known!r}]", value, "a text, or None to take it away")
    return variables


def _cannot_begin(program: str, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no command {program}"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"{program} cannot be run: {reason}"


def _how_it_failed(ended: commands.Ended, timeout: float | None) -> str:
    if ended.code is None:
        gone = "" if ended.is_all_gone else ", and not all of it could be ended"
        return f"timed out after {timeout:g} s{gone}"
    if ended.code < 0:
        return f"ended by {_signal_name(-ended.code)}"
    said = ended.stderr.strip().rpartition("\n")[2].strip()
    return f"exit code {ended.code}" + (f": {said[:_MOST_SHOWN]}" if said else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
