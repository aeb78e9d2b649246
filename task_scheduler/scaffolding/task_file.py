"""The text of a task file to start from."""

from __future__ import annotations

import json
import keyword
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from task_scheduler.core.errors import TaskSchedulerError

_SUFFIX = ".py"
_TIMEOUT = 300


class Dialect(StrEnum):
    """How a task file says what it is."""

    DOCSTRING = "docstring"  # YAML that opens the docstring
    BARE = "bare"  # YAML before the code
    PEP723 = "pep723"  # TOML in comments, which other tools read as well


class BadName(TaskSchedulerError):
    """A name that a new task cannot have; the message says which one it can."""


def task_name(text: str, *, tasks: Sequence[str]) -> str:
    """Return the id of the task that a person names: `report`, `reports/daily`, or the path of its file.

    `tasks` are the ways to write the path of the folder of tasks. Raises BadName.
    """
    name = unicodedata.normalize("NFC", text).removesuffix(_SUFFIX).removeprefix("./")
    name = next((name.removeprefix(f"{folder}/") for folder in tasks if name.startswith(f"{folder}/")), name)
    wrong = [part for part in name.split("/") if not part.isidentifier() or keyword.iskeyword(part)]
    if not wrong:
        return name
    if name.startswith("/") or ".." in name.split("/"):
        raise BadName(f"{text!r} leads out of the folder of tasks: give a name such as report, or reports/daily")
    mended = "/".join(_mended(part) for part in name.split("/") if part)
    instead = f", such as {mended}" if mended else ""
    raise BadName(
        f"{text!r} is no name for a task: write letters, digits and _, with / between folders, as Python names modules"
        + instead
    )


def _mended(part: str) -> str:
    cleaned = "_".join("".join(c if c.isalnum() or c == "_" else " " for c in part).split())
    if not cleaned:
        return "task"
    return cleaned if cleaned.isidentifier() and not keyword.iskeyword(cleaned) else f"task_{cleaned}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """What is known of a task before its author begins."""

    name: str
    title: str
    schedules: Sequence[str]
    packages: Sequence[str] = ()
    description: str = "What it is for, in one sentence"

    @classmethod
    def named(cls, name: str, *, schedules: Sequence[str], packages: Sequence[str], title: str | None) -> NewTask:
        """Return a task whose title, unless given, is made from its name: `reports/daily_sales` is `Daily sales`."""
        words = name.rpartition("/")[2].replace("_", " ").strip() or name
        given = (title or "").strip()
        return cls(name=name, title=given or words[:1].upper() + words[1:], schedules=schedules, packages=packages)

    def text(self, dialect: Dialect) -> str:
        """Return the file's text."""
        match dialect:
            case Dialect.DOCSTRING:
                front = f"---\n{self._yaml()}---\n"
                # Raw where a backslash would mean something else to Python.
                opening = 'r"""' if "\\" in front else '"""'
                return f'{opening}\n{front}"""\n\n{self._logging_code()}'
            case Dialect.BARE:
                return f"---\n{self._yaml()}---\n\n{self._logging_code()}"
            case Dialect.PEP723:
                lines = [f"# {line}".rstrip() for line in self._toml().splitlines()]
                return "\n".join(["# /// script", *lines, "# ///", "", "", self._plain_code()])

    def _yaml(self) -> str:
        return (
            f"title: {_in_yaml(self.title)}\n"
            f"description: {_in_yaml(self.description)}\n"
            f"dependencies: {_listed(map(_in_yaml, self.packages))}\n"
            f"schedule: {_one_or_listed([_in_yaml(schedule) for schedule in self.schedules])}\n"
            f"timeout: {_TIMEOUT}  # seconds; then the run is ended\n"
        )

    def _toml(self) -> str:
        return (
            f"dependencies = {_listed(map(_in_toml, self.packages))}\n"
            "\n"
            "[tool.task-scheduler]\n"
            f"title = {_in_toml(self.title)}\n"
            f"description = {_in_toml(self.description)}\n"
            f"schedule = {_one_or_listed([_in_toml(schedule) for schedule in self.schedules])}\n"
            f"timeout = {_TIMEOUT}  # seconds; then the run is ended\n"
        )

    def _logging_code(self) -> str:
        return f'from helpers import log_info\n\n\ndef start():\n    log_info("Hello from {self.name}")\n'

    def _plain_code(self) -> str:
        return f'def start():\n    print("Hello from {self.name}")\n\n\nif __name__ == "__main__":\n    start()\n'


def _one_or_listed(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else _listed(texts)


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(texts)}]"


def _in_yaml(text: str) -> str:
    """Return text in double quotes, or in single ones where these need no backslashes."""
    double = _in_toml(text)
    return double if "\\" not in double else "'" + text.replace("'", "''") + "'"


def _in_toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
