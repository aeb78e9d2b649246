"""What `main.py` does before it hands over to the command line: enter the right virtual environment."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from task_scheduler.starting.errors import CannotStart
from task_scheduler.starting.options import DEFAULT_PYTHON, option, project_of, read_venv_options
from task_scheduler.starting.recipe import Recipe
from task_scheduler.starting.venv import enter

#: Answered by the command line as they are.
_ANSWERED_AT_ONCE = frozenset({"-h", "--help", "--version"})


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
    ['status', '--root', '/srv/jobs']
    """
    rest = list(arguments)
    if rest and rest[0] in _ANSWERED_AT_ONCE:
        return rest
    if rest and not rest[0].startswith("-"):
        verb = rest.pop(0)
    elif "--status" in rest:
        rest.remove("--status")
        verb = "status"
    else:
        verb = "run"
    placed = option(rest, "--root") is not None or option(rest, "--config") is not None
    return [verb, *([] if placed else ["--root", str(folder)]), *rest]
