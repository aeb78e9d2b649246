"""Cron text against two other implementations, where the rules agree.

Left out, by their row in the table of disagreements:

- cronsim: D6 where midnight is skipped (wildcards get a midnight that does not exist), D10 (it steps in whole hours, so
  zones that change by others), D11 (the date line), D12 (six fields have no rule for fixed times at time changes),
  S3 (`1-1/3`), S4 (`15W` is refused).
- croniter: D1 to D9 (it is asked in UTC alone), S1 and S2 (both day fields restricted), S3 (equal ends), S4 (a day that a
  month lacks is moved with `W`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from cronsim import CronSim
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import Trigger
from tests.unit.core.triggers.cron_drawn import DrawnCron, crons
from tests.unit.core.triggers.shown import trigger

HOUR = timedelta(hours=1)

#: Zones whose changes are by whole hours in the years that are drawn; of these, some skipped or repeated midnight.
MIDNIGHT_ZONES = [
    "Africa/Casablanca",
    "America/Havana",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "Asia/Amman",
    "Asia/Gaza",
    "Asia/Tehran",
]
OTHER_ZONES = [
    "America/Los_Angeles",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Easter",
    "UTC",
]
moments = st.datetimes(datetime(1995, 1, 1), datetime(2055, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - gets UTC


@st.composite
def moments_of_changes(draw: st.DrawFn) -> tuple[str, datetime]:
    """Draw a zone and a moment, one of two of which has a time change in the day after it where the year has any."""
    zone = draw(st.sampled_from(MIDNIGHT_ZONES + OTHER_ZONES))
    moment = draw(moments).replace(microsecond=0)
    if draw(st.booleans()):
        return zone, moment
    days = [moment + timedelta(days=number) for number in range(366)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    changed = [day for day, before, after in zip(days, offsets, offsets[1:], strict=False) if before != after]
    return zone, draw(st.sampled_from(changed or [moment]))


def _slots(rule: Trigger, moment: datetime, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        slot = rule.next_after(moment)
        assert slot is not None
        found.append(slot)
        moment = slot
    return found


def _trigger(text: str, zone: str) -> Trigger:
    """Return a trigger; texts that are refused as never due, which others find out by giving up, are not compared."""
    try:
        return trigger(text, zone)
    except TriggerError as error:
        if "never fires" not in str(error):
            raise
        reject()


def _is_soon(rule: Trigger, moment: datetime, count: int) -> bool:
    """Whether that many slots come so soon that the others, who walk along the days, need no patience."""
    return rule.count_between(moment, moment + timedelta(days=8 * 366)) >= count


@pytest.mark.slow
@settings(max_examples=200)
@given(crons(workdays=False), moments_of_changes())
def test_five_fields_agree_with_cronsim_in_every_zone(cron: DrawnCron, when: tuple[str, datetime]) -> None:
    zone, moment = when
    assume(cron.is_fixed or zone not in MIDNIGHT_ZONES)
    rule = _trigger(cron.five, zone)
    assume(_is_soon(rule, moment, 4))
    other = CronSim(cron.five, moment.astimezone(ZoneInfo(zone)))

    expected = [next(other).astimezone(UTC) for _ in range(8)]

    assert _slots(rule, moment, 8)[:4] == sorted(set(expected))[:4]


@pytest.mark.slow
@settings(max_examples=150)
@given(crons(workdays=False), moments)
def test_six_fields_agree_with_cronsim_in_utc(cron: DrawnCron, moment: datetime) -> None:
    rule = _trigger(cron.six, "UTC")
    assume(_is_soon(rule, moment, 6))
    other = CronSim(cron.six, moment.replace(microsecond=0))

    assert _slots(rule, moment, 6) == [next(other) for _ in range(6)]


@pytest.mark.slow
@settings(max_examples=150)
@given(crons(), moments)
def test_six_fields_agree_with_croniter_in_utc(cron: DrawnCron, moment: datetime) -> None:
    assume(cron.day.text == "*" or cron.weekday.text == "*")
    assume(not cron.day.text.endswith("W") or int(cron.day.text.removesuffix("W").replace("L", "31")) <= 28)
    rule = _trigger(cron.six, "UTC")
    assume(_is_soon(rule, moment, 6))
    weekday = f"L{cron.weekday.text[0]}" if cron.weekday.text.endswith("L") else cron.weekday.text
    text = f"{cron.second.text} {cron.minute.text} {cron.hour.text} {cron.day.text} {cron.month.text} {weekday}"
    other = croniter(text, moment, ret_type=datetime, second_at_beginning=True)

    assert _slots(rule, moment, 6) == [other.get_next() for _ in range(6)]
