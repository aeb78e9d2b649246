"""How orders become attempts: the marker first, which decides that it begins, then the pipes, then the fork.

What came together is begun together, step by step: after a fork each page this process touches is copied, so the fewer
pages it touches between two forks, the less they cost (measured: 363 pages a run one by one, 214 in groups).

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import os
import time
from contextlib import suppress

from task_scheduler import known_secrets
from task_scheduler.execution import child, faults, fresh, markers, trees
from task_scheduler.execution.capture import Capture
from task_scheduler.execution.cgroups import Groups
from task_scheduler.execution.hosted import HostedAttempt
from task_scheduler.execution.limits import needs_meter, wants_groups
from task_scheduler.this_run import STOP_NOTE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from task_scheduler.execution.cgroups import Leaf
    from task_scheduler.execution.programs import Program, Programs

#: The `start_method` of an attempt that wants an interpreter of its own; `core.tasks.StartMethod.SPAWN` there.
SPAWN = "spawn"
#: Orders already carried out that are remembered, should one arrive twice.
_MOST_SEEN = 10_000
#: Attempts begun together, at most: the first of them waits while the others are prepared.
MOST_TOGETHER = 16
#: Descriptors one attempt needs (marker, both ends of two pipes, an order or output), and those beside them.
_DESCRIPTORS_EACH = 6
_DESCRIPTORS_BESIDES = 16


class CannotBegin(Exception):
    """An attempt cannot be begun, and never will be: its marker says so, or nobody could make one."""

    def __init__(self, attempt: str, reason: str) -> None:
        super().__init__(reason)
        self.attempt = attempt


class _Prepared:
    """An attempt on its way to its fork."""

    __slots__ = ("began", "held", "leaf", "opened", "order", "pid", "program", "refusal", "started_at")

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.opened: list[
            int
        ] = []  #: marker, read and write end of stdout's pipe and of stderr's, and a fresh one's order
        self.leaf: Leaf | None = None
        self.program: Program | None = None  #: None: a fresh interpreter reads it
        self.pid = 0
        self.held = 0  #: bytes this process held just before the fork that the fork holds too; of one with a meter
        self.began = 0.0  #: monotonic
        self.started_at = 0.0
        self.refusal: CannotBegin | None = None

    def give_up(self, error: Exception) -> None:
        """Undo what was prepared. That it never begins is decided by the marker alone."""
        reason = f"its host could not start it: {error}"
        with suppress(OSError):
            if self.opened:
                markers.write_void(self.opened[0], reason)
        for descriptor in self.opened:
            with suppress(OSError):
                os.close(descriptor)
        if self.leaf is not None:
            self.leaf.remove()
        self.refusal = CannotBegin(self.order["attempt"], reason)


class Beginnings:
    """Begins the attempts of one host."""

    def __init__(
        self,
        *,
        folder: str,
        root: str,
        lib: str,
        programs: Programs,
        baseline: int,
        fresh_baseline: int,
        fresh_held: int,
    ) -> None:
        """Take how many bytes a fork of this process has in memory, and a fresh interpreter, before any code of a task.

        `fresh_held` is how many of the latter are no copy of a file (`trees.held`).
        """
        self._folder = folder
        self._root = root
        self._lib = lib
        self._programs = programs
        self._baseline = baseline
        self._fresh_baseline = fresh_baseline
        self._fresh_held = fresh_held
        self._own_at_start = trees.own_anonymous()
        self._groups = Groups(folder)
        self._seen: dict[str, None] = {}
        self._most_attempts = 0  #: at any one time so far
        self._highest_at_start = 0  #: descriptor open when the first attempt was begun

    def begin(self, orders: list[dict[str, Any]], *, others: int, held: int) -> list[HostedAttempt | CannotBegin]:
        """Begin attempts; return them in the order of their orders, each that cannot begin as what says so.

        One that was begun, or made void, before is left out. `others` is how many attempts there are now, and `held`
        how much memory is kept for them, in bytes, that forks do not have.
        """
        if not self._highest_at_start:
            self._highest_at_start = max(int(name) for name in os.listdir("/proc/self/fd"))
        self._most_attempts = max(self._most_attempts, others + len(orders))
        prepared = [one for order in orders for one in self._prepare(order)]
        grown = trees.own_anonymous() - held - self._own_at_start if prepared else 0
        gc.freeze()  # what the child's collector does not look at is not copied
        for one in prepared:
            self._fork(one, held)
        return [self._follow(one, max(grown, 0)) for one in prepared]

    def _prepare(self, order: dict[str, Any]) -> list[_Prepared]:
        """Decide that an attempt begins, and have ready what its process needs; nothing when it was decided before."""
        name = order["attempt"]
        if name in self._seen:
            return []
        self._remember(name)
        one = _Prepared(order)
        order["words"] = markers.words_path(self._folder, name)
        order["stop note"] = markers.stop_path(self._folder, name)
        order["environment"][STOP_NOTE] = order["stop note"]
        try:
            faults.point("before-start-marker")
            one.opened.append(markers.create(self._folder, name))
            faults.point("after-start-marker")
            for _ in range(2):
                one.opened.extend(os.pipe())
            one.leaf = self._give_groups(order)
            if order["start_method"] == SPAWN or _must_not_inherit(order):
                one.opened.append(fresh.hand_over(order, folder=self._folder, root=self._root, lib=self._lib))
            else:
                one.program = self._programs.load(order)
        except FileExistsError:
            return []  # made void by a scheduler that settled, or begun before
        except Exception as error:  # noqa: BLE001 - whatever it is, the scheduler is to hear of it
            one.give_up(error)
        return [one]

    def _give_groups(self, order: dict[str, Any]) -> Leaf | None:
        """Make the control groups of an attempt that wants some, and put into its order how it enters them."""
        if not wants_groups(order):
            return None
        leaf = self._groups.leaf(order["attempt"], order.get("memory"))
        order["groups"] = [] if leaf is None else leaf.doors()
        return leaf

    def _fork(self, one: _Prepared, held: int) -> None:
        if one.refusal is not None:
            return
        host = os.getpid()
        order = one.order
        try:
            if needs_meter(order):
                one.held = self._fresh_held if one.program is None else max(trees.held([host]) - held, 0)
            one.pid = os.fork()
        except Exception as error:  # noqa: BLE001 - as above
            one.give_up(error)
            return
        if one.pid == 0:
            _drop_signals()
            marker, _, stdout, _, stderr, *given = one.opened
            child.become(
                order,
                one.program,
                folder=self._folder,
                lib=self._lib,
                host=host,
                marker=marker,
                stdout=stdout,
                stderr=stderr,
                given=given[0] if given else None,
                highest=self._highest_descriptor(),
            )
        one.began = time.monotonic()
        one.started_at = time.time()

    def _follow(self, one: _Prepared, grown: int) -> HostedAttempt | CannotBegin:
        if one.refusal is not None:
            return one.refusal
        marker, out, stdout, err, stderr, *given = one.opened
        for descriptor in (stdout, stderr, *given):
            os.close(descriptor)
        faults.point("after-fork")
        for descriptor in (out, err):
            os.set_blocking(descriptor, False)
        return HostedAttempt(
            one.order,
            folder=self._folder,
            pid=one.pid,
            began=one.began,
            started_at=one.started_at,
            marker=marker,
            capture=Capture(one.order["output"], one.order["limit"], out, err),
            baseline=self._fresh_baseline if given else self._baseline + grown,
            held=one.held,
            leaf=one.leaf,
        )

    def _highest_descriptor(self) -> int:
        """Return a bound of the descriptors that may be open: the kernel gives out the lowest that is free."""
        return self._highest_at_start + _DESCRIPTORS_EACH * self._most_attempts + _DESCRIPTORS_BESIDES

    def _remember(self, name: str) -> None:
        self._seen[name] = None
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]


def _must_not_inherit(order: dict[str, Any]) -> bool:
    """Whether an attempt is to have nothing of this process's memory: another user may not read the file of secrets."""
    return order.get("user") is not None and known_secrets.mask() is not None


def _drop_signals() -> None:
    """Give up the host's handlers in a fresh child."""
    # Below `signal`, which makes an enum of each answer: a hundred pages touched, and copied, for nothing.
    _signal.set_wakeup_fd(-1)
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
