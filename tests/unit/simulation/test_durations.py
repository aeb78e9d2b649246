"""How long simulated executions take."""

from statistics import median

import pytest

from task_scheduler.simulation import Durations

SLOTS = range(1_700_000_000, 1_700_000_000 + 60 * 4_000, 60)


def test_draws_have_the_median_and_the_95th_percentile_of_what_was_measured() -> None:
    measured = [1.0] * 50 + [2.0] * 40 + [2.1] * 4 + [30.0] * 6

    durations = Durations.of(measured, seed="report")
    draws = sorted(durations.draw(slot) for slot in SLOTS)

    assert (durations.median, durations.p95, durations.known) == (1.5, 30.0, 100)
    assert median(draws) == pytest.approx(1.5, rel=0.1)
    assert draws[int(0.95 * len(draws))] == pytest.approx(30.0, rel=0.15)


def test_the_same_slot_gets_the_same_draw_and_another_task_another() -> None:
    measured = [1.0, 2.0, 5.0]
    one, again, other = (Durations.of(measured, seed=seed) for seed in ("one", "one", "other"))

    assert [one.draw(slot) for slot in SLOTS] == [again.draw(slot) for slot in SLOTS]
    assert [one.draw(slot) for slot in SLOTS] != [other.draw(slot) for slot in SLOTS]


def test_nothing_measured_is_a_second_and_says_so() -> None:
    durations = Durations.of([])

    assert durations.known == 0
    assert {durations.draw(slot) for slot in SLOTS} == {1.0}


def test_no_draw_is_above_the_timeout_and_each_takes_some_time() -> None:
    durations = Durations.of([0.0, 0.0, 500.0], longest=60.0)

    draws = {durations.draw(slot) for slot in SLOTS}

    assert (max(draws), durations.median) == (60.0, 0.0)
    assert min(draws) > 0.0
