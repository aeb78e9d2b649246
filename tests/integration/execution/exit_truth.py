"""How attempts end: what tasks do, and what is on record of it; the table of docs/runs.md is made of the measured ends.

    python -m tests.integration.execution.exit_truth

writes it anew.
"""

from __future__ import annotations

import asyncio
import re
import resource
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from task_scheduler.core.outcomes import Ended, attempt_state_of, judge_exit, reason_of
from task_scheduler.core.runs import AttemptExit
from tests.integration.execution.conftest import end_all_below
from tests.integration.execution.project import Project

PAGE = Path(__file__).resolve().parents[3] / "docs" / "runs.md"
_BEGIN, _END = "<!-- exit truth -->\n", "<!-- end of exit truth -->\n"
_NO_CORE = (
    "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))\n"
)
_FROM = "from task_scheduler.this_run import Cancel, Skip, Snooze\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to end."""

    says: str  #: what the task does, for the page
    source: str
    function: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    as_python: bool = True  #: whether `python FILE` ends with the same exit code or signal
    error: bool = False  #: whether what was raised is on record


def _file(says: str, source: str, **further: Any) -> Row:
    return Row(says=says, source=source, **further)


def _function(says: str, body: str, **further: Any) -> Row:
    source = f"{_FROM}def start():\n    {body}\n"
    return Row(says=says, source=source, function="start", as_python=False, **further)


ROWS = (
    _file("comes to its end", "x = 1\n"),
    _function("returns `True`, `False`, `None`, `0`, `7` or any other value", "return False"),
    Row(
        says="is an `async` function, and comes to its end",
        source="async def start():\n    return 1\n",
        function="start",
        as_python=False,
    ),
    _function("is a function with a `yield`: nothing of it runs", "yield 1"),
    _file("`sys.exit()`, `sys.exit(0)`, `sys.exit(None)`", "import sys; sys.exit(None)"),
    _file("`sys.exit(1)`, `sys.exit(True)`", "import sys; sys.exit(True)"),
    _file("`sys.exit(2)`", "import sys; sys.exit(2)"),
    _file("`sys.exit(255)`, `sys.exit(-1)`", "import sys; sys.exit(-1)"),
    _file("`sys.exit(2**100)`", "import sys; sys.exit(2**100)"),
    _file("`sys.exit(256)`: an exit code has eight bits", "import sys; sys.exit(256)"),
    _file('`sys.exit("no funds")`, which is printed', "import sys; sys.exit('no funds')", error=True),
    _file("`sys.exit(object)`, which is printed", "import sys; sys.exit(['a', 'b'])", error=True),
    _file("`os._exit(0)`: no `finally`, no exit handlers", "import os; os._exit(0)"),
    _file("`os._exit(3)`", "import os; os._exit(3)"),
    _file("raises an exception", "def f(): raise ValueError('no rows')\nf()", error=True),
    _file(
        "raises one whose text cannot be had",
        "class Odd(Exception):\n    def __str__(self): 1 / 0\nraise Odd",
        error=True,
    ),
    _file(
        "raises a group of exceptions",
        "raise ExceptionGroup('two of them', [ValueError('a'), KeyError('b')])",
        error=True,
    ),
    _file("recurses without end", "def f(): f()\nf()", error=True),
    _file("raises `MemoryError`", "raise MemoryError", error=True),
    _file("raises `GeneratorExit`", "raise GeneratorExit", error=True),
    _file("raises a `SystemExit` of its own class", "class Leave(SystemExit): pass\nraise Leave(6)"),
    _file("is no Python", "def f(:", error=True),
    _function("does not define the function its schedule names", "pass\ndel start", error=True),
    _file("raises `KeyboardInterrupt`", "raise KeyboardInterrupt"),
    _function('raises `Skip("no new files")`', "raise Skip('no new files')"),
    _function('raises `Cancel("the account is closed")`', "raise Cancel('the account is closed')"),
    _function('raises `Snooze(90, "the other side is busy")`', "raise Snooze(90, 'the other side is busy')"),
    Row(
        says="raises `Skip` in a thread: Python prints it",
        source=f"{_FROM}import threading\ndef skip(): raise Skip('no')\nthreading.Thread(target=skip).start()\n",
        as_python=False,
    ),
    _file("sends itself TERM, or is sent it by others", "import os; os.kill(os.getpid(), 15)"),
    _file("sends itself KILL", "import os; os.kill(os.getpid(), 9)"),
    _file("sends itself HUP, QUIT, ALRM, USR1 …", "import os; os.kill(os.getpid(), 1)"),
    _file("sends itself a real-time signal", "import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 1)"),
    _file(
        "sends itself CHLD, CONT, URG, WINCH, PIPE or XFSZ", "import os, signal; os.kill(os.getpid(), signal.SIGPIPE)"
    ),
    _file(
        "sends itself STOP: it stands still until its limit",
        "import os; os.kill(os.getpid(), 19)",
        request={"timeout": 0.5, "kill_grace": 0.2},
        as_python=False,
    ),
    _file("`os.abort()`", _NO_CORE + "import os; os.abort()"),
    _file(
        "`os.abort()` where core files are allowed",
        "import os, resource, tempfile\nos.chdir(tempfile.mkdtemp(dir='.'))\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)\nos.abort()",
    ),
    _file("reads memory that is not its own", _NO_CORE + "import ctypes; ctypes.string_at(0)"),
    _file(
        "uses up its own `RLIMIT_CPU`", _NO_CORE + "resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass"
    ),
    _file(
        "its main thread ends while others run: they are waited for",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(0.2,)).start()",
    ),
    _file(
        "its main thread ends while daemon threads run: they end with it",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    ),
    _file("a thread raises: Python prints it", "import threading\nthreading.Thread(target=lambda: 1 / 0).start()"),
    _file("an exit handler raises: Python prints it", "import atexit\natexit.register(lambda: 1 / 0)"),
    _file("an exit handler calls `os._exit(4)`", "import atexit, os\natexit.register(os._exit, 4)"),
    _file("closes its standard output", "import sys; sys.stdout.close()"),
    _file(
        "cannot write at the end what it printed",
        "import os\nfull = os.open('/dev/full', os.O_WRONLY)\nos.dup2(full, 1)\nprint('lost', end='')",
    ),
    _file("becomes another program", "import os; os.execvp('sh', ['sh', '-c', 'exit 9'])"),
    _file(
        "leaves a process behind that holds its output open: the main process decides, the rest is ended",
        "import subprocess; subprocess.Popen(['sleep', '60'])",
    ),
    _file(
        "is at work at its `timeout`",
        "import time; time.sleep(60)",
        request={"timeout": 0.3},
        as_python=False,
    ),
)


async def measure(project: Project, rows: tuple[Row, ...]) -> list[AttemptExit]:
    """Have each row end, and return how it did."""
    async with project.scheduler() as scheduler:
        attempts = [
            scheduler.launch(
                project.request(row.source, task_id=f"report{number}", function=row.function, **row.request)
            )
            for number, row in enumerate(rows)
        ]
        return [await scheduler.exit_of(attempt) for attempt in attempts]


def judged(exit_: AttemptExit) -> Ended:
    """Return the outcome of a measured end."""
    return judge_exit(exit_)


def table(rows: tuple[Row, ...], exits: list[AttemptExit]) -> str:
    """Return the table of the page."""
    lines = ["| what the task does | outcome | what the record says |", "|---|---|---|"]
    lines += [
        f"| {row.says} | {attempt_state_of(judged(exit_))} | {_said(exit_)} |"
        for row, exit_ in zip(rows, exits, strict=True)
    ]
    return "\n".join(lines) + "\n"


def on_page() -> str:
    """Return the table as the page has it, less what this machine forbids."""
    written = PAGE.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0]
    may_dump = resource.getrlimit(resource.RLIMIT_CORE)[1] != 0
    return written if may_dump else written.replace(", core dumped", "")


def _said(exit_: AttemptExit) -> str:
    said = re.sub(r"report\d+\.py", "report.py", reason_of(judged(exit_)))
    if exit_.notes.result is not None:
        said += f"the result `{exit_.notes.result}`"
    if exit_.notes.refused:
        said += "; ".join(exit_.notes.refused)
    if exit_.left_behind:
        said += f"{exit_.left_behind} process left behind"
    return said.replace("|", "\\|")


def main() -> None:
    """Write the table of the page anew."""
    folder = Path(tempfile.mkdtemp(prefix="exit-truth-"))
    try:
        exits = asyncio.run(measure(Project(folder), ROWS))
    finally:
        end_all_below(folder)
        shutil.rmtree(folder, ignore_errors=True)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    PAGE.write_text(before + _BEGIN + table(ROWS, exits) + _END + rest.partition(_END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
