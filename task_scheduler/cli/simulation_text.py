"""What came of a simulation, as text for people and as a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from task_scheduler.cli import times
from task_scheduler.cli.planned import utc_text
from task_scheduler.cli.simulation_chart import LEVELS, chart
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.triggers.explaining import offset_text
from task_scheduler.core.triggers.explaining import show as show_moment
from task_scheduler.core.triggers.listing import listed
from task_scheduler.simulation import CatchUp, ClockEffect, Hour, Result, Waits

_BUSIEST = 5
#: Tasks that have a row of their own: of more, those with the most to tell.
_MOST_TASKS = 40
#: Jobs that are named below a time change, and names in a sentence.
_NAMED_JOBS, _NAMED = 20, 5
_HOUR = 3_600.0
#: The function that goes without saying.
_USUAL = "start"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """A simulation and what belongs to the telling."""

    result: Result
    effects: Sequence[ClockEffect]
    zone: tzinfo  #: whose clock moments are told by
    asked_until: datetime  #: later than the scenario's end where there were too many slots
    tasks: Sequence[str]  #: the only ones that are simulated; empty: all
    events: Sequence[str]  #: tasks that events begin
    remarks: Sequence[str]

    @property
    def is_shortened(self) -> bool:
        """Whether less was simulated than was asked for."""
        return self.result.scenario.end < self.asked_until

    @property
    def assumed(self) -> Sequence[str]:
        """The tasks that are due of which no execution is on record."""
        jobs = self.result.scenario.jobs
        due = zip(jobs, self.result.jobs, strict=True)
        return sorted({job.task_id for job, totals in due if totals.expected and not job.durations.known})


def show(simulated: Simulated, terminal: Terminal) -> None:
    """Write what came of it."""
    result, zone = simulated.result, simulated.zone
    scenario = result.scenario
    tasks = len({job.task_id for job in scenario.jobs})
    terminal.say(
        f"{show_moment(scenario.begin, zone)} to {show_moment(scenario.end, zone)}: "
        f"{_counted(len(scenario.jobs), 'job')} of {_counted(tasks, 'task')}, {_counted(scenario.places, 'place')}",
        "heading",
    )
    for remark in _remarks(simulated):
        terminal.say(remark, "warning")
    if not scenario.slots:
        terminal.say("nothing is due in that time")
        return
    terminal.say()
    _show_tasks(result, terminal)
    terminal.say()
    _show_load(result, zone, terminal)
    terminal.say()
    _show_waits(result, zone, terminal)
    if result.catch_ups:
        terminal.say()
        _show_catch_ups(result.catch_ups, zone, terminal)
    for effect in simulated.effects:
        terminal.say()
        _show_effect(effect, simulated, terminal)


def _remarks(simulated: Simulated) -> Iterator[str]:
    scenario = simulated.result.scenario
    if simulated.is_shortened:
        days = (simulated.asked_until - scenario.begin) / timedelta(days=1)
        yield (
            f"there are too many slots for {days:g} days: simulated are the first "
            f"{times.duration((scenario.end - scenario.begin).total_seconds())}, {scenario.slots:,} slots"
        )
    if simulated.tasks:
        yield f"only {listed(sorted(simulated.tasks), most=_NAMED)}: what others take is left aside"
    if simulated.assumed:
        one = len(simulated.assumed) == 1
        yield (
            f"no execution of {listed(simulated.assumed, most=_NAMED)} is on record: "
            f"{'it is' if one else 'they are'} taken to last a second"
        )
    if simulated.events:
        yield f"no clock tells when events come, which begin {listed(simulated.events, most=_NAMED)}: left out"
    yield from simulated.remarks


# --- tasks ------------------------------------------------------------------------------------------------


def _show_tasks(result: Result, terminal: Terminal) -> None:
    columns = [
        Column(title="TASK", least=12),
        *(Column(title=title, right=True) for title in ("SLOTS", "RAN", "MERGED", "SKIPPED", "MISSED")),
        *(Column(title=title, right=True, drop=place) for place, title in enumerate(("QUEUED", "TAKES", "P95"), 1)),
    ]
    by_task: dict[str, list[int]] = {}
    for place, job in enumerate(result.scenario.jobs):
        by_task.setdefault(job.task_id, []).append(place)
    shown = sorted(by_task)
    if len(shown) > _MOST_TASKS:
        shown.sort(key=lambda task_id: _importance(by_task[task_id], result))
    rows = [_row(task_id, by_task[task_id], result) for task_id in shown[:_MOST_TASKS]]
    if len(by_task) > 1:
        rows.append(_row("", range(len(result.jobs)), result, is_total=True))
    terminal.table(columns, rows)
    if len(shown) > _MOST_TASKS:
        terminal.say(f"and {len(shown) - _MOST_TASKS:,} more, with less to tell: --task NAME or --json tells of each")
    for sentence in _overlaps(result):
        terminal.say(sentence)


def _importance(places: Sequence[int], result: Result) -> tuple[int, int, int]:
    """Return what sorts a task the earlier, the more of its slots did not run, waited for their turn, or there are."""
    jobs = [result.jobs[place] for place in places]
    return (
        -sum(job.missed + job.skipped + job.merged for job in jobs),
        -sum(job.queued for job in jobs),
        -sum(job.expected for job in jobs),
    )


def _row(task_id: str, places: Sequence[int], result: Result, *, is_total: bool = False) -> list[Cell]:
    jobs = [result.jobs[place] for place in places]
    durations = result.scenario.jobs[places[0]].durations
    skipped, missed = sum(job.skipped for job in jobs), sum(job.missed for job in jobs)
    return [
        Cell("all" if is_total else task_id, "heading" if is_total else ""),
        Cell(f"{sum(job.expected for job in jobs):,}"),
        Cell(f"{sum(job.ran for job in jobs):,}"),
        Cell(f"{sum(job.merged for job in jobs):,}"),
        Cell(f"{skipped:,}", "warning" if skipped else ""),
        Cell(f"{missed:,}", "warning" if missed else ""),
        Cell(f"{sum(job.queued for job in jobs):,}"),
        Cell("" if is_total else times.duration(durations.median)),
        Cell("" if is_total else times.duration(durations.p95)),
    ]


def _overlaps(result: Result) -> Iterator[str]:
    """Yield what became of runs that came while another of their job was at work."""
    for job, totals in zip(result.scenario.jobs, result.jobs, strict=True):
        if totals.replaced:
            yield f"{named(job.task_id, job.calls)}: {_counted(totals.replaced, 'run')} replaced by the next"


# --- load -------------------------------------------------------------------------------------------------


def _show_load(result: Result, zone: tzinfo, terminal: Terminal) -> None:
    places = result.scenario.places
    busiest = sorted(result.hours, key=_by_load)[:_BUSIEST]
    if not busiest or not busiest[0].busy:
        terminal.say("nothing runs")
        return
    terminal.say("LOAD", "heading")
    for line in chart(result.hours, zone):
        terminal.say(line, whole=True)
    share = _share(busiest[0], places)
    terminal.say(f"{LEVELS} up to the busiest hour, in which {share} of all places were held on average")
    terminal.say()
    terminal.table(
        [
            Column(title="BUSIEST HOURS, BY TIME"),
            Column(title="BEGUN", right=True),
            Column(title="HELD", right=True),
            Column(title="AT ONCE", right=True),
        ],
        [
            [
                Cell(_day_and_time(hour.begin, zone)),
                Cell(f"{hour.begun:,}"),
                Cell(_share(hour, places)),
                Cell(f"{hour.most:,}"),
            ]
            for hour in sorted(busiest, key=_by_time)
            if hour.busy
        ],
    )


def _share(hour: Hour, places: int) -> str:
    share = 100 * hour.busy / (_HOUR * places)
    return f"{share:.0f} %" if share >= 9.5 else f"{share:.1f} %"


def _by_load(hour: Hour) -> tuple[float, int]:
    return -hour.busy, -hour.begun


def _by_time(hour: Hour) -> datetime:
    return hour.begin


# --- waits, pauses, time changes --------------------------------------------------------------------------


def _show_waits(result: Result, zone: tzinfo, terminal: Terminal) -> None:
    terminal.say("WAITS", "heading")
    reasons = (
        (result.for_a_place, "for a place", "no run on time waits for a place"),
        (result.for_their_turn, "for an earlier run of their job", "no run on time waits for another of its job"),
    )
    for waits, reason, nobody in reasons:
        terminal.say(_waits(waits, reason, result, zone) or nobody)


def _waits(waits: Waits, reason: str, result: Result, zone: tzinfo) -> str:
    if waits.worst is None:
        return ""
    job = result.scenario.jobs[waits.worst.job]
    return (
        f"{_counted(waits.count, 'run')} waited {reason}, half of them up to {times.duration(waits.median)}; "
        f"longest {named(job.task_id, job.calls)} of {_day_and_time(waits.worst.slot, zone)}, "
        f"{times.duration(waits.worst.seconds)}"
    )


def _show_catch_ups(catch_ups: Sequence[CatchUp], zone: tzinfo, terminal: Terminal) -> None:
    left_waiting = any(told.waiting for told in catch_ups)
    columns = {
        "from": Column(title="DOWN FROM"),
        "for": Column(title="FOR", right=True),
        "due": Column(title="DUE", right=True),
        "waiting": Column(title="WAITING", right=True) if left_waiting else None,
        "runs": Column(title="MADE UP", right=True),
        "merged": Column(title="MERGED", right=True, drop=2),
        "skipped": Column(title="SKIPPED", right=True, drop=1),
        "missed": Column(title="MISSED", right=True),
        "until": Column(title="ALL BEGUN", right=True),
    }
    rows = []
    for told in catch_ups:
        after = "" if told.begun_after is None else times.duration(told.begun_after)
        cells = {
            "from": Cell(show_moment(told.begin, zone)),
            "for": Cell(times.duration((told.end - told.begin).total_seconds())),
            "due": Cell(f"{told.due:,}"),
            "waiting": Cell(f"{told.waiting:,}"),
            "runs": Cell(f"{told.runs:,}"),
            "merged": Cell(f"{told.merged:,}"),
            "skipped": Cell(f"{told.skipped:,}", "warning" if told.skipped else ""),
            "missed": Cell(f"{told.missed:,}", "warning" if told.missed else ""),
            "until": Cell("at once" if told.begun_after == 0 else after),
        }
        rows.append([cells[name] for name, column in columns.items() if column is not None])
    terminal.table([column for column in columns.values() if column is not None], rows)
    if any(told.begun_after for told in catch_ups):
        terminal.say("ALL BEGUN: how long after that time the last run that makes up for it began")


def _show_effect(effect: ClockEffect, simulated: Simulated, terminal: Terminal) -> None:
    change, jobs = effect.change, simulated.result.scenario.jobs
    before, after = change.at.astimezone(change.clock_before), change.at.astimezone(change.clock_after)
    zone = getattr(effect.zone, "key", None) or "the machine's zone"
    terminal.say(
        f"TIME CHANGE {before.date().isoformat()} {before:%H:%M} {offset_text(before)} becomes "
        f"{after:%H:%M} {offset_text(after)} in {zone}: "
        + (f"{_counted(len(effect.jobs), 'job')} with slots in that time" if effect.jobs else "no job is touched")
    )
    for place, does in effect.jobs[:_NAMED_JOBS]:
        terminal.say(f"  {named(jobs[place].task_id, jobs[place].calls)}: {does.sentence}")
    if len(effect.jobs) > _NAMED_JOBS:
        terminal.say(f"  and {len(effect.jobs) - _NAMED_JOBS:,} more")


# --- a document -------------------------------------------------------------------------------------------


def document(simulated: Simulated) -> dict[str, Any]:
    """Return all of it as a JSON document; times of executions and waits in seconds."""
    result = simulated.result
    scenario = result.scenario
    return {
        "begin": utc_text(scenario.begin),
        "end": utc_text(scenario.end),
        "asked_until": utc_text(simulated.asked_until),
        "is_shortened": simulated.is_shortened,
        "timezone": str(getattr(simulated.zone, "key", None) or "") or None,
        "places": scenario.places,
        "tasks": [*simulated.tasks] or None,
        "slots": scenario.slots,
        "jobs": [_job(place, result) for place in range(len(result.jobs))],
        "hours": [
            {"begin": utc_text(hour.begin), "begun": hour.begun, "most": hour.most, "busy": round(hour.busy, 3)}
            for hour in result.hours
        ],
        "for_a_place": _wait_document(result.for_a_place, result),
        "for_their_turn": _wait_document(result.for_their_turn, result),
        "catch_ups": [
            {
                "begin": utc_text(told.begin),
                "end": utc_text(told.end),
                "due": told.due,
                "waiting": told.waiting,
                "runs": told.runs,
                "merged": told.merged,
                "skipped": told.skipped,
                "missed": told.missed,
                "begun_after": told.begun_after,
            }
            for told in result.catch_ups
        ],
        "time_changes": [
            {
                "at": utc_text(effect.change.at),
                "timezone": str(getattr(effect.zone, "key", None) or "") or None,
                "shift": effect.change.shift.total_seconds(),
                "jobs": [
                    {"job": place, "readings": does.count, "runs": does.runs, "means": does.sentence}
                    for place, does in effect.jobs
                ],
            }
            for effect in simulated.effects
        ],
        "events": [*simulated.events],
        "remarks": [*_remarks(simulated)],
    }


def _job(place: int, result: Result) -> dict[str, Any]:
    job, totals = result.scenario.jobs[place], result.jobs[place]
    counts = ("expected", "ran", "merged", "skipped", "missed", "queued", "replaced", "made_up")
    return {
        "task": job.task_id,
        "calls": job.calls or None,
        "schedule": job.trigger.text,
        "overlap": job.overlap,
        "durations": {"median": job.durations.median, "p95": job.durations.p95, "known": job.durations.known},
        **{name: getattr(totals, name) for name in counts},
        "busy": round(totals.busy, 3),
    }


def _wait_document(waits: Waits, result: Result) -> dict[str, Any]:
    worst = waits.worst
    return {
        "runs": waits.count,
        "median": waits.median,
        "worst": None
        if worst is None
        else {
            "task": result.scenario.jobs[worst.job].task_id,
            "job": worst.job,
            "slot": utc_text(worst.slot),
            "seconds": worst.seconds,
        },
    }


# --- words ------------------------------------------------------------------------------------------------


def named(task_id: str, calls: str) -> str:
    """Return a task with the function that is called, where that needs saying: `report north()`."""
    return task_id if calls in {"", _USUAL} else f"{task_id} {calls}()"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _day_and_time(moment: datetime, zone: tzinfo) -> str:
    there = moment.astimezone(zone)
    return f"{_DAYS[there.weekday()]} {show_moment(moment, zone)}"
