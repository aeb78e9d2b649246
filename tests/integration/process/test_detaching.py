"""A start in the background: what whoever waits for it hears, and what becomes of it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from task_scheduler.process.detaching import Silent, launch
from task_scheduler.testing.running import is_living

LIVES_ON = """
import os, time
os.write(2, b"waiting for run-file\\n")
before = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
os.dup2(1, 2)
os.write(before, b"\\0")
os.close(before)
time.sleep(60)
"""


def start(program: str, *, patience: float = 20) -> tuple[bool, int | None, list[str], int]:
    """Return whether it works, how it ended, what it said, and its number."""
    said: list[str] = []
    launched = launch([sys.executable, "-S", "-c", program], tell=said.append, patience=patience)
    return launched.works, launched.exit_code, said, launched.process


def test_it_returns_once_it_works_and_has_a_session_and_no_descriptor_of_ours() -> None:
    works, code, said, pid = start(LIVES_ON)
    try:
        assert (works, code, said) == (True, None, ["waiting for run-file"])
        assert is_living(pid)
        assert os.getsid(pid) == pid
        assert {Path(f"/proc/{pid}/fd/{number}").readlink() for number in (0, 1, 2)} == {Path(os.devnull)}
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        ("import sys; sys.exit('error: no folder')", 1, ["error: no folder"]),
        ("import sys; sys.stderr.write('no end'); sys.exit(5)", 5, ["no end"]),
        ("import os, sys; os.write(1, b'out\\n\\nbelow\\n'); sys.exit(3)", 3, ["out", "", "below"]),
        ("import os; os.kill(os.getpid(), 9)", -9, []),
        ("pass", 0, []),
    ],
)
def test_one_that_cannot_start_says_why_and_its_exit_code(program: str, code: int, said: list[str]) -> None:
    assert start(program)[:3] == (False, code, said)


def test_the_end_is_noticed_also_where_something_it_left_holds_the_stream() -> None:
    program = "import os, sys, time; os.fork() or (print('mine', flush=True), time.sleep(3), os._exit(0)); sys.exit(4)"

    began = time.monotonic()
    works, code, *_ = start(program)

    assert (works, code) == (False, 4)
    assert time.monotonic() - began < 2.5


def test_one_that_says_nothing_is_left_to_itself_after_a_time() -> None:
    with pytest.raises(Silent, match=r"process \d+ has not said within 0\.2 s that it works") as caught:
        start("import time; time.sleep(60)", patience=0.2)
    pid = int(str(caught.value).split()[1])
    assert is_living(pid)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
