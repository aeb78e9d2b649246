"""The commands of a scheduler about one task file, answered by a thread that works on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from typing import Any, TypeVar

from task_scheduler import composition
from task_scheduler.alone.work import Work
from task_scheduler.clock import SystemClock
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.environments.failures import TRIED_AGAIN
from task_scheduler.project import Project
from task_scheduler.settings import Paths, load_settings
from task_scheduler.store.locks import ProjectLock

T = TypeVar("T")


class Alone:
    """Answers the commands of a scheduler about one task file; its work goes on in a thread until it is closed."""

    def __init__(self, project: Project, *, note: Callable[[str], None], verb: str) -> None:
        """Read the settings; raises SettingsError.

        `note` takes what a person should know while they wait; others who wait are told `verb`.
        """
        self._settings, self._paths = load_settings(project)
        self._note = note
        self._verb = verb
        self._lock: ProjectLock | None = None
        self._is_beside = False
        self._work: Work | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_alone(self) -> bool:
        """Whether it lives in this process, and ends with it."""
        return True

    @property
    def is_gone(self) -> bool:
        """Whether a scheduler is gone: there is none to go."""
        return False

    def what_is_known(self, run_id: int) -> str:
        """Return nothing: it settles its runs itself."""
        del run_id
        return ""

    def allow_beside(self) -> None:
        """Start the task even while a run of it, left by an earlier scheduler, is executing."""
        self._is_beside = True

    def take_turn(self, task_id: str, *, pause: Callable[[float], object]) -> None:
        """Take the project's lock, waiting for other commands that work alone; raises AlreadyRunning and StoreError."""
        self._paths.create_folders()
        lock = _lock(self._paths, work=f"{self._verb} {task_id}")
        self._lock = lock.acquire_in_turn(tell=self._note, pause=pause)

    def look_at(self, task_id: str) -> None:
        """Begin to bring this file into force, when its turn has been taken; raises StoreError and its kin."""
        if self._thread is not None:
            raise AssertionError("one file at a time")
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, args=(task_id, ready), name="alone")
        self._thread.start()
        ready.result()

    def ask(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer to a command of `control.commands`; raises TaskSchedulerError."""
        if self._work is None:
            if command == "surroundings" and not arguments:
                return composition.whereabouts(self._settings, self._paths)
            raise AssertionError("nothing is done before a file is named")
        if self._work.failure is not None:
            raise TaskSchedulerError(self._work.failure)
        given = {name: value for name, value in arguments.items() if value is not None}
        answer = self._do(self._work.control.answer(command, given))
        return _without_promises(answer) if isinstance(answer, dict) and command == "show" else answer

    def end(self, run_id: int, reason: str, *, now: bool = False) -> bool:
        """Begin to end a run with its whole tree, with `now` by KILL at once; one that has ended is left as it is."""
        if self._work is not None:
            self._do(self._work.end(run_id, reason, grace=0.0 if now else None))
        return True

    def close(self) -> None:
        """End the work and release the lock; a run that has not ended goes on, for the next scheduler to take over."""
        if self._thread is None:
            if self._lock is not None:
                self._lock.release()
            return
        if self._loop is not None and self._closing is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._thread = None

    # --- the thread ---------------------------------------------------------------------------------------

    def _do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            raise AssertionError("nothing is done before the work has begun")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _live(self, task_id: str, ready: Future[None]) -> None:
        try:
            asyncio.run(self._serve(task_id, ready))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the thread is told, whatever it is
            if ready.done():
                self._note(f"a fault of the program: {error!r}")
            else:
                ready.set_exception(error)

    async def _serve(self, task_id: str, ready: Future[None]) -> None:
        async with AsyncExitStack() as undo:
            if self._lock is None:
                raise AssertionError("nothing is done before its turn is taken")
            undo.enter_context(self._lock)
            work = await Work.begin(
                self._settings, self._paths, task_id, self._note, undo, for_others=f"{self._verb} {task_id}"
            )
            work.is_beside = self._is_beside
            self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
            self._work = work
            ready.set_result(None)
            await self._closing.wait()


def _lock(paths: Paths, *, work: str) -> ProjectLock:
    folder = composition.run_folder(paths)
    return ProjectLock(
        folder / "scheduler.lock", f"the project folder {paths.root}", since=SystemClock().now(), work=work
    )


def _without_promises(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a task without what only a scheduler, which stays, would do."""
    problems = [{**problem, "text": problem["text"].replace(TRIED_AGAIN, "")} for problem in task["problems"]]
    return {**task, "problems": problems}
