"""Run one command, and leave nothing of its tree behind: when it ends, or when the scheduler lets go.

Run by path, as `leash.py LINE COMMAND...`. LINE is a socket whose other end only the scheduler has, so
that its death, however sudden, is an end of file here. `pid N` is told on it, then `code N` if the
command ended by itself.
"""

# ruff: noqa: PTH123, SIM105 - every import here is paid at every start

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
ON_LINUX = sys.platform == "linux"


def set_process_option(option: int, value: int) -> None:
    """Call prctl, which only Linux has."""
    if ON_LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def start(command: list[str]) -> int:
    """Start the command in a session of its own, so that a signal to its group does not reach the leash."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        set_process_option(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode(errors="replace"))
    finally:
        os._exit(127)


def ended(child: int) -> int | None:
    """Reap what has ended; return the child's wait status, or None while it lives."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == child:
            return status


def sweep(child: int) -> None:
    """End every descendant: orphans become children of this process, a subreaper, so none escapes."""
    if not ON_LINUX:
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
    while True:
        if ON_LINUX:
            with open(f"/proc/self/task/{os.getpid()}/children") as children:
                living = children.read().split()
        else:
            living = [str(child)]
        for pid in living:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def tell(line: int, text: bytes) -> None:
    """Report to the scheduler, unless it is gone."""
    try:
        os.write(line, text)
    except OSError:
        pass


def main() -> None:
    """Hold the command until it ends or the scheduler lets go."""
    line = int(sys.argv[1])
    os.set_inheritable(line, False)  # noqa: FBT003 - takes no keywords
    set_process_option(PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    child = start(sys.argv[2:])
    tell(line, b"pid %d\n" % child)
    # Not select(), which cannot watch the high descriptor numbers of a busy scheduler.
    watch = select.poll()
    watch.register(line, select.POLLIN)
    watch.register(woken, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in watch.poll()]
        if line in ready:
            break
        os.read(woken, 4096)
        status = ended(child)
        if status is not None:
            tell(line, b"code %d\n" % os.waitstatus_to_exitcode(status))
            break
    sweep(child)


if __name__ == "__main__":
    main()
