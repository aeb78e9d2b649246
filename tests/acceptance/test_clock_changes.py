"""The real scheduler on a shifted clock: through both time changes of a year, and through a clock that is set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from task_scheduler.clock import SystemClock
from task_scheduler.testing.running import RunningProject, ledger_faults, running_project

#: Gives a program another clock.
_LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(_LIBRARY is None, reason="not on this machine: libfaketime")]

#: A scheduler that is ready is given its clock so long before the instant it lives through: it looks each second.
_AHEAD = timedelta(seconds=4)
_NOTHING = "def start():\n    pass\n"


class ShiftedProject:
    """A project whose schedulers live at another time, which can be set while they work."""

    def __init__(self, project: RunningProject, clock: Path) -> None:
        self.project = project
        self._clock = clock
        self._real = SystemClock()
        self._shift = timedelta(0)

    def set_clock(self, moment: datetime) -> None:
        """Have it be this moment now."""
        self._shift = moment - self._real.now()
        partial = self._clock.with_suffix(".partial")
        partial.write_text(f"{self._shift.total_seconds():+.3f}\n")
        partial.rename(self._clock)

    def start(self, moment: datetime) -> None:
        """Start a scheduler at a moment at which nothing is due for a while; returns once all tasks are in force."""
        self.set_clock(moment)
        self.project.start()
        for path in (self.project.root / "tasks").glob("*.py"):
            self.project.wait_for_task(path.stem, "active")

    def now(self) -> datetime:
        return self._real.now() + self._shift

    def slots(self) -> list[tuple[str, str, str]]:
        """Return the slots on record up to now with their tasks and ends, oldest first, those to come left out."""
        rows = self.project.rows("SELECT scheduled_for, task_id, state FROM runs ORDER BY scheduled_for, task_id")
        now = f"{self.now():%Y-%m-%dT%H:%M:%S}"
        return [
            (row["scheduled_for"][:16], row["task_id"], row["state"]) for row in rows if row["scheduled_for"] <= now
        ]

    def wait_until_there(self, *slot: str) -> None:
        """Return once a slot of a task is on record with its end."""
        self.project.wait_for(f"the slot {slot}", lambda: slot in self.slots())

    def wait_until_ended(self, *expected: tuple[str, str]) -> None:
        """Return once there are these slots, each of a task, and no other, and all have succeeded."""
        wanted = [(slot, task, "succeeded") for slot, task in sorted(expected)]
        self.project.wait_for(f"the slots {wanted}", lambda: self.slots() == wanted)


@pytest.fixture
def shifted(tmp_path: Path) -> Iterator[ShiftedProject]:
    clock = tmp_path / "clock"
    variables = {
        "LD_PRELOAD": str(_LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    with running_project(variables=variables) as project:
        project.configure("scheduler:\n  timezone: Europe/Berlin\n  loop_interval: 1\n")
        yield ShiftedProject(project, clock)
        assert ledger_faults(project) == []


def _through(shifted: ShiftedProject, instant: datetime, schedules: dict[str, str]) -> None:
    """Have a scheduler with these tasks live through an instant."""
    for task_id, schedule in schedules.items():
        shifted.project.write_task(task_id, _NOTHING, fields=f'schedule: "{schedule}"\n')
    shifted.start(instant - timedelta(minutes=35))
    shifted.set_clock(instant - _AHEAD)
    shifted.project.wait_for("the instant", lambda: shifted.now() > instant + timedelta(seconds=1))


def test_the_hour_that_does_not_exist(shifted: ShiftedProject) -> None:
    """Berlin, 29 March 2026: 02:00 becomes 03:00."""
    _through(
        shifted,
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        {
            "daily": "daily at 02:30",
            "list": "15,30 2 * * *",
            "three": "0 3 * * *",
            "hourly": "every 1 hours",
            "second_hours": "0 */2 * * *",
            "wild_minutes": "*/20 2 * * *",
        },
    )

    slot = "2026-03-29T01:00"
    shifted.wait_until_ended((slot, "daily"), (slot, "list"), (slot, "three"), (slot, "hourly"))


def test_the_hour_that_there_is_twice(shifted: ShiftedProject) -> None:
    """Berlin, 25 October 2026: 03:00 becomes 02:00."""
    _through(
        shifted,
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        {
            "daily": "daily at 02:00",
            "list": "0 2-5 * * *",
            "three": "0 3 * * *",
            "hourly": "every 1 hours",
            "second_hours": "0 */2 * * *",
        },
    )

    slot = "2026-10-25T01:00"
    shifted.wait_until_ended((slot, "hourly"), (slot, "second_hours"))


def test_a_clock_that_is_set_while_it_works(shifted: ShiftedProject) -> None:
    """Wrong by years as after a start without a battery, then right, then set forward by five hours."""
    shifted.project.write_task("minutely", _NOTHING, fields='schedule: "every 1 minutes"\n')
    shifted.start(datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC))
    shifted.set_clock(datetime(1970, 1, 1, 0, 0, 57, tzinfo=UTC))
    shifted.project.wait_for("its first run", lambda: len(shifted.slots()) == 1)

    for hour in (12, 17):
        shifted.set_clock(datetime(2026, 6, 1, hour, 0, 57, tzinfo=UTC))
        shifted.wait_until_there(f"2026-06-01T{hour}:01", "minutely", "succeeded")

    rows = shifted.project.rows("SELECT state, reason, count, clock_generation FROM runs ORDER BY id")
    told = [(row["state"], row["reason"], row["clock_generation"]) for row in rows if row["state"] != "queued"]
    assert told == [
        ("succeeded", "", 0),
        ("missed", "the clock was corrected by +494532.0 h", 1),
        ("succeeded", "", 1),
        ("missed", "the clock was corrected by +5.0 h", 2),
        ("succeeded", "", 2),
    ]
    assert [row["count"] for row in rows if row["state"] == "missed"] == [29_671_919, 299]


_TELLS = """
import sys

@repeat(every(1).hours, "hello")
def start(word, scheduled_time, window_start, window_end, attempt, reason):
    with open("told", "a") as file:
        file.write(f"{word} {scheduled_time} {window_start} {window_end == scheduled_time} {attempt} {reason} {sys.argv[1:]}\\n")
    if attempt == 1:
        sys.exit(3)
"""


def test_a_function_knows_what_its_run_is_for(shifted: ShiftedProject) -> None:
    """Each attempt fails the first time: by its slot, after a stop, and asked for by hand."""
    project = shifted.project
    told = project.root / "told"

    def lines(count: int) -> list[str]:
        return found if len(found := told.read_text().splitlines()) >= count else []

    project.write_task("hourly", _TELLS, fields="retry_count: 1\nretry_delay: 0\n")
    instant = datetime(2026, 3, 29, 1, tzinfo=UTC)
    shifted.start(instant - timedelta(minutes=35))
    shifted.set_clock(instant - _AHEAD)
    project.wait_for("both attempts of the slot", lambda: lines(2))
    project.stop()
    shifted.set_clock(datetime(2026, 3, 29, 4, 20, tzinfo=UTC))
    project.start()
    project.wait_for("both attempts of what was missed", lambda: lines(4))
    project.ask("start", task="hourly", argv=["--all"], request_id="by hand")
    project.wait_for("both attempts by hand", lambda: lines(6))

    assert lines(6) == [
        f"hello {slot} {before} True {attempt} {reason}"
        for slot, before, reason in (
            ("2026-03-29 03:00:00+02:00", "2026-03-29 01:00:00+01:00", "schedule []"),
            ("2026-03-29 06:00:00+02:00", "2026-03-29 03:00:00+02:00", "catch-up []"),
            ("None", "None", "manual ['--all']"),
        )
        for attempt in (1, 2)
    ]
    project.wait_for("the end by hand", lambda: project.runs("hourly", "succeeded")[2:])
