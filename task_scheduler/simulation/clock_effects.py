"""What the time changes within a scenario do to its jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from task_scheduler.core.triggers.calendars import NO_CALENDARS, Calendars
from task_scheduler.core.triggers.clock_changes import ClockChange, clock_changes
from task_scheduler.core.triggers.explaining import ChangeEffect, change_effect, undelayed
from task_scheduler.simulation.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEffect:
    """One change of a zone's clock, and the jobs it touches."""

    zone: tzinfo
    change: ClockChange
    #: The place in the scenario of each job with slots in the changed time; first those with few, where each counts.
    jobs: Sequence[tuple[int, ChangeEffect]]


def clock_effects(scenario: Scenario, calendars: Calendars = NO_CALENDARS) -> Sequence[ClockEffect]:
    """Return the changes between begin and end in the zones of the jobs, in order."""
    by_zone: dict[tzinfo, list[int]] = {}
    for place, job in enumerate(scenario.jobs):
        by_zone.setdefault(job.trigger.zone, []).append(place)
    found = [
        ClockEffect(zone=zone, change=change, jobs=sorted(_touched(scenario, places, change, calendars), key=_count))
        for zone, places in by_zone.items()
        for change in clock_changes(zone, scenario.begin, scenario.end)
    ]
    return sorted(found, key=_moment)


def _touched(
    scenario: Scenario, places: Sequence[int], change: ClockChange, calendars: Calendars
) -> Iterator[tuple[int, ChangeEffect]]:
    for place in places:
        trigger = scenario.jobs[place].trigger
        effect = change_effect(undelayed(trigger.text), trigger.zone, change, calendars)
        if effect.count:
            yield place, effect


def _moment(effect: ClockEffect) -> datetime:
    return effect.change.at


def _count(touched: tuple[int, ChangeEffect]) -> int:
    return touched[1].count
