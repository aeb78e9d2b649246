"""What an attempt tells of its work by lines of its output: how far it is, numbers, what it made, what came out.

    ::task-scheduler:: progress 3/10 reading      (also `40% text`, and `7 text` where nobody knows the end)
    ::task-scheduler:: metric rows 1200
    ::task-scheduler:: artifact out/report.pdf The title
    ::task-scheduler:: result {"rows": 12}

Such a line begins at the beginning of a line, or behind the byte 0x1E anywhere. The newest of each counts. Whatever is
wrong with one becomes a sentence for the record, never a failure.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import json
import re

from task_scheduler import known_secrets
from task_scheduler.masking import HIDDEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

MOST_NAMES = 100  #: metrics, and again artifacts
MOST_NAME = 100  #: characters of a metric's name
MOST_PATH = 500
MOST_TEXT = 200
MOST_RESULT = 100_000
_MOST_DIGITS = 1000  #: of a whole number in a result; Python itself reads 4300
_MOST_PROGRESS, _LEAST_TOTAL = 1e15, 1e-6  #: beyond these a part of the whole means nothing
MOST_REFUSED = 20
_MOST_SENTENCE = 400
#: Longer than these many bytes no line can be right: characters of a result take up to four.
MOST_LINE = 4 * MOST_RESULT + 100
#: Lines that are read at once in one second, a long one counted as several: so a flood of them costs what output costs.
_ALLOWANCE = 500
_BYTES_OF_ONE = 256

#: As read from complete lines: what is told ends where the line does, or where the next one breaks in.
_TOLD = re.compile(rb"(?:^|\x1e)::task-scheduler:: ([^\n\x1e]*)", re.MULTILINE)
_MARK = b"::task-scheduler:: "
_RESULT = _MARK + b"result "
_NEWEST = (_MARK + b"progress ", _MARK + b"metric ", _MARK + b"artifact ")
#: Of a flood, so many of the newest lines of a kind are read until one is right; of results, which may be long, so many.
_LOOKS, _MOST_LATE = 50, 3
_BEGINS = (b"", b"\n", b"\x1e")
_NUMBER = re.compile(r"[+-]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][+-]?\d{1,4})?", re.ASCII)
_STRING_OR_HIDDEN = re.compile(r'("(?:[^"\\]|\\.)*")|[-+.\w]*\*\*\*[-+.\w*]*')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\s+|$)')


class _Wrong(Exception):
    """A line that does not tell what it should; its text says what to write."""


class Telling:
    """What one attempt has told so far."""

    __slots__ = (
        "_allowance",
        "_artifacts",
        "_late",
        "_metrics",
        "_more",
        "_progress",
        "_refused",
        "_result",
        "_since",
        "is_new",
    )

    def __init__(self) -> None:
        self.is_new = False  #: whether something was told that has not been handed on
        self._progress: dict[str, Any] | None = None
        self._metrics: dict[str, float] = {}
        self._artifacts: dict[str, str] = {}
        self._result: str | None = None
        self._refused: dict[str, None] = {}
        self._more = 0  #: refused beyond these
        self._late: list[bytes] = []  #: results that were not read at once, the newest first
        self._allowance = _ALLOWANCE
        self._since = float("-inf")  #: monotonic; when the allowance was given last

    def hear(self, lines: bytes, now: float) -> None:
        """Take what complete lines tell, without the newline of the last; `now` is monotonic."""
        self.is_new = True
        if now - self._since >= 1.0:
            self._since, self._allowance = now, _ALLOWANCE
            self._catch_up()
        if self._allowance > 0:
            bodies = _TOLD.findall(lines)
            self._allowance -= len(bodies) + sum(map(len, bodies)) // _BYTES_OF_ONE
            if self._allowance > -_ALLOWANCE:
                self._catch_up()
                for body in bodies:
                    self._take(body)
                return
        self._put_off(lines)

    def too_long(self) -> None:
        """Note that a line told more than any may."""
        self.is_new = True
        self._refuse(
            f"a line of more than {MOST_LINE:,} bytes is not read; of a result {MOST_RESULT:,} characters are kept"
        )

    def notes(self) -> dict[str, Any]:
        """Return what was told, as it is put on record; empty: nothing."""
        self._catch_up()
        notes: dict[str, Any] = {}
        if self._progress is not None:
            notes["progress"] = self._progress
        if self._metrics:
            notes["metrics"] = dict(self._metrics)
        if self._artifacts:
            notes["artifacts"] = [{"path": path, "title": title} for path, title in self._artifacts.items()]
        if self._result is not None:
            notes["result"] = self._result
        if self._refused:
            notes["refused"] = [*self._refused, *([f"and {self._more:,} more"] if self._more else [])]
        return notes

    # --- reading ------------------------------------------------------------------------------------------

    def _put_off(self, lines: bytes) -> None:
        """Take the newest line of each kind that is right; results are kept, to be read when there is time."""
        for beginning in _NEWEST:
            any(self._take(body) for body in _newest_first(lines, beginning, _LOOKS))
        self._late = [*_newest_first(lines, _RESULT, _MOST_LATE), *self._late][:_MOST_LATE]
        self._refuse("more was told at once than is read: of some moments only the newest line of each kind is kept")

    def _catch_up(self) -> None:
        late, self._late = self._late, []
        any(self._take(body) for body in late)

    def _take(self, body: bytes) -> bool:
        """Take what a line tells; False: it is wrong, which is noted."""
        told = body.decode("utf-8", "replace").strip()
        verb, _, rest = told.partition(" ")
        try:
            self._take_verb(verb, rest.strip())
        except _Wrong as wrong:
            self._refuse(f"`{_cut(told, 60)}` is not kept: {wrong}")
            return False
        return True

    def _take_verb(self, verb: str, rest: str) -> None:
        if verb == "progress":
            self._progress = _progress(rest)
        elif verb == "metric":
            self._take_metric(rest)
        elif verb == "artifact":
            self._take_artifact(rest)
        elif verb == "result":
            self._result = _json(rest)
        elif verb == "refused":  # how the helpers hand on what they found themselves
            self._refuse(rest)
        else:
            raise _Wrong("a line tells `progress`, `metric`, `artifact` or `result`")

    def _take_metric(self, rest: str) -> None:
        name, value = _word(rest)
        if not name or not value:
            raise _Wrong("write `metric rows 1200`")
        if len(name) > MOST_NAME:
            raise _Wrong(f"a metric's name has at most {MOST_NAME} characters")
        number = _finite(value, "write `metric rows 1200`, a name and a number")
        if name not in self._metrics and len(self._metrics) >= MOST_NAMES:
            raise _Wrong(f"a run has at most {MOST_NAMES} metrics")
        self._metrics[name] = number

    def _take_artifact(self, rest: str) -> None:
        path, title = _word(rest)
        if not path:
            raise _Wrong("write `artifact out/report.pdf The title`")
        if len(path) > MOST_PATH:
            raise _Wrong(f"an artifact's path has at most {MOST_PATH} characters")
        if path not in self._artifacts and len(self._artifacts) >= MOST_NAMES:
            raise _Wrong(f"a run has at most {MOST_NAMES} artifacts")
        self._artifacts[path] = _cut(title, MOST_TEXT)

    def _refuse(self, sentence: str) -> None:
        sentence = _cut(sentence, _MOST_SENTENCE)
        if len(self._refused) < MOST_REFUSED:
            self._refused[sentence] = None
        elif sentence not in self._refused:
            self._more += 1


def unfinished(piece: bytes, *, begins_line: bool) -> bytes:
    """Return the end of a piece of a line that may be the beginning of something told; empty: it is not."""
    place = piece.rfind(b"\x1e")
    if place < 0 and not begins_line:
        return b""
    told = piece[place + 1 :]
    beginning = b"::task-scheduler:: "
    return b"\x1e" + told if told.startswith(beginning) or beginning.startswith(told) else b""


def _newest_first(lines: bytes, beginning: bytes, most: int) -> Iterator[bytes]:
    """Yield what the newest lines of a kind tell, at most so many."""
    end = len(lines)
    for _ in range(most):
        place = lines.rfind(beginning, 0, end)
        if place < 0:
            return
        if lines[max(place - 1, 0) : place] in _BEGINS:
            yield lines[place + len(_MARK) : end].split(b"\n", 1)[0].split(b"\x1e", 1)[0]
        end = place


def _progress(rest: str) -> dict[str, Any]:
    how = "write `progress 3/10 text`, `progress 40% text` or `progress 7 text`"
    said, _, text = rest.partition(" ")
    done, slash, total = said.partition("/")
    if not slash and said.endswith("%"):
        done, total = said[:-1], "100"
    counted = _finite(done, how)
    end = _finite(total, how) if total or slash else None
    if counted < 0 or (end is not None and end <= 0):
        raise _Wrong("progress counts from 0, to more than 0")
    if max(counted, end or 0) > _MOST_PROGRESS or (end is not None and end < _LEAST_TOTAL):
        raise _Wrong(f"progress counts at most to {_MOST_PROGRESS:g}, and to a total of at least {_LEAST_TOTAL:g}")
    return {"done": counted, "total": end, "text": _cut(text.strip(), MOST_TEXT)}


def _finite(said: str, how: str) -> float:
    if _NUMBER.fullmatch(said) is None:
        raise _Wrong(how)
    number = float(said)
    if number - number != 0:
        raise _Wrong("it is more than a number can be")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _json(text: str) -> str:
    if len(text) > MOST_RESULT:
        raise _Wrong(f"it has {len(text):,} characters, and {MOST_RESULT:,} are kept; name a file as an artifact")
    try:
        json.loads(text, parse_constant=_no_constant, parse_float=_json_float, parse_int=_json_int)
    except json.JSONDecodeError as error:
        if HIDDEN in text and known_secrets.mask() is not None:
            # In place of a number, or of what holds quotes or brackets.
            mended = _with_hidden_numbers(text)
            return _json(mended) if mended != text else json.dumps(HIDDEN)
        raise _Wrong(f"it is no JSON: {error}") from None
    except RecursionError:
        raise _Wrong("it is nested too deeply for JSON") from None
    return text


def _with_hidden_numbers(text: str) -> str:
    """Return JSON in which digits were hidden with those numbers in quotes."""
    return _STRING_OR_HIDDEN.sub(lambda found: found[1] or f'"{HIDDEN}"', text)


def _no_constant(name: str) -> NoReturn:
    raise _Wrong(f"it is no JSON: JSON has no {name}")


def _json_float(said: str) -> None:
    number = float(said)
    if number - number != 0:
        raise _Wrong(f"the number {_cut(said, 20)} in it is more than a number can be")


def _json_int(said: str) -> None:
    if len(said) > _MOST_DIGITS:  # whoever reads the record would fail
        raise _Wrong(f"a number in it has {len(said):,} digits, and {_MOST_DIGITS:,} are kept; write it as text")


def _word(text: str) -> tuple[str, str]:
    """Split off the first word, which may stand in quotes."""
    quoted = _QUOTED.match(text)
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1]), text[quoted.end() :].strip()
    word, _, rest = text.partition(" ")
    return word, rest.strip()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
