"""Runs for files that are new or have changed: one for each file, once it stands still."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from task_scheduler import fault_points
from task_scheduler.core.events import Event, Level
from task_scheduler.core.happenings import FileIdentity, change_id, read_path, spelled
from task_scheduler.core.policies import MOST_QUEUED
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import OnChange
from task_scheduler.ports import Clock, FoundFiles, Happenings, WatchedFiles
from task_scheduler.services.event_requests import EventRequests
from task_scheduler.services.patience import Patience
from task_scheduler.services.service import Publish

#: Seconds a file must stand still, in size and time, to count as changed.
SETTLED = 2.0
#: Seconds between two looks, at least; and how many times as long as a look takes.
LOOK_EVERY = 1.0
_REST = 20
#: The mark that tells that a job has looked before: what was there at its first look is not new.
_LOOKED = "looked"
#: What begins the mark of a file as it was seen, and of one that is gone as it last was.
_FILE, _GONE = "file:", "gone:"
#: Gone files whose return is known for one, at most for each job: the ones that went last.
_MOST_GONE = 1000


@dataclass(slots=True)
class _Seen:
    """The files of one job: as they were when they were seen to, and as they stand while they change."""

    files: dict[str, str] = field(default_factory=dict)  #: identities by path
    gone: dict[str, str] = field(default_factory=dict)  #: identities by the path they were at, the last to go last
    changing: dict[str, tuple[FileIdentity, float]] = field(default_factory=dict)  #: with when they were first seen so
    has_looked: bool = False


class Changes:
    """Looks at the files of each pattern and compares them with what each job has seen.

    What was seen is on record, so a change while nobody was there is found by the next look. It is noted after the
    request, whose name holds the file's identity: a repeated one makes no second run. A file that only got another
    name within the pattern has been seen, and so has one that is back at its path as it was.
    """

    def __init__(
        self,
        *,
        happenings: Happenings,
        files: WatchedFiles,
        requests: EventRequests,
        clock: Clock,
        patience: Patience,
        publish: Publish,
    ) -> None:
        self._happenings = happenings
        self._files = files
        self._requests = requests
        self._clock = clock
        self._patience = patience
        self._publish = publish
        self._seen: dict[int, _Seen] = {}
        self._troubled: set[str] = set()  #: patterns of which it is told that not all can be looked at

    def load(self, marks: Mapping[int, Mapping[str, str]]) -> None:
        """Take over what a former scheduler saw."""
        self._seen = {
            job_id: _Seen(
                files=_by_path(named, _FILE),
                gone=_by_path(named, _GONE),
                has_looked=True,
            )
            for job_id, named in marks.items()
            if _LOOKED in named
        }

    def forget(self, job_ids: Collection[int]) -> None:
        """Forget jobs that are no longer in force: what changes from now on is not theirs."""
        for job_id in job_ids:
            self._seen.pop(job_id, None)

    async def look(self, jobs: Mapping[Job, object]) -> float | None:
        """Look at all files now; return the seconds until the next look, None when no job waits for files."""
        looked = 0.0
        found: dict[str, FoundFiles | None] = {}
        for job, event in jobs.items():
            if isinstance(event, OnChange):
                if event.pattern not in found:
                    began = self._clock.monotonic()
                    found[event.pattern] = await self._find(event.pattern)
                    looked += self._clock.monotonic() - began
                files = found[event.pattern]
                if files is not None:
                    await self._compare(job, files)
        self._troubled.intersection_update(found)
        if not found:
            return None
        return max(LOOK_EVERY, _REST * looked)

    async def _find(self, pattern: str) -> FoundFiles | None:
        """Return the files of a pattern; None when it cannot be looked at: that may cost no other one its look."""
        try:
            found = await self._files.look(pattern)
        except (OSError, RecursionError, ValueError) as error:
            self._tell(pattern, f"{type(error).__name__}: {error}")
            return None
        self._tell(pattern, found.trouble)
        return found

    def _tell(self, pattern: str, trouble: str) -> None:
        """Tell that files cannot be looked at, once until they can be again."""
        if not trouble:
            self._troubled.discard(pattern)
        elif pattern not in self._troubled:
            self._troubled.add(pattern)
            message = (
                f"on change of {pattern}: not all files can be looked at ({trouble}): what is there starts nothing"
            )
            self._publish(Event(name="event.unseen", message=message, level=Level.WARNING, fields={"pattern": pattern}))

    async def _compare(self, job: Job, found: FoundFiles) -> None:
        seen = self._seen.setdefault(job.id, _Seen())
        if not seen.has_looked:
            await self._note(job, seen, {path: identity.text for path, identity in found.files.items()})
            return
        gone = {path for path in seen.files if path not in found.files and not _is_unseen(path, found.unseen)}
        moved_from = {seen.files[path]: path for path in gone}
        noted: dict[str, str | None] = {}
        new: list[tuple[str, FileIdentity]] = []
        for path, identity in self._settled(seen, found.files):
            origin = moved_from.pop(identity.text, None)
            if origin is not None:
                noted[origin] = None
            elif seen.gone.get(path) != identity.text:
                new.append((path, identity))
                continue
            noted[path] = identity.text
        # The ones that were written first come first; the others stay new until some of those that wait have begun.
        places = max(0, MOST_QUEUED - self._requests.waiting(job))
        for path, identity in heapq.nsmallest(places, new, key=lambda each: (each[1].modified, each[0])):
            fault_points.point("before-change-request")
            if await self._requests.make(job, change_id(job.id, path, identity), f"the change of {path}"):
                fault_points.point("after-change-request")
                noted[path] = identity.text
        for path in noted:
            seen.changing.pop(path, None)
        # A file whose new name is still settling is only known to be the same by the old one.
        awaited = {identity.text for identity, _ in seen.changing.values()}
        left = {path: seen.files[path] for path in sorted(gone - noted.keys()) if seen.files[path] not in awaited}
        await self._note(job, seen, {**noted, **dict.fromkeys(left)}, left)

    def _settled(self, seen: _Seen, files: Mapping[str, FileIdentity]) -> list[tuple[str, FileIdentity]]:
        """Return the files that are not as they were seen, and stand still."""
        now = self._clock.monotonic()
        settled: list[tuple[str, FileIdentity]] = []
        seen.changing = {path: change for path, change in seen.changing.items() if path in files}
        for path, identity in files.items():
            if seen.files.get(path) == identity.text:
                seen.changing.pop(path, None)
                continue
            known = seen.changing.get(path)
            if known is None or known[0] != identity:
                seen.changing[path] = (identity, now)
            elif now - known[1] >= SETTLED:
                settled.append((path, identity))
        return settled

    async def _note(
        self, job: Job, seen: _Seen, noted: Mapping[str, str | None], left: Mapping[str, str] | None = None
    ) -> None:
        """Put on record how files were seen; None: they are not there any more. `left` may come back as they were."""
        gone = {path: identity for path, identity in seen.gone.items() if path not in noted} | dict(left or {})
        for path in list(gone)[:-_MOST_GONE]:
            del gone[path]
        marks = _marks(job, _FILE, noted)
        marks.update(_marks(job, _GONE, dict.fromkeys(seen.gone.keys() - gone.keys())))
        marks.update(_marks(job, _GONE, dict(gone.items() - seen.gone.items())))
        if not seen.has_looked:
            marks[job.id, _LOOKED] = "1"
        if marks and self._seen.get(job.id) is seen:
            await self._patience.write(lambda: self._happenings.put_marks(marks))
            seen.has_looked = True
            seen.gone = gone
            for path, identity in noted.items():
                if identity is None:
                    seen.files.pop(path, None)
                else:
                    seen.files[path] = identity


def _marks(job: Job, kind: str, files: Mapping[str, str | None]) -> dict[tuple[int, str], str | None]:
    """Return the marks of one kind for identities by path; None removes one."""
    return {(job.id, f"{kind}{spelled(path)}"): identity for path, identity in files.items()}


def _by_path(marks: Mapping[str, str], kind: str) -> dict[str, str]:
    """Return the identities in the marks of one kind by path."""
    return {read_path(name.removeprefix(kind)): identity for name, identity in marks.items() if name.startswith(kind)}


def _is_unseen(path: str, folders: Collection[str]) -> bool:
    """Whether a path lies in one of these folders, of which nothing is known."""
    return any(folder in {"", path} or path.startswith(f"{folder.rstrip('/')}/") for folder in folders)
