"""What a person names to look ahead at: a task with its jobs, or a schedule as it may be written."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import TriggerError, UnknownTask
from task_scheduler.core.triggers.every import WEEKDAYS
from task_scheduler.core.triggers.explaining import clock_text, offset_text
from task_scheduler.project import looks_like_project

if TYPE_CHECKING:
    from task_scheduler.previews import Plan, Previews

#: What may be the name of a task and is not meant as cron text or as a sentence.
_LIKE_A_NAME = re.compile(r"[^\s*@()]+")
_DRAWN = "what is left to chance here is drawn for each job anew: ask for the task to see its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What was named."""

    task: str | None  #: None: it is an expression
    plans: Sequence[Plan]
    remarks: Sequence[str]  #: why jobs are not scheduled, or cannot be looked at
    previews: Previews


def find_planned(options: Namespace, door: Door, terminal: Terminal) -> Planned | ExitCode:
    """Return what was named, or the exit code when that was nothing, which has been said then."""
    # Late: with it come the readers of all notations.
    from task_scheduler.previews import Previews

    what = " ".join(options.what)
    is_project = looks_like_project(door.project.root) or door.project.config_required
    previews = Previews(door.project if is_project else None, here=Path.cwd())
    # Who names a zone means a schedule: each job of a task has its own.
    may_be_task = is_project and options.timezone is None
    if may_be_task and (what.endswith(".py") or previews.has_task_file(what)):
        return _of_task(what, door, previews)
    try:
        plan = previews.expression(what, options.timezone, terminal.now())
    except TriggerError as fault:
        if may_be_task and _LIKE_A_NAME.fullmatch(what):
            return _named(what, fault, door, terminal, previews)
        terminal.error(str(fault), hint=_hint(what, options, previews))
        return ExitCode.USAGE
    if previews.fault is not None:
        terminal.note(f"settings are left out: {previews.fault}")
    return Planned(task=None, plans=[plan], remarks=[_DRAWN] if plan.is_drawn else [], previews=previews)


def _hint(what: str, options: Namespace, previews: Previews) -> str:
    if previews.has_task_file(what):
        return "a task has its own time zone: leave --timezone out"
    if not previews.has_project and _LIKE_A_NAME.fullmatch(what):
        return "if it is a task, name its project: --root DIR"
    return f"`{options.program} {options.verb} --help` tells what can be said"


def _named(what: str, fault: TriggerError, door: Door, terminal: Terminal, previews: Previews) -> Planned | ExitCode:
    """Return the task, which has a name that is no schedule; where there is none, both are said."""
    try:
        return _of_task(what, door, previews)
    except UnknownTask as unknown:
        terminal.error(str(unknown), hint=f"it is no schedule either: {fault}")
        return ExitCode.NOT_FOUND


def _of_task(what: str, door: Door, previews: Previews) -> Planned:
    task = task_id(what, door)
    plans, remarks = [], []
    for job in door.ask("jobs", task=task):
        if job["why"]:
            remarks.append(job["why"])
        if job["trigger"] is None:
            continue
        calls = job["call"] or ""
        try:
            plans.append(previews.job(job["trigger"], job["timezone"] or job.get("zone"), calls=calls))
        except TriggerError as error:
            remarks.append(f"{calls or 'the file'}, {job['trigger']}: {error}")
    return Planned(task=task, plans=plans, remarks=list(dict.fromkeys(remarks)), previews=previews)


def utc_text(moment: datetime) -> str:
    """Return a moment as documents have it: `2026-03-29T01:00:00Z`."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def local_text(moment: datetime, plan: Plan, *, seconds: bool) -> str:
    """Return a moment on the clock of a plan: `Sun 2026-03-29 03:00 +02:00`."""
    there = moment.astimezone(plan.zone)
    clock = there.time().isoformat(timespec="seconds") if seconds else clock_text(there)
    return f"{WEEKDAYS[there.weekday()][:3].title()} {there.date().isoformat()} {clock} {offset_text(there)}"
