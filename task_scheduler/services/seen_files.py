"""What one job has seen of the files it waits for: which are new, which have only moved, which were there before."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import TypeAlias, TypeVar

from task_scheduler.core.happenings import FileIdentity, read_path, spelled
from task_scheduler.ports import FoundFiles, Happenings
from task_scheduler.services.file_runs import Standing, standings
from task_scheduler.services.patience import Patience
from task_scheduler.services.places import Places

T = TypeVar("T")
#: A file that is new or has changed.
New: TypeAlias = tuple[str, FileIdentity]

#: Seconds a file must stand still, in size and time, to count as changed.
SETTLED = 2.0
#: The mark that tells that a job has looked before: what was there at its first look is not new.
LOOKED = "looked"
#: What begins the mark of a file as it was seen, of one that is gone as it last was, and of a folder never read so far.
_FILE, _GONE, _UNREAD = "file:", "gone:", "unread:"
#: Gone files whose return is known for one, at most for each job: the ones that went last. Where more go at once, those
#: of folders in which nothing is left are kept beside them: it may be a disk that was taken off.
_MOST_GONE = 1000
#: Marks that share a commit, at most; and files that are compared until others have their turn.
_AT_ONCE = 1000


class SeenFiles:
    """The files of one job: as they were when they were seen to, and as they stand while they change.

    The first look that succeeds is the base line: what is there then is not new. A folder that was not there at it was
    empty, so all that is in it later is new; one that was there and could not be read has its own base line, the first
    look that can read it. All of that is on record, so a change while nobody was there is found by the next look.

    A file with another name is not new, unless its run under the old one has not begun: that run will find it gone.
    """

    def __init__(self, job_id: int, *, happenings: Happenings, patience: Patience) -> None:
        self._job_id = job_id
        self._happenings = happenings
        self._patience = patience
        self._files: dict[str, str] = {}  #: identities by path
        self._gone: dict[str, str] = {}  #: identities by the path they were at, the last to go last
        self._unread: set[str] = set()  #: folders, and files, of which no look has told anything so far
        self._changing: dict[str, tuple[FileIdentity, float]] = {}  #: with when they were first seen so
        self._missing: set[str] = set()  #: that the last look did not find
        self._has_looked = False
        #: Set when the job is no longer in force: nothing is noted any more.
        self.is_forgotten = False

    def load(self, marks: Mapping[str, str]) -> None:
        """Take over the marks of a former scheduler."""
        self._files = _by_path(marks, _FILE)
        self._gone = _by_path(marks, _GONE)
        self._unread = set(_by_path(marks, _UNREAD))
        self._has_looked = True

    async def compare(self, found: FoundFiles, clock: Callable[[], float]) -> list[New]:
        """Return the files that are new and stand still, the one written last first; note all that needs no run.

        `clock` tells the seconds by which they stand still. They are new until `note_run`.
        """
        if not self._has_looked:
            base = {path: identity.text async for path, identity in _in_turns(found.files.items())}
            await self._note(base, unread=found.unread)
            return []
        await self._note_newly_read(found)
        unseen = Places(found.unseen)
        gone = {
            path async for path, _ in _in_turns(self._files.items()) if path not in found.files and path not in unseen
        }
        noted: dict[str, str | None] = {}
        new: list[New] = []
        settled = await self._settled(found.files, clock())
        moved_from = {self._files[path]: path for path in gone} if settled else {}
        # As in a rotation of logs: the old file has another name, and a new one its old name.
        moved_from |= {self._files[path]: path for path in self._changing if settled and path in self._files}
        known: dict[New, str | None] = {}  #: that had another name, which is given, or were here before
        for path, identity in settled:
            origin = moved_from.pop(identity.text, None)
            if origin is not None or self._gone.get(path) == identity.text:
                known[path, identity] = origin
            else:
                new.append((path, identity))
        for (path, identity), standing in (await self._standings(known)).items():
            origin = known[path, identity]
            if standing is Standing.AT_WORK:
                continue  # it is still changing: whether its run has found it is known later
            if origin is not None:
                noted[origin] = None
            if standing is Standing.NOT_BEGUN:
                new.append((path, identity))
            else:
                noted[path] = identity.text
        left = self._left(gone - noted.keys(), found.files)
        self._missing = gone
        await self._note({**noted, **dict.fromkeys(left)}, left=left)
        new.sort(key=lambda each: (each[1].modified, each[0]), reverse=True)
        return new

    async def _standings(self, known: Mapping[New, str | None]) -> Mapping[New, Standing]:
        """Return how far the runs came that files had under the names they had so far."""
        if not known:
            return {}
        names: defaultdict[str, set[str]] = defaultdict(set)  #: by identity
        for path, gone_as in self._gone.items():
            names[gone_as].add(path)
        for (_, identity), origin in known.items():
            if origin is not None:
                names[identity.text].add(origin)
        return await standings(
            self._job_id,
            {file: sorted(names[file[1].text]) for file in known},
            lambda request_ids: self._patience.write(lambda: self._happenings.requested(request_ids)),
        )

    def _left(self, gone: Collection[str], there: Collection[str]) -> Mapping[str, str]:
        """Return which of these are not there any more, with how they were.

        One that two looks in a row have not found: a name that is given while a folder is read is in no look.
        """
        # A file whose new name is still settling is only known to be the same by the old one.
        awaited = {identity.text for identity, _ in self._changing.values()} if gone else set()
        left = [path for path in gone if path in self._missing and self._files[path] not in awaited]
        if len(left) > _MOST_GONE:
            folders = {_folder(path) for path in there}
            left = [path for path in left if _folder(path) in folders]
        return {path: self._files[path] for path in sorted(left)}

    async def note_runs(self, files: Iterable[New]) -> None:
        """Note that these files, as they are, have their runs."""
        await self._note({path: identity.text for path, identity in files})

    async def _note_newly_read(self, found: FoundFiles) -> None:
        """Note what is in folders that were never read before and now are: it is their base line."""
        unseen = Places(found.unseen) if self._unread else Places(())
        read = {folder for folder in self._unread if folder not in unseen}
        if read:
            places = Places(read)
            base = {path: identity.text async for path, identity in _in_turns(found.files.items()) if path in places}
            unread = {folder for folder in found.unread if folder in places}
            await self._note({path: base[path] for path in base.keys() - self._files.keys()}, unread=unread, read=read)

    async def _settled(self, files: Mapping[str, FileIdentity], now: float) -> list[New]:
        """Return the files that are not as they were seen, and stand still."""
        settled: list[New] = []
        self._changing = {path: change for path, change in self._changing.items() if path in files}
        async for path, identity in _in_turns(files.items()):
            if self._files.get(path) == identity.text:
                self._changing.pop(path, None)
                continue
            known = self._changing.get(path)
            if known is None or known[0] != identity:
                self._changing[path] = (identity, now)
            elif now - known[1] >= SETTLED:
                settled.append((path, identity))
        return settled

    async def _note(
        self,
        noted: Mapping[str, str | None],
        *,
        left: Mapping[str, str] | None = None,
        unread: Collection[str] = (),
        read: Collection[str] = (),
    ) -> None:
        """Put on record how files were seen; None: they are not there any more. `left` may come back as they were.

        `unread` and `read` are folders that could not be read so far, and of those known as such, which now are. A
        commit holds a part of it. What is known comes first and what is not true any more last, so that whoever dies in
        between has forgotten nothing; and that there was a first look comes after all that it found.
        """
        gone = {path: identity for path, identity in self._gone.items() if path not in noted} | dict(left or {})
        for path in list(islice(gone, max(0, len(gone) - _MOST_GONE))):
            del gone[path]
        rows = chain(
            _marks(_UNREAD, dict.fromkeys(unread, "1").items()),
            _marks(_GONE, gone.items() - self._gone.items()),
            _marks(_FILE, ((path, identity) for path, identity in noted.items() if identity is not None)),
            () if self._has_looked else [(LOOKED, "1")],
            _marks(_FILE, ((path, None) for path, identity in noted.items() if identity is None)),
            _marks(_GONE, dict.fromkeys(self._gone.keys() - gone.keys()).items()),
            _marks(_UNREAD, dict.fromkeys(set(read) - set(unread)).items()),
        )
        while part := {(self._job_id, name): value for name, value in islice(rows, _AT_ONCE)}:
            if self.is_forgotten:
                return
            await self._patience.write(lambda part=part: self._happenings.put_marks(part))  # type: ignore[misc] # its default is this part
        self._has_looked = True
        self._gone = gone
        self._unread = (self._unread - set(read)) | set(unread)
        async for path, identity in _in_turns(noted.items()):
            self._changing.pop(path, None)
            if identity is None:
                self._files.pop(path, None)
            else:
                self._files[path] = identity


async def _in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield all, and let others have their turn meanwhile: a folder may hold a million files."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)


def _marks(kind: str, files: Iterable[tuple[str, str | None]]) -> Iterator[tuple[str, str | None]]:
    """Yield the marks of one kind for paths with their identities; None removes one."""
    return ((f"{kind}{spelled(path)}", identity) for path, identity in files)


def _by_path(marks: Mapping[str, str], kind: str) -> dict[str, str]:
    """Return the identities in the marks of one kind by path."""
    return {read_path(name.removeprefix(kind)): identity for name, identity in marks.items() if name.startswith(kind)}


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
