"""The timetable, overlaps, requests and what they are made of."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.environments import Requirements
from task_scheduler.core.errors import Problem, Refused, TriggerError
from task_scheduler.core.policies import MOST_QUEUED
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Overlap, TaskRecord, TaskStatus
from task_scheduler.services.active_run import ActiveRun, ActiveRuns, Phase
from task_scheduler.services.overlaps import describe_overlap, doubled, must_wait, why_skipped
from task_scheduler.services.register import Admitted, Register
from task_scheduler.services.requested_entry import call_text, requested_entry, why_not_in_force
from task_scheduler.services.shared_environment import SharedNeeds
from task_scheduler.services.timetable import Timetable
from task_scheduler.testing.builders import a_declaration, a_job, a_lock, a_run, a_version
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop

HOUR = timedelta(hours=1)


# --- timetable --------------------------------------------------------------------------------------------


def a_timetable(*hours: int | None) -> Timetable:
    timetable = Timetable(zone=UTC)
    for number, hour in enumerate(hours):
        moment = None if hour is None else NOON + hour * HOUR
        timetable.set_task(f"task-{number}", [a_job(id=number, task_id=f"task-{number}", next_run=moment)])
    return timetable


def test_jobs_are_taken_when_they_are_due_and_given_again_only_after_moving_on() -> None:
    timetable = a_timetable(3, 1, None, 2)

    taken = [timed.job.id for timed in timetable.take_due(NOON + 2 * HOUR)]
    again = timetable.take_due(NOON + 2 * HOUR)
    timetable.move_on(1, NOON + 2 * HOUR)
    moved = [timed.job.id for timed in timetable.take_due(NOON + 2 * HOUR)]

    assert (taken, again, moved) == ([1, 3], [], [1])
    assert timetable.next_due() == NOON + 3 * HOUR
    assert len(timetable) == len(timetable.all()) == 4


def test_jobs_that_were_put_back_are_offered_again_unless_they_are_gone() -> None:
    timetable = a_timetable(1, 1)
    taken = timetable.take_due(NOON + HOUR)
    timetable.set_task("task-0", [])

    timetable.put_back(taken)

    assert [timed.job.id for timed in timetable.take_due(NOON + HOUR)] == [1]


def test_jobs_that_left_or_moved_are_not_due() -> None:
    timetable = a_timetable(1, 2)
    timetable.set_task("task-0", [])
    timetable.move_on(0, NOON)
    timetable.move_on(1, None)

    assert timetable.next_due() is None
    assert timetable.take_due(NOON + 9 * HOUR) == []
    assert timetable.job(0) is None
    assert timetable.job(None) is None


def test_looking_ahead_takes_nothing() -> None:
    timetable = a_timetable(1, 2, 3, 4, 9)
    timetable.move_on(0, NOON + 8 * HOUR)

    found = {timed.job.id for timed in timetable.due_within(NOON + 3 * HOUR)}

    assert found == {1, 2}
    assert len(timetable.take_due(NOON + 9 * HOUR)) == 5
    assert Timetable(zone=UTC).due_within(NOON) == []


def test_a_task_with_a_trigger_that_cannot_be_read_changes_nothing() -> None:
    timetable = a_timetable(1)

    with pytest.raises(TriggerError):
        timetable.set_task("task-0", [a_job(id=7, timezone="Mars/Base")])

    assert [job.id for job in timetable.jobs_of("task-0")] == [0]


def test_a_period_is_that_of_the_slot() -> None:
    timetable = a_timetable(1)

    assert timetable.period_at(0, NOON) == timedelta(minutes=5)
    assert timetable.period_at(99, NOON) is None
    assert timetable.period_at(None, NOON) is None


def test_entries_of_old_versions_do_not_pile_up() -> None:
    timetable = a_timetable(1)

    for number in range(1_000):
        timetable.move_on(0, NOON + number * HOUR)

    assert len(timetable._heap) < 100
    assert timetable.next_due() == NOON + 999 * HOUR


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50) | st.none()), max_size=60), st.integers(0, 50))
def test_what_is_due_is_what_a_plain_look_finds(moves: list[tuple[int, int | None]], until: int) -> None:
    timetable = a_timetable(*range(6))
    owed: dict[int, int | None] = dict(enumerate(range(6)))
    for job_id, hour in moves:
        owed[job_id] = hour
        timetable.move_on(job_id, None if hour is None else NOON + hour * HOUR)

    wanted = {job_id for job_id, hour in owed.items() if hour is not None and hour <= until}

    assert {timed.job.id for timed in timetable.due_within(NOON + until * HOUR)} == wanted
    assert {timed.job.id for timed in timetable.take_due(NOON + until * HOUR)} == wanted


# --- overlaps ---------------------------------------------------------------------------------------------


def active(
    run_id: int,
    phase: Phase,
    *,
    job: int | None = 1,
    function: str = "start",
    state: RunState = RunState.QUEUED,
    **values: object,
) -> ActiveRun:
    run = a_run(id=run_id, job_id=job, function=function, state=state)
    return ActiveRun(run=run, phase=phase, **values)  # type: ignore[arg-type]


NEW = active(9, Phase.ARMED)


@pytest.mark.parametrize(
    ("other", "is_doubled"),
    [
        (active(1, Phase.ARMED), False),
        (active(1, Phase.WAITING), True),
        (active(1, Phase.HELD), True),
        (active(1, Phase.BEGINNING), True),
        (active(1, Phase.LAUNCHED, digest="new"), True),
        (active(1, Phase.ENDING), False),
        (active(1, Phase.ENDING, will_retry=True), True),
        (active(1, Phase.RETRYING), True),
        (active(1, Phase.LAUNCHED, digest="new", job=2), False),
        (active(1, Phase.LAUNCHED, digest="old", job=2), True),
        (active(1, Phase.BEGINNING, digest="old", job=2), False),
        (active(1, Phase.WAITING, job=None), True),
        (active(1, Phase.LAUNCHED, digest="old", function="other"), False),
        (NEW, False),
    ],
)
def test_what_a_slot_would_double(other: ActiveRun, is_doubled: bool) -> None:
    assert list(doubled(NEW, [other], digest="new")) == ([other] if is_doubled else [])


@pytest.mark.parametrize(
    ("other", "waits"),
    [
        (active(1, Phase.LAUNCHED, digest="new", job=2), False),
        (active(1, Phase.LAUNCHED, digest="old", job=2, function="other"), True),
        (active(1, Phase.RETRYING, job=2), False),
    ],
)
def test_nothing_begins_beside_an_older_version(other: ActiveRun, waits: bool) -> None:
    assert must_wait(NEW, [NEW, other], version=a_version(digest="new")) is waits


@pytest.mark.parametrize(
    ("other", "waits"),
    [
        (active(1, Phase.ARMED), False),
        (active(1, Phase.WAITING), True),
        (active(12, Phase.WAITING), False),
        (active(1, Phase.HELD), True),
        (active(12, Phase.HELD), False),
        (active(12, Phase.BEGINNING), True),
        (active(1, Phase.LAUNCHED, digest="new"), True),
        (active(12, Phase.RETRYING, state=RunState.RETRYING), True),
        (active(1, Phase.ENDING), False),
        (active(12, Phase.ENDING, will_retry=True), True),
        (active(1, Phase.LAUNCHED, digest="new", job=2), False),
    ],
)
@pytest.mark.parametrize("in_turn", [True, False])
def test_what_would_double_waits_for_those_before_it(other: ActiveRun, waits: bool, in_turn: bool) -> None:
    waiting = active(9, Phase.HELD, in_turn=in_turn)

    assert must_wait(waiting, [other], version=a_version(digest="new")) is waits


@pytest.mark.parametrize("other", [active(1, Phase.LAUNCHED, digest="old"), active(1, Phase.RETRYING)])
@pytest.mark.parametrize("in_turn", [True, False])
def test_what_may_run_in_parallel_waits_for_nothing_but_slots_made_up_for_before_it(
    other: ActiveRun, in_turn: bool
) -> None:
    version = a_version(digest="new", declaration=a_declaration(overlap=Overlap.PARALLEL))

    assert must_wait(active(9, Phase.HELD, in_turn=in_turn), [other], version=version) is in_turn


@given(st.permutations(range(4)), st.lists(st.booleans(), min_size=4, max_size=4))
def test_of_those_that_wait_there_is_always_one_that_waits_for_no_other(ids: list[int], retrying: list[bool]) -> None:
    waiting = [
        active(run_id, Phase.HELD, state=RunState.RETRYING if retries else RunState.QUEUED)
        for run_id, retries in zip(ids, retrying, strict=True)
    ]

    free = [each for each in waiting if not must_wait(each, waiting, version=a_version(digest="new"))]

    assert len(free) == 1


@pytest.mark.parametrize(
    ("overlap", "waiting", "reason"),
    [
        (Overlap.SKIP, 0, "overlap: run 1 of it is still at work"),
        (Overlap.QUEUE, MOST_QUEUED - 1, None),
        (Overlap.QUEUE, MOST_QUEUED, "overlap: 100 runs of it wait already"),
        (Overlap.QUEUE_ONE, 0, None),
        (Overlap.QUEUE_ONE, 1, "overlap: run 2 of it waits already"),
        (Overlap.PARALLEL, 5, None),
        (Overlap.REPLACE, 5, None),
    ],
)
def test_a_run_that_arrives_is_skipped_as_its_overlap_policy_says(
    overlap: Overlap, waiting: int, reason: str | None
) -> None:
    before = [active(1, Phase.LAUNCHED), *(active(2 + number, Phase.HELD) for number in range(waiting))]

    assert why_skipped(before, overlap) == reason
    assert why_skipped([], overlap) is None


def test_an_overlap_says_what_the_other_run_does() -> None:
    words = {phase: describe_overlap(active(4, phase)) for phase in (Phase.WAITING, Phase.RETRYING, Phase.LAUNCHED)}

    assert list(words.values()) == [
        "overlap: run 4 of it still waits for a place",
        "overlap: run 4 of it waits for its next attempt",
        "overlap: run 4 of it is still at work",
    ]


def test_active_runs_are_found_by_number_and_by_task() -> None:
    runs = ActiveRuns()
    first, second = active(1, Phase.ARMED), active(2, Phase.ARMED)
    runs.add(first)
    runs.add(second)

    assert runs.of_task("report") == (first, second)
    runs.remove(first)
    runs.remove(second)

    assert (len(runs), list(runs), runs.get(1), runs.of_task("report")) == (0, [], None, ())


# --- requests ---------------------------------------------------------------------------------------------

JOBS = [
    a_job(id=1, function="start", arguments="((1,), {})"),
    a_job(id=2, function="a", arguments="((2,), {})"),
    a_job(id=3, function="b", arguments="((3,), {})"),
    a_job(id=4, function="b", arguments="((4,), {})"),
]


@pytest.mark.parametrize(
    ("functions", "asked", "entry"),
    [
        (("start", "a"), None, ("start", "((1,), {})")),
        (("a",), None, ("a", "((2,), {})")),
        ((None,), None, (None, "((), {})")),
        (("a", "b"), "a", ("a", "((2,), {})")),
        (("a", "b"), "b(4)", ("b", "((4,), {})")),
        (("a", "c"), "c", ("c", "((), {})")),
    ],
)
def test_a_request_finds_the_function_and_arguments_it_means(
    functions: tuple[str | None, ...], asked: str | None, entry: tuple[str | None, str]
) -> None:
    assert requested_entry(a_version(functions=functions), asked, JOBS) == entry


@pytest.mark.parametrize(
    ("functions", "asked", "sentence"),
    [
        (("a", "b"), None, "report has several functions: name one of a, b"),
        (
            ("a", "b"),
            "b",
            "report calls b with different arguments: name the whole call as the function (--function), one of b(3), b(4)",
        ),
        (("a", "b"), "c", "report has no scheduled function 'c' (there is a, b)"),
        ((None,), "c", "report has no scheduled function 'c' (there is none: it runs as a whole)"),
    ],
)
def test_a_request_that_cannot_be_meant_says_what_can(
    functions: tuple[str | None, ...], asked: str | None, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        requested_entry(a_version(functions=functions), asked, JOBS)

    assert str(refused.value) == sentence


def test_jobs_with_equal_arguments_need_no_choice() -> None:
    jobs = [a_job(id=number, function="b", arguments="((3,), {})") for number in (1, 2)]

    assert requested_entry(a_version(functions=("b",)), None, jobs) == ("b", "((3,), {})")


def test_many_different_calls_are_counted() -> None:
    jobs = [a_job(id=number, function="b", arguments=f"(({number},), {{}})") for number in range(9)]

    with pytest.raises(Refused, match=r"one of b\(0\), b\(1\), b\(2\), b\(3\), b\(4\) and 4 more$"):
        requested_entry(a_version(functions=("b",)), None, jobs)


@pytest.mark.parametrize(
    ("function", "arguments", "text"),
    [
        (None, "((), {})", None),
        ("start", "((), {})", "start()"),
        ("start", "(('sales',), {'copies': 2})", "start('sales', copies=2)"),
        ("start", "((inf,), {})", "start ((inf,), {})"),
    ],
)
def test_a_call_reads_as_one_writes_it(function: str | None, arguments: str, text: str | None) -> None:
    assert call_text(function, arguments) == text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"status": TaskStatus.DISABLED}, "dis is disabled (enabled: false)"),
        (
            {"status": TaskStatus.MODULE},
            (
                "dis is a module: it has neither frontmatter nor a schedule; to make it a task, give it frontmatter with "
                "`schedule:`, or a function decorated with `@repeat(every()...)`"
            ),
        ),
        ({"status": TaskStatus.DELETED}, "dis was deleted: tasks/dis.py is gone"),
        ({"status": TaskStatus.PREPARING}, "dis is still being prepared"),
        ({"status": TaskStatus.PREPARING, "detail": "locking\nx"}, "dis is still being prepared: locking"),
        (
            {"status": TaskStatus.INVALID, "problems": (Problem(path="tasks/dis.py", line=4, message="bad"),)},
            "dis has no version in force: tasks/dis.py:4: bad",
        ),
        ({"status": TaskStatus.ACTIVE}, "dis has no version in force"),
    ],
)
def test_a_task_that_cannot_be_started_says_what_it_is(changes: dict[str, Any], sentence: str) -> None:
    fields = {"task_id": "dis", "path": "tasks/dis.py", "title": "", "digest": None, "version": None}

    assert why_not_in_force(TaskRecord(**{**fields, "updated_at": NOON, **changes})) == sentence


# --- what is in force -------------------------------------------------------------------------------------


def test_the_register_holds_one_version_of_each_task() -> None:
    register = Register()
    for digest in ("1", "2"):
        register.put(Admitted(version=a_version(digest=digest), path="tasks/report.py", lock=a_lock()))

    admitted = register.get("report")
    assert admitted is not None
    assert (admitted.version.digest, admitted.profile.environment) == ("2", "env-a")
    assert (list(register.task_ids()), register.environments()) == (["report"], {"env-a"})
    register.drop("report")
    register.drop("report")
    assert register.get("report") is None


# --- one environment for all ------------------------------------------------------------------------------


@in_event_loop
async def test_the_needs_of_all_are_known_once_every_file_was_read() -> None:
    needs = SharedNeeds()
    needs.expect("a")
    needs.expect("b")
    asking = asyncio.create_task(needs.known())
    needs.put("a", Requirements(packages=("x",), python_version="3.9"))
    await asyncio.sleep(0)
    early = asking.done()
    needs.put("b", Requirements(packages=("y", "x"), python_version="3.10"))

    assert not early
    assert await asking == Requirements(packages=("x", "y"), python_version="3.10")
    needs.put("c", Requirements(python_version=">=3.9,<3.13"))
    assert needs.together().python_version == ">=3.10,>=3.9,<3.13"


def test_a_refused_file_counts_with_what_is_in_force() -> None:
    needs = SharedNeeds()
    needs.put("a", Requirements(packages=("x",)))
    needs.put_in_force("a")
    needs.put("a", Requirements(packages=("bad",)))
    needs.put("b", Requirements(packages=("bad",)))

    assert needs.proven_with("b").packages == ("bad", "x")
    needs.refuse("a")
    needs.refuse("b")
    assert needs.together().packages == ("x",)
    needs.drop("a")
    assert needs.together() == Requirements()
