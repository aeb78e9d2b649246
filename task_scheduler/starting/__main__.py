"""`python3 -m task_scheduler.starting`: prepare what the program runs in, and print the path of that interpreter.

For scripts that note the interpreter down: scripts/install.sh and scripts/setup_cron.sh. Started in the program's folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from task_scheduler.project import Project, locate_project
from task_scheduler.starting.errors import CannotStart
from task_scheduler.starting.preparing import prepare
from task_scheduler.starting.program import recipe_of
from task_scheduler.starting.requirements import RequirementFiles
from task_scheduler.starting.venv import enter
from task_scheduler.typed_paths import UnusablePath

PROGRAM = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    """Prepare, print, and return the exit code; may go on in another interpreter and never return."""
    parser = argparse.ArgumentParser(prog="python3 -m task_scheduler.starting", description=__doc__)
    parser.add_argument("--root", metavar="DIR", help="the project the program is started for (its own folder)")
    parser.add_argument(
        "--own", action="store_true", help="have a venv of its own, also where this Python has every package"
    )
    options = parser.parse_args()
    try:
        project = locate_project(config=None, root=options.root, default_root=PROGRAM)
        print(_own_interpreter(project) if options.own else _interpreter(project))
    except (CannotStart, UnusablePath) as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code if isinstance(error, CannotStart) else 1
    except KeyboardInterrupt:
        return 130
    return 0


def _interpreter(project: Project) -> str:
    """Return what `main.py` would run in."""
    enter(recipe_of(PROGRAM, project))
    return sys.executable


def _own_interpreter(project: Project) -> str:
    recipe = recipe_of(PROGRAM, project)
    prepare(recipe, RequirementFiles.read(recipe.requirements), ())
    return str(recipe.interpreter)


if __name__ == "__main__":
    sys.exit(main())
