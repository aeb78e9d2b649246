"""Reading the command line."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NoReturn

from task_scheduler import __version__
from task_scheduler.cli import (
    alive,
    backup,
    calendar_view,
    check,
    config,
    env,
    explain,
    explain_env,
    fmt,
    history,
    init,
    jobs,
    list,  # noqa: A004 - each is named after its verb
    lock,
    logs,
    new,
    next,  # noqa: A004
    overdue,
    pause,
    python,
    reset_schedules,
    restart,
    resume,
    run,
    run_file,
    show,
    shutdown,
    simulate,
    start,
    status,
    stop,
    why,
)
from task_scheduler.cli.help_text import HelpText
from task_scheduler.cli.program import Program
from task_scheduler.cli.verbs import Verb
from task_scheduler.core.errors import did_you_mean
from task_scheduler.starting.options import cut, verb_place

VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "run": run,
        "status": status,
        "alive": alive,
        "list": list,
        "show": show,
        "history": history,
        "logs": logs,
        "next": next,
        "simulate": simulate,
        "explain": explain,
        "overdue": overdue,
        "jobs": jobs,
        "why": why,
        "calendar": calendar_view,
        "reset-schedules": reset_schedules,
        "start": start,
        "pause": pause,
        "resume": resume,
        "stop": stop,
        "shutdown": shutdown,
        "restart": restart,
        "run-file": run_file,
        "python": python,
        "explain-env": explain_env,
        "check": check,
        "fmt": fmt,
        "config": config,
        "env": env,
        "backup": backup,
        "lock": lock,
        "init": init,
        "new": new,
    }
)

_DESCRIPTION = """\
Drop a .py file into tasks/: it runs on the clock, with its own packages, limits and history.

Without a verb the scheduler runs in the foreground, and takes the options of `run`:

  --daemon                 run it in the background; return once it works
  --set SECTION.KEY=VALUE  a setting for this scheduler, whatever the file says
  --drain, --kill          on TERM or Ctrl-C, wait for the runs under way, or end them
  --status                 run none: the same as `status`"""
_PLACED = """\
The project is the folder of --root, else the one in whose config/ the file of --config is, else the folder main.py is in."""
_FOUND = """\
The project is the folder of --root, else the one in whose config/ the file of --config is, else the nearest folder upwards
from here that has tasks/ and config/config.yaml or data/; `init` makes one."""
_EXIT_CODES = """\
Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 unusable configuration, 4 no scheduler is running, 5 another
scheduler holds the project, 6 no such task, run or backup, 7 the scheduler hangs, 8 the record, or the backup that was
named, is damaged or gone."""
_INSTALLED = Program()
#: What a verb that lists all tasks is, of one task.
_OF_ONE_TASK: Mapping[str, str] = MappingProxyType(
    {"list": "show {}", "status": "show {}", "history": "history --task {}"}
)


class UsageError(Exception):
    """The command line cannot be understood; `hint` says where to look."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class _Parser(argparse.ArgumentParser):
    """Reports what is wrong in this project's voice; `argparse` would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"`{self.prog} --help` tells what can be said")


def read(argv: Sequence[str], program: Program = _INSTALLED) -> argparse.Namespace:
    """Return the options, `verb` and `program` among them; raises UsageError, and SystemExit for `--help` and `--version`."""
    arguments = _with_verb([*argv])
    ours, for_the_task = cut(arguments)
    parser = _parser(program)
    options, left_over = parser.parse_known_args(ours)
    if left_over and not any(word.startswith("-") for word in left_over):
        # Words that may be left out are given up by `argparse` at the first option: `config show --json KEY`.
        again, rest = parser.parse_known_args(_words_first(ours, left_over))
        options, left_over = (options, left_over) if rest else (again, rest)
    if left_over:
        raise UsageError(f"unrecognized arguments: {' '.join(left_over)}", _instead(options.verb, left_over, program))
    if for_the_task is not None:
        options.arguments = for_the_task
    options.program = program.name
    options.root = getattr(options, "root", None)
    options.config = getattr(options, "config", None)
    return options


def _words_first(arguments: Sequence[str], words: Sequence[str]) -> Sequence[str]:
    """Return the arguments with these words of them moved in front of the options of the verb."""
    others = [*arguments]
    for word in words:
        del others[len(others) - 1 - others[::-1].index(word)]
    place = verb_place(others) or 0
    while place < len(others) and not others[place].startswith("-"):
        place += 1
    return [*others[:place], *words, *others[place:]]


def _instead(verb: str, left_over: Sequence[str], program: Program) -> str:
    """Return what was meant, as far as can be guessed, by what a verb does not take."""
    name = left_over[0]
    if name.startswith("-") or verb not in _OF_ONE_TASK:
        return f"`{program.name} {verb} --help` tells what can be said"
    return f"`{program.name} {_OF_ONE_TASK[verb].format(shlex.quote(name))}` tells of one task"


def _with_verb(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments with a verb: the old spellings `--status` and no verb at all have one too."""
    place = verb_place(arguments)
    if place is not None:
        verb = arguments[place]
        if verb not in VERBS:
            raise UsageError(f"no verb {verb!r}{did_you_mean(verb, VERBS)}", f"the verbs are {', '.join(VERBS)}")
        return arguments
    if "--status" in arguments:
        if "--daemon" in arguments:
            raise UsageError(
                "--status only tells how the scheduler is, and --daemon starts one: say one of them",
                "first `run --daemon`, then `status`",
            )
        return ["status", *(argument for argument in arguments if argument != "--status")]
    asked = {"-h", "--help", "--version"}.intersection(arguments)
    return arguments if asked else ["run", *arguments]


def _parser(program: Program) -> argparse.ArgumentParser:
    common = _Parser(add_help=False, allow_abbrev=False)
    # Suppressed, so that the verb's parser does not undo what was said before the verb.
    common.add_argument("--root", metavar="DIR", default=argparse.SUPPRESS, help="the project folder")
    common.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="the configuration file")
    parser = _Parser(
        prog=program.name,
        description=_DESCRIPTION,
        epilog=f"{_FOUND if program.folder is None else _PLACED}\n\n{_EXIT_CODES}",
        parents=[common],
        allow_abbrev=False,
        formatter_class=HelpText,
    )
    parser.add_argument("--version", action="version", version=f"task-scheduler {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, verb in VERBS.items():
        description = f"{verb.HELP[0].upper()}{verb.HELP[1:]}.\n\n{verb.DESCRIPTION}".strip()
        added = verbs.add_parser(
            name,
            help=verb.HELP,
            description=description,
            parents=[common],
            allow_abbrev=False,
            formatter_class=HelpText,
        )
        verb.add_arguments(added)
    return parser
