"""A short life of a store, in which writes fail: run by test_io_errors.py in a process of its own.

Each step is asked for until the store takes it. What the store says of every try is compared with what another
program finds in the file at once: all of it after a success, nothing of it after a failure.
"""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from task_scheduler.core.errors import StoreError
from task_scheduler.core.outcomes import Cancelled, Failed, Snoozed
from task_scheduler.core.runs import AttemptId
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import (
    a_failure,
    a_request,
    a_slot,
    a_start,
    a_telling_exit,
    admit_task,
    after,
    an_attempt_claim,
    an_end,
)
from task_scheduler.testing.clock import FakeClock

Step = Callable[[], Awaitable[object]]
Rows = dict[str, list[tuple[Any, ...]]]

TABLES = ("tasks", "versions", "jobs", "runs", "attempts", "state")
#: A step that fails more often than this does not recover.
MOST_TRIES = 50


def rows_of(database: Path) -> Rows:
    """Return all that is on record, as any other program finds it; raises AssertionError for a damaged file."""
    for _ in range(MOST_TRIES):
        # What fails for the store may fail for the one who looks, too.
        with suppress(sqlite3.OperationalError):
            return _rows_of(database)
    raise AssertionError(f"not read in {MOST_TRIES} tries")


def _rows_of(database: Path) -> Rows:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as shell:
        assert shell.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert shell.execute("PRAGMA foreign_key_check").fetchall() == []
        return {table: shell.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}  # noqa: S608


def steps_of(store: SqliteStore) -> Iterable[Step]:
    """Yield the writes of a life with every kind of step; ids are those of an empty record."""
    yield lambda: admit_task(store)

    async def claim() -> object:
        (job,) = await store.jobs()
        slots = [a_slot(job, scheduled_for=after(number), attempt=an_attempt_claim()) for number in range(3)]
        return await store.claim(slots, {job.id: after(60)})

    first, second, third = (AttemptId(run_id=number, number=1) for number in (1, 2, 3))
    yield claim
    yield lambda: store.request(a_request("by hand"))
    yield lambda: store.started([a_start(first), a_start(second)])
    yield lambda: store.finish([an_end(first, Failed("x"), exit=a_telling_exit())])
    yield lambda: store.finish([a_failure(second, retry_at=after(30))])
    yield lambda: store.finish([an_end(third, Snoozed("later", 5), retry_at=after(10), started=a_start(third))])
    yield lambda: store.pause(2, after(6))
    yield lambda: store.put("fact", "x" * 20_000)
    yield lambda: store.unpause(2, after(8))
    yield lambda: store.resolve([2, 4], Cancelled("by hand"), after(9))
    yield lambda: store.begin([(3, an_attempt_claim(claimed_at=after(10)))])
    yield lambda: store.void([AttemptId(run_id=3, number=2)], "its host was gone")


async def live(store: SqliteStore, *, on_failure: Callable[[], None]) -> int:
    """Do every step until it is taken; return how many tries failed."""
    failures = 0
    for step in steps_of(store):
        for _ in range(MOST_TRIES):
            before = rows_of(store.path)
            try:
                await step()
            except StoreError:
                assert rows_of(store.path) == before, "a write that failed left something"
                failures += 1
                on_failure()
            else:
                assert rows_of(store.path) != before, "a write that succeeded left nothing"
                break
        else:
            raise AssertionError(f"not taken in {MOST_TRIES} tries")
    return failures


@contextmanager
def opened(folder: Path) -> Iterator[SqliteStore]:
    """Open the store in `folder` as a scheduler does, which is started again when it cannot."""
    for _ in range(MOST_TRIES):
        try:
            store = SqliteStore.open(
                folder / "scheduler.db", clock=FakeClock(), sources=folder / "sources", backups=folder / "backups"
            )
        except StoreError:
            continue
        break
    else:
        raise AssertionError(f"not opened in {MOST_TRIES} tries")
    try:
        yield store
    finally:
        store.close()


def set_limit(size: int) -> None:
    """Have every write beyond so many bytes of a file fail, as on a broken disk; -1: none."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def one_life(template: Path, folder: Path, *, limit: int = -1) -> tuple[Rows, int]:
    """Live once on a copy of an empty database; return what is on record after opening it again, and the failures."""
    folder.mkdir()
    shutil.copy(template, folder / "scheduler.db")
    with opened(folder) as store:
        asyncio.run(store.jobs())  # a reader is there, as in a scheduler
        set_limit(limit)
        try:
            failures = asyncio.run(live(store, on_failure=lambda: set_limit(-1)))
        finally:
            set_limit(-1)
    with opened(folder):  # what is left in the log of writes is read back
        rows = rows_of(folder / "scheduler.db")
    return rows, failures


def every_write_fails_once(template: Path, folder: Path, step: int) -> dict[str, int]:
    """Live once for each place in the log of writes, the disk refusing what lies beyond it until a write failed."""
    expected, _ = one_life(template, folder / "whole")
    lives = failures = 0
    for limit in range(0, 10_000_000, step):
        rows, failed = one_life(template, folder / str(limit), limit=limit)
        assert rows == expected, f"another record after a failure at byte {limit}"
        shutil.rmtree(folder / str(limit))
        if not failed:
            return {"lives": lives, "failures": failures}
        lives, failures = lives + 1, failures + failed
    raise AssertionError("the log never ended")


def some_calls_fail(template: Path, folder: Path) -> dict[str, int]:
    """Live three times while somebody else has system calls of this process fail."""
    lives = [one_life(template, folder / str(number)) for number in range(3)]
    assert lives[0][0] == lives[1][0] == lives[2][0]
    return {"lives": len(lives), "failures": sum(failed for _, failed in lives)}


if __name__ == "__main__":
    how, template, folder, *numbers = sys.argv[1:]
    if how == "writes":
        report = every_write_fails_once(Path(template), Path(folder), int(numbers[0]))
    else:
        report = some_calls_fail(Path(template), Path(folder))
    sys.stdout.write(json.dumps(report))
