"""How far the runs came that files had under names they have no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from enum import Enum

from task_scheduler.core.happenings import FileIdentity, again_id, change_id, found_gone
from task_scheduler.core.runs import Run, RunState


class Standing(Enum):
    """How far the runs of a file came, whatever names it had."""

    NOT_BEGUN = "not begun"  #: none has begun, or they found the file gone
    AT_WORK = "at work"  #: one is at work, and may yet have found it gone
    SEEN = "seen"  #: one has begun with it; or it needed none


async def standings(
    job_id: int,
    names: Mapping[tuple[str, FileIdentity], Collection[str]],
    requested: Callable[[Collection[str]], Awaitable[Mapping[str, Run]]],
) -> Mapping[tuple[str, FileIdentity], Standing]:
    """Return the standing of each file; `names` has the paths it had so far, and `requested` finds runs by request id.

    A path without a run stands for a file that was there at the base line, or whose run is no longer kept.
    """
    asked = {
        (file, change_id(job_id, path, file[1])): change_id(job_id, path, file[1])
        for file, paths in names.items()
        for path in paths
    }
    told: dict[tuple[str, FileIdentity], set[Standing]] = {file: set() for file in names}
    while asked:
        runs = await requested(asked.values())
        further = {}
        for (file, first), request_id in asked.items():
            run = runs.get(request_id)
            if run is not None and found_gone(run):
                further[file, first] = again_id(request_id, run.id)
            elif run is None and request_id != first:
                told[file].add(Standing.NOT_BEGUN)
            else:
                told[file].add(_standing(run))
        asked = further
    return {file: _of_all(found) for file, found in told.items()}


def _standing(run: Run | None) -> Standing:
    if run is not None and run.state is RunState.QUEUED and run.attempts == 0:
        return Standing.NOT_BEGUN
    if run is not None and run.state in {RunState.QUEUED, RunState.RUNNING}:
        return Standing.AT_WORK
    return Standing.SEEN


def _of_all(found: Collection[Standing]) -> Standing:
    return next((each for each in (Standing.SEEN, Standing.AT_WORK) if each in found), Standing.NOT_BEGUN)
