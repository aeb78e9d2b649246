"""The heartbeat: a small file the scheduling loop writes at each look, by which others tell that it lives.

Ages are told by the clock that nobody sets and that stands still while the machine sleeps: setting the time back or
closing a laptop makes no scheduler look hung. Standard library only: `alive` reads it and must be quick.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

#: Its place in the project folder.
HEARTBEAT = Path("data/run/heartbeat")
#: Seconds between two beats, at most, of a scheduler that is well, whatever its loop_interval.
INTERVAL = 10.0
#: Seconds without a beat after which a scheduler counts as hung, where nobody says another number.
WITHIN = 60.0
#: Seconds that may be said at least: a scheduler that is well may be silent for nearly as long.
LEAST_WITHIN = INTERVAL + 5.0

#: Written over in one piece, always of this length, so that a reader never finds the half of it.
_LENGTH = 200
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Phase(StrEnum):
    """What a scheduler is at, when its heart beats."""

    STARTING = "starting"
    WORKING = "working"
    ENDING = "ending"  # it waits for runs, or ends them
    ENDED = "ended"  # its last beat: one whose last beat is another was killed, or its machine went down


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One heartbeat."""

    process: int
    phase: Phase
    at: float  #: seconds of the monotonic clock of that boot
    boot: str  #: what names that boot of the machine; empty: the system does not tell
    written: float  #: when, by the wall clock: seconds since 1970

    def age(self) -> float | None:
        """Return how many seconds ago it was; None: in another boot, or on another machine."""
        if self.boot != boot():
            return None
        return max(0.0, time.monotonic() - self.at)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the newest beat; None: there is none that can be read."""
        try:
            text, told_at = path.read_text(encoding="ascii", errors="replace"), path.stat().st_mtime
            told = json.loads(text)
            return cls(
                process=int(told["pid"]),
                phase=Phase(told["phase"]),
                at=float(told["monotonic"]),
                boot=str(told["boot"]),
                written=told_at,
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None


class Heartbeat:
    """Writes the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._boot = boot()

    def beat(self, phase: Phase) -> None:
        """Tell that this process lives now; raises OSError."""
        told = {"pid": os.getpid(), "phase": phase, "monotonic": round(time.monotonic(), 3), "boot": self._boot}
        # By its name each time: somebody may have removed it.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.pwrite(descriptor, f"{json.dumps(told):<{_LENGTH - 1}}\n".encode("ascii"), 0)
        finally:
            os.close(descriptor)


def boot() -> str:
    """Return what names this boot of the machine; empty where the system does not tell."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
