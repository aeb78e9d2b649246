"""What `main.py` does before it hands over to the command line: enter the right virtual environment."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from task_scheduler.project import Project
from task_scheduler.starting.errors import CannotStart, UnusableConfiguration
from task_scheduler.starting.options import (
    DEFAULT_PYTHON,
    VenvOptions,
    default_venv_options,
    is_about_no_project,
    needs_no_packages,
    needs_the_settings,
    option,
    project_of,
    read_venv_options,
)
from task_scheduler.starting.recipe import Recipe, Stamp, State
from task_scheduler.starting.requirements import RequirementFiles
from task_scheduler.starting.streams import fill_gaps, say
from task_scheduler.starting.venv import enter
from task_scheduler.typed_paths import UnusablePath


def prepare(folder: Path, arguments: Sequence[str]) -> list[str]:
    """Return, in an interpreter that has all the program in `folder` needs, the command line `arguments` mean.

    Raises SystemExit after telling the person why that is not possible.
    """
    fill_gaps()
    if needs_no_packages(arguments):
        return command(arguments, folder)
    try:
        project = project_of(arguments, folder)
        options = _options(project, needs_the_settings=needs_the_settings(arguments))
        enter(recipe_of(folder, project, options=options))
    except CannotStart as error:
        say(f"error: {error}")
        raise SystemExit(error.code) from None
    except UnusablePath as error:
        say(f"error: {error}")
        raise SystemExit(2) from None
    except FileNotFoundError:
        say("error: the current folder is gone: go to one that is there, or give whole paths")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        say("error: interrupted; the next start finishes the preparation")
        raise SystemExit(130) from None
    return command(arguments, folder)


def _options(project: Project, *, needs_the_settings: bool) -> VenvOptions:
    """Return what the configuration file says of the venv; raises UnusableConfiguration.

    Where the file cannot be used, who only looks, or ends what runs, gets there all the same: by the defaults.
    """
    fault = project.configuration_fault()
    if fault and needs_the_settings:
        raise UnusableConfiguration(f"{project.config}: {fault}")
    try:
        return default_venv_options() if fault else read_venv_options(project.config)
    except UnusableConfiguration:
        if needs_the_settings:
            raise
        return default_venv_options()


def command(arguments: Sequence[str], folder: Path) -> list[str]:
    """Return the `task-scheduler` command line that these arguments of `main.py` mean.

    >>> command(["--status"], Path("/srv/jobs"))
    ['--root', '/srv/jobs', '--status']
    """
    if option(arguments, "--root") is not None or is_about_no_project(arguments):
        return [*arguments]
    if option(arguments, "--config") is not None and _is_of_another_project(arguments, folder):
        return [*arguments]
    # Before the verb, where there is one: which argument that is, the command line alone can tell.
    return ["--root", str(folder), *arguments]


def _is_of_another_project(arguments: Sequence[str], folder: Path) -> bool:
    """Whether the configuration file that is named is one of a project in another folder."""
    try:
        return project_of(arguments, folder).root != folder
    except (UnusablePath, FileNotFoundError):  # the command line says what is wrong
        return False


def recipe_of(program: Path, project: Project, *, options: VenvOptions | None = None) -> Recipe:
    """Return what the program in a folder runs in when it is started for a project; raises CannotStart.

    `options` None: those of the project's configuration file, which has to be one that can be used.
    """
    options = options or read_venv_options(project.config)
    requirements = (program / "requirements.txt",)
    # Relative to the program, not to the project: one program needs one venv, whatever it is started for.
    venv = program / Path(options.path).expanduser()
    if venv.is_relative_to(program) and not os.access(program, os.W_OK) and not _is_current(venv, requirements):
        venv = _outside(program, project, venv)
    return Recipe(
        folder=venv,
        requirements=requirements,
        python=None if options.python_executable == DEFAULT_PYTHON else options.python_executable,
    )


def _is_current(venv: Path, requirements: tuple[Path, ...]) -> bool:
    """Whether a venv can be used as it is; one that a person made is never changed anyway."""
    stamp = Stamp.read(venv)
    if stamp is None:
        return venv.is_dir()
    return stamp == Stamp(State.COMPLETE, RequirementFiles.read(requirements).digest)


def _outside(program: Path, project: Project, venv: Path) -> Path:
    """Return where the venv goes when the program's folder is read-only: into the project."""
    main = f"python3 {shlex.quote(str(program / 'main.py'))}"
    if project.root == program:
        raise CannotStart(
            f"{program} cannot be written, so no {venv.name}/ can be made there: make a project folder of your own by "
            f"`{main} init DIR`, and name it with --root DIR"
        )
    if not project.root.is_dir():
        raise CannotStart(f"no folder {project.root}: make it by `{main} init {shlex.quote(str(project.root))}`")
    return project.root / venv.relative_to(program)
