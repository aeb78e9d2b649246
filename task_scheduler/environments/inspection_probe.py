"""Import a task file and tell what its functions' decorators recorded.

Run by path with the environment's own interpreter, in the project folder: `python -I inspection_probe.py`.
Standard input carries a line of JSON (`path`, `tasks`, `module`, `root`, `lib`, `limit`), then the source. The answer
is one line of JSON on what was standard output; what the file itself prints goes to standard error.
"""

from __future__ import annotations

import ast
import datetime as dt
import faulthandler
import json
import linecache
import os
import sys
import traceback
import types
from typing import Any


def arrange_streams() -> tuple[int, dict[str, Any], bytes]:
    """Take standard output away from the file, and read all of standard input; return (answers, asked, source)."""
    answers = os.dup(1)
    os.dup2(2, 1)
    asked, _, source = sys.stdin.buffer.read().partition(b"\n")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return answers, json.loads(asked), source


def arrange_path(asked: dict[str, Any]) -> None:
    """Put the project folders before the installed packages, the file's own folder and that of all tasks last.

    What is imported from there is read as a run reads it.
    """
    own = list(sys.path)
    shared = [folder for folder in (asked["root"], asked["lib"]) if folder]
    installed = [index for index, folder in enumerate(sys.path) if folder.endswith(("site-packages", "dist-packages"))]
    place = installed[0] if installed else len(sys.path)
    sys.path[place:place] = shared
    beside = os.path.dirname(asked["path"])  # noqa: PTH120 - pathlib is not imported for this
    sys.path += [beside] if beside == asked["tasks"] else [beside, asked["tasks"]]
    sys.dont_write_bytecode = True
    from task_scheduler import local_imports

    local_imports.install([*shared, asked["tasks"]], own)


def import_source(asked: dict[str, Any], source: bytes) -> types.ModuleType:
    """Run the source as a module of the name a run will give it."""
    from task_scheduler.bare_frontmatter import code_of

    module = types.ModuleType(asked["module"])
    module.__file__ = asked["path"]
    module.__package__ = asked["module"].rpartition(".")[0]
    sys.modules[asked["module"]] = module
    sys.argv = [asked["path"]]
    code = compile(code_of(source), asked["path"], "exec", dont_inherit=True)
    text = source.decode("utf-8-sig", "replace")
    linecache.cache[asked["path"]] = (len(text), None, text.splitlines(keepends=True), asked["path"])
    exec(code, module.__dict__)  # noqa: S102 - this process exists to run it
    return module


def line_of(error: BaseException, path: str) -> int | None:
    """Return the innermost line of the file itself that an exception passed through, None if there is none."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return frames[-1].lineno if frames else None


def explain(error: BaseException, path: str) -> dict[str, Any]:
    """Describe an exception as data."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else kind.__module__ + "." + kind.__qualname__
    if isinstance(error, SystemExit):
        text = "" if error.code is None else repr(error.code)
    else:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    return {"exit": isinstance(error, SystemExit), "kind": name, "text": str(text)[:500], "line": line_of(error, path)}


def literal(value: object) -> str:
    """Return a value as text that reads back as the same value; raises ValueError for any other value."""
    text = repr(value)
    try:
        same = ast.literal_eval(text) == value
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        same = False
    if not same:
        raise ValueError(text[:200])
    return text


def plain(value: object) -> object:
    """Return an argument of a schedule as a literal can say it: dates, times, spans and zones become data."""
    if isinstance(value, dt.timedelta):
        return {"timedelta": (value.days, value.seconds, value.microseconds)}
    for kind in (dt.datetime, dt.date, dt.time):
        if isinstance(value, kind):
            return {kind.__name__: value.isoformat()}
    name = getattr(value, "key", None) or getattr(value, "zone", None)  # as zoneinfo and pytz have it
    return str(name) if isinstance(value, dt.tzinfo) and isinstance(name, str) else value


def plain_call(call: tuple[str, Any, Any]) -> tuple[str, tuple[object, ...], dict[str, object]]:
    """Return one link of a schedule as a literal can say it."""
    name, args, kwargs = call
    return name, tuple(plain(value) for value in args), {key: plain(value) for key, value in kwargs.items()}


def tell_record(name: str, record: dict[str, Any]) -> dict[str, Any]:
    """Describe one schedule of a function as data."""
    told = {"function": name, "line": record["line"]}
    try:
        told["calls"] = literal([plain_call(call) for call in record["calls"]])
        told["arguments"] = literal((tuple(record["args"]), dict(record["kwargs"])))
    except ValueError as error:
        told["unkeepable"] = str(error)
    return told


def tell_schedules(module: types.ModuleType) -> list[dict[str, Any]]:
    """Describe the schedules of the module's own functions, each once, under the name it was defined with."""
    told: list[dict[str, Any]] = []
    seen: set[int] = set()
    for name, value in list(vars(module).items()):
        records = getattr(value, "__task_schedules__", None)
        own = callable(value) and getattr(value, "__module__", None) == module.__name__
        if not own or not isinstance(records, list) or id(value) in seen:
            continue
        seen.add(id(value))
        defined_as = getattr(value, "__name__", name)
        told += [
            tell_record(defined_as if vars(module).get(defined_as) is value else name, record) for record in records
        ]
    return sorted([*told, *tell_lost(module)], key=lambda record: record["line"])


def tell_lost(module: types.ModuleType) -> list[dict[str, Any]]:
    """Describe the schedules of functions that no name leads to any more, as when one is defined in a loop."""
    decorators = sys.modules.get("task_scheduler.decorators")
    declared = getattr(decorators, "DECLARED", [])
    kept = [getattr(value, "__task_schedules__", None) for value in vars(module).values()]
    found = {id(record) for records in kept if isinstance(records, list) for record in records}
    return [
        {"function": getattr(function, "__name__", "?"), "line": record["line"], "lost": True}
        for function, record in declared
        if getattr(function, "__module__", None) == module.__name__ and id(record) not in found
    ]


def main() -> None:
    """Import, then answer, and leave at once: what the import started is ended by the leash."""
    answers, asked, source = arrange_streams()
    arrange_path(asked)
    faulthandler.dump_traceback_later(asked["limit"], file=answers)
    try:
        answer: dict[str, Any] = {"schedules": tell_schedules(import_source(asked, source))}
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        answer = {"error": explain(error, asked["path"])}
    faulthandler.cancel_dump_traceback_later()
    text = json.dumps(answer).encode() + b"\n"
    while text:
        text = text[os.write(answers, text) :]
    os._exit(0)


if __name__ == "__main__":
    main()
