"""What a person names to look ahead at: a task with its jobs, or a schedule as it may be written."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from task_scheduler.cli import stand_ins
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import without_seed
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
#: The state of a job that has had its last slot.
_OVER = "ended"
_DRAWN = "what is left to chance here is drawn for each job anew: ask for the task to see its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What was named."""

    task: str | None  #: None: it is an expression
    plans: Sequence[Plan]
    remarks: Sequence[str]  #: why jobs are not scheduled, or cannot be looked at
    previews: Previews
    is_unreadable: bool = False  #: there are jobs whose schedule cannot be read, which remarks tell


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
        return _of_task(what, door, previews, terminal)
    try:
        plan = previews.expression(what, options.timezone, terminal.now())
    except TriggerError as fault:
        if may_be_task and _LIKE_A_NAME.fullmatch(what):
            return _named(what, fault, door, terminal, previews)
        is_task = options.timezone is not None and previews.has_task_file(what)
        said = f"{what} is a task, and --timezone is for a schedule" if is_task else str(fault)
        terminal.error(said, hint=_hint(what, options, previews))
        return ExitCode.USAGE
    if previews.fault is not None:
        terminal.note(f"settings are left out: {previews.fault}")
    remarks = [*stand_ins.told(previews.calendars.stand_ins, terminal), *([_DRAWN] if plan.is_drawn else [])]
    return Planned(task=None, plans=[plan], remarks=remarks, previews=previews)


def _hint(what: str, options: Namespace, previews: Previews) -> str:
    if previews.has_task_file(what):
        return "a task's time zone is said in its file, by the key `timezone`: leave --timezone out"
    if not previews.has_project and _LIKE_A_NAME.fullmatch(what):
        return "if it is a task, name its project: --root DIR"
    return f"`{options.program} {options.verb} --help` tells what can be said"


def _named(what: str, fault: TriggerError, door: Door, terminal: Terminal, previews: Previews) -> Planned | ExitCode:
    """Return the task, which has a name that is no schedule; where there is none, both are said."""
    try:
        return _of_task(what, door, previews, terminal)
    except UnknownTask as unknown:
        terminal.error(str(unknown), hint=f"it is no schedule either: {fault}")
        return ExitCode.NOT_FOUND


def _of_task(what: str, door: Door, previews: Previews, terminal: Terminal) -> Planned:
    task = task_id(what, door)
    plans, remarks = [], []
    is_unreadable = False
    for job in door.ask("jobs", task=task):
        if job["why"]:
            remarks.append(job["why"])
        if job["trigger"] is None:
            continue
        calls = job["call"] or ""
        try:
            ended_at = job.get("ended_at")
            plan = previews.job(
                job["trigger"],
                job["timezone"] or job.get("zone"),
                calls=calls,
                is_over=job.get("state") == _OVER or ended_at is not None,
                ended_at=None if ended_at is None else datetime.fromisoformat(ended_at),
            )
            plans.append(plan)
        except TriggerError as error:
            remarks.append(f"{calls or 'the file'}, {without_seed(job['trigger'])}: {error}")
            is_unreadable = True
    remarks += stand_ins.told(previews.calendars.stand_ins, terminal)
    return Planned(
        task=task,
        plans=plans,
        remarks=list(dict.fromkeys(remarks)),
        previews=previews,
        is_unreadable=is_unreadable,
    )


def utc_text(moment: datetime) -> str:
    """Return a moment as documents have it: `2026-03-29T01:00:00Z`."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def local_text(moment: datetime, plan: Plan, *, seconds: bool) -> str:
    """Return a moment on the clock of a plan: `Sun 2026-03-29 03:00 +02:00`."""
    there = moment.astimezone(plan.zone)
    clock = there.time().isoformat(timespec="seconds") if seconds else clock_text(there)
    return f"{WEEKDAYS[there.weekday()][:3].title()} {there.date().isoformat()} {clock} {offset_text(there)}"
