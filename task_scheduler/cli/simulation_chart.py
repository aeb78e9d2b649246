"""The load of a simulation as a chart: a line a day, two columns an hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from statistics import fmean

from task_scheduler.simulation import Hour

#: From nothing to the busiest hour.
LEVELS = ".:-=+*#%@"
#: Lines of days at most; of more, all Mondays are one line, and so on.
_MOST_DAYS = 35
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LABEL = 16


def chart(hours: Sequence[Hour], zone: tzinfo) -> Iterator[str]:
    """Yield the lines of the chart, 64 columns each; none where nothing runs."""
    busiest = max((hour.busy for hour in hours), default=0.0)
    if not busiest:
        return
    # An hour that comes twice on a day is one column of it, and one that is skipped stays empty.
    shown = [(hour.begin.astimezone(zone), hour.busy) for hour in hours]
    is_by_weekday = len({there.date() for there, _ in shown}) > _MOST_DAYS
    lines: dict[str, list[list[float]]] = {}
    for there, busy in sorted(shown, key=_weekday) if is_by_weekday else shown:
        name = _DAYS[there.weekday()]
        line = lines.setdefault(
            name if is_by_weekday else f"{name} {there.date().isoformat()}", [[] for _ in range(24)]
        )
        line[there.hour].append(busy)
    yield " " * _LABEL + "".join(f"{hour:02}    " for hour in range(0, 24, 3)).rstrip()
    for name, line in lines.items():
        yield f"{name:<{_LABEL}}{' '.join(_sign(loads, busiest) for loads in line)}".rstrip()


def _weekday(shown: tuple[datetime, float]) -> int:
    return shown[0].weekday()


def _sign(loads: Sequence[float], busiest: float) -> str:
    load = fmean(loads) if loads else 0.0
    return LEVELS[min(len(LEVELS) - 1, int(load / busiest * len(LEVELS)))] if load else " "
