"""The names of events, and what a run tells by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.happenings import (
    GONE,
    FileIdentity,
    after_id,
    again_id,
    boot_id,
    change_id,
    event_of,
    found_gone,
    happening_of,
    inode_of,
    read_path,
    spelled,
    startup_id,
)
from task_scheduler.core.runs import RunKind, RunState
from task_scheduler.testing.builders import a_run

IDENTITY = FileIdentity(inode=7, size=3, modified=11)


@pytest.mark.parametrize(
    ("request_id", "event", "happening"),
    [
        (startup_id(4, "b-1", 9), "at startup", {}),
        (boot_id(4, "b-1"), "at boot", {}),
        (after_id(4, 41), "after run 41", {"AFTER_RUN": "41"}),
        (change_id(4, "inbox/a:b.csv", IDENTITY), "inbox/a:b.csv", {"CHANGED": "inbox/a:b.csv"}),
        ("a person's", None, {}),
        (None, None, {}),
    ],
)
def test_the_name_tells_the_event(request_id: str | None, event: str | None, happening: dict[str, str]) -> None:
    run = a_run(job_id=4, request_id=request_id)
    assert (event_of(run), happening_of(run)) == (event, happening)


def test_a_file_that_is_back_has_runs_by_other_names() -> None:
    first = change_id(4, "inbox/a:b.csv", IDENTITY)
    second, third = again_id(first, 41), again_id(again_id(first, 41), 42)
    assert len({first, second, third}) == 3
    runs = [a_run(job_id=4, request_id=name, state=RunState.SKIPPED, reason=GONE) for name in (first, second, third)]
    assert {event_of(run) for run in runs} == {"inbox/a:b.csv"}
    assert all(map(found_gone, runs))


@pytest.mark.parametrize(
    ("request_id", "reason"), [(change_id(4, "a.csv", IDENTITY), "nothing to do"), (after_id(4, 41), GONE)]
)
def test_what_is_skipped_for_another_reason_has_not_found_its_file_gone(request_id: str, reason: str) -> None:
    assert not found_gone(a_run(job_id=4, request_id=request_id, state=RunState.SKIPPED, reason=reason))


def test_a_person_may_choose_any_name() -> None:
    run = a_run(job_id=None, request_id=after_id(4, 41))
    assert (event_of(run), happening_of(run)) == (None, {})


def test_a_job_that_never_was_in_force_has_a_name_and_no_number() -> None:
    run = a_run(job_id=None, kind=RunKind.EVENT, request_id=startup_id("report start", "b-1", 9))
    assert event_of(run) == "at startup"


@given(st.binary(min_size=1))
def test_any_path_is_spelled_in_letters_every_record_takes(name: bytes) -> None:
    path = name.decode("utf-8", "surrogateescape")
    assert spelled(path).isascii()
    assert read_path(spelled(path)) == path
    run = a_run(job_id=4, request_id=change_id(4, path, IDENTITY))
    assert happening_of(run) == {"CHANGED": path}


def test_the_inode_of_the_file_a_run_is_for_stays_known_when_it_is_made_again() -> None:
    first = change_id(4, "inbox/a:b.csv", IDENTITY)

    assert inode_of(a_run(job_id=4, request_id=first)) == IDENTITY.inode
    assert inode_of(a_run(job_id=4, request_id=again_id(first, 41))) == IDENTITY.inode
    assert inode_of(a_run(job_id=4, request_id=after_id(4, 41))) is None
