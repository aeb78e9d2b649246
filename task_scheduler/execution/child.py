"""What the process of an attempt does: leave the host behind, run the admitted source, tell how it went.

`become` happens after a fork of the host, whose frames stay below: it never returns. `carry_out` is the rest of it, in
that fork or in the fresh interpreter that has taken its place (`fresh`).
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import atexit
import gc
import importlib.machinery
import io
import json
import os
import signal
import sys
import traceback
import types

from task_scheduler.execution import faults, fresh, markers, parentage, processes
from task_scheduler.execution.programs import folder_of_tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from task_scheduler.execution.programs import Program

#: Exit code when the child could not come as far as the task's code.
CANNOT_BEGIN = 125
#: Exit code, Python's own, when standard output cannot be written at the end.
CANNOT_FLUSH = 120
#: A machine out of memory ends attempts before it ends the scheduler or a host.
_OOM_SCORE = b"300"
_MOST_MESSAGE = 2000
#: Python's own buffers: whatever a task writes to through layers of its own ends in one of these.
_WRITERS = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
_NO_ARGUMENTS = "((), {})"


class MissingFunction(Exception):
    """The task file does not define the function its schedule names."""


def become(
    order: dict[str, Any],
    program: Program | None,
    *,
    folder: str,
    lib: str,
    host: int,
    marker: int,
    stdout: int,
    stderr: int,
    given: int | None,
    highest: int,
) -> NoReturn:
    """Turn this fresh fork of the host into the attempt, and end with it. The marker is written before any code of it.

    It runs `program` itself, or lets a fresh interpreter take over, which reads what to do from `given`. `highest` is
    the highest descriptor the host may have open.
    """
    status = CANNOT_BEGIN
    try:
        if not parentage.die_with(host):
            os._exit(status)
        parentage.take_in_orphans()
        os.setsid()
        processes.stamp(order["mark"])
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        markers.write_begin(marker)
        faults.point("after-pid-written", host)
        if program is not None:
            os.closerange(3, highest + 1)
            _offer_to_the_oom_killer()
            carry_out(order, program, folder)
        if given is not None:
            os.closerange(3, given)
            os.closerange(given + 1, highest + 1)
            _offer_to_the_oom_killer()
            _start_afresh(given, order, folder, lib)
    except BaseException:  # noqa: BLE001 - whatever it is, the frames below are the host's and must not go on
        traceback.print_exc()
    finally:
        _flush(sys.stderr)
        os._exit(status)


def carry_out(order: dict[str, Any], program: Program, folder: str) -> NoReturn:
    """Run the task's code in this process, and end with it."""
    status = CANNOT_BEGIN
    try:
        status = _run(order, program, folder)
    except BaseException:  # noqa: BLE001 - a fault of ours, or an end that came while the task was winding up
        traceback.print_exc()
    finally:
        _flush(sys.stderr)
        os._exit(status)


# --- leaving the host -------------------------------------------------------------------------------------


def _offer_to_the_oom_killer() -> None:
    try:
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:
        return
    try:
        os.write(descriptor, _OOM_SCORE)
    except OSError:
        return
    finally:
        os.close(descriptor)


def _start_afresh(given: int, order: dict[str, Any], folder: str, lib: str) -> None:
    """Let a fresh interpreter take this process over; return only when it cannot be run."""
    try:
        fresh.become(given, order, lib)
    except OSError as error:
        message = f"the interpreter of its environment cannot be run: {error}"
        print(message, file=sys.stderr)  # noqa: T201 - the attempt's own output says it too
        _save(
            markers.error_path(folder, order["attempt"]),
            {"kind": "EnvironmentGone", "message": message, "place": ""},
        )


# --- running ----------------------------------------------------------------------------------------------


def _run(order: dict[str, Any], program: Program, folder: str) -> int:
    """Run the task's code to its end, handlers and all; return the exit code."""
    path = order["file"]
    _reseed()
    main = os.getpid()
    status = 0
    try:
        _execute(order, program, path)
    except SystemExit as leaving:
        status = _leave(leaving)
    except KeyboardInterrupt as error:
        _print(error, path)
        status = -signal.SIGINT
    except BaseException as error:  # noqa: BLE001 - what the task raised, whatever it is
        status = 1
        _print(error, path)
        if os.getpid() == main:
            _save(markers.error_path(folder, order["attempt"]), _summary(error, order))
    return _wind_up(status, _module_name(order))


def _reseed() -> None:
    # `random` reseeds itself after a fork; numpy's global generator would draw the same numbers in every child.
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _execute(order: dict[str, Any], program: Program, path: str) -> None:
    name = order["function"]
    module = _stand_in(order, path) if name is not None else _main_module(path, is_plain=program.is_plain)
    exec(program.compiled(path), module.__dict__)  # noqa: S102 - running it is the point
    if name is None:
        return
    function = getattr(module, name, None)
    if not callable(function):
        raise MissingFunction(f"{order['path']} defines no function {name!r}")
    arguments, keywords = _arguments(order["arguments"])
    result = function(*arguments, **keywords)
    if isinstance(result, types.CoroutineType):
        import asyncio

        asyncio.run(result)


def _arguments(text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if text == _NO_ARGUMENTS:
        return (), {}
    import ast

    arguments, keywords = ast.literal_eval(text)
    return arguments, keywords


def _main_module(path: str, *, is_plain: bool) -> types.ModuleType:
    module = types.ModuleType("__main__")
    module.__file__ = path
    if not is_plain:  # `python FILE`, which is what multiprocessing does with a plain one, would not do
        module.__spec__ = _afresh("spawned_file")
    sys.modules["__main__"] = module
    return module


def _stand_in(order: dict[str, Any], path: str) -> types.ModuleType:
    """Return the module a task file is while one of its functions runs, importable as `tasks.…` by its like."""
    main = types.ModuleType("__main__")
    main.__spec__ = _afresh("spawned")
    sys.modules["__main__"] = main
    return register(order["task_id"], path)


def _afresh(module: str) -> importlib.machinery.ModuleSpec:
    """Return what a process that multiprocessing starts afresh runs first: it finds the same source, named the same."""
    return importlib.machinery.ModuleSpec("task_scheduler.execution." + module, None)


def _module_name(order: dict[str, Any]) -> str:
    return "__main__" if order["function"] is None else name_of(order["task_id"])


def name_of(task_id: str) -> str:
    """Return what a task's module is called while one of its functions runs."""
    return "tasks." + task_id.replace("/", ".")


def register(task_id: str, path: str) -> types.ModuleType:
    """Make an empty module for a task file and enter it, and the package `tasks` above it, among the modules."""
    package = types.ModuleType("tasks")
    package.__path__ = [folder_of_tasks(task_id, path)]
    package.__spec__ = importlib.machinery.ModuleSpec("tasks", None, is_package=True)
    package.__spec__.submodule_search_locations = package.__path__
    sys.modules["tasks"] = package
    name = name_of(task_id)
    module = types.ModuleType(name)
    module.__file__ = path
    module.__package__ = name.rpartition(".")[0]
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, origin=path)
    sys.modules[name] = module
    return module


# --- telling how it went ----------------------------------------------------------------------------------


def _leave(leaving: SystemExit) -> int:
    """Return the exit code Python gives to `sys.exit(…)`, and say its text if it is one."""
    code = leaving.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)  # noqa: T201 - as Python does
    return 1


def _print(error: BaseException, path: str) -> None:
    """Print the traceback as Python would, from the task's own frame on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    error.__traceback__ = trace
    if sys.excepthook is not sys.__excepthook__:
        sys.excepthook(type(error), error, trace)
    else:
        traceback.print_exception(type(error), error, trace)


def _summary(error: BaseException, order: dict[str, Any]) -> dict[str, str]:
    kind = type(error)
    is_plain = kind.__module__ in {"builtins", "__main__", __name__} or kind.__module__.startswith("tasks.")
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - an exception whose text cannot be had is still an exception
        message = ""
    return {
        "kind": kind.__qualname__ if is_plain else f"{kind.__module__}.{kind.__qualname__}",
        "message": message[:_MOST_MESSAGE],
        "place": _place(error, order),
    }


def _place(error: BaseException, order: dict[str, Any]) -> str:
    """Return the innermost line in the task's own file, `tasks/report.py:12 in start`; empty: none is."""
    if isinstance(error, SyntaxError) and error.filename == order["file"]:
        return f"{order['path']}:{error.lineno}"
    place = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == order["file"]:
            place = f"{order['path']}:{trace.tb_lineno}"
            if code.co_name != "<module>":
                place += f" in {code.co_name}"
        trace = trace.tb_next
    return place


def _save(path: str, summary: dict[str, str]) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(summary, file)
    except OSError as error:
        print(f"what was raised could not be put on record: {error}", file=sys.stderr)  # noqa: T201


# --- the end of the interpreter ---------------------------------------------------------------------------


def _wind_up(status: int, module: str) -> int:
    """Do what Python does at the end of a program, without taking the interpreter apart, which costs milliseconds."""
    threading = sys.modules.get("threading")
    try:
        if threading is not None:
            threading._shutdown()  # noqa: SLF001 - what the interpreter itself calls; there is no other way
        atexit._run_exitfuncs()  # noqa: SLF001
    except BaseException:  # noqa: BLE001 - Python prints it too, and goes on
        traceback.print_exc()
    _let_go(module)
    flushed = _flush(sys.stdout)
    _flush(sys.stderr)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status if flushed or status else CANNOT_FLUSH


def _let_go(module: str) -> None:
    """Drop the task's globals, so that what has a finalizer is finalized."""
    _flush_open_files()  # first: a file that is collected in a cycle may be closed before its buffer is written
    sys.modules.pop(module, None)
    gc.collect()
    _flush_open_files()


def _flush_open_files() -> None:
    for thing in gc.get_objects():  # the host's own are frozen, and not among these
        # Of its type alone: `isinstance` would ask each thing for its `__class__`, which may be anything.
        if issubclass(type(thing), _WRITERS) and thing is not sys.stdout and thing is not sys.stderr:
            _flush(thing)


def _flush(stream: Any) -> bool:  # noqa: ANN401 - whatever a task put into sys.stdout
    try:
        if stream is not None and not stream.closed:
            stream.flush()
    except Exception:  # noqa: BLE001 - a stream of the task's own making may raise anything
        return False
    return True
