"""Telling from a task file's text what it declares, without running it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from task_scheduler.core.declaration.timing import outweighed_calendar, timed, without_effect
from task_scheduler.core.errors import Problem, Severity, TriggerError
from task_scheduler.core.job_remarks import surprises, without_slots
from task_scheduler.core.tasks import NO_ARGUMENTS, FileKind, JobDeclaration, TaskDeclaration, TaskReading
from task_scheduler.core.triggers import (
    Calendars,
    OnChange,
    Trigger,
    calendar_of,
    parse_trigger,
    read_event,
    read_schedule,
    read_zone,
    seed_of,
)
from task_scheduler.ports import SourceFile
from task_scheduler.watcher.declared import declared
from task_scheduler.watcher.frontmatter import Dialect, read_frontmatter
from task_scheduler.watcher.helpers import HelperFolder
from task_scheduler.watcher.imports import Function, all_nodes, helper_lines, import_lines, unconditional
from task_scheduler.watcher.python_versions import wants_newer
from task_scheduler.watcher.requirements import RequirementFault, requirement_fault
from task_scheduler.watcher.schedules import read_decorators
from task_scheduler.watcher.signatures import call_fault, is_plain
from task_scheduler.watcher.source import ParsedSource, parse_source, silence_parser_warnings

_START = "start"
#: A file with more problems than this is told so; the first ones are what a person mends.
MOST_PROBLEMS = 50


class TaskFileReader:
    """Reads task files of one project; implements `ports.TaskReader`. Safe to use from several threads."""

    def __init__(
        self,
        *,
        root: Path,
        helpers: Path,
        allow_direct_references: bool = False,
        recommends: bool = True,
        zone: tzinfo = UTC,
        calendars: Calendars | None = None,
    ) -> None:
        """With `recommends`, a frontmatter without keys that would do good is told so.

        `zone` is that of tasks which name none; `calendars` are those that schedules may name, None: all of them.
        """
        self._calendars = calendars
        self._root = root
        self._zone = zone
        self._folder = helpers
        self._recommends = recommends
        silence_parser_warnings()
        self._allow_direct_references: bool | None = None
        self.configure(allow_direct_references=allow_direct_references)

    def configure(self, *, allow_direct_references: bool) -> bool:
        """Judge by this what is read from now on; return whether that is another judgement."""
        if allow_direct_references == self._allow_direct_references:
            return False
        self._allow_direct_references = allow_direct_references
        self._requirement_fault = partial(requirement_fault, allow_direct_references=allow_direct_references)
        self._helpers = HelperFolder(root=self._root, folder=self._folder, requirement_fault=self._requirement_fault)
        return True

    def read(self, source: SourceFile) -> TaskReading:
        """Return all that can be told, with every problem found; never raises for bad input."""
        if source.content is None:
            return _unreadable((Problem(path=source.path, message=source.problem),))
        parsed = parse_source(source.content, path=source.path)
        front = _read_front(parsed, source, self._requirement_fault, recommends=self._recommends)
        if parsed.tree is None:
            return _unreadable((*front.problems, *_why_no_tree(parsed, front.declaration)))
        return self._read_tree(parsed.tree, front, source)

    def helper_packages(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the packages declared by the helper files that provide these names.

        Names are those of `TaskReading.helper_names`: `a` from `from helpers import a`, `x.a` from
        `from helpers.x import a`, `x.*` from `import helpers.x`, `*` for all of them.
        """
        return self._helpers.packages(names)

    def _read_tree(self, tree: ast.Module, front: _Front, source: SourceFile) -> TaskReading:
        nodes = all_nodes(tree)
        saved_at = self._local(source.saved_at, front.declaration)
        decorated = read_decorators(tree, nodes, path=source.path, task_id=source.task_id, saved_at=saved_at)
        names = helper_lines(nodes)
        imports = import_lines(tree)
        has_start = any(isinstance(node, Function) and node.name == _START for node in tree.body)
        scheduled = decorated.computed or bool(decorated.jobs) or bool(decorated.problems)
        if not front.found and not scheduled:
            return TaskReading(
                kind=FileKind.MODULE,
                declaration=None,
                has_start=has_start,
                imports=tuple(imports),
                import_lines=imports,
                helper_names=tuple(names),
            )
        from_key = front.jobs(source.task_id, has_start=has_start)
        jobs, repeated = _merged((*from_key, *decorated.jobs), front.declaration, source)
        problems = (
            *front.problems,
            *decorated.problems,
            *repeated,
            *_uncallable_start(tree, nodes, from_key, source.path),
            *self.judge_jobs(jobs, path=source.path, saved_at=saved_at, calendar_lines=front.calendar_lines()),
            *(() if decorated.computed else _without_effect(jobs, front, source.path)),
            *self._helpers.judge(names, path=source.path, always=helper_lines(unconditional(tree))),
        )
        if front.declaration is not None and not front.declaration.schedule and not scheduled:
            problems = (*problems, _never_by_itself(source.path, front))
        return TaskReading(
            kind=FileKind.TASK,
            declaration=front.declaration,
            jobs=jobs,
            computed=decorated.computed,
            computed_line=decorated.computed_line,
            has_start=has_start,
            imports=tuple(imports),
            import_lines=imports,
            helper_names=tuple(names),
            problems=_in_order(problems, source.path),
        )

    def judge_jobs(
        self,
        jobs: Sequence[JobDeclaration],
        *,
        path: str,
        saved_at: datetime | None,
        calendar_lines: Mapping[str, int | None] = MappingProxyType({}),
    ) -> Iterator[Problem]:
        """Yield an error for each calendar that cannot be had and each job it leaves no day, warnings for what surprises.

        `saved_at` is the moment after which slots are looked for; None: not known, none are. A calendar that is not
        among `calendar_lines` is named in the line of the first job that observes it.
        """
        unusable: set[str] = set()
        for job in jobs:
            calendar = calendar_of(job.trigger)
            if calendar in unusable:
                continue
            if why := self._why_unusable(calendar):
                unusable.add(calendar)
                yield Problem(path=path, message=why, line=calendar_lines.get(calendar, job.line))
                continue
            zone = read_zone(job.timezone) if job.timezone else self._zone
            try:
                found = without_slots(job, path, trigger=self._trigger(job.trigger, zone), zone=zone, saved_at=saved_at)
            except TriggerError as error:
                found = Problem(path=path, message=str(error), line=job.line)
            if found is not None:
                yield found
        for job in jobs:
            yield from surprises(job, path)

    def _why_unusable(self, calendar: str) -> str:
        """Return why a calendar cannot be had; empty: it can, there is none, or it is not known here."""
        if not calendar or self._calendars is None:
            return ""
        try:
            self._calendars.holidays(calendar)
        except TriggerError as error:
            return str(error)
        return ""

    def _trigger(self, text: str, zone: tzinfo) -> Trigger | None:
        """Return the rule of a schedule, None where its calendar is not known here; raises TriggerError."""
        if self._calendars is not None:
            return parse_trigger(text, zone, self._calendars)
        return None if calendar_of(text) else parse_trigger(text, zone)

    def _local(self, saved_at: datetime | None, declaration: TaskDeclaration | None) -> datetime | None:
        """Return when a file was saved in the zone of its task."""
        if saved_at is None:
            return None
        named = declaration.timezone if declaration else None
        return saved_at.astimezone(read_zone(named) if named else self._zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Front:
    """What the frontmatter of one file says."""

    found: bool
    declaration: TaskDeclaration | None  #: None: it has an error
    lines: Mapping[str, int]
    dialect: Dialect = Dialect.DOCSTRING
    problems: tuple[Problem, ...] = ()

    def calendar_lines(self) -> Mapping[str, int | None]:
        """Return the line of the key `calendar` by the calendar it names; empty: it names none."""
        if self.declaration is None or self.declaration.calendar is None:
            return {}
        return {self.declaration.calendar: self.lines.get("calendar")}

    def jobs(self, task_id: str, *, has_start: bool) -> tuple[JobDeclaration, ...]:
        """Return the jobs of the `schedule` key."""
        if self.declaration is None:
            return ()
        function = _START if has_start else None
        seed = seed_of(task_id, function, NO_ARGUMENTS)
        return tuple(
            JobDeclaration(
                function=function,
                trigger=read_schedule(words, seed=seed),
                line=self.lines.get(f"schedule[{number}]", self.lines.get("schedule")),
            )
            for number, words in enumerate(self.declaration.schedule)
        )


def _read_front(
    parsed: ParsedSource, source: SourceFile, requirement_fault: RequirementFault, *, recommends: bool
) -> _Front:
    title = PurePosixPath(source.path).stem
    front = read_frontmatter(parsed)
    if front is None:
        return _Front(found=False, declaration=TaskDeclaration(title=title), lines={})
    declaration, problems = declared(
        front, path=source.path, default_title=title, requirement_fault=requirement_fault, recommends=recommends
    )
    return _Front(
        found=True, declaration=declaration, lines=front.document.lines, dialect=front.dialect, problems=problems
    )


def _unreadable(problems: tuple[Problem, ...]) -> TaskReading:
    return TaskReading(kind=FileKind.TASK, declaration=None, problems=_bounded(problems))


def _bounded(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the first problems, errors before warnings, and how many more there are."""
    if len(problems) <= MOST_PROBLEMS:
        return tuple(problems)
    first = sorted(problems, key=lambda each: each.severity is Severity.WARNING)[:MOST_PROBLEMS]
    more = Problem(
        path=problems[0].path,
        message=f"{len(problems) - MOST_PROBLEMS:,} more problems are not shown: mend these first",
        severity=first[0].severity,
    )
    return (*(problem for problem in problems if problem in first), more)


def _why_no_tree(parsed: ParsedSource, declaration: TaskDeclaration | None) -> tuple[Problem, ...]:
    """Return what keeps a file from being read, with a remark when a newer Python might read it."""
    if parsed.problem is None:
        return ()
    if declaration is None:
        return (parsed.problem,)
    wanted = declaration.python_version
    if not wants_newer(wanted, sys.version_info[:2]):
        return (parsed.problem,)
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    remark = f"; the scheduler reads it with Python {ours}, so run the scheduler with {wanted}"
    return (replace(parsed.problem, message=parsed.problem.message + remark),)


def _merged(
    jobs: Iterable[JobDeclaration], declaration: TaskDeclaration | None, source: SourceFile
) -> tuple[tuple[JobDeclaration, ...], tuple[Problem, ...]]:
    """Give every job what the frontmatter says of all; make one of those that are the same, and say so."""
    kept: dict[JobDeclaration, JobDeclaration] = {}
    problems = []
    for job in jobs:
        try:
            complete = timed(job, declaration, source.task_id)
        except TriggerError as error:
            problems.append(Problem(path=source.path, message=str(error), line=job.line))
            continue
        if declaration is not None and (outweighed := outweighed_calendar(job.trigger, declaration)):
            problems.append(Problem(path=source.path, message=outweighed, line=job.line, severity=Severity.WARNING))
        identity = replace(complete, line=None, tags=())
        first = kept.setdefault(identity, complete)
        if first is not complete:
            what = "the file" if job.function is None else repr(job.function)
            message = f"{what} has the schedule {job.trigger!r} already in line {first.line}: it runs once for both"
            problems.append(Problem(path=source.path, message=message, line=job.line, severity=Severity.WARNING))
    return tuple(kept.values()), tuple(problems)


def _uncallable_start(
    tree: ast.Module, nodes: Sequence[ast.AST], jobs: Sequence[JobDeclaration], path: str
) -> Iterator[Problem]:
    """Yield an error where `start` cannot be called as the key `schedule` has it, without arguments of its own."""
    if not any(job.function == _START for job in jobs):
        return
    start = next(node for node in reversed(tree.body) if isinstance(node, Function) and node.name == _START)
    waits_for_files = any(isinstance(read_event(job.trigger), OnChange) for job in jobs)
    fault = call_fault(start, (), (), on_change=waits_for_files)
    if fault and not start.decorator_list and is_plain(start, nodes):
        yield Problem(path=path, message=f"the function {_START!r} {fault}", line=start.lineno)


def _without_effect(jobs: Iterable[JobDeclaration], front: _Front, path: str) -> Iterator[Problem]:
    """Yield a warning for each key that changes nothing, since the file's schedules all wait for events."""
    if front.declaration is not None:
        for key, message in without_effect([job.trigger for job in jobs], front.declaration):
            yield Problem(path=path, message=message, line=front.lines.get(key), severity=Severity.WARNING)


def _never_by_itself(path: str, front: _Front) -> Problem:
    example = "schedule: every 5 minutes"
    if front.dialect is Dialect.PEP723:
        example = 'schedule = "every 5 minutes"'
    message = f"no schedule: it runs only when started by hand; add `{example}`, or @repeat on a function"
    return Problem(path=path, message=message, line=front.lines.get(""), severity=Severity.WARNING)


def _in_order(problems: Iterable[Problem], path: str) -> tuple[Problem, ...]:
    """Return the file's own problems by line, then those of its helpers."""
    return _bounded(sorted(problems, key=lambda each: (each.path != path, each.path, each.line or 0)))
