"""Connections to a host that have not yet said who they are, and what counts as an order.

Only the scheduler says hello. Whoever else connects, by accident or out of curiosity, takes nobody's place.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

#: Seconds a connection has to say hello.
HELLO_PATIENCE = 3.0
#: Connections that may be silent at a time; with a further one the oldest is closed.
MOST_NEWCOMERS = 8
_READ = 65_536
_NUMBER_OR_NONE = (int, float, type(None))
_INT_OR_NONE = (int, type(None))
_TEXT_OR_NONE = (str, type(None))
#: The orders there are, with what each must hold for the host to carry it out.
_ORDERS: dict[str, dict[str, tuple[type, ...]]] = {
    "hello": {},
    "start": {
        "attempt": (str,),
        "mark": (int,),
        "task_id": (str,),
        "path": (str,),
        "file": (str,),
        "source": (str,),
        "function": (str, type(None)),
        "arguments": (str,),
        "argv": (list,),
        "start_method": (str,),
        "output": (str,),
        "limit": (int,),
        "timeout": _NUMBER_OR_NONE,
        "grace": (int, float),
        "environment": (dict,),
    },
    "terminate": {"attempt": (str,), "reason": (str,)},
    "pause": {"attempt": (str,)},
    "resume": {"attempt": (str,)},
    "forget": {"attempts": (list,)},
    "secrets": {"values": (list,)},
    "retire": {},
}
#: What an order may hold besides: a scheduler of an older program leaves it out.
_FURTHER: dict[str, dict[str, tuple[type, ...]]] = {
    "start": {
        "deadline": _NUMBER_OR_NONE,
        "memory": _INT_OR_NONE,
        "cpu": _NUMBER_OR_NONE,
        "processes": _INT_OR_NONE,
        "nice": _INT_OR_NONE,
        "user": _TEXT_OR_NONE,
        "umask": _INT_OR_NONE,
        "directory": _TEXT_OR_NONE,
        "zone": _TEXT_OR_NONE,
    },
    "terminate": {"grace": _NUMBER_OR_NONE},
}


def read_order(line: bytes) -> dict[str, Any] | None:
    """Return the order a line holds; None: it is none."""
    try:
        order = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(order, dict) or not isinstance(order.get("do"), str):
        return None
    fields = _ORDERS.get(order["do"])
    if fields is None or not all(isinstance(order.get(name, ...), types) for name, types in fields.items()):
        return None
    further = _FURTHER.get(order["do"], {})
    return order if all(isinstance(order.get(name), types) for name, types in further.items()) else None


class Newcomers:
    """The connections that have not said hello, the oldest first."""

    def __init__(self, unwatch: Callable[[int], None]) -> None:
        """`unwatch` is called with the descriptor of each connection that is about to be closed."""
        self._unwatch = unwatch
        self._waiting: list[_Newcomer] = []

    def add(self, connection: socket.socket, now: float) -> None:
        """Take in a connection that does not wait."""
        if len(self._waiting) >= MOST_NEWCOMERS:
            self._close(self._waiting.pop(0))
        self._waiting.append(_Newcomer(connection, now + HELLO_PATIENCE))

    def deadlines(self) -> list[float]:
        """Return when each of them is to be closed, should it stay silent."""
        return [newcomer.until for newcomer in self._waiting]

    def hear(self, now: float) -> tuple[socket.socket, bytes] | None:
        """Return the newest connection that has said hello, and what it said after; None: nobody has.

        Those older than it are closed, unread; so are those whose time is over or who said something else.
        """
        for newcomer in reversed(self._waiting[:]):
            answer = newcomer.listen()
            if answer is not None and answer.said_hello:
                place = self._waiting.index(newcomer)
                for older in self._waiting[:place]:
                    self._close(older)
                del self._waiting[: place + 1]
                return newcomer.connection, answer.further
            if answer is not None or newcomer.until <= now:
                self._waiting.remove(newcomer)
                self._close(newcomer)
        return None

    def _close(self, newcomer: _Newcomer) -> None:
        self._unwatch(newcomer.connection.fileno())
        newcomer.connection.close()


class _Newcomer:
    __slots__ = ("connection", "received", "until")

    def __init__(self, connection: socket.socket, until: float) -> None:
        self.connection = connection
        self.received = b""
        self.until = until  #: monotonic

    def listen(self) -> _Answer | None:
        """Read what is there; None: it may still say hello."""
        try:
            data = self.connection.recv(_READ)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        self.received += data
        first, newline, further = self.received.partition(b"\n")
        if newline:
            order = read_order(first)
            return _Answer(said_hello=order is not None and order["do"] == "hello", further=further)
        if not data or len(self.received) > _READ:
            return _Answer(said_hello=False, further=b"")
        return None


class _Answer:
    __slots__ = ("further", "said_hello")

    def __init__(self, *, said_hello: bool, further: bytes) -> None:
        self.said_hello = said_hello
        self.further = further
