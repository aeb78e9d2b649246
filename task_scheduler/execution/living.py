"""Whether an attempt that an earlier scheduler left open is being executed now, by the proofs it is settled by.

| host | marker | |
|---|---|---|
| lives | none | it is made void here, so that it never begins: whoever settles finds that decided |
| lives | void, or the end is in it | it is over |
| lives | any other, or it cannot be read | it is executing |
| dead, same boot | whatever | what carries the attempt's mark is executing it |
| of another boot | whatever | it is over |
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from task_scheduler.core.runs import AttemptId
from task_scheduler.execution import markers, processes
from task_scheduler.execution.cards import HostCard
from task_scheduler.execution.settlement import mark_of

#: What the marker of an attempt says that is kept from beginning.
NOT_BEGUN = "it had not begun when its task was started without a scheduler"


def is_executing(attempt: AttemptId, placement: str, *, hosts: Path, project: str) -> bool:
    """Whether anything executes the attempt; once it is False it stays so.

    `hosts` is the folder of the hosts' folders, `project` what marks are made from.
    """
    try:
        card = HostCard.parse(placement)
    except ValueError:
        return False
    if card.is_alive():
        return _is_at_work(str(hosts / card.host), str(attempt))
    same_boot = card.boot == processes.boot_id()
    return same_boot and bool(processes.marked({mark_of(project, card.host, attempt)}))


def end_seen(attempt: AttemptId, placement: str, *, hosts: Path, project: str) -> str | None:
    """Return how an attempt ended, in words that follow its name, deciding nothing; None: it may go on."""
    try:
        card = HostCard.parse(placement)
        marker = markers.read(str(hosts / card.host), str(attempt))
    except (ValueError, OSError):
        return None
    if marker is not None and marker.end is not None:
        return _how(marker.end)
    if marker is not None and marker.void is not None:
        return "never began"
    same_boot = card.boot == processes.boot_id()
    if card.is_alive() or (same_boot and processes.marked({mark_of(project, card.host, attempt)})):
        return None
    return "is over, and its host, which is gone too, left no word of how"


def _how(facts: Mapping[str, Any]) -> str:
    if facts["stopped_for"]:
        return f"was ended: {facts['stopped_for']}"
    if facts["signal"]:
        return f"was ended by signal {facts['signal']}"
    return f"ended with exit code {facts['exit_code']}"


def _is_at_work(folder: str, attempt: str) -> bool:
    """Whether a living host executes an attempt."""
    try:
        if markers.create_void(folder, attempt, NOT_BEGUN):
            return False
        marker = markers.read(folder, attempt)
    except OSError:  # the folder may be gone, and with it what would prove an end
        return True
    return marker is not None and marker.void is None and marker.end is None
