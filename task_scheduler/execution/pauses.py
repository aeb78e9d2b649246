"""How the tree of an attempt is made to stand still, and kept so.

Where it has a control group of its own that can be frozen, the kernel does it. Else each process is stopped, until a
look finds nobody who still moves; and because anybody may wake one up, looks go on as long as the pause.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import signal

from task_scheduler.execution import processes, trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from task_scheduler.execution.cgroups import Leaf

#: Seconds between two looks: at first, doubled while somebody still moves, and once all stand still.
_FIRST_LOOK = 0.002
_MOST_LOOK = 0.25
_LOOK = 1.0


class Pause:
    """Whether one attempt stands still, and for how long it has."""

    __slots__ = ("_is_still", "_leaf", "_own", "_pid", "_since", "_wait", "is_on", "is_told", "look_at", "seconds")

    def __init__(self, pid: int, leaf: Leaf | None) -> None:
        self.is_on = False
        self.is_told = False  #: somebody has taken from `take_still` that it stands
        self.look_at = 0.0  #: monotonic; counts while it is on
        self.seconds = 0.0  #: of all pauses that are over
        self._pid = pid
        self._leaf = leaf if leaf is not None and leaf.can_freeze else None
        self._since = 0.0
        self._wait = _FIRST_LOOK
        self._is_still = False
        self._own: set[int] = set()  #: what had been stopped before by somebody else, who alone is to wake it up

    def begin(self, now: float) -> None:
        """Stop all; asked again while it is on, nothing changes."""
        if self.is_on:
            return
        self.is_on, self._since = True, now
        self.is_told = self._is_still = False
        self._wait = _FIRST_LOOK
        self._own = {pid for pid in trees.below([self._pid]) if trees.is_stopped(pid)}
        if self._leaf is not None and not self._leaf.freeze(wanted=True):
            self._leaf = None
        self.look(now)

    def look(self, now: float) -> None:
        """Stop whoever moves."""
        if self._is_moving():
            self._is_still = False
            self._wait = min(self._wait * 2, _MOST_LOOK)
            self.look_at = now + self._wait
        else:
            self._is_still = True
            self.look_at = now + _LOOK

    def take_still(self) -> bool:
        """Whether the tree has come to a stand and nobody has been told yet; whoever asks has been told."""
        if not self.is_on or not self._is_still or self.is_told:
            return False
        self.is_told = True
        return True

    def end(self, now: float) -> float:
        """Let all go on; return for how long they stood."""
        # Children first: a parent that waits for them is not to find them stopped.
        for pid in reversed(trees.below([self._pid])):
            if pid not in self._own:
                processes.send(pid, signal.SIGCONT)
        return self.leave(now)

    def leave(self, now: float) -> float:
        """Take note that there is no main process any more, whose pid would be another's; return for how long it stood."""
        if self._leaf is not None:
            self._leaf.freeze(wanted=False)
        self.is_on = False
        self.seconds += now - self._since
        return now - self._since

    def _is_moving(self) -> bool:
        if self._leaf is not None:
            return not self._leaf.is_frozen()
        moving = [pid for pid in trees.below([self._pid]) if not trees.is_still(pid)]
        for pid in moving:
            processes.send(pid, signal.SIGSTOP)
        return bool(moving)
