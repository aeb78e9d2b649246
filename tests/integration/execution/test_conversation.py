"""Whose orders a host carries out when schedulers follow one another."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.execution.conversation import Conversation
from task_scheduler.execution.poller import Poller

HELLO = b'{"do": "hello"}\n'


def _retire(attempt: str) -> bytes:
    return json.dumps({"do": "terminate", "attempt": attempt, "reason": ""}).encode() + b"\n"


class Side:
    """A host's side of the socket, and what came of it."""

    def __init__(self, listener: socket.socket, path: Path) -> None:
        self.path = path
        self.poller = Poller()
        self.orders: list[Any] = []
        self.partings = 0
        self.conversation = Conversation(
            listener,
            self.poller,
            on_hello=lambda: self.conversation.tell({"is": "hello"}),
            on_order=lambda order: self.orders.append(order["attempt"]),
            on_parting=self._part,
        )

    def _part(self) -> None:
        self.partings += 1

    def turn(self) -> None:
        """Do what one turn of a host's loop does."""
        for descriptor in self.poller.wait(0.05):
            self.poller.handle(descriptor)
        self.conversation.hear()
        self.conversation.flush()


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Side]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen(8)
        side = Side(listener, tmp_path / "socket")
        yield side
        while side.conversation.is_connected:  # the other side has closed its own by now
            side.turn()


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _connect(side: Side, connections: ExitStack, says: bytes) -> socket.socket:
    connection = connections.enter_context(socket.socket(socket.AF_UNIX))
    connection.connect(str(side.path))
    connection.sendall(says)
    return connection


def test_orders_come_in_their_order_after_hello(side: Side, connections: ExitStack) -> None:
    scheduler = _connect(side, connections, HELLO + _retire("1.1"))
    side.turn()
    scheduler.sendall(_retire("2.1") + _retire("3.1"))
    side.turn()

    assert side.orders == ["1.1", "2.1", "3.1"]
    assert scheduler.recv(100) == b'{"is": "hello"}\n'
    assert side.conversation.is_connected


def test_an_order_is_not_carried_out_once_a_successor_is_there_though_the_poller_saw_the_order_alone(
    side: Side, connections: ExitStack
) -> None:
    before = _connect(side, connections, HELLO)
    side.turn()
    before.sendall(_retire("1.1"))
    seen = side.poller.wait(1)
    after = _connect(side, connections, HELLO + _retire("2.1"))
    for descriptor in seen:
        side.poller.handle(descriptor)

    assert side.orders == ["2.1"]
    assert side.partings == 1

    after.sendall(_retire("3.1"))
    side.turn()

    assert side.orders == ["2.1", "3.1"]


def test_a_scheduler_that_goes_is_missed_once_and_its_last_orders_are_heard(side: Side, connections: ExitStack) -> None:
    scheduler = _connect(side, connections, HELLO)
    side.turn()
    scheduler.sendall(_retire("1.1"))
    scheduler.close()
    side.turn()
    side.turn()
    side.turn()

    assert side.orders == ["1.1"]
    assert side.partings == 1
    assert not side.conversation.is_connected
    assert not side.conversation.has_unsent
