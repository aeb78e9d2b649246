"""When what was named is due next: a table, a document or a calendar file."""

from __future__ import annotations

import hashlib
import heapq
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from task_scheduler.cli import times
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.planned import Planned, find_planned, local_text, utc_text
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import has_slots
from task_scheduler.core.triggers.explaining import show, why_over
from task_scheduler.core.triggers.sentences import in_words
from task_scheduler.core.triggers.slot_notes import SlotNotes
from task_scheduler.core.triggers.typed_moments import first_moment, last_moment
from task_scheduler.ics import Entry, write_calendar
from task_scheduler.typed_paths import typed_path

if TYPE_CHECKING:
    from task_scheduler.previews import Plan

_SECOND = timedelta(seconds=1)
#: Slots that are shown together. All columns but one are as wide for any of them.
_PART = 200
_LONGEST_DISTANCE = len("in 2,912,000 days")
#: Characters of a schedule in the title of a calendar's entry.
_TITLE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    at: datetime
    job: int  #: which of the plans
    notes: tuple[str, ...]


def tell_slots(options: Namespace, door: Door, terminal: Terminal, *, count: int) -> int:
    """Tell at most `count` slots of those that were asked for; return the exit code."""
    planned = find_planned(options, door, terminal)
    if isinstance(planned, ExitCode):
        return planned
    found = _slots(planned, options, terminal.now())
    is_table = options.ics is None and not options.json
    try:
        slots = list(islice(found, min(count, _PART) if is_table else count))
    except TriggerError as error:
        terminal.error(str(error))
        return ExitCode.USAGE
    if options.ics is not None and not _write_ics(slots, planned, options, terminal):
        return ExitCode.FAILURE
    if is_table:
        _show(slots, islice(found, count - len(slots)), planned, terminal)
    is_all = next(found, None) is None
    if options.json:
        terminal.document(_document(slots, planned, terminal, is_all=is_all))
    if not is_all and options.count is None and options.until is not None:
        terminal.note(f"only the first {count:,} slots: --count says how many, --from where to go on")
    return ExitCode.OK


def _slots(planned: Planned, options: Namespace, now: datetime) -> Iterator[_Slot]:
    """Yield the slots in the time that was asked for; raises TriggerError."""
    each = [_slots_of(plan, place, options, now) for place, plan in enumerate(planned.plans)]
    notes = [SlotNotes(plan.text, plan.zone, planned.previews.calendars) for plan in planned.plans]
    # One by one with their notes: both look at the same years, of which few are kept at hand.
    for slot, place, before in heapq.merge(*each, key=lambda found: (found[0], found[1])):
        yield _Slot(at=slot, job=place, notes=notes[place].of(slot, before))


def _slots_of(plan: Plan, place: int, options: Namespace, now: datetime) -> Iterator[tuple[datetime, int, datetime]]:
    """Yield each slot of a plan, the plan's place, and the slot before it; raises TriggerError."""
    begin = now if options.since is None else first_moment(options.since, plan.zone) - _SECOND
    end = None if options.until is None else last_moment(options.until, plan.zone)
    if options.since is not None and end is not None and end <= begin:
        raise TriggerError(f"--until {options.until} is before --from {options.since}")
    if plan.is_over:
        # What was can be asked for with --from.
        last = min(plan.ended_at or now, now)
        end = last if end is None else min(end, last)
    slot = plan.trigger.next_after(begin)
    while slot is not None and (end is None or slot <= end):
        yield slot, place, begin
        begin, slot = slot, plan.trigger.next_after(slot)


def _show(slots: Sequence[_Slot], others: Iterator[_Slot], planned: Planned, terminal: Terminal) -> None:
    """Write the first slots, and the others in parts, as they are found: one a year takes long for thousands."""
    plans = planned.plans
    for plan in plans:
        calls = f"{plan.calls}: " if plan.calls and (len(plans) > 1 or planned.task) else ""
        zone = f", {plan.zone_name} time" if has_slots(plan.text) else ""
        terminal.say(f"{calls}{in_words(plan.text)}{zone}")
    for remark in planned.remarks:
        terminal.say(remark, "warning")
    if not slots:
        terminal.say(_why_none(planned, terminal))
        return
    terminal.say()
    part = list(islice(others, _PART))
    terminal.table(*_table(slots, plans, terminal, are_all=not part))
    while part:
        terminal.table(*_table(part, plans, terminal, are_all=False), with_header=False)
        part = list(islice(others, _PART))


def _table(
    slots: Sequence[_Slot], plans: Sequence[Plan], terminal: Terminal, *, are_all: bool
) -> tuple[Sequence[Column], Sequence[Sequence[Cell]]]:
    """Return the columns that have something to tell, and a row for each slot; of parts all have the same columns."""
    zones = {plan.zone_name for plan in plans}
    is_elsewhere = len(zones) == 1 and any(_is_elsewhere(slot.at, plans[slot.job], terminal) for slot in slots)
    has_notes = not are_all or any(slot.notes for slot in slots)
    columns = {
        "local": Column(title=f"TIME IN {next(iter(zones))}" if is_elsewhere else "LOCAL TIME"),
        "utc": Column(title="UTC", drop=1),
        "in": Column(title="WHEN", wide=0 if are_all else _LONGEST_DISTANCE),
        "zone": Column(title="ZONE", least=8) if len(zones) > 1 else None,
        "calls": Column(title="CALLS", least=8) if len({plan.calls for plan in plans}) > 1 else None,
        "note": Column(title="NOTE", below=True) if has_notes else None,
    }
    with_seconds = any(slot.at.second for slot in slots)
    rows = []
    for slot in slots:
        plan = plans[slot.job]
        utc = slot.at.isoformat(" ", "seconds" if with_seconds else "minutes").removesuffix("+00:00")
        cells = {
            "local": Cell(local_text(slot.at, plan, seconds=with_seconds)),
            "utc": Cell(f"{utc}Z"),
            "in": Cell(times.distance(slot.at, terminal.now())),
            "zone": Cell(plan.zone_name),
            "calls": Cell(plan.calls or "the file"),
            "note": Cell("; ".join(slot.notes), "warning"),
        }
        rows.append([cells[name] for name, column in columns.items() if column is not None])
    return [column for column in columns.values() if column is not None], rows


def _is_elsewhere(moment: datetime, plan: Plan, terminal: Terminal) -> bool:
    """Whether the clock of a plan shows another time then than those of this machine."""
    return moment.astimezone(plan.zone).utcoffset() != moment.astimezone(terminal.zone).utcoffset()


def _why_none(planned: Planned, terminal: Terminal) -> str:
    if not planned.plans and planned.is_unreadable:
        return "when anything is due cannot be told"
    if not planned.plans:
        return "no schedule: nothing is due by itself"
    if not any(has_slots(plan.text) for plan in planned.plans):
        return "no clock tells when that is"
    now = terminal.now()
    timed = [plan for plan in planned.plans if has_slots(plan.text)]
    reasons = {"" if plan.is_over else why_over(plan.text, plan.trigger, now) for plan in timed}
    if len(reasons) == 1 and "never" in (why := reasons.pop()):
        return why
    last = [slot for plan in planned.plans if (slot := plan.ended_at or plan.trigger.last_before(now)) is not None]
    if last and all(plan.is_over or plan.trigger.next_after(now) is None for plan in planned.plans):
        return f"it is over: the last slot was {show(max(last), planned.plans[0].zone)}"
    return "nothing is due in that time"


def _document(slots: Sequence[_Slot], planned: Planned, terminal: Terminal, *, is_all: bool) -> dict[str, Any]:
    now = terminal.now()
    return {
        "task": planned.task,
        "now": utc_text(now),
        "jobs": [
            {
                "calls": plan.calls or None,
                "schedule": plan.text,
                "means": in_words(plan.text),
                "timezone": plan.zone_name,
                "has_slots": has_slots(plan.text),
            }
            for plan in planned.plans
        ],
        "remarks": [*planned.remarks],
        "slots": [
            {
                "at": utc_text(slot.at),
                "local": slot.at.astimezone(planned.plans[slot.job].zone).isoformat(),
                "in_seconds": (slot.at - now).total_seconds(),
                "job": slot.job,
                "notes": [*slot.notes],
            }
            for slot in slots
        ],
        "more": not is_all,
    }


def _write_ics(slots: Sequence[_Slot], planned: Planned, options: Namespace, terminal: Terminal) -> bool:
    if not slots:
        terminal.error(f"{options.ics} is not written, for there is no slot: {_why_none(planned, terminal)}")
        return False
    what = planned.task or " ".join(options.what)
    content = write_calendar(
        (_entry(slot, what, planned) for slot in slots), name=f"{what[:_TITLE]}: slots", now=terminal.now()
    )
    try:
        typed_path(options.ics).write_bytes(content)
    except OSError as error:
        terminal.error(f"{options.ics} cannot be written: {error.strerror or error}")
        return False
    terminal.note(f"{options.ics}: {len(slots):,} slot{'' if len(slots) == 1 else 's'}")
    return True


def _entry(slot: _Slot, what: str, planned: Planned) -> Entry:
    plan = planned.plans[slot.job]
    named = f"{what}\n{plan.calls}\n{plan.text}\n{plan.zone_name}\n{slot.at.isoformat()}"
    digest = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return Entry(
        uid=f"{digest}@task-scheduler",
        start=slot.at,
        summary=f"{what[:_TITLE]} {plan.calls}".strip(),
        description="\n".join([f"{in_words(plan.text)}, {plan.zone_name} time", *slot.notes]),
    )
