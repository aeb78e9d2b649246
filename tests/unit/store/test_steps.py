"""Steps obey the tables of transitions, whatever comes in whatever order."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.errors import IllegalTransition
from task_scheduler.core.outcomes import (
    Cancelled,
    Ended,
    Failed,
    Interrupted,
    Missed,
    Skipped,
    Snoozed,
    Succeeded,
    TimedOut,
)
from task_scheduler.core.runs import (
    ATTEMPT_TRANSITIONS,
    FINAL,
    OPEN_ATTEMPTS,
    TRANSITIONS,
    Attempt,
    AttemptExit,
    AttemptState,
    Run,
    RunState,
)
from task_scheduler.core.tasks import NO_ARGUMENTS
from task_scheduler.store import steps
from task_scheduler.store.steps import Execution
from task_scheduler.testing.builders import a_job, a_request, a_run, a_slot, a_start, after, an_attempt_claim, an_end

ended: st.SearchStrategy[Ended] = st.sampled_from(
    [Succeeded(), Failed("x"), TimedOut("x"), Cancelled("x"), Interrupted("x"), Skipped("x"), Snoozed("x", 60)]
)
run_outcomes: st.SearchStrategy[Failed | TimedOut | Cancelled | None] = st.sampled_from(
    [None, Failed("f"), TimedOut("t"), Cancelled("c")]
)
resolutions = st.sampled_from([Skipped("s"), Missed("m"), Cancelled("c"), Failed("f"), TimedOut("t")])


class Walk:
    """One run taken from step to step, each change checked against the tables."""

    def __init__(self) -> None:
        self.run: Run = a_run()
        self.attempts: list[Attempt] = []

    @property
    def open_attempt(self) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.state in OPEN_ATTEMPTS), None)

    def begin(self) -> None:
        execution = steps.begun(self.run, an_attempt_claim(), has_open_attempt=self.open_attempt is not None)
        self.attempts.append(execution.attempt)
        self.run = execution.run

    def start(self) -> None:
        if self.open_attempt is not None:
            self.take(steps.started(Execution(run=self.run, attempt=self.open_attempt), a_start(self.open_attempt.id)))

    def end(self, outcome: Ended, *, retry: bool, run_outcome: Failed | TimedOut | Cancelled | None) -> None:
        if self.open_attempt is not None:
            end = an_end(
                self.open_attempt.id,
                outcome,
                exit=AttemptExit(),
                retry_at=after(60) if retry else None,
                run_outcome=run_outcome,
            )
            self.take(steps.ended(Execution(run=self.run, attempt=self.open_attempt), end))

    def void(self) -> None:
        if self.open_attempt is not None:
            voided = steps.voided(self.open_attempt, "gone")
            assert voided is not None
            self.take(Execution(run=self.run, attempt=voided))

    def pause(self, moment: datetime) -> None:
        self.keep(steps.paused(self.run, moment))

    def unpause(self, moment: datetime) -> None:
        self.keep(steps.unpaused(self.run, moment))

    def keep(self, run: Run | None) -> None:
        assert (run is None) == self.run.is_final
        if run is not None:
            assert run.paused_seconds >= self.run.paused_seconds
            assert replace(run, paused_at=None, paused_seconds=0) == replace(self.run, paused_at=None, paused_seconds=0)
            self.run = run

    def resolve(self, outcome: Skipped | Missed | Cancelled | Failed | TimedOut) -> None:
        resolved = steps.resolved(self.run, outcome, after(9), has_open_attempt=self.open_attempt is not None)
        if resolved is not None:
            assert resolved.state in TRANSITIONS[self.run.state]
            self.run = resolved

    def take(self, execution: Execution) -> None:
        before = self.attempts[-1]
        _check_path(self.run.state, execution.run.state, via=RunState.RUNNING, table=TRANSITIONS)
        _check_path(before.state, execution.attempt.state, via=AttemptState.RUNNING, table=ATTEMPT_TRANSITIONS)
        self.attempts[-1] = execution.attempt
        self.run = execution.run


def _check_path(before: object, after_: object, *, via: object, table: object) -> None:
    """Fail unless the table allows the change, directly or through `via`."""
    allowed = table[before]  # type: ignore[index]
    assert after_ == before or after_ in allowed or (via in allowed and after_ in table[via])  # type: ignore[index]


@given(
    st.lists(
        st.one_of(
            st.just(("begin",)),
            st.just(("start",)),
            st.tuples(st.just("end"), ended, st.booleans(), run_outcomes),
            st.tuples(st.sampled_from(["pause", "unpause"]), st.integers(0, 9).map(after)),
            st.just(("void",)),
            st.tuples(st.just("resolve"), resolutions),
        ),
        max_size=25,
    )
)
def test_no_walk_leaves_the_tables_and_counts_stay_true(walk: list[tuple[object, ...]]) -> None:
    it = Walk()

    for name, *arguments in walk:
        final = it.run if it.run.is_final else None
        try:
            match name, arguments:
                case "begin", _:
                    it.begin()
                case "start", _:
                    it.start()
                case "end", [outcome, retry, run_outcome]:
                    it.end(outcome, retry=bool(retry), run_outcome=run_outcome)  # type: ignore[arg-type]
                case "pause", [moment]:
                    it.pause(moment)  # type: ignore[arg-type]
                case "unpause", [moment]:
                    it.unpause(moment)  # type: ignore[arg-type]
                case "void", _:
                    it.void()
                case "resolve", [outcome]:
                    it.resolve(outcome)  # type: ignore[arg-type]
        except IllegalTransition:
            pass
        assert final is None or it.run == final

    assert it.run.attempts == len(it.attempts)
    not_counted = {AttemptState.VOID, AttemptState.CLAIMED, AttemptState.SNOOZED}
    assert it.run.executions == sum(attempt.state not in not_counted for attempt in it.attempts)
    assert it.run.paused_at is None or not it.run.is_final
    assert (it.run.ended_at is not None) == (it.run.state in FINAL)
    assert (it.run.retry_at is not None) == (it.run.state is RunState.RETRYING)
    assert sum(attempt.state in OPEN_ATTEMPTS for attempt in it.attempts) <= 1


def test_a_slot_with_an_outcome_takes_no_attempt() -> None:
    with pytest.raises(IllegalTransition):
        steps.slot(1, a_slot(a_job(), outcome=Skipped("overlap"), attempt=an_attempt_claim()))


def test_a_requested_run_has_no_slot() -> None:
    run = steps.requested(7, a_request("abc", job_id=3))

    assert (run.id, run.job_id, run.scheduled_for, run.request_id) == (7, 3, None, "abc")
    assert run.arguments == NO_ARGUMENTS


def test_outputs_are_named_by_task_and_attempt() -> None:
    execution = steps.begun(a_run(id=42, task_id="reports/daily"), an_attempt_claim(), has_open_attempt=False)

    assert execution.attempt.output == "reports/daily/42.1.log"


def test_a_later_start_does_not_move_the_first() -> None:
    run = a_run(state=RunState.RETRYING, started_at=after(1), attempts=1, executions=1, retry_at=after(60))
    execution = steps.begun(run, an_attempt_claim(), has_open_attempt=False)

    running = steps.started(execution, a_start(execution.attempt.id, started_at=after(61)))

    assert (running.run.started_at, running.attempt.started_at) == (after(1), after(61))
    assert running.run.executions == 2
    assert after(61) - after(1) == timedelta(minutes=1)
