"""System calls that fail, one at a time: strace makes the N-th call of a kind fail, or late, in a scheduler or a host.

The N-th call is not known by what it is for: a range of N walks it through everything the call is used for.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from task_scheduler.testing.running import RunningProject
from tests.faults import machine
from tests.faults.busy import Busy
from tests.faults.tasks import TaskText, sleeping

#: Seconds a scheduler works with a fault, unless the fault is met before and the work has gone on.
_AT_WORK = 8.0
SCHEDULER = "scheduler"
HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """What one system call does instead of what was asked of it."""

    who: str  #: `scheduler` or `host`
    call: str
    instead: str  #: such as `error=EIO` or `delay_enter=300000`, in strace's words
    when: str  #: which of the calls, such as `3`, `3..5` or `2+`

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.who}: {self.call} {self.instead}, call {self.when}"


def sweep() -> Iterator[Injection]:
    """Yield every fault of the long form."""
    for error in ("EIO", "ENOSPC", "EINTR"):
        for when in ("1", "2", "3", "5", "8", "13", "1..4"):
            yield from _failing(SCHEDULER, ("fdatasync", "pwrite64"), error, when)
    for error in ("EIO", "ENOSPC"):
        for when in ("1", "2", "3"):
            yield from _failing(SCHEDULER, ("fsync", "rename", "ftruncate"), error, when)
    for when in ("1", "2", "4", "1..3"):
        yield from _failing(HOST, ("clone,fork,vfork,clone3",), "EAGAIN", when)
        yield from _failing(HOST, ("wait4",), "EINTR", when)
        yield from _failing(HOST, ("pipe2", "pipe"), "EMFILE", when)
    for error in ("EIO", "ENOSPC", "EACCES"):
        for when in ("1", "2", "3", "5", "8", "1..3"):
            yield from _failing(HOST, ("openat",), error, when)
            yield from _failing(HOST, ("write",), error, when)
    for who, call in (
        (SCHEDULER, "fdatasync"),
        (SCHEDULER, "sendto"),
        (HOST, "wait4"),
        (HOST, "openat"),
        (HOST, "sendto"),
    ):
        for when in ("1", "2..4"):
            yield Injection(who=who, call=call, instead="delay_enter=700000", when=when)


def _failing(who: str, calls: tuple[str, ...], error: str, when: str) -> Iterator[Injection]:
    for call in calls:
        yield Injection(who=who, call=call, instead=f"error={error}", when=when)


def is_possible() -> bool:
    """Whether strace is here and may trace a process that is not its child."""
    if shutil.which("strace") is None:
        return False
    with machine.stranger() as pid, subprocess.Popen(["strace", "-p", str(pid)], stderr=subprocess.PIPE) as tracer:
        said = tracer.stderr.readline() if tracer.stderr is not None else b""
        tracer.send_signal(signal.SIGINT)
    return b"attached" in said


def tasks() -> list[TaskText]:
    """Work each second, work that is repeated when it is interrupted, and a process started afresh."""
    return [
        sleeping("second", "every().second", 0.05),
        sleeping("repeated", "every(2).seconds", 0.4, fields="retry_count: 2\nretry_delay: 1\n"),
        sleeping("fresh", "every(3).seconds", 0.1, fields="start_method: spawn\n"),
    ]


def carry_out(project: RunningProject, fault: Injection) -> list[str]:
    """Let a scheduler and its host work with a fault, bring them to rest, and return which laws were broken."""
    busy = Busy(project)
    project.start()
    busy.add(tasks())
    project.wait_for_run("second", "succeeded")
    pid = project.pid if fault.who == SCHEDULER else min(project.host_pids())
    with _injected(project, fault, pid):
        _work_on(project)
    if not project.is_alive():
        project.start()
    return [*_died(project, fault), *busy.come_to_rest().violations]


def _work_on(project: RunningProject) -> None:
    """Let some slots pass; a part of them may fail, and that is as it should be."""
    last = project.rows("SELECT max(id) AS id FROM runs")[0]["id"]
    machine.pause(1.5)
    with machine.forbearing():
        after = "SELECT * FROM runs WHERE id > ? AND state = 'succeeded' AND task_id = 'second'"
        project.wait_for("work goes on", lambda: len(project.rows(after, last)) > 1, _AT_WORK)


def _died(project: RunningProject, fault: Injection) -> Iterator[str]:
    if fault.who == SCHEDULER and "the scheduler ended by a fault" in project.log():
        yield "the scheduler ended by a fault of the program"


@contextmanager
def _injected(project: RunningProject, fault: Injection, pid: int) -> Iterator[None]:
    log = project.root / "strace.log"
    command = ["strace", "-f", "-o", str(log), "-e", f"trace={fault.call}"]
    command += ["-e", f"inject={fault.call}:{fault.instead}:when={fault.when}", "-p", str(pid)]
    if fault.who == HOST:
        command.remove("-f")  # what the host forks is the task's business
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as tracer:
        try:
            if tracer.stderr is not None:
                tracer.stderr.readline()
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            machine.send(pid, signal.SIGCONT)
            tracer.wait(10)


def was_met(project: RunningProject) -> bool:
    """Whether a call failed or was late at all."""
    said = (project.root / "strace.log").read_text(encoding="utf-8", errors="replace")
    return "INJECTED" in said or "DELAYED" in said
