"""One attempt in its host: from the fork to the facts of its end.

running ──> ending (asked to, or at a limit) ──> sweeping (main process dead, leftovers not yet) ──> over

Paused is beside that: what runs may stand still, and its clocks with it. Nothing here waits: the host calls `enforce`
when something is due and `sweep` when a child has died.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from task_scheduler.execution import markers, processes, trees, words
from task_scheduler.execution.limits import Clocks, meter_for
from task_scheduler.execution.pauses import Pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    import resource
    from typing import Any

    from task_scheduler.execution.capture import Capture
    from task_scheduler.execution.cgroups import Leaf
    from task_scheduler.execution.limits import Exceeded

#: What an attempt leaves behind has this many seconds between TERM and KILL, or its own grace when that is less.
LEFTOVER_GRACE = 0.5
#: While something does not die: seconds between two rounds of KILL.
_KILL_AGAIN = 0.05
_MOST_LOOKS = 20


class HostedAttempt:
    """One attempt this host has started."""

    __slots__ = (
        "_baseline",
        "_clocks",
        "_exceeded",
        "_folder",
        "_grace",
        "_kill_at",
        "_killed",
        "_leaf",
        "_left_behind",
        "_leftovers",
        "_meter",
        "_pause",
        "_status",
        "_stop_note",
        "_usage",
        "capture",
        "due_at",
        "duration",
        "ended_at",
        "id",
        "mark",
        "marker",
        "out_of_memory",
        "output",
        "pid",
        "started_at",
        "stopped_for",
    )

    def __init__(
        self,
        order: dict[str, Any],
        *,
        folder: str,
        pid: int,
        began: float,
        started_at: float,
        marker: int,
        capture: Capture,
        baseline: int,
        held: int,
        leaf: Leaf | None = None,
    ) -> None:
        """Take an attempt that has just been forked.

        `began` is when, by the monotonic clock, and `started_at` by the wall clock. `folder` is the host's,
        `baseline` how many bytes were resident at the fork, `held` how many of them are no copy of a file (told of one
        with a meter), `leaf` the control group of its own.
        """
        self.id: str = order["attempt"]
        self.mark: int = order["mark"]
        self.output: str = order["output"]  #: where what it writes is kept, which also tells whose attempt it is
        self.pid = pid
        self.marker = marker
        self.capture = capture
        self.started_at = started_at
        self.stopped_for: str | None = None
        self.duration: float | None = None
        self.ended_at: float | None = None
        self.out_of_memory = False
        self._clocks = Clocks(began, timeout=order["timeout"], deadline=order.get("deadline"))
        self._meter = meter_for(order, pid=pid, baseline=held, leaf=leaf, now=began)
        self._pause: Pause | None = None  #: None: it never was paused
        self._folder = folder
        self._leaf = leaf
        self._grace: float = order["grace"]
        self._baseline = baseline
        self._kill_at: float | None = None  #: monotonic; None: nobody has been asked to end yet
        self._killed = False  #: this host has sent KILL
        self._exceeded: Exceeded | None = None  #: what it is ended for, when that is a limit
        self._stop_note = order.get("user") is not None  #: whether there may be a file that says why it is to end
        self._status: int | None = None  #: as wait4 gives it; None: the main process has not been waited for
        self._usage: resource.struct_rusage | None = None
        self._left_behind: set[int] = set()  #: every pid ever found alive after the main process ended
        self._leftovers: list[int] = []  #: of these, the children of this host now
        #: When `enforce` has something to do, monotonic; None: not before somebody asks for something. An attribute
        #: that is kept up, since the host asks at each turn of its loop, of each attempt.
        self.due_at: float | None = None
        self._plan()

    @property
    def main_is_dead(self) -> bool:
        """Whether the main process has been waited for."""
        return self._status is not None

    @property
    def was_killed_by_another(self) -> bool:
        """Whether the main process died of KILL that this host did not send, and no limit of its own explains."""
        is_killed = (
            self._status is not None and os.WIFSIGNALED(self._status) and os.WTERMSIG(self._status) == signal.SIGKILL
        )
        return is_killed and not self._killed and self._exceeded is None

    @property
    def is_paused(self) -> bool:
        """Whether it stands still, or is about to."""
        return self._pause is not None and self._pause.is_on

    def enforce(self, now: float) -> None:
        """Do what is due: a limit, the end of the grace, another round of KILL, a look at what is to stand still."""
        if self._pause is not None and self._pause.is_on:
            self._pause.look(now)
        else:
            self._enforce_limits(now)
        self._plan()

    # --- pausing ------------------------------------------------------------------------------------------

    def pause(self, now: float) -> None:
        """Have the whole tree stand still, and its clocks with it; what is being ended goes on ending."""
        if self.stopped_for is None and not self.main_is_dead:
            if self._pause is None:
                self._pause = Pause(self.pid, self._leaf)
            self._pause.begin(now)
            self._plan()

    def resume(self, now: float) -> None:
        """Let the tree go on."""
        if self._pause is not None and self._pause.is_on:
            self._clocks.shift(self._pause.end(now))
            if self._meter is not None:
                self._meter.look_at = now
            self._plan()

    def take_still(self) -> bool:
        """Whether the tree has come to a stand since this was asked last."""
        return self._pause is not None and self._pause.take_still()

    def tell_still_again(self) -> None:
        """Have `take_still` tell once more, to a scheduler that may not have heard it."""
        if self._pause is not None:
            self._pause.is_told = False

    # --- ending -------------------------------------------------------------------------------------------

    def end(self, reason: str, grace: float | None = None) -> None:
        """Ask the whole tree to end; what still lives after the grace is killed.

        Only the first reason counts. `grace` is seconds; None: its own. Asked again, it can only become shorter.
        """
        now = time.monotonic()
        if self.main_is_dead:
            return
        if self.stopped_for is not None:
            if grace is not None and self._kill_at is not None:
                self._kill_at = min(self._kill_at, now + grace)
        else:
            self.stopped_for = reason
            self._ask_to_end(now, self._grace if grace is None else grace)
        self._plan()

    def main_died(self, status: int, usage: resource.struct_rusage) -> None:
        """Take what wait4 said of the main process."""
        now = time.monotonic()
        self.ended_at = time.time()
        if self._pause is not None and self._pause.is_on:
            self._clocks.shift(self._pause.leave(now))
        self.duration = now - self._clocks.began
        self._status = status
        self._usage = usage
        if self._meter is not None and self.stopped_for is None:
            self._found(self._meter.found_at_the_end(status, usage.ru_utime + usage.ru_stime))
        self._plan()

    def sweep(self, leftovers: list[int]) -> None:
        """End what the dead main process left behind: `leftovers` are this host's children now, and may have more below."""
        self._leftovers = leftovers
        new = self._tree() - self._left_behind
        self._left_behind |= new
        if self._kill_at is None:
            self._kill_at = time.monotonic() + min(self._grace, LEFTOVER_GRACE)
        for pid in new:
            processes.ask_to_end(pid)
        self._plan()

    def is_swept(self) -> bool:
        """Whether nothing that carries the mark lives; asked only when this host has no unknown child any more."""
        return self._kill_at is None or not processes.marked({self.mark})

    def facts(self, folder: str) -> dict[str, Any]:
        """Return the facts of the end; asked once, when everything is over."""
        status, usage = self._status, self._usage
        if status is None or usage is None:
            raise RuntimeError(f"attempt {self.id} has not ended")
        signalled = os.WIFSIGNALED(status)
        exit_code = None if signalled else os.WEXITSTATUS(status)
        said = words.take(folder, self.id)
        facts: dict[str, Any] = {
            "exit_code": exit_code,
            "signal": os.WTERMSIG(status) if signalled else None,
            "stopped_for": self.stopped_for,
            "error": said.get("error") if exit_code else None,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "duration": self.duration,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_memory": self._peak(usage),
            "output_bytes": self.capture.written,
            "output_dropped": self.capture.dropped,
            "output": self.output,
            "left_behind": len(self._left_behind),
        }
        if exit_code == 0 and "end_request" in said:
            facts["end_request"] = said["end_request"]
        notes = self.capture.notes_with(said)
        if notes:
            facts["notes"] = notes
        if self._exceeded is not None:
            facts["stop_limit"], facts["stop_value"] = self._exceeded.limit, self._exceeded.value
        if signalled and os.WCOREDUMP(status):
            facts["core_dumped"] = True
        if self.out_of_memory:
            facts["out_of_memory"] = True
        if self._pause is not None:
            facts["paused_seconds"] = self._pause.seconds
        return facts

    def clean_up(self) -> None:
        """Remove what was only for the attempt itself; asked once, when everything is over."""
        if self._stop_note:
            with suppress(OSError):
                os.unlink(markers.stop_path(self._folder, self.id))
        if self._leaf is not None:
            self._leaf.remove()

    def _plan(self) -> None:
        if self._pause is not None and self._pause.is_on:
            self.due_at = self._pause.look_at
            return
        self.due_at = self._clocks.end_at if self._kill_at is None else self._kill_at
        if self._meter is not None and not self.main_is_dead:
            look_at = self._meter.look_at
            self.due_at = look_at if self.due_at is None else min(self.due_at, look_at)

    def _enforce_limits(self, now: float) -> None:
        if self._meter is not None and self._meter.look_at <= now and not self.main_is_dead:
            exceeded = self._meter.look(now)
            if exceeded is not None:
                self._end_at(exceeded, now)
        if self._kill_at is None:
            exceeded = None if self.main_is_dead else self._clocks.exceeded(now)
            if exceeded is not None:
                self._end_at(exceeded, now)
        elif self._kill_at <= now:
            self._kill_tree()
            self._kill_at = now + _KILL_AGAIN

    def _end_at(self, exceeded: Exceeded, now: float) -> None:
        if self.stopped_for is None:
            self.stopped_for = exceeded.cause
            self._exceeded = exceeded
            if not exceeded.at_once:
                self._ask_to_end(now, self._grace)
                return
        if exceeded.at_once:
            self._kill_tree()
            self._kill_at = now + _KILL_AGAIN

    def _ask_to_end(self, now: float, grace: float) -> None:
        self._kill_at = now + grace
        if not self._has_begun():
            # Nothing of the task has begun, and nobody in there would hear TERM: Python drops what arrives at a fork.
            self._killed = True
            processes.send(self.pid, signal.SIGKILL)
        else:
            self._leave_stop_note()
            for pid in self._tree():
                processes.ask_to_end(pid)
        if self._pause is not None and self._pause.is_on:  # TERM waits for them: what goes on does so only to end
            self._clocks.shift(self._pause.end(now))

    def _leave_stop_note(self) -> None:
        """Write down why, where the attempt's own code can read it; a disk that takes no more is no reason to wait."""
        self._stop_note = True
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with suppress(OSError):
            note = os.open(markers.stop_path(self._folder, self.id), flags, 0o600)
            try:
                os.write(note, str(self.stopped_for).encode(errors="backslashreplace"))
            finally:
                os.close(note)

    def _found(self, exceeded: Exceeded | None) -> None:
        if exceeded is not None:
            self.stopped_for, self._exceeded = exceeded.cause, exceeded

    def _peak(self, usage: resource.struct_rusage) -> int:
        alone = max(usage.ru_maxrss * 1024 - self._baseline, 0)
        return alone if self._meter is None else max(alone, self._meter.peak)

    def _has_begun(self) -> bool:
        """Whether code of the task may run already."""
        try:
            return markers.read_open(self.marker).pid is not None
        except OSError:  # the disk fails, and it may well have
            return True

    def _tree(self) -> set[int]:
        # The pids of children are safe to use: they stay theirs until this host has waited for them.
        own = self._leftovers if self.main_is_dead else [self.pid]
        # The mark finds what has left the tree, the tree what has shed the mark.
        found = set(trees.below(own)) - set(own)
        return {*processes.marked({self.mark}), *own, *(pid for pid in found if trees.is_alive(pid))}

    def _kill_tree(self) -> None:
        """Kill until a look shows nobody new, so that what keeps forking cannot stay ahead."""
        self._killed = True
        if self._leaf is not None:
            self._leaf.kill()
        killed: set[int] = set()
        for _ in range(_MOST_LOOKS):
            new = self._tree() - killed
            if not new:
                return
            for pid in new:
                processes.send(pid, signal.SIGKILL)
            killed |= new
