"""Zones by name."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import read_zone, zones
from task_scheduler.core.triggers.zones import zone_key, zone_name


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"])
def test_reads_iana_names(name: str) -> None:
    assert read_zone(name).key == name


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Europe/Berln", "no time zone 'Europe/Berln', did you mean 'Europe/Berlin'?"),
        ("europe/berlin", "no time zone 'europe/berlin', did you mean 'Europe/Berlin'?"),
        ("america/new york", "no time zone 'america/new york', did you mean 'America/New_York'?"),
        (
            "UTC+2",
            (
                "no time zone 'UTC+2': write 'Etc/GMT-2', which is 2 hours ahead of UTC all year (names of this kind have "
                "the sign turned round), or the zone of a place, such as Europe/Berlin, whose clock may change with the seasons"
            ),
        ),
        (
            "-01:00",
            (
                "no time zone '-01:00': write 'Etc/GMT+1', which is 1 hour behind UTC all year (names of this kind have "
                "the sign turned round), or the zone of a place, such as Europe/Berlin, whose clock may change with the seasons"
            ),
        ),
        (
            "utc+5:30",
            (
                "no time zone 'utc+5:30': write the zone of a place, such as Europe/Berlin, whose clock may change with the "
                "seasons"
            ),
        ),
        ("GMT+00:00", "no time zone 'GMT+00:00': write UTC"),
        (
            "UTC+15",
            (
                "no time zone 'UTC+15': write the zone of a place, such as Europe/Berlin, whose clock may change with the "
                "seasons"
            ),
        ),
        ("Mars", "no time zone 'Mars': write an IANA name such as Europe/Berlin, or UTC"),
        ("", "no time zone '': write an IANA name such as Europe/Berlin, or UTC"),
        ("../../etc/passwd", "no time zone '../../etc/passwd': write an IANA name such as Europe/Berlin, or UTC"),
    ],
)
def test_names_what_is_unknown_and_the_nearest(name: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_zone(name)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "name", ["right/UTC", "posix/Europe/Berlin", "localtime", "posixrules", "Factory", "Europe", "a\0b"]
)
def test_refuses_what_the_database_holds_besides_zones(name: str) -> None:
    with pytest.raises(TriggerError, match="no time zone"):
        read_zone(name)


def test_a_machine_without_zone_data_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zones, "available_timezones", set)

    with pytest.raises(TriggerError) as caught:
        read_zone("Nowhere/Land")

    assert str(caught.value) == (
        "time zone 'Nowhere/Land' cannot be read: this machine has no time zone data, install the package tzdata"
    )


@pytest.mark.parametrize(
    ("zone", "key", "name"),
    [
        (ZoneInfo("Asia/Tokyo"), "Asia/Tokyo", "Asia/Tokyo"),
        (UTC, "UTC", "UTC"),
        (timezone(timedelta(hours=2)), None, "the machine's"),
    ],
)
def test_a_zone_has_one_name_for_programs_and_for_people(zone: tzinfo, key: str | None, name: str) -> None:
    assert (zone_key(zone), zone_name(zone)) == (key, name)
