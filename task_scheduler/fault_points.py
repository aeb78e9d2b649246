"""Named points at which a test makes this program end or stop itself, to see what becomes of all it had in hand.

`TASK_SCHEDULER_FAULT=POINT:SIGNAL[:N[:FILE]]`, such as `after-fork:KILL:2:/tmp/passed`: whoever passes the point for the
N-th time (the first, if not given) sends itself the signal. With a file, the passings of all processes are counted in
it together, one line of the process id for each, so that the signal is sent once however many processes there are;
without one, each process counts its own. Several are separated by commas. Read once, when this module is imported;
without the variable a point costs one look into an empty table.

Runs in hosts too: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "TASK_SCHEDULER_FAULT"
#: A line of the file: where it ends tells, by its length, which passing it was.
_LINE = "{:>10}\n"
_LENGTH = 11


class _Fault:
    """A signal for whoever passes a point for the N-th time."""

    def __init__(self, name: str, number: str, file: str) -> None:
        self._signal = getattr(signal, "SIG" + name)
        self._number = int(number or 1)
        self._file = file
        self._passed = 0

    def meet(self, process: int) -> None:
        """Count a passing, and send the signal if it is the one."""
        self._passed = self._count(process) if self._file else self._passed + 1
        if self._passed == self._number:
            os.kill(process, self._signal)

    def _count(self, process: int) -> int:
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, _LINE.format(process).encode())
            return os.lseek(descriptor, 0, os.SEEK_CUR) // _LENGTH
        finally:
            os.close(descriptor)


def _read(text: str) -> dict[str, _Fault]:
    faults = {}
    for told in filter(None, text.split(",")):
        name, asked, number, file = [*told.split(":", 3), "", ""][:4]
        faults[name] = _Fault(asked, number, file)
    return faults


_faults = _read(os.environ.get(VARIABLE, ""))


def point(name: str, process: int | None = None) -> None:
    """Pass a point; the signal, if one is due here, goes to `process`, None: to this one."""
    fault = _faults.get(name)
    if fault is not None:
        fault.meet(os.getpid() if process is None else process)


def keep_from_others() -> None:
    """Take the variable away from what this process starts."""
    os.environ.pop(VARIABLE, None)
