"""Whose turn it is, when thousands of files are on their way."""

from __future__ import annotations

import asyncio

from task_scheduler.ports import SourceFile
from task_scheduler.services.candidates import MOST_AT_ONCE, Candidate, Turns
from task_scheduler.testing.loops import in_event_loop


class Work:
    """Work that goes on until the test ends it."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.turns = Turns(start=self._start)

    def _start(self, candidate: Candidate) -> asyncio.Task[None]:
        self.started.append(candidate.task_id)
        return asyncio.create_task(asyncio.sleep(0))

    def begin(self, count: int) -> list[Candidate]:
        candidates = [_candidate(f"t{number}") for number in range(count)]
        for candidate in candidates:
            self.turns.begin(candidate)
        return candidates


def _candidate(name: str) -> Candidate:
    return Candidate(file=SourceFile(task_id=name, path=f"tasks/{name}.py", digest="", content=None), title=name)


@in_event_loop
async def test_a_bounded_number_is_at_work_and_the_next_in_the_row_follows() -> None:
    work = Work()
    candidates = work.begin(MOST_AT_ONCE + 2)

    at_first = len(work.started)
    work.turns.rest(candidates[5])
    work.turns.rest(candidates[5])

    assert at_first == MOST_AT_ONCE
    assert work.started[MOST_AT_ONCE:] == [f"t{MOST_AT_ONCE}"]


@in_event_loop
async def test_whoever_waits_for_something_slow_lets_another_have_the_turn_and_is_not_done() -> None:
    work = Work()
    candidates = work.begin(MOST_AT_ONCE + 1)

    work.turns.leave_place(candidates[0])

    assert len(work.started) == MOST_AT_ONCE + 1
    assert candidates[0] in list(work.turns)


@in_event_loop
async def test_whoever_was_dropped_while_waiting_never_begins() -> None:
    work = Work()
    candidates = work.begin(MOST_AT_ONCE + 2)

    work.turns.rest(candidates[MOST_AT_ONCE])
    work.turns.rest(candidates[0])

    assert work.started[MOST_AT_ONCE:] == [f"t{MOST_AT_ONCE + 1}"]


@in_event_loop
async def test_all_rest_once_the_last_one_does() -> None:
    work = Work()
    first, second = work.begin(2)

    said = [work.turns.all_rest.is_set()]
    for candidate in (first, second):
        work.turns.rest(candidate)
        said.append(work.turns.all_rest.is_set())
    work.turns.go_on(first)
    said.append(work.turns.all_rest.is_set())

    assert said == [False, False, True, False]
