"""The host's loop: takes orders from the newest scheduler, begins attempts, pumps their output, enforces their limits.

It never waits for anything but its poller. Without a scheduler it goes on alone: whatever runs is limited, collected
and put on record in its marker as before.

Runs in hosts: standard library only, Python 3.8 or later, and as little of it as will do: every page this process
touches after a fork is copied.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from functools import partial

from task_scheduler import known_secrets
from task_scheduler.execution import faults, markers
from task_scheduler.execution.beginning import MOST_TOGETHER, CannotBegin
from task_scheduler.execution.complaints import complain
from task_scheduler.execution.conversation import Conversation
from task_scheduler.execution.endings import Endings
from task_scheduler.execution.poller import Poller

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from task_scheduler.execution.beginning import Beginnings
    from task_scheduler.execution.capture import Capture
    from task_scheduler.execution.hosted import HostedAttempt

#: A begin is told this many seconds late, so that a short attempt's begin and end are one message.
BEGIN_HELD = 0.02
#: How often a host without work looks whether anybody still wants it, in seconds.
IDLE_LOOK = 5.0
#: What this host can do that one of an older program cannot.
ABILITIES = ("pause", "secrets")
TOLD_TO_END = "its host was told to end"


class Host:
    """Serves one folder: its socket, and the markers of the attempts it was given."""

    def __init__(self, *, folder: str, listener: socket.socket, idle_after: float, beginnings: Beginnings) -> None:
        self._folder = folder
        self._idle_after = idle_after
        self._beginnings = beginnings
        self._endings = Endings(self._finish)
        self._poller = Poller()
        self._conversation = Conversation(
            listener, self._poller, on_hello=self._tell_all, on_order=self._obey, on_parting=self._go_on_alone
        )
        self._orders: list[dict[str, Any]] = []  #: to begin attempts, not yet carried out
        self._attempts: dict[str, HostedAttempt] = {}
        self._held_begins: dict[str, float] = {}  #: attempts whose begin is still to be told, and when, monotonic
        self._ended: dict[str, dict[str, Any]] = {}  #: facts of ends the scheduler has not told us to forget
        self._idle_since = time.monotonic()
        self._leaving = False
        self._leaving_is_told = False
        self._told_to_end = False
        self._child_died = False
        self._wake, wake = os.pipe()
        for descriptor in (self._wake, wake):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, self._note_child)
        signal.signal(signal.SIGTERM, self._note_end)
        self._poller.watch(self._wake, self._woken)

    def serve(self) -> None:
        """Go on until there is nothing to do and nobody to do it for."""
        while not self._is_done():
            for descriptor in self._poller.wait(self._until_next()):
                self._poller.handle(descriptor)
            self._conversation.hear()
            self._begin_ordered()
            if self._child_died:
                self._child_died = False
                self._endings.reap()
            self._enforce(time.monotonic())
            self._flush()

    # --- the scheduler ------------------------------------------------------------------------------------

    def _obey(self, order: dict[str, Any]) -> None:
        do = order["do"]
        if do == "start":
            self._orders.append(order)
            if len(self._orders) >= MOST_TOGETHER:
                self._begin_ordered()
            return
        self._begin_ordered()  # what comes now may be about one of them
        if do == "terminate":
            attempt = self._attempts.get(order["attempt"])
            if attempt is not None:
                attempt.end(order["reason"], order.get("grace"))
        elif do in ("pause", "resume"):
            self._pause(order["attempt"], wanted=do == "pause")
        elif do == "forget":
            for name in order["attempts"]:
                self._ended.pop(str(name), None)
        elif do == "retire":
            self._leaving = True
        elif do == "secrets":  # also of attempts under way: from what is read next
            self._learn(order["values"])

    def _learn(self, values: list[Any]) -> None:
        known_secrets.know({str(value) for value in values})
        mask = known_secrets.mask()
        if mask is not None:
            mask.prepare()

    def _tell_all(self) -> None:
        self._begin_ordered()  # what is not told as running now is taken for never received
        running = []
        for attempt in self._attempts.values():
            self._held_begins.pop(attempt.id, None)
            running.append({**_begin_of(attempt), "output": attempt.output, "notes": attempt.capture.notes()})
            attempt.tell_still_again()
        ended = [{"attempt": name, "exit": facts} for name, facts in self._ended.items()]
        self._conversation.tell({"is": "hello", "running": running, "ended": ended, "does": ABILITIES})

    def _go_on_alone(self) -> None:
        """Put on the disk what the scheduler's commits no longer stand for."""
        self._held_begins.clear()
        self._idle_since = time.monotonic()
        for attempt in self._ended:
            try:
                markers.sync(self._folder, attempt)
            except OSError as error:
                complain(f"the end of attempt {attempt} could not be put on disk: {error}")

    def _flush(self) -> None:
        for attempt in self._attempts.values():
            try:
                attempt.capture.flush()
            except OSError as error:
                complain(f"the output of attempt {attempt.id} could not be kept: {error}")
        self._conversation.flush()

    # --- beginning ----------------------------------------------------------------------------------------

    def _begin_ordered(self) -> None:
        """Begin the attempts that were ordered since this was last done."""
        orders, self._orders = self._orders, []
        if not orders or self._told_to_end:
            return
        held = sum(attempt.capture.held for attempt in self._attempts.values())
        for begun in self._beginnings.begin(orders, others=len(self._attempts), held=held):
            if isinstance(begun, CannotBegin):
                self._conversation.tell({"is": "refused", "attempt": begun.attempt, "reason": str(begun)})
            else:
                self._take_in(begun)

    def _take_in(self, attempt: HostedAttempt) -> None:
        self._attempts[attempt.id] = attempt
        self._endings.expect(attempt)
        self._held_begins[attempt.id] = time.monotonic() + BEGIN_HELD
        for descriptor in attempt.capture.streams:
            self._poller.watch(descriptor, partial(self._pump, attempt.capture, descriptor))

    def _tell_begin(self, attempt: HostedAttempt) -> None:
        if self._held_begins.pop(attempt.id, None) is not None:
            self._conversation.tell({"is": "started", **_begin_of(attempt)})

    def _pause(self, name: str, *, wanted: bool) -> None:
        attempt = self._attempts.get(name)
        if attempt is None:
            return
        self._tell_begin(attempt)
        if wanted:
            attempt.pause(time.monotonic())
            attempt.tell_still_again()  # asked again, it answers again
            self._tell_still(attempt)
            return
        attempt.resume(time.monotonic())
        self._conversation.tell({"is": "paused", "attempt": name, "paused": False})

    def _tell_still(self, attempt: HostedAttempt) -> None:
        if attempt.take_still():
            self._conversation.tell({"is": "paused", "attempt": attempt.id, "paused": True})

    # --- running ------------------------------------------------------------------------------------------

    def _pump(self, capture: Capture, descriptor: int) -> None:
        if not capture.read(descriptor):
            self._poller.forget(descriptor)

    def _enforce(self, now: float) -> None:
        for attempt in list(self._attempts.values()):
            if attempt.due_at is not None and attempt.due_at <= now:
                attempt.enforce(now)
                self._tell_still(attempt)
                if attempt.main_is_dead:
                    self._endings.sweep()
            attempt.capture.flush_pending(now)
            self._tell_news(attempt, now)
        for name, due in list(self._held_begins.items()):
            if due <= now:
                self._tell_begin(self._attempts[name])
        if self._told_to_end:
            if not self._leaving_is_told:
                self._leaving_is_told = True
                self._conversation.tell({"is": "told to end", "attempts": len(self._attempts)})
            self._leaving = True
            for attempt in self._attempts.values():
                attempt.end(TOLD_TO_END)

    def _tell_news(self, attempt: HostedAttempt, now: float) -> None:
        if self._conversation.is_connected:
            notes = attempt.capture.take_news(now)
            if notes is not None:
                self._tell_begin(attempt)
                self._conversation.tell({"is": "told", "attempt": attempt.id, "notes": notes})

    def _until_next(self) -> float | None:
        """Return seconds until something is due, None for never."""
        due = [*self._held_begins.values(), *self._conversation.deadlines()]
        for attempt in self._attempts.values():
            news_at = attempt.capture.news_at() if self._conversation.is_connected else None
            moments = (attempt.due_at, attempt.capture.pending_until(), news_at)
            due.extend(moment for moment in moments if moment is not None)
        if due:
            return max(min(due) - time.monotonic(), 0.0)
        return None if self._conversation.is_connected else IDLE_LOOK

    # --- ending -------------------------------------------------------------------------------------------

    def _note_child(self, *_: object) -> None:
        self._child_died = True

    def _note_end(self, *_: object) -> None:
        self._told_to_end = True

    def _woken(self) -> None:
        os.read(self._wake, 4096)

    def _finish(self, attempt: HostedAttempt) -> None:
        for descriptor in attempt.capture.streams:
            self._poller.forget(descriptor)
        try:
            attempt.capture.finish()
        except OSError as error:
            complain(f"the output of attempt {attempt.id} could not be finished: {error}")
        self._tell_begin(attempt)
        facts = attempt.facts(self._folder)
        faults.point("before-exit-marker")
        attempt.clean_up()
        self._record(attempt, facts)
        faults.point("after-exit-marker")
        del self._attempts[attempt.id]
        self._ended[attempt.id] = facts
        self._conversation.tell({"is": "ended", "attempt": attempt.id, "exit": facts})
        self._idle_since = time.monotonic()

    def _record(self, attempt: HostedAttempt, facts: dict[str, Any]) -> None:
        try:
            markers.write_end(attempt.marker, json.dumps(facts).encode())
            if not self._conversation.is_connected:
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
            return not self._conversation.has_unsent
        if self._conversation.is_connected or self._conversation.deadlines():
            return False
        idle = time.monotonic() - self._idle_since
        return idle > self._idle_after or not os.path.isdir(self._folder)


def _begin_of(attempt: HostedAttempt) -> dict[str, Any]:
    start = None
    with suppress(OSError):
        start = markers.read_open(attempt.marker).start
    return {
        "attempt": attempt.id,
        "pid": attempt.pid,
        "start": start,
        "started_at": attempt.started_at,
        "paused": attempt.is_paused,
    }
