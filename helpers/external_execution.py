"""
---
title: "External execution"
description: "Runs commands and Python scripts, with a time limit, and tells how they went"
dependencies: []
---

Nothing here raises for what a command does, or for one that cannot be begun: the result says it. At its time limit, and
when the task itself is stopped, a command is ended with what it started; a daemon that has emptied its environment may
go on until the run ends.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time

from task_scheduler.task_side import commands

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Union

    Text = Union[str, os.PathLike[str]]

_MOST_SHOWN = 200


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
    result = _new_result(command if isinstance(command, str) else _joined(command))
    try:
        arguments = _arguments(command, shell=shell)
        environment = _with(os.environ, env)
    except (TypeError, ValueError) as error:
        return _refused(result, str(error))
    return _carry_out(result, arguments, cwd=cwd, timeout=timeout, environment=environment)


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
    script = os.fspath(script_path)
    result = {**_new_result(""), "script_path": script}
    if isinstance(args, (str, bytes)):
        return _refused(result, f"args must be a list of arguments, not one text: [{args!r}]")
    arguments = [os.fspath(python_executable or sys.executable), script, *map(_argument, args or ())]
    result["command"] = _joined(arguments)
    if not os.path.exists(os.path.join(cwd or "", script)):
        return _refused(result, f"there is no script {script} in {os.path.abspath(cwd or os.curdir)}")
    return _carry_out(
        result, arguments, cwd=cwd, timeout=timeout, environment=dict(os.environ), captures=capture_output
    )


def execute_script_with_retry(
    script_path: Text,
    args: Sequence[object] | None = None,
    max_retries: int = 3,
    retry_delay: float = 5,
    **kwargs: Any,  # noqa: ANN401 - those of execute_python_script
) -> dict[str, Any]:
    """Run a Python script until it succeeds, at most once and `max_retries` times more, `retry_delay` seconds apart.

    Returns the last result, and with it `retry_attempts` (how often it was run), `all_attempts` (the result of each)
    and `final_success`. Further arguments are those of `execute_python_script`; a `timeout` is of each attempt.
    """
    attempts = [execute_python_script(script_path, args, **kwargs)]
    while not attempts[-1]["success"] and len(attempts) <= max_retries:
        time.sleep(max(0, retry_delay))
        attempts.append(execute_python_script(script_path, args, **kwargs))
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
    each that wrote something, its first 200 characters.
    """
    every = list(results)
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
    cwd: Text | None,
    timeout: float | None,
    environment: Mapping[str, str],
    captures: bool = True,
) -> dict[str, Any]:
    if timeout is not None and not _is_span(timeout):
        return _refused(result, f"timeout must be more than 0 seconds, or None for no limit, and is {timeout!r}")
    folder = None if cwd is None else os.fspath(cwd)
    if folder is not None and not os.path.isdir(folder):
        return _refused(result, f"there is no folder {folder} to run it in")
    try:
        ended = commands.run(arguments, cwd=folder, environment=environment, timeout=timeout, captures=captures)
    except (OSError, ValueError) as error:
        return _refused(result, _cannot_begin(arguments[0], error))
    result["return_code"] = ended.code
    result["stdout"], result["stderr"] = ended.stdout, ended.stderr
    result["execution_time"] = ended.seconds
    result["success"] = ended.code == 0
    if not result["success"]:
        result["error"] = _how_it_failed(ended, timeout)
    return result


def _is_span(seconds: object) -> bool:
    return isinstance(seconds, (int, float)) and seconds > 0


def _arguments(command: str | Sequence[Text], *, shell: bool) -> list[str]:
    if not isinstance(command, str):
        arguments = [_argument(argument) for argument in command]
    elif shell and command.strip():
        return ["/bin/sh", "-c", command]
    else:
        try:
            arguments = shlex.split(command)
        except ValueError as error:
            raise ValueError(f"the command cannot be split into words ({error}): {command[:_MOST_SHOWN]}") from None
    if not arguments:
        raise ValueError("the command is empty")
    return arguments


def _argument(value: object) -> str:
    return os.fsdecode(value) if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def _joined(arguments: Iterable[object]) -> str:
    return " ".join(shlex.quote(_argument(argument)) for argument in arguments)


def _with(own: Mapping[str, str], added: Mapping[str, str | None] | None) -> dict[str, str]:
    variables = dict(own)
    for name, value in (added or {}).items():
        if value is None:
            variables.pop(name, None)
        elif all(isinstance(text, str) for text in (name, value)):
            variables[name] = value
        else:
            raise TypeError(f"env: names and values must be texts: {name!r}: {value!r}")
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
