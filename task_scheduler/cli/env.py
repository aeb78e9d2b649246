"""`env list | show | build | prune`: the environments that tasks run in."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from task_scheduler.cli import phrases, times
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.core.errors import NotRunning, TaskSchedulerError

if TYPE_CHECKING:
    from task_scheduler.maintenance import Maintenance

HELP = "list, show, build and remove the environments that tasks run in"
DESCRIPTION = """\
An environment is an interpreter with one locked set of packages; tasks with equal sets share one. `list` and `show`
tell what is on the disk and who uses it. `build` makes the environment of a task ready before its file is dropped or
due. `prune` removes what no task in force and no unfinished run needs, which the scheduler does by itself in time."""

#: What may be done, with the least and the most names it takes.
_TAKES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"list": (0, 0), "show": (1, 1), "build": (1, 1_000), "prune": (0, 0)}
)
#: Characters of a key that are shown: enough to tell them apart.
_SHORT = 12
_COLUMNS = (
    Column(title="ENVIRONMENT"),
    Column(title="STATE"),
    Column(title="PYTHON"),
    Column(title="PACKAGES", right=True),
    Column(title="SIZE", right=True),
    Column(title="OWN", right=True, drop=1),
    Column(title="LAST USED"),
    Column(title="TASKS", below=True),
)
_STYLES = {"ready": "good", "building": "busy", "broken": "bad"}
_SIZES = "SIZE is what an environment holds, OWN what would be free without it: the rest it shares with the installer's cache"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what may be done, and with which."""
    parser.add_argument("doing", metavar="list|show|build|prune", choices=tuple(_TAKES), help="what to do")
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="of `show`: a task's id, or an environment's key or its beginning; of `build`: tasks, or task files anywhere",
    )
    parser.add_argument("--dry-run", action="store_true", help="of `prune`: only tell which would go")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Do it."""
    least, most = _TAKES[options.doing]
    if not least <= len(options.names) <= most:
        takes = {0: "no name", 1: "one name: a task's id, or a key"}.get(most, "the tasks whose environments to build")
        terminal.error(
            f"`env {options.doing}` takes {takes}", hint=f"`{options.program} env --help` tells what can be said"
        )
        return ExitCode.USAGE
    match options.doing:
        case "list":
            return _list(options, door, terminal)
        case "show":
            return _show(options.names[0], options, door, terminal)
        case "build":
            return _build(options.names, door, terminal)
        case _:
            return _prune(options, door, terminal)


@contextmanager
def _maintenance(door: Door, terminal: Terminal) -> Iterator[Maintenance]:
    from task_scheduler.maintenance import Maintenance

    with closing(Maintenance(door.project, notice=terminal.note)) as maintenance:
        yield maintenance


def _list(options: Namespace, door: Door, terminal: Terminal) -> int:
    with _maintenance(door, terminal) as maintenance:
        told = maintenance.environments()
    if options.json:
        terminal.document(told)
    elif told["environments"]:
        tell_environments(told, terminal)
    else:
        terminal.note("no environments yet: the first task makes one")
    return ExitCode.OK


def tell_environments(told: Document, terminal: Terminal) -> None:
    """Write the table of environments and what they take together."""
    environments = told["environments"]
    terminal.table(_COLUMNS, [_row(environment, terminal) for environment in environments])
    terminal.say()
    count = len(environments)
    terminal.say(f"{count} environment{'s' if count != 1 else ''}, together {times.size(told['bytes'])} on the disk")
    terminal.note(_SIZES)


def _row(environment: Document, terminal: Terminal) -> list[Cell]:
    return [
        Cell(environment["key"][:_SHORT]),
        Cell(environment["state"], _STYLES.get(environment["state"], "")),
        Cell(environment["python"] or phrases.NOTHING),
        Cell(str(len(environment["packages"]))),
        Cell(times.size(environment["bytes"])),
        Cell(times.size(environment["own_bytes"])),
        Cell(_ago(environment["last_used"], terminal)),
        Cell(", ".join(environment["tasks"]) or "none"),
    ]


def _ago(moment: str | None, terminal: Terminal) -> str:
    return phrases.NOTHING if moment is None else times.distance(times.read(moment), terminal.now())


def _show(name: str, options: Namespace, door: Door, terminal: Terminal) -> int:
    from task_scheduler.maintenance import UnknownEnvironment

    with _maintenance(door, terminal) as maintenance:
        try:
            environment = maintenance.environment(name)
        except UnknownEnvironment as error:
            terminal.error(str(error), hint=f"`{options.program} env list` shows every environment")
            return ExitCode.NOT_FOUND
    if options.json:
        terminal.document(environment)
    else:
        tell_environment(environment, terminal)
    return ExitCode.OK


def tell_environment(environment: Document, terminal: Terminal) -> None:
    """Write all that is known of one environment."""
    shared = environment["bytes"] - environment["own_bytes"]
    with_cache = f", of which {times.size(shared)} are shared with the installer's cache" if shared else ""
    terminal.fields(
        {
            "environment": environment["key"],
            "state": Cell(environment["state"], _STYLES.get(environment["state"], "")),
            "python": environment["python"],
            "interpreter": environment["interpreter"],
            "made of": environment["made_of"],
            "size": f"{times.size(environment['bytes'])}{with_cache}",
            "last used": _ago(environment["last_used"], terminal),
            "tasks": ", ".join(environment["tasks"]) or "none in force",
        }
    )
    terminal.say()
    terminal.say("packages:" if environment["packages"] else "no packages")
    for package in environment["packages"]:
        terminal.say(f"    {package}")


def _build(names: Sequence[str], door: Door, terminal: Terminal) -> int:
    failed = False
    with _maintenance(door, terminal) as maintenance:
        for file in [maintenance.find(name, Path.cwd()) for name in names]:
            try:
                built = maintenance.build(file)
            except TaskSchedulerError as error:
                terminal.error(f"{file.shown}: {error}" if file.shown not in str(error) else str(error))
                for line in str(getattr(error, "detail", "")).splitlines():
                    terminal.note(f"    {line}")
                failed = True
            else:
                count = len(built["packages"])
                packages = f"{count} package{'s' if count != 1 else ''}" if count else "no packages"
                terminal.say(
                    f"{file.task_id}: environment {built['key'][:_SHORT]} is ready (Python {built['python']}, {packages})"
                )
    return ExitCode.FAILURE if failed else ExitCode.OK


def _prune(options: Namespace, door: Door, terminal: Terminal) -> int:
    try:
        told = door.ask("prune_environments", dry_run=options.dry_run)
    except NotRunning:
        with _maintenance(door, terminal) as maintenance:
            told = maintenance.prune(dry_run=options.dry_run)
    for key in told["environments"]:
        terminal.say(key)
    count = len(told["environments"])
    what = f"{count} environment{'s' if count != 1 else ''}"
    if options.dry_run:
        terminal.note(
            f"{what} would be removed, {times.size(told['bytes'])} would be free" if count else "nothing to remove"
        )
    else:
        terminal.note(
            f"{what} removed, {times.size(told['bytes'])} freed" if count or told["bytes"] else "nothing to remove"
        )
    return ExitCode.OK
