"""The table of commands: what may be said, and how a wrong request is refused."""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from task_scheduler import __version__
from task_scheduler.control.answers import LONGEST_REASON, Control
from task_scheduler.control.commands import COMMANDS, command_named
from task_scheduler.control.errors import BadRequest
from task_scheduler.core.environments import Collected
from task_scheduler.core.errors import Refused, TaskSchedulerError
from task_scheduler.core.runs import Run, RunKind, RunState
from task_scheduler.core.stopping import StopMode, StopOrder
from task_scheduler.testing.builders import a_run


class FakeReadModel:
    """Answers each question with its name and arguments."""

    async def tasks(self) -> list[dict[str, Any]]:
        return [{"asked": "tasks"}]

    async def task(self, task_id: str) -> dict[str, Any]:
        return {"asked": "task", "task": task_id}

    async def history(
        self, task: str | None = None, states: Iterable[str] | None = None, limit: int = 20, before: int | None = None
    ) -> list[dict[str, Any]]:
        return [{"asked": "history", "task": task, "states": states, "limit": limit, "before": before}]

    async def run(self, run_id: int) -> dict[str, Any]:
        return {"asked": "run", "run": run_id}

    async def summary(self) -> dict[str, Any]:
        return {"tasks": {"active": 1}}


def control(*, started: list[tuple[object, ...]] | None = None, live: Mapping[str, object] | None = None) -> Control:
    async def start(
        task: str, function: str | None, request_id: str, /, *, argv: Sequence[str], digest: str | None
    ) -> Run:
        if started is not None:
            started.append((task, function, request_id, *([tuple(argv), digest] if argv or digest else [])))
        return Run(
            id=7,
            kind=RunKind.MANUAL,
            state=RunState.QUEUED,
            task_id=task,
            job_id=None,
            function=function,
            arguments="((), {})",
            scheduled_for=None,
            created_at=datetime(2026, 11, 22, tzinfo=UTC),
        )

    async def rescan() -> None:
        if started is not None:
            started.append(("rescan",))

    async def surroundings(task: str | None) -> dict[str, Any]:
        return {"asked": "surroundings", "task": task}

    return Control(
        overview=FakeReadModel(),
        start_task=start,
        rescan=rescan,
        surroundings=surroundings,
        live=None if live is None else lambda: live,
    )


def ask(command: str, arguments: Mapping[str, object], **made: Any) -> Any:
    return asyncio.run(control(**made).answer(command, arguments))


@pytest.mark.parametrize(
    ("command", "arguments", "answer"),
    [
        ("list", {}, [{"asked": "tasks"}]),
        ("show", {"task": "report"}, {"asked": "task", "task": "report"}),
        ("history", {}, [{"asked": "history", "task": None, "states": None, "limit": 20, "before": None}]),
        (
            "history",
            {"task": "a", "states": ["failed"], "limit": 3, "before": 9},
            [{"asked": "history", "task": "a", "states": ["failed"], "limit": 3, "before": 9}],
        ),
        (
            "history",
            {"task": None, "limit": 5},
            [{"asked": "history", "task": None, "states": None, "limit": 5, "before": None}],
        ),
        ("run", {"run": 42}, {"asked": "run", "run": 42}),
        ("start", {"task": "report"}, {"asked": "run", "run": 7}),
        ("rescan", {}, {}),
        ("surroundings", {}, {"asked": "surroundings", "task": None}),
        ("surroundings", {"task": "report"}, {"asked": "surroundings", "task": "report"}),
    ],
)
def test_carries_out_each_command(command: str, arguments: dict[str, object], answer: object) -> None:
    assert ask(command, arguments) == answer


def test_every_command_of_the_table_has_someone_to_answer_it() -> None:
    assert set(control()._handlers) == set(COMMANDS)


def test_starts_with_function_and_request_id() -> None:
    started: list[tuple[object, ...]] = []

    ask("start", {"task": "report", "function": "nightly", "request_id": "mine-1"}, started=started)

    assert started == [("report", "nightly", "mine-1")]


def test_starts_with_a_command_line_and_the_version_that_is_meant() -> None:
    started: list[tuple[object, ...]] = []

    ask("start", {"task": "report", "request_id": "a", "argv": ["-v", ""], "digest": "d1"}, started=started)

    assert started == [("report", None, "a", ("-v", ""), "d1")]


def test_gives_a_request_without_id_one_of_its_own() -> None:
    started: list[tuple[object, ...]] = []

    ask("start", {"task": "report"}, started=started)
    ask("start", {"task": "report"}, started=started)

    assert len({request_id for _, _, request_id in started}) == 2


def test_status_tells_what_only_the_running_scheduler_knows() -> None:
    status = ask("status", {}, live={"queued": 3})

    assert status["running"] is True
    assert status["scheduler"] == {"pid": os.getpid(), "version": __version__, "queued": 3}
    assert status["tasks"] == {"active": 1}


def test_status_of_the_record_alone_says_that_none_runs() -> None:
    assert ask("status", {}) == {"running": False, "scheduler": None, "tasks": {"active": 1}}


@pytest.mark.parametrize(
    ("command", "arguments", "sentence"),
    [
        ("show", {}, "show: argument 'task' is missing: give text"),
        ("show", {"task": None}, "show: argument 'task' is missing: give text"),
        ("show", {"tsk": "report"}, "show: no argument 'tsk', did you mean 'task'?; it takes task"),
        ("list", {"all": True}, "list: no argument 'all'; it takes none"),
        ("show", {"task": 7}, "show: argument 'task' is 7: give text"),
        ("run", {"run": True}, "run: argument 'run' is True: give a whole number"),
        ("run", {"run": "42"}, "run: argument 'run' is '42': give a whole number"),
        ("run", {"run": 4.0}, "run: argument 'run' is 4.0: give a whole number"),
        ("history", {"states": "failed"}, "history: argument 'states' is 'failed': give a list of texts"),
        ("start", {"task": "a", "argv": "x"}, "start: argument 'argv' is 'x': give a list of texts"),
        ("history", {"states": [1]}, "history: argument 'states' is [1]: give a list of texts"),
        (
            "prune_environments",
            {"dry_run": "yes"},
            "prune_environments: argument 'dry_run' is 'yes': give true or false",
        ),
    ],
)
def test_refuses_wrong_arguments_with_a_sentence(command: str, arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadRequest) as caught:
        command_named(command).check(arguments)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "lst",
            f"no command lst, did you mean 'list'?: there are {', '.join(COMMANDS)}",
        ),
        (
            "__init__",
            f"no command __init__: there are {', '.join(COMMANDS)}",
        ),
        (None, "'command' is None: give the name of a command"),
        (["list"], "'command' is ['list']: give the name of a command"),
    ],
)
def test_refuses_an_unknown_command_with_a_sentence(name: object, sentence: str) -> None:
    with pytest.raises(BadRequest) as caught:
        command_named(name)

    assert str(caught.value) == sentence


def test_pruning_environments_tells_which_went() -> None:
    asked = []

    async def prune(*, dry_run: bool) -> Collected:
        asked.append(dry_run)
        return Collected(environments=1, bytes=2_000, keys=("abc",))

    made = control()
    made._prune_environments = prune

    told = [asyncio.run(made.answer("prune_environments", given)) for given in ({}, {"dry_run": True})]

    assert told == [{"environments": ["abc"], "bytes": 2_000}] * 2
    assert asked == [False, True]


def test_environments_are_pruned_by_a_running_scheduler_alone() -> None:
    with pytest.raises(Refused, match="by a running scheduler"):
        ask("prune_environments", {})


class FakeRuns:
    """Takes note of what is done about runs."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    async def pause_run(self, run_id: int) -> Run:
        return self._note("pause", run_id)

    async def resume_run(self, run_id: int) -> Run:
        return self._note("resume", run_id)

    async def stop_run(self, run_id: int, reason: str, *, grace: float | None = None) -> Run:
        return self._note("stop", run_id, reason, grace)

    def _note(self, *what: object) -> Run:
        self.done.append(what)
        return a_run()


class FakeProcess:
    """Takes note of how it is told to end."""

    def __init__(self) -> None:
        self.orders: list[StopOrder] = []

    def shut_down(self, order: StopOrder) -> None:
        self.orders.append(order)

    async def restart(self, order: StopOrder) -> None:
        self.orders.append(order)


def managing(*at_work: Mapping[str, Any]) -> tuple[Control, FakeRuns, FakeProcess]:
    runs, process, made = FakeRuns(), FakeProcess(), control()
    made._run_control, made._process = runs, process

    async def history(task: str, states: Iterable[str], limit: int) -> list[Mapping[str, Any]]:
        assert list(states) == ["queued", "retrying", "running"]
        return list(at_work)[:limit]

    made._overview.history = history  # type: ignore[method-assign,assignment]
    return made, runs, process


def test_a_run_is_named_by_its_number_or_by_its_task_where_that_has_one_at_work() -> None:
    made, runs, _ = managing({"id": 12, "state": "running"})

    for command, given in (("pause", {"run": 3}), ("resume", {"task": "report"}), ("stop", {"run": 3, "grace": 0})):
        asyncio.run(made.answer(command, given))

    assert runs.done == [("pause", 3), ("resume", 12), ("stop", 3, "stopped by hand", 0)]


@pytest.mark.parametrize("paused_at", [None, "2026-11-22T14:00:00Z"])
@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_pause_and_its_end_tell_whether_it_was_paused_before(command: str, paused_at: str | None) -> None:
    made, _, _ = managing()

    async def paused_or_not(run_id: int) -> dict[str, Any]:
        return {"id": run_id, "paused_at": paused_at}

    made._overview.run = paused_or_not  # type: ignore[method-assign]
    told = asyncio.run(made.answer(command, {"run": 12}))

    assert told["was_paused"] is (paused_at is not None)  # type: ignore[index] # a document


@pytest.mark.parametrize(
    ("at_work", "given", "sentence"),
    [
        ([], {"task": "report"}, "no run of report is at work or waits"),
        (
            [{"id": 12, "state": "running"}, {"id": 13, "state": "queued"}],
            {"task": "report"},
            "report has several runs that are not over: 12 (running), 13 (queued); say which by its number",
        ),
        ([], {}, "give the number of a run, or a task"),
        ([], {"run": 1, "task": "report"}, "give the number of a run, or a task"),
    ],
)
def test_refuses_to_guess_which_run_is_meant(
    at_work: list[dict[str, Any]], given: dict[str, object], sentence: str
) -> None:
    made, runs, _ = managing(*at_work)

    with pytest.raises(TaskSchedulerError) as caught:
        asyncio.run(made.answer("stop", given))

    assert str(caught.value) == sentence
    assert runs.done == []


def test_a_reason_is_kept_short_and_on_one_line() -> None:
    made, runs, _ = managing()

    asyncio.run(made.answer("stop", {"run": 1, "reason": "two\nlines" + "x" * 1_000}))

    (_, _, reason, _) = runs.done[0]
    assert str(reason).startswith(r"two\nlinesx")
    assert len(str(reason)) == LONGEST_REASON


def test_tells_the_process_how_to_end_and_whether_to_come_back() -> None:
    made, _, process = managing()

    for command, given in (
        ("shutdown", {}),
        ("shutdown", {"mode": "drain", "patience": 2.5}),
        ("restart", {"mode": "kill"}),
    ):
        told = asyncio.run(made.answer(command, given))
        assert isinstance(told, dict)
        assert told["pid"] == os.getpid()

    assert process.orders == [
        StopOrder(),
        StopOrder(mode=StopMode.DRAIN, patience=2.5),
        StopOrder(mode=StopMode.KILL, is_restart=True),
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"mode": "drian"}, "no mode drian, did you mean 'drain'?: the modes are leave, drain, kill"),
        ({"mode": "kill", "patience": 1}, "only a drain waits, so patience means nothing to kill"),
        ({"mode": "drain", "patience": -1}, "shutdown: argument 'patience' is -1: give a number of at least 0"),
        ({"mode": "drain", "patience": True}, "shutdown: argument 'patience' is True: give a number of at least 0"),
    ],
)
def test_refuses_an_end_that_means_nothing(given: dict[str, object], sentence: str) -> None:
    made, _, process = managing()

    with pytest.raises(TaskSchedulerError) as caught:
        asyncio.run(made.answer("shutdown", given))

    assert str(caught.value) == sentence
    assert process.orders == []


@pytest.mark.parametrize("command", ["pause", "resume", "stop", "shutdown", "restart"])
def test_what_only_a_scheduler_can_do_is_refused_elsewhere(command: str) -> None:
    with pytest.raises(Refused):
        ask(command, {"run": 1} if command in {"pause", "resume", "stop"} else {})
