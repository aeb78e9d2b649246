"""What becomes of attempts when a disk is full, a folder is removed, a stranger connects, or a host fails."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from task_scheduler.core.errors import StoreError
from task_scheduler.core.requests import Finished, Lost, NotStarted, StillRunning
from task_scheduler.core.runs import AttemptId
from task_scheduler.execution import markers, spawning, words
from task_scheduler.execution.newcomers import HELLO_PATIENCE, MOST_NEWCOMERS, Newcomers
from tests.integration.execution.project import PROFILE, Project, Scheduler, until

UNTIL_TOLD = "import os, time\nprint('began')\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('went on')\n"
HELLO = b'{"do": "hello"}\n'


async def _begin(scheduler: Scheduler, source: str = UNTIL_TOLD) -> AttemptId:
    attempt = scheduler.launch(scheduler.project.request(source))
    await until(lambda: scheduler.project.texts(attempt) == ["began"], "the attempt's first line")
    return attempt


def _folder(scheduler: Scheduler, attempt: AttemptId) -> Path:
    return scheduler.project.run_folder / scheduler.host_of(attempt).host


def _pid(scheduler: Scheduler, attempt: AttemptId) -> int:
    pid = scheduler.host_of(attempt).pid
    assert pid is not None
    return pid


# --- a full disk ------------------------------------------------------------------------------------------


def test_a_host_that_can_write_no_file_any_more_still_tells_how_its_attempts_ended(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempts = [await _begin(scheduler) for _ in range(2)]
            # Its output, its marker and its own log: each further write fails.
            resource.prlimit(_pid(scheduler, attempts[0]), resource.RLIMIT_FSIZE, (0, 0))
            (project.root / "go").touch()

            for attempt in attempts:
                exit_ = await scheduler.exit_of(attempt)
                assert exit_.exit_code == 0
                assert exit_.output_dropped == len("went on\n")

    asyncio.run(scenario())


def test_an_end_that_cannot_be_put_on_disk_when_the_scheduler_leaves_ends_no_other(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as before:
            ended = before.launch(project.request("pass"))
            await before.exit_of(ended)
            running = await _begin(before)
            marker = project.marker(before, ended)
            marker.unlink()
            marker.symlink_to(marker)  # opening it fails
            resource.prlimit(_pid(before, ended), resource.RLIMIT_FSIZE, (0, 0))  # and saying so as well
        async with project.scheduler() as scheduler:
            settled = await scheduler.executor.settle(before.open(running))
            (project.root / "go").touch()

            assert [type(report) for report in settled] == [StillRunning]
            assert (await scheduler.exit_of(running)).exit_code == 0

    asyncio.run(scenario())


def test_what_the_code_raised_is_told_though_its_file_cannot_be_removed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {"kind": "ValueError", "message": "no", "place": "here", "bases": ["Exception"]}
    said = json.dumps({"error": error})
    Path(markers.words_path(str(project.tasks), "1.1")).write_text(said)

    def refuse(path: str) -> NoReturn:
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(os, "unlink", refuse)

    assert words.take(str(project.tasks), "1.1") == {"error": error}


def test_a_source_that_cannot_be_made_ready_is_no_start(project: Project) -> None:
    def refuse(_: str) -> NoReturn:
        raise StoreError("the disk is full")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            scheduler.executor._source_of = refuse
            attempt = scheduler.launch(project.request("pass"))

            assert scheduler.reports == []
            end = await scheduler.end_of(attempt)
            assert isinstance(end, NotStarted)
            assert "the disk is full" in end.reason

    asyncio.run(scenario())


# --- a folder that is removed -----------------------------------------------------------------------------


def test_a_host_whose_folder_is_removed_is_replaced(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            running = await _begin(scheduler)
            request = project.request("pass")
            placement = scheduler.executor.place(PROFILE)
            shutil.rmtree(project.run_folder)
            scheduler.executor.launch(request, placement)
            refused = await scheduler.end_of(request.id)
            after = await scheduler.run("pass")
            (project.root / "go").touch()

            assert isinstance(refused, NotStarted)
            assert after.exit_code == 0
            assert (await scheduler.exit_of(running)).exit_code == 0
            await until(lambda: not scheduler.host_of(running).is_alive(), "the host without a folder to leave")

    asyncio.run(scenario())


@pytest.mark.slow
def test_attempts_of_a_living_host_without_a_folder_are_settled_by_its_end(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("task_scheduler.execution.executor.GREETING_PATIENCE", 0.3)

    async def scenario() -> None:
        async with project.scheduler() as before:
            attempt = await _begin(before)
        shutil.rmtree(project.run_folder)
        async with project.scheduler() as scheduler:
            settled = await scheduler.executor.settle(before.open(attempt))
            (project.root / "go").touch()

            assert [type(report) for report in settled] == [StillRunning]
            assert isinstance(await scheduler.end_of(attempt), Lost)
            assert (await scheduler.run("pass")).exit_code == 0

    asyncio.run(scenario())


def test_an_attempt_that_cannot_be_made_void_is_settled_by_the_end_of_its_host(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: str) -> NoReturn:
        raise OSError(28, "No space left on device")

    async def scenario() -> None:
        async with project.scheduler() as before:
            await before.exit_of(before.launch(project.request("pass")))
            claimed = project.request("open('ran.txt', 'w').close()")
            before.placements[claimed.id] = before.executor.place(PROFILE)
        monkeypatch.setattr(markers, "create", refuse)
        async with project.scheduler() as scheduler:
            settled = await scheduler.executor.settle(before.open(claimed.id))

            assert [type(report) for report in settled] == [StillRunning]
            assert isinstance(await scheduler.end_of(claimed.id), NotStarted)
            assert not (project.root / "ran.txt").exists()

    asyncio.run(scenario())


# --- a stranger at the socket -----------------------------------------------------------------------------


@contextmanager
def _stranger(folder: Path, says: bytes) -> Iterator[socket.socket]:
    with closing(spawning.connect(folder)) as connection:
        if says:
            connection.sendall(says)
        yield connection


@pytest.mark.parametrize(
    "says", [b"", b"nonsense\n", b"[]\n", b'{"do": 1}\n', b'{"do": "dance"}\n', b"\xff\n", HELLO + b"nonsense\n"]
)
def test_a_stranger_disturbs_no_attempt(project: Project, says: bytes) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            running = await _begin(scheduler)
            with _stranger(_folder(scheduler, running), says):
                ends = [await scheduler.end_of(scheduler.launch(project.request("pass"))) for _ in range(2)]
                (project.root / "go").touch()
                assert (await scheduler.exit_of(running)).exit_code == 0

            # One that was on its way when the connection was taken over has not begun.
            assert isinstance(ends[0], NotStarted if says.startswith(HELLO) else Finished)
            assert isinstance(ends[1], Finished)
            assert {scheduler.host_of(attempt) for attempt in scheduler.placements} == {scheduler.host_of(running)}

    asyncio.run(scenario())


def test_a_connection_that_was_taken_over_is_made_again_and_said_once(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            running = await _begin(scheduler)
            for turn in range(2):
                with _stranger(_folder(scheduler, running), HELLO) as stranger:
                    stranger.settimeout(10)
                    await asyncio.to_thread(stranger.recv, 65536)  # it has taken the scheduler's place
                    scheduler.executor.terminate(running, "enough") if turn else None
                    await until(lambda: _is_closed(stranger), "the scheduler to take its place again")
            exit_ = await scheduler.exit_of(running)

            assert exit_.stopped_for == "enough"
            assert len([sentence for sentence in project.said if "connection" in sentence]) == 1

    asyncio.run(scenario())


def test_an_order_the_host_never_read_is_reported_as_not_started(project: Project) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            running = await _begin(scheduler)
            os.kill(_pid(scheduler, running), signal.SIGSTOP)
            unread = scheduler.launch(project.request("open('ran.txt', 'w').close()"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # the order is in the host's socket now
            with _stranger(_folder(scheduler, running), HELLO):
                os.kill(_pid(scheduler, running), signal.SIGCONT)
                end = await scheduler.end_of(unread)
            (project.root / "go").touch()

            assert isinstance(end, NotStarted)
            assert (await scheduler.exit_of(running)).exit_code == 0
            assert not (project.root / "ran.txt").exists()

    asyncio.run(scenario())


def test_silent_connections_are_few_and_do_not_stay() -> None:
    closed: list[int] = []
    newcomers = Newcomers(closed.append)
    others = []
    for _ in range(MOST_NEWCOMERS + 2):
        own, other = socket.socketpair()
        own.settimeout(0)
        others.append(other)
        newcomers.add(own, 0.0)

    assert newcomers.hear(HELLO_PATIENCE / 2) is None
    assert len(closed) == 2
    assert newcomers.hear(HELLO_PATIENCE) is None
    assert len(closed) == MOST_NEWCOMERS + 2
    assert newcomers.deadlines() == []
    for other in others:
        other.close()


def test_the_newest_that_says_hello_is_heard_and_nothing_of_the_older() -> None:
    closed: list[int] = []
    newcomers = Newcomers(closed.append)
    pairs = [socket.socketpair() for _ in range(3)]
    for own, _ in pairs:
        own.settimeout(0)
        newcomers.add(own, 0.0)
    for _, other in pairs[:2]:
        other.sendall(HELLO + b"further")

    assert newcomers.hear(0.0) == (pairs[1][0], b"further")
    assert len(closed) == 1
    assert len(newcomers.deadlines()) == 1
    for own, other in pairs:
        own.close()
        other.close()


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        return connection.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


# --- hosts that fail --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_frozen_host_gets_no_new_attempts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("task_scheduler.execution.executor.GREETING_PATIENCE", 0.3)

    async def scenario() -> None:
        async with project.scheduler() as before:
            attempt = await _begin(before)
        os.kill(_pid(before, attempt), signal.SIGSTOP)
        async with project.scheduler() as scheduler:
            await scheduler.executor.settle(before.open(attempt))

            assert (await scheduler.run("pass")).exit_code == 0
            assert len([sentence for sentence in project.said if "does not answer" in sentence]) == 1

            os.kill(_pid(before, attempt), signal.SIGCONT)
            (project.root / "go").touch()

            assert isinstance(await scheduler.end_of(attempt), Finished)
            await until(lambda: not before.host_of(attempt).is_alive(), "the thawed host to leave")

    asyncio.run(scenario())


def test_attempts_have_the_umask_of_the_person(project: Project) -> None:
    before = os.umask(0o027)
    try:

        async def scenario() -> None:
            async with project.scheduler() as scheduler:
                attempt = scheduler.launch(project.request("import os; print(oct(os.umask(0)))"))
                await scheduler.exit_of(attempt)

                assert project.texts(attempt) == ["0o27"]

        asyncio.run(scenario())
    finally:
        os.umask(before)


def test_hosts_that_cannot_be_started_are_not_prepared_in_a_rush(project: Project) -> None:
    project.interpreter = Path("/nowhere/python")

    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            began = time.monotonic()
            for _ in range(50):
                scheduler.executor.prepare(PROFILE)

            assert time.monotonic() - began < 5
            assert len(scheduler.executor._fleet._hosts) <= 6  # as many as five seconds hold, doubled each time

    asyncio.run(scenario())


@pytest.mark.parametrize(("count", "expected"), [(1, "and with it 1 attempt"), (3, "and with it 3 attempts")])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_end_of_a_host_is_said_with_the_number_of_attempts_it_took_along(
    project: Project, how: signal.Signals, count: int, expected: str
) -> None:
    async def scenario() -> None:
        async with project.scheduler() as scheduler:
            attempts = [await _begin(scheduler) for _ in range(count)]
            os.kill(_pid(scheduler, attempts[0]), how)
            for attempt in attempts:
                await scheduler.end_of(attempt)

            said = [sentence for sentence in project.said if "with it" in sentence]
            assert len(said) == 1
            assert said[0].partition(":")[0].endswith(expected)

    asyncio.run(scenario())


# --- a fault of the program -------------------------------------------------------------------------------


def test_a_fault_while_a_message_is_heard_is_told_and_not_only_logged(project: Project) -> None:
    async def scenario() -> None:
        executor = project.executor()

        def stumble(_report: object) -> NoReturn:
            raise LookupError("a fault of the program")

        await executor.start(stumble)
        try:
            request = project.request("pass")
            placement = executor.place(request.profile)
            executor.launch(request, placement)
            await until(lambda: project.faults, "the fault")
        finally:
            await executor.stop()

    asyncio.run(scenario())

    assert {str(fault) for fault in project.faults} == {"a fault of the program"}
