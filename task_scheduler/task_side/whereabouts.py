"""Where a task's code is: its project, and the file it was called from."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType


def project_root(helper: str) -> str:
    """Return the project folder: of the run, or by hand the one that holds the folder of `helper`, a helper's file."""
    return os.environ.get("TASK_SCHEDULER_ROOT") or os.path.dirname(os.path.dirname(os.path.abspath(helper)))


def callers() -> Iterator[Mapping[str, object]]:
    """Yield the global names of the code that called, nearest first, that of helpers left out."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the documented way to one's caller
    while frame is not None:
        names = frame.f_globals
        module = str(names.get("__name__"))
        if module != "helpers" and not module.startswith(("helpers.", "task_scheduler.")):
            yield names
        frame = frame.f_back


def id_by_hand(root: str) -> str:
    """Return the id of the task whose file called, where no scheduler says it; empty: no file did, as at a prompt.

    A file elsewhere than in `tasks/` is named by its own name.
    """
    for names in callers():
        file = str(names.get("__file__") or "")
        if os.path.isfile(file):
            path = os.path.splitext(os.path.realpath(file))[0]
            inside = os.path.relpath(path, os.path.join(os.path.realpath(root), "tasks"))
            return os.path.basename(path) if inside.startswith(os.pardir) else inside.replace(os.sep, "/")
    return ""
