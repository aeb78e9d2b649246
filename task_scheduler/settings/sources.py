"""Reads settings from every source, and tells all that is wrong with them at once.

Later sources win: defaults, the file, environment variables such as `TASK_SCHEDULER_SCHEDULER__LOOP_INTERVAL`,
and what the command line gave.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from task_scheduler import strict_yaml
from task_scheduler.core.errors import SettingsError, did_you_mean
from task_scheduler.project import Project
from task_scheduler.settings.models import Explained, Settings, known_keys, section_model
from task_scheduler.settings.paths import Paths

ENVIRONMENT_PREFIX = "TASK_SCHEDULER_"
#: Where a value came from that an option gave.
COMMAND_LINE = "command line"
#: Between section and key in the name of an environment variable.
_NESTED = "__"
_LONGEST_SHOWN = 60
#: What main.py looks for by itself, before any of this can be imported.
_READ_FIRST = frozenset({"virtual_env.path", "virtual_env.python_executable"})


def load_settings(
    project: Project,
    *,
    environ: Mapping[str, str] = os.environ,
    flags: Mapping[str, object] | None = None,
    content: bytes | None = None,
) -> tuple[Settings, Paths]:
    """Read every source and check the whole; return the settings and where they put the project's files.

    Raises SettingsError with all that is wrong.

    `flags` holds what the command line gave, by `section.key`; an option that was not given is not in it.
    `content` is what was read of the file already; None: it is read now.
    """
    reading = _Reading()
    reading.add_file(project, content)
    reading.add_environment(environ)
    reading.add_flags(flags or {})
    settings = reading.settings(str(project.config))
    return settings, Paths.of(project, settings)


def usable_settings(
    project: Project, *, environ: Mapping[str, str] = os.environ
) -> tuple[Settings, Paths, SettingsError | None]:
    """Read every source and leave out what cannot be used; return the rest, its places, and all that is wrong.

    For those who only look: whatever is wrong with the settings, the record can be read. None: nothing is wrong.
    """
    reading = _Reading()
    reading.add_file(project, None)
    reading.add_environment(environ)
    fault: SettingsError | None = None
    try:
        settings = reading.settings(str(project.config))
    except SettingsError as error:
        fault, settings = error, reading.usable()
    try:
        return settings, Paths.of(project, settings), fault
    except SettingsError as error:  # a path that nothing can have
        settings = Settings()
        return settings, Paths.of(project, settings), fault or error


def flags_of(given: Mapping[str, str]) -> dict[str, object]:
    """Return what `--set SECTION.KEY=VALUE` means: each value is read as the file would."""
    return {key: _scalar(text) for key, text in given.items()}


def variable_of(key: str) -> str:
    """Return the name of the environment variable that overrides `section.key`."""
    return f"{ENVIRONMENT_PREFIX}{key.replace('.', _NESTED).upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A value somebody gave, and where."""

    value: object
    source: str
    where: str  #: begins the sentence about it, such as `line 4: `
    is_of_file: bool = False


class _Reading:
    """Collects values from one source after the other, and every complaint on the way."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], _Given] = {}
        self._complaints: list[str] = []  #: about the file
        self._elsewhere: list[str] = []

    def add_file(self, project: Project, read: bytes | None) -> None:
        text = self._text_of(project, read)
        if text is None:
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
                    self._add(section, key, _Given(value=value, source=source, where=f"line {line}: ", is_of_file=True))
            elif content is not None:
                self._complaints.append(f"{where}{section} must be a block of keys, not {_shown(content)}")

    def _text_of(self, project: Project, content: bytes | None) -> str | None:
        """Return the text of the file; None: there is none, or why not is a complaint."""
        if content is None and (fault := project.configuration_fault()):
            self._complaints.append(fault)
            return None
        try:
            read = project.config.read_bytes() if content is None else content
            return read.decode("utf-8-sig").replace("\r\n", "\n")
        except FileNotFoundError:
            pass  # every setting is its default
        except OSError as error:
            self._complaints.append(f"it cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            self._complaints.append(f"it cannot be read: byte {error.start + 1} is no text in UTF-8; save it as UTF-8")
        return None

    def add_environment(self, environ: Mapping[str, str]) -> None:
        for name in sorted(environ):
            section, nested, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition(_NESTED)
            if not name.startswith(ENVIRONMENT_PREFIX) or not nested:
                continue
            if section in known_keys():
                self._add(section, key, _Given(value=_scalar(environ[name]), source=name, where=f"{name}: "))
            else:
                self._elsewhere.append(f"{name}: {_unknown_section(section)}")

    def add_flags(self, flags: Mapping[str, object]) -> None:
        for name, value in flags.items():
            section, _, key = name.partition(".")
            if name in _READ_FIRST:
                self._elsewhere.append(
                    f"{COMMAND_LINE}: {name} is read before the command line: say it in the file, or by {variable_of(name)}"
                )
            elif section in known_keys():
                self._add(section, key, _Given(value=value, source=COMMAND_LINE, where=f"{COMMAND_LINE}: "))
            else:
                self._elsewhere.append(f"{COMMAND_LINE}: {_unknown_section(section)}")

    def settings(self, path: str) -> Settings:
        """Return the settings, or raise SettingsError with everything that was found."""
        values: dict[str, dict[str, object]] = {}
        for (section, key), given in self._given.items():
            values.setdefault(section, {})[key] = given.value
        settings = None
        try:
            settings = Settings.model_validate(values)
        except ValidationError as error:
            self._explain(error)
        if settings is None or self._complaints or self._elsewhere:
            raise SettingsError(path, sorted(self._complaints, key=_by_line), elsewhere=sorted(self._elsewhere))
        return settings.with_sources({".".join(name): given.source for name, given in self._given.items()})

    def usable(self) -> Settings:
        """Return the settings with those values only that can be used, each by itself; the others are defaults."""
        kept: dict[str, dict[str, object]] = {}
        sources: dict[str, str] = {}
        for (section, key), given in self._given.items():
            alone = {section: {key: given.value}}
            try:
                Settings.model_validate(alone)
            except ValidationError:
                continue
            kept.setdefault(section, {})[key] = given.value
            sources[f"{section}.{key}"] = given.source
        return Settings.model_validate(kept).with_sources(sources)

    def _add(self, section: str, key: str, given: _Given) -> None:
        if key in known_keys()[section]:
            self._given[section, key] = given
        else:
            self._complain(given, _unknown_key(section, key))

    def _explain(self, error: ValidationError) -> None:
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
                self._complain(given, f"{section}.{key} must be {wanted}, not {_shown(given.value)}{more}")

    def _complain(self, given: _Given, sentence: str) -> None:
        (self._complaints if given.is_of_file else self._elsewhere).append(f"{given.where}{sentence}")


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
    # Who begins a name well and does not finish it means it as well: `loop` for `loop_interval`.
    begun = [name for name in known[section] if did_you_mean(key, [name.partition("_")[0]])]
    hint = did_you_mean(key, known[section]) or (f", did you mean {begun[0]!r}?" if len(begun) == 1 else "")
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
