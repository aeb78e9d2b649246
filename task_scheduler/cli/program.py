"""The program as the person started it, so that what it says can be typed."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

_MAIN, _MODULE = "main.py", "__main__.py"
#: The command that install.sh puts beside main.py.
_INSTALLED = "task-scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How a command line of this program begins."""

    name: str = "task-scheduler"  #: what to type, such as `python3 main.py`
    folder: Path | None = None  #: it is about the folder it is in, this one, unless told otherwise


def program_of(started: str) -> Program:
    """Return the program that `sys.argv[0]` names."""
    path = Path(started)
    if path.name == _MAIN and os.access(installed := path.with_name(_INSTALLED), os.X_OK) and installed.is_file():
        # As which user it acts is that command's business.
        typed = str(installed) if installed.parent.name else f"./{installed}"
        return Program(name=shlex.quote(typed), folder=path.resolve().parent)
    if path.name == _MAIN:
        return Program(name=f"python3 {shlex.quote(started)}", folder=path.resolve().parent)
    if path.name == _MODULE and path.parent.name == "task_scheduler":
        return Program(name="python3 -m task_scheduler")
    return Program()
