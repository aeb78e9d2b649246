"""`init [DIR]`: make a project folder."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, Namespace
from pathlib import Path

from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal
from task_scheduler.scaffolding.project_folder import make_project
from task_scheduler.typed_paths import typed_path

HELP = "make a project folder"
_EXAMPLE = "tasks/example_hello.py"
_TURNED_ON = "with tasks.include_example_tasks: true in config/config.yaml"
DESCRIPTION = """\
Makes tasks/ with an example that is not run, helpers/, config/config.yaml with every setting, .gitignore and a
README. In a project it adds what is missing; nothing that is there is touched. Without DIR it is the current folder."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the folder and `--examples`."""
    parser.add_argument("folder", metavar="DIR", nargs="?", help="the folder to make, or to complete")
    parser.add_argument(
        "--examples", action="store_true", help="add the eight examples to tasks/; none of them runs yet"
    )


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Make what is missing, and say what to type next."""
    del door
    here = Path.cwd()
    folder = typed_path(options.folder or options.root or str(here)).resolve()
    made: list[str] = []
    try:
        for addition in make_project(folder, program=options.program, examples=options.examples):
            if addition.left:
                terminal.note(f"{addition.path} differs from the one that comes with this version: left as it is")
            else:
                terminal.say(f"made {addition.path}")
                made.append(str(addition.path))
    except OSError as error:
        terminal.error(f"{error.filename or folder} cannot be made: {error.strerror}")
        return ExitCode.FAILURE
    terminal.say(f"{folder} is a project" if made else f"{folder} is a project already: nothing was missing")
    if _EXAMPLE in made and not options.examples:
        terminal.note(f"{_EXAMPLE} is there to be read; it runs {_TURNED_ON}")
    terminal.note("")
    terminal.note("next:")
    for command in _next(options, folder, here):
        terminal.note(f"  {command}")
    if options.examples:
        terminal.note(f"the examples run {_TURNED_ON}")
    return ExitCode.OK


def _next(options: Namespace, folder: Path, here: Path) -> list[str]:
    """Return what to type: a program that belongs to another folder must be told which project is meant."""
    shown = shlex.quote(str(folder.relative_to(here) if folder.is_relative_to(here) else folder))
    begin, change = options.program, [] if folder == here else [f"cd {shown if shown[:1] != '-' else f'./{shown}'}"]
    if options.program.endswith(("main.py", "/task-scheduler")):
        begin, change = f"{options.program} --root {shown}", []
    return [*change, f'{begin} new hello --schedule "every minute"', f"{begin} run"]
