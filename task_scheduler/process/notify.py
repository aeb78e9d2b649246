"""Tells a service manager how the scheduler is, by the notify protocol of systemd: datagrams to `$NOTIFY_SOCKET`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Self

from task_scheduler.log_lines import escape

#: What a service manager gives to the process it started, and to nobody that one starts.
SOCKET, WATCHDOG, WATCHED_PROCESS = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
#: Seconds between two texts of what is going on, also where the second one says nothing new.
_BETWEEN_TEXTS = 3.0
#: Seconds a message may wait for room: longer than a busy manager needs, too short to make a run late for good.
_PATIENCE = 1.0
_MICROSECONDS = 1_000_000
#: Seconds a start that waits asks for at a time.
_LONGEST_PAUSE = 60.0
#: More time is asked for again after this part of it.
_ASKED_WITHIN = 4


class ServiceManager:
    """What started this process and wants to know how it is; where nothing does, nothing is said."""

    def __init__(
        self,
        variables: Mapping[str, str],
        *,
        process: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`variables` are those of this module, `process` is this one's number; `monotonic` returns seconds."""
        #: To be given back to a program that takes this one's place.
        self.variables = dict(variables)
        self._address = _address(variables.get(SOCKET, ""))
        self._monotonic = monotonic
        self._text = ""
        self._text_at: float | None = None
        self._extended_at: float | None = None
        #: Seconds in which a sign of life is wanted; None: none is.
        self.watchdog_within = _watchdog(variables, process)

    @classmethod
    def of_process(cls, variables: MutableMapping[str, str] = os.environ) -> Self:
        """Return what started this process, and take what it said away from all that this process starts."""
        names = (SOCKET, WATCHDOG, WATCHED_PROCESS)
        return cls({name: variables.pop(name) for name in names if name in variables}, process=os.getpid())

    def ready(self) -> None:
        """Say that the scheduler works, for the first time or again."""
        self._send(f"READY=1\nMAINPID={os.getpid()}")

    def reloading(self) -> None:
        """Say that it looks at everything anew, or becomes a new program; `ready` follows."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={round(self._monotonic() * _MICROSECONDS)}")

    def stopping(self) -> None:
        """Say that it ends."""
        self._send("STOPPING=1")

    def extend(self, seconds: float) -> None:
        """Ask for so long a time until the next message: a start or an end takes long, and goes on.

        It may be asked for at any time: what is still to come of the time before is used first.
        """
        now = self._monotonic()
        if self._extended_at is not None and now - self._extended_at < seconds / _ASKED_WITHIN:
            return
        self._extended_at = now
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * _MICROSECONDS)}")

    def waits(self, pause: Callable[[float], object]) -> Callable[[float], None]:
        """Return `pause` for a start that has to wait for somebody: it asks for time meanwhile."""

        def pausing(seconds: float) -> None:
            self.tell("waiting until a command that works alone here has ended")
            self.extend(_LONGEST_PAUSE)
            pause(seconds)

        return pausing

    def sign_of_life(self) -> None:
        """Feed the watchdog, where there is one."""
        if self.watchdog_within is not None:
            self._send("WATCHDOG=1")

    def tell(self, text: str | Callable[[], str], *, at_once: bool = False) -> None:
        """Say in a line what is going on: only what is new, and not too often unless `at_once`.

        A text that takes work is given as what returns it, and composed only where somebody listens and it is time.
        """
        now = self._monotonic()
        is_time = at_once or self._text_at is None or now - self._text_at >= _BETWEEN_TEXTS
        if self._address is None or not is_time:
            return
        self._text_at = now
        said = text if isinstance(text, str) else text()
        if said == self._text:
            return
        self._text = said
        # One line whatever a task is called: the next one would be another message.
        self._send(f"STATUS={escape(said)}")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_PATIENCE)
                # Connected: waiting for room would go round and round else, since a socket alone always has some.
                sender.connect(self._address)
                sender.send(message.encode())
        except OSError:
            return  # it has gone, or is stuck: what it would do about that it does without us


def _address(told: str) -> str | None:
    """Return the address of the socket: a path, or a name without one, which begins with `@` as it is written."""
    if told.startswith("@"):
        return f"\0{told[1:]}"
    return told if told.startswith("/") else None


def _watchdog(variables: Mapping[str, str], process: int) -> float | None:
    try:
        within = int(variables[WATCHDOG]) / _MICROSECONDS
        watched = int(variables.get(WATCHED_PROCESS, process))
    except (KeyError, ValueError):
        return None
    return within if within > 0 and watched == process else None
