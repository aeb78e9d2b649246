"""Simulates what was asked for: the question as a scenario, the answer as text, document or calendar file."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from task_scheduler.cli import stand_ins
from task_scheduler.cli.door import NEVER, Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.simulation_text import Simulated, document, named, show
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.sentences import in_words
from task_scheduler.core.triggers.typed_moments import first_moment
from task_scheduler.ics import Entry, write_calendar
from task_scheduler.simulation import Fate, Pause, Scenario, SlotsTold, clock_effects, simulate
from task_scheduler.simulations import Simulations
from task_scheduler.typed_paths import UnusablePath, typed_path

#: Slots that are simulated at most, which take some ten microseconds each.
MOST_SLOTS = 1_000_000
#: From so many slots on it takes long enough to say so first.
_LONG = 200_000
#: Runs that a calendar file takes at most.
_MOST_ENTRIES = 10_000
_DAILY = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?)\s*-\s*(\d{1,2}:\d{2}(?::\d{2})?)")
_DAY = timedelta(days=1)
#: Schedules have no slots near the end of the calendar.
_LAST_YEAR = 9_990


def tell_simulation(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Simulate what was asked for and tell it; return the exit code. Raises TaskSchedulerError."""
    simulations = Simulations(door.project)
    if simulations.unusable is not None:
        terminal.note(f"settings are left out: {simulations.unusable}")
    if not simulations.exists:
        terminal.note(NEVER)
    found = simulations.in_force([task_id(text, door) for text in options.task])
    try:
        begin = _begin(options.since, terminal, simulations.zone)
        end = begin + options.days * _DAY
        pauses = [pause for text in options.down for pause in _pauses(text, begin, end, simulations.zone)]
    except TriggerError as error:
        terminal.error(str(error), hint=f"`{options.program} simulate --help` tells what can be said")
        return ExitCode.USAGE
    asked = Scenario(jobs=found.jobs, begin=begin, end=end, places=options.places or simulations.places, pauses=pauses)
    scenario = asked.shortened(MOST_SLOTS)
    if scenario.end == scenario.begin:
        terminal.error(
            f"{len(found.jobs):,} jobs have more than {MOST_SLOTS:,} slots in an hour: too many to simulate",
            hint="name fewer of them with --task",
        )
        return ExitCode.FAILURE
    if terminal.is_watched and scenario.slots > _LONG:
        terminal.note(f"simulating {scenario.slots:,} slots …")
    runs = _Runs(_MOST_ENTRIES if options.ics is not None else 0)
    result = simulate(scenario, runs.take if options.ics is not None else None)
    simulated = Simulated(
        result=result,
        effects=clock_effects(scenario, simulations.calendars),
        zone=simulations.zone,
        asked_until=asked.end,
        tasks=tuple(options.task),
        events=found.events,
        remarks=[*found.remarks, *stand_ins.told(simulations.calendars.stand_ins, terminal)],
    )
    if options.ics is not None and not _write_ics(runs, simulated, options.ics, terminal):
        return ExitCode.FAILURE
    if options.json:
        terminal.document(document(simulated))
    else:
        show(simulated, terminal)
    return ExitCode.OK


# --- begin and pauses -----------------------------------------------------------------------------------------------


def _begin(since: str | None, terminal: Terminal, zone: tzinfo) -> datetime:
    """Return when the simulation begins; raises TriggerError."""
    begin = terminal.now() if since is None else first_moment(since, zone)
    if begin.year > _LAST_YEAR:
        raise TriggerError(f"--from {quoted(since or '')} is too far ahead: years are 1970 to {_LAST_YEAR}")
    return begin


def _pauses(text: str, begin: datetime, end: datetime, zone: tzinfo) -> Iterator[Pause]:
    """Yield what one `--down` says of the time from `begin` to `end`; raises TriggerError."""
    if daily := _DAILY.fullmatch(text.strip()):
        yield from _each_day(*daily.groups(), begin=begin, end=end, zone=zone)
        return
    first, slash, last = text.partition("/")
    if not slash:
        raise TriggerError(
            f"--down {quoted(text)} cannot be read: write 03:00-09:00, or 2026-11-24 03:00/2026-11-24 09:00"
        )
    pause = Pause(begin=first_moment(first, zone), end=first_moment(last, zone))
    if pause.end <= pause.begin:
        raise TriggerError(f"--down {quoted(text)} ends before it begins")
    yield pause


def _each_day(first: str, last: str, *, begin: datetime, end: datetime, zone: tzinfo) -> Iterator[Pause]:
    is_overnight = _of_day(last) < _of_day(first)
    if _of_day(last) == _of_day(first):
        raise TriggerError(
            f"--down {first}-{last} begins and ends at the same time of day: write 06:00-07:00 for an hour each day, or "
            "2026-11-24 06:00/2026-11-25 06:00 for one whole day"
        )
    day = begin.astimezone(zone).date() - _DAY
    while day <= end.astimezone(zone).date():
        starts, ends = first_moment(f"{day} {first}", zone), first_moment(f"{day} {last}", zone)
        if is_overnight:
            ends = first_moment(f"{day + _DAY} {last}", zone)
        if starts < ends:  # else the clock is put forward over all of it
            yield Pause(begin=starts, end=ends)
        day += _DAY


def _of_day(text: str) -> tuple[int, ...]:
    """Return a time of day as its numbers, seconds included."""
    hours, minutes, *seconds = map(int, text.split(":"))
    return hours, minutes, *(seconds or [0])


# --- a calendar file --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Runs:
    """The first runs of a simulation."""

    most: int
    count: int = 0
    kept: list[SlotsTold] = field(default_factory=list)

    def take(self, told: SlotsTold) -> None:
        """Keep a run."""
        if told.fate is Fate.RAN:
            self.count += 1
            if len(self.kept) < self.most:
                self.kept.append(told)


def _write_ics(runs: _Runs, simulated: Simulated, file: str, terminal: Terminal) -> bool:
    jobs = simulated.result.scenario.jobs
    entries: Sequence[Entry] = [
        Entry(
            uid=f"simulated-{told.job}-{told.first.timestamp():.0f}@task-scheduler",
            start=told.began or told.first,
            end=told.ended,
            summary=named(jobs[told.job].task_id, jobs[told.job].calls),
            description=f"simulated: {in_words(jobs[told.job].trigger.text)}",
        )
        for told in runs.kept
    ]
    try:
        typed_path(file).write_bytes(write_calendar(entries, name="simulated runs", now=terminal.now()))
    except (OSError, UnusablePath) as error:
        terminal.error(f"{file} cannot be written: {getattr(error, 'strerror', None) or error}")
        return False
    more = f"; only the first of {runs.count:,}" if runs.count > len(entries) else ""
    terminal.note(f"{file}: {len(entries):,} run{'' if len(entries) == 1 else 's'}{more}")
    return True
