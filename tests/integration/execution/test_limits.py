"""What limits do to an attempt that passes them, with control groups of the kernel and without."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler.core.requests import NotStarted
from task_scheduler.core.runs import AttemptExit, StopCause
from task_scheduler.execution import cgroups
from tests.integration.execution.project import EITHER_START_METHOD, Project, Scheduler, leaves_of, until

MB = 1 << 20
HOARD = "hoard = []\nwhile True: hoard.append(bytearray(5_000_000))\n"
SPIN = "while True: sum(range(1000))\n"
UNTIL_TOLD = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
#: Doubles as fast as it can, and never mind what the others do.
BOMB = (
    "import os, signal\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "while True:\n"
    "    try: os.fork()\n"
    "    except OSError: pass\n"
)


@pytest.fixture(params=["with groups", "without groups"])
def _groups(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the hosts of a test make control groups where they can, or not."""
    monkeypatch.setenv(cgroups.VARIABLE, "off" if request.param == "without groups" else "on")


either_way = pytest.mark.usefixtures("_groups")


async def _neighbours_on_time(scheduler: Scheduler, during: asyncio.Task[AttemptExit]) -> float:
    """Run something trivial again and again until another attempt has ended; return how long the slowest took."""
    slowest = 0.0
    while not during.done():
        began = time.monotonic()
        assert (await scheduler.run("pass")).exit_code == 0
        slowest = max(slowest, time.monotonic() - began)
    return slowest


# --- memory -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@either_way
@EITHER_START_METHOD
def test_an_attempt_is_killed_at_its_limit_of_memory_and_no_later(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(HOARD, memory_limit=256 * MB)

            assert (exit_.stopped_for, exit_.signal) == (StopCause.MEMORY, 9)
            assert exit_.stop_limit == 256 * MB
            assert exit_.stop_value is not None
            assert 256 * MB <= exit_.stop_value < 256 * MB * 1.1
            assert exit_.peak_memory is not None
            assert exit_.peak_memory >= 256 * MB
            assert leaves_of(scheduler.host_of(next(iter(scheduler.placements)))) == []

    asyncio.run(scenario())


@pytest.mark.slow
@either_way
def test_the_limit_of_memory_is_that_of_the_whole_tree(project: Project) -> None:
    source = (
        "import subprocess, sys\n"
        "code = 'import time; hoard = bytearray(60_000_000); print(1, flush=True); time.sleep(60)'\n"
        "for _ in range(3): subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE).stdout.read(1)\n"
        "import time; time.sleep(60)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, memory_limit=150 * MB))
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.stopped_for == StopCause.MEMORY
            assert scheduler.living(attempt) == {}

    asyncio.run(scenario())


@pytest.mark.slow
@either_way
def test_one_of_a_tree_that_is_ended_at_the_limit_takes_all_with_it(project: Project) -> None:
    source = f"import os\nif os.fork() == 0:\n    {HOARD.splitlines()[0]}\n    {HOARD.splitlines()[1]}\nos.wait()\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source, memory_limit=100 * MB)

            assert exit_.stopped_for == StopCause.MEMORY

    asyncio.run(scenario())


@pytest.mark.slow
@either_way
def test_what_forks_share_counts_once(project: Project) -> None:
    source = (
        "import os, time\n"
        "held = bytearray(60_000_000)\n"
        "for _ in range(5):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(0.4)\n"
        "        os._exit(0)\n"
        "for _ in range(5): os.wait()\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source, memory_limit=150 * MB)

            assert (exit_.stopped_for, exit_.exit_code) == (None, 0)
            assert exit_.peak_memory is not None
            assert 60_000_000 < exit_.peak_memory < 90_000_000

    asyncio.run(scenario())


@pytest.mark.slow
def test_shared_memory_counts_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cgroups.VARIABLE, "off")
    source = (
        "import mmap, time\nshared = mmap.mmap(-1, 200_000_000)\nshared.write(bytes(200_000_000))\ntime.sleep(60)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source, memory_limit=300 * MB, timeout=0.4)
            assert exit_.stopped_for == StopCause.TIMEOUT

            exit_ = await scheduler.run(
                source.replace("bytes(200_000_000)", "b'x' * 200_000_000"), memory_limit=150 * MB
            )
            assert exit_.stopped_for == StopCause.MEMORY

    asyncio.run(scenario())


# --- processor time ---------------------------------------------------------------------------------------


@pytest.mark.slow
@either_way
def test_an_attempt_is_asked_to_end_at_its_limit_of_processor_time(project: Project) -> None:
    source = f"try:\n    {SPIN}finally:\n    print('tidied up')\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, cpu_limit=0.3))
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.stopped_for, exit_.stop_limit) == (StopCause.CPU, 0.3)
            assert exit_.stop_value is not None
            assert 0.3 <= exit_.stop_value < 0.6
            assert project.texts(attempt) == ["tidied up"]

    asyncio.run(scenario())


@pytest.mark.slow
@either_way
def test_processor_time_is_that_of_the_whole_tree_the_dead_included(project: Project) -> None:
    source = (
        "import os, time\n"
        "while True:\n"
        "    if os.fork() == 0:\n"
        "        until = time.process_time() + 0.05\n"
        "        while time.process_time() < until: pass\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source, cpu_limit=0.4)

            assert exit_.stopped_for == StopCause.CPU

    asyncio.run(scenario())


@pytest.mark.slow
def test_the_kernel_ends_what_its_host_cannot_watch_and_it_is_told_as_the_limit(project: Project) -> None:
    """As when the host is frozen: the limit of the process itself is left, two seconds above."""

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("print('began')\n" + SPIN, cpu_limit=0.1))
            host = scheduler.host_of(attempt).pid
            assert host is not None
            await until(lambda: len(scheduler.living(attempt)) == 1)
            os.kill(host, 19)
            main = next(iter(scheduler.living(attempt)))
            await until(lambda: not scheduler.living(attempt), f"the end of {main}")
            os.kill(host, 18)
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.stopped_for == StopCause.CPU

    asyncio.run(scenario())


# --- processes --------------------------------------------------------------------------------------------


@pytest.mark.slow
@either_way
def test_a_fork_bomb_is_killed_and_its_neighbours_are_on_time(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            await scheduler.run("pass")
            bomb = scheduler.launch(project.request(BOMB, max_processes=30))
            end = asyncio.ensure_future(scheduler.exit_of(bomb))
            slowest = await _neighbours_on_time(scheduler, end)
            exit_ = end.result()

            assert (exit_.stopped_for, exit_.stop_limit, exit_.signal) == (StopCause.PROCESSES, 30, 9)
            assert exit_.stop_value is not None
            assert exit_.stop_value > 30
            assert scheduler.living(bomb) == {}
            assert slowest < 1

    asyncio.run(scenario())


@pytest.mark.slow
def test_as_many_processes_as_allowed_and_the_dead_among_them_are_no_offence(project: Project) -> None:
    source = (
        "import os, time\n"
        "for _ in range(20):\n"
        "    child = os.fork()\n"
        "    if child == 0: os._exit(0)\n"
        "    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(0.4)\n"
        "        os._exit(0)\n"
        "time.sleep(0.3)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run(source, max_processes=5)

            assert (exit_.stopped_for, exit_.exit_code) == (None, 0)

    asyncio.run(scenario())


@pytest.mark.skipif(
    not os.access("/sys/fs/cgroup/pids", os.W_OK), reason="no control groups to keep a host from forking"
)
def test_a_fork_that_fails_is_told_and_the_next_attempt_begins(project: Project, no_forks: Path) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            running = scheduler.launch(project.request(UNTIL_TOLD))
            await until(lambda: scheduler.living(running))
            (no_forks / "cgroup.procs").write_text(str(scheduler.host_of(running).pid))
            refused = await scheduler.end_of(scheduler.launch(project.request("pass", max_processes=5)))
            (no_forks / "pids.max").write_text("max")

            assert isinstance(refused, NotStarted)
            assert refused.reason == "its host could not start it: [Errno 11] Resource temporarily unavailable"
            assert leaves_of(scheduler.host_of(running)) == []
            assert (await scheduler.run("pass")).exit_code == 0
            (project.root / "go").touch()
            assert (await scheduler.exit_of(running)).exit_code == 0

    asyncio.run(scenario())


@pytest.fixture
def no_forks(project: Project) -> Iterator[Path]:
    """A control group in which nothing can be forked; what is in it at the end of the test is let go."""
    group = Path("/sys/fs/cgroup/pids") / f"test-{os.getpid()}-{project.root.parent.name}"
    group.mkdir()
    (group / "pids.max").write_text("1")
    yield group
    for pid in (group / "cgroup.procs").read_text().split():
        Path("/sys/fs/cgroup/pids/cgroup.procs").write_text(pid)
    group.rmdir()


# --- time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timeout", "deadline", "cause", "limit"),
    [(0.1, None, "timeout", 0.1), (None, 0.1, "deadline", 0.1), (0.1, 5, "timeout", 0.1), (5, 0.1, "deadline", 0.1)],
)
def test_the_limit_that_is_reached_first_is_told(
    project: Project, timeout: float | None, deadline: float | None, cause: str, limit: float
) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run("import time; time.sleep(60)", timeout=timeout, deadline=deadline)

            assert (exit_.stopped_for, exit_.stop_limit) == (cause, limit)
            assert exit_.stop_value is not None
            assert exit_.stop_value >= limit

    asyncio.run(scenario())


def test_a_deadline_that_has_passed_ends_an_attempt_at_once(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            exit_ = await scheduler.run("import time; time.sleep(60)", deadline=0)

            assert exit_.stopped_for == StopCause.DEADLINE

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_limit_that_passed_while_its_host_was_frozen_is_kept_when_it_goes_on(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("import time; print('began'); time.sleep(60)", timeout=0.3))
            await until(lambda: project.texts(attempt))
            host = scheduler.host_of(attempt).pid
            assert host is not None
            os.kill(host, 19)
            await asyncio.sleep(0.5)  # what is to have passed, not what is waited for
            os.kill(host, 18)
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.stopped_for == StopCause.TIMEOUT
            assert exit_.stop_value is not None
            assert exit_.stop_value >= 0.5

    asyncio.run(scenario())


# --- asking to end ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_second_request_can_only_shorten_the_grace(project: Project) -> None:
    source = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('here')\ntime.sleep(60)\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, kill_grace=0.2))
            await until(lambda: project.texts(attempt))
            began = time.monotonic()
            for grace in (None, 50.0, None):
                scheduler.executor.terminate(attempt, "first" if grace is None else "second", grace=grace)
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.stopped_for == "first"
            assert 0.15 < time.monotonic() - began < 10

            attempt = scheduler.launch(project.request(source, kill_grace=50))
            await until(lambda: project.texts(attempt))
            scheduler.executor.terminate(attempt, "first")
            scheduler.executor.terminate(attempt, "second", grace=0)
            exit_ = await scheduler.exit_of(attempt)

            assert (exit_.stopped_for, exit_.signal) == ("first", 9)

    asyncio.run(scenario())


def test_the_grace_of_the_first_request_is_its_own(project: Project) -> None:
    source = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('here')\ntime.sleep(60)\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source, kill_grace=50))
            await until(lambda: project.texts(attempt))
            scheduler.executor.terminate(attempt, "now", grace=0)

            assert (await scheduler.exit_of(attempt)).signal == 9

    asyncio.run(scenario())


def test_why_it_is_to_end_is_left_for_the_attempt_and_removed_after(project: Project) -> None:
    source = (
        "import os, signal, sys, time\n"
        "def tell(*_):\n"
        "    os.write(1, open(os.environ['TASK_SCHEDULER_STOP_NOTE'], 'rb').read() + b'\\n')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, tell)\n"
        "os.write(1, b'here\\n')\n"
        "time.sleep(60)\n"
    )

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            await until(lambda: project.texts(attempt))
            scheduler.executor.terminate(attempt, "déjà vu")
            await scheduler.exit_of(attempt)

            assert project.texts(attempt) == ["here", "déjà vu"]
            assert [path.name for path in project.run_folder.rglob(f"{attempt}.*")] == [f"{attempt}.attempt"]

    asyncio.run(scenario())


# --- the kernel's facts -----------------------------------------------------------------------------------


def test_a_core_dump_is_told(project: Project) -> None:
    source = (
        "import os, resource\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)\n"
        "os.abort()\n"
    )
    is_possible = resource.getrlimit(resource.RLIMIT_CORE)[1] != 0

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            with_one = await scheduler.run(source)
            without = await scheduler.run("import os; os.kill(os.getpid(), 9)")

            assert (with_one.signal, with_one.core_dumped) == (6, is_possible)
            assert (without.signal, without.core_dumped, without.out_of_memory) == (9, False, False)

    asyncio.run(scenario())


@pytest.fixture
def little_memory(project: Project) -> Iterator[Path]:
    """A control group with little memory; what is in it at the end of the test is let go."""
    hierarchy = Path("/sys/fs/cgroup/memory")
    group = hierarchy / f"test-{os.getpid()}-{project.root.parent.name}"
    group.mkdir()
    (group / "memory.limit_in_bytes").write_text(str(100 * MB))
    yield group
    for pid in (group / "cgroup.procs").read_text().split():
        (hierarchy / "cgroup.procs").write_text(pid)
    group.rmdir()


@pytest.mark.slow
@pytest.mark.skipif(not os.access("/sys/fs/cgroup/memory", os.W_OK), reason="no control groups to run out of memory in")
def test_an_attempt_the_kernel_kills_for_want_of_memory_is_told_apart(project: Project, little_memory: Path) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            neighbour = scheduler.launch(project.request(UNTIL_TOLD))
            await until(lambda: scheduler.living(neighbour))
            (little_memory / "cgroup.procs").write_text(str(scheduler.host_of(neighbour).pid))
            exit_ = await scheduler.run(HOARD)

            assert (exit_.signal, exit_.stopped_for, exit_.out_of_memory) == (9, None, True)
            (project.root / "go").touch()
            assert (await scheduler.exit_of(neighbour)).exit_code == 0

    asyncio.run(scenario())


def test_attempts_are_ended_before_hosts_and_hosts_before_the_scheduler(project: Project) -> None:
    source = "import os\nfor pid in ('self', os.getppid()): print(open(f'/proc/{pid}/oom_score_adj').read().strip())\n"

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(source))
            await scheduler.exit_of(attempt)
            attempts, hosts = map(int, project.texts(attempt))

            assert own < hosts < attempts or hosts == 1000

    own = int(Path("/proc/self/oom_score_adj").read_text())
    asyncio.run(scenario())
