"""`check`: what the scheduler would say of task files, without running or importing anything."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.core.errors import Problem, Severity, did_you_mean
from task_scheduler.core.tasks import FileKind, JobDeclaration
from task_scheduler.typed_paths import typed_path, why_no_file

if TYPE_CHECKING:
    from task_scheduler.checking import Checked, TaskChecker

HELP = "say what is wrong with task files, without running them"
DESCRIPTION = """\
Each error and warning is a line `path:line: error: sentence`, as editors and CI read them; the count goes to standard
error. Without FILE every file in tasks/ is checked as the scheduler sees it; of a folder, every task file in it. Nothing
is run, imported or installed, and no scheduler need run. A schedule that is computed is known once its file is admitted;
of one that is in force as it stands the record tells it, and it is judged like any other; of one that was refused as it
stands the record tells the errors. Until then a line `path:line: note: sentence` says so, which is no warning.

Exits with 0 when there are no errors, whatever warnings and notes there are; with 1 when there are errors, or with
--strict errors or warnings; with 2 when what was named is not there."""

_STYLES = {Severity.ERROR: "bad", Severity.WARNING: "warning", Severity.NOTE: "faint"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the files and how to judge them."""
    parser.add_argument(
        "files", metavar="FILE", nargs="*", default=[], help="task files or ids, or folders; tasks/ by default"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings too; notes are none")
    parser.add_argument("-v", "--verbose", action="store_true", help="say of files without errors what they would do")
    parser.add_argument("--schema", action="store_true", help="write the JSON schema of the frontmatter, for editors")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Check the files, or write the schema they are checked by."""
    if options.schema:
        from task_scheduler.core.schema import frontmatter_schema

        terminal.document(frontmatter_schema())
        return ExitCode.OK
    from task_scheduler.checking import TaskChecker

    checker = TaskChecker(door.project, here=Path.cwd())
    # A path that nothing can have is refused first: to look for it would fail.
    places = {name: checker.find(name) for name in map(_possible, options.files)}
    lacking = [(name, fault) for name, place in places.items() if (fault := _fault(name, place, checker))]
    for name, fault in lacking:
        is_last = name == lacking[-1][0]
        terminal.error(fault, hint=f"`{options.program} list` shows every task" if is_last else "")
    if lacking:
        return ExitCode.USAGE
    if not options.files and not checker.tasks.is_dir():
        terminal.error(
            f"there is no folder {checker.shown(checker.tasks)}",
            hint="name the files to check, or the project: --root DIR",
        )
        return ExitCode.USAGE
    named = [place for place in places.values() if place is not None]
    checked = list(_checked(checker, named or [checker.tasks]))
    problems = [problem for each in checked for problem in each.problems]
    if options.json:
        terminal.document(_document(checked, problems))
    else:
        _tell(checked, terminal, verbose=options.verbose)
        terminal.note(_summary(checked, problems))
        if options.verbose and any(map(_has_packages, checked)):
            terminal.note(f"packages are not looked up here: `{options.program} env build FILE` does that")
    counts = Counter(problem.severity for problem in problems)
    refused = counts[Severity.ERROR] or (options.strict and counts[Severity.WARNING])
    return ExitCode.FAILURE if refused else ExitCode.OK


def _possible(name: str) -> str:
    """Return what was typed; raises UnusablePath where nothing can be called so."""
    typed_path(name)
    return name


def _fault(name: str, place: Path | None, checker: TaskChecker) -> str:
    """Return why a name stands for nothing that can be checked; empty: it does."""
    if place is None:
        known = [*checker.ids()]
        # As it was typed: an id, or the path of a file.
        typed = name.removeprefix(f"{checker.shown(checker.tasks)}/")
        return f"there is no file {name}{did_you_mean(typed, [f'{one}.py' for one in known] if typed.endswith('.py') else known)}"
    if place.is_symlink() and not place.exists():
        return f"{name}: {why_no_file(place)}"
    return ""


def _checked(checker: TaskChecker, places: Sequence[Path]) -> Iterator[Checked]:
    """Yield what there is to say of each file, once, in the order they were named."""
    seen: set[tuple[str, bool, tuple[Problem, ...]]] = set()
    for place in places:
        for each in checker.check_folder(place) if place.is_dir() else (checker.check_file(place),):
            what = (each.path, each.is_one, () if each.is_one else each.problems)
            if what not in seen:
                seen.add(what)
                yield each


def _tell(checked: Sequence[Checked], terminal: Terminal, *, verbose: bool) -> None:
    for each in checked:
        for problem in each.problems:
            terminal.say(_line(problem), _STYLES[problem.severity])
        if verbose and each.reading is not None and not each.reading.errors:
            terminal.say(f"{each.path}: ok: {_intent(each)}", "good")


def _line(problem: Problem) -> str:
    place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
    return f"{place}: {problem.severity.value}: {problem.message}"


def _intent(checked: Checked) -> str:
    """Say what the scheduler would do with a file it admits."""
    reading = checked.reading
    if reading is None or reading.kind is FileKind.MODULE:
        return "a module: it has neither frontmatter nor schedule, so that tasks may import it and it is never run"
    if reading.declaration is not None and not reading.declaration.enabled:
        return "disabled"
    found = [_schedule(job) for job in (*reading.jobs, *(checked.computed or ()))]
    if reading.computed and checked.computed is None:
        found.append("schedules that only importing it in its environment can tell")
    return "; ".join(found) or "only when started by hand"


def _schedule(job: JobDeclaration) -> str:
    zone = f" ({job.timezone})" if job.timezone else ""
    return f"{job.trigger}{zone} runs {job.function or 'the whole file'}"


def _summary(checked: Sequence[Checked], problems: Sequence[Problem]) -> str:
    count = sum(each.is_one for each in checked)
    if not count:
        return "no task files to check"
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    files = len({problem.path for problem in errors})
    found = [f"{_count(len(errors), 'error')} in {_count(files, 'file')}"] if errors else []
    counts = Counter(problem.severity for problem in problems)
    found += [_count(counts[kind], kind.value) for kind in (Severity.WARNING, Severity.NOTE) if counts[kind]]
    modules = sum(each.reading is not None and each.reading.kind is FileKind.MODULE for each in checked)
    told = f"{_count(count, 'file')} checked"
    if modules:
        never = "which never runs by itself" if modules == 1 else "which never run by themselves"
        told += f" ({_count(modules, 'module')} among them, {never}; a schedule makes a task of one: `schedule: daily at 02:30`)"
    return f"{told}: {', '.join(found) or 'nothing to say'}"


def _has_packages(checked: Checked) -> bool:
    """Whether a task declares packages that are still to be looked up."""
    reading = checked.reading
    return reading is not None and reading.declaration is not None and bool(reading.declaration.dependencies)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _document(checked: Sequence[Checked], problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "files": [_file(each) for each in checked if each.is_one],
        "problems": [
            {
                "path": problem.path,
                "line": problem.line,
                "severity": problem.severity.value,
                "message": problem.message,
            }
            for problem in problems
        ],
    }


def _file(checked: Checked) -> dict[str, Any]:
    reading = checked.reading
    declaration = None if reading is None else reading.declaration
    return {
        "path": checked.path,
        "kind": None if reading is None else reading.kind.value,
        "title": None if declaration is None else declaration.title,
        "enabled": None if declaration is None else declaration.enabled,
        "schedules": [
            {"function": job.function, "trigger": job.trigger, "timezone": job.timezone, "line": job.line}
            for job in (() if reading is None else (*reading.jobs, *(checked.computed or ())))
        ],
        "computed": reading is not None and reading.computed,
    }
