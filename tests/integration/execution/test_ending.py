"""How attempts are ended: at their limit, on request, and with everything they started."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.integration.execution.project import EITHER_START_METHOD, Project, until

pytestmark = EITHER_START_METHOD

STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('here')\ntime.sleep(60)\n"

#: Starts what a task may start at its worst: its own session, its parent gone, an empty environment, deaf to TERM.
DEMON = (
    "import os, subprocess, sys, time\n"
    "code = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(0, flush=True); time.sleep(60)'\n"
    "read, write = os.pipe()\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        os.dup2(write, 1)\n"
    "        os.execvp('env', ['env', '-i', sys.executable, '-c', code])\n"
    "    os._exit(0)\n"
    "os.wait()\n"
    "os.read(read, 1)\n"
    "print('demon')\n"
)


def test_an_attempt_is_ended_at_its_limit(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("import time; time.sleep(60)", timeout=0.1))
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.stopped_for, exit_.signal, exit_.exit_code) == ("timeout", 15, None)
            assert exit_.duration is not None
            assert 0.1 <= exit_.duration < 5

    asyncio.run(scenario())


def test_what_ignores_the_request_is_killed_after_the_grace(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(STUBBORN, timeout=0.15, kill_grace=0.2))
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.stopped_for, exit_.signal) == ("timeout", 9)
            assert exit_.duration is not None
            assert exit_.duration >= 0.35
            assert project.texts(attempt) == ["here"]

    asyncio.run(scenario())


def test_an_attempt_may_tidy_up_and_keep_its_own_exit_code(project: Project) -> None:
    source = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "print('here')\n"
        "time.sleep(60)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            await until(lambda: project.texts(attempt))
            scheduler.executor.terminate(attempt, "asked by a person")
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.stopped_for, exit_.exit_code) == ("asked by a person", 5)

    asyncio.run(scenario())


def test_a_request_that_comes_with_the_start_is_not_lost(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("import time; time.sleep(60)", kill_grace=30))
            scheduler.executor.terminate(attempt, "a change of mind")
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.stopped_for == "a change of mind"
            assert exit_.signal in {9, 15}

    asyncio.run(scenario())


@pytest.mark.slow
def test_the_limit_reaches_everything_an_attempt_started(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(DEMON + "time.sleep(60)\n", timeout=1.5, kill_grace=0.2))
            await until(lambda: project.texts(attempt) == ["demon"])
            alive = scheduler.living(attempt)
            exit_ = await scheduler.exit_of(attempt)

            assert len(alive) == 2
            assert exit_.stopped_for == "timeout"
            assert scheduler.living(attempt) == {}

    asyncio.run(scenario())


def test_what_an_attempt_leaves_behind_is_ended_and_counted(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(DEMON))
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.exit_code, exit_.stopped_for, exit_.left_behind) == (0, None, 1)
            assert scheduler.living(attempt) == {}

    asyncio.run(scenario())


def test_what_is_left_behind_is_put_to_the_attempt_that_started_it(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            clean = [scheduler.launch(project.request("import time; time.sleep(0.3)")) for _ in range(3)]
            untidy = scheduler.launch(project.request("import subprocess; subprocess.Popen(['sleep', '60'])"))

            assert (await scheduler.exit_of(untidy)).left_behind == 1
            assert [(await scheduler.exit_of(attempt)).left_behind for attempt in clean] == [0, 0, 0]

    asyncio.run(scenario())


def test_the_end_is_that_of_the_main_process_not_of_the_last_holder_of_a_pipe(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            began = time.monotonic()
            attempt = scheduler.launch(project.request("import os; os.system('sleep 30 & echo hi')"))
            await scheduler.exit_of(attempt)

            assert time.monotonic() - began < 10
            assert project.texts(attempt) == ["hi"]

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_tree_that_keeps_forking_is_ended(project: Project) -> None:
    source = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('here', flush=True)\n"
        "while True:\n"
        "    if os.fork() == 0:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(0.3)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, timeout=0.5, kill_grace=0.1))
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.stopped_for, exit_.signal) == ("timeout", 9)
            assert scheduler.living(attempt) == {}

    asyncio.run(scenario())


def test_a_stopped_attempt_is_ended_at_its_limit(project: Project) -> None:
    source = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source, timeout=0.2, kill_grace=0.2)

            assert exit_.stopped_for == "timeout"

    asyncio.run(scenario())


@pytest.mark.slow
def test_one_that_is_being_ended_does_not_hold_up_the_others(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            scheduler.launch(project.request(STUBBORN, timeout=0.1, kill_grace=60))
            began = time.monotonic()
            for _ in range(5):
                await scheduler.run("pass")

            assert time.monotonic() - began < 5

    asyncio.run(scenario())
