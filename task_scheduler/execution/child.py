"""What the process of an attempt does: leave the host behind, run the admitted source, tell how it went.

`become` happens after a fork of the host, whose frames stay below: it never returns. `carry_out` is the rest of it, in
that fork or in the fresh interpreter that has taken its place (`fresh`).
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import importlib.machinery
import os
import signal
import sys
import time
import traceback
import types

from task_scheduler import this_run
from task_scheduler.execution import confinement, faults, fresh, markers, parentage, processes, raised, words
from task_scheduler.execution.programs import folder_of_tasks, set_variables
from task_scheduler.execution.stopping import STOPS
from task_scheduler.execution.winding_up import flush, wind_up
from task_scheduler.json_values import NotKept, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from task_scheduler.execution.programs import Program

#: Exit code when the child could not come as far as the task's code.
CANNOT_BEGIN = 125
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
            confinement.offer_to_the_oom_killer()
            carry_out(order, program, folder)
        if given is not None:
            os.closerange(3, given)
            os.closerange(given + 1, highest + 1)
            confinement.offer_to_the_oom_killer()
            _start_afresh(given, order, lib)
    except BaseException:  # noqa: BLE001 - whatever it is, the frames below are the host's and must not go on
        traceback.print_exc()
    finally:
        flush(sys.stderr)
        os._exit(status)


def carry_out(order: dict[str, Any], program: Program, folder: str) -> NoReturn:
    """Run the task's code in this process, and end with it."""
    status = CANNOT_BEGIN
    try:
        program.make_ready(order)
        confinement.enter(order, folder)
        status = _run(order, program)
    except confinement.CannotConfine as error:
        _refuse("CannotConfine", str(error), order)
    except BaseException:  # noqa: BLE001 - a fault of ours, or an end that came while the task was winding up
        traceback.print_exc()
    finally:
        flush(sys.stderr)
        os._exit(status)


# --- leaving the host -------------------------------------------------------------------------------------


def _start_afresh(given: int, order: dict[str, Any], lib: str) -> None:
    """Let a fresh interpreter take this process over; return only when it cannot be run."""
    try:
        set_variables(order)
        fresh.become(given, order, lib)
    except OSError as error:
        _refuse("EnvironmentGone", f"the interpreter of its environment cannot be run: {error}", order)


def _refuse(kind: str, message: str, order: dict[str, Any]) -> None:
    """Tell why the task's code cannot be begun."""
    print(message, file=sys.stderr)  # noqa: T201 - the attempt's own output says it too
    words.leave(order["words"], {"error": {"kind": kind, "message": message, "place": ""}})


# --- running ----------------------------------------------------------------------------------------------


def _run(order: dict[str, Any], program: Program) -> int:
    """Run the task's code to its end, handlers and all; return the exit code."""
    _reseed()
    if "TZ" in order["environment"]:
        time.tzset()  # a fork has the host's zone
    main = os.getpid()
    STOPS.attend()
    said: dict[str, Any] = {}
    status = _outcome(order, program, said)
    if said and os.getpid() == main:  # a fork that the task let run on to here speaks for nobody
        words.leave(order["words"], said)
    return wind_up(status, _module_name(order))


def _outcome(order: dict[str, Any], program: Program, said: dict[str, Any]) -> int:
    """Run the task's code; return the exit code, or less than 0 to end by that signal. `said` is for the host."""
    try:
        try:
            STOPS.listen()
            returned = _execute(order, program)
        finally:
            STOPS.pause()
    except this_run.Stopped:
        return -signal.SIGTERM
    except (this_run.Skip, this_run.Snooze, this_run.Cancel) as error:
        request = words.request_of(error)
        if request is None:
            return _fail(error, order, said)
        said["end_request"] = request
        return raised.say_request(error, order)
    except SystemExit as leaving:
        return _leave(leaving, order, said)
    except KeyboardInterrupt as error:
        raised.show(error, order)
        return -signal.SIGINT
    except BaseException as error:  # noqa: BLE001 - what the task raised, whatever it is
        return _fail(error, order, said)
    if returned is not None:
        _keep(returned, order, said)
    return 0


def _reseed() -> None:
    # `random` reseeds itself after a fork; numpy's global generator would draw the same numbers in every child.
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _execute(order: dict[str, Any], program: Program) -> object:
    """Run the task's code; return what its function returns, None of a file that is run whole."""
    _require(order.get("needs"))
    path, name = order["file"], order["function"]
    module = _stand_in(order, path) if name is not None else _main_module(path, is_plain=program.is_plain)
    exec(program.compiled(path), module.__dict__)  # noqa: S102 - running it is the point
    if name is None:
        return None
    function = getattr(module, name, None)
    if not callable(function):
        raise MissingFunction(f"{order['path']} defines no function {name!r}")
    arguments, keywords = _arguments(order["arguments"])
    if _has_parameters(function):
        from task_scheduler.execution.parameters import asked_for

        keywords = {**keywords, **asked_for(function, arguments, keywords, order)}
    returned = function(*arguments, **keywords)
    if isinstance(returned, types.CoroutineType):
        import asyncio

        return asyncio.run(returned)
    return returned


def _require(needs: dict[str, Any] | None) -> None:
    """Leave the code alone where the file that it is run for is gone, or has made place for another one."""
    if needs is None:
        return
    try:
        found = os.stat(needs["file"]).st_ino
        is_gone = needs["inode"] not in (None, found) and _is_beside(needs["file"], needs["inode"])
    except (FileNotFoundError, NotADirectoryError):
        is_gone = True
    except OSError:
        return  # it is there, or that cannot be told: its code will see
    if is_gone:
        raise this_run.Skip(needs["else"])


def _is_beside(path: str, inode: int) -> bool:
    """Whether the folder of `path` has the file of this inode, under whatever name.

    Without it a file was replaced, as careful programs write: one that is written more often than runs begin would
    have none at all if that counted as gone.
    """
    with os.scandir(os.path.dirname(path)) as entries:
        return any(entry.inode() == inode for entry in entries)


def _has_parameters(function: object) -> bool:
    """Whether a function may ask for something of its run; most take nothing, and nothing is imported for them."""
    code = getattr(function, "__code__", None)
    return code is None or bool(code.co_argcount or code.co_kwonlyargcount or hasattr(function, "__wrapped__"))


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


def _fail(error: BaseException, order: dict[str, Any], said: dict[str, Any]) -> int:
    raised.show(error, order)
    said["error"] = raised.summary(error, order)
    return 1


def _leave(leaving: SystemExit, order: dict[str, Any], said: dict[str, Any]) -> int:
    """Return the exit code Python gives to `sys.exit(…)`; anything but a number is said, as Python does, and kept."""
    code = leaving.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if abs(code) <= sys.maxsize else 0xFF
    try:
        print(code, file=sys.stderr)  # noqa: T201 - as Python does
    except Exception:  # noqa: BLE001 - an object whose text cannot be had ends the task all the same
        traceback.print_exc()
    said["error"] = raised.summary(leaving, order)
    return 1


def _keep(returned: object, order: dict[str, Any], said: dict[str, Any]) -> None:
    """Keep what the task's function returned, or say why that cannot be."""
    function = order["function"]
    if isinstance(returned, (types.GeneratorType, types.AsyncGeneratorType)):
        said["refused"] = [
            f"nothing of {function}() was run: it is a generator, since it has a `yield`; return a list instead"
        ]
        return
    try:
        said["result"] = encode(returned)
    except NotKept as error:
        said["refused"] = [f"what {function}() returned is not kept: {error}"]
