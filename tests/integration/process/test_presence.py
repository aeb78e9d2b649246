"""Signs of life come from whoever has the say: a thread while it starts, the scheduling loop alone while it works."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from setproctitle import getproctitle, setproctitle

from task_scheduler.core.events import Event
from task_scheduler.process.heartbeat import Beat, Phase
from task_scheduler.process.notify import ServiceManager
from task_scheduler.process.presence import Presence

#: Seconds of a watchdog in these tests.
WITHIN = 0.15


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(tmp_path / "notify"))
        yield listening


@pytest.fixture
def said() -> list[Event]:
    return []


@pytest.fixture
def presence(tmp_path: Path, listening: socket.socket, said: list[Event]) -> Iterator[Presence]:
    title = getproctitle()
    variables = {"NOTIFY_SOCKET": listening.getsockname(), "WATCHDOG_USEC": str(round(WITHIN * 1_000_000))}
    (tmp_path / "run").mkdir()
    made = Presence(
        root=tmp_path / "jobs\x1b\n",
        run_folder=tmp_path / "run",
        manager=ServiceManager(variables, process=os.getpid()),
        publish=said.append,
    )
    yield made
    made.close(is_restart=False)
    setproctitle(title)


def heard(listening: socket.socket, seconds: float) -> list[str]:
    """Return the first line of each message of this time."""
    messages, limit = [], time.monotonic() + seconds
    while (rest := limit - time.monotonic()) > 0:
        listening.settimeout(rest)
        try:
            messages.append(listening.recv(4096).decode().splitlines()[0])
        except TimeoutError:
            break
    return messages


def look(presence: Presence, listening: socket.socket) -> None:
    """Have a look that counts, which is said: one that comes too soon after another does not."""
    listening.settimeout(0)
    with suppress(BlockingIOError):
        while listening.recv(4096):
            pass
    listening.settimeout(WITHIN / 10)
    while True:
        presence.looked()
        with suppress(TimeoutError):
            if listening.recv(4096) == b"WATCHDOG=1":
                return


def test_a_long_start_lives_by_itself_and_a_loop_that_stands_still_does_not(
    tmp_path: Path, presence: Presence, listening: socket.socket
) -> None:
    presence.begin()
    starting = heard(listening, 3 * WITHIN)
    phase = Beat.read(tmp_path / "run" / "heartbeat")
    presence.works(lambda: "nothing due")
    works = heard(listening, WITHIN)
    presence.looked()
    looked = heard(listening, WITHIN)
    beat = Beat.read(tmp_path / "run" / "heartbeat")

    assert starting[0] == "STATUS=starting"
    assert starting.count("WATCHDOG=1") >= 2
    assert f"EXTEND_TIMEOUT_USEC={round(WITHIN * 1_000_000)}" in starting
    assert phase is not None
    assert phase.phase is Phase.STARTING
    assert works == ["READY=1", "STATUS=nothing due"]
    assert looked == ["WATCHDOG=1"]
    assert beat is not None
    assert (beat.phase, beat.process) == (Phase.WORKING, os.getpid())


def test_looks_within_one_another_are_told_as_one(presence: Presence, listening: socket.socket) -> None:
    with presence.looking_anew(), presence.looking_anew():
        pass
    with presence.looking_anew():
        presence.ends(is_restart=False)

    assert heard(listening, 0.05) == ["RELOADING=1", "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=stopping"]


def test_it_can_be_found_by_its_title_and_its_number(tmp_path: Path, presence: Presence) -> None:
    presence.begin()
    title = getproctitle()
    number = (tmp_path / "run" / "scheduler.pid").read_text()
    presence.close(is_restart=True)
    kept = (tmp_path / "run" / "scheduler.pid").exists()
    presence.close(is_restart=False)

    assert (title, number) == (f"task-scheduler: {tmp_path}/jobs\\x1b\\n", f"{os.getpid()}\n")
    assert (kept, (tmp_path / "run" / "scheduler.pid").exists()) == (True, False)


def test_a_disk_that_takes_nothing_is_told_once_and_keeps_nobody_from_working(
    tmp_path: Path, presence: Presence, listening: socket.socket, said: list[Event]
) -> None:
    (tmp_path / "run").rmdir()

    presence.begin()
    presence.works(lambda: "nothing due")
    for _ in range(3):
        look(presence, listening)

    assert [event.name for event in said] == ["presence.failed"]


def test_the_last_beat_tells_an_end_from_a_death(tmp_path: Path, presence: Presence) -> None:
    def phase() -> Phase | None:
        beat = Beat.read(tmp_path / "run" / "heartbeat")
        return None if beat is None else beat.phase

    presence.begin()
    presence.close(is_restart=True)
    replaced = phase()
    presence.close(is_restart=False)

    assert (replaced, phase()) == (Phase.STARTING, Phase.ENDED)
