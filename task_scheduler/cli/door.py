"""The way into a project: its running scheduler, or the record itself when none runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from task_scheduler.control.client import PATIENCE, ask, watched
from task_scheduler.core.errors import NotRunning
from task_scheduler.project import Project

if TYPE_CHECKING:
    from task_scheduler.record import Record

LEFT = "no scheduler is running; this is the record as it was left"
NEVER = "no scheduler is running, and none has run here yet"

#: Seconds an answer may take where that is longer than usual: there may be much to delete, or a program to try out.
_PATIENCE = {"prune_environments": 600.0, "restart": 330.0}
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
        "surroundings",
        "prune_environments",
    }
)


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

    def __init__(self, *, project: Project, note: Callable[[str], None]) -> None:
        """`note` is told, once, that a list comes from the record."""
        self.project = project
        self._note = note
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
        except NotRunning:
            if command in _NEED_A_SCHEDULER:
                raise
            self._is_left = True
            return self._ask_record(command, arguments)

    def ask_scheduler(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer of the running scheduler; raises NotRunning where there is none."""
        return ask(self.project.root, command, arguments, patience=_PATIENCE.get(command, PATIENCE))

    def watched_scheduler(self) -> AbstractContextManager[Callable[[], bool]]:
        """Give what tells whether the scheduler that runs now has ended since; raises NotRunning."""
        return watched(self.project.root)

    def what_is_known(self, run_id: int) -> str:
        """Return what is known of a run that no scheduler settles, in a sentence; empty: it may be executing."""
        return "" if self._record is None else self._record.what_is_known(run_id)

    def close(self) -> None:
        """Close the record, if it was opened."""
        record, self._record = self._record, None
        if record is not None:
            record.close()

    def _ask_record(self, command: str, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - a JSON document
        if self._record is None:
            # Opening the database costs some tenths of a second, which a running scheduler spares us.
            from task_scheduler.record import Record

            self._record = Record(self.project)
            if command != "status":
                self._note(LEFT if self._record.exists else NEVER)
        return self._record.ask(command, arguments)
