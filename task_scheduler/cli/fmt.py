"""`fmt FILE… --to DIALECT`: write the frontmatter of task files in another dialect."""

from __future__ import annotations

import difflib
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.task_names import tasks_folder
from task_scheduler.cli.terminal import Terminal
from task_scheduler.typed_paths import is_file, typed_path, why_no_file

if TYPE_CHECKING:
    from task_scheduler.formatting import Formatted, TaskFormatter

HELP = "write the frontmatter of task files in another of its three dialects"
DESCRIPTION = """\
docstring: YAML between two lines --- at the beginning of the docstring; the file stays plain Python.
bare: the same YAML before the code; plain Python cannot run such a file.
pep723: a comment block # /// script, which `uv run FILE` understands too.

The file keeps its meaning, its comments and its code to the byte, or it is not changed at all."""

_CONTEXT = 2


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the files and the dialect."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a task file, or a task's id")
    parser.add_argument(
        "--to",
        metavar="DIALECT",
        required=True,
        choices=("docstring", "bare", "pep723"),
        help="docstring, bare or pep723",
    )
    parser.add_argument("--diff", action="store_true", help="show what would change, and write nothing")


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Convert each file; those that cannot be converted harm no other."""
    from task_scheduler.formatting import TaskFormatter

    formatter = TaskFormatter(root=door.project.root, helpers=door.project.root / "helpers")
    tasks = tasks_folder(door.project)
    files = {name: _find(name, tasks) for name in options.files}
    done = [_format(formatter, file, name, options, terminal) for name, file in files.items()]
    if any(why_no_file(file) for file in files.values()):
        terminal.note(f"`{options.program} list` shows every task")
    return ExitCode.OK if all(done) else ExitCode.FAILURE


def _format(formatter: TaskFormatter, file: Path, name: str, options: Namespace, terminal: Terminal) -> bool:
    """Convert one file; return whether it is now in the dialect, or would be."""
    if why := why_no_file(file):
        terminal.error(f"{name}: {why}")
        return False
    result = formatter.convert(file, shown=name, to=options.to)
    for problem in result.problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        terminal.say(f"{place}: error: {problem.message}")
    if result.problems:
        return False
    if result.new is None:
        terminal.note(f"{name}: is {options.to} already")
    elif options.diff:
        _show(result, name, terminal)
    else:
        return _write(file, name, result, options.to, terminal)
    return True


def _find(name: str, tasks: Path) -> Path:
    """Return the file that a path, or a task's id, names; it need not be there."""
    file = typed_path(name)
    by_id = tasks / f"{name.removesuffix('.py')}.py"
    return by_id if not file.exists() and is_file(by_id) else file


def _write(file: Path, name: str, result: Formatted, to: str, terminal: Terminal) -> bool:
    from task_scheduler.formatting import write

    if result.new is None:
        return True
    try:
        write(file, old=result.old, new=result.new)
    except OSError as error:
        terminal.error(f"{name} cannot be written: {error.strerror or error}")
        return False
    terminal.note(f"{name}: {result.before} -> {to}")
    return True


def _show(result: Formatted, name: str, terminal: Terminal) -> None:
    old, new = (content.decode().splitlines() for content in (result.old, result.new or b""))
    for line in difflib.unified_diff(old, new, name, name, lineterm="", n=_CONTEXT):
        style = {"+": "good", "-": "bad", "@": "busy"}.get(line[:1], "")
        terminal.say(line, style, whole=True)
