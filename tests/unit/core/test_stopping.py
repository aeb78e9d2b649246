"""Being told again to end."""

import pytest

from task_scheduler.core.stopping import StopMode, StopOrder

LEAVE, DRAIN, KILL = StopMode.LEAVE, StopMode.DRAIN, StopMode.KILL


@pytest.mark.parametrize(
    ("order", "hurried"),
    [
        (StopOrder(), None),
        (StopOrder(mode=DRAIN), StopOrder()),
        (StopOrder(mode=DRAIN, patience=30, is_restart=True), StopOrder(is_restart=True)),
        (StopOrder(mode=KILL), StopOrder(mode=KILL, grace=0.0)),
        (StopOrder(mode=KILL, grace=0.0), StopOrder()),
    ],
)
def test_told_again_an_end_hurries(order: StopOrder, hurried: StopOrder | None) -> None:
    assert order.hurried() == hurried


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (StopOrder(), "runs under way go on"),
        (StopOrder(mode=DRAIN), "runs under way are waited for"),
        (StopOrder(mode=DRAIN, patience=90), "runs under way are waited for, at most 90 s"),
        (StopOrder(mode=KILL), "runs under way are ended"),
    ],
)
def test_what_becomes_of_the_runs_is_said_in_words(order: StopOrder, said: str) -> None:
    assert order.about_runs == said


@pytest.mark.parametrize("mode", StopMode)
def test_told_often_enough_every_end_is_at_once(mode: StopMode) -> None:
    order: StopOrder | None = StopOrder(mode=mode)
    for _ in range(3):
        order = None if order is None else order.hurried()

    assert order is None
