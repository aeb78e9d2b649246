"""The end of an attempt's interpreter: what Python does at the end of a program, without taking itself apart.

That would cost milliseconds, and below a fork the frames of the host are still there.
Runs in attempts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import atexit
import gc
import io
import os
import sys
import traceback

from task_scheduler.execution.stopping import STOPS
from task_scheduler.this_run import Stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: Exit code, Python's own, when standard output cannot be written at the end.
CANNOT_FLUSH = 120
#: Python's own buffers: whatever a task writes to through layers of its own ends in one of these.
_WRITERS = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)


def wind_up(status: int, module: str) -> int:
    """Wait for threads, run exit handlers, write what is buffered; return the exit code. Negative: end by that signal."""
    STOPS.insists = False
    threading = sys.modules.get("threading")
    steps = [atexit._run_exitfuncs]  # noqa: SLF001 - what the interpreter itself calls; there is no other way
    if threading is not None:
        steps.insert(0, threading._shutdown)  # noqa: SLF001
    for step in steps:
        if not _carry_out(step):
            status = -_signal.SIGTERM
    _let_go(module)
    flushed = flush(sys.stdout)
    flush(sys.stderr)
    if status < 0:
        _end_by(-status)
    return status if flushed or status else CANNOT_FLUSH


def flush(stream: object) -> bool:
    """Write what a stream holds back; False: it could not be written."""
    try:
        if stream is not None and not stream.closed:  # type: ignore[attr-defined] # whatever a task put there
            stream.flush()  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - a stream of the task's own making may raise anything
        return False
    return True


def _carry_out(step: Callable[[], object]) -> bool:
    """Do one step, whatever it raises; False: this process was asked to end meanwhile."""
    was_raised = STOPS.was_raised
    try:
        try:
            STOPS.listen()
            step()
        finally:
            STOPS.pause()
    except Stopped:
        return False
    except BaseException:  # noqa: BLE001 - Python prints it too, and goes on
        traceback.print_exc()
    return STOPS.was_raised == was_raised  # exit handlers keep it to themselves


def _let_go(module: str) -> None:
    """Drop the task's globals, so that what has a finalizer is finalized."""
    _flush_open_files()  # first: a file that is collected in a cycle may be closed before its buffer is written
    sys.modules.pop(module, None)
    gc.collect()
    _flush_open_files()


def _flush_open_files() -> None:
    for thing in gc.get_objects():  # the host's own are frozen, and not among these
        # Of its type alone: `isinstance` would ask each thing for its `__class__`, which may be anything.
        if issubclass(type(thing), _WRITERS) and thing is not sys.stdout and thing is not sys.stderr:
            flush(thing)


def _end_by(number: int) -> None:
    """Die of a signal, so that the outside sees what ended this process."""
    _signal.signal(number, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
