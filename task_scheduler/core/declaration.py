"""From the mapping in a task file's frontmatter to a checked declaration, or to every problem it has.

Types are strict, since a wrong guess here installs the wrong package or runs at the wrong time: text is
no number, `true` is no number, and nothing is converted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, time
from types import MappingProxyType

from task_scheduler.core.errors import Problem, Severity, TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.tasks import StartMethod, TaskDeclaration, errors_of
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

#: What people write for a key, in the spelling that `_plain` gives it.
_OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "name": "title",
        "desc": "description",
        "doc": "description",
        "summary": "description",
        "dependency": "dependencies",
        "deps": "dependencies",
        "install_requires": "dependencies",
        "packages": "dependencies",
        "requirements": "dependencies",
        "requires": "dependencies",
        "python": "python_version",
        "requires_python": "python_version",
        "active": "enabled",
        "disabled": "enabled",
        "enable": "enabled",
        "limit": "timeout",
        "max_time": "timeout",
        "time_limit": "timeout",
        "timeout_seconds": "timeout",
        "attempts": "retry_count",
        "max_retries": "retry_count",
        "retries": "retry_count",
        "retry": "retry_count",
        "backoff": "retry_delay",
        "delay": "retry_delay",
        "at": "schedule",
        "cron": "schedule",
        "crontab": "schedule",
        "every": "schedule",
        "interval": "schedule",
        "repeat": "schedule",
        "schedules": "schedule",
        "when": "schedule",
        "tz": "timezone",
        "zone": "timezone",
        "args": "arguments",
        "argv": "arguments",
        "parameters": "arguments",
        "preloading": "preload",
        "fork": "start_method",
        "spawn": "start_method",
    }
)

_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_PYTHON = re.compile(r"3\.(0|[1-9][0-9]?)")
_MINIMUM = re.compile(r">=(3\.(?:0|[1-9][0-9]?))")
_NO_LETTER = re.compile(r"[-\s.]+")
_SPACE = re.compile(r"[ \t]+")
_DURATION = re.compile(r"(?:[0-9]{1,9}[ ]*[a-z]+[ ,]*)+")
_AMOUNT = re.compile(r"([0-9]+)[ ]*([a-z]+)")
_BETWEEN_PACKAGES = re.compile(r",\s*(?=[A-Za-z])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECONDS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
        **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600),
        **dict.fromkeys(("d", "day", "days"), DAY),
    }
)
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
    python_fault: Callable[[str], str | None],
    spelled: Mapping[str, str] = MappingProxyType({}),
    recommends: bool = True,
) -> tuple[TaskDeclaration | None, tuple[Problem, ...]]:
    """Return what `data` declares, None when it has an error, and all its problems by line.

    `lines` gives the line of each key (`timeout`), of each item of a list (`dependencies[0]`) and, under
    the empty key, of the frontmatter itself. `requirement_fault` judges one requirement and `python_fault` one
    range of Python versions: what is wrong with it, or None. `spelled` gives the keys that the file spells
    otherwise. With `recommends`, keys that are missing and would do good are problems too.
    """
    form = _Form(data, path=path, lines=lines, spelled=spelled)
    form.refuse_unknown_keys()
    if recommends:
        form.recommend(("title", "description"), f"{default_title!r} stands in for the title")
    declaration = TaskDeclaration(
        title=_title(form, default_title),
        description=_description(form),
        dependencies=_dependencies(form, requirement_fault),
        python_version=_python_version(form, python_fault),
        enabled=form.truth("enabled", DEFAULTS.enabled),
        timeout=form.whole_number("timeout", DEFAULTS.timeout, 1, LONGEST_TIMEOUT, "seconds (7 days)"),
        retry_count=form.whole_number("retry_count", DEFAULTS.retry_count, 0, MOST_RETRIES),
        retry_delay=form.whole_number("retry_delay", DEFAULTS.retry_delay, 0, LONGEST_RETRY_DELAY, "seconds (1 day)"),
        schedule=_schedule(form),
        timezone=_timezone(form),
        arguments=_arguments(form),
        preload=form.truth("preload", DEFAULTS.preload),
        start_method=_start_method(form),
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
        case date() | time():
            return f"the {'time' if isinstance(value, time) else 'date'} {value.isoformat()}"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


class _Form:
    """One frontmatter, read key by key; what is wrong gathers in `problems`."""

    def __init__(
        self, data: Mapping[str, object], *, path: str, lines: Mapping[str, int], spelled: Mapping[str, str]
    ) -> None:
        self._data = data
        self._path = path
        self._lines = lines
        self._spelled = spelled
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
                hint = meant_key(key) or f": remove it, or use one of {', '.join(KEYS)}"
                self.error(key, f"unknown key {shown_key(key)}{hint}")

    def recommend(self, keys: Sequence[str], otherwise: str) -> None:
        """Warn, once, of keys that are missing; `otherwise` is what becomes of the first of them."""
        missing = [key for key in keys if not self.has(key)]
        if missing:
            are = "is" if len(missing) == 1 else "are"
            consequence = f", and {otherwise}" if keys[0] in missing else ", to tell others what the task is for"
            self.warning(missing[0], f"{' and '.join(missing)} {are} missing: recommended{consequence}")

    def spelled(self, key: str) -> str:
        """Return a key as the file spells it."""
        return self._spelled.get(key, key)

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
        if value is None:
            self.error(key, f"{self.spelled(key)} has no value: give it one, or remove the line")
            return None
        way_out = "" if isinstance(value, list | Mapping) else ": put it in quotes"
        self.error(key, f"{self.spelled(key)} must be text, not {shown(value)}{way_out}")
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
            self.error(
                key,
                f"{key} must be a whole number, not {shown(value)}{_number_hint(value, default, in_seconds=bool(unit))}",
            )
        elif not least <= value <= most:
            bounds = f"from {least} to {most:,}" + (f" {unit}" if unit else "")
            self.error(key, f"{key} must be {bounds}, not {value}")
        else:
            return value
        return default

    def texts(self, key: str, example: str, between: re.Pattern[str] | None = None) -> Iterator[tuple[str, str]]:
        """Yield each item of a list of texts, with the key that names it.

        `between` is what people write between items where they forget that it is a list.
        """
        value = self.value(key)
        if value is _MISSING:
            return
        if not isinstance(value, list):
            is_simple = isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_SHOWN
            items = between.split(str(value).strip()) if between and is_simple else [value]
            instead = "[" + ", ".join(f'"{item}"' for item in items) + "]" if is_simple else example
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


def meant_key(wrong: str) -> str:
    """Return `, did you mean 'timeout'?` for what seems to mean a known key, else an empty string."""
    plain = _plain(wrong)
    if plain in _OTHER_NAMES:
        return f", did you mean {_OTHER_NAMES[plain]!r}?"
    return did_you_mean(plain, KEYS)


def shown_key(key: str) -> str:
    """Return a key as a message names it, with a remark on letters that only look like those of a known key."""
    text = quoted(key, LONGEST_SHOWN)
    foreign = next((letter for letter in key if not letter.isascii()), None)
    if foreign is None or not foreign.isprintable() or not meant_key(key):
        return text
    return f"{text} ({foreign!r} is the character U+{ord(foreign):04X})"


def _plain(key: str) -> str:
    return _NO_LETTER.sub("_", key.strip().lower())


def _title(form: _Form, default: str) -> str:
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
    description = form.text("description") or ""
    control = _CONTROL_IN_TEXT.search(description)
    if control:
        form.error("description", f"description holds the control character U+{ord(control[0]):04X}: remove it")
    return description.strip()


def _dependencies(form: _Form, requirement_fault: Callable[[str], str | None]) -> tuple[str, ...]:
    requirements = []
    for name, text in form.texts("dependencies", '["requests>=2.25"]', _BETWEEN_PACKAGES):
        fault = requirement_fault(text)
        if fault is None:
            requirements.append(text.strip())
        else:
            form.error(name, f"dependencies: {fault}")
    return tuple(requirements)


def _python_version(form: _Form, python_fault: Callable[[str], str | None]) -> str:
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
    elif value is not _MISSING:
        form.as_text(key, value)
    return DEFAULTS.python_version


def _arguments(form: _Form) -> tuple[str, ...]:
    arguments = []
    for name, text in form.texts("arguments", '["--days", "7"]', re.compile(r"\s+")):
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            form.error(name, f"arguments: {shown(text)} holds a character that no command line can")
        arguments.append(text)
    return tuple(arguments)


def _start_method(form: _Form) -> StartMethod:
    key = "start_method"
    value = form.text(key)
    if value is None:
        return DEFAULTS.start_method
    try:
        return StartMethod(value)
    except ValueError:
        hint = did_you_mean(value.strip().lower(), map(str, StartMethod))
        form.error(key, f"{key} must be {' or '.join(StartMethod)}, not {shown(value)}{hint}")
        return DEFAULTS.start_method


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


def _number_hint(value: object, default: int, *, in_seconds: bool) -> str:
    seconds = _seconds(value) if in_seconds and isinstance(value, str) else None
    if seconds is not None:
        return f": write {seconds}, in seconds"
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return f": write {value} without quotes"
    if isinstance(value, float) and value.is_integer():
        return f": write {int(value)}"
    return f": write digits, such as {default or 3}"


def _seconds(text: str) -> int | None:
    """Return what `10 minutes` or `1h 30m` is in seconds, None for what is no duration."""
    text = text.strip().lower()
    if not _DURATION.fullmatch(text):
        return None
    amounts = [(int(number), _SECONDS.get(unit)) for number, unit in _AMOUNT.findall(text)]
    if any(unit is None for _, unit in amounts):
        return None
    return sum(number * (unit or 0) for number, unit in amounts)
