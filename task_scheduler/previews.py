"""Schedules looked at ahead of time: the composition root of the verbs that only tell when something is due.

What a person typed, in words, as cron text or as a decorator has it, becomes a trigger with the zone and the calendars
of the project. Nothing here opens the record, so that an expression costs no more than reading it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from task_scheduler import syntax
from task_scheduler.calendars import HolidayCalendars
from task_scheduler.core.errors import SettingsError, TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers import Trigger, parse_trigger, read_schedule, read_zone
from task_scheduler.core.triggers.zones import zone_name
from task_scheduler.machine_zone import machine_zone
from task_scheduler.project import Project
from task_scheduler.watcher.schedules import read_decorators

if TYPE_CHECKING:
    from task_scheduler.settings import Paths, Settings

#: How a chain of a decorator begins. `H(0-7) 2 * * *` is cron text.
_CHAIN = re.compile(r"@?\s*[A-Za-z_]{2,}\s*\(")
_LONGEST_CHAIN = 1_000
_FUNCTION = "start"
#: A task file with nothing but a place for one schedule.
_AROUND = """\
from datetime import date, datetime, time, timedelta, timezone
from task_scheduler.decorators import *

@repeat()
def start():
    pass
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One schedule in its zone."""

    text: str  #: canonical
    zone: tzinfo
    trigger: Trigger
    calls: str = ""  #: what it calls, as a person reads it; empty: an expression, or the whole file
    is_drawn: bool = False  #: it is an expression of which a part (`H`, `to`, `plus up to`) is drawn for each job anew
    is_over: bool = False  #: it is of a job that has had its last slot, whatever its trigger says
    ended_at: datetime | None = None  #: the last slot of a job that is over; None: it is not, or that is not known

    @property
    def zone_name(self) -> str:
        """The IANA name of the zone; of a machine's that has none, that it is the machine's."""
        return zone_name(self.zone)


class Previews:
    """Reads schedules as the scheduler of a project would, or where there is none as this machine would."""

    def __init__(self, project: Project | None, *, here: Path) -> None:
        """`here` is where files of holidays are looked for outside of a project."""
        self._project = project
        self._read: tuple[Settings, Paths, SettingsError | None] | None = None
        self.calendars = HolidayCalendars(here) if project is None else HolidayCalendars.for_looking(project.root)

    @property
    def has_project(self) -> bool:
        """Whether there is a project that may have tasks."""
        return self._project is not None

    @property
    def fault(self) -> SettingsError | None:
        """What is wrong with the settings, as far as they were looked at; None: nothing is."""
        return None if self._read is None else self._read[2]

    def has_task_file(self, task_id: str) -> bool:
        """Whether the project's folder of tasks has the file of a task."""
        if self._project is None:
            return False
        try:
            return (self._settings(self._project)[1].tasks / f"{task_id}.py").is_file()
        except (OSError, ValueError):  # a name that no file can have
            return False

    def expression(self, text: str, zone_name: str | None, now: datetime) -> Plan:
        """Read a schedule that a person typed; None: in the zone of the project. Raises TriggerError.

        An end that is a time alone, as in `every().hour.until("18:30")`, is of the day of `now`.
        """
        zone = self._zone() if zone_name is None else read_zone(zone_name)
        text, there = text.strip(), now.astimezone(zone)
        canonical, own = _read(text, there)
        if own is not None and zone_name is not None:
            raise TriggerError(f"{quoted(text)} names its own zone, {own}: leave --timezone out")
        plan = self._plan(canonical, zone if own is None else read_zone(own))
        return replace(plan, is_drawn=_read(text, there, seed="another") != (canonical, own))

    def job(
        self,
        text: str,
        zone_name: str | None,
        *,
        calls: str,
        is_over: bool = False,
        ended_at: datetime | None = None,
    ) -> Plan:
        """Read the schedule of a job on record; None: in the zone of the project. Raises TriggerError."""
        plan = self._plan(text, self._zone() if zone_name is None else read_zone(zone_name), calls)
        return replace(plan, is_over=is_over, ended_at=ended_at)

    def _plan(self, canonical: str, zone: tzinfo, calls: str = "") -> Plan:
        return Plan(text=canonical, zone=zone, trigger=parse_trigger(canonical, zone, self.calendars), calls=calls)

    def _zone(self) -> tzinfo:
        return machine_zone() if self._project is None else self._settings(self._project)[0].scheduler.zone

    def _settings(self, project: Project) -> tuple[Settings, Paths, SettingsError | None]:
        if self._read is None:
            # Late: reading them takes several times as long as reading a schedule.
            from task_scheduler.settings import usable_settings

            self._read = usable_settings(project)
        return self._read


def _read(text: str, now: datetime, *, seed: str = "") -> tuple[str, str | None]:
    """Return the canonical text of a schedule in any notation, and the zone it names, or None; raises TriggerError."""
    return _read_chain(text, now, seed) if _CHAIN.match(text) else (read_schedule(text, seed=seed), None)


def _read_chain(text: str, now: datetime, seed: str) -> tuple[str, str | None]:
    """Return the same of what stands in a decorator; raises TriggerError."""
    if len(text) > _LONGEST_CHAIN:
        raise TriggerError(f"the schedule has {len(text):,} characters: write at most {_LONGEST_CHAIN:,}")
    call = _parsed(text)
    tree = syntax.parse(_AROUND)
    repeat = next(node for node in ast.walk(tree) if isinstance(node, ast.Call))
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "repeat":
        repeat.args, repeat.keywords = call.args, call.keywords
    else:
        repeat.args = [call]
    found = read_decorators(tree, list(ast.walk(tree)), path="", task_id=seed, saved_at=now)
    if found.jobs:
        [job] = found.jobs
        return job.trigger, job.timezone
    if found.problems:
        raise TriggerError(found.problems[0].message.removeprefix(f"@repeat on {_FUNCTION!r}: "))
    raise TriggerError(f"{quoted(text)} cannot be read: write numbers and texts in it, such as every(5).minutes")


def _parsed(text: str) -> ast.expr:
    try:
        [statement] = syntax.parse(text.removeprefix("@").strip(), filename="<schedule>").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        statement = None
    if not isinstance(statement, ast.Expr):
        raise TriggerError(f"{quoted(text)} is no Python: write such as every().day.at('10:30')")
    return statement.value
