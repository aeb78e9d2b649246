"""The folder of task files as a source of changes: events wake it, looking decides.

Three rules keep it right where events are late, lost or missing: an event only says where to look; a look
compares stamps, waits until they stand still, and lets the content's digest decide; and everything is looked
at regularly whatever the events say.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from task_scheduler.ports import KnownFile, SourceChanges, SourceFile
from task_scheduler.watcher.events import FolderEvents
from task_scheduler.watcher.looking import Looking, Places

#: While events arrive, looking at everything may take this share of one core at most: a folder of 10,000 files is
#: then looked at about once a minute, a usual one at every `check_interval`.
_SHARE = 0.001
_LONGEST_INTERVAL = 60.0
#: More places than this are looked at by looking at everything.
_MOST_PLACES = 1_000
#: Seconds after which a rescan returns although some file never stands still.
_LONGEST_RESCAN = 5.0


class FolderSource:
    """Watches a folder of tasks and one of helpers; implements `ports.TaskSource`.

    A task's id is its path inside the folder without `.py`. `settle` is the time in seconds a file must stand
    still to be reported, `check_interval` the time between two looks at everything, longer for very large
    folders while events arrive. `notice` gets a sentence, once, for what a person should know.
    """

    def __init__(
        self,
        *,
        root: Path,
        tasks: Path,
        helpers: Path,
        pattern: str = "*.py",
        include_examples: bool = False,
        check_interval: float = 5.0,
        settle: float = 0.15,
        notice: Callable[[str], None],
    ) -> None:
        self._new_looking = functools.partial(
            Looking,
            root=root,
            tasks=tasks,
            helpers=helpers,
            pattern=pattern,
            include_examples=include_examples,
            settle=settle,
        )
        self._helpers = helpers
        self._tasks = tasks
        self._which = (tasks, pattern, include_examples)
        self._has_moved = False
        self._check_interval = check_interval
        self._notice = notice
        self._watch: _Watch | None = None

    def configure(self, *, tasks: Path, pattern: str, include_examples: bool, check_interval: float) -> bool:
        """Look so often from now on, and at these files from the next start on.

        Return whether these are others than before, so that a stop and a start are due.
        """
        self._check_interval = check_interval
        if self._watch is not None:
            self._watch.set_interval(check_interval)
        which = (tasks, pattern, include_examples)
        if which == self._which:
            return False
        # What was known of the files in another folder says nothing, also not that an empty one misses them.
        self._has_moved = self._has_moved or tasks != self._tasks
        self._tasks, self._which = tasks, which
        self._new_looking = functools.partial(
            self._new_looking, tasks=tasks, pattern=pattern, include_examples=include_examples
        )
        return True

    async def start(self, listener: Callable[[SourceChanges], None], known: Mapping[str, KnownFile]) -> None:
        """Report a full look first, then each change; returns once the first report was made.

        Files that look as they are `known` are not read. The first report is `suspended` when the folder cannot be read, and not `complete` when a folder in it
        cannot; the complete one follows once it can.
        """
        if self._watch is None:
            self._watch = _Watch(
                looking=self._new_looking(known={} if self._has_moved else known),
                folders=(self._tasks, self._helpers),
                check_interval=self._check_interval,
                notice=self._notice,
                listener=listener,
            )
            self._has_moved = False
            await self._watch.start()

    async def stop(self) -> None:
        """Report no more."""
        watch, self._watch = self._watch, None
        if watch is not None:
            await watch.stop()

    async def rescan(self) -> None:
        """Look at everything now; returns once all that was found to have changed is reported, or still changes."""
        if self._watch is not None:
            await self._watch.rescan()

    async def fetch(self, files: Sequence[SourceFile]) -> Sequence[SourceFile | None]:
        """Return reported files with their content; None for one that changed since, which is reported by itself."""
        return [None] * len(files) if self._watch is None else await self._watch.fetch(files)


class _Watch:
    """One watching, from start to stop."""

    def __init__(
        self,
        *,
        looking: Looking,
        folders: tuple[Path, ...],
        check_interval: float,
        notice: Callable[[str], None],
        listener: Callable[[SourceChanges], None],
    ) -> None:
        self._looking = looking
        self._check_interval = check_interval
        self._notice = notice
        self._listener = listener
        self._name = folders[0].name
        self._events = FolderEvents(folders, touched=self._touched)
        self._events_missing = False
        self._said_silent = False
        self._unannounced = 0  #: changes found since the last event
        self._failure = ""
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        #: Held by whoever is looking at files, or reading them.
        self._turn = asyncio.Lock()
        self._reported = asyncio.Event()
        self._rescans: list[asyncio.Future[None]] = []
        self._everything_at = 0.0
        self._task: asyncio.Task[None] | None = None
        # Written by the thread of the events, taken by the loop.
        self._lock = threading.Lock()
        self._places: dict[tuple[Path, str], bool] | None = {}

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="task folder")
        await self._reported.wait()

    def set_interval(self, check_interval: float) -> None:
        """Look at everything so often from now on, in seconds."""
        if check_interval != self._check_interval:
            self._check_interval = check_interval
            self._everything_at = min(self._everything_at, self._loop.time() + check_interval)
            self._wake.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._answer(tuple(self._rescans))
        await asyncio.to_thread(self._events.close)

    async def rescan(self) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._rescans.append(done)
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done, _LONGEST_RESCAN)

    async def fetch(self, files: Sequence[SourceFile]) -> Sequence[SourceFile | None]:
        async with self._turn:
            found = await asyncio.to_thread(self._looking.fetch, files)
        # What was read too soon is read again later, and what changed is looked at: the waiting must know.
        self._wake.set()
        return found

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
                self._failure = ""
            except Exception as error:  # noqa: BLE001 - nothing that goes wrong here may end the watching
                self._fail(f"looking at {self._name}/ failed ({type(error).__name__}: {error}), trying again")
                self._looking.forget()
                self._everything_at = self._loop.time() + self._check_interval
            await self._wait()

    def _fail(self, sentence: str) -> None:
        """Say what failed, once for each row of equal failures."""
        if sentence != self._failure:
            self._failure = sentence
            self._notice(sentence)

    async def _look(self) -> None:
        announced, places = self._take_places()
        everything = places is None or bool(self._rescans) or self._loop.time() >= self._everything_at
        if everything:
            await self._watch_events(self._events.ensure)
        asked = tuple(self._rescans)
        was_settling = self._looking.is_settling or self._looking.is_suspended
        async with self._turn:
            found = await asyncio.to_thread(self._looking.look, None if everything else places)
        if found.everything:
            self._everything_at = self._loop.time() + self._interval(found.cost)
        for sentence in found.notices:
            self._notice(sentence)
        if found.changes is not None:
            self._listener(found.changes)
            self._reported.set()
        if not self._looking.is_settling:
            self._answer(asked)
        if announced:
            self._unannounced = 0
        elif self._looking.is_settling and not was_settling:
            await self._doubt_events()

    def _answer(self, rescans: tuple[asyncio.Future[None], ...]) -> None:
        for waiting in rescans:
            self._rescans.remove(waiting)
            if not waiting.done():
                waiting.set_result(None)

    async def _doubt_events(self) -> None:
        """Act on a change that no event announced: the watch may be dead, or the folder give no events."""
        self._unannounced += 1
        if self._unannounced == 1:
            await self._watch_events(self._events.renew)
        elif not self._events_missing and not self._said_silent:
            self._said_silent = True
            self._notice(
                f"changes in {self._name}/ come without file events, as in network folders and behind links: "
                f"it is looked at every {self._check_interval:g} s"
            )

    async def _watch_events(self, watch: Callable[[], None]) -> None:
        """See to it that events arrive, as far as the system lets them; say once when it does not."""
        try:
            await asyncio.to_thread(watch)
        except OSError as error:
            if not self._events_missing:
                self._notice(
                    f"the system gives no file events for {self._name}/ ({_why_not(error)}): "
                    f"it is looked at every {self._check_interval:g} s instead"
                )
            self._events_missing = True
        else:
            if self._events_missing:
                self._notice(f"file events for {self._name}/ arrive again")
            self._events_missing = False

    def _touched(self, folder: Path, relative: str | None, *, is_complete: bool) -> None:
        """Note a place to look at; called by the thread of the events."""
        with self._lock:
            is_awake = self._places is None or bool(self._places)
            if relative is None or (self._places is not None and len(self._places) >= _MOST_PLACES):
                self._places = None
            elif self._places is not None:
                self._places[folder, relative] = is_complete
        if not is_awake:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody looks any more
                self._loop.call_soon_threadsafe(self._wake.set)

    def _take_places(self) -> tuple[bool, Places | None]:
        """Return whether events came, and the places they named; None: look everywhere."""
        self._wake.clear()
        with self._lock:
            places, self._places = self._places, {}
        return places is None or bool(places), places

    async def _wait(self) -> None:
        """Return when something was touched, or when it is time to look again."""
        settled_at = self._looking.next_due()
        moment = self._everything_at if settled_at is None else min(settled_at, self._everything_at)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, moment - self._loop.time())):
                await self._wake.wait()

    def _interval(self, cost: float) -> float:
        """Return how long to wait for the next look at everything, when one costs so many seconds of CPU."""
        if self._events_missing or self._unannounced or self._looking.has_links or self._looking.is_suspended:
            return self._check_interval
        return max(self._check_interval, min(cost / _SHARE, _LONGEST_INTERVAL))


def _why_not(error: OSError) -> str:
    """Return why the system gives no events, where its own words would mislead."""
    match error.errno:
        case errno.ENOSPC:
            return "all watches of this user are in use, raise fs.inotify.max_user_watches"
        case errno.EMFILE:
            return "all watchers of this user are in use, raise fs.inotify.max_user_instances"
        case _:
            return error.strerror or str(error)
