"""Follows the settings on disk while the scheduler works: takes over what it can, and says what it made of each change.

All or nothing: a file that cannot be used, is gone or was emptied changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from task_scheduler.core.errors import SettingsError
from task_scheduler.core.events import Event, Level
from task_scheduler.ports import Clock
from task_scheduler.process.live_settings import LiveSettings
from task_scheduler.process.watched_file import Seen, WatchedFile
from task_scheduler.services.service import Publish, Service
from task_scheduler.settings import Paths, Settings
from task_scheduler.settings.account import account
from task_scheduler.settings.reload import Change, Effect, changes, taken_over

#: Reads all sources anew, the file with the content it is given; raises SettingsError.
Read = Callable[[bytes], tuple[Settings, Paths]]
#: Tells where the files of a project are by settings that nobody gave as a whole; raises SettingsError.
PathsOf = Callable[[Settings], Paths]

_IN_FORCE = "in force"
_LATER = "takes effect at the next start (`{program} restart`)"
_STAYS = "the settings in force stay"


#: Seconds between two looks. With the time a changed file has to stand still, a change is noticed within five.
INTERVAL = 4.0


class SettingsOnDisk(Service):
    """Looks at the configuration file every few seconds, and keeps what it says beside what is in force."""

    name = "watch over the settings"

    def __init__(
        self,
        *,
        file: WatchedFile,
        is_there: bool,
        live: LiveSettings,
        read: Read,
        paths_of: PathsOf,
        clock: Clock,
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
        publish: Publish,
        program: str = "task-scheduler",
    ) -> None:
        """`is_there` says whether there was a file when the settings in force were read.

        Each change is put in force within an `around`. `program` begins what a person is told to type.
        """
        super().__init__(publish=publish)
        self._file = file
        self._was_there = is_there
        self._live = live
        self._read = read
        self._paths_of = paths_of
        self._clock = clock
        self._around = around
        self._later = _LATER.format(program=program)
        self._on_disk = live.settings
        self._trouble: str | None = None  #: why the file is not followed
        self._messages: tuple[str, ...] = ()  #: what was told of it
        self._since: datetime | None = None
        self._turn = asyncio.Lock()

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(INTERVAL)
            await self.look()

    async def look(self, *, is_asked: bool = False) -> None:
        """Take over what has changed; `is_asked` has what is known already told again."""
        async with self._turn:
            before = self._trouble
            seen = await self._file.news()
            if seen is not None:
                await self._consider(seen)
            if is_asked and (seen is None or (before is not None and before == self._trouble)):
                self._tell_again()

    def document(self) -> dict[str, Any]:
        """Return every setting with its value in force, as a JSON document."""
        return {**self.summary(), "settings": account(self._live.settings, self._on_disk)}

    def summary(self) -> dict[str, Any]:
        """Return, as a JSON document, which file it is, what is wrong with it, and what needs a restart."""
        return {
            "file": str(self._file.path),
            "trouble": self._trouble,
            "since": None if self._since is None else self._since.isoformat(),
            "needs_restart": [change.key for change in changes(self._live.settings, self._on_disk)],
        }

    async def _consider(self, seen: Seen) -> None:
        if seen.content is None and not (seen.is_missing and not self._was_there):
            gone = f"it is gone: {_STAYS}; a start without it takes the defaults"
            self._note_trouble(gone if seen.is_missing else f"it cannot be read, so {_STAYS}: {seen.reason}")
            return
        content = seen.content or b""
        try:
            settings, _ = self._read(content)
            in_force = taken_over(self._live.settings, settings)
            paths = self._paths_of(in_force)
            self._check(paths)
        except SettingsError as error:
            first, *others = str(error).splitlines()
            count = f"{len(others) + 1} errors" if others else first
            said = f"{_STAYS}, since those on disk cannot be used: {count}"
            self._note_trouble("\n".join(error.lines), said, *((first, *others) if others else ()))
            return
        # Whoever empties a file has more likely met a full disk than wished for all defaults.
        if not content.strip() and any(changes(self._on_disk, settings)):
            self._note_trouble(f"it is empty: {_STAYS}; a comment in it is enough to mean the defaults")
            return
        self._was_there = self._was_there or seen.content is not None
        self._note_mended()
        await self._take_over(settings, in_force, paths)

    def _check(self, paths: Paths) -> None:
        """Raise SettingsError for places that cannot be used; a folder of tasks that is not there suspends them."""
        faults = [fault for key, fault in paths.faults().items() if key != "tasks.directory"]
        if faults:
            raise SettingsError(str(self._file.path), faults)

    async def _take_over(self, on_disk: Settings, in_force: Settings, paths: Paths) -> None:
        before, self._on_disk = self._on_disk, on_disk
        live = list(changes(self._live.settings, in_force))
        pending = [change for change in changes(before, on_disk) if change.effect is Effect.RESTART]

        def tell() -> None:
            for change in live:
                self._tell(change, _IN_FORCE)
            self._tell_pending(pending)

        # Also where no value has changed: another line may be what says it.
        with self._around() if live else nullcontext():
            await self._live.put_in_force(in_force, paths, tell=tell)

    def _tell_pending(self, pending: Iterable[Change]) -> None:
        in_force = {change.key for change in changes(self._live.settings, self._on_disk)}
        for change in pending:
            if change.key in in_force:
                self._tell(change, self._later, Level.WARNING)
            else:
                self._tell(change, "which is in force")

    def _tell_again(self) -> None:
        if self._trouble is not None:
            self._tell_trouble()
        self._tell_pending(changes(self._live.settings, self._on_disk))

    def _tell(self, change: Change, effect: str, level: Level = Level.INFO) -> None:
        fields = {"key": change.key, "before": change.before, "after": change.after, "effect": change.effect.value}
        self._publish(Event(name="settings.changed", message=f"{change}, {effect}", level=level, fields=fields))

    def _note_trouble(self, trouble: str, *messages: str) -> None:
        """Take note of what is wrong with the file, and say so once; no `messages`: by its name and the trouble."""
        if trouble != self._trouble:
            self._trouble, self._since = trouble, self._clock.now()
            self._messages = messages or (f"{self._file.path}: {trouble}",)
            self._tell_trouble()

    def _tell_trouble(self) -> None:
        # One record each: a line break would be spelled out in a log.
        for message in self._messages:
            self._publish(Event(name="settings.invalid", message=message, level=Level.ERROR))

    def _note_mended(self) -> None:
        if self._trouble is not None:
            self._trouble = self._since = None
            self._publish(Event(name="settings.mended", message=f"{self._file.path} can be used again"))
