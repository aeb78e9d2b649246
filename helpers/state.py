"""
---
title: "State"
description: "Small values that last from one run of a task to the next"
dependencies: []
---

They are kept in data/state/, one file of JSON for each task, which only its owner can read. A value that was remembered
is on the disk, and survives whatever ends the run.
"""

from __future__ import annotations

import os

from task_scheduler.task_side import arguments as given
from task_scheduler.task_side.whereabouts import id_by_hand, project_root
from task_scheduler.task_side.whole_files import locked, replace

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Characters of JSON that are kept of one value, and of all values of a task.
MOST_OF_A_VALUE = 64_000
MOST_OF_A_TASK = 1_000_000
_MOST_OF_A_KEY = 200
#: Bytes of a part of a task's id: with `.json.lock` behind it, it is a file's name.
_MOST_OF_A_NAME = 240


def remember(key: str, value: Any, task_name: str | None = None) -> None:  # noqa: ANN401 - anything JSON can hold
    """Keep a value under a name, for later runs of the task; what was kept under it before is replaced.

    `task_name` is the id of another task, such as `reports/daily`. Raises ValueError or TypeError where JSON cannot hold
    the value or it is too large, and OSError where it cannot be written.
    """
    from task_scheduler.json_values import NotKept, encode

    call = f"remember({_checked(key)!r}, …)"
    try:
        encode(value, most=MOST_OF_A_VALUE, instead="write it to a file and remember its path")
    except NotKept as error:
        raise ValueError(f"{call}: it is not kept: {error}") from None

    def put(values: dict[str, Any]) -> None:
        values[key] = value

    _change(task_name, put, call)


def recall(key: str, default: Any = None, task_name: str | None = None) -> Any:  # noqa: ANN401 - what was kept
    """Return what is kept under a name, `default` where nothing is.

    It comes back as JSON holds it: a tuple as a list, and keys of a dict as texts. Raises ValueError where the file was
    damaged, and OSError where it cannot be read.
    """
    return _read(_file_of(task_name)).get(_checked(key), default)


def forget(key: str, task_name: str | None = None) -> bool:
    """Keep a value no longer; return whether there was one."""
    found = False

    def drop(values: dict[str, Any]) -> None:
        nonlocal found
        found = key in values
        values.pop(key, None)

    if _checked(key) in _read(_file_of(task_name)):
        _change(task_name, drop, f"forget({key!r})")
    return found


def _change(task_name: str | None, change: Callable[[dict[str, Any]], None], call: str) -> None:
    import json

    path = _file_of(task_name)
    _make_folder(path, project_root(__file__))
    with locked(f"{path}.lock"):
        values = _read(path)
        change(values)
        text = json.dumps(values, indent=1)
        if len(text) > MOST_OF_A_TASK:
            raise ValueError(
                f"{call}: it is not kept: with it {path} would have {len(text):,} characters, and {MOST_OF_A_TASK:,} are "
                "the most; forget() what is no longer needed, or keep it in a file of your own"
            )
        replace(path, text.encode(), mode=0o600)


def _read(path: str) -> dict[str, Any]:
    import json

    try:
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path} is damaged, mend or delete it: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path} is damaged, mend or delete it: it holds no names")  # noqa: TRY004 - of the file
    return values


def _checked(key: object) -> str:
    known = given.text("key", key)
    if not 0 < len(known) <= _MOST_OF_A_KEY:
        raise ValueError(f"key must have 1 to {_MOST_OF_A_KEY} characters, and {known!r:.60} has {len(known):,}")
    return known


def _file_of(task_name: str | None) -> str:
    root = project_root(__file__)
    if task_name is not None and not isinstance(task_name, str):
        raise given.wrong("task_name", task_name, "the id of a task, such as 'reports/daily', or None for this one")
    name = task_name or os.environ.get("TASK_SCHEDULER_TASK") or id_by_hand(root)
    if not name:
        raise ValueError("nobody knows whose value this is: say it, as in remember(…, task_name='reports/daily')")
    parts = name.split("/")
    if any(part in {"", ".", ".."} or "\0" in part or len(os.fsencode(part)) > _MOST_OF_A_NAME for part in parts):
        raise ValueError(f"task_name must be the id of a task, such as 'reports/daily', and is {name!r:.60}")
    return os.path.join(root, "data", "state", *parts) + ".json"


def _make_folder(path: str, root: str) -> None:
    """Make the folder of a file of data/state/, such that only its owner can enter it."""
    folder = os.path.join(root, "data")
    os.makedirs(folder, exist_ok=True)
    for part in os.path.relpath(os.path.dirname(path), folder).split(os.sep):
        folder = os.path.join(folder, part)
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            continue
