"""What a service manager hears, on the datagram socket it would listen on."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from task_scheduler.process.notify import ServiceManager

MINE = os.getpid()


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Its address, as systemd writes it, and the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        told = str(tmp_path / "notify") if request.param == "path" else f"@task-scheduler-{secrets.token_hex(8)}"
        listening.bind(told.replace("@", "\0", 1) if told.startswith("@") else told)
        listening.settimeout(0)
        yield told, listening


def heard(listening: socket.socket) -> list[str]:
    """Return the messages that have come."""
    messages = []
    while True:
        try:
            messages.append(listening.recv(4096).decode())
        except BlockingIOError:
            return messages


def flood(address: str) -> int:
    """Send as much as one socket can; return how many messages there was room for."""
    sent = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(BlockingIOError):
        sender.settimeout(0)
        while True:
            sender.sendto(b"x" * 100, address.replace("@", "\0", 1) if address.startswith("@") else address)
            sent += 1
    return sent


def test_every_state_is_said_as_the_protocol_has_it(listener: tuple[str, socket.socket]) -> None:
    address, listening = listener
    manager = ServiceManager(
        {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(MINE)},
        process=MINE,
        monotonic=lambda: 12.5,
    )

    manager.ready()
    manager.reloading()
    manager.sign_of_life()
    manager.extend(30)
    manager.tell("1 running\nREADY=0")
    manager.stopping()

    assert manager.watchdog_within == 30
    assert heard(listening) == [
        f"READY=1\nMAINPID={MINE}",
        "RELOADING=1\nMONOTONIC_USEC=12500000",
        "WATCHDOG=1",
        "EXTEND_TIMEOUT_USEC=30000000",
        "STATUS=1 running\\nREADY=0",
        "STOPPING=1",
    ]


def test_what_is_going_on_is_said_when_it_is_new_and_not_too_often(listener: tuple[str, socket.socket]) -> None:
    address, listening = listener
    now = 100.0
    manager = ServiceManager({"NOTIFY_SOCKET": address}, process=MINE, monotonic=lambda: now)

    for text, moment in [("a", 100), ("b", 101), ("b", 103.5), ("b", 110), ("c", 113), ("d", 113.5)]:
        now = moment
        manager.tell(text)
    manager.tell("e", at_once=True)

    assert heard(listening) == ["STATUS=a", "STATUS=b", "STATUS=c", "STATUS=e"]


def test_a_text_that_takes_work_is_composed_only_where_it_may_be_said(listener: tuple[str, socket.socket]) -> None:
    address, listening = listener
    now = 0.0
    composed: list[float] = []

    def compose() -> str:
        composed.append(now)
        return "nothing due"

    manager = ServiceManager({"NOTIFY_SOCKET": address}, process=MINE, monotonic=lambda: now)
    unheard = ServiceManager({}, process=MINE, monotonic=lambda: now)
    for tenth in range(70):
        now = tenth / 10
        manager.tell(compose)
        unheard.tell(compose, at_once=True)

    assert composed == [0.0, 3.0, 6.0], "also where the text stays the same"
    assert heard(listening) == ["STATUS=nothing due"]


@pytest.mark.parametrize(
    ("variables", "within"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "2000000"}, 2.0),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(MINE)}, 2.0),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "me"}, None),
    ],
)
def test_the_watchdog_of_this_process_alone_is_fed(
    variables: dict[str, str], within: float | None, listener: tuple[str, socket.socket]
) -> None:
    address, listening = listener
    manager = ServiceManager({**variables, "NOTIFY_SOCKET": address}, process=MINE)

    manager.sign_of_life()

    assert manager.watchdog_within == within
    assert heard(listening) == ([] if within is None else ["WATCHDOG=1"])


def test_what_it_was_told_is_taken_away_from_its_children_and_kept_for_its_successor() -> None:
    variables = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "HOME": "/root"}

    manager = ServiceManager.of_process(variables)

    assert variables == {"HOME": "/root"}
    assert manager.variables == {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}


@pytest.mark.parametrize("address", ["", "relative/path", "/nowhere/at/all", "vsock:2:1234"])
def test_a_socket_that_nobody_listens_on_does_no_harm(address: str) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": address}, process=MINE)

    manager.ready()
    manager.tell("working")


@pytest.mark.slow
def test_a_manager_that_does_not_read_holds_nobody_up_for_long(listener: tuple[str, socket.socket]) -> None:
    address, listening = listener
    while flood(address):
        pass

    ServiceManager({"NOTIFY_SOCKET": address}, process=MINE).ready()  # returns

    assert "READY=1" not in "".join(heard(listening))
