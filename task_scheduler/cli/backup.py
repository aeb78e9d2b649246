"""`backup now | list | restore`: copies of the record, and one of them in its place."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from task_scheduler.cli import phrases, times
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.core.errors import NotRunning

HELP = "write a backup of the record, list them, or restore one"
DESCRIPTION = """\
The scheduler writes one at each database.backup_interval. `now` writes one more. `list` tells what there is; with
--verify it reads all of each. `restore` puts one in the place of the record, which is kept beside it: `latest`, a name
that `list` shows, or the path of a file. It needs the scheduler shut down, shows what would be lost, and asks."""

#: What may be done, with the least and the most names it takes.
_TAKES: Mapping[str, tuple[int, int]] = MappingProxyType({"now": (0, 0), "list": (0, 0), "restore": (1, 1)})
_COLUMNS = (
    Column(title="BACKUP"),
    Column(title="TAKEN"),
    Column(title="SIZE", right=True),
    Column(title="RUNS", right=True),
    Column(title="NEWEST RUN IN IT"),
    Column(title="VERIFIED"),
    Column(title="WRITTEN", below=True),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what may be done, and with which."""
    parser.add_argument("doing", metavar="now|list|restore", choices=tuple(_TAKES), help="what to do")
    parser.add_argument("names", metavar="NAME", nargs="*", help="of `restore`: a name, `latest`, or a path")
    parser.add_argument("--yes", action="store_true", help="of `restore`: do not ask")
    parser.add_argument("--verify", action="store_true", help="of `list`: read all of each backup")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Do it."""
    least, most = _TAKES[options.doing]
    if not least <= len(options.names) <= most:
        takes = "one name: `latest`, a name that `backup list` shows, or a path" if most else "no name"
        terminal.error(
            f"`backup {options.doing}` takes {takes}", hint=f"`{options.program} backup --help` tells what can be said"
        )
        return ExitCode.USAGE
    match options.doing:
        case "now":
            return _now(options, door, terminal)
        case "list":
            return _list(options, door, terminal)
        case _:
            return _restore(options.names[0], options, door, terminal)


def _now(options: Namespace, door: Door, terminal: Terminal) -> int:
    began = terminal.now()
    try:
        backup = door.ask_scheduler("backup")
    except NotRunning:
        # Late: what does it in the scheduler's place takes long to import.
        from task_scheduler.control.answers import describe_written
        from task_scheduler.safekeeping import Safekeeping

        backup = describe_written(Safekeeping(door.project).back_up(pause=terminal.pause, note=terminal.note))
    if options.json:
        terminal.document(backup)
        return ExitCode.OK
    took = times.duration(max(0.0, (terminal.now() - began).total_seconds()))
    terminal.say(f"{backup['name']}: {times.size(backup['bytes'])}, {_runs(backup['runs'])}, verified, in {took}")
    if backup.get("removed"):
        terminal.note(f"removed, as they are not kept any more (database.backup_keep): {', '.join(backup['removed'])}")
    if backup.get("trouble"):
        terminal.note(f"not every backup that is not kept any more could be removed: {backup['trouble']}")
    return ExitCode.OK


def _list(options: Namespace, door: Door, terminal: Terminal) -> int:
    from task_scheduler.control.answers import describe_backup
    from task_scheduler.safekeeping import Safekeeping

    keeping = Safekeeping(door.project)
    backups = [describe_backup(backup) for backup in keeping.backups(verify=options.verify)]
    if options.json:
        terminal.document({"folder": str(keeping.folder), "backups": backups})
    elif backups:
        below = {place: [Cell(each["problem"], "bad")] for place, each in enumerate(backups) if each["problem"]}
        terminal.table(_COLUMNS, [_row(backup, terminal) for backup in backups], below)
        terminal.say()
        total = times.size(sum(backup["bytes"] for backup in backups))
        terminal.say(f"{len(backups)} backup{'s' if len(backups) != 1 else ''}, together {total}, in {keeping.folder}")
    else:
        terminal.note(f"no backup yet in {keeping.folder}: `{options.program} backup now` writes one")
    return ExitCode.RECORD if any(backup["problem"] for backup in backups) else ExitCode.OK


def _row(backup: Document, terminal: Terminal) -> list[Cell]:
    verified = (
        Cell("no", "bad") if backup["problem"] else Cell("yes", "good") if backup["verified"] else Cell("not yet")
    )
    newest = Cell(phrases.NOTHING)
    if backup["newest_run"] is not None:
        since = phrases.clock(backup["newest_run_at"], terminal)
        newest = Cell(f"{backup['newest_run']}, on record since {since}", short=str(backup["newest_run"]))
    return [
        Cell(backup["name"]),
        phrases.moment_cell(backup["taken_at"], terminal),
        Cell(times.size(backup["bytes"])),
        Cell(phrases.NOTHING if backup["runs"] is None else f"{backup['runs']:,}"),
        newest,
        verified,
        Cell(_written(backup, terminal)),
    ]


def _written(backup: Document, terminal: Terminal) -> str:
    """Return who had it written, a person or the scheduler itself, and whether it was restored since."""
    if not backup["why"]:
        written = phrases.NOTHING
    else:
        written = "asked for by a person" if backup["asked_for"] else f"automatic, {backup['why']}"
    if backup["restored_at"] is None:
        return written
    return f"{written}; restored {phrases.clock(backup['restored_at'], terminal)}"


def _restore(name: str, options: Namespace, door: Door, terminal: Terminal) -> int:
    from task_scheduler.core.errors import AlreadyRunning
    from task_scheduler.safekeeping import Safekeeping

    keeping = Safekeeping(door.project)
    try:
        with keeping.restoring(name, pause=terminal.pause, note=terminal.note) as (chosen, restore):
            backup, loss = chosen.backup, chosen.loss
            terminal.note(f"{backup.name}, taken {_at(backup.taken_at, terminal)}, is whole: {_runs(backup.runs)}")
            if loss.unknown:
                terminal.note(f"what would be lost cannot be told: {loss.unknown}")
            elif not loss.runs:
                terminal.note("no run would be lost: none was put on record since")
            else:
                first, last = _at(loss.first, terminal), _at(loss.last, terminal)
                terminal.note(f"{_runs(loss.runs)} would be lost: put on record from {first} to {last}")
            if not options.yes and not _agrees(options, terminal):
                return ExitCode.FAILURE
            restored = restore()
    except AlreadyRunning as error:
        terminal.error(str(error), hint=f"`{options.program} shutdown` first: runs under way go on without it")
        return ExitCode.ALREADY_RUNNING
    kept = f"; the record before is kept in {restored.aside}" if restored.aside else ""
    terminal.say(f"restored {restored.backup}{kept}")
    terminal.note("at the next start, slots since the backup are recorded as missed, and not run: they may have run")
    return ExitCode.OK


def _agrees(options: Namespace, terminal: Terminal) -> bool:
    """Ask whether to go on; without a terminal nobody can be asked."""
    if not (sys.stdin.isatty() and terminal.is_watched):
        terminal.error(
            "nothing was restored: nobody can be asked here",
            hint=f"`{options.program} backup restore {options.names[0]} --yes` restores without asking",
        )
        return False
    terminal.note("restore it? The present record is put aside, not deleted. [y/N]")
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    terminal.note("nothing was restored")
    return False


def _at(moment: datetime | None, terminal: Terminal) -> str:
    return phrases.NOTHING if moment is None else times.local(moment, terminal.now(), terminal.zone)


def _runs(count: int | None) -> str:
    return "runs not told" if count is None else "1 run" if count == 1 else f"{count:,} runs"
