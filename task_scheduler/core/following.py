"""What is wrong with tasks that run after one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from task_scheduler.core.errors import did_you_mean
from task_scheduler.core.excerpts import quoted

#: For each task, those it runs after.
After = Mapping[str, Collection[str]]


def strangers(task: str, after: After, known: Collection[str]) -> Sequence[str]:
    """Return a sentence for each task after which this one runs and that does not exist; `known` are all there are."""
    return [
        f"after {name}: there is no task {quoted(name)}{did_you_mean(name, known)}; until there is, this starts nothing"
        for name in sorted(after.get(task, ()))
        if name not in known
    ]


def circles(task: str, after: After) -> Mapping[str, str]:
    """Return a sentence for each task after which this one cannot run, since that one comes after this one itself."""
    return {
        name: f"{told_circle(found)}, so {task} is not run after {name}"
        for name in sorted(after.get(task, ()))
        if (found := circle(task, name, after))
    }


def circle(task: str, name: str, after: After) -> tuple[str, ...]:
    """Return the shortest circle in which a task runs after another one, from the task to itself; empty: there is none."""
    way = _way(name, task, after)
    return (task, *way) if way else ()


def told_circle(found: Sequence[str]) -> str:
    """Return the beginning of a sentence about a circle: what it is, and what it would do."""
    return f"{' after '.join(found)}: each run would start the next one without end"


def _way(begin: str, end: str, after: After) -> tuple[str, ...]:
    """Return the shortest way from one task to another, each after the next one, both included; empty: there is none."""
    ways: list[tuple[str, ...]] = [(begin,)]
    seen = {begin}
    for way in ways:
        if way[-1] == end:
            return way
        for name in sorted(after.get(way[-1], ())):
            if name not in seen:
                seen.add(name)
                ways.append((*way, name))
    return ()
