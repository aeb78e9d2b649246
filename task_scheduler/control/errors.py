"""What can go wrong between the two ends of the control socket."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from task_scheduler.core.errors import (
    AlreadyRunning,
    EnvironmentFailed,
    NotRunning,
    Refused,
    SettingsError,
    StoreError,
    TaskSchedulerError,
    UnknownRun,
    UnknownTask,
)


class BadRequest(TaskSchedulerError):
    """The request is not one the scheduler can read: a fault of the program that sent it."""


class CommandFailed(TaskSchedulerError):
    """The scheduler tried and met a fault of its own; its log says more."""


class NoAnswer(TaskSchedulerError):
    """A scheduler is there and did not answer in time, or hung up; whether it acted is not known."""


class NotYet(NotRunning):
    """A scheduler holds the project and does not listen: it is starting or ending; the message says so."""

    def __init__(self, root: str, known: str) -> None:
        TaskSchedulerError.__init__(self, f"the scheduler of {root} does not answer: {known}")


class Forbidden(TaskSchedulerError):
    """The control socket belongs to another user."""


class CannotListen(TaskSchedulerError):
    """The control socket could not be opened."""


#: The errors a reply can carry, by the name it gives them; every other one arrives as CommandFailed.
KINDS: Mapping[str, type[TaskSchedulerError]] = MappingProxyType(
    {
        kind.__name__: kind
        for kind in (
            AlreadyRunning,
            BadRequest,
            CommandFailed,
            EnvironmentFailed,
            Forbidden,
            NotRunning,
            Refused,
            SettingsError,
            StoreError,
            UnknownRun,
            UnknownTask,
        )
    }
)


def kind_of(error: TaskSchedulerError) -> str:
    """Return the name of the nearest kind of error that the other end knows."""
    for kind in type(error).__mro__:
        if KINDS.get(kind.__name__) is kind:
            return kind.__name__
    return CommandFailed.__name__


def rebuild(kind: object, message: object) -> TaskSchedulerError:
    """Return the error a reply tells of, with the message it was sent with."""
    made = KINDS.get(kind, CommandFailed) if isinstance(kind, str) else CommandFailed
    # Most of these write their message from data, which stayed at the other end.
    error = made.__new__(made)
    Exception.__init__(error, message if isinstance(message, str) else "the scheduler gave no reason")
    return error
