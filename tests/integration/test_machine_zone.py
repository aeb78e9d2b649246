"""The machine's time zone, told by TZ, by a link or by a copied file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.machine_zone import machine_zone

NOWHERE = Path("/nonexistent/localtime")


@pytest.mark.parametrize("named", ["Europe/Berlin", ":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin"])
def test_takes_the_zone_that_tz_names(named: str) -> None:
    assert machine_zone({"TZ": named}, NOWHERE) == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("named", ["", "No/Such_Zone", "../../etc/passwd", "\x00"])
def test_is_utc_where_nothing_can_be_told(named: str) -> None:
    assert machine_zone({"TZ": named}, NOWHERE) == UTC


def test_follows_the_link_of_the_machine(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/America/New_York")

    assert machine_zone({}, link) == ZoneInfo("America/New_York")


def test_reads_a_copied_file_with_the_rules_of_the_whole_year(tmp_path: Path) -> None:
    source = Path("/usr/share/zoneinfo/Europe/Berlin")
    if not source.is_file():
        pytest.skip("this machine has no time zone files")
    copy = tmp_path / "localtime"
    copy.write_bytes(source.read_bytes())

    zone = machine_zone({}, copy)

    assert datetime(2026, 1, 1, tzinfo=zone).utcoffset() == timedelta(hours=1)
    assert datetime(2026, 7, 1, tzinfo=zone).utcoffset() == timedelta(hours=2)
