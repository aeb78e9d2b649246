"""What a schedule will do, tried out on a virtual clock: the rules of the scheduler, without one.

It plans with `core.planning` and gives places with `core.waiting_line`, as the scheduler does; what an execution
takes is drawn from earlier ones. Nothing here reads a clock, a file or the record.
"""

from task_scheduler.simulation.clock_effects import ClockEffect, clock_effects
from task_scheduler.simulation.durations import Durations
from task_scheduler.simulation.results import CatchUp, Fate, Hour, JobTotals, Result, SlotsTold, Wait, Waits
from task_scheduler.simulation.scenario import JobScenario, Pause, Scenario
from task_scheduler.simulation.simulator import simulate

__all__ = [
    "CatchUp",
    "ClockEffect",
    "Durations",
    "Fate",
    "Hour",
    "JobScenario",
    "JobTotals",
    "Pause",
    "Result",
    "Scenario",
    "SlotsTold",
    "Wait",
    "Waits",
    "clock_effects",
    "simulate",
]
