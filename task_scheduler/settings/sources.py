"""Reads settings from every source, and tells all that is wrong with them at once.

Later sources win: defaults, the file, environment variables such as `TASK_SCHEDULER_SCHEDULER__LOOP_INTERVAL`,
and what the command line gave.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from task_scheduler import strict_yaml
from task_scheduler.core.errors import SettingsError, did_you_mean
from task_scheduler.project import Project
from task_scheduler.settings.models import Explained, Settings, known_keys, section_model
from task_scheduler.settings.paths import Paths

ENVIRONMENT_PREFIX = "TASK_SCHEDULER_"
#: Between section and key in the name of an environment variable.
_NESTED = "__"
_LONGEST_SHOWN = 60


def load_settings(
    project: Project, *, environ: Mapping[str, str] = os.environ, flags: Mapping[str, object] | None = None
) -> tuple[Settings, Paths]:
    """Read every source and check the whole; return the settings and where they put the project's files.

    Raises SettingsError with all that is wrong.

    `flags` holds what the command line gave, by `section.key`; an option that was not given is not in it.
    """
    reading = _Reading()
    reading.add_file(project)
    reading.add_environment(environ)
    reading.add_flags(flags or {})
    settings = reading.settings(str(project.config))
    return settings, Paths.of(project, settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A value somebody gave, and where."""

    value: object
    source: str
    where: str  #: begins the sentence about it, such as `line 4: `


class _Reading:
    """Collects values from one source after the other, and every complaint on the way."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], _Given] = {}
        self._complaints: list[str] = []

    def add_file(self, project: Project) -> None:
        try:
            text = project.config.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            if project.config_required:
                self._complaints.append("there is no such file; give the path of one, or leave out --config")
            return
        except (OSError, UnicodeDecodeError) as error:
            self._complaints.append(f"it cannot be read: {error}")
            return
        document = strict_yaml.load(text, what="configuration")
        self._complaints += [f"line {fault.line}: {fault.message}" for fault in document.faults]
        for section, content in document.data.items():
            where = f"line {document.lines[section]}: "
            if section not in known_keys():
                self._complaints.append(f"{where}{_unknown_section(section)}")
            elif isinstance(content, Mapping):
                for key, value in content.items():
                    line = document.lines[f"{section}.{key}"]
                    source = f"{project.config.name}:{line}"
                    self._add(section, key, _Given(value=value, source=source, where=f"line {line}: "))
            elif content is not None:
                self._complaints.append(f"{where}{section} must be a block of keys, not {_shown(content)}")

    def add_environment(self, environ: Mapping[str, str]) -> None:
        for name in sorted(environ):
            section, nested, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition(_NESTED)
            if not name.startswith(ENVIRONMENT_PREFIX) or not nested:
                continue
            if section in known_keys():
                self._add(section, key, _Given(value=_scalar(environ[name]), source=name, where=f"{name}: "))
            else:
                self._complaints.append(f"{name}: {_unknown_section(section)}")

    def add_flags(self, flags: Mapping[str, object]) -> None:
        for name, value in flags.items():
            section, _, key = name.partition(".")
            self._add(section, key, _Given(value=value, source="command line", where="command line: "))

    def settings(self, path: str) -> Settings:
        """Return the settings, or raise SettingsError with everything that was found."""
        values: dict[str, dict[str, object]] = {}
        for (section, key), given in self._given.items():
            values.setdefault(section, {})[key] = given.value
        settings = None
        try:
            settings = Settings.model_validate(values)
        except ValidationError as error:
            self._complaints += self._explained(error)
        if settings is None or self._complaints:
            raise SettingsError(path, sorted(self._complaints, key=_by_line))
        # Frozen for everybody else; where values came from is part of making the object.
        settings._sources = {".".join(name): given.source for name, given in self._given.items()}  # noqa: SLF001
        return settings

    def _add(self, section: str, key: str, given: _Given) -> None:
        known = known_keys()[section]
        if key in known:
            self._given[section, key] = given
        else:
            self._complaints.append(f"{given.where}{_unknown_key(section, key)}")

    def _explained(self, error: ValidationError) -> Iterator[str]:
        explained = set()
        for item in error.errors():
            section, key = str(item["loc"][0]), str(item["loc"][1])
            # A union or a chain of checks may complain more than once of one value.
            if (section, key) not in explained:
                explained.add((section, key))
                given = self._given[section, key]
                wanted = section_model(section).model_fields[key].description
                reason = item.get("ctx", {}).get("error")
                more = f": {reason}" if isinstance(reason, Explained) else ""
                yield f"{given.where}{section}.{key} must be {wanted}, not {_shown(given.value)}{more}"


def _by_line(complaint: str) -> tuple[int, str]:
    number = complaint.removeprefix("line ").partition(":")[0]
    return (int(number) if number.isdecimal() else 10**9, complaint)


def _unknown_section(section: str) -> str:
    for home, keys in known_keys().items():
        if section in keys:
            return f"{section!r} belongs below {home}:, indented"
    return f"unknown key {section!r}{did_you_mean(section, known_keys())}"


def _unknown_key(section: str, key: str) -> str:
    known = known_keys()
    hint = did_you_mean(key, known[section])
    for home, keys in known.items():
        if not hint and key in keys:
            hint = f", it belongs below {home}:"
    return f"unknown key {section}.{key}{hint}"


def _scalar(text: str) -> object:
    """Read an environment variable's text as the file would: `10` is a number, `false` is false."""
    document = strict_yaml.load(f"value: {text}")
    value = document.data.get("value", text)
    return text if document.faults or isinstance(value, Mapping | list) else value


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        return "a list" if isinstance(value, list) else "a block of keys"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
