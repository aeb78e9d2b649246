"""Another folder, pattern or interval while a folder is watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from task_scheduler.ports import KnownFile
from tests.integration.watcher.watched import NEVER, Watched, in_loop, watched

pytestmark = pytest.mark.slow


def configure(
    seen: Watched,
    root: Path,
    *,
    tasks: str = "tasks",
    pattern: str = "*.py",
    include_examples: bool = False,
    check_interval: float = NEVER,
) -> bool:
    return seen.source.configure(
        tasks=root / tasks, pattern=pattern, include_examples=include_examples, check_interval=check_interval
    )


async def start_anew(seen: Watched) -> dict[str, bytes | None]:
    await seen.source.stop()
    await seen.source.start(seen.hear, {name: KnownFile(digest="", stamp="") for name in seen.contents()})
    return seen.contents()


@in_loop
async def test_another_folder_is_reported_in_place_of_the_first(root: Path) -> None:
    (root / "tasks" / "a.py").write_text("1")
    (root / "jobs").mkdir()
    (root / "jobs" / "b.py").write_text("2")

    async with watched(root) as seen:
        is_other = configure(seen, root, tasks="jobs")
        before = dict(seen.contents())
        after = await start_anew(seen)
        (root / "jobs" / "c.py").write_text("3")
        await seen.until(lambda: seen.contents() == {"b": b"2", "c": b"3"})

    assert is_other
    assert (before, after) == ({"a": b"1"}, {"b": b"2"})
    assert seen.reports[-1].files[0].path == "jobs/c.py"


@in_loop
async def test_an_empty_folder_in_place_of_a_full_one_is_meant(root: Path) -> None:
    for name in "abcd":
        (root / "tasks" / f"{name}.py").write_text("1")
    (root / "jobs").mkdir()

    async with watched(root) as seen:
        configure(seen, root, tasks="jobs")
        assert await start_anew(seen) == {}

    assert seen.reports[-1].complete
    assert seen.reports[-1].suspended is None


@in_loop
async def test_a_folder_that_is_not_there_suspends(root: Path) -> None:
    async with watched(root) as seen:
        configure(seen, root, tasks="gone")
        await start_anew(seen)

    assert "gone" in (seen.reports[-1].suspended or "")


@in_loop
async def test_another_pattern_and_examples_count_from_the_next_start(root: Path) -> None:
    for name in ("a.py", "job_b.py", "example_c.py"):
        (root / "tasks" / name).write_text("1")

    async with watched(root) as seen:
        first = set(seen.contents())
        assert configure(seen, root, include_examples=True)
        with_examples = set(await start_anew(seen))
        assert configure(seen, root, pattern="job_*.py")
        matching = set(await start_anew(seen))

    assert (first, with_examples, matching) == ({"a", "job_b"}, {"a", "job_b", "example_c"}, {"job_b"})


@in_loop
async def test_another_interval_counts_at_once_and_asks_for_no_start(root: Path) -> None:
    async with watched(root) as seen:
        watch = seen.source._watch
        assert watch is not None
        watch._events.close()  # as of a file system that gives none
        assert not configure(seen, root, check_interval=0.1)
        (root / "tasks" / "a.py").write_text("1")
        await seen.until(lambda: seen.contents() == {"a": b"1"})
