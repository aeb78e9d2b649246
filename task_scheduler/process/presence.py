"""How the scheduler's process shows itself to the machine it runs on: title, pid file, heartbeat, service manager."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from task_scheduler.core.events import Event, Level
from task_scheduler.process.heartbeat import INTERVAL, Heartbeat, Phase
from task_scheduler.process.notify import ServiceManager
from task_scheduler.process.pid_file import PidFile
from task_scheduler.process.title import show_title
from task_scheduler.services.service import Publish

#: Seconds a start is taken for one that goes on, whatever it does: afterwards it counts as hung.
_LONGEST_START = 900.0
#: Seconds between two beats at least: a loop that is busy looks more often.
_LEAST_BETWEEN = 1.0
#: A sign of life comes so many times within the time a watchdog gives.
_SIGNS_WITHIN = 3
#: A message that asks for more time asks for so many intervals.
_EXTENDED_BY = 3
#: The file's name beside the lock.
PID_FILE = "scheduler.pid"


class Presence:
    """Made once the lock is held. While the scheduler works, all signs of life come from its scheduling loop alone.

    While it starts, before there is a loop, a thread gives them; while it waits for runs to end, the event loop does.
    """

    def __init__(self, *, root: Path, run_folder: Path, manager: ServiceManager, publish: Publish) -> None:
        """`manager` is what started this process."""
        self._root = root
        self._manager = manager
        self._publish = publish
        self._heartbeat = Heartbeat(run_folder / "heartbeat")
        self._pid_file = PidFile(run_folder / PID_FILE)
        self._describe: Callable[[], str] | None = None
        self._has_started = threading.Event()
        self._starting: threading.Thread | None = None
        self._beaten_at: float | None = None
        self._is_failing = False
        self._looks_anew = 0
        self._ends = False

    @property
    def interval(self) -> float:
        """Seconds the scheduling loop may sleep at most."""
        within = self._manager.watchdog_within
        return INTERVAL if within is None else min(INTERVAL, within / _SIGNS_WITHIN)

    def begin(self) -> None:
        """Show that a scheduler starts here."""
        show_title(self._root)
        self._attempt(self._pid_file.write)
        self._beat(Phase.STARTING)
        self._manager.tell("starting")
        self._starting = threading.Thread(target=self._live_while_starting, name="signs of life", daemon=True)
        self._starting.start()

    def works(self, describe: Callable[[], str]) -> None:
        """Say that the scheduler works; `describe` tells what it is at, in a line."""
        self._end_start()
        self._describe = describe
        self._manager.ready()
        self._manager.tell(describe, at_once=True)

    def looked(self) -> None:
        """Give a sign of life: the scheduling loop has had a look."""
        now = time.monotonic()
        if self._beaten_at is None or now - self._beaten_at >= min(_LEAST_BETWEEN, self.interval):
            self._beaten_at = now
            self._beat(Phase.WORKING)
            self._manager.sign_of_life()
        if self._describe is not None:
            self._manager.tell(self._describe)

    @contextmanager
    def looking_anew(self) -> Iterator[None]:
        """Say that in the block everything is looked at anew, or other settings are put in force."""
        self._looks_anew += 1
        if self._looks_anew == 1:
            self._manager.reloading()
        try:
            yield
        finally:
            self._looks_anew -= 1
            # A scheduler that ends meanwhile has said so, and is not ready.
            if not (self._looks_anew or self._ends):
                self._manager.ready()

    @asynccontextmanager
    async def waiting(self, describe: Callable[[], str]) -> AsyncIterator[None]:
        """Give signs of life in the block, in which the end of runs is waited for."""
        self._end_start()
        work = asyncio.get_running_loop().create_task(self._live_while_waiting(describe))
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    def ends(self, *, is_restart: bool) -> None:
        """Say that the scheduler ends, or gives way to a new program."""
        self._end_start()
        self._ends = True
        if is_restart:
            self._manager.reloading()
            self._manager.tell("restarting", at_once=True)
        else:
            self._manager.stopping()
            self._manager.tell("stopping", at_once=True)

    def close(self, *, is_restart: bool) -> None:
        """Leave nothing behind that names this process, unless a new program takes its place."""
        self._end_start()
        if not is_restart:
            self._beat(Phase.ENDED)
            self._pid_file.remove()

    def _end_start(self) -> None:
        self._has_started.set()
        thread, self._starting = self._starting, None
        if thread is not None:
            thread.join()

    def _live_while_starting(self) -> None:
        limit = time.monotonic() + _LONGEST_START
        while not self._has_started.wait(self.interval) and time.monotonic() < limit:
            # What cannot be written was told by the first beat: events are the event loop's.
            with suppress(OSError):
                self._heartbeat.beat(Phase.STARTING)
            self._ask_for_time()

    async def _live_while_waiting(self, describe: Callable[[], str]) -> None:
        while True:
            self._beat(Phase.ENDING)
            self._ask_for_time()
            self._manager.tell(describe, at_once=True)
            await asyncio.sleep(self.interval)

    def _ask_for_time(self) -> None:
        self._manager.sign_of_life()
        self._manager.extend(self.interval * _EXTENDED_BY)

    def _beat(self, phase: Phase) -> None:
        self._attempt(lambda: self._heartbeat.beat(phase))

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do what must not keep a scheduler from its work where the disk does not take it; told once."""
        try:
            work()
        except OSError as error:
            if not self._is_failing:
                message = f"what tells others that this scheduler lives cannot be written: {error}"
                self._publish(Event(name="presence.failed", message=message, level=Level.WARNING))
            self._is_failing = True
        else:
            self._is_failing = False
