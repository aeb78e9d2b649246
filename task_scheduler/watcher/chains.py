"""The `schedule` library as judge of what a decorator's chain may say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import schedule

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import ChainCall, read_chain, read_tags, spell_chain

#: Links the library has not, or judges by the clock.
_NOT_ASKED = ("until", "between", "on", "starting")


class Judged(NamedTuple):
    """What a chain means."""

    trigger: str  #: canonical text
    timezone: str | None  #: IANA name; None: it names none
    tags: tuple[str, ...] = ()


def judge(calls: Sequence[ChainCall], *, seed: str = "", saved_at: datetime | None = None) -> Judged:
    """Return what a decorator's chain means; raises TriggerError. The arguments are those of `read_chain`.

    The core reads it first: it knows our rules, names the zone (for which the library needs another one), and
    lets nothing through that the library cannot take, which loops for ever over an interval of zero.
    """
    canonical, zone = read_chain(calls, seed=seed, saved_at=saved_at)
    if calls[0][0] == "every":
        _ask_library(calls)
    return Judged(canonical, zone, read_tags(calls))


def _ask_library(calls: Sequence[ChainCall]) -> None:
    """Build the chain with the library, without asking it for an instant; raises TriggerError as it objects.

    It is not asked about an end, which it compares with the present: a file must stay readable when it is past.
    """
    start, *links = calls
    try:
        job = schedule.Scheduler().every(_first_argument(start, "interval", default=1))
        for link in links:
            match link[0]:
                case "at":
                    job.at(_first_argument(link, "time_str"))
                case "to":
                    job.to(_first_argument(link, "latest"))
                case "tag":
                    job.tag(*link[1])
                case name if name not in _NOT_ASKED:
                    job = getattr(job, name)
    except (schedule.ScheduleError, TypeError, ValueError) as error:
        raise TriggerError(f"the schedule library refuses {spell_chain(calls)}: {error}") from error


def _first_argument(call: ChainCall, name: str, default: Any = None) -> Any:  # noqa: ANN401 - the library checks it
    _, args, kwargs = call
    return args[0] if args else kwargs.get(name, default)
