"""The `schedule` library as judge of what a decorator's chain may say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import schedule

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import ChainCall, read_chain, spell_chain


def judge(calls: Sequence[ChainCall]) -> tuple[str, str | None]:
    """Return the canonical text and the zone's name, or None, of a decorator's chain; raises TriggerError.

    The core reads it first: it knows our rules, names the zone (for which the library needs another one), and
    lets nothing through that the library cannot take, which loops for ever over an interval of zero.
    """
    canonical, zone = read_chain(calls)
    if calls[0][0] == "every":
        _ask_library(calls)
    return canonical, zone


def _ask_library(calls: Sequence[ChainCall]) -> None:
    """Build the chain with the library, without asking it for an instant; raises TriggerError as it objects."""
    start, *links = calls
    try:
        job = schedule.Scheduler().every(_first_argument(start, "interval", default=1))
        for link in links:
            if link[0] == "at":
                job.at(_first_argument(link, "time_str"))
            else:
                job = getattr(job, link[0])
    except (schedule.ScheduleError, TypeError, ValueError) as error:
        raise TriggerError(f"the schedule library refuses {spell_chain(calls)}: {error}") from error


def _first_argument(call: ChainCall, name: str, default: Any = None) -> Any:  # noqa: ANN401 - the library checks it
    _, args, kwargs = call
    return args[0] if args else kwargs.get(name, default)
