"""What `main.py` does before it hands over to the command line: enter the right virtual environment."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from task_scheduler.starting.errors import CannotStart
from task_scheduler.starting.options import DEFAULT_PYTHON, option, project_of, read_venv_options
from task_scheduler.starting.recipe import Recipe
from task_scheduler.starting.venv import enter


def prepare(folder: Path, arguments: Sequence[str]) -> list[str]:
    """Return, in an interpreter that has all the program in `folder` needs, the command line `arguments` mean.

    Raises SystemExit after telling the person why that is not possible.
    """
    try:
        options = read_venv_options(project_of(arguments, folder).config)
        enter(
            Recipe(
                # Relative to the program, not to the project: one program needs one venv, whatever it is started for.
                folder=folder / Path(options.path).expanduser(),
                requirements=(folder / "requirements.txt",),
                python=None if options.python_executable == DEFAULT_PYTHON else options.python_executable,
            )
        )
    except CannotStart as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("error: interrupted; the next start finishes the preparation", file=sys.stderr)
        raise SystemExit(130) from None
    return command(arguments, folder)


def command(arguments: Sequence[str], folder: Path) -> list[str]:
    """Return the `task-scheduler` command line that these arguments of `main.py` mean.

    >>> command(["--status"], Path("/srv/jobs"))
    ['--root', '/srv/jobs', '--status']
    """
    placed = option(arguments, "--root") is not None or option(arguments, "--config") is not None
    # Before the verb, where there is one: which argument that is, the command line alone can tell.
    return [*([] if placed else ["--root", str(folder)]), *arguments]
