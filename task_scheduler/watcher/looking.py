"""What looking at the folders finds: stamps in, settled changes out. Runs in a thread, one look at a time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from task_scheduler.ports import SourceChanges, SourceFile
from task_scheduler.watcher.scanning import (
    FileContent,
    Scan,
    Unreadable,
    is_helper,
    look_at,
    read_file,
    scan,
    task_names,
)
from task_scheduler.watcher.settling import REMOVAL, Settling

#: Seconds a complete report waits for files that keep changing; then they are reported as they are.
_LONGEST_WAIT = 2.0

_NOWHERE = Scan(files={}, unreadable={})


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
    digests: dict[str, tuple[str, str]] = field(default_factory=dict)  #: digest and problem, as last reported
    unreadable: dict[str, str] = field(default_factory=dict)

    def see_all(self, seen: Scan, now: float) -> None:
        self.unreadable = seen.unreadable
        hidden = tuple(seen.unreadable)
        self.settling.see_all(seen.files, now, hidden=lambda path: path.startswith(hidden) if hidden else False)


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
    ) -> None:
        self._root = root
        self._tasks_path = tasks
        self._helpers_path = helpers
        self._is_task = task_names(pattern, include_examples=include_examples)
        self._settle = settle
        self._said: set[str] = set()
        self._to_say: list[str] = []
        self.has_links = False
        self.forget()

    def forget(self) -> None:
        """Know nothing any more: the next report is a complete one."""
        self._tasks = self._fresh(self._tasks_path, self._is_task)
        self._helpers = self._fresh(self._helpers_path, is_helper)
        self._gathered: dict[str, SourceFile] | None = {}
        self._wait_until: float | None = None
        self._gone_since: float | None = None
        self._suspended: str | None = None
        self._incomplete = False
        self._local_digest = _combined({})

    def _fresh(self, path: Path, accepts: Callable[[str], bool]) -> _Folder:
        return _Folder(path=path, accepts=accepts, settling=Settling(settle=self._settle))

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
        moments = (self._tasks.settling.next_due(), self._helpers.settling.next_due())
        return min((moment for moment in moments if moment is not None), default=None)

    def look(self, places: Collection[tuple[Path, str]] | None) -> Found:
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

    def _found(self, changes: SourceChanges | None, *, everything: bool, began: float) -> Found:
        notices, self._to_say = tuple(self._to_say), []
        return Found(changes=changes, everything=everything, cost=time.thread_time() - began, notices=notices)

    def _look_at(self, places: Collection[tuple[Path, str]], now: float) -> bool:
        """Look at single files; return False when everything must be looked at after all.

        A removal is believed only after a look at everything, which tells a deleted file from a folder that
        vanished or cannot be read.
        """
        for folder in (self._tasks, self._helpers):
            touched = {relative for path, relative in places if path == folder.path}
            for relative in touched.union(folder.settling.changing):
                folder.settling.see(relative, look_at(folder.path, relative, folder.accepts), now)
            if any(stamp is None for _, stamp in folder.settling.due(now)):
                return False
        return True

    def _look_at_everything(self, now: float) -> None:
        seen = scan(self._tasks.path, self._tasks.accepts)
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
        self._say_what_is_left_out(seen)

    def _suspend(self, reason: str, now: float) -> SourceChanges | None:
        """Return the report that the folder is gone, once it has been for a while."""
        if self._gone_since is None:
            self._gone_since = now
        if reason == self._suspended or now - self._gone_since < REMOVAL:
            return None
        self._suspended = reason
        return SourceChanges(local_digest=self._local_digest, suspended=reason)

    def _collect(self, now: float) -> SourceChanges | None:
        """Read what has settled; return the report, if it is time for one."""
        if self._gathered is not None and self._wait_until is None:
            self._wait_until = now + _LONGEST_WAIT
        impatient = self._wait_until is not None and now >= self._wait_until
        files, removed = self._settled_tasks(now, impatient=impatient)
        digest_before = self._local_digest
        self._settled_helpers(now, impatient=impatient)
        if self._gathered is not None:
            return self._complete_report(files, removed)
        if files or removed or self._local_digest != digest_before:
            return SourceChanges(files=tuple(files), removed=tuple(removed), local_digest=self._local_digest)
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
        self._incomplete = bool(self._tasks.unreadable)
        return SourceChanges(
            files=tuple(gathered.values()), local_digest=self._local_digest, complete=not self._incomplete
        )

    def _settled_tasks(self, now: float, *, impatient: bool) -> tuple[list[SourceFile], list[str]]:
        files, removed = [], []
        for relative, content in self._settled(self._tasks, now, impatient=impatient):
            task_id = relative.removesuffix(".py")
            if content is None:
                removed.append(task_id)
            else:
                files.append(
                    SourceFile(
                        task_id=task_id,
                        path=self._shown(self._tasks.path / relative),
                        digest=content.digest,
                        content=content.content,
                        problem=content.problem,
                    )
                )
        return files, removed

    def _settled_helpers(self, now: float, *, impatient: bool) -> None:
        if list(self._settled(self._helpers, now, impatient=impatient)):
            self._local_digest = _combined(self._helpers.digests)

    def _settled(self, folder: _Folder, now: float, *, impatient: bool) -> list[tuple[str, FileContent | None]]:
        """Return the files whose content changed, None for those that are gone."""
        changed: list[tuple[str, FileContent | None]] = []
        for relative, stamp in folder.settling.due(float("inf") if impatient else now):
            content = None if stamp is None else read_file(folder.path / relative)
            if content is not None and content.stamp != stamp and not impatient:
                folder.settling.see(relative, look_at(folder.path, relative, folder.accepts), now)
                continue
            folder.settling.take(relative, stamp)
            if self._is_news(folder, relative, content):
                changed.append((relative, content))
        return changed

    @staticmethod
    def _is_news(folder: _Folder, relative: str, content: FileContent | None) -> bool:
        if content is None:
            return folder.digests.pop(relative, None) is not None
        told = (content.digest, content.problem)
        if folder.digests.get(relative) == told:
            return False
        folder.digests[relative] = told
        return True

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else path.as_posix()

    def _say_what_is_left_out(self, seen: Scan) -> None:
        for folder, reason in seen.unreadable.items():
            self._say_once(
                f"the folder {self._tasks.path.name}/{folder} cannot be read ({reason}): its tasks stay as they are"
            )
        for name in seen.unnameable:
            self._say_once(f"{name!r} in {self._tasks.path.name}/ is left out: its name is not UTF-8, rename it")

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._to_say.append(sentence)


def _combined(digests: dict[str, tuple[str, str]]) -> str:
    """Return one digest over all helpers: SHA-256 over their paths and digests."""
    combined = hashlib.sha256()
    for relative, (digest, problem) in sorted(digests.items()):
        combined.update(f"{relative}\0{digest}\0{problem}\0".encode())
    return combined.hexdigest()
