"""What the process of an attempt leaves for its host to read: what its code raised, asked for and returned.

One file beside the marker, JSON, with only those of the keys that have something to say:

    error        {kind, message, place, bases}
    end_request  {kind, reason, seconds}
    result       JSON text
    refused      sentences about what could not be kept

It is written where the task's own code could write too, so its reader believes no shape of it. Both sides hide what
they know to be secret.
Both sides: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from contextlib import suppress

from task_scheduler import known_secrets
from task_scheduler.execution import markers
from task_scheduler.this_run import Cancel, Skip, Snooze

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: More than this nobody writes there who means well: a result of 100,000 characters, spelled out twice, is less.
_MOST_BYTES = 2_000_000
_MOST_MESSAGE = 2000
_MOST_RESULT = 100_000
_MOST_REFUSED = 20
_MOST_SENTENCE = 400
_MOST_BASES = 20
_MOST_NAME = 200
_MOST_SNOOZE = 7 * 86_400
_KINDS = {Skip: "skip", Snooze: "snooze", Cancel: "cancel"}


class OpenFile:
    """A file that this process holds open for its words, since its user has no way to it."""

    __slots__ = ("_descriptor", "_is")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is = _identity(descriptor)

    def write(self, text: bytes) -> None:
        """Write this in place of what is in there; raises OSError, also where its descriptor leads elsewhere by now."""
        descriptor = os.dup(self._descriptor)  # which nobody exchanges between the look and the writing
        try:
            if _identity(descriptor) != self._is:
                raise OSError(errno.EBADF, "its file was closed by the task")
            os.ftruncate(descriptor, 0)
            written = 0
            while written < len(text):
                written += os.pwrite(descriptor, text[written:], written)
        finally:
            os.close(descriptor)


def leave(place: str | OpenFile, said: dict[str, Any]) -> None:
    """Leave words for the host: in the file of this path, or in one that is open."""
    text = json.dumps(_without_secrets(said)).encode()
    try:
        if isinstance(place, OpenFile):
            place.write(text)
            return
        with open(place, "wb") as file:
            file.write(text)
    except OSError as error:
        print(f"how it ended could not be put on record: {error}", file=sys.stderr)  # noqa: T201


def request_of(raised: Skip | Snooze | Cancel) -> dict[str, Any] | None:
    """Return what the task's code asks for by raising this; None: a class of its own has spoiled it."""
    kind = next(name for base, name in _KINDS.items() if isinstance(raised, base))
    reason, seconds = getattr(raised, "reason", ""), getattr(raised, "seconds", None)
    return _end_request({"kind": kind, "reason": reason, "seconds": seconds})


def take(folder: str, attempt: str) -> dict[str, Any]:
    """Return what an attempt's process left, and remove it; a word that is not as it should be is left out."""
    path = markers.words_path(folder, attempt)
    try:
        text = _content(path)
    except FileNotFoundError:
        return {}
    except OSError:
        text = b""
    with suppress(OSError):  # a full or read-only disk: it goes with the folder
        os.unlink(path)
    return _legible(text)


def _without_secrets(said: dict[str, Any]) -> dict[str, Any]:
    hidden = {name: known_secrets.hide_in(word) for name, word in said.items() if name != "result"}
    if "result" in said:
        hidden["result"] = known_secrets.hide_in_json(said["result"])
    return hidden


def _identity(descriptor: int) -> tuple[int, int]:
    facts = os.fstat(descriptor)
    return facts.st_dev, facts.st_ino


def _content(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _MOST_BYTES:
            return b""
        return os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)


def _legible(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    words = {
        "error": _error(said.get("error")),
        "end_request": _end_request(said.get("end_request")),
        "result": _result(said.get("result")),
        "refused": _texts(said.get("refused"), _MOST_REFUSED, _MOST_SENTENCE),
    }
    return {name: word for name, word in words.items() if word}


def _error(said: object) -> dict[str, Any] | None:
    if not isinstance(said, dict) or not all(isinstance(said.get(key), str) for key in ("kind", "message", "place")):
        return None
    bases = _texts(said.get("bases"), _MOST_BASES, _MOST_NAME)
    texts = {key: known_secrets.hide(said[key])[:_MOST_MESSAGE] for key in ("kind", "message", "place")}
    return {**texts, "bases": bases}


def _end_request(said: object) -> dict[str, Any] | None:
    if not isinstance(said, dict) or said.get("kind") not in _KINDS.values() or not isinstance(said.get("reason"), str):
        return None
    reason = known_secrets.hide(said["reason"])[:_MOST_MESSAGE]
    request = {"kind": said["kind"], "reason": reason, "seconds": None}
    if said["kind"] == "snooze":
        seconds = said.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= _MOST_SNOOZE:
            return None
        request["seconds"] = seconds
    return request


def _result(said: object) -> str | None:
    return known_secrets.hide_in_json(said) if isinstance(said, str) and len(said) <= _MOST_RESULT else None


def _texts(said: object, most: int, longest: int) -> list[str]:
    if not isinstance(said, list):
        return []
    return [known_secrets.hide(text)[:longest] for text in said[:most] if isinstance(text, str)]
