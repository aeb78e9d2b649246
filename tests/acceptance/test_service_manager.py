"""What a service manager hears of a real scheduler, from its start to its end."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from task_scheduler.testing.running import RunningProject

pytestmark = pytest.mark.slow

#: Seconds of the watchdog, of which a third is the time between two signs of life.
WITHIN = 0.9
WORK = """
import os
import time
from pathlib import Path


@repeat(every().day.at("00:00"))
def start():
    print({name: os.environ.get(name) for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")})
    while not Path("enough").exists():
        time.sleep(0.02)
"""


class Manager:
    """A service manager that only listens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self.said: list[str] = []

    def hear(self, seconds: float = 0.0) -> None:
        """Take in what is said in this time."""
        limit = time.monotonic() + seconds
        while True:
            self._socket.settimeout(max(0.001, limit - time.monotonic()))
            try:
                self.said.append(self._socket.recv(4096).decode())
            except TimeoutError:
                if time.monotonic() >= limit:
                    return

    def hears(self, what: str | Callable[[str], bool], *, seconds: float = 20) -> list[str]:
        """Return all that was said up to the first message that begins so, which is forgotten with them."""
        begins = what if callable(what) else lambda message: message.startswith(what)
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            for place, message in enumerate(self.said):
                if begins(message):
                    heard, self.said = self.said[: place + 1], self.said[place + 1 :]
                    return heard
            self.hear(0.02)
        raise AssertionError((what, self.said))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(project: RunningProject, tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(tmp_path / "notify")
    project.set_variable("NOTIFY_SOCKET", str(listening.path))
    project.set_variable("WATCHDOG_USEC", str(round(WITHIN * 1_000_000)))
    yield listening
    listening.close()


def test_it_hears_each_state_and_signs_of_life_from_the_loop_alone(project: RunningProject, manager: Manager) -> None:
    project.configure("scheduler:\n  loop_interval: 1 hour\n")
    project.start()
    ready = f"READY=1\nMAINPID={project.pid}"
    assert manager.hears(ready)[0] == "STATUS=starting"
    assert manager.hears("STATUS=")[-1] == "STATUS=0 running, nothing due"

    began = time.monotonic()
    for _ in range(4):
        manager.hears("WATCHDOG=1")
    assert time.monotonic() - began < 4 * WITHIN

    os.kill(project.pid, signal.SIGSTOP)
    manager.hear(0.1)
    manager.said.clear()
    manager.hear(WITHIN)
    assert manager.said == []
    os.kill(project.pid, signal.SIGCONT)
    manager.hears("WATCHDOG=1")

    project.write_task("work", WORK)
    project.wait_for_task("work", "active")
    project.ask("start", task="work")
    manager.hears("STATUS=1 running, next ")
    assert project.output(1) == "{'NOTIFY_SOCKET': None, 'WATCHDOG_USEC': None, 'WATCHDOG_PID': None}\n"

    os.kill(project.pid, signal.SIGHUP)
    reloading = manager.hears("RELOADING=1")[-1]
    assert abs(int(reloading.partition("MONOTONIC_USEC=")[2]) - time.monotonic() * 1_000_000) < 10_000_000
    manager.hears(ready)

    assert project.command("restart").returncode == 0
    assert "STOPPING=1" not in manager.hears("RELOADING=1") + manager.hears(ready)
    manager.hears("WATCHDOG=1")

    project.ask("shutdown", mode="drain")
    assert "STOPPING=1" not in manager.hears("STATUS=draining, 1 running")
    manager.hears(f"EXTEND_TIMEOUT_USEC={round(WITHIN * 1_000_000)}")
    assert project.command("alive").stdout.startswith("alive: the scheduler ends, and waits for runs")
    (project.root / "enough").touch()
    manager.hears("STOPPING=1")
    assert project.wait_until_ended() == 0
