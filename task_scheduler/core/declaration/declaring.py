"""From the mapping in a task file's frontmatter to a checked declaration, or to every problem it has.

Types are strict, since a wrong guess here installs the wrong package or runs at the wrong time: text is
no number, `true` is no number, and nothing is converted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from task_scheduler.core.declaration import retries, surroundings, timing_keys
from task_scheduler.core.declaration.form import DAY, MISSING, Form, holds_impossible_letter, shown
from task_scheduler.core.declaration.keys import DEFAULTS
from task_scheduler.core.errors import Problem, TriggerError
from task_scheduler.core.tasks import Overlap, StartMethod, TaskDeclaration, errors_of
from task_scheduler.core.triggers import read_schedule, read_zone

LONGEST_TIMEOUT = 7 * DAY
LONGEST_DEADLINE = 30 * DAY
LONGEST_GRACE = DAY
MOST_RETRIES = 100
LONGEST_RETRY_DELAY = DAY
LONGEST_MAX_DELAY = 7 * DAY
MOST_BACKOFF = 10
LONGEST_CPU_TIME = 30 * DAY
MOST_PROCESSES = 100_000
LEAST_NICE, MOST_NICE = -20, 19
LONGEST_TITLE = 200
LEAST_MEMORY = "16 MB"
LEAST_OUTPUT = "1 kB"
LARGEST = "1000 TB"

#: What people write for a way to treat runs that overlap.
_OTHER_OVERLAPS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("allow", "allow_all", "concurrent", "true", "yes"), "parallel"),
        **dict.fromkeys(("drop", "false", "forbid", "ignore", "no", "never", "single"), "skip"),
        **dict.fromkeys(("buffer_one", "coalesce", "latest", "once", "queue1"), "queue_one"),
        **dict.fromkeys(("buffer", "buffer_all", "enqueue", "sequential", "wait"), "queue"),
        **dict.fromkeys(("cancel", "cancel_other", "kill", "restart", "stop", "terminate_other"), "replace"),
    }
)

_PYTHON = re.compile(r"3\.(0|[1-9][0-9]?)")
_MINIMUM = re.compile(r">=(3\.(?:0|[1-9][0-9]?))")
_SPACE = re.compile(r"[ \t]+")
_BETWEEN_PACKAGES = re.compile(r",\s*(?=[A-Za-z])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def declare(
    data: Mapping[str, object],
    *,
    path: str,
    lines: Mapping[str, int],
    default_title: str,
    requirement_fault: Callable[[str], str | None],
    python_fault: Callable[[str], str | None],
    spelled: Mapping[str, str] = MappingProxyType({}),
    assigns: str = ": ",
    recommends: bool = True,
) -> tuple[TaskDeclaration | None, tuple[Problem, ...]]:
    """Return what `data` declares, None when it has an error, and all its problems by line.

    `lines` gives the line of each key (`timeout`), of each item of a list (`dependencies[0]`), of each variable
    (`env.STAGE`) and, under the empty key, of the frontmatter itself. `requirement_fault` judges one requirement
    and `python_fault` one range of Python versions: what is wrong with it, or None. `spelled` gives the keys that
    the file spells otherwise, and `assigns` is what stands between a key and its value. With `recommends`, keys that are missing and would do good are problems too.
    """
    form = Form(data, path=path, lines=lines, spelled=spelled, assigns=assigns)
    form.refuse_unknown_keys()
    if recommends:
        form.recommend(("title", "description"), f"{default_title!r} stands in for the title")
    starts, ends = timing_keys.first_and_last(form)
    declaration = TaskDeclaration(
        title=_title(form, default_title),
        description=_description(form),
        dependencies=_dependencies(form, requirement_fault),
        python_version=_python_version(form, python_fault),
        enabled=form.truth("enabled", DEFAULTS.enabled),
        timeout=form.whole_number("timeout", DEFAULTS.timeout, 1, LONGEST_TIMEOUT, "seconds (7 days)", example=300),
        retry_count=form.whole_number("retry_count", DEFAULTS.retry_count, 0, MOST_RETRIES, example=3),
        retry_delay=form.whole_number(
            "retry_delay", DEFAULTS.retry_delay, 0, LONGEST_RETRY_DELAY, "seconds (1 day)", example=60
        ),
        schedule=_schedule(form),
        timezone=_timezone(form),
        arguments=_arguments(form),
        preload=form.truth("preload", DEFAULTS.preload),
        start_method=_start_method(form),
        deadline=form.whole_number("deadline", None, 1, LONGEST_DEADLINE, "seconds (30 days)", example=3_600),
        kill_grace=form.whole_number("kill_grace", None, 0, LONGEST_GRACE, "seconds (1 day)", example=30),
        retry_backoff=form.number("retry_backoff", DEFAULTS.retry_backoff, 1, MOST_BACKOFF, "2 or 1.5"),
        retry_max_delay=form.whole_number(
            "retry_max_delay", DEFAULTS.retry_max_delay, 0, LONGEST_MAX_DELAY, "seconds (7 days)", example=3_600
        ),
        retry_jitter=form.number("retry_jitter", DEFAULTS.retry_jitter, 0, 1, "0.2"),
        retry_on=retries.retry_on(form),
        overlap=_overlap(form),
        jitter=timing_keys.jitter(form),
        missed=timing_keys.missed(form),
        missed_window=timing_keys.missed_window(form),
        starts=starts,
        ends=ends,
        calendar=timing_keys.calendar(form),
        on_holiday=timing_keys.on_holiday(form),
        memory_limit=form.size("memory_limit", LEAST_MEMORY, LARGEST, "512 MB"),
        cpu_limit=form.whole_number("cpu_limit", None, 1, LONGEST_CPU_TIME, "seconds (30 days)", example=60),
        max_processes=form.whole_number("max_processes", None, 1, MOST_PROCESSES, example=20),
        output_limit=form.size("output_limit", LEAST_OUTPUT, LARGEST, "10 MB"),
        nice=form.whole_number("nice", None, LEAST_NICE, MOST_NICE, example=10),
        user=surroundings.user(form),
        umask=surroundings.umask(form),
        working_directory=surroundings.working_directory(form),
        env=surroundings.env(form),
    )
    retries.judge_together(form, declaration)
    problems = tuple(sorted(form.problems, key=lambda problem: problem.line or 0))
    return (None if errors_of(problems) else declaration), problems


def _title(form: Form, default: str) -> str:
    title = form.text("title")
    if title is None:
        return default
    if not title.strip():
        form.error("title", "title is empty: write a name, or remove the line")
    elif _CONTROL.search(title):
        form.error("title", f"title must be one line without control characters, not {shown(title)}")
    elif len(title) > LONGEST_TITLE:
        form.error("title", f"title must be at most {LONGEST_TITLE} characters, not {len(title)}")
    return title.strip()


def _description(form: Form) -> str:
    description = form.text("description") or ""
    control = _CONTROL_IN_TEXT.search(description)
    if control:
        form.error("description", f"description holds the control character U+{ord(control[0]):04X}: remove it")
    return description.strip()


def _dependencies(form: Form, requirement_fault: Callable[[str], str | None]) -> tuple[str, ...]:
    requirements = []
    for name, text in form.texts("dependencies", '["requests>=2.25"]', _BETWEEN_PACKAGES):
        fault = requirement_fault(text)
        if fault is None:
            requirements.append(text.strip())
        else:
            form.error(name, f"dependencies: {fault}")
    return tuple(requirements)


def _python_version(form: Form, python_fault: Callable[[str], str | None]) -> str:
    key = "python_version"
    name = form.spelled(key)
    value = form.value(key)
    if isinstance(value, str):
        text = _SPACE.sub("", value)
        minimum = _MINIMUM.fullmatch(text)
        if minimum or _PYTHON.fullmatch(text):
            return minimum[1] if minimum else text
        fault = python_fault(text)
        if fault is None:
            return text
        form.error(key, f"{name} {fault}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        form.error(key, f'{name} must be text, not {shown(value)}: put it in quotes, such as "3.11"')
    elif value is not MISSING:
        form.as_text(key, value)
    return DEFAULTS.python_version


def _arguments(form: Form) -> tuple[str, ...]:
    arguments = []
    for name, text in form.texts("arguments", '["--days", "7"]', re.compile(r"\s+")):
        if holds_impossible_letter(text):
            form.error(name, f"arguments: {shown(text)} holds a character that no command line can")
        arguments.append(text)
    return tuple(arguments)


def _start_method(form: Form) -> StartMethod:
    word = form.choice("start_method", StartMethod)
    return DEFAULTS.start_method if word is None else StartMethod(word)


def _overlap(form: Form) -> Overlap:
    word = form.choice("overlap", Overlap, _OTHER_OVERLAPS)
    return DEFAULTS.overlap if word is None else Overlap(word)


def _schedule(form: Form) -> tuple[str, ...]:
    key = "schedule"
    value = form.value(key)
    if value is MISSING:
        return ()
    if isinstance(value, list):
        if not value:
            form.error(key, f"{key} is an empty list: write a schedule, or remove the line")
        items = list(form.texts(key, ""))
    elif isinstance(value, str):
        items = [(key, value)]
    else:
        form.error(key, f'{key} must be text or a list of texts, not {shown(value)}: write "every 5 minutes"')
        return ()
    for name, text in items:
        try:
            read_schedule(text)
        except TriggerError as error:
            form.error(name, f"{key}: {error}")
    return tuple(text for _, text in items)


def _timezone(form: Form) -> str | None:
    zone = form.text("timezone")
    if zone is None:
        return None
    try:
        read_zone(zone)
    except TriggerError as error:
        form.error("timezone", f"timezone: {error}")
    return zone
