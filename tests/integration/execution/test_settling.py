"""What a scheduler learns of the attempts a former one left: adopted, finished, void or lost, and never run twice."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Sequence
from typing import Any

import pytest

from task_scheduler.core.requests import Finished, Lost, NotStarted, OpenAttempt, Started, StillRunning
from task_scheduler.core.runs import AttemptId
from task_scheduler.execution import markers, processes, settlement
from task_scheduler.execution.cards import HostCard
from tests.integration.execution.project import EITHER_START_METHOD, PROFILE, Project, Scheduler, until

UNTIL_TOLD = "import os, time\nprint('began')\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('went on')\n"


async def _begin_and_leave(project: Project, source: str = UNTIL_TOLD, **wanted: Any) -> tuple[AttemptId, Scheduler]:
    """Launch an attempt, see it running, and go as a scheduler does that is killed: without a word."""
    async with project.scheduler() as scheduler:
        attempt = scheduler.launch(project.request(source, **wanted))
        await until(lambda: project.texts(attempt) == ["began"], "the attempt's first line")
    return attempt, scheduler


@EITHER_START_METHOD
def test_a_living_attempt_is_adopted_and_its_end_told_with_its_whole_output(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        async with project.scheduler() as scheduler:
            settled = await scheduler.executor.settle(before.open(attempt))
            (project.root / "go").touch()
            exit_ = await scheduler.exit_of(attempt)

            assert [type(report) for report in settled] == [StillRunning]
            assert settled[0].id == attempt
            assert exit_.exit_code == 0
            assert project.texts(attempt) == ["began", "went on"]
            assert not scheduler.of(attempt, Started)

    asyncio.run(scenario())


def test_what_was_mended_around_the_scheduler_reaches_the_next_attempt(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        monkeypatch.setenv("MENDED", "yes")
        async with project.scheduler() as scheduler:
            await scheduler.executor.settle(before.open(attempt))
            second = scheduler.launch(project.request("import os; print(os.environ['MENDED'])"))
            await scheduler.exit_of(second)
            (project.root / "go").touch()
            exit_ = await scheduler.exit_of(attempt)

            assert project.texts(second) == ["yes"]
            assert exit_.exit_code == 0
            assert project.texts(attempt) == ["began", "went on"]

    asyncio.run(scenario())


def test_an_adopted_host_is_used_again(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        async with project.scheduler() as scheduler:
            await scheduler.executor.settle(before.open(attempt))
            second = scheduler.launch(project.request("pass"))
            await scheduler.exit_of(second)
            scheduler.executor.terminate(attempt, "enough")
            exit_ = await scheduler.exit_of(attempt)

            assert scheduler.host_of(second) == before.host_of(attempt)
            assert exit_.stopped_for == "enough"

    asyncio.run(scenario())


def test_an_end_while_no_scheduler_was_there_is_told_from_the_living_host(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        (project.root / "go").touch()
        marker = project.marker(before, attempt)
        await until(lambda: len(marker.read_bytes().splitlines()) == 2, "the end in the marker")
        async with project.scheduler() as scheduler:
            settled = await scheduler.executor.settle(before.open(attempt))

            assert [type(report) for report in settled] == [Finished]
            assert project.texts(attempt) == ["began", "went on"]
            assert scheduler.reports == []

            scheduler.executor.forget([attempt])

            assert not marker.exists()

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_an_end_is_told_when_the_host_has_gone_as_well(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        (project.root / "go").touch()
        marker = project.marker(before, attempt)
        await until(lambda: len(marker.read_bytes().splitlines()) == 2, "the end in the marker")
        _kill_host(before.host_of(attempt))
        async with project.scheduler() as scheduler:
            settled = await scheduler.executor.settle(before.open(attempt))

            assert [type(report) for report in settled] == [Finished]

            scheduler.executor.forget([attempt])

            assert not marker.parent.exists()

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_the_limit_is_enforced_while_no_scheduler_is_there(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project, timeout=0.4, kill_grace=0.2)
        marker = project.marker(before, attempt)
        await until(lambda: len(marker.read_bytes().splitlines()) == 2, "the end in the marker")
        async with project.scheduler() as scheduler:
            (settled,) = await scheduler.executor.settle(before.open(attempt))

            assert isinstance(settled, Finished)
            assert settled.exit.stopped_for == "timeout"

    asyncio.run(scenario())


def test_settling_twice_tells_the_same(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project, UNTIL_TOLD + "raise SystemExit(4)\n")
        (project.root / "go").touch()
        told = []
        for _ in range(2):
            async with project.scheduler() as scheduler:
                (settled,) = await scheduler.executor.settle(before.open(attempt))
                told.append(settled if isinstance(settled, Finished) else await scheduler.end_of(attempt))

        assert told[0] == told[1]

    asyncio.run(scenario())


def test_a_claim_nobody_began_is_made_void_and_a_late_start_does_nothing(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as before:
            warm = before.launch(project.request("pass"))
            await before.exit_of(warm)
            request = project.request("open('ran.txt', 'w').close()")
            before.placements[request.id] = before.executor.place(PROFILE)
        async with project.scheduler() as scheduler:
            (settled,) = await scheduler.executor.settle(before.open(request.id))
            scheduler.executor.forget([request.id])
            scheduler.executor.launch(request, before.placements[request.id])
            await scheduler.run("pass")

            assert isinstance(settled, NotStarted)
            assert not (project.root / "ran.txt").exists()

    asyncio.run(scenario())


def test_orders_of_a_scheduler_that_has_a_successor_are_not_read(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as before:
            await before.run("pass")
            request = project.request("open('ran.txt', 'w').close()")
            host = before.host_of(AttemptId(run_id=1, number=1))
            assert host.pid is not None
            os.kill(host.pid, signal.SIGSTOP)
            before.launch(request)
            await asyncio.sleep(0)  # the order is in the host's socket now, unread
            await asyncio.sleep(0)
            after = Scheduler(project, project.executor())
            await after.executor.start(after.reports.append)
            settling = asyncio.create_task(_settle(after, before.open(request.id)))
            await until(lambda: bool(_hosts_of(after)), "the new connection")
            os.kill(host.pid, signal.SIGCONT)
            settled = await settling
            await after.executor.stop()

            assert isinstance(settled, NotStarted)
            assert not (project.root / "ran.txt").exists()

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_frozen_host_is_judged_from_outside_and_heard_when_it_thaws(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("task_scheduler.execution.executor.GREETING_PATIENCE", 0.3)

    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        claimed = project.request("open('ran.txt', 'w').close()")
        before.placements[claimed.id] = before.placements[attempt]
        host = before.host_of(attempt)
        assert host.pid is not None
        os.kill(host.pid, signal.SIGSTOP)
        async with project.scheduler() as scheduler:
            settled = await scheduler.executor.settle(before.open(attempt, claimed.id))
            os.kill(host.pid, signal.SIGCONT)
            (project.root / "go").touch()
            exit_ = await scheduler.exit_of(attempt)

            assert [(report.id, type(report)) for report in settled] == [
                (attempt, StillRunning),
                (claimed.id, NotStarted),
            ]
            assert exit_.exit_code == 0

    asyncio.run(scenario())


def test_a_dead_host_without_a_marker_proves_that_nothing_began(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as before:
            warm = before.launch(project.request("pass"))
            await before.exit_of(warm)
            request = project.request("pass")
            before.placements[request.id] = before.executor.place(PROFILE)
        _kill_host(before.host_of(request.id))
        async with project.scheduler() as scheduler:
            (settled,) = await scheduler.executor.settle(before.open(request.id))

            assert isinstance(settled, NotStarted)

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_a_dead_host_with_a_begun_attempt_lost_it_and_nothing_of_it_lives(project: Project) -> None:
    source = "import subprocess\nsubprocess.Popen(['setsid', 'sleep', '60'])\n" + UNTIL_TOLD

    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project, source)
        await until(lambda: len(before.living(attempt)) == 2, "both processes")
        _kill_host(before.host_of(attempt))
        async with project.scheduler() as scheduler:
            (settled,) = await scheduler.executor.settle(before.open(attempt))

            assert isinstance(settled, Lost)
            assert before.living(attempt) == {}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, Lost),
        (b"", Lost),
        (b"4711 (python) S 1 1" + b" 0" * 16 + b" 99 0\n", Lost),
        (b'{"void": "never"}\n', NotStarted),
        (b"4711 (python) S 1 1" + b" 0" * 16 + b' 99 0\n{"exit_code": 0, "half a li', Lost),
    ],
)
def test_after_a_restart_of_the_machine_only_what_is_written_counts(
    project: Project, content: bytes | None, expected: type
) -> None:
    attempt = AttemptId(run_id=1, number=1)
    card = HostCard(host="1-2", pid=os.getpid(), start=processes.start_time(os.getpid()), boot="another boot")
    folder = project.run_folder / card.host
    folder.mkdir(parents=True)
    if content is not None:
        (folder / f"{attempt}.attempt").write_bytes(content)

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            (settled,) = await scheduler.executor.settle([OpenAttempt(id=attempt, placement=card.text())])

            assert type(settled) is expected

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x00\xffnonsense\n", settlement.MARKER_DAMAGED),
        (b"4711 (python) S\n", settlement.MARKER_DAMAGED),
        (b'nonsense\n{"exit_code": 0}\n', settlement.MARKER_DAMAGED),
        (b"4711 (python) S 1 1" + b" 0" * 16 + b' 99 0\n{"exit_code": 0}\n', settlement.HOST_ENDED),
        (None, settlement.MARKER_UNREADABLE),
    ],
)
def test_a_marker_that_proves_nothing_is_told_and_holds_up_no_other(
    project: Project, content: bytes | None, reason: str
) -> None:
    doubtful, other = AttemptId(run_id=1, number=1), AttemptId(run_id=2, number=1)
    card = HostCard(host="1-2", pid=os.getpid(), start=1, boot=processes.boot_id())
    folder = project.run_folder / card.host
    folder.mkdir(parents=True)
    marker = folder / f"{doubtful}.attempt"
    marker.symlink_to(marker) if content is None else marker.write_bytes(content)  # the one cannot be opened
    attempts = [OpenAttempt(id=attempt, placement=card.text()) for attempt in (doubtful, other)]

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            told, other_told = await scheduler.executor.settle(attempts)

            assert isinstance(told, Lost)
            assert told.reason.startswith(reason)
            assert isinstance(other_told, NotStarted)

    asyncio.run(scenario())


def test_a_damaged_marker_of_an_attempt_its_living_host_does_not_know_is_told(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as before:
            warm = before.launch(project.request("pass"))
            await before.exit_of(warm)
            request = project.request("open('ran.txt', 'w').close()")
            before.placements[request.id] = before.executor.place(PROFILE)
            project.marker(before, request.id).write_bytes(b"nonsense\n")
        async with project.scheduler() as scheduler:
            (settled,) = await scheduler.executor.settle(before.open(request.id))

            assert settled == Lost(id=request.id, reason=settlement.MARKER_DAMAGED)

    asyncio.run(scenario())


def test_a_stale_pid_is_no_host(project: Project) -> None:
    attempt = AttemptId(run_id=1, number=1)
    card = HostCard(host="1-2", pid=os.getpid(), start=1, boot=processes.boot_id())
    (project.run_folder / card.host).mkdir(parents=True)

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            (settled,) = await scheduler.executor.settle([OpenAttempt(id=attempt, placement=card.text())])

            assert isinstance(settled, NotStarted)

    asyncio.run(scenario())


def test_a_folder_that_is_gone_proves_nothing(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        _kill_host(before.host_of(attempt))
        shutil.rmtree(project.run_folder)
        async with project.scheduler() as scheduler:
            (settled,) = await scheduler.executor.settle(before.open(attempt))

            assert isinstance(settled, Lost)
            assert before.living(attempt) == {}

    asyncio.run(scenario())


def test_markers_of_committed_ends_and_folders_of_dead_hosts_are_cleared(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as before:
            attempt = before.launch(project.request("pass"))
            await before.exit_of(attempt)
        old = project.run_folder / "0-0"
        old.mkdir()
        (old / "host.json").write_text(json.dumps({"host": "0-0", "pid": 1, "start": 1, "boot": "another"}))
        (old / "7.1.attempt").write_bytes(b"")
        async with project.scheduler() as scheduler:
            assert await scheduler.executor.settle([]) == []
            assert not project.marker(before, attempt).exists()
            assert not old.exists()

    asyncio.run(scenario())


@EITHER_START_METHOD
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("after-start-marker:KILL", NotStarted),
        ("after-fork:KILL", NotStarted),
        ("after-pid-written:KILL", Lost),
        ("after-childs-end:KILL", Lost),
        ("before-exit-marker:KILL", Lost),
        ("after-exit-marker:KILL", Finished),
    ],
)
def test_a_host_that_dies_anywhere_leaves_one_true_end(
    project: Project, monkeypatch: pytest.MonkeyPatch, fault: str, expected: type
) -> None:
    monkeypatch.setenv("TASK_SCHEDULER_FAULT", fault)

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request("open('ran.txt', 'a').write('x')"))
            end = await scheduler.end_of(attempt)

            # A child that is killed between the fork and its line has begun nothing; it may also have been quicker.
            assert type(end) is expected or (fault.startswith("after-fork") and type(end) is Lost)
            if isinstance(end, NotStarted):
                assert not (project.root / "ran.txt").exists()
            assert len(scheduler.ends(attempt)) == 1
            assert scheduler.living(attempt) == {}

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_an_attempt_that_kills_its_host_is_lost_alone(project: Project) -> None:
    other = type(PROFILE)(environment="other")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            neighbour = scheduler.launch(project.request(UNTIL_TOLD, profile=other))
            fatal = scheduler.launch(project.request("import os, signal; os.kill(os.getppid(), signal.SIGKILL)"))
            end = await scheduler.end_of(fatal)
            (project.root / "go").touch()
            after = await scheduler.run("pass")

            assert isinstance(end, Lost)
            assert (await scheduler.exit_of(neighbour)).exit_code == 0
            assert after.exit_code == 0
            assert [sentence for sentence in project.said if "ended unexpectedly" in sentence]

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_an_attempt_dies_with_its_host_when_nobody_is_there_to_sweep(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        _kill_host(before.host_of(attempt))

        await until(lambda: before.living(attempt) == {}, "the kernel to end the attempt")

    asyncio.run(scenario())


def test_a_placement_that_cannot_be_read_is_lost_and_holds_up_no_other(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        unreadable = OpenAttempt(id=AttemptId(run_id=99, number=1), placement="?")
        async with project.scheduler() as scheduler:
            settled = await scheduler.executor.settle([unreadable, *before.open(attempt)])

            assert [type(report) for report in settled] == [Lost, StillRunning]

    asyncio.run(scenario())


def test_a_request_to_end_reaches_the_host_of_a_scheduler_that_stops(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        async with project.scheduler() as scheduler:
            await scheduler.executor.settle(before.open(attempt))
            scheduler.executor.terminate(attempt, "the last word")
        marker = project.marker(before, attempt)
        await until(lambda: len(marker.read_bytes().splitlines()) == 2, "the end in the marker")
        async with project.scheduler() as scheduler:
            (settled,) = await scheduler.executor.settle(before.open(attempt))

            assert isinstance(settled, Finished)
            assert settled.exit.stopped_for == "the last word"

    asyncio.run(scenario())


@EITHER_START_METHOD
def test_a_host_told_to_end_ends_its_attempts_first(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempt = scheduler.launch(project.request(UNTIL_TOLD))
            await until(lambda: project.texts(attempt) == ["began"])
            host = scheduler.host_of(attempt)
            assert host.pid is not None
            os.kill(host.pid, signal.SIGTERM)
            exit_ = await scheduler.exit_of(attempt)

            assert exit_.stopped_for == "its host was told to end"
            await until(lambda: not host.is_alive(), "the host's end")

    asyncio.run(scenario())


def test_creation_of_a_marker_has_one_winner(project: Project) -> None:
    folder = str(project.tasks)

    marker = markers.create(folder, "1.1")

    assert markers.create_void(folder, "1.1", "too late") is False
    assert markers.create_void(folder, "1.2", "first") is True
    with pytest.raises(FileExistsError):
        markers.create(folder, "1.2")
    os.close(marker)


@EITHER_START_METHOD
def test_a_swept_attempt_is_gone_when_the_sweep_returns(project: Project) -> None:
    async def scenario() -> None:
        attempt, before = await _begin_and_leave(project)
        await settlement.sweep({before.mark_of(attempt)})

        assert before.living(attempt) == {}

    asyncio.run(scenario())


async def _settle(scheduler: Scheduler, attempts: Sequence[OpenAttempt]) -> object:
    (settled,) = await scheduler.executor.settle(attempts)
    return settled


def _hosts_of(scheduler: Scheduler) -> list[object]:
    """Return the hosts that a scheduler has said hello to."""
    hosts = scheduler.executor._fleet._hosts.values()
    return [host for host in hosts if host._connection is not None and not host._outbox]


def _kill_host(host: HostCard) -> None:
    assert host.pid is not None
    os.kill(host.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while host.is_alive():
        assert time.monotonic() < deadline
