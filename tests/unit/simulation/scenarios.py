"""Small scenarios."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.tasks import Overlap
from task_scheduler.core.triggers import parse_trigger
from task_scheduler.simulation import Durations, Fate, JobScenario, Pause, Result, Scenario, SlotsTold, simulate

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def lasting(seconds: float) -> Durations:
    """Return durations that are all the same."""
    return Durations(median=seconds, p95=seconds, known=1)


def a_job(
    trigger: str = "every minute",
    *,
    takes: float = 1.0,
    overlap: Overlap = Overlap.SKIP,
    policy: MisfirePolicy | None = None,
    task_id: str = "report",
    zone: str = "UTC",
) -> JobScenario:
    return JobScenario(
        task_id=task_id,
        calls="start",
        trigger=parse_trigger(trigger, UTC if zone == "UTC" else ZoneInfo(zone)),
        durations=lasting(takes),
        overlap=overlap,
        policy=policy or MisfirePolicy(),
    )


def a_scenario(*jobs: JobScenario, **changes: Any) -> Scenario:
    """Return an hour of these jobs from Monday's midnight on, with ten places."""
    begin = changes.pop("begin", MONDAY)
    length = changes.pop("length", timedelta(hours=1))
    return Scenario(jobs=jobs, begin=begin, end=begin + length, **{"places": 10, **changes})


def a_pause(first: float, last: float, begin: datetime = MONDAY) -> Pause:
    """Return a pause, in minutes after midnight."""
    return Pause(begin=begin + timedelta(minutes=first), end=begin + timedelta(minutes=last))


def told(scenario: Scenario) -> tuple[Result, list[SlotsTold]]:
    found: list[SlotsTold] = []
    return simulate(scenario, found.append), found


def began(scenario: Scenario, job: int = 0) -> list[float]:
    """Return when the runs of a job begin, in seconds after the begin of the scenario, in that order."""
    _, found = told(scenario)
    runs = (one.began for one in found if one.fate is Fate.RAN and one.job == job)
    return sorted((moment - scenario.begin).total_seconds() for moment in runs if moment is not None)
