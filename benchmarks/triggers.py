"""What it costs to know when: the next slot of single schedules, and the plan of a hundred thousand jobs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from table import Row, within

from task_scheduler.calendars import HolidayCalendars
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import Trigger, parse_trigger, read_schedule
from task_scheduler.services.timetable import Timetable

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2027, 1, 1, 12, 34, 56, tzinfo=UTC)

DENSE = (
    "every second",
    "* * * * * *",
    "every 5 minutes",
    "*/7 0-20/3 * * mon-fri",
    "every day at 02:30",
    "0 9 L * fri#2",
    "every 5 to 10 minutes",
    "every 10 seconds on mon,wed,fri between 22:00 and 06:00",
    "every 2 to 9 seconds between 08:00 and 18:00",
    "every day at 09:00 calendar DE skip",
    "every hour on mon,tue,wed calendar DE next_workday plus 17 s",
    "every minute plus up to 59 s",
)
SPARSE = (
    "0 0 29 2 * on mon",
    "0 0 29 2 */7",
    "once at 2099-12-31 23:59:59",
    "0 9 29 2 * on mon calendar DE next_workday",
    "0 9 25 12 * calendar DE previous_workday",
    "every 36525 days at 10:30",
)
MANY = 100_000


def triggers(_seconds: int) -> list[Row]:
    """Measure next slots and plans, in this process alone."""
    with tempfile.TemporaryDirectory() as folder:
        calendars = HolidayCalendars(Path(folder))
        dense = {text: _dense(_trigger(text, calendars)) for text in DENSE}
        sparse = {text: _sparse(_trigger(text, calendars)) for text in SPARSE}
    return [
        _worst("next slot of a dense schedule, mean", dense, budget=50),
        _worst("next slot of a sparse schedule, p95 over 70 years", sparse, budget=1_000),
        *_plans("of 1,200 schedules", [_job(number, _often(number)) for number in range(MANY)]),
        # Nobody has so many; it tells what reading a schedule costs.
        *(
            replace(row, budget="", reached=None)
            for row in _plans("all different", [_job(n, _own(n)) for n in range(MANY)])
        ),
    ]


def _trigger(text: str, calendars: HolidayCalendars) -> Trigger:
    return parse_trigger(read_schedule(text, seed="bench"), BERLIN, calendars)


def _dense(trigger: Trigger, count: int = 2_000) -> float:
    """Return the mean microseconds of processor time of the next slot, one after the other."""
    moment: datetime | None = NOW
    trigger.next_after(NOW)
    began = time.process_time()
    for _ in range(count):
        moment = trigger.next_after(moment or NOW)
    return (time.process_time() - began) / count * 1e6


def _sparse(trigger: Trigger, count: int = 200) -> float:
    """Return the microseconds of processor time that 19 of 20 calls keep to, from moments over 70 years."""
    taken = []
    for number in range(count):
        moment = NOW + number * timedelta(days=128)
        began = time.process_time()
        trigger.next_after(moment)
        taken.append((time.process_time() - began) * 1e6)
    return statistics.quantiles(taken, n=20)[-1]


def _worst(what: str, micros: dict[str, float], *, budget: float) -> Row:
    slowest = max(micros, key=micros.__getitem__)
    seen = (
        f"{micros[slowest]:.0f} µs ({slowest!r}; median of {len(micros)}: {statistics.median(micros.values()):.0f} µs)"
    )
    return within(what, seen, figure=micros[slowest], budget=budget, unit="µs")


def _plans(what: str, jobs: Sequence[Job]) -> list[Row]:
    timetable = Timetable(zone=BERLIN)
    began = time.process_time()
    for job in jobs:
        timetable.set_task(job.task_id, [job])
        timetable.trigger_of(job.trigger, job.timezone).next_after(NOW)
    timetable.next_due()
    start = time.process_time() - began
    taken = []
    for number in range(200):
        began = time.process_time()
        trigger = timetable.trigger_of(f"every day at 11:{number % 60:02}:{number // 60:02}", None)
        changed = _job(number * 499, trigger.text, trigger.next_after(NOW))
        timetable.set_task(changed.task_id, [changed])
        timetable.next_due()
        taken.append((time.process_time() - began) * 1e3)
    worst = statistics.quantiles(taken, n=100)[-1]
    return [
        within(f"{len(jobs):,} jobs {what}: planned", f"{start:.2f} s", figure=start, budget=2, unit="s"),
        within(
            f"one file changed among {len(jobs):,} {what}", f"p99 {worst:.2f} ms", figure=worst, budget=5, unit="ms"
        ),
    ]


def _job(number: int, text: str, next_run: datetime | None = None) -> Job:
    return Job(
        id=number,
        task_id=f"task{number}",
        function="start",
        trigger=text,
        timezone=None,
        arguments="[]",
        active=True,
        next_run=next_run or NOW + timedelta(seconds=number),
    )


def _often(number: int) -> str:
    """Return one of 1,200 schedules."""
    base = ("every 5 minutes", "every hour", "every day at 09:00", "0 9 * * mon-fri")[number % 4]
    return f"{base} plus {number % 1_200 // 4} s"


def _own(number: int) -> str:
    """Return a schedule that no other number below 100,000 has."""
    minute, second = divmod(number % 86_400, 60)
    return f"{second} {minute % 60} {minute // 60} * * {'mon-fri' if number < 86_400 else 'sat,sun'}"
