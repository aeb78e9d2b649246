"""Threads that look at files and may hang, real ones."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from task_scheduler.inbox import ProjectFiles, threads
from task_scheduler.inbox.threads import LookingThreads
from task_scheduler.testing.loops import in_event_loop


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A disk that hangs until it is set: whatever a folder on it is asked."""
    answers = threading.Event()
    scandir = os.scandir

    def asked(path: Path) -> object:
        if Path(path).name.startswith("share"):
            answers.wait()
        return scandir(path)

    monkeypatch.setattr(os, "scandir", asked)
    monkeypatch.setattr(threads, "_PROMPT", 0.01)
    return answers


@in_event_loop
async def _look_while_it_hangs(project: Path, disk: threading.Event) -> None:
    files = ProjectFiles(project)
    hanging = [asyncio.ensure_future(files.look(f"share{number}/*")) for number in range(10)]
    assert list((await files.look("inbox/*")).files) == ["inbox/a.csv"]
    given_up = hanging.pop()
    given_up.cancel()
    await asyncio.wait({given_up})
    disk.set()
    assert [list(found.files) for found in await asyncio.gather(*hanging)] == [
        [f"share{number}/b.csv"] for number in range(9)
    ]


def test_looks_at_a_disk_that_hangs_keep_no_other_one_waiting(tmp_path: Path, disk: threading.Event) -> None:
    for path in ("inbox/a.csv", *(f"share{number}/b.csv" for number in range(10))):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).touch()
    try:
        _look_while_it_hangs(tmp_path, disk)
    finally:
        disk.set()


@in_event_loop
async def test_what_a_look_raises_is_for_who_asked() -> None:
    def fail() -> None:
        raise PermissionError(13, "no")

    working = LookingThreads()
    with pytest.raises(PermissionError, match="no"):
        await working.do(fail)
    assert await working.do(lambda: 5) == 5


@in_event_loop
async def test_without_a_thread_left_it_says_so_and_goes_on_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    working = LookingThreads()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", _no_thread)
        for _ in range(threads._MOST + 1):  # each gives its place back
            with pytest.raises(OSError, match="can't start new thread"):
                await working.do(lambda: 5)
    assert await working.do(lambda: 5) == 5


def _no_thread(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


_HANGS = """
import asyncio, threading
from task_scheduler.inbox.threads import LookingThreads

async def main():
    try:
        await asyncio.wait_for(LookingThreads().do(threading.Event().wait), 0.1)
    except TimeoutError:
        print("left")

asyncio.run(main())
"""


def test_a_process_ends_while_a_look_hangs() -> None:
    ended = subprocess.run([sys.executable, "-c", _HANGS], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("left\n", "", 0)
