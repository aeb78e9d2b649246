"""Runs for files that are new or have changed: one for each file, once it stands still."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from task_scheduler import fault_points
from task_scheduler.core.happenings import FileIdentity, change_id, read_path, spelled
from task_scheduler.core.policies import MOST_QUEUED
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import OnChange
from task_scheduler.ports import Clock, FoundFiles, Happenings, WatchedFiles
from task_scheduler.services.event_requests import EventRequests
from task_scheduler.services.patience import Patience

#: Seconds a file must stand still, in size and time, to count as changed.
SETTLED = 2.0
#: Seconds between two looks, at least; and how many times as long as a look takes.
LOOK_EVERY = 1.0
_REST = 20
#: The mark that tells that a job has looked before: what was there at its first look is not new.
_LOOKED = "looked"
_FILE = "file:"


@dataclass(slots=True)
class _Seen:
    """The files of one job: as they were when they were seen to, and as they stand while they change."""

    files: dict[str, str] = field(default_factory=dict)  #: identities by path
    changing: dict[str, tuple[FileIdentity, float]] = field(default_factory=dict)  #: with when they were first seen so
    has_looked: bool = False


class Changes:
    """Looks at the files of each pattern and compares them with what each job has seen.

    What was seen is on record, so a change while nobody was there is found by the next look. It is noted after the
    request, whose name holds the file's identity: a repeated one makes no second run. A file that only got another
    name within the pattern has been seen.
    """

    def __init__(
        self, *, happenings: Happenings, files: WatchedFiles, requests: EventRequests, clock: Clock, patience: Patience
    ) -> None:
        self._happenings = happenings
        self._files = files
        self._requests = requests
        self._clock = clock
        self._patience = patience
        self._seen: dict[int, _Seen] = {}

    def load(self, marks: Mapping[int, Mapping[str, str]]) -> None:
        """Take over what a former scheduler saw."""
        self._seen = {
            job_id: _Seen(
                files={
                    read_path(name.removeprefix(_FILE)): identity
                    for name, identity in named.items()
                    if name.startswith(_FILE)
                },
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
        found: dict[str, FoundFiles] = {}
        for job, event in jobs.items():
            if isinstance(event, OnChange):
                if event.pattern not in found:
                    began = self._clock.monotonic()
                    found[event.pattern] = await self._files.look(event.pattern)
                    looked += self._clock.monotonic() - began
                await self._compare(job, found[event.pattern])
        if not found:
            return None
        return max(LOOK_EVERY, _REST * looked)

    async def _compare(self, job: Job, found: FoundFiles) -> None:
        seen = self._seen.setdefault(job.id, _Seen())
        if not seen.has_looked:
            await self._note(job, seen, {path: identity.text for path, identity in found.files.items()})
            return
        gone = {path for path in seen.files if path not in found.files and not _is_unseen(path, found.unseen)}
        moved_from = {seen.files[path]: path for path in gone}
        noted: dict[str, str | None] = {}
        places = MOST_QUEUED - self._requests.waiting(job)
        for path, identity in self._settled(seen, found.files):
            origin = moved_from.pop(identity.text, None)
            if origin is not None:
                noted[origin] = None
            elif places <= 0:
                continue  # it stays new until some of those that wait have begun
            else:
                places -= 1
                fault_points.point("before-change-request")
                if not await self._requests.make(job, change_id(job.id, path, identity), f"the change of {path}"):
                    continue
                fault_points.point("after-change-request")
            noted[path] = identity.text
            seen.changing.pop(path, None)
        # A file whose new name is still settling is only known to be the same by the old one.
        awaited = {identity.text for identity, _ in seen.changing.values()}
        noted.update(dict.fromkeys(path for path in gone if seen.files[path] not in awaited))
        await self._note(job, seen, noted)

    def _settled(self, seen: _Seen, files: Mapping[str, FileIdentity]) -> list[tuple[str, FileIdentity]]:
        """Return the files that are not as they were seen, and stand still; the ones that were written first come first."""
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
        return sorted(settled, key=lambda each: (each[1].modified, each[0]))

    async def _note(self, job: Job, seen: _Seen, noted: Mapping[str, str | None]) -> None:
        """Put on record how files were seen; None: they are gone."""
        marks: dict[tuple[int, str], str | None] = {
            (job.id, f"{_FILE}{spelled(path)}"): identity for path, identity in noted.items()
        }
        if not seen.has_looked:
            marks[job.id, _LOOKED] = "1"
        if marks and self._seen.get(job.id) is seen:
            await self._patience.write(lambda: self._happenings.put_marks(marks))
            seen.has_looked = True
            for path, identity in noted.items():
                if identity is None:
                    seen.files.pop(path, None)
                else:
                    seen.files[path] = identity


def _is_unseen(path: str, folders: Collection[str]) -> bool:
    """Whether a path lies in one of these folders, of which nothing is known."""
    return any(folder in {"", path} or path.startswith(f"{folder.rstrip('/')}/") for folder in folders)
