"""What the working scheduler is at: what it alone knows, as a line and as a document."""

from __future__ import annotations

from datetime import datetime

from task_scheduler.ports import Clock
from task_scheduler.services.catalog import Catalog
from task_scheduler.services.happenings import HappeningsService
from task_scheduler.services.patience import Patience
from task_scheduler.services.register import Register
from task_scheduler.services.runner import Runner
from task_scheduler.services.scheduler import Scheduler
from task_scheduler.services.timetable import Timetable
from task_scheduler.services.winding_down import WindingDown, doing


class Activity:
    """Asks the services of one scheduler."""

    def __init__(
        self,
        *,
        runner: Runner,
        scheduler: Scheduler,
        catalog: Catalog,
        happenings: HappeningsService,
        winding_down: WindingDown,
        register: Register,
        timetable: Timetable,
        patience: Patience,
        clock: Clock,
    ) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._catalog = catalog
        self._happenings = happenings
        self._winding_down = winding_down
        self._register = register
        self._timetable = timetable
        self._patience = patience
        self._clock = clock

    def line(self) -> str:
        """Return in a line what it is at: `3 running, 2 waiting, next 14:05 backup`."""
        counts = self._runner.counts()
        waiting = counts["queued"] + counts["retrying"]
        told = [f"{counts['running']} running", *([f"{waiting} waiting"] if waiting else [])]
        if self._winding_down.order is not None:
            return ", ".join([doing(self._winding_down.order), *told])
        return ", ".join([*told, self._next_in_words()])

    def document(self, started_at: datetime | None) -> dict[str, object]:
        """Return what only the working scheduler knows, as JSON values."""
        due = None if self._register.suspended is not None else self._scheduler.next_due
        return {
            "started_at": None if started_at is None else started_at.isoformat(),
            **self._runner.counts(),
            "tasks": self._catalog.counts(),
            "jobs": len(self._timetable),
            "next_due": None if due is None else due.isoformat(),
            "suspended": self._register.suspended,
            "record": self._patience.trouble,
            "stopping": self._winding_down.describe(),
            "overdue": self._describe_overdue(),
            "warnings": self._happenings.warnings,
            "endless": self._happenings.endless,
        }

    def _describe_overdue(self) -> dict[str, object] | None:
        """Return what was found overdue last, until all of it is made up for; None: nothing is."""
        found, left = self._scheduler.overdue, self._runner.making_up
        if found is None or not left:
            return None
        return {
            "at": found.at.isoformat(),
            "schedules": found.schedules,
            "worst": found.worst,
            "late": found.late.total_seconds(),
            "runs_left": left,
        }

    def _next_in_words(self) -> str:
        if self._register.suspended is not None:
            return "tasks suspended"
        due = self._timetable.next_due()
        if due is None:
            return "nothing due"
        tasks = sorted({timed.job.task_id for timed in self._timetable.due_within(due)})
        there, here = due.astimezone(self._timetable.zone), self._clock.now().astimezone(self._timetable.zone)
        when = there.strftime("%H:%M" if there.date() == here.date() else "%Y-%m-%d %H:%M")
        others = f" and {len(tasks) - 1:,} more" if len(tasks) > 1 else ""
        return f"next {when} {tasks[0]}{others}" if tasks else f"next {when}"
