"""What must be known of the command line and the configuration before a YAML parser is installed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.project import Project, locate_project
from task_scheduler.starting.errors import UnusableConfiguration

SECTION = "virtual_env"
#: `python_executable` when nobody set it: the interpreter that started the program.
DEFAULT_PYTHON = "python3"
#: Options before a verb that take a value.
_TAKE_VALUES = frozenset({"--root", "--config", "--set"})
#: Those that may have a number, which no verb begins with.
_MAY_TAKE_A_NUMBER = frozenset({"--drain"})
#: What the standard library alone can answer: verbs, and options of every verb.
_LIGHT = frozenset({"init"})
#: Verbs that start a scheduler or build environments, which they do by the settings or not at all.
_NEED_THE_SETTINGS = frozenset({"run", "restart", "run-file", "python", "explain-env", "env", "lock"})
_ASKING = frozenset({"-h", "--help", "--version"})
_ENTRY = re.compile(r"""[ ]+(?P<key>\w+)[ ]*:[ ]+(?P<quote>["']?)(?P<value>.*?)(?P=quote)[ ]*(?:[ ]\#.*)?""")
#: Verbs that give all that follows the task's name on to it, and the options before it that have a value.
_SPEAK_TO_A_TASK = frozenset({"run-file", "python"})
_VALUED_BEFORE_A_TASK = frozenset({"--root", "--config", "--function", "--request-id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VenvOptions:
    """The `virtual_env` section, as far as starting needs it."""

    path: str = "venv"
    python_executable: str = DEFAULT_PYTHON


def option(arguments: Sequence[str], name: str) -> str | None:
    """Return the value of `--name VALUE` or `--name=VALUE`, the last one given, None when it is not there."""
    found = None
    arguments, _ = cut(arguments)
    for index, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == name and index + 1 < len(arguments):
            found = arguments[index + 1]
        elif argument.startswith(f"{name}="):
            found = argument[len(name) + 1 :]
    return found


def verb_place(arguments: Sequence[str]) -> int | None:
    """Return where the verb is: the first argument that is neither an option nor the value of one; None: there is none."""
    before = ""
    for place, argument in enumerate(arguments):
        is_value = before in _TAKE_VALUES or (before in _MAY_TAKE_A_NUMBER and argument[:1].isdigit())
        if not is_value and not argument.startswith("-"):
            return place
        before = "" if is_value else argument
    return None


def cut(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str] | None]:
    """Return what is said to this program and what, word for word, to a task: None where none is spoken to.

    Of `start` it is what follows `--`, of `run-file` and `python` what follows the task's name. `argparse` would take
    options of the task for ours, and keep each `--` for itself.
    """
    place = verb_place(arguments)
    if place is None:
        return arguments, None
    end = len(arguments)
    if arguments[place] == "start":
        end = arguments.index("--") if "--" in arguments else end
    elif arguments[place] in _SPEAK_TO_A_TASK:
        end = _end_of_name(arguments, place + 1)
    else:
        return arguments, None
    given = arguments[end:]
    return arguments[:end], given[1:] if given[:1] == ["--"] else given


def _end_of_name(arguments: Sequence[str], start: int) -> int:
    """Return the place behind the first argument that is neither an option nor the value of one."""
    is_value = False
    for place, argument in enumerate(arguments[start:], start):
        if is_value or argument in _VALUED_BEFORE_A_TASK:
            is_value = not is_value
        elif not argument.startswith("-"):
            return place + 1
    return len(arguments)


def is_about_no_project(arguments: Sequence[str]) -> bool:
    """Whether these arguments ask for a verb that does not begin with a project at hand."""
    place = verb_place(arguments)
    return place is not None and arguments[place] in _LIGHT


def needs_no_packages(arguments: Sequence[str]) -> bool:
    """Whether the command line can answer these arguments before anything is installed."""
    own, _ = cut(arguments)
    own = own[: own.index("--")] if "--" in own else own
    return is_about_no_project(arguments) or bool(_ASKING.intersection(own))


def needs_the_settings(arguments: Sequence[str]) -> bool:
    """Whether these arguments ask for what is not to be done by any other settings than those of the file."""
    place = verb_place(arguments)
    if place is None:
        return "--status" not in arguments
    return arguments[place] in _NEED_THE_SETTINGS


def project_of(arguments: Sequence[str], default_root: Path) -> Project:
    """Tell which project a command line means."""
    return locate_project(
        config=option(arguments, "--config"), root=option(arguments, "--root"), default_root=default_root
    )


def read_venv_options(config: Path, environ: Mapping[str, str] = os.environ) -> VenvOptions:
    """Read `virtual_env` from a configuration file, as block-style lines; an absent file leaves the defaults.

    Whether the file is sound is judged later, by the settings; here one thing matters: never to overlook a value
    the settings would see. So a section written in another style is refused.
    """
    try:
        text = config.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise UnusableConfiguration(f"{config}: it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        # In the words of the settings, which read the file once there is something to read them with.
        raise UnusableConfiguration(
            f"{config}: it cannot be read: byte {error.start + 1} is no text in UTF-8; save it as UTF-8"
        ) from error
    return _options({**_section(text, config), **_from_environment(environ)})


def default_venv_options(environ: Mapping[str, str] = os.environ) -> VenvOptions:
    """Return what is so where no configuration file says anything."""
    return _options(_from_environment(environ))


def _options(values: Mapping[str, str]) -> VenvOptions:
    known = VenvOptions()
    return VenvOptions(
        path=values.get("path") or known.path,
        python_executable=values.get("python_executable") or known.python_executable,
    )


def _section(text: str, config: Path) -> dict[str, str]:
    values: dict[str, str] = {}
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        content = line.rstrip()
        if not content or content.lstrip().startswith("#"):
            continue
        if not content.startswith(" "):
            key, _, rest = content.partition(":")
            inside = key.strip().strip("\"'") == SECTION
            if inside and rest.partition(" #")[0].strip():
                raise UnusableConfiguration(
                    f"{config}:{number}: write {SECTION} as a block, with path: on a line of its own below"
                )
            continue
        entry = _ENTRY.fullmatch(content) if inside else None
        if entry is not None:
            values[entry["key"]] = entry["value"]
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    prefix = f"TASK_SCHEDULER_{SECTION.upper()}__"
    return {name[len(prefix) :].lower(): value for name, value in environ.items() if name.startswith(prefix)}
