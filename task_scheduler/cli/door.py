"""The way into a project: its running scheduler, or the record itself when none runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from task_scheduler.control.client import PATIENCE, ask, watched
from task_scheduler.control.errors import NoAnswer, NotYet
from task_scheduler.core.errors import NotRunning, TaskSchedulerError
from task_scheduler.project import Project

if TYPE_CHECKING:
    from task_scheduler.record import Record

T = TypeVar("T")

LEFT = "no scheduler is running; this is the record as it was left"
NEVER = "no scheduler is running, and none has run here yet"

#: Seconds an answer may take where that is longer than usual: there may be much to delete, or a program to try out.
_PATIENCE = {"prune_environments": 600.0, "restart": 330.0, "reset_schedules": 120.0, "backup": 3_600.0}
#: What only a running scheduler can carry out.
_NEED_A_SCHEDULER = frozenset(
    {
        "start",
        "pause",
        "resume",
        "stop",
        "shutdown",
        "restart",
        "rescan",
        "settings",
        "surroundings",
        "prune_environments",
        "reset_schedules",
        "rotate_logs",
        "backup",
    }
)

#: Seconds a scheduler that is just starting is waited for: by what it alone can carry out, and by a listing.
_STARTS_WITHIN, _LISTS_WITHIN = 10.0, 3.0
#: What has its own way of waiting for a scheduler, or does without one.
_WAIT_FOR_NONE = frozenset({"rescan", "surroundings"})
#: Seconds between two looks whether it listens.
_LOOK = 0.1


class Door(Protocol):
    """A project that can be asked the commands of `control.commands`."""

    @property
    def project(self) -> Project:
        """Which project it is."""
        ...

    @property
    def is_left(self) -> bool:
        """Whether the last answer came from the record as it was left, because no scheduler runs."""
        ...

    def ask(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer to a command; raises TaskSchedulerError."""
        ...

    def ask_scheduler(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer of the running scheduler; raises NotRunning where there is none."""
        ...

    def watched_scheduler(self) -> AbstractContextManager[Callable[[], bool]]:
        """Give what tells whether the scheduler that runs now has ended since; raises NotRunning."""
        ...

    def what_is_known(self, run_id: int) -> str:
        """Return what is known of a run that no scheduler settles, in a sentence; empty: it may be executing."""
        ...


class ProjectDoor:
    """Asks the running scheduler, and the record when none runs."""

    def __init__(
        self,
        *,
        project: Project,
        note: Callable[[str], None],
        pause: Callable[[float], object] | None = None,
        program: str = "task-scheduler",
    ) -> None:
        """`note` is told, once, that a list comes from the record; `pause` None: simply waits.

        `program` begins what the person is told to type.
        """
        self.project = project
        self._note = note
        self._pause = pause or threading.Event().wait
        self._program = program
        self._has_answered = False
        self._record: Record | None = None
        self._is_left = False

    @property
    def is_left(self) -> bool:
        """Whether the last answer came from the record as it was left, because no scheduler runs."""
        return self._is_left

    def ask(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer to a command; raises NotRunning where only a running scheduler can carry it out."""
        self._is_left = False
        try:
            return self.ask_scheduler(command, **arguments)
        except NotRunning as error:
            if command in _NEED_A_SCHEDULER:
                raise
            self._is_left = True
            return self._ask_record(command, arguments, why=str(error) if isinstance(error, NotYet) else "")
        except NoAnswer:
            if command != "status":
                raise
            self._is_left = True
            return self._status_of_a_silent_one()

    def ask_scheduler(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer of the running scheduler; raises NotRunning where there is none."""
        root, patience = self.project.root, _PATIENCE.get(command, PATIENCE)
        if self._has_answered or command in _WAIT_FOR_NONE:
            return ask(root, command, arguments, patience=patience)
        limit = _STARTS_WITHIN if command in _NEED_A_SCHEDULER else _LISTS_WITHIN
        answer = self._once_it_listens(lambda: ask(root, command, arguments, patience=patience), limit)
        self._has_answered = True
        return answer

    @contextmanager
    def watched_scheduler(self) -> Iterator[Callable[[], bool]]:
        """Give what tells whether the scheduler that runs now has ended since; raises NotRunning."""
        with ExitStack() as stack:
            root = self.project.root
            yield self._once_it_listens(lambda: stack.enter_context(watched(root)), _STARTS_WITHIN)

    def what_is_known(self, run_id: int) -> str:
        """Return what is known of a run that no scheduler settles, in a sentence; empty: it may be executing."""
        return "" if self._record is None else self._record.what_is_known(run_id)

    def close(self) -> None:
        """Close the record, if it was opened."""
        record, self._record = self._record, None
        if record is not None:
            record.close()

    def what_still_works(self) -> list[tuple[int, str]]:
        """Return the number and the task of each run that executes although no scheduler is there."""
        try:
            at_work = self._ask_record("status", {}).get("at_work", ())
        except TaskSchedulerError:  # what is wrong with the record is not what was asked
            return []
        begun = ((run["id"], run["task"]) for run in at_work if run["state"] == "running")
        return [(number, task) for number, task in begun if not self.what_is_known(number)]

    def _once_it_listens(self, work: Callable[[], T], limit: float) -> T:
        """Return what `work` returns, which is tried again for `limit` seconds while a scheduler is just starting.

        Raises NotYet where it still does not listen then, and NoAnswer with what can be found out about its silence.
        """
        root, waited = self.project.root, 0.0
        while True:
            try:
                return work()
            except NotRunning:
                # Late: it needs what only a scheduler that is not there makes necessary.
                from task_scheduler.process import rivals

                known = rivals.what_is_known(root, is_listening=False)
                if not known:
                    raise
                if waited >= limit:
                    raise NotYet(str(root), known) from None
            except NoAnswer as silence:
                from task_scheduler.process import rivals

                known = rivals.what_is_known(root, is_listening=True)
                raise (NoAnswer(f"{silence}\n{known}") if known else silence) from None
            self._pause(_LOOK)
            waited += _LOOK

    def _status_of_a_silent_one(self) -> Any:  # noqa: ANN401 - a JSON document
        from task_scheduler.process import rivals

        status = self._ask_record("status", {})
        known = rivals.what_is_known(self.project.root, is_listening=True)
        return {**status, "held_by": {**(status["held_by"] or {"work": "", "who": ""}), "known": known}}

    def _ask_record(self, command: str, arguments: Mapping[str, object], *, why: str = "") -> Any:  # noqa: ANN401
        if self._record is None:
            # Opening the database costs some tenths of a second, which a running scheduler spares us.
            from task_scheduler.record import Record

            self._record = Record(self.project)
            if self._record.unusable:
                self._note(f"{self._record.unusable} (`{self._program} config check` tells all that is wrong)")
            if command != "status":
                left = f"{why}; this is the record as it was left" if why else LEFT
                self._note(left if self._record.exists else NEVER)
        return self._record.ask(command, arguments)
