"""Which backups are kept."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.backups import HOURLY, MOST_KEPT, kept

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
MOMENTS = st.lists(st.integers(-3_600, 20 * 86_400).map(lambda seconds: NOW - timedelta(seconds=seconds)))


@given(MOMENTS, st.integers(1, 20 * 86_400).map(lambda seconds: timedelta(seconds=seconds)))
def test_the_newest_is_kept_and_nothing_else_beyond_its_time(taken: list[datetime], keep: timedelta) -> None:
    stay = kept(taken, now=NOW, keep=keep)

    assert stay <= set(taken)
    assert not taken or max(taken) in stay
    assert all(NOW - moment <= keep or moment == max(taken) for moment in stay)


@given(MOMENTS)
def test_each_hour_of_a_day_and_each_day_before_has_its_newest(taken: list[datetime]) -> None:
    stay = kept(taken, now=NOW, keep=WEEK)

    for moment in taken:
        if NOW - moment > WEEK:
            continue
        unit = "%Y-%m-%d %H" if NOW - moment <= HOURLY else "%Y-%m-%d"
        later = [each for each in stay if f"{each:{unit}}" == f"{moment:{unit}}" and each >= moment]
        assert later, moment


@given(MOMENTS)
def test_thinning_again_changes_nothing(taken: list[datetime]) -> None:
    stay = kept(taken, now=NOW, keep=WEEK)

    assert kept(stay, now=NOW, keep=WEEK) == stay


def test_a_backup_a_minute_for_a_year_is_a_number_that_fits() -> None:
    taken = [NOW - timedelta(minutes=10 * number) for number in range(365 * 24 * 6)]

    assert len(kept(taken, now=NOW, keep=timedelta(days=365))) == MOST_KEPT


def test_none_are_none() -> None:
    assert kept([], now=NOW, keep=WEEK) == frozenset()
