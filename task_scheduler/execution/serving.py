"""The host's loop: takes orders from the newest scheduler, forks attempts, pumps their output, enforces their limits.

It never waits for anything but epoll. Without a scheduler it goes on alone: whatever runs is limited, collected and
put on record in its marker as before.

Runs in hosts: standard library only, Python 3.8 or later, and as little of it as will do: every page this process
touches after a fork is copied.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import json
import os
import select
import signal
import socket
import time
from contextlib import suppress
from functools import partial

from task_scheduler.execution import child, faults, markers, processes
from task_scheduler.execution.capture import Capture
from task_scheduler.execution.complaints import complain
from task_scheduler.execution.hosted import HostedAttempt
from task_scheduler.execution.newcomers import Newcomers, read_order
from task_scheduler.execution.programs import Programs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: A begin is told this many seconds late, so that a short attempt's begin and end are one message.
BEGIN_HELD = 0.02
#: How often a host without work looks whether anybody still wants it, in seconds.
IDLE_LOOK = 5.0
#: Orders already carried out that are remembered, should one arrive twice.
_MOST_SEEN = 10_000
_READ = 65_536
#: Descriptors one attempt needs (marker, two pipes, output), and those open for a moment beside them.
_DESCRIPTORS_EACH = 4
_DESCRIPTORS_BESIDES = 16
TOLD_TO_END = "its host was told to end"


class Host:
    """Serves one folder: its socket, and the markers of the attempts it was given."""

    def __init__(self, *, folder: str, listener: socket.socket, idle_after: float, baseline: int) -> None:
        self._folder = folder
        self._listener = listener
        self._idle_after = idle_after
        self._baseline = baseline
        self._programs = Programs()
        self._connection: socket.socket | None = None
        self._newcomers = Newcomers(self._unwatch)
        self._received = b""
        self._outbox = b""
        self._is_choked = False  #: the scheduler reads too slowly: epoll tells when it takes more
        self._held_begins: dict[str, float] = {}  #: attempts whose begin is still to be told, and when, monotonic
        self._attempts: dict[str, HostedAttempt] = {}
        self._by_pid: dict[int, HostedAttempt] = {}
        self._sweeping: list[HostedAttempt] = []
        self._ended: dict[str, dict[str, Any]] = {}  #: facts of ends the scheduler has not told us to forget
        self._seen: dict[str, None] = {}
        self._leaving = False
        self._idle_since = time.monotonic()
        self._epoll = select.epoll()
        self._on_ready: dict[int, Callable[[], None]] = {}
        self._child_died = False
        self._wake, wake = os.pipe()
        _never_wait(self._wake)
        _never_wait(wake)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, self._note_child)
        signal.signal(signal.SIGTERM, self._note_end)
        self._told_to_end = False
        self._leaving_is_told = False
        self._most_attempts = 0  #: at any one time so far
        self._highest_at_start = max(int(name) for name in os.listdir("/proc/self/fd"))
        listener.settimeout(0)
        self._watch(listener.fileno(), self._accept)
        self._watch(self._wake, self._woken)

    def serve(self) -> None:
        """Go on until there is nothing to do and nobody to do it for."""
        while not self._is_done():
            ready = self._epoll.poll(self._until_next())
            descriptors = [descriptor for descriptor, _ in ready]
            if self._listener.fileno() in descriptors:
                self._accept()
            self._hear_newcomers()  # first: orders of a scheduler that has a successor are never carried out
            for descriptor in descriptors:
                handler = self._on_ready.get(descriptor)
                if handler is not None and descriptor != self._listener.fileno():
                    handler()
            self._reap()
            self._enforce(time.monotonic())
            self._flush()

    # --- the connection -----------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                newest, _ = self._listener.accept()
            except OSError:  # nobody else, or no descriptor left for them just now
                return
            newest.settimeout(0)
            self._watch(newest.fileno(), self._hear_newcomers)
            self._newcomers.add(newest, time.monotonic())

    def _hear_newcomers(self) -> None:
        """Let the newest connection that says hello take the place of all older ones, whose orders stay unread."""
        greeted = self._newcomers.hear(time.monotonic())
        if greeted is None:
            return
        self._disconnect()
        self._connection, further = greeted
        self._on_ready[self._connection.fileno()] = self._receive
        self._tell_all()
        self._take(further)

    def _disconnect(self) -> None:
        if self._connection is None:
            return
        self._unwatch(self._connection.fileno())
        self._connection.close()
        self._connection = None
        self._is_choked = False
        self._received = self._outbox = b""
        self._held_begins.clear()
        self._idle_since = time.monotonic()
        for attempt in self._ended:  # while it was connected, ends went to the disk with its commits
            try:
                markers.sync(self._folder, attempt)
            except OSError as error:
                complain(f"the end of attempt {attempt} could not be put on disk: {error}")

    def _receive(self) -> None:
        if self._connection is None:
            return
        try:
            data = self._connection.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._disconnect()
            return
        self._take(data)

    def _take(self, data: bytes) -> None:
        """Obey the orders in what the scheduler sent; whoever sends anything else is no scheduler."""
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            order = read_order(line)
            if order is None:
                complain(f"a connection that gave no order is closed: {line[:80]!r}")
                self._disconnect()
                return
            self._obey(order)

    def _obey(self, order: dict[str, Any]) -> None:
        do = order["do"]
        if do == "hello":
            self._tell_all()
        elif do == "start":
            self._start(order)
        elif do == "terminate":
            attempt = self._attempts.get(order["attempt"])
            if attempt is not None:
                attempt.end(order["reason"])
        elif do == "forget":
            for name in order["attempts"]:
                self._ended.pop(str(name), None)
        elif do == "retire":
            self._leaving = True

    def _tell_all(self) -> None:
        running = []
        for attempt in self._attempts.values():
            self._held_begins.pop(attempt.id, None)
            running.append(_begin_of(attempt))
        ended = [{"attempt": name, "exit": facts} for name, facts in self._ended.items()]
        self._tell({"is": "hello", "running": running, "ended": ended})

    def _tell(self, message: dict[str, Any]) -> None:
        if self._connection is not None:
            self._outbox += json.dumps(message).encode() + b"\n"

    def _flush(self) -> None:
        for attempt in self._attempts.values():
            try:
                attempt.capture.flush()
            except OSError as error:
                complain(f"the output of attempt {attempt.id} could not be kept: {error}")
        if not self._outbox or self._connection is None:
            return
        try:
            sent = self._connection.send(self._outbox)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._disconnect()
            return
        self._outbox = self._outbox[sent:]
        if bool(self._outbox) != self._is_choked:
            self._is_choked = bool(self._outbox)
            events = select.EPOLLIN | select.EPOLLOUT if self._is_choked else select.EPOLLIN
            self._epoll.modify(self._connection.fileno(), events)

    # --- beginning ----------------------------------------------------------------------------------------

    def _start(self, order: dict[str, Any]) -> None:
        name = order["attempt"]
        if name in self._seen or self._told_to_end:
            return
        self._remember(name)
        opened: list[int] = []
        try:
            opened.append(markers.create(self._folder, name))
            faults.point("after-start-marker")
            for _ in range(2):
                opened.extend(os.pipe())
            self._fork(order, *opened)
        except FileExistsError:
            return  # made void by a scheduler that settled, or begun before
        except Exception as error:  # noqa: BLE001 - one order that cannot be carried out must not end the others
            reason = f"its host could not start it: {error}"
            with suppress(OSError):  # that it never begins is decided by the marker alone
                if opened:
                    markers.write_void(opened[0], reason)
            for descriptor in opened:
                with suppress(OSError):
                    os.close(descriptor)
            self._tell({"is": "refused", "attempt": name, "reason": reason})

    def _fork(self, order: dict[str, Any], marker: int, out: int, stdout: int, err: int, stderr: int) -> None:
        self._most_attempts = max(self._most_attempts, len(self._attempts) + 1)
        host = os.getpid()
        baseline = self._baseline + sum(attempt.capture.held for attempt in self._attempts.values())
        program = self._programs.make_ready(order)
        gc.freeze()  # what the child's collector does not look at is not copied
        pid = os.fork()
        if pid == 0:
            self._drop_signals()
            child.become(
                order,
                program,
                folder=self._folder,
                host=host,
                marker=marker,
                stdout=stdout,
                stderr=stderr,
                highest=self._highest_descriptor(),
            )
        os.close(stdout)
        os.close(stderr)
        faults.point("after-fork")
        capture = Capture(order["output"], order["limit"], out, err)
        attempt = HostedAttempt(order, pid=pid, marker=marker, capture=capture, baseline=baseline)
        self._attempts[attempt.id] = attempt
        self._by_pid[pid] = attempt
        self._held_begins[attempt.id] = time.monotonic() + BEGIN_HELD
        for descriptor in (out, err):
            _never_wait(descriptor)
            self._watch(descriptor, partial(self._pump, capture, descriptor))

    def _highest_descriptor(self) -> int:
        """Return a bound of the descriptors that may be open: the kernel gives out the lowest that is free."""
        return self._highest_at_start + _DESCRIPTORS_EACH * self._most_attempts + _DESCRIPTORS_BESIDES

    @staticmethod
    def _drop_signals() -> None:
        """Give up the host's handlers in a fresh child."""
        # Below `signal`, which makes an enum of each answer: a hundred pages touched, and copied, for nothing.
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)

    def _remember(self, name: str) -> None:
        self._seen[name] = None
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]

    def _tell_begin(self, attempt: HostedAttempt) -> None:
        if self._held_begins.pop(attempt.id, None) is not None:
            self._tell({"is": "started", **_begin_of(attempt)})

    # --- running ------------------------------------------------------------------------------------------

    def _pump(self, capture: Capture, descriptor: int) -> None:
        if not capture.read(descriptor):
            self._on_ready.pop(descriptor, None)  # closed, so epoll has let it go

    def _enforce(self, now: float) -> None:
        for attempt in list(self._attempts.values()):
            due = attempt.deadline()
            if due is not None and due <= now:
                attempt.enforce(now)
                if attempt.main_is_dead:
                    self._sweep()
            attempt.capture.flush_pending(now)
        for name, due in list(self._held_begins.items()):
            if due <= now:
                self._tell_begin(self._attempts[name])
        if self._told_to_end:
            if not self._leaving_is_told:
                self._leaving_is_told = True
                self._tell({"is": "told to end", "attempts": len(self._attempts)})
            self._leaving = True
            for attempt in self._attempts.values():
                attempt.end(TOLD_TO_END)

    def _until_next(self) -> float | None:
        """Return seconds until something is due, None for never."""
        due = [*self._held_begins.values(), *self._newcomers.deadlines()]
        for attempt in self._attempts.values():
            moments = (attempt.deadline(), attempt.capture.pending_until())
            due.extend(moment for moment in moments if moment is not None)
        if due:
            return max(min(due) - time.monotonic(), 0.0)
        return IDLE_LOOK if self._connection is None else None

    # --- ending -------------------------------------------------------------------------------------------

    def _note_child(self, *_: object) -> None:
        self._child_died = True

    def _note_end(self, *_: object) -> None:
        self._told_to_end = True

    def _woken(self) -> None:
        os.read(self._wake, 4096)

    def _reap(self) -> None:
        if not self._child_died:
            return
        self._child_died = False
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            attempt = self._by_pid.pop(pid, None)
            if attempt is not None:
                faults.point("after-childs-end")
                attempt.main_died(status, usage)
                self._sweeping.append(attempt)
        self._sweep()

    def _sweep(self) -> None:
        """Finish the attempts that have left nothing behind, and end what the others left."""
        if not self._sweeping:
            return
        leftovers = self._leftovers()
        for attempt in list(self._sweeping):
            own = leftovers.get(attempt.id, [])
            if own or not attempt.is_swept():
                attempt.sweep(own)
            else:
                self._sweeping.remove(attempt)
                self._finish(attempt)

    def _leftovers(self) -> dict[str, list[int]]:
        """Return the children that are no attempt's main process, by the attempt that left them behind.

        A living attempt takes in its own orphans (child.py), so these come from attempts that are over; one whose
        mark tells nothing is put to the first of them.
        """
        unknown = [pid for pid in processes.children() if pid not in self._by_pid] if self._has_children() else []
        by_mark = {attempt.mark: attempt.id for attempt in self._attempts.values()}
        found: dict[str, list[int]] = {}
        for pid in unknown:
            name = by_mark.get(processes.mark_of(pid) or 0, self._sweeping[0].id)
            found.setdefault(name, []).append(pid)
        return found

    def _has_children(self) -> bool:
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def _finish(self, attempt: HostedAttempt) -> None:
        for descriptor in attempt.capture.streams:
            self._on_ready.pop(descriptor, None)
        try:
            attempt.capture.finish()
        except OSError as error:
            complain(f"the output of attempt {attempt.id} could not be finished: {error}")
        self._tell_begin(attempt)
        facts = attempt.facts(self._folder)
        faults.point("before-exit-marker")
        self._record(attempt, facts)
        faults.point("after-exit-marker")
        del self._attempts[attempt.id]
        self._ended[attempt.id] = facts
        self._tell({"is": "ended", "attempt": attempt.id, "exit": facts})
        self._idle_since = time.monotonic()

    def _record(self, attempt: HostedAttempt, facts: dict[str, Any]) -> None:
        try:
            markers.write_end(attempt.marker, json.dumps(facts).encode())
            if self._connection is None:
                os.fsync(attempt.marker)
                markers.sync(self._folder)
        except OSError as error:  # a full disk: the scheduler is told all the same
            complain(f"the end of attempt {attempt.id} could not be put on disk: {error}")
        with suppress(OSError):
            os.close(attempt.marker)

    def _is_done(self) -> bool:
        if self._attempts:
            return False
        if self._leaving:
            return not self._outbox
        if self._connection is not None or self._newcomers.deadlines():
            return False
        idle = time.monotonic() - self._idle_since
        return idle > self._idle_after or not os.path.isdir(self._folder)

    # --- epoll --------------------------------------------------------------------------------------------

    def _watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        self._on_ready[descriptor] = handler
        self._epoll.register(descriptor, select.EPOLLIN)

    def _unwatch(self, descriptor: int) -> None:
        del self._on_ready[descriptor]
        self._epoll.unregister(descriptor)


def _never_wait(descriptor: int) -> None:
    os.set_blocking(descriptor, False)


def _begin_of(attempt: HostedAttempt) -> dict[str, Any]:
    start = None
    with suppress(OSError):
        start = markers.read_open(attempt.marker).start
    return {"attempt": attempt.id, "pid": attempt.pid, "start": start, "started_at": attempt.started_at}
