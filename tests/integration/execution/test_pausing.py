"""How attempts are made to stand still and to go on, with control groups of the kernel and without."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.core.requests import PauseConfirmed, StillRunning
from task_scheduler.core.runs import AttemptId, StopCause
from task_scheduler.execution import cgroups, processes
from tests.integration.execution.project import EITHER_START_METHOD, Project, Scheduler, leaves_of, until

#: Writes a line each hundredth of a second, and has a child, and a grandchild without a parent, that do so too.
BUSY = (
    "import os, time\n"
    "def count(name):\n"
    "    while not os.path.exists('go'):\n"
    "        with open(name, 'a') as file: file.write('.')\n"
    "        time.sleep(0.01)\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        count('grandchild')\n"
    "    os._exit(0)\n"
    "if os.fork() == 0:\n"
    "    count('child')\n"
    "    os._exit(0)\n"
    "count('main')\n"
    "print('went on')\n"
)
NAMES = ("main", "child", "grandchild")


@pytest.fixture(params=["frozen", "stopped"])
def _limited(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the hosts of a test make control groups where they can, or not."""
    monkeypatch.setenv(cgroups.VARIABLE, "off" if request.param == "stopped" else "on")


either_way = pytest.mark.usefixtures("_limited")


async def _begin(scheduler: Scheduler, **wanted: Any) -> AttemptId:
    """Begin what writes lines; it declares a limit, so that it has a control group where there can be one."""
    attempt = scheduler.launch(scheduler.project.request(BUSY, max_processes=100, **wanted))
    root = scheduler.project.root
    await until(lambda: all((root / name).exists() for name in NAMES), "the whole tree to be at work")
    return attempt


async def _pause(scheduler: Scheduler, attempt: AttemptId) -> None:
    told = len(scheduler.of(attempt, PauseConfirmed))
    scheduler.executor.pause(attempt)
    await until(lambda: scheduler.of(attempt, PauseConfirmed)[told:], "the tree to stand still")
    assert scheduler.of(attempt, PauseConfirmed)[-1].is_paused


def _written(project: Project) -> list[int]:
    return [(project.root / name).stat().st_size for name in NAMES]


async def _stands_still(project: Project) -> bool:
    before = _written(project)
    await asyncio.sleep(0.15)  # many times as long as it takes them to write
    return _written(project) == before


@either_way
@EITHER_START_METHOD
def test_the_whole_tree_stands_still_and_goes_on(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = await _begin(scheduler)
            await _pause(scheduler, attempt)
            assert await _stands_still(project)

            scheduler.executor.resume(attempt)
            await until(lambda: not scheduler.of(attempt, PauseConfirmed)[-1].is_paused, "the word that it goes on")
            before = _written(project)
            await until(lambda: all(now > then for now, then in zip(_written(project), before, strict=True)))
            (project.root / "go").touch()
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.exit_code, exit_.stopped_for) == (0, None)
            assert 0.15 < exit_.paused_seconds < 20
            assert project.texts(attempt) == ["went on"]

    asyncio.run(scenario())


@pytest.mark.slow
def test_what_somebody_wakes_up_is_stopped_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cgroups.VARIABLE, "off")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = await _begin(scheduler)
            await _pause(scheduler, attempt)
            for pid in scheduler.living(attempt):
                os.kill(pid, signal.SIGCONT)
            await until(
                lambda: all(_state(pid) == "T" for pid in scheduler.living(attempt)), "all to stand still again"
            )

    asyncio.run(scenario())


def test_what_the_task_itself_has_stopped_is_not_woken_up(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cgroups.VARIABLE, "off")
    source = (
        "import os, signal, time\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    print('woken up', flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, os.WUNTRACED)\n"
        "print(child, flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "os.kill(child, signal.SIGKILL)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            child = int((await until(lambda: project.texts(attempt)))[0])
            await _pause(scheduler, attempt)
            scheduler.executor.resume(attempt)
            await until(lambda: len(scheduler.of(attempt, PauseConfirmed)) == 2)
            assert _state(child) == "T"

            (project.root / "go").touch()
            await scheduler.exit_of(attempt)
            assert project.texts(attempt) == [str(child)]

    asyncio.run(scenario())


@pytest.mark.slow
@either_way
@pytest.mark.parametrize("limit", [{"timeout": 0.6}, {"timeout": None, "deadline": 0.6}])
def test_a_pause_counts_for_no_limit(project: Project, limit: dict[str, float | None]) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = await _begin(scheduler, **limit)
            await _pause(scheduler, attempt)
            await asyncio.sleep(0.8)
            assert scheduler.ends(attempt) == []

            scheduler.executor.resume(attempt)
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.stopped_for in {StopCause.TIMEOUT, StopCause.DEADLINE}
            assert exit_.duration is not None
            assert exit_.duration > 1.4
            assert exit_.stop_value is not None
            assert 0.6 <= exit_.stop_value < 1.4
            assert exit_.paused_seconds >= 0.8

    asyncio.run(scenario())


@either_way
def test_a_paused_attempt_can_be_ended_and_tidies_up(project: Project) -> None:
    source = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "print('here')\n"
        "time.sleep(60)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, max_processes=10))
            await until(lambda: project.texts(attempt))
            await _pause(scheduler, attempt)
            scheduler.executor.terminate(attempt, "enough")
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.stopped_for, exit_.exit_code) == ("enough", 5)
            assert exit_.paused_seconds > 0

    asyncio.run(scenario())


@either_way
def test_a_paused_attempt_ends_with_its_host(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = await _begin(scheduler)
            await _pause(scheduler, attempt)
            host = scheduler.host_of(attempt).pid
            assert host is not None
            os.kill(host, signal.SIGTERM)
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.stopped_for == "its host was told to end"
            assert scheduler.living(attempt) == {}

    asyncio.run(scenario())


@either_way
def test_nothing_of_a_paused_attempt_outlives_a_host_that_is_killed(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = await _begin(scheduler)
            await _pause(scheduler, attempt)
            host = scheduler.host_of(attempt)
            assert host.pid is not None
            os.kill(host.pid, signal.SIGKILL)
            await scheduler.end_of(attempt)

            assert scheduler.living(attempt) == {}
            scheduler.executor.forget([attempt])
            assert leaves_of(host) == []

    asyncio.run(scenario())


@either_way
def test_a_pause_survives_the_scheduler(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as before:
            attempt = await _begin(before)
            await _pause(before, attempt)
        async with project.scheduler() as scheduler:
            scheduler.placements = before.placements
            [settled] = await scheduler.executor.settle(before.open(attempt))
            assert isinstance(settled, StillRunning)
            assert settled.is_paused
            assert await _stands_still(project)

            scheduler.executor.resume(attempt)
            (project.root / "go").touch()
            assert (await scheduler.exit_of(attempt)).exit_code == 0

    asyncio.run(scenario())


def test_a_pause_that_comes_with_the_start_is_not_lost(project: Project) -> None:
    source = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('went on')\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            await _pause(scheduler, attempt)
            (project.root / "go").touch()
            host = scheduler.host_of(attempt).pid
            assert host is not None
            assert [_state(pid) for pid in processes.children_of(host)] == ["T"]
            assert scheduler.ends(attempt) == []

            scheduler.executor.resume(attempt)
            assert (await scheduler.exit_of(attempt)).exit_code == 0
            assert project.texts(attempt) == ["went on"]

    asyncio.run(scenario())


def test_the_last_wish_is_sent_again_when_a_connection_was_lost(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = await _begin(scheduler)
            host = scheduler.executor._open[attempt]
            await until(lambda: host.is_greeted)
            host._lose()  # whatever was sent just now is gone with it
            scheduler.executor._pausing[attempt] = True
            await until(lambda: scheduler.of(attempt, PauseConfirmed), "the tree to stand still")
            assert await _stands_still(project)

    asyncio.run(scenario())


def test_a_host_of_an_older_program_is_told_nothing_it_does_not_know(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = await _begin(scheduler)
            host = scheduler.executor._open[attempt]
            await until(lambda: host.is_greeted)
            scheduler.executor._hear(host, {"is": "hello", "running": [], "ended": []})  # as those say hello
            scheduler.executor.pause(attempt)

            assert (
                f"attempt {attempt} cannot be paused: its host is of an older version of this program" in project.said
            )
            (project.root / "go").touch()
            assert (await scheduler.exit_of(attempt)).paused_seconds == 0

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_paused_tree_costs_its_host_next_to_nothing(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = await _begin(scheduler)
            await _pause(scheduler, attempt)
            host = scheduler.host_of(attempt).pid
            before = _cpu_ticks(host)
            began = time.monotonic()
            await asyncio.sleep(1.0)

            assert (_cpu_ticks(host) - before) / os.sysconf("SC_CLK_TCK") < 0.05 * (time.monotonic() - began)

    asyncio.run(scenario())


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _cpu_ticks(pid: int | None) -> int:
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
