"""Which backups are kept."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.backups import ASKED_FOR, AT_INTERVAL, HOURLY, MOST_KEPT, Backup, kept

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
MOMENTS = st.lists(st.integers(-3_600, 20 * 86_400).map(lambda seconds: NOW - timedelta(seconds=seconds)))


def automatic(moments: Iterable[datetime]) -> list[Backup]:
    """Return backups at the interval, one for each of these moments."""
    return [a_backup(moment) for moment in set(moments)]


_numbers = count()


def a_backup(taken_at: datetime, *, why: str = AT_INTERVAL, **changes: object) -> Backup:
    given = {"name": f"{taken_at.isoformat()}-{next(_numbers)}", "taken_at": taken_at, "bytes": 1, "why": why}
    return Backup(**{**given, **changes})  # type: ignore[arg-type]


def staying(backups: Iterable[Backup], keep: timedelta = WEEK) -> list[Backup]:
    there = list(backups)
    stay = kept(there, now=NOW, keep=keep)
    return [backup for backup in there if backup.name in stay]


@given(MOMENTS, st.integers(1, 20 * 86_400).map(lambda seconds: timedelta(seconds=seconds)))
def test_the_newest_is_kept_and_nothing_else_beyond_its_time(taken: list[datetime], keep: timedelta) -> None:
    stay = {backup.taken_at for backup in staying(automatic(taken), keep)}

    assert not taken or max(taken) in stay
    assert all(NOW - moment <= keep or moment == max(taken) for moment in stay)


@given(MOMENTS)
def test_each_hour_of_a_day_and_each_day_before_has_its_newest(taken: list[datetime]) -> None:
    stay = [backup.taken_at for backup in staying(automatic(taken))]

    for moment in taken:
        if NOW - moment > WEEK:
            continue
        unit = "%Y-%m-%d %H" if NOW - moment <= HOURLY else "%Y-%m-%d"
        later = [each for each in stay if f"{each:{unit}}" == f"{moment:{unit}}" and each >= moment]
        assert later, moment


@given(MOMENTS)
def test_thinning_again_changes_nothing(taken: list[datetime]) -> None:
    stay = staying(automatic(taken))

    assert staying(stay) == stay


@given(MOMENTS, st.sampled_from([ASKED_FOR, "before the record was brought up to date", ""]))
def test_what_is_not_automatic_is_kept_for_all_of_its_time_however_many_there_are(
    taken: list[datetime], why: str
) -> None:
    asked_for = [a_backup(moment, why=why) for moment in taken]
    in_time = [backup for backup in asked_for if NOW - backup.taken_at <= WEEK]

    stay = staying([*asked_for, *automatic(NOW - timedelta(minutes=number) for number in range(200))])

    assert [backup for backup in stay if backup.why == why] == in_time


def test_one_that_was_restored_is_kept_from_then_on() -> None:
    old = NOW - timedelta(days=20)
    newest = a_backup(NOW)
    relied_on = a_backup(old, restored_at=NOW - timedelta(days=6))
    forgotten = a_backup(old + timedelta(hours=1), restored_at=NOW - timedelta(days=8))

    assert staying([newest, relied_on, forgotten]) == [newest, relied_on]


def test_one_that_cannot_be_read_takes_no_place_from_one_that_can() -> None:
    good = a_backup(NOW - timedelta(days=30))
    spoiled = a_backup(NOW - timedelta(minutes=1), why="", problem="file is not a database")
    older = a_backup(NOW - timedelta(days=31))

    assert staying([spoiled, good, older]) == [spoiled, good]


def test_a_backup_a_minute_for_a_year_is_a_number_that_fits() -> None:
    taken = [NOW - timedelta(minutes=10 * number) for number in range(365 * 24 * 6)]

    assert len(staying(automatic(taken), timedelta(days=365))) == MOST_KEPT


def test_none_are_none() -> None:
    assert kept([], now=NOW, keep=WEEK) == frozenset()


def test_those_of_a_clock_that_was_ahead_take_no_place_and_the_one_just_written_stays() -> None:
    ahead = [a_backup(NOW + timedelta(days=number)) for number in range(1, MOST_KEPT + 2)]
    written = a_backup(NOW)

    assert staying([*ahead, written]) == [*ahead, written]
    assert written.name in kept([*ahead, written], now=NOW, keep=WEEK, written=written.name)


def test_the_one_just_written_stays_whatever_its_time() -> None:
    written = a_backup(NOW - timedelta(days=30))

    assert written.name in kept([a_backup(NOW), written], now=NOW, keep=WEEK, written=written.name)


def test_one_that_a_person_asked_for_is_told_from_the_others() -> None:
    assert [a_backup(NOW, why=why).is_asked_for for why in (ASKED_FOR, AT_INTERVAL, "")] == [True, False, False]
