"""A scheduler killed in the middle of its commits loses nothing it was told is committed."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from task_scheduler.core.runs import RunState
from task_scheduler.ports import RunFilter
from task_scheduler.store.sqlite import SqliteStore

Open = Callable[..., SqliteStore]

#: Claims and ends runs from ten coroutines for ever, and says of each run, once it is told so, that it is on record.
WORK = """
import asyncio, os, sys
from datetime import timedelta
from itertools import count
from pathlib import Path
from task_scheduler.core.runs import AttemptId
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import a_slot, a_start, admit_task, after, an_attempt_claim, an_end
from task_scheduler.testing.clock import FakeClock

async def main(folder):
    store = SqliteStore.open(folder / "scheduler.db", clock=FakeClock(), sources=folder / "s", backups=folder / "b")
    (job,) = await admit_task(store)
    numbers = count()
    async def work():
        while True:
            moment = after(next(numbers))
            slot = a_slot(job, scheduled_for=moment, attempt=an_attempt_claim())
            (run,) = await store.claim([slot], {job.id: moment + timedelta(seconds=1)})
            os.write(1, b"claimed %d\\n" % run.id)
            attempt = AttemptId(run_id=run.id, number=1)
            await store.finish([an_end(attempt, started=a_start(attempt))])
            os.write(1, b"ended %d\\n" % run.id)
    await asyncio.gather(*(work() for _ in range(10)))

asyncio.run(main(Path(sys.argv[1])))
"""


def _told_before_death(folder: Path, lines: int) -> list[tuple[str, int]]:
    """Start the worker, kill it once it has told so many lines, and return all it told."""
    with subprocess.Popen([sys.executable, "-c", WORK, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
    words = [line.split() for line in told if line.endswith("\n")]
    return [(what, int(run_id)) for what, run_id in words]


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 37, 200, 801])
def test_every_commit_that_was_told_is_there_after_kill_9(
    open_store: Open, database: Path, tmp_path: Path, lines: int
) -> None:
    told = _told_before_death(tmp_path, lines)

    store = open_store()
    runs = {run.id: run for run in asyncio.run(store.runs(RunFilter(limit=1_000_000)))}
    open_runs = asyncio.run(store.open_runs())

    assert len(told) >= lines
    assert {run_id for _, run_id in told} <= runs.keys()
    assert all(runs[run_id].state is RunState.SUCCEEDED for what, run_id in told if what == "ended")
    # What was not told is there completely or not at all.
    assert all(len(attempts) == 1 for _, attempts in open_runs)
    assert all(run.last_exit is not None for run in runs.values() if run.is_final)
    store.close()
    with closing(sqlite3.connect(database)) as shell:
        assert shell.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert shell.execute("PRAGMA foreign_key_check").fetchall() == []
        assert (
            shell.execute("SELECT count(*) FROM runs GROUP BY job_id, scheduled_for HAVING count(*) > 1").fetchall()
            == []
        )
