"""How TERM reaches a task's code: as an exception in its main thread, once, so that `finally` runs within the grace.

Only while `listening`: what comes before or between is raised there. A task that sets a handler of its own, or ignores
TERM, is left to it. Processes it forks get the default back, so that they end as in any Python, also by a TERM that is
sent as soon as they exist: it waits until they have it.
A process has one wish to end, and so one object here, made before the fork: what is made after it costs pages.
Runs in attempts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys
import time
from _thread import get_ident, start_new_thread

from task_scheduler import this_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

#: Seconds after which it is told again what nobody could hear.
_AGAIN_AFTER = 0.02


class Stops:
    """The wish that this process end, and whether its code has heard of it."""

    def __init__(self) -> None:
        self.was_raised = False  #: whether its code was told
        #: Whether to tell it again where it was told inside a finalizer or a callback, which keep what is raised in them.
        self.insists = True
        self._is_listening = False
        self._is_wanted = False
        self._stopped: this_run.Stopped | None = None
        self._say_unraisable = sys.unraisablehook
        self._masks: dict[int, set[int]] = {}  #: of threads that fork just now

    def attend(self) -> None:
        """Take TERM from now on, and have processes that are forked from here leave none unheard; once in a process."""
        os.register_at_fork(
            before=self._hold_back, after_in_parent=self._let_through, after_in_child=self._leave_to_the_default
        )
        # Below `signal`, which makes an enum of each answer: pages touched, and copied, for nothing.
        _signal.signal(_signal.SIGTERM, self._hear)

    def listen(self) -> None:
        """Have TERM raise `Stopped` from now on, at once if it has come already."""
        self._is_listening = True
        if self._is_wanted:
            self._raise()

    def pause(self) -> None:
        """Have TERM only noted from now on."""
        self._is_listening = False

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self._is_wanted = True
        if self._is_listening:
            self._raise()

    def _raise(self) -> None:
        if self.was_raised:
            return
        self.was_raised = True
        if self._stopped is None:
            self._stopped = this_run.Stopped(this_run.stop_reason())
            self._say_unraisable, sys.unraisablehook = sys.unraisablehook, self._note_unraisable
        raise self._stopped

    def _note_unraisable(self, unraisable: Any) -> None:  # noqa: ANN401 - its type is made for checkers alone
        if unraisable.exc_value is not self._stopped:
            self._say_unraisable(unraisable)
        elif self.insists:
            self.was_raised = False
            start_new_thread(_ask_again, ())  # from here it would be lost in the same way

    def _hold_back(self) -> None:
        # Python would drop what arrives while the new process makes itself one.
        self._masks[get_ident()] = _signal.pthread_sigmask(_signal.SIG_BLOCK, {_signal.SIGTERM})

    def _let_through(self) -> None:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, self._masks.pop(get_ident()))

    def _leave_to_the_default(self) -> None:
        if _signal.getsignal(_signal.SIGTERM) == self._hear:
            _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
        self._let_through()


def _ask_again() -> None:
    time.sleep(_AGAIN_AFTER)
    os.kill(os.getpid(), _signal.SIGTERM)


STOPS = Stops()
