"""A script in scripts/ that is a verb under a name of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def run_script(folder: Path, verb: str, arguments: Sequence[str]) -> int:
    """Carry out `main.py VERB ARGUMENTS…` of the clone in `folder`, in the Python that has its packages."""
    # Ctrl-C ends it in silence, also while the program is still being loaded.
    try:
        # The standard library alone until the packages are there, as in main.py.
        from task_scheduler.starting.program import prepare

        command = prepare(folder, [verb, *arguments])

        from task_scheduler.cli.main import main
        from task_scheduler.cli.program import program_of

        return main(command, program_of(_shown(folder / "main.py")))
    except KeyboardInterrupt:
        return 130


def _shown(main: Path) -> str:
    """Return what to type for main.py from here, which is what hints begin with."""
    try:
        return os.path.relpath(main)
    except OSError:  # the current folder is gone
        return str(main)
