"""The record on a real database says the same through a running scheduler's socket as without one."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.cli.door import LEFT, NEVER, ProjectDoor
from task_scheduler.control.address import socket_path
from task_scheduler.control.answers import Control
from task_scheduler.control.server import ControlServer
from task_scheduler.core.errors import NotRunning, Refused, UnknownRun, UnknownTask
from task_scheduler.core.outcomes import Missed
from task_scheduler.core.runs import Run
from task_scheduler.project import Project, locate_project
from task_scheduler.services.overview import Overview
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import (
    a_failure,
    a_request,
    a_slot,
    a_start,
    admit_task,
    after,
    an_attempt_claim,
    an_end,
)
from task_scheduler.testing.clock import NOON, FakeClock

pytestmark = pytest.mark.slow

QUESTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("list", {}),
    ("show", {"task": "report"}),
    ("history", {}),
    ("history", {"task": "report", "states": ["missed", "failed"], "limit": 2}),
    ("history", {"before": 3}),
    ("run", {"run": 1}),
    ("run", {"run": 2}),
)


@pytest.fixture
def project() -> Iterator[Project]:
    with tempfile.TemporaryDirectory() as folder:
        yield locate_project(config=None, root=folder, default_root=Path(folder))


@contextmanager
def opened(project: Project) -> Iterator[SqliteStore]:
    data = project.root / "data"
    data.mkdir(exist_ok=True)
    with SqliteStore.open(
        data / "scheduler.db", clock=FakeClock(), sources=data / "sources", backups=data / "backups"
    ) as store:
        yield store


async def fill(store: SqliteStore) -> None:
    """Put on record a task with a success, a failure to be retried, a bulk row and a request."""
    (job,) = await admit_task(store, "report")
    later = NOON + timedelta(days=36_500)  # ahead of every clock these tests are read by
    runs = await store.claim(
        [
            a_slot(job, attempt=an_attempt_claim()),
            a_slot(job, scheduled_for=after(300), attempt=an_attempt_claim(), merged=3, merged_from=after(60)),
            a_slot(job, scheduled_for=after(600), outcome=Missed("too late"), count=5, range_end=after(900)),
        ],
        {job.id: later},
    )
    first, second = (run.id for run in runs)
    (one,), (two,) = [await _attempts(store, first), await _attempts(store, second)]
    await store.started([a_start(one), a_start(two)])
    await store.finish([an_end(one), a_failure(two, retry_at=after(60))])
    await store.request(a_request())


async def _attempts(store: SqliteStore, run_id: int) -> list[Any]:
    return [attempt.id for attempt in await store.attempts(run_id)]


async def answers_of_a_scheduler(project: Project, store: SqliteStore) -> list[Any]:
    """Ask through the socket, as the commands do."""

    async def start(
        task: str, function: str | None, request_id: str, /, *, argv: Sequence[str], digest: str | None
    ) -> Run:
        raise Refused(f"{task} is not to be started here")

    async def rescan() -> None:
        raise AssertionError("nobody asked for it")

    async def surroundings(task: str | None) -> dict[str, Any]:
        raise AssertionError("nobody asked for them")

    overview = Overview(catalogue=store, history=store, clock=FakeClock(), zone=UTC)
    control = Control(
        overview=overview,
        start_task=start,
        rescan=rescan,
        surroundings=surroundings,
        live=lambda: {"queued": 1},
    )
    server = ControlServer(path=socket_path(project.root), commands=control, notice=print)
    await server.start()
    try:
        return await asyncio.to_thread(ask_all, project, [])
    finally:
        await server.stop()


def ask_all(project: Project, notes: list[str]) -> list[Any]:
    with closing(ProjectDoor(project=project, note=notes.append)) as door:
        answers = [door.ask(command, **arguments) for command, arguments in (*QUESTIONS, ("status", {}))]
        assert door.is_left == (not answers[-1]["running"])
        return answers


def test_says_the_same_with_and_without_a_scheduler(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    with opened(project) as store:

        async def scenario() -> list[Any]:
            await fill(store)
            return await answers_of_a_scheduler(project, store)

        *through_socket, live = asyncio.run(scenario())
    notes: list[str] = []

    *from_record, left = ask_all(project, notes)

    assert from_record == through_socket
    assert json.loads(json.dumps(from_record)) == from_record
    assert notes == [LEFT]
    assert (live["running"], live["scheduler"]["queued"]) == (True, 1)
    assert (left["running"], left["scheduler"]) == (False, None)
    assert live["runs"] == left["runs"]


def test_tells_what_is_on_record(project: Project) -> None:
    with opened(project) as store:
        asyncio.run(fill(store))

    listed, shown, history, filtered, _, first, second, _ = ask_all(project, [])

    assert [task["id"] for task in listed] == ["report"]
    assert listed[0]["last_run"]["id"] == 4
    assert len(shown["runs"]) == 4
    assert [(run["id"], run["state"]) for run in history] == [
        (4, "queued"),
        (3, "missed"),
        (2, "retrying"),
        (1, "succeeded"),
    ]
    assert [run["count"] for run in filtered] == [5]
    assert first["late"] == 1.0
    assert first["attempts"][0]["peak_memory"] == 7_000_000
    assert (second["merged"], second["retry_at"]) == (3, "2026-03-01T12:01:00Z")
    assert second["attempts"][0]["error"]["kind"] == "ValueError"


@pytest.mark.parametrize(
    ("command", "arguments", "error", "sentence"),
    [
        ("show", {"task": "reprot"}, UnknownTask, "no task 'reprot', did you mean 'report'?"),
        ("history", {"task": "reprot"}, UnknownTask, "no task 'reprot', did you mean 'report'?"),
        ("run", {"run": 99}, UnknownRun, "no run 99"),
        ("history", {"states": ["faild"]}, Refused, "no state 'faild', did you mean 'failed'?"),
        ("start", {"task": "report"}, NotRunning, "no scheduler is running for "),
        ("rescan", {}, NotRunning, "no scheduler is running for "),
        ("surroundings", {}, NotRunning, "no scheduler is running for "),
    ],
)
def test_refuses_as_the_scheduler_does(
    project: Project, command: str, arguments: dict[str, object], error: type[Exception], sentence: str
) -> None:
    with opened(project) as store:
        asyncio.run(fill(store))

    with closing(ProjectDoor(project=project, note=print)) as door, pytest.raises(error) as caught:
        door.ask(command, **arguments)

    assert str(caught.value).startswith(sentence)


def test_a_project_nobody_has_started_yet_is_empty_and_stays_untouched(project: Project) -> None:
    notes: list[str] = []

    with closing(ProjectDoor(project=project, note=notes.append)) as door:
        assert door.ask("list") == []
        assert door.ask("history") == []
        assert door.ask("status")["running"] is False
        with pytest.raises(UnknownTask):
            door.ask("show", task="report")
        with pytest.raises(UnknownTask):
            door.ask("history", task="report")
        with pytest.raises(UnknownRun):
            door.ask("run", run=1)

    assert notes == [NEVER]
    assert list(project.root.iterdir()) == []


def test_reads_the_database_the_configuration_names(project: Project) -> None:
    project.config.parent.mkdir()
    project.config.write_text("database:\n  path: elsewhere.db\n")
    with opened(project) as store:
        asyncio.run(fill(store))
    (project.root / "data/scheduler.db").rename(project.root / "data/elsewhere.db")

    assert len(ask_all(project, [])[0]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("databse: 1\n", "config/config.yaml: line 1: unknown key 'databse', did you mean 'database'?; without that"),
        ("database:\n  path: 7\n", "config/config.yaml: line 2: database.path must be the path of a file, such as"),
        ("a: [\n\xff", "config/config.yaml: "),
    ],
)
def test_an_unusable_configuration_is_told_and_the_record_read(project: Project, text: str, said: str) -> None:
    with opened(project) as store:
        asyncio.run(fill(store))
    project.config.parent.mkdir()
    project.config.write_text(text)
    notes: list[str] = []

    answers = ask_all(project, notes)

    assert len(answers[0]) == 1
    assert notes[0].startswith(said)
    assert "without that, the record read is data/scheduler.db (`task-scheduler config check` tells" in notes[0]
    assert notes[1:] == [LEFT]


def test_writes_nothing_to_the_database(project: Project) -> None:
    with opened(project) as store:
        asyncio.run(fill(store))
    database = project.root / "data/scheduler.db"
    before = (database.read_bytes(), datetime.fromtimestamp(database.stat().st_mtime, UTC))

    ask_all(project, [])

    assert (database.read_bytes(), datetime.fromtimestamp(database.stat().st_mtime, UTC)) == before
