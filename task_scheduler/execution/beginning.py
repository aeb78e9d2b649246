"""How an order becomes an attempt: the marker first, which decides that it begins, then the pipes, then the fork.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import os
from contextlib import suppress

from task_scheduler.execution import child, faults, fresh, markers
from task_scheduler.execution.capture import Capture
from task_scheduler.execution.hosted import HostedAttempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from task_scheduler.execution.programs import Programs

#: The `start_method` of an attempt that wants an interpreter of its own; `core.tasks.StartMethod.SPAWN` there.
SPAWN = "spawn"
#: Orders already carried out that are remembered, should one arrive twice.
_MOST_SEEN = 10_000
#: Descriptors one attempt needs (marker, two pipes, output), and those open for a moment beside them.
_DESCRIPTORS_EACH = 4
_DESCRIPTORS_BESIDES = 16


class CannotBegin(Exception):
    """An attempt cannot be begun, and never will be: its marker says so, or nobody could make one."""


class Beginnings:
    """Begins the attempts of one host."""

    def __init__(
        self, *, folder: str, root: str, lib: str, programs: Programs, baseline: int, fresh_baseline: int
    ) -> None:
        """Take how many bytes a fork of this process has in memory, and a fresh interpreter, before any code of a task."""
        self._folder = folder
        self._root = root
        self._lib = lib
        self._programs = programs
        self._baseline = baseline
        self._fresh_baseline = fresh_baseline
        self._seen: dict[str, None] = {}
        self._most_attempts = 0  #: at any one time so far
        self._highest_at_start = 0  #: descriptor open when the first attempt was begun

    def begin(self, order: dict[str, Any], *, others: int, held: int) -> HostedAttempt | None:
        """Begin an attempt; None: it was begun, or made void, before. Raises CannotBegin.

        `others` is how many attempts there are now, and `held` how much memory is kept for them, in bytes.
        """
        name = order["attempt"]
        if name in self._seen:
            return None
        self._remember(name)
        if not self._highest_at_start:
            self._highest_at_start = max(int(name) for name in os.listdir("/proc/self/fd"))
        opened: list[int] = []
        try:
            opened.append(markers.create(self._folder, name))
            faults.point("after-start-marker")
            for _ in range(2):
                opened.extend(os.pipe())
            if order["start_method"] == SPAWN:
                opened.append(fresh.hand_over(order, folder=self._folder, root=self._root, lib=self._lib))
            self._most_attempts = max(self._most_attempts, others + 1)
            return self._fork(order, held, opened)
        except FileExistsError:
            return None  # made void by a scheduler that settled, or begun before
        except Exception as error:
            reason = f"its host could not start it: {error}"
            with suppress(OSError):  # that it never begins is decided by the marker alone
                if opened:
                    markers.write_void(opened[0], reason)
            for descriptor in opened:
                with suppress(OSError):
                    os.close(descriptor)
            raise CannotBegin(reason) from error

    def _fork(self, order: dict[str, Any], held: int, opened: list[int]) -> HostedAttempt:
        marker, out, stdout, err, stderr, *given = opened
        host = os.getpid()
        program = None
        if given:
            self._programs.set_variables(order)
        else:
            program = self._programs.make_ready(order)
            gc.freeze()  # what the child's collector does not look at is not copied
        pid = os.fork()
        if pid == 0:
            _drop_signals()
            child.become(
                order,
                program,
                folder=self._folder,
                lib=self._lib,
                host=host,
                marker=marker,
                stdout=stdout,
                stderr=stderr,
                given=given[0] if given else None,
                highest=self._highest_descriptor(),
            )
        for descriptor in (stdout, stderr, *given):
            os.close(descriptor)
        faults.point("after-fork")
        for descriptor in (out, err):
            os.set_blocking(descriptor, False)
        capture = Capture(order["output"], order["limit"], out, err)
        baseline = self._fresh_baseline if given else self._baseline + held
        return HostedAttempt(order, pid=pid, marker=marker, capture=capture, baseline=baseline)

    def _highest_descriptor(self) -> int:
        """Return a bound of the descriptors that may be open: the kernel gives out the lowest that is free."""
        return self._highest_at_start + _DESCRIPTORS_EACH * self._most_attempts + _DESCRIPTORS_BESIDES

    def _remember(self, name: str) -> None:
        self._seen[name] = None
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]


def _drop_signals() -> None:
    """Give up the host's handlers in a fresh child."""
    # Below `signal`, which makes an enum of each answer: a hundred pages touched, and copied, for nothing.
    _signal.set_wakeup_fd(-1)
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
