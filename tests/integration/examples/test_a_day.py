"""A day of the examples on a clock that tests move: how often each runs, and when."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import JobDeclaration
from task_scheduler.ports import SourceFile
from task_scheduler.testing.loops import in_event_loop
from task_scheduler.testing.running import REPOSITORY
from task_scheduler.watcher.reader import TaskFileReader
from tests.unit.services.world import World

#: How often a day each runs, as docs/examples.md says.
RUNS_A_DAY = {
    "example_hello_world": 1440,
    "example_system_notification": 288,
    "example_system_monitor": 144,
    "example_external_execution": 96,
    "example_web_scraper": 48,
    "example_config_usage": 48,
    "example_helper_showcase": 24,
    "example_daily_cleanup": 1,
}


def readings() -> dict[str, tuple[JobDeclaration, ...]]:
    """Return the jobs that each example declares, as the scheduler reads them."""
    reader = TaskFileReader(root=REPOSITORY, helpers=REPOSITORY / "helpers", allow_direct_references=False)
    found = {}
    for path in sorted((REPOSITORY / "tasks").glob("example_*.py")):
        content = path.read_bytes()
        source = SourceFile(
            task_id=path.stem, path=f"tasks/{path.name}", digest=sha256(content).hexdigest(), content=content
        )
        reading = reader.read(source)
        assert not reading.problems, reading.problems
        found[path.stem] = reading.jobs
    return found


@pytest.mark.slow
def test_in_a_day_each_example_runs_as_often_as_it_says_at_boundaries_of_the_clock() -> None:
    @in_event_loop
    async def a_day() -> None:
        world = World(loop_interval=60)
        world.executor.automatic = True
        midnight = datetime(2026, 3, 2, tzinfo=UTC)
        world.clock.step(midnight - timedelta(seconds=1) - world.clock.now())
        await world.start()
        for number, (task, jobs) in enumerate(readings().items()):
            await world.admit(task, jobs=jobs, source=str(number).encode())

        await world.pass_time(timedelta(days=1).total_seconds())
        await world.stop()

        tomorrow = midnight + timedelta(days=1)
        runs = [(run, run.scheduled_for) for run in await world.runs() if run.scheduled_for]
        runs = [(run, slot) for run, slot in runs if slot < tomorrow]
        assert Counter(run.task_id for run, _ in runs) == RUNS_A_DAY
        assert {run.state for run, _ in runs} == {RunState.SUCCEEDED}
        assert all(run.started_at == slot for run, slot in runs)
        assert {(slot.second, slot.microsecond) for _, slot in runs} == {(0, 0)}
        [cleanup] = [slot for run, slot in runs if run.task_id == "example_daily_cleanup"]
        assert cleanup == midnight + timedelta(hours=2)
        for run, slot in runs:
            sys.stdout.write(f"{slot:%H:%M:%S} {run.task_id} run {run.id} {run.state}\n")

    a_day()
