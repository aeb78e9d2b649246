"""A real scheduler whose machine is suspended, or whose clock is set: only its clocks and its processes know of it."""

from __future__ import annotations

import mmap
import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from task_scheduler.clock import SystemClock
from task_scheduler.execution import trees
from task_scheduler.testing.running import RunningProject, ledger_faults, running_project

_SOURCE = Path(__file__).with_suffix(".c")
#: What moves the clocks, as `shifted_clocks.c` has it: nanoseconds of the wall clock, and of the one that counts suspends.
_SHIFTS = struct.Struct("qq")
_NANOSECONDS = 1_000_000_000


def build_library(folder: Path) -> Path:
    """Compile what gives a program other clocks; skips where that cannot be done."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("not on this machine: a C compiler, cc")
    headers = subprocess.run(
        [compiler, "-E", "-x", "c", "-"], input=b"#include <time.h>\n", capture_output=True, check=False
    )
    if headers.returncode:
        pytest.skip("not on this machine: the headers of the C library (libc6-dev)")
    library = folder / "shifted_clocks.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE)], check=True)
    return library


class ShiftedMachine:
    """A project, and the machine it believes to be on."""

    def __init__(self, project: RunningProject, shifts: mmap.mmap) -> None:
        self.project = project
        self._shifts = shifts
        self._real = SystemClock()
        self._wall = timedelta(0)
        self._boot = timedelta(0)

    def now(self) -> datetime:
        """Return what the machine's clock shows."""
        return self._real.now() + self._wall

    def set_clock(self, moment: datetime) -> None:
        """Have the machine's clock show this moment, as a person sets it."""
        self._wall += moment - self.now()
        self._tell()

    def step(self, by: timedelta) -> None:
        """Set the machine's clock forward or back."""
        self._wall += by
        self._tell()

    def suspend(self, duration: timedelta) -> None:
        """Let the machine sleep: all processes stand still, wall clock and boot clock go on, the monotonic one does not."""
        stopped = self._freeze()
        self._wall += duration
        self._boot += duration
        self._tell()
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)

    def _freeze(self) -> list[int]:
        """Have every process of the project stand still; return them."""
        stopped: list[int] = []
        # Again until a look finds nobody new: whoever was not stopped yet may have forked.
        while new := set(self._living()) - set(stopped):
            for pid in new:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    self.project.wait_for(f"process {pid} stands still", partial(trees.is_stopped, pid))
            stopped += new
        return [pid for pid in stopped if trees.is_stopped(pid)]

    def _living(self) -> list[int]:
        return [pid for pid in trees.below([self.project.pid, *self.project.host_pids()], None) if trees.is_alive(pid)]

    def _tell(self) -> None:
        shifts = [round(shift.total_seconds() * _NANOSECONDS) for shift in (self._wall, self._boot)]
        self._shifts[:] = _SHIFTS.pack(*shifts)


@contextmanager
def shifted_machine(library: Path, folder: Path) -> Iterator[ShiftedMachine]:
    """Make a project on a machine of its own; its record is checked at the end."""
    told = folder / "clocks"
    told.write_bytes(_SHIFTS.pack(0, 0))
    variables = {"LD_PRELOAD": str(library), "SHIFTED_CLOCKS": str(told)}
    with (
        told.open("r+b") as file,
        mmap.mmap(file.fileno(), _SHIFTS.size) as shifts,
        running_project(variables=variables) as project,
    ):
        yield ShiftedMachine(project, shifts)
        assert ledger_faults(project) == []
