"""Enters the virtual environment a program of ours runs in, unless the running interpreter has what it needs."""

from __future__ import annotations

import os
import sys

from task_scheduler.starting.errors import CannotStart
from task_scheduler.starting.recipe import Recipe
from task_scheduler.starting.requirements import RequirementFiles

#: Set across the step into a venv, so that a mistake here, or damage there, cannot become an endless loop.
_STEP = "TASK_SCHEDULER_STEP"
_PREPARED, _ENTERED = "prepared", "entered"
#: Would send the venv's Python for its own modules, or for packages, to where another project has them.
_OF_ANOTHER_PYTHON = ("PYTHONHOME", "PYTHONPATH", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")


def enter(recipe: Recipe) -> None:
    """Return if the running interpreter has what the recipe asks for; else go on in the venv and never return.

    Going on means: this same command again, in the venv's interpreter. Raises CannotStart.
    """
    wanted = RequirementFiles.read(recipe.requirements)
    step = os.environ.pop(_STEP, None)
    lacking = wanted.lacking()
    if not lacking:
        return
    if step == _PREPARED:
        raise CannotStart(
            f"{recipe.folder} was just prepared and still lacks {', '.join(lacking)}: delete it and start again"
        )
    if step == _ENTERED and not recipe.is_entered:
        raise CannotStart(f"{recipe.folder} is damaged, its Python looks elsewhere for packages: move it away")
    # Not before it is needed: most starts find everything in place.
    from task_scheduler.starting.preparing import prepare

    try:
        prepared = prepare(recipe, wanted, lacking)
        os.environ[_STEP] = _PREPARED if prepared else _ENTERED
        for name in _OF_ANOTHER_PYTHON:
            os.environ.pop(name, None)
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(recipe.interpreter, [str(recipe.interpreter), *sys.orig_argv[1:]])
    except OSError as error:
        raise CannotStart(
            f"{recipe.folder} cannot be prepared ({error}): mend that, or install what is needed into the Python you "
            f"start with: {recipe.by_hand(sys.executable)}"
        ) from error
