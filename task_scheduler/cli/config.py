"""`config show | check`: the settings, where each came from, and what is wrong with the file."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from task_scheduler.cli import phrases
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.core.errors import NotRunning, SettingsError, did_you_mean
from task_scheduler.project import CONFIG_FOLDER, Project, locate_project
from task_scheduler.starting.errors import UnusableConfiguration
from task_scheduler.starting.options import read_venv_options
from task_scheduler.typed_paths import typed_path

HELP = "show the settings and where each came from, or check the configuration file"
DESCRIPTION = """\
`show` tells every setting with its value, and whether that is the default or was said by a line of the file, an
environment variable or the command line. With a running scheduler these are the values in force, beside those that
wait for its next start. With a KEY such as `scheduler.loop_interval` it tells all about that one, with a SECTION such as
`scheduler` of those in it.

`check` says all that is wrong with the project's configuration file, or with FILE, a line `path:line: error: sentence`
each, what is probably not meant, and what is wrong with config/secrets.yaml. It exits with 3 where a scheduler could not
start by it, or tasks could not read their secrets."""

_COLUMNS = (
    Column(title="SETTING"),
    Column(title="VALUE", least=12),
    Column(title="FROM", below=True),
    Column(title="AT THE NEXT START", below=True),
)
_DEFAULT = "default"
_STYLES: Mapping[str, str] = MappingProxyType({"error": "bad", "warning": "warning"})
_OF_A_LINE = re.compile(r"line (?P<line>\d+): (?P<message>.*)")
_OF_A_PLACE = re.compile(r"(?P<place>\S+:\d+): (?P<message>.*)")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what is to be told."""
    parser.add_argument("doing", metavar="show|check", choices=("show", "check"), help="what to do")
    parser.add_argument(
        "what", metavar="KEY|SECTION|FILE", nargs="?", help="of `show`: which settings; of `check`: which file"
    )
    parser.add_argument("--changed", action="store_true", help="of `show`: only what is not the default")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Tell it."""
    if options.doing == "check":
        return _check(_file_meant(options, door), options, terminal)
    return _show(options, door, terminal)


# --- show -------------------------------------------------------------------------------------------------


def _show(options: Namespace, door: Door, terminal: Terminal) -> int:
    told, is_in_force = _told(door)
    keys = [setting["key"] for setting in told["settings"]]
    chosen = [setting for setting in told["settings"] if _is_meant(setting["key"], options.what)]
    if not chosen:
        sections = {key.partition(".")[0] for key in keys}
        names = {key.partition(".")[2]: key for key in keys}
        hint = did_you_mean(options.what, [*keys, *sections]) or _elsewhere(options.what, names)
        terminal.error(f"no setting {options.what!r}{hint}", hint=f"`{options.program} config show` tells all of them")
        return ExitCode.USAGE
    if options.changed:
        chosen = [setting for setting in chosen if setting["value"] != setting["default"] or setting["next"]]
    if options.json:
        terminal.document({**told, "in_force": is_in_force, "settings": chosen})
    elif len(chosen) == 1 and chosen[0]["key"] == options.what:
        _tell_one(chosen[0], terminal)
    elif chosen:
        _tell_all(chosen, terminal)
    else:
        terminal.note("every setting is its default")
    if not options.json:
        _tell_about(told, terminal, is_in_force=is_in_force)
    return ExitCode.OK


def _told(door: Door) -> tuple[Document, bool]:
    """Return what is told of the settings, and whether they are those in force."""
    try:
        return door.ask_scheduler("settings"), True
    except NotRunning:
        from task_scheduler.settings import load_settings
        from task_scheduler.settings.account import account

        settings, _ = load_settings(door.project)
        return {
            "file": str(door.project.config),
            "trouble": None,
            "since": None,
            "needs_restart": [],
            "settings": account(settings, settings),
        }, False


def _is_meant(key: str, what: str | None) -> bool:
    return what is None or key == what or key.partition(".")[0] == what


def _elsewhere(what: str, names: Mapping[str, str]) -> str:
    return f", did you mean {names[what]!r}?" if what in names else ""


def _tell_all(settings: Sequence[Document], terminal: Terminal) -> None:
    terminal.table(
        _COLUMNS if any(setting["next"] for setting in settings) else _COLUMNS[:-1],
        [
            [
                Cell(setting["key"]),
                Cell(setting["value"]),
                Cell(setting["from"], "faint" if setting["from"] == _DEFAULT else ""),
                *([Cell(_later(setting), "warning")] if any(other["next"] for other in settings) else []),
            ]
            for setting in settings
        ],
    )


def _tell_one(setting: Document, terminal: Terminal) -> None:
    terminal.fields(
        {
            "setting": setting["key"],
            "value": setting["value"],
            "from": setting["from"],
            "at the next start": Cell(_later(setting), "warning"),
            "default": setting["default"],
            "what it is": setting["meaning"],
            "may be": setting["must_be"],
            "a change counts": setting["takes_effect"],
            "variable": setting["variable"],
        }
    )


def _later(setting: Document) -> str:
    return f"{setting['next']} ({setting['next_from']})" if setting["next"] else ""


def _tell_about(told: Document, terminal: Terminal, *, is_in_force: bool) -> None:
    if not is_in_force:
        terminal.note(f"no scheduler is running: by {told['file']} and this environment, a start would take these")
    if told["trouble"]:
        first, *others = told["trouble"].splitlines()
        since = f" since {phrases.clock(told['since'], terminal)}" if told["since"] else ""
        terminal.note(f"{told['file']} is not followed{since}:{'' if others else f' {first}'}")
        for line in (first, *others) if others else ():
            terminal.note(f"    {line}")
    if told["needs_restart"]:
        terminal.note(f"a restart is needed for {', '.join(told['needs_restart'])}")


# --- check ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    severity: str  #: error or warning
    message: str
    place: str = ""  #: begins the line, such as `config/config.yaml:4`; empty: it is not about the file
    prevents_start: bool = True  #: of an error: no scheduler starts by it


def _file_meant(options: Namespace, door: Door) -> Project:
    if options.what is None:
        return door.project
    file = typed_path(options.what).absolute()
    # Of a file that belongs to no project the places are told from its own folder, as those of one that is to be.
    around = file.parent.parent if file.parent.name == CONFIG_FOLDER else file.parent
    around = around if around.is_dir() else door.project.root
    return locate_project(config=options.what, root=options.root, default_root=around)


def _check(project: Project, options: Namespace, terminal: Terminal) -> int:
    findings = list(_findings(project))
    errors = sum(finding.severity == "error" for finding in findings)
    if options.json:
        terminal.document(
            {
                "file": str(project.config),
                "findings": [
                    {"severity": finding.severity, "place": finding.place, "message": finding.message}
                    for finding in findings
                ],
            }
        )
        return ExitCode.CONFIGURATION if errors else ExitCode.OK
    for finding in findings:
        place = f"{finding.place}: " if finding.place else ""
        terminal.say(f"{place}{finding.severity}: {finding.message}", _STYLES[finding.severity])
    if not errors:
        but = f", but for {len(findings)} warning{'s' if len(findings) > 1 else ''}" if findings else ""
        terminal.say(f"{project.shown(project.config)}: fine{but}", "" if findings else "good")
        return ExitCode.OK
    prevents_start = any(finding.severity == "error" and finding.prevents_start for finding in findings)
    terminal.note(
        f"{errors} error{'' if errors == 1 else 's'}: "
        + ("a scheduler does not start by this" if prevents_start else "a scheduler starts, without tasks' secrets")
    )
    return ExitCode.CONFIGURATION


def _findings(project: Project) -> Iterator[_Finding]:
    from task_scheduler.secrets_file import read_secrets
    from task_scheduler.settings import load_settings
    from task_scheduler.settings.advice import EMPTY, advice_on, is_empty

    shown = project.shown(project.config)
    try:
        settings, paths = load_settings(project)
    except SettingsError as error:
        yield from _errors(error, shown)
    else:
        for fault in paths.faults().values():
            yield _Finding(severity="error", place=shown, message=fault)
        if not project.config.exists():
            yield _Finding(
                severity="warning", place=shown, message="there is no such file: every setting is its default"
            )
        elif is_empty(project):
            yield _Finding(severity="warning", place=shown, message=EMPTY)
        yield from _not_for_starting(project, shown)
        of_the_file, _ = load_settings(project, environ={})
        for advice in advice_on(project, settings, of_the_file, paths):
            place = shown if advice.line is None else f"{shown}:{advice.line}"
            yield _Finding(severity="warning", place=place, message=advice.message)
    secrets = read_secrets(project.root)
    if secrets.fault:
        found = _OF_A_PLACE.fullmatch(secrets.fault)
        place, message = ("", secrets.fault) if found is None else (found["place"], found["message"])
        yield _Finding(severity="error", place=place, message=message, prevents_start=False)
    for message in secrets.warnings:
        yield _Finding(severity="warning", message=message)


def _not_for_starting(project: Project, shown: str) -> Iterator[_Finding]:
    """Yield why main.py, which has no YAML at hand when it reads the file first, would not start by it."""
    try:
        read_venv_options(project.config)
    except UnusableConfiguration as error:
        line, _, message = str(error).removeprefix(f"{project.config}:").partition(": ")
        yield _Finding(severity="error", place=f"{shown}:{line}", message=message)


def _errors(error: SettingsError, shown: str) -> Iterator[_Finding]:
    for line in error.lines:
        if line in error.elsewhere:
            yield _Finding(severity="error", message=line)
        elif found := _OF_A_LINE.fullmatch(line):
            yield _Finding(severity="error", place=f"{shown}:{found['line']}", message=found["message"])
        else:
            yield _Finding(severity="error", place=shown, message=line)
