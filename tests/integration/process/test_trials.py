"""The trial of a program before it takes another one's place: what it tells, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from task_scheduler.process.replacement import Failure, try_out


def tried(program: str, *, patience: float = 20, folder: Path | None = None) -> Failure | None:
    """Try a Python program out."""
    return asyncio.run(try_out([sys.executable, "-S", "-c", program], folder=folder, patience=patience))


@pytest.mark.parametrize(
    ("program", "failure"),
    [
        ("pass", None),
        ("import sys; assert sys.argv[1:] == ['--check']", None),
        ("import sys; sys.exit('error: no folder')", Failure(said="error: no folder", exit_code=1)),
        ("import sys; print('on either stream'); sys.exit(3)", Failure(said="on either stream", exit_code=3)),
        ("import os; os.kill(os.getpid(), 9)", Failure(said="", exit_code=None)),
    ],
)
def test_it_tells_why_a_program_could_not_start(program: str, failure: Failure | None) -> None:
    assert tried(program) == failure


def test_it_is_made_where_the_command_means_what_it_meant(tmp_path: Path) -> None:
    assert tried("import os, sys; sys.exit(os.getcwd())", folder=tmp_path) == Failure(said=str(tmp_path), exit_code=1)


def test_a_program_that_is_not_there_or_says_nothing_is_a_failure(tmp_path: Path) -> None:
    missing = tmp_path / "python"

    assert asyncio.run(try_out([str(missing)])) == Failure(
        said=f"{missing} cannot be started (No such file or directory)", exit_code=None
    )
    assert tried("import time; time.sleep(60)", patience=0.2) == Failure(
        said="it said nothing within 0.2 s", exit_code=None
    )


def test_one_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    program = f"import os, time; open({str(begun)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    async def give_up() -> int:
        trial = asyncio.ensure_future(try_out([sys.executable, "-S", "-c", program]))
        pid = int(await asyncio.to_thread(begun.read_text))
        trial.cancel()
        await asyncio.gather(trial, return_exceptions=True)
        return pid

    assert not psutil.pid_exists(asyncio.run(give_up()))
