"""A task's interpreter on a person's terminal: what to start, and with which variables."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from task_scheduler.execution import spawning

#: Where Python finds what makes it a task's own while it starts, and the variable that tells it which task's.
_SITE, _ORDER = Path("task_scheduler/execution/shell_site"), "TASK_SCHEDULER_SHELL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """How the interpreter of a task is started as its runs have it."""

    interpreter: str
    arguments: Sequence[str]
    folder: str
    variables: Mapping[str, str]

    def replace_this_process(self) -> NoReturn:
        """Become it; raises OSError when it cannot be run."""
        os.chdir(self.folder)
        os.execve(self.interpreter, [self.interpreter, *self.arguments], dict(self.variables))


def shell_of(surroundings: Mapping[str, Any], arguments: Sequence[str]) -> Shell:
    """Return the shell of the task that `surroundings`, the answer to that command, is about.

    The terminal's own variables stay, but for those that lead Python elsewhere.
    """
    lib = Path(surroundings["lib"])
    variables = spawning.variables(Path(surroundings["interpreter"]), Path(surroundings["root"]), lib)
    order = {
        "root": surroundings["root"],
        "lib": surroundings["lib"],
        "task_id": surroundings["task"],
        "file": surroundings["file"],
        "python_path": variables["PYTHONPATH"],
    }
    return Shell(
        interpreter=surroundings["interpreter"],
        arguments=tuple(arguments),
        folder=surroundings["root"],
        variables={
            **variables,
            **surroundings["given"],
            "PYTHONPATH": str(lib / _SITE),
            # The current folder must not come before the standard library; older Pythons do not know this one.
            "PYTHONSAFEPATH": "1",
            _ORDER: json.dumps(order),
        },
    )
