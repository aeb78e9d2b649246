"""
---
title: "Config loader"
description: "Reads and writes the YAML files in config/, those of tasks and the secrets included"
dependencies:
  - "PyYAML>=6.0"
---
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from helpers.project import get_project_root
from task_scheduler.task_side import arguments as given
from task_scheduler.task_side.whole_files import locked, replace
from task_scheduler.task_side.yaml_faults import NEVER_CLOSED, QUOTES, faulty_line, line_of_lost_beginning

TYPE_CHECKING = False

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

__all__ = ["InvalidConfig", "get_config_value", "get_project_root", "list_config_files", "load_config", "save_config"]

_SECRETS = "secrets.yaml"
_SUFFIXES = (".yaml", ".yml")
_MISSING = object()
_MOST_OF_A_NAME = 255  #: bytes, as file systems have it
#: By what PyYAML says: what to do about it.
_WAYS_OUT = {
    "did not find expected key": "put all of a value in quotes, and begin keys that belong together in the same column",
    "did not find expected ','": "a list or a dict that opens with [ or { is not closed",
    "tab character": "begin lines with spaces, not with tabs",
    "unhashable key": "a key must be a text or a number",
    "another document": "a file holds one document: take the line --- away",
    "unknown escape": "a backslash in double quotes begins a special character: use single quotes, or write it twice",
}
#: What is said of all else that is no YAML.
_NOT_YAML = "this is not YAML: put values in quotes, and begin keys that belong together in the same column"
#: Marks an error whose words are this module's, and not PyYAML's.
_OURS = "ours"


class InvalidConfig(ValueError):
    """A file of config/ that cannot be used; the text names file and line, and never a value."""


def load_config(config_name: str = "config.yaml") -> dict[str, Any]:
    """Return what a file in config/ says; an empty file says nothing.

    Raises FileNotFoundError where there is none, and InvalidConfig, a ValueError, where it cannot be read, is not YAML
    or not lines of `key: value`.
    """
    path = _path_of(config_name)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(_none_there(config_name)) from None
    except OSError as error:
        raise InvalidConfig(f"{_shown(config_name)} cannot be read: {error.strerror}") from None
    return _parsed(data, _shown(config_name))


def get_config_value(key_path: str, config_name: str = "config.yaml", default: Any = None) -> Any:  # noqa: ANN401
    """Return one value, as in `get_config_value("servers.0.name", "my_task.yaml", default="local")`.

    `default` stands for a key that is not there, and for a file that is not. A file that cannot be used raises as in
    `load_config`: a mistake in it must not pass for a default.
    """
    parts = given.text("key_path", key_path).split(".")
    try:
        found: Any = load_config(config_name)
    except FileNotFoundError:
        return default
    for part in parts:
        found = _inside(found, part)
        if found is _MISSING:
            return default
    return found


def save_config(config_data: dict[str, Any], config_name: str = "config.yaml") -> bool:
    """Write a file in config/, whole or not at all; return whether that was possible, and say on stderr why not.

    Comments of a file that was there are lost; its mode and links to it are kept. `secrets.yaml` is made readable for
    its owner alone.
    """
    path = _path_of(config_name)
    try:
        data = _written(config_data, _shown(config_name))
        path.parent.mkdir(parents=True, exist_ok=True)
        # Behind a link: what it leads to is replaced, and the link stays.
        target = os.path.realpath(path)
        with locked(os.path.dirname(target), makes=False):
            replace(target, data, mode=_mode_of(target))
    except (OSError, InvalidConfig) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        print(f"{_shown(config_name)} is not saved: {reason}", file=sys.stderr)  # noqa: T201 - the run's own output
        return False
    return True


def list_config_files() -> list[str]:
    """Return the names of the YAML files in config/, sorted, those in folders below it as `folder/name.yaml`."""
    folder = _folder()
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in _SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _folder() -> Path:
    return get_project_root() / "config"


def _shown(config_name: str) -> str:
    return f"config/{config_name}"


def _path_of(config_name: str) -> Path:
    """Return the path of a file in config/; raises TypeError, and ValueError for a name that leads elsewhere or through a file."""
    name = given.path("config_name", config_name)
    parts = Path(name).parts
    is_too_long = any(len(os.fsencode(part)) > _MOST_OF_A_NAME for part in parts)
    if not parts or os.path.isabs(name) or ".." in parts or "\0" in name or is_too_long:
        raise ValueError(f"{config_name!r:.200} is no name of a file in config/, such as 'my_task.yaml'")
    path = _folder()
    for part in parts[:-1]:
        path /= part
        if path.suffix in _SUFFIXES or path.is_file():
            shown = path.relative_to(_folder()).as_posix()
            raise ValueError(
                f"{config_name!r} is no name of a file in config/: {shown} is one of a file, not of a folder"
            )
    return path / parts[-1]


def _none_there(config_name: str) -> str:
    there = ", ".join(list_config_files()) or "no YAML files"
    meant = [name for suffix in _SUFFIXES if (name := f"{config_name}{suffix}") in list_config_files()]
    if meant:
        return f"there is no {config_name} in {_folder()}: did you mean {meant[0]}?"
    way_out = "; copy config/secrets.yaml.example to it, and fill it in" if config_name == _SECRETS else ""
    return f"there is no {config_name} in {_folder()}{way_out} (there: {there})"


def _inside(found: Any, part: str) -> Any:  # noqa: ANN401 - what YAML holds
    if isinstance(found, dict):
        value = found.get(part, _MISSING)
        return found.get(int(part), _MISSING) if value is _MISSING and part.isdecimal() else value
    if isinstance(found, list) and part.isdecimal() and int(part) < len(found):
        return found[int(part)]
    return _MISSING


def _mode_of(target: str) -> int:
    mode = os.stat(target).st_mode & 0o777 if os.path.exists(target) else 0o644
    return mode & 0o600 if os.path.basename(target) == _SECRETS else mode


def _written(config_data: dict[str, Any], shown: str) -> bytes:
    yaml = _yaml()
    if not isinstance(config_data, dict):
        raise InvalidConfig(f"its content must be a dict, and is of type {type(config_data).__name__}")
    try:
        data = _dumped(yaml, config_data)
        if _parsed(data, shown) != config_data:  # PyYAML writes some line breaks of Unicode in a way it cannot read
            data = _dumped(yaml, config_data, allow_unicode=False)
            _parsed(data, shown)  # what could not be read again must not take the place of what can
    except yaml.representer.RepresenterError as error:
        kind = type(error.args[1]).__name__
        raise InvalidConfig(
            f"it holds a value of type {kind}, which YAML does not know: use texts, numbers, lists and dicts"
        ) from None
    except (UnicodeEncodeError, RecursionError):
        raise InvalidConfig("it holds a text or a nesting that YAML cannot hold") from None
    return data


def _dumped(yaml: ModuleType, config_data: dict[str, Any], *, allow_unicode: bool = True) -> bytes:
    text: str = yaml.safe_dump(config_data, sort_keys=False, allow_unicode=allow_unicode, default_flow_style=False)
    return text.encode()


def _parsed(data: bytes, shown: str) -> dict[str, Any]:
    yaml = _yaml()
    text = ""
    try:
        text = data.decode("utf-8-sig")
        found = yaml.load(text, Loader=_strict_loader(yaml))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidConfig(f"{shown}:{line}: it is not written in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line, is_open = faulty_line(yaml, text, error)
        reason = NEVER_CLOSED if is_open else _reason(error)
        raise InvalidConfig(f"{shown}:{line}: {reason}") from None
    except (yaml.YAMLError, RecursionError):
        raise InvalidConfig(f"{shown}: it holds characters or a nesting that YAML does not allow") from None
    if (stray := line_of_lost_beginning(yaml, text)) is not None:
        raise InvalidConfig(f"{shown}:{stray}: {QUOTES}")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidConfig(f"{shown}:1: it must be lines of 'key: value', and is a {type(found).__name__}")
    return found


def _reason(error: Any) -> str:  # noqa: ANN401 - PyYAML's MarkedYAMLError
    """Return what is wrong, without what the parser quotes of a value: it may be a password."""
    problem = error.problem or ""
    if error.note == _OURS:
        return str(problem)
    words = f"{error.context or ''} {problem}"
    if any(
        mark in words
        for mark in ("a tag", "the tag", " tag handle", "alias", "anchor", "block scalar", "start any token")
    ):
        return QUOTES
    if "mapping values are not allowed" in problem:
        return "put a value that holds ': ' in quotes, and begin every key in the same column"
    if "could not find expected ':'" in problem or "simple key" in problem:
        return "write lines of 'key: value'"
    return next((way_out for words, way_out in _WAYS_OUT.items() if words in problem), _NOT_YAML)


def _strict_loader(yaml: ModuleType) -> Any:  # noqa: ANN401 - a class made of one that comes with PyYAML
    """Return a safe loader that refuses a key which is given twice."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # known when PyYAML is there
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - its signature
            seen: dict[Any, int] = {}
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            for key in keys:
                name = (key.tag, key.value)
                if name in seen:
                    raise yaml.constructor.ConstructorError(
                        problem=f"the key {key.value!r} is given twice, first in line {seen[name]}: keep one of them",
                        problem_mark=key.start_mark,
                        note=_OURS,
                    )
                seen[name] = key.start_mark.line + 1
            return super().construct_mapping(node, deep=deep)

        def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - its signature
            try:
                return super().construct_object(node, deep=deep)
            except (ValueError, OverflowError, AttributeError):  # the last of a tag that the text does not fit
                problem = "a value looks like a number or a date and is none: put it in quotes"
                raise yaml.constructor.ConstructorError(
                    problem=problem, problem_mark=node.start_mark, note=_OURS
                ) from None

    return Loader


def _yaml() -> ModuleType:
    try:
        import yaml
    except ImportError:
        # A task that uses this helper has it: the package is declared above.
        raise ImportError(
            f"files in config/ are YAML, and {sys.executable} has no PyYAML to read them: "
            f"run `{sys.executable} -m pip install PyYAML`, or the task by `python3 main.py run-file FILE`"
        ) from None
    return yaml
