"""Reads `config/secrets.yaml` for what is to be hidden, and tells what is wrong with the file, never what is in it."""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from task_scheduler.core.secrets import Secrets
from task_scheduler.known_secrets import LONGEST, SECRETS_FILE, likely_values
from task_scheduler.masking import is_worth_hiding
from task_scheduler.task_side.yaml_faults import NEVER_CLOSED, QUOTES, faulty_line, line_of_lost_beginning

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: What nobody means by a secret, though it is a value.
_NO_SECRETS = frozenset({"", "true", "false", "null", "~"})
_KEYS = "a file of secrets holds lines of `key: value`"
_WAY_OUT = "put values in quotes, and begin keys that belong together in the same column"


def read_secrets(project: Path) -> Secrets:
    """Return what the file of a project folder holds; nothing where there is none. Raises nothing.

    Where it is no YAML, what looks like a value in its lines counts as one.
    """
    path = project / SECRETS_FILE
    try:
        content, facts = _content(path)
    except FileNotFoundError:
        return Secrets()
    except IsADirectoryError:
        return Secrets(fault=f"{SECRETS_FILE} is a folder: put the secrets into a file of this name")
    except OSError as error:
        return Secrets(fault=f"{SECRETS_FILE} cannot be read: {error.strerror}{_way_to_read(path)}")
    if not stat.S_ISREG(facts.st_mode):
        return Secrets(fault=f"{SECRETS_FILE} is no file: put the secrets into a file of this name")
    values, fault = _understood(content)
    hidden = frozenset(value for value in values if is_worth_hiding(value))
    short = sum(value.lower() not in _NO_SECRETS for value in values - hidden)
    return Secrets(values=hidden, short=short, fault=fault, warnings=tuple(_open_to_others(facts)))


def _content(path: Path) -> tuple[bytes, os.stat_result]:
    # Not to wait for the writer of a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(descriptor)
        return os.read(descriptor, LONGEST + 1) if not stat.S_ISFIFO(facts.st_mode) else b"", facts
    finally:
        os.close(descriptor)


# --- who may read it --------------------------------------------------------------------------------------


def _open_to_others(facts: os.stat_result) -> Iterator[str]:
    own = os.geteuid()
    mode = stat.S_IMODE(facts.st_mode)
    if facts.st_uid not in (own, 0):
        yield (
            f"{SECRETS_FILE} belongs to {_name(facts.st_uid)}, who can read and change it: "
            f"`chown {shlex.quote(_name(own))} {SECRETS_FILE}`"
        )
    # What root lets this process's group read is how an administrator hands it over.
    is_handed_over = facts.st_uid == 0 != own and not mode & 0o037
    if mode & 0o077 and not is_handed_over:
        others = "other users of this machine" if mode & 0o007 else f"the members of its group ({facts.st_gid})"
        does = "read and change" if mode & 0o022 else "read"
        yield f"{SECRETS_FILE} is not yours alone, {others} can {does} it: `chmod 600 {SECRETS_FILE}`"


def _way_to_read(path: Path) -> str:
    try:
        owner = path.stat().st_uid
    except OSError:
        return ""
    return (
        f": `chmod 600 {SECRETS_FILE}`"
        if owner == os.geteuid()
        else f": it belongs to {_name(owner)}, and the scheduler runs as {_name(os.geteuid())}"
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


# --- what is in it ----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)  # it is looked at every few seconds, and seldom says anything new
def _understood(content: bytes) -> tuple[frozenset[str], str]:
    """Return the values in it, and what is wrong with it, without a word of it; empty: nothing is."""
    text = content[:LONGEST].decode("utf-8-sig", "replace")
    fault = ""
    values: set[str] = set()
    if len(content) > LONGEST:
        fault = f"{SECRETS_FILE} is longer than {LONGEST:,} bytes: what follows is not hidden"
    else:
        try:
            content.decode("utf-8-sig")
            values.update(_values(yaml.parse(text, Loader=_Loader)))
            if (line := line_of_lost_beginning(yaml, text)) is not None:
                fault = f"{SECRETS_FILE}:{line}: {QUOTES}"
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            fault = f"{SECRETS_FILE}:{line}: a character is not UTF-8: save the file as UTF-8"
        except _Unusable as error:
            fault = f"{SECRETS_FILE}:{error.line}: {error}"
        except yaml.MarkedYAMLError as error:
            line, is_open = faulty_line(yaml, text, error)
            fault = f"{SECRETS_FILE}:{line}: this is not YAML: {NEVER_CLOSED if is_open else _WAY_OUT}"
        except yaml.YAMLError:
            fault = f"{SECRETS_FILE}: this is not YAML: it holds a character that no text has"
    return frozenset(values | likely_values(text) if fault else values), fault


class _Unusable(Exception):
    """YAML, and not what a file of secrets may hold; the text says what it holds instead."""

    def __init__(self, event: Event, reason: str) -> None:
        super().__init__(reason)
        self.line = event.start_mark.line + 1 if event.start_mark else 1


def _values(events: Iterator[Event]) -> Iterator[str]:
    """Yield each text and number as it is written, keys left out."""
    # Of each collection that is open: whether a key comes next; None of a list. No recursion: it may be nested deeply.
    inside: list[bool | None] = []
    anchors: set[str | None] = set()
    for event in events:
        if isinstance(event, CollectionEndEvent):
            inside.pop()
            continue
        if not isinstance(event, NodeEvent):
            continue
        if not inside:
            _require_keys(event)
        is_key = inside[-1] if inside else None
        if is_key is not None:
            inside[-1] = not is_key
        if isinstance(event, AliasEvent):
            if event.anchor not in anchors:  # more likely the beginning of a password
                raise _Unusable(event, QUOTES)
            continue
        anchors.add(event.anchor)
        if isinstance(event, CollectionStartEvent):
            inside.append(True if isinstance(event, MappingStartEvent) else None)
        elif isinstance(event, ScalarEvent) and not is_key:
            yield str(event.value)


def _require_keys(event: NodeEvent) -> None:
    """Refuse what a file of secrets begins with, unless it is a key or nothing."""
    if not isinstance(event, MappingStartEvent) and getattr(event, "value", None) != "":
        raise _Unusable(event, _KEYS)
