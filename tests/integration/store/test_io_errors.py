"""Whichever write or sync fails: nothing is half done, nothing is told that is not so, and the next try works."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from task_scheduler.store.sqlite import SqliteStore

Open = Callable[..., SqliteStore]

LIFE = Path(__file__).with_name("short_life.py")
#: Bytes of one page in the log of writes, with what stands before it.
FRAME = 4096 + 24


def _live(folder: Path, database: Path, *arguments: str, under: Sequence[str] = ()) -> dict[str, int]:
    """Run short_life.py on copies of an empty database; return what it reports."""
    done = subprocess.run(
        [*under, sys.executable, str(LIFE), arguments[0], str(database), str(folder), *arguments[1:]],
        env={**os.environ, "PYTHONPATH": str(LIFE.parents[3])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, int] = json.loads(done.stdout)
    return report


@pytest.fixture
def empty(store: SqliteStore, database: Path) -> Path:
    store.close()
    return database


@pytest.mark.slow
def test_a_disk_that_refuses_any_write_of_a_life_once_changes_nothing_of_it(empty: Path, tmp_path: Path) -> None:
    # A little before the end of each page, so that most of it is written.
    report = _live(tmp_path, empty, "writes", str(FRAME))

    assert report["failures"] >= report["lives"] > 40


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(
    "fault",
    [
        "fdatasync:error=EIO:when=2+3",
        "fdatasync:error=EIO:when=3+5",
        "pwrite64:error=EIO:when=40+97",
        "pwrite64:error=ENOSPC:when=33+61",
    ],
)
def test_system_calls_that_fail_again_and_again_change_nothing_of_a_life(
    empty: Path, tmp_path: Path, fault: str
) -> None:
    call = fault.partition(":")[0]
    strace = ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={call}", "-e", f"inject={fault}"]

    report = _live(tmp_path, empty, "calls", under=strace)

    assert report["failures"] > 0
