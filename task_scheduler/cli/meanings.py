"""What the schedules that were named mean: sentences, or a document."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from task_scheduler.cli import times
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import without_seed
from task_scheduler.cli.planned import Planned, find_planned, local_text, utc_text
from task_scheduler.cli.tables import Cell
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.triggers import has_slots
from task_scheduler.core.triggers.explaining import (
    ChangeEffect,
    change_effects,
    clock_text,
    offset_text,
    slots_after,
    warnings_of,
)
from task_scheduler.core.triggers.sentences import in_words
from task_scheduler.core.triggers.slot_notes import SlotNotes

if TYPE_CHECKING:
    from task_scheduler.previews import Plan

#: What the coming slots are called.
_NAMES = ("next", "then", "and then")


def tell_meaning(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Explain each schedule; return the exit code."""
    planned = find_planned(options, door, terminal)
    if isinstance(planned, ExitCode):
        return planned
    now = terminal.now()
    explained = [_Explained(plan, planned, now) for plan in planned.plans]
    if options.json:
        jobs = [each.document() for each in explained]
        terminal.document({"task": planned.task, "now": utc_text(now), "remarks": [*planned.remarks], "jobs": jobs})
        return ExitCode.OK
    for place, each in enumerate(explained):
        if place:
            terminal.say()
        each.show(terminal)
    for remark in planned.remarks:
        terminal.say(remark, "warning")
    if not explained and not planned.is_unreadable:
        terminal.say("no schedule: nothing is due by itself")
    return ExitCode.OK


class _Explained:
    """One schedule and all that is told of it."""

    def __init__(self, plan: Plan, planned: Planned, now: datetime) -> None:
        calendars = planned.previews.calendars
        self._plan = plan
        self._now = now
        self._words = in_words(plan.text)
        self._has_slots = has_slots(plan.text)
        self._effects: Sequence[ChangeEffect] = change_effects(plan.text, plan.zone, now, calendars)
        self._warnings = warnings_of(plan.text, plan.trigger, now)
        self._slots = [] if plan.is_over else list(islice(slots_after(plan.trigger, now), len(_NAMES)))
        notes = SlotNotes(plan.text, plan.zone, calendars)
        self._notes = [notes.of(slot, before) for before, slot in zip([now, *self._slots], self._slots, strict=False)]

    def show(self, terminal: Terminal) -> None:
        """Write it for people."""
        plan = self._plan
        zone = f", {plan.zone_name} time" if self._has_slots else ""
        fields: dict[str, str | Cell] = {
            "calls": plan.calls,
            "schedule": without_seed(plan.text),
            "means": f"{self._words}{zone}",
        }
        for effect in self._effects:
            before, after = self._sides(effect)
            date = before.date().isoformat()
            turned = f"{clock_text(before)} {offset_text(before)} becomes {clock_text(after)} {offset_text(after)}"
            fields[date] = f"{turned}: {effect.sentence}"
        if self._has_slots and not self._effects:
            fields["clock"] = "no change of it is known for the next two years"
        for name, slot, notes in zip(_NAMES, self._slots, self._notes, strict=False):
            fields[name] = self._told(slot, notes)
        terminal.fields(fields)
        for warning in self._warnings:
            terminal.say(f"warning: {warning}", "warning")

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        plan = self._plan
        return {
            "calls": plan.calls or None,
            "schedule": plan.text,
            "means": self._words,
            "timezone": plan.zone_name,
            "has_slots": self._has_slots,
            "clock_changes": [self._describe(effect) for effect in self._effects],
            "warnings": [*self._warnings],
            "next": [
                {"at": utc_text(slot), "local": slot.astimezone(plan.zone).isoformat(), "notes": [*notes]}
                for slot, notes in zip(self._slots, self._notes, strict=True)
            ],
        }

    def _describe(self, effect: ChangeEffect) -> dict[str, Any]:
        before, after = self._sides(effect)
        return {
            "at": utc_text(effect.change.at),
            "local_before": before.isoformat(),
            "local_after": after.isoformat(),
            "shift_seconds": int(effect.change.shift.total_seconds()),
            "readings": [reading.isoformat() for reading in effect.readings],
            "count": effect.count,
            "runs": effect.runs,
            "says": effect.sentence,
        }

    def _sides(self, effect: ChangeEffect) -> tuple[datetime, datetime]:
        """Return the moment of a change on the clock before and after it."""
        change = effect.change
        return change.at.astimezone(change.clock_before), change.at.astimezone(change.clock_after)

    def _told(self, slot: datetime, notes: Sequence[str]) -> str:
        noted = f" ({'; '.join(notes)})" if notes else ""
        return f"{local_text(slot, self._plan, seconds=False)}, {times.distance(slot, self._now)}{noted}"
