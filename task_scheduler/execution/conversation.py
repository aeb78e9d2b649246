"""The host's side of the connection to the scheduler: orders in, messages out.

The newest connection that says hello takes the place of the one before, whose orders stay unread from then on: a
scheduler that has a successor starts nothing any more.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import json
import time

from task_scheduler.execution.complaints import complain
from task_scheduler.execution.newcomers import Newcomers, read_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

    from task_scheduler.execution.poller import Poller

_READ = 65_536


class Conversation:
    """The connection to the newest scheduler, or the wait for one."""

    def __init__(
        self,
        listener: socket.socket,
        poller: Poller,
        *,
        on_hello: Callable[[], None],
        on_order: Callable[[dict[str, Any]], None],
        on_parting: Callable[[], None],
    ) -> None:
        """`on_hello` is to tell everything; `on_order` gets every other order; `on_parting` hears of each lost one."""
        self._listener = listener
        self._poller = poller
        self._on_hello = on_hello
        self._on_order = on_order
        self._on_parting = on_parting
        self._connection: socket.socket | None = None
        self._newcomers = Newcomers(poller.unwatch)
        self._received = b""
        self._outbox = b""
        self._is_choked = False  #: the scheduler reads too slowly: epoll tells when it takes more
        listener.settimeout(0)
        poller.watch(listener.fileno(), self._accept)

    @property
    def is_connected(self) -> bool:
        """Whether there is a scheduler."""
        return self._connection is not None

    @property
    def has_unsent(self) -> bool:
        """Whether something is still to be sent."""
        return bool(self._outbox)

    def deadlines(self) -> list[float]:
        """Return when connections that have not said who they are will be closed, monotonic."""
        return self._newcomers.deadlines()

    def hear(self) -> None:
        """Let the newest connection that says hello take the place of all older ones; close those that stay silent."""
        greeted = self._newcomers.hear(time.monotonic())
        if greeted is None:
            return
        self._disconnect()
        self._connection, further = greeted
        self._poller.hand_to(self._connection.fileno(), self._receive)
        self._on_hello()
        self._take(further)

    def tell(self, message: dict[str, Any]) -> None:
        """Say something with the next flush; to nobody when there is no scheduler."""
        if self._connection is not None:
            self._outbox += json.dumps(message).encode() + b"\n"

    def flush(self) -> None:
        """Send what was said, as far as the scheduler takes it."""
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
            self._poller.also_when_writable(self._connection.fileno(), wanted=self._is_choked)

    def _accept(self) -> None:
        while True:
            try:
                newest, _ = self._listener.accept()
            except OSError:  # nobody else, or no descriptor left for them just now
                return
            newest.settimeout(0)
            self._poller.watch(newest.fileno(), self.hear)
            self._newcomers.add(newest, time.monotonic())

    def _disconnect(self) -> None:
        if self._connection is None:
            return
        self._poller.unwatch(self._connection.fileno())
        self._connection.close()
        self._connection = None
        self._is_choked = False
        self._received = self._outbox = b""
        self._on_parting()

    def _receive(self) -> None:
        connection = self._connection
        self._accept()
        self.hear()  # first: somebody newer may have come since the poller looked
        if self._connection is None or self._connection is not connection:
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
            if order["do"] == "hello":
                self._on_hello()
            else:
                self._on_order(order)
