"""What looking at the folders finds: stamps in, settled changes out. Runs in a thread, one call at a time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from task_scheduler import __version__
from task_scheduler.ports import KnownFile, SourceChanges, SourceFile
from task_scheduler.watcher.confirming import Confirming
from task_scheduler.watcher.oddities import look_alikes, shown
from task_scheduler.watcher.scanning import (
    LARGEST,
    FileContent,
    Scan,
    Stamp,
    Unreadable,
    is_helper,
    look_at,
    read_file,
    scan,
    task_names,
)
from task_scheduler.watcher.settling import REMOVAL, Settling
from task_scheduler.watcher.writers import is_being_written

#: Seconds a complete report waits for files that keep changing; then they are reported as they are.
_LONGEST_WAIT = 2.0
#: Seconds after which a file that somebody has open for writing, and does not write to, is taken all the same.
_LONGEST_HELD = 60.0
#: Seconds after which a person is told about such a file.
_TOLD_HELD = 5.0
#: Bytes of content in one report; of further files it holds the stamps alone, and their contents are fetched.
_MOST_BYTES = 2_000_000
_MOST_CONTENTS = 100
#: Files read again in one look, to trust their stamps.
_MOST_CONFIRMED = 500
#: A folder that held so many task files and is utterly empty was not emptied by hand: more likely a disk is missing.
MANY = 3
#: Sentences about entries that are no tasks, at most: the folder may be one of something else.
_MOST_SENTENCES = 20

_NOWHERE = Scan(files={}, unreadable={}, left_out={})

#: Places to look at, each a folder and a path in it; True: an event said that the file is complete.
Places = Mapping[tuple[Path, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one look led to."""

    changes: SourceChanges | None  #: None: nothing to report
    everything: bool  #: everything was looked at
    cost: float  #: seconds of CPU
    notices: tuple[str, ...] = ()  #: what a person should know, said once


@dataclass(slots=True, kw_only=True)
class _Folder:
    """One folder, the rule for its files, and what is known of them."""

    path: Path
    accepts: Callable[[str], bool]
    settling: Settling
    confirming: Confirming = field(default_factory=Confirming)
    told: dict[str, str] = field(default_factory=dict)  #: as last reported: a digest, a problem, or `_UNREAD`
    unreadable: dict[str, str] = field(default_factory=dict)

    def see_all(self, seen: Scan, now: float) -> None:
        self.unreadable = seen.unreadable
        hidden = tuple(seen.unreadable)
        self.settling.see_all(seen.files, now, hidden=lambda path: path.startswith(hidden) if hidden else False)

    def read(self, relative: str) -> FileContent:
        return read_file(self.path / relative)

    def see(self, relative: str, now: float, *, is_complete: bool = False) -> None:
        stamp = look_at(self.path, relative, self.accepts)
        self.settling.see(relative, stamp, now, announced=is_complete)

    def doubt(self, relative: str, now: float) -> None:
        """Have a file reported anew, whatever is found in it."""
        self.told[relative] = _UNREAD
        self.settling.doubt(relative, look_at(self.path, relative, self.accepts), now)

    def is_news(self, relative: str, content: FileContent | None) -> bool:
        if content is None:
            return self.told.pop(relative, None) is not None
        told = content.digest or content.problem
        if self.told.get(relative) == told:
            return False
        self.told[relative] = told
        return True


#: Equal to no digest and no problem, so that whatever a file holds is news.
_UNREAD = ""


class Looking:
    """The state of both folders between two looks."""

    def __init__(
        self,
        *,
        root: Path,
        tasks: Path,
        helpers: Path,
        pattern: str,
        include_examples: bool,
        settle: float,
        known: Mapping[str, KnownFile],
    ) -> None:
        #: What the paths of task files begin with, as they are told: thousands are put together.
        self._shown = f"{(tasks.relative_to(root) if tasks.is_relative_to(root) else tasks).as_posix()}/"
        self._tasks_path = tasks
        self._helpers_path = helpers
        self._is_task = task_names(pattern, include_examples=include_examples)
        self._settle = settle
        self._known = dict(known)
        self._said: set[str] = set()
        self._to_say: list[str] = []
        #: Task files there were, as far as that is known; it outlives forgetting.
        self._held = len(known)
        self.has_links = False
        self._start_anew()

    def forget(self) -> None:
        """Know nothing any more: the next report is a complete one."""
        self._held = self._count()
        self._known = {}
        self._start_anew()

    def _start_anew(self) -> None:
        self._tasks = self._fresh(self._tasks_path, self._is_task)
        self._helpers = self._fresh(self._helpers_path, is_helper)
        self._gathered: dict[str, SourceFile] | None = {}
        self._wait_until: float | None = None
        self._gone_since: float | None = None
        self._suspended: str | None = None
        self._incomplete = False
        self._names: set[str] = set()
        self._alike: tuple[str, ...] = ()
        self._local_digest = _combined({})

    def _fresh(self, path: Path, accepts: Callable[[str], bool]) -> _Folder:
        return _Folder(path=path, accepts=accepts, settling=Settling(settle=self._settle))

    def _count(self) -> int:
        """Return how many task files there were when the folder was last seen whole."""
        return self._held if self._gathered is not None else len(self._tasks.settling)

    @property
    def is_suspended(self) -> bool:
        """Whether the folder of tasks cannot be looked at, settled or not."""
        return self._gone_since is not None

    @property
    def is_settling(self) -> bool:
        """Whether something was seen that will be reported once it stands still."""
        return self._suspended is None and bool(
            self._tasks.settling.changing or self._helpers.settling.changing or self._gathered is not None
        )

    def next_due(self) -> float | None:
        """Return when, by the monotonic clock, to look again at what is changing; None: nothing is."""
        if self._gone_since is not None:
            return None if self._suspended is not None else self._gone_since + REMOVAL
        moments = (
            self._tasks.settling.next_due(),
            self._helpers.settling.next_due(),
            self._tasks.confirming.next_due(),
            self._helpers.confirming.next_due(),
        )
        return min((moment for moment in moments if moment is not None), default=None)

    # --- looking ------------------------------------------------------------------------------------------

    def look(self, places: Places | None) -> Found:
        """Look at these places and at what is changing, or at everything; return what has settled."""
        began = time.thread_time()
        now = time.monotonic()
        everything = places is None or self._gone_since is not None or not self._look_at(places, now)
        if everything:
            try:
                self._look_at_everything(now)
            except Unreadable as error:
                return self._found(self._suspend(str(error), now), everything=True, began=began)
        return self._found(self._collect(now), everything=everything, began=began)

    def fetch(self, files: Sequence[SourceFile]) -> list[SourceFile | None]:
        """Return reported files with their content; None for one that changed, which is reported anew."""
        now = time.monotonic()
        return [self._fetch(file.task_id, now) for file in files]

    def _fetch(self, task_id: str, now: float) -> SourceFile | None:
        relative = f"{task_id}.py"
        content = self._tasks.read(relative)
        if content.stamp is None or content.stamp != self._tasks.settling.taken(relative):
            self._tasks.doubt(relative, now)
            return None
        self._tasks.is_news(relative, content)
        self._confirm_later(self._tasks, relative, content, now)
        return self._file(relative, content)

    def _found(self, changes: SourceChanges | None, *, everything: bool, began: float) -> Found:
        notices, self._to_say = tuple(self._to_say), []
        return Found(changes=changes, everything=everything, cost=time.thread_time() - began, notices=notices)

    def _look_at(self, places: Places, now: float) -> bool:
        """Look at single files; return False when everything must be looked at after all.

        A removal is believed only after a look at everything, which tells a deleted file from a folder that
        vanished or cannot be read.
        """
        for folder in (self._tasks, self._helpers):
            touched = {relative: is_complete for (path, relative), is_complete in places.items() if path == folder.path}
            for relative in {*touched, *folder.settling.changing}:
                folder.see(relative, now, is_complete=touched.get(relative, False))
            if any(stamp is None for _, stamp in folder.settling.due(now)):
                return False
        return True

    def _look_at_everything(self, now: float) -> None:
        seen = scan(self._tasks.path, self._tasks.accepts)
        count = self._count()
        if seen.is_empty and count >= MANY:
            raise Unreadable(_emptied(self._tasks.path.name, count))
        try:
            helpers = scan(self._helpers.path, self._helpers.accepts)
        except Unreadable:
            helpers = _NOWHERE
        if self._suspended is not None or (self._incomplete and not seen.unreadable):
            self.forget()
        self._suspended = None
        self._gone_since = None
        self.has_links = seen.has_links or helpers.has_links
        self._tasks.see_all(seen, now)
        self._helpers.see_all(helpers, now)
        self._say_what_is_odd(seen)

    def _suspend(self, reason: str, now: float) -> SourceChanges | None:
        """Return the report that the folder is gone, once it has been for a while."""
        if self._gone_since is None:
            self._gone_since = now
        if reason == self._suspended or now - self._gone_since < REMOVAL:
            return None
        self._suspended = reason
        return SourceChanges(local_digest=self._local_digest, suspended=reason)

    # --- what has settled ---------------------------------------------------------------------------------

    def _collect(self, now: float) -> SourceChanges | None:
        """Read what has settled; return the report, if it is time for one."""
        if self._gathered is not None and self._wait_until is None:
            self._wait_until = now + _LONGEST_WAIT
        impatient = self._wait_until is not None and now >= self._wait_until
        files = self._take_known(now) if self._known else []
        changed, removed = self._settled_tasks(now, impatient=impatient)
        files += changed
        digest_before = self._local_digest
        self._settled_helpers(now, impatient=impatient)
        if self._gathered is not None:
            return self._complete_report(files, removed)
        confirmed, differing = self._confirm(self._tasks, now)
        files += differing
        if files or removed or confirmed or self._local_digest != digest_before:
            return SourceChanges(
                files=tuple(files),
                removed=tuple(removed),
                confirmed=tuple(confirmed),
                local_digest=self._local_digest,
            )
        return None

    def _complete_report(self, files: list[SourceFile], removed: list[str]) -> SourceChanges | None:
        gathered = self._gathered or {}
        gathered.update((file.task_id, file) for file in files)
        for task_id in removed:
            gathered.pop(task_id, None)
        self._gathered = gathered
        if self._tasks.settling.changing or self._helpers.settling.changing:
            return None
        self._gathered = self._wait_until = None
        self._known = {}
        self._incomplete = bool(self._tasks.unreadable)
        return SourceChanges(
            files=tuple(gathered.values()), local_digest=self._local_digest, complete=not self._incomplete
        )

    def _take_known(self, now: float) -> list[SourceFile]:
        """Take the files that look as they do on record, without reading them."""
        files: list[SourceFile] = []
        settling = self._tasks.settling
        for relative, stamp in settling.stamps():
            known = self._known.pop(_task_id(relative), None)
            if known is not None and known.stamp and known.stamp == _as_text(stamp):
                settling.take(relative, stamp, now)
                self._tasks.told[relative] = known.digest
                files.append(self._unread(relative, digest=known.digest, stamp=known.stamp))
        return files

    def _settled_tasks(self, now: float, *, impatient: bool) -> tuple[list[SourceFile], list[str]]:
        files, removed = [], []
        for relative, content in self._settled(self._tasks, now, impatient=impatient, most_bytes=_MOST_BYTES):
            if content is None:
                removed.append(_task_id(relative))
            elif isinstance(content, FileContent):
                files.append(self._file(relative, content))
            else:
                files.append(self._unread(relative))
        return files, removed

    def _settled_helpers(self, now: float, *, impatient: bool) -> None:
        changed = list(self._settled(self._helpers, now, impatient=impatient))
        _, differing = self._confirm(self._helpers, now)
        if changed or differing:
            self._local_digest = _combined(self._helpers.told)

    def _settled(
        self, folder: _Folder, now: float, *, impatient: bool, most_bytes: float = float("inf")
    ) -> Iterator[tuple[str, FileContent | Stamp | None]]:
        """Yield the files whose content changed: None for those that are gone, a stamp for those left unread."""
        count = 0
        for relative, stamp in folder.settling.due(float("inf") if impatient else now):
            if stamp is not None and not impatient and self._is_held(folder, relative, now):
                continue
            if stamp is not None and most_bytes < float("inf"):
                count += 1
                most_bytes -= stamp[1] if stamp[1] <= LARGEST else 0  # what is larger is not read at all
                if count > _MOST_CONTENTS or most_bytes < 0:
                    folder.settling.take(relative, stamp, now)
                    folder.told[relative] = _UNREAD
                    yield relative, stamp
                    continue
            content = None if stamp is None else folder.read(relative)
            if content is not None and content.stamp != stamp and not impatient:
                folder.see(relative, now)
                continue
            folder.settling.take(relative, stamp, now)
            if content is not None:
                self._confirm_later(folder, relative, content, now)
            if folder.is_news(relative, content):
                yield relative, content

    def _is_held(self, folder: _Folder, relative: str, now: float) -> bool:
        """Whether a file that stands still has to wait, since somebody is not done with it."""
        if not is_being_written(folder.path / relative):
            return False
        seconds = folder.settling.hold(relative, now)
        if seconds >= _TOLD_HELD:
            self._say_once(
                f"{shown(relative)} in {folder.path.name}/ is open for writing: it is taken once it is closed"
            )
        return seconds < _LONGEST_HELD

    # --- stamps that can be trusted -----------------------------------------------------------------------

    def _confirm_later(self, folder: _Folder, relative: str, content: FileContent, now: float) -> None:
        if content.content is not None and content.stamp is not None:
            folder.confirming.add(relative, content.stamp, now)

    def _confirm(self, folder: _Folder, now: float) -> tuple[list[SourceFile], list[SourceFile]]:
        """Read files again that were read too soon; return those that are the same, and those that are not."""
        same: list[SourceFile] = []
        differing: list[SourceFile] = []
        for relative, stamp in folder.confirming.take_due(now, _MOST_CONFIRMED):
            if folder.settling.taken(relative) != stamp or relative in folder.settling.changing:
                continue
            content = folder.read(relative)
            if content.stamp != stamp:
                folder.see(relative, now)
            elif folder.is_news(relative, content):
                self._confirm_later(folder, relative, content, now)
                differing.append(self._file(relative, content))
            else:
                same.append(self._unread(relative, digest=content.digest, stamp=_as_text(stamp)))
        return same, differing

    # --- values -------------------------------------------------------------------------------------------

    def _file(self, relative: str, content: FileContent) -> SourceFile:
        return SourceFile(
            task_id=_task_id(relative),
            path=f"{self._shown}{relative}",
            digest=content.digest,
            content=content.content,
            problem=content.problem,
            saved_at=content.saved_at,
        )

    def _unread(self, relative: str, *, digest: str = "", stamp: str = "") -> SourceFile:
        return SourceFile(
            task_id=_task_id(relative), path=f"{self._shown}{relative}", digest=digest, content=None, stamp=stamp
        )

    # --- what a person should know ------------------------------------------------------------------------

    def _say_what_is_odd(self, seen: Scan) -> None:
        folder = self._tasks.path.name
        sentences = [
            f"the folder {shown(f'{folder}/{name}')[1:-1]} cannot be read ({reason}): its tasks stay as they are"
            for name, reason in seen.unreadable.items()
        ]
        sentences += [
            f"{shown(name)} in {folder}/ is left out: {reason}" for name, reason in sorted(seen.left_out.items())
        ]
        names = set(seen.files)
        if names != self._names:
            self._names = names
            self._alike = tuple(look_alikes(names, folder))
        sentences += self._alike
        if len(sentences) > _MOST_SENTENCES:
            more = len(sentences) - _MOST_SENTENCES
            sentences[_MOST_SENTENCES:] = [f"{more:,} more entries of {folder}/ are left out or odd"]
        self._said &= set(sentences)
        for sentence in sentences:
            self._say_once(sentence)

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._to_say.append(sentence)


def _task_id(relative: str) -> str:
    return relative.removesuffix(".py")


def _as_text(stamp: Stamp) -> str:
    """Return a stamp for the record; another version of the program may read files otherwise, so it reads them anew."""
    return " ".join([__version__, *(f"{number:x}" for number in stamp)])


def _emptied(name: str, count: int) -> str:
    return (
        f"the folder {name}/ is empty and held {count:,} task files: mount its disk or put them back; if you "
        f"removed them all, put any file there, such as {name}/.empty"
    )


def _combined(told: dict[str, str]) -> str:
    """Return one digest over all helpers: SHA-256 over their paths and digests."""
    combined = hashlib.sha256()
    for relative, digest_or_problem in sorted(told.items()):
        combined.update(f"{relative}\0{digest_or_problem}\0".encode())
    return combined.hexdigest()
