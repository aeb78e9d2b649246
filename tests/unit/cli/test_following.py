"""Following a run whose scheduler is gone: it is asked again, told once, and not waited for for ever."""

from __future__ import annotations

from datetime import UTC, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.cli.following import Follower, LeftUnsettled
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import NotRunning
from tests.unit.cli.documents import NOW, FakeDoor, Turns, run

HUNG_UP = NoAnswer("the scheduler of /srv/jobs hung up without an answer")
UNDER_WAY = run(state="running", final=False, attempts=[])
ENDED = run(state="failed", exit_code=7, attempts=[])


class Left(FakeDoor):
    """A scheduler that is gone while `is_gone`, and what is known then."""

    is_alone = False
    is_gone = False
    known = ""

    def look_at(self, task_id: str) -> None:
        raise AssertionError(task_id)

    def allow_beside(self) -> None:
        raise AssertionError

    def end(self, run_id: int, reason: str, *, now: bool = False) -> bool:
        raise AssertionError(run_id, reason, now)

    def what_is_known(self, run_id: int) -> str:
        assert run_id == UNDER_WAY["id"]
        return self.known


def follow(*answers: object, known: str = "", gone: bool = False, quiet: bool = False) -> tuple[Any, str, float]:
    """Return the run as it was told last or the error, what was said, and for how many seconds it was waited."""
    engine = Left({"run": Turns(*answers)})
    engine.is_gone, engine.known = gone, known
    err, pauses = StringIO(), list[float]()
    terminal = Terminal(out=StringIO(), err=err, now=lambda: NOW, pause=pauses.append, zone=UTC)
    follower = Follower(engine, terminal, root=Path("/srv/jobs"), quiet=quiet)
    try:
        told: Any = follower.follow(UNDER_WAY)
    except LeftUnsettled as error:
        told = error
    return told, err.getvalue(), sum(pauses)


def test_a_question_nobody_answered_is_asked_again() -> None:
    assert follow(HUNG_UP, UNDER_WAY, HUNG_UP, ENDED)[:2] == (ENDED, "")


def test_a_scheduler_that_does_not_answer_for_long_is_told_of_once() -> None:
    told, said, _ = follow(*[HUNG_UP] * 5, ENDED)

    assert told == ENDED
    assert said == f"{HUNG_UP}: asking on; Ctrl-C ends only this\n"


def test_a_run_that_goes_on_without_its_scheduler_is_followed_and_that_is_told_once() -> None:
    told, said, waited = follow(*[UNDER_WAY] * 900, ENDED, gone=True)

    assert (told, said) == (ENDED, "the scheduler is gone: run 7 goes on without it\n")
    assert waited > 60


def test_a_run_that_is_over_is_not_waited_for_for_ever() -> None:
    known = "its attempt 1 ended with exit code 7"

    error, said, waited = follow(UNDER_WAY, known=known, gone=True)

    assert isinstance(error, NotRunning)
    assert str(error).splitlines() == [
        "run 7 was left by its scheduler, and none has come back within 30 s",
        known,
        "the next scheduler goes on with it; `logs 7` shows what it wrote, `history` then how it ended",
    ]
    assert said == f"the scheduler is gone: {known}, and the next scheduler goes on with it\n"
    assert waited == pytest.approx(30, abs=2)


def test_who_asked_for_quiet_is_told_nothing_before_the_end() -> None:
    assert follow(HUNG_UP, HUNG_UP, HUNG_UP, *[UNDER_WAY] * 30, ENDED, gone=True, quiet=True)[:2] == (ENDED, "")


def test_a_person_at_a_terminal_is_told_the_progress_once_a_second_at_most() -> None:
    def telling(done: int) -> Any:
        return run(state="running", final=False, attempts=[], progress={"done": done, "total": 10, "text": "reading"})

    engine = Left({"run": Turns(telling(1), telling(2), telling(2), *[telling(3)] * 8, telling(4), ENDED)})
    err, pauses = StringIO(), list[float]()
    terminal = Terminal(
        out=StringIO(),
        err=err,
        now=lambda: NOW + timedelta(seconds=sum(pauses) * 3),
        pause=pauses.append,
        zone=UTC,
        err_width=80,
    )
    follower = Follower(engine, terminal, root=Path("/srv/jobs"), quiet=False)

    assert follower.follow(UNDER_WAY) == ENDED
    assert err.getvalue().splitlines() == [
        "progress: 10 % (1 of 10), reading",
        "progress: 30 % (3 of 10), reading",
        "progress: 40 % (4 of 10), reading",
    ]


def test_where_nobody_looks_on_the_progress_is_not_told() -> None:
    telling = run(state="running", final=False, attempts=[], progress={"done": 1, "total": 10, "text": ""})

    assert follow(telling, ENDED)[1] == ""
