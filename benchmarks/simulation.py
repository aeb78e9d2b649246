"""What it costs to try out ahead what schedules will do."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from table import Row, within

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.triggers import parse_trigger
from task_scheduler.simulation import Durations, JobScenario, Scenario, simulate

JOBS, DAYS = 100, 6
BEGIN = datetime(2027, 1, 1, tzinfo=UTC)


def simulation(_seconds: int) -> list[Row]:
    """Measure six days of 100 jobs of each minute, in this process alone."""
    return [_row("places for all", places=JOBS), _row("half as many places as are wanted", places=4)]


def _row(what: str, *, places: int) -> Row:
    jobs = [
        JobScenario(
            task_id=f"task{number}",
            calls="",
            trigger=parse_trigger("every minute", UTC),
            durations=Durations.of([2.0, 5.0, 9.0], seed=str(number)),
            policy=MisfirePolicy(),
        )
        for number in range(JOBS)
    ]
    scenario = Scenario(jobs=jobs, begin=BEGIN, end=BEGIN + timedelta(days=DAYS), places=places)
    began = time.process_time()
    result = simulate(scenario)
    took = time.process_time() - began
    slots = sum(job.expected for job in result.jobs)
    seen = f"{took:.1f} s, {took / slots * 1e6:.1f} µs a slot"
    return within(f"{slots:,} slots simulated, {what}", seen, figure=took, budget=15, unit="s")
