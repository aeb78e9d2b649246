"""Schedules without slots by the clock: the scheduler's start, the machine's, another task's end, a file's change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TypeAlias

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.typed_moments import first_moment, last_moment

#: How the run of another task must have ended.
ENDINGS = ("success", "failure", "any")
DEFAULT_ENDING = "success"

_SECOND = timedelta(seconds=1)
_BLANKS = re.compile(r"[ \t]+")
_AT = re.compile(r"at ([a-z]+)(?: (.*))?", re.IGNORECASE)
_AFTER = re.compile(r"after(?: (.*))?", re.IGNORECASE)
_ON_ENDING = re.compile(r"(.+) on ([a-z]+)", re.IGNORECASE)
_CHANGE = re.compile(r"on change(?: (.*))?", re.IGNORECASE)
_OF = re.compile(r"of (.+)", re.IGNORECASE)
_ANY_DEPTH = "**"
_DOUBLED = (_ANY_DEPTH, _ANY_DEPTH)  #: says no more than one of them


@dataclass(frozen=True, slots=True)
class AtStartup:
    """Once at each start of the scheduler."""

    @property
    def text(self) -> str:
        """The canonical text."""
        return "at startup"


@dataclass(frozen=True, slots=True)
class AtBoot:
    """Once at the first start of the scheduler after the machine's."""

    @property
    def text(self) -> str:
        """The canonical text."""
        return "at boot"


@dataclass(frozen=True, slots=True)
class AfterTask:
    """At the end of each run of another task that ended so."""

    task: str  #: its id
    on: str = DEFAULT_ENDING  #: one of ENDINGS

    @property
    def text(self) -> str:
        """The canonical text."""
        return f"after {self.task} on {self.on}"


@dataclass(frozen=True, slots=True)
class OnChange:
    """When files of a pattern come or change."""

    pattern: str  #: as in a shell; relative to the project folder unless it begins with `/`; a folder: the files in it

    @property
    def text(self) -> str:
        """The canonical text."""
        return f"on change of {self.pattern}"


Event: TypeAlias = AtStartup | AtBoot | AfterTask | OnChange

_AT_EVENTS: Mapping[str, Event] = {"startup": AtStartup(), "boot": AtBoot()}


def read_event(text: str) -> Event | None:
    """Return the event that a schedule in words names, None for one that names none; raises TriggerError.

    A canonical text is read like any other. The names of tasks and files keep their letters.
    """
    words = _BLANKS.sub(" ", text.strip(" \t\r\n"))
    if words.lower() == "@reboot":
        return AtBoot()  # as Debian's cron has it: a restart of the scheduler is no boot
    at, after, change = _AT.fullmatch(words), _AFTER.fullmatch(words), _CHANGE.fullmatch(words)
    if at:
        return _read_at(at[1].lower(), at[2], words)
    if after:
        return _read_after(after[1] or "", words)
    if change:
        pattern = _OF.fullmatch(change[1] or "")
        if pattern is None:
            raise TriggerError(f"{quoted(words)}: write which files, such as 'on change of inbox/*.csv'")
        return on_change(pattern[1], said=quoted(words))
    return None


def after_task(task: object, on: object = DEFAULT_ENDING, *, said: str) -> AfterTask:
    """Check the end of another task's runs as an event; `said` is the whole as written; raises TriggerError."""
    if not isinstance(task, str) or not task.strip():
        raise TriggerError(f"{said}: write which task, such as 'other_task'")
    name = _BLANKS.sub(" ", task.strip())
    _check_letters(name, said)
    if name.endswith(".py"):
        name = name.removeprefix("tasks/").removesuffix(".py").strip()
    if name.endswith(".py") or not all(part.strip(". ") for part in name.split("/")):
        raise TriggerError(f"{said}: {quoted(task)} is no name of a task, write such as 'other_task' or 'folder/task'")
    if on not in ENDINGS:
        hint = did_you_mean(on, ENDINGS) if isinstance(on, str) else ""
        raise TriggerError(f"{said}: {quoted(on)} is no ending{hint or ': there are ' + ', '.join(ENDINGS)}")
    return AfterTask(task=name, on=str(on))


def on_change(pattern: object, *, said: str) -> OnChange:
    """Check a pattern of files whose change is an event; `said` is the whole as written; raises TriggerError.

    One that ends in `/` is of the files directly in that folder.
    """
    if not isinstance(pattern, str) or not pattern.strip():
        raise TriggerError(f"{said}: write which files, such as 'inbox/*.csv'")
    files = _BLANKS.sub(" ", pattern.strip())
    _check_letters(files, said)
    parts = [part.strip() for part in files.split("/")]
    names = [part for part in parts if part not in {"", "."}]
    once = [name for name, before in zip(names, ["", *names], strict=False) if (name, before) != _DOUBLED]
    files = "/" * files.startswith("/") + "/".join(once)
    if ".." in files.split("/"):
        raise TriggerError(f"{said}: {quoted(pattern)} leads out by '..': write the path from / instead")
    if not files.strip("/"):
        raise TriggerError(f"{said}: {quoted(pattern)} names no file, write such as 'inbox/*.csv'")
    opened = next((part for part in once if _is_left_open(part)), None)
    if opened is not None:
        raise TriggerError(
            f"{said}: {quoted(opened)} opens a set of letters by '[' that no ']' closes: write such as '[a-c]*', or '[[]' "
            "for the letter itself"
        )
    if not parts[-1] and once[-1] != _ANY_DEPTH:
        files += "/*"
    return OnChange(pattern=files)


def why_outside(starts: str | None, ends: str | None, *, zone: tzinfo, now: datetime) -> str:
    """Return, as the end of a sentence, why an event starts nothing now; empty: it may.

    `starts` and `ends` are what the frontmatter says, as a clock of the zone shows it: a date, or a date and a time. An
    end that is a date alone is the end of that day. None: there is no such bound.
    """
    if starts is not None and now < first_moment(starts, zone):
        return f"its schedule begins {starts} (starts)"
    if ends is not None and now >= last_moment(ends, zone) + _SECOND:
        return f"its schedule ended {ends} (ends)"
    return ""


class EventTrigger:
    """The trigger of an event: it has no slots by the clock, so its answers are none."""

    __slots__ = ("text", "zone")

    def __init__(self, text: str, zone: tzinfo) -> None:
        self.text = text
        self.zone = zone

    def __repr__(self) -> str:
        return f"<EventTrigger {self.text!r}>"

    def next_after(self, moment: datetime) -> datetime | None:  # noqa: ARG002 - as every trigger
        """Return None."""
        return None

    def last_before(self, moment: datetime) -> datetime | None:  # noqa: ARG002 - as every trigger
        """Return None."""
        return None

    def count_between(self, after: datetime, until: datetime) -> int:  # noqa: ARG002 - as every trigger
        """Return 0."""
        return 0

    def period(self, moment: datetime) -> timedelta | None:  # noqa: ARG002 - as every trigger
        """Return None."""
        return None


def _read_at(word: str, more: str | None, words: str) -> Event:
    if word not in _AT_EVENTS:
        hint = did_you_mean(word, _AT_EVENTS)
        raise TriggerError(
            f"{quoted(words)} cannot be read{hint or ': write at startup or at boot, or every day at 10:30'}"
        )
    if more:
        raise TriggerError(f"{quoted(words)}: nothing may follow {quoted(f'at {word}')}, for it has no time of day")
    return _AT_EVENTS[word]


def _read_after(rest: str, words: str) -> AfterTask:
    ending = _ON_ENDING.fullmatch(rest)
    task, on = (ending[1], ending[2].lower()) if ending else (rest, DEFAULT_ENDING)
    return after_task(task, on, said=quoted(words))


def _is_left_open(part: str) -> bool:
    """Whether a part of a pattern has a `[` that nothing closes; a `]` that comes first in it is one of its letters."""
    begin = part.find("[")
    while begin >= 0:
        first = begin + 1 + part.startswith("!", begin + 1)
        end = part.find("]", first + 1)
        if end < 0:
            return True
        begin = part.find("[", end)
    return False


def _check_letters(name: str, said: str) -> None:
    odd = next((letter for letter in name if not letter.isprintable()), None)
    if odd is not None:
        raise TriggerError(f"{said}: a name contains the character U+{ord(odd):04X}: write letters that can be seen")
