"""What is sent to a host, and the proofs that go on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.runs import AttemptId
from task_scheduler.execution.cards import HostCard
from task_scheduler.execution.orders import output_path
from task_scheduler.execution.settlement import mark_of


def test_an_output_lies_in_its_folder() -> None:
    assert output_path(Path("/logs"), "report/1.log") == Path("/logs/report/1.log")


@pytest.mark.parametrize("name", ["", "/1.log", "..", "a/../../1.log", "a\0"])
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of an output"):
        output_path(Path("/logs"), name)


@given(st.text(), st.none() | st.integers(1), st.none() | st.integers(0), st.text())
def test_a_card_reads_back_as_it_was_written(host: str, pid: int | None, start: int | None, boot: str) -> None:
    card = HostCard(host=host, pid=pid, start=start, boot=boot)

    assert HostCard.parse(card.text()) == card
    assert "\n" not in card.text()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"host": 1}', "host"])
def test_another_text_is_no_card(text: str) -> None:
    with pytest.raises(ValueError, match=r"not the placement|Expecting"):
        HostCard.parse(text)


@given(st.text(), st.text(), st.integers(1), st.integers(1))
def test_a_mark_fits_a_limit_and_depends_on_host_and_attempt(project: str, host: str, run: int, number: int) -> None:
    attempt = AttemptId(run_id=run, number=number)
    mark = mark_of(project, host, attempt)

    assert 0 <= mark < 2**56
    assert mark == mark_of(project, host, attempt)
    assert mark != mark_of(project, host + "x", attempt)
    assert mark != mark_of(project, host, AttemptId(run_id=run, number=number + 1))
