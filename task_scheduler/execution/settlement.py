"""What became of the attempts of a dead host, from its folder and the processes of this machine alone.

| marker | same boot | another boot |
|---|---|---|
| the end is in it | finished | finished |
| void | not started | not started |
| names the child | lost | lost |
| empty | not started: the child writes its line before any code of the task, and dies with its host | lost |
| none | not started | lost: what was not yet on the disk is gone, and so proves nothing |
| it cannot be read, or is damaged | lost | lost |
| its folder is gone | lost | lost |

Whatever of an attempt still lives is killed before anything is said of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections.abc import Collection, Sequence
from pathlib import Path

from task_scheduler.core.requests import Finished, Lost, NotStarted
from task_scheduler.core.runs import AttemptId
from task_scheduler.execution import cgroups, markers, processes, reports
from task_scheduler.execution.cards import HostCard

HOST_ENDED = "its host ended, and with it the attempt"
NEVER_BEGAN = "its host ended before it began"
RESTARTED = "the machine restarted while it was under way"
FOLDER_GONE = "its host's folder is gone, and with it the proof of what became of it"
MARKER_UNREADABLE = "its host ended, and the proof of what became of it cannot be read"
MARKER_DAMAGED = "its host ended, and the proof of what became of it is damaged"
#: Seconds given to what was killed, before the attempt is reported with what cannot be ended named.
_PATIENCE = 10.0
_LOOK_AGAIN = 0.01


def mark_of(project: str, host: str, attempt: AttemptId) -> int:
    """Return the mark of every process of an attempt: 56 bits, never the value of an unlimited limit."""
    digest = hashlib.blake2b(f"{project}\n{host}\n{attempt}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")


async def of_dead_host(
    card: HostCard, folder: Path, attempts: Sequence[AttemptId], project: str
) -> list[Finished | NotStarted | Lost]:
    """Say what became of each of these attempts; their host is proved dead."""
    same_boot = card.boot == processes.boot_id()
    unkillable: Collection[int] = ()
    if same_boot:
        cgroups.clear(str(folder))
        marks = {mark_of(project, card.host, attempt) for attempt in attempts if _may_live(folder, attempt)}
        unkillable = await sweep(marks)
    return [_judge(folder, attempt, same_boot=same_boot, unkillable=unkillable) for attempt in attempts]


async def sweep(marks: set[int]) -> Collection[int]:
    """Kill whatever carries one of these marks until nothing is left; return the pids that do not die."""
    if not marks:
        return ()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE
    while found := processes.marked(marks):
        if loop.time() > deadline:
            return sorted(found)
        for pid in found:
            processes.send(pid, signal.SIGKILL)
        await asyncio.sleep(_LOOK_AGAIN)
    return ()


def _may_live(folder: Path, attempt: AttemptId) -> bool:
    if not os.path.isdir(folder):
        return True
    try:
        marker = markers.read(str(folder), str(attempt))
    except OSError:
        return True
    return marker is not None and marker.void is None and marker.end is None


def _judge(
    folder: Path, attempt: AttemptId, *, same_boot: bool, unkillable: Collection[int]
) -> Finished | NotStarted | Lost:
    if not os.path.isdir(folder):  # of `Path`, the same would raise when the disk fails
        return Lost(id=attempt, reason=FOLDER_GONE)
    try:
        marker = markers.read(str(folder), str(attempt))
    except OSError as error:
        return Lost(id=attempt, reason=f"{MARKER_UNREADABLE}: {error.strerror}")
    if marker is not None and marker.end is not None:
        return reports.finished(attempt, marker.end)
    if marker is not None and marker.void is not None:
        return NotStarted(id=attempt, reason=marker.void)
    if not same_boot:
        return Lost(id=attempt, reason=RESTARTED)
    if marker is not None and marker.is_damaged:
        return Lost(id=attempt, reason=MARKER_DAMAGED)
    if marker is None or marker.pid is None:
        return NotStarted(id=attempt, reason=NEVER_BEGAN)
    if unkillable:
        return Lost(id=attempt, reason=f"{HOST_ENDED}; these processes cannot be ended: {unkillable}")
    return Lost(id=attempt, reason=HOST_ENDED)
