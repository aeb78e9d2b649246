"""From the mapping in a task file's frontmatter to a checked declaration, or to every problem it has.

Types are strict, since a wrong guess here installs the wrong package or runs at the wrong time: text is
no number, `true` is no number, and nothing is converted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields

from task_scheduler.core.errors import Problem, Severity, TriggerError, did_you_mean
from task_scheduler.core.tasks import TaskDeclaration, errors_of
from task_scheduler.core.triggers import read_schedule, read_zone

#: Every key a frontmatter may have.
KEYS = tuple(field.name for field in fields(TaskDeclaration))

#: What holds where the frontmatter is silent; only the title comes from elsewhere.
DEFAULTS = TaskDeclaration(title="")

DAY = 86_400
LONGEST_TIMEOUT = 7 * DAY
MOST_RETRIES = 100
LONGEST_RETRY_DELAY = DAY
LONGEST_TITLE = 200

#: A value longer than this is cut where a message shows it.
LONGEST_SHOWN = 60

_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_PYTHON = re.compile(r"3\.(0|[1-9][0-9]?)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MEANS_TRUE = frozenset({"true", "yes", "on", "y", "1"})
_MEANS_FALSE = frozenset({"false", "no", "off", "n", "0"})
_MISSING = object()


def declare(
    data: Mapping[str, object],
    *,
    path: str,
    lines: Mapping[str, int],
    default_title: str,
    requirement_fault: Callable[[str], str | None],
) -> tuple[TaskDeclaration | None, tuple[Problem, ...]]:
    """Return what `data` declares, None when it has an error, and all its problems by line.

    `lines` gives the line of each key (`timeout`), of each item of a list (`dependencies[0]`) and, under
    the empty key, of the frontmatter itself. `requirement_fault` judges one requirement: what is wrong with
    it, or None.
    """
    form = _Form(data, path=path, lines=lines)
    form.refuse_unknown_keys()
    declaration = TaskDeclaration(
        title=_title(form, default_title),
        description=_description(form),
        dependencies=_dependencies(form, requirement_fault),
        python_version=_python_version(form),
        enabled=form.truth("enabled", DEFAULTS.enabled),
        timeout=form.whole_number("timeout", DEFAULTS.timeout, 1, LONGEST_TIMEOUT, "seconds (7 days)"),
        retry_count=form.whole_number("retry_count", DEFAULTS.retry_count, 0, MOST_RETRIES),
        retry_delay=form.whole_number("retry_delay", DEFAULTS.retry_delay, 0, LONGEST_RETRY_DELAY, "seconds (1 day)"),
        schedule=_schedule(form),
        timezone=_timezone(form),
    )
    problems = tuple(sorted(form.problems, key=lambda problem: problem.line or 0))
    return (None if errors_of(problems) else declaration), problems


def shown(value: object) -> str:
    """Return a value as a message names it, cut to a readable length."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            text = repr(value)
            return f"the text {text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + '…'}"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


class _Form:
    """One frontmatter, read key by key; what is wrong gathers in `problems`."""

    def __init__(self, data: Mapping[str, object], *, path: str, lines: Mapping[str, int]) -> None:
        self._data = data
        self._path = path
        self._lines = lines
        self.problems: list[Problem] = []

    def error(self, key: str, message: str) -> None:
        """Record that the value of `key` cannot be used."""
        self._add(key, message, Severity.ERROR)

    def warning(self, key: str, message: str) -> None:
        """Record that the person should know something about `key`."""
        self._add(key, message, Severity.WARNING)

    def refuse_unknown_keys(self) -> None:
        """Record every key that has no meaning."""
        for key in self._data:
            if key not in KEYS:
                hint = did_you_mean(key, KEYS) or f": remove it, or use one of {', '.join(KEYS)}"
                self.error(key, f"unknown key {key!r}{hint}")

    def has(self, key: str) -> bool:
        """Whether the file gives the key, be its value usable or not."""
        return key in self._data or key in self._lines

    def value(self, key: str) -> object:
        """Return the value of a key, `_MISSING` when it is not given or left empty (then recorded)."""
        value = self._data.get(key, _MISSING)
        if value is None:
            self.error(key, f"{key} has no value: give it one, or remove the line")
            return _MISSING
        return value

    def text(self, key: str) -> str | None:
        """Return a text, None when it is not given or not one."""
        value = self.value(key)
        if value is _MISSING:
            return None
        return self.as_text(key, value)

    def as_text(self, key: str, value: object) -> str | None:
        """Return `value` when it is text, else record what to write."""
        if isinstance(value, str):
            return value
        way_out = "" if isinstance(value, list | Mapping) else ": put it in quotes"
        self.error(key, f"{key} must be text, not {shown(value)}{way_out}")
        return None

    def truth(self, key: str, default: bool) -> bool:  # noqa: FBT001 - the key's default, not a switch
        """Return true or false."""
        value = self.value(key)
        if isinstance(value, bool):
            return value
        if value is not _MISSING:
            self.error(key, f"{key} must be true or false, not {shown(value)}{_truth_hint(value)}")
        return default

    def whole_number(self, key: str, default: int, least: int, most: int, unit: str = "") -> int:
        """Return a whole number from `least` to `most`."""
        value = self.value(key)
        if value is _MISSING:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            self.error(key, f"{key} must be a whole number, not {shown(value)}{_number_hint(value, default)}")
        elif not least <= value <= most:
            bounds = f"from {least} to {most:,}" + (f" {unit}" if unit else "")
            self.error(key, f"{key} must be {bounds}, not {value}")
        else:
            return value
        return default

    def texts(self, key: str, example: str) -> Iterator[tuple[str, str]]:
        """Yield each item of a list of texts, with the key that names it."""
        value = self.value(key)
        if value is _MISSING:
            return
        if not isinstance(value, list):
            instead = f'["{value}"]' if isinstance(value, str) else example
            self.error(key, f"{key} must be a list, not {shown(value)}: write {instead}")
            return
        for number, item in enumerate(value):
            name = f"{key}[{number}]"
            text = self.as_text(name, item)
            if text is not None:
                yield name, text

    def _add(self, key: str, message: str, severity: Severity) -> None:
        line = self._lines.get(key, self._lines.get(key.partition("[")[0], self._lines.get("")))
        self.problems.append(Problem(path=self._path, message=message, line=line, severity=severity))


def _title(form: _Form, default: str) -> str:
    if not form.has("title"):
        form.warning("title", f"title is missing: it is recommended, and {default!r} stands in for it")
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


def _description(form: _Form) -> str:
    if not form.has("description"):
        form.warning("description", "description is missing: it is recommended, to tell others what the task is for")
    return (form.text("description") or "").strip()


def _dependencies(form: _Form, requirement_fault: Callable[[str], str | None]) -> tuple[str, ...]:
    requirements = []
    for name, text in form.texts("dependencies", '["requests>=2.25"]'):
        fault = requirement_fault(text)
        if fault is None:
            requirements.append(text.strip())
        else:
            form.error(name, f"dependencies: {fault}")
    return tuple(requirements)


def _python_version(form: _Form) -> str:
    key = "python_version"
    value = form.value(key)
    if isinstance(value, str):
        if _PYTHON.fullmatch(value):
            return value
        form.error(key, f'{key} must be the lowest version the task runs with, such as "3.11", not {shown(value)}')
    elif isinstance(value, int | float) and not isinstance(value, bool):
        form.error(key, f'{key} must be text, not {shown(value)}: put it in quotes, such as "3.11"')
    elif value is not _MISSING:
        form.as_text(key, value)
    return DEFAULTS.python_version


def _schedule(form: _Form) -> tuple[str, ...]:
    key = "schedule"
    value = form.value(key)
    if value is _MISSING:
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


def _timezone(form: _Form) -> str | None:
    zone = form.text("timezone")
    if zone is None:
        return None
    try:
        read_zone(zone)
    except TriggerError as error:
        form.error("timezone", f"timezone: {error}")
    return zone


def _truth_hint(value: object) -> str:
    word = str(value).strip().lower()
    if word in {"true", "false"}:
        return f": write {word} without quotes"
    if word in _MEANS_TRUE:
        return ": write true"
    if word in _MEANS_FALSE:
        return ": write false"
    return ""


def _number_hint(value: object, default: int) -> str:
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return f": write {value} without quotes"
    if isinstance(value, float) and value.is_integer():
        return f": write {int(value)}"
    return f": write digits, such as {default or 3}"
