"""The one table of commands the running scheduler understands, shared by server, command line and web."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, assert_never

from task_scheduler.control.errors import BadRequest
from task_scheduler.core.errors import did_you_mean


class Kind(StrEnum):
    """What values a parameter takes; the value says so to a person."""

    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number of at least 0"
    TEXTS = "a list of texts"
    FLAG = "true or false"

    def fits(self, value: object) -> bool:
        """Whether a JSON value is of this kind; a boolean is no number."""
        match self:
            case Kind.TEXT:
                return isinstance(value, str)
            case Kind.WHOLE:
                return isinstance(value, int) and not isinstance(value, bool)
            case Kind.NUMBER:
                return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
            case Kind.TEXTS:
                return isinstance(value, list) and all(isinstance(item, str) for item in value)
            case Kind.FLAG:
                return isinstance(value, bool)
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One argument of a command; leaving out one that is not required, or giving null, means its default."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing the scheduler can be asked."""

    name: str
    help: str  #: one sentence without a full stop
    parameters: tuple[Parameter, ...] = ()

    def check(self, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Return the arguments that are set, by name; raises BadRequest for unknown, missing or mistyped ones."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in arguments:
            if name not in known:
                takes = f"it takes {', '.join(known)}" if known else "it takes none"
                raise BadRequest(f"{self.name}: no argument {name!r}{did_you_mean(name, known)}; {takes}")
        given = {name: value for name, value in arguments.items() if value is not None}
        for parameter in self.parameters:
            if parameter.name in given:
                self._check_kind(parameter, given[parameter.name])
            elif parameter.required:
                raise BadRequest(f"{self.name}: argument {parameter.name!r} is missing: give {parameter.kind}")
        return given

    def _check_kind(self, parameter: Parameter, value: object) -> None:
        if not parameter.kind.fits(value):
            shown = f"{value!r:.60}"
            raise BadRequest(f"{self.name}: argument {parameter.name!r} is {shown}: give {parameter.kind}")


def _table(*commands: Command) -> Mapping[str, Command]:
    return MappingProxyType({command.name: command for command in commands})


#: Which run is meant: its number, or the task whose one run at work it is.
_A_RUN = (Parameter(name="run", kind=Kind.WHOLE), Parameter(name="task"))
#: What becomes of the runs under way: `mode` is leave, drain or kill, `patience` the seconds a drain waits at most.
_AN_END = (Parameter(name="mode"), Parameter(name="patience", kind=Kind.NUMBER))

COMMANDS = _table(
    Command(name="status", help="tell whether the scheduler runs, and what needs care"),
    Command(name="list", help="list every task with its schedule, next and last run"),
    Command(
        name="show",
        help="show all that is known of one task",
        parameters=(Parameter(name="task", required=True),),
    ),
    Command(name="overdue", help="tell which jobs are overdue, and what becomes of that"),
    Command(
        name="jobs",
        help="list every job with its schedule, next and last slot, and why one is not scheduled",
        parameters=(Parameter(name="task"),),
    ),
    Command(
        name="why",
        help="tell what became of every slot of a task on a day, and check the sum",
        parameters=(Parameter(name="task", required=True), Parameter(name="day"), Parameter(name="at")),
    ),
    Command(
        name="calendar",
        help="tell what ran and what is due on each day of a month",
        parameters=(Parameter(name="month"), Parameter(name="task"), Parameter(name="slots", kind=Kind.FLAG)),
    ),
    Command(
        name="reset_schedules",
        help="give up what is overdue, and have jobs owe their next instant",
        parameters=(
            Parameter(name="tasks", kind=Kind.TEXTS),
            Parameter(name="future_only", kind=Kind.FLAG),
            Parameter(name="dry_run", kind=Kind.FLAG),
        ),
    ),
    Command(name="rotate_logs", help="put aside the log files that are due"),
    Command(name="backup", help="write a verified backup of the record now"),
    Command(
        name="history",
        help="list runs, newest first",
        parameters=(
            Parameter(name="task"),
            Parameter(name="states", kind=Kind.TEXTS),
            Parameter(name="limit", kind=Kind.WHOLE),
            Parameter(name="before", kind=Kind.WHOLE),
        ),
    ),
    Command(
        name="run",
        help="show one run with its attempts",
        parameters=(Parameter(name="run", kind=Kind.WHOLE, required=True),),
    ),
    Command(
        name="start",
        help="start a task now, beside its schedule",
        parameters=(
            Parameter(name="task", required=True),
            Parameter(name="function"),
            Parameter(name="request_id"),
            Parameter(name="argv", kind=Kind.TEXTS),
            Parameter(name="digest"),
        ),
    ),
    Command(name="pause", help="have a run stand still, or not begin, until it is resumed", parameters=_A_RUN),
    Command(name="resume", help="have a paused run go on", parameters=_A_RUN),
    Command(
        name="stop",
        help="end a run with everything it started",
        parameters=(*_A_RUN, Parameter(name="reason"), Parameter(name="grace", kind=Kind.NUMBER)),
    ),
    Command(name="shutdown", help="end the scheduler; runs under way go on without it", parameters=_AN_END),
    Command(
        name="restart",
        help="start the scheduler's program anew in its process; runs under way go on meanwhile",
        parameters=_AN_END,
    ),
    Command(name="rescan", help="look at every task file now"),
    Command(name="settings", help="tell every setting, its value in force, and where that came from"),
    Command(
        name="surroundings",
        help="tell what a run of a task finds around it; without a task, where the project's files are",
        parameters=(Parameter(name="task"),),
    ),
    Command(
        name="prune_environments",
        help="remove the environments that no task and no unfinished run needs",
        parameters=(Parameter(name="dry_run", kind=Kind.FLAG),),
    ),
)


def command_named(name: object) -> Command:
    """Return the command of that name; raises BadRequest."""
    if not isinstance(name, str):
        raise BadRequest(f"'command' is {name!r:.60}: give the name of a command")
    command = COMMANDS.get(name)
    if command is None:
        raise BadRequest(f"no command {name:.60}{did_you_mean(name, COMMANDS)}: there are {', '.join(COMMANDS)}")
    return command
