"""What a run wrote, less the lines by which it told of its work."""

from __future__ import annotations

import re
from collections.abc import Iterator

from task_scheduler.execution.output_format import STDOUT, OutputLine

#: What such a line begins with; before it stands the beginning of a line, or this byte.
_TELLING = "::task-scheduler:: "
_BREAK = "\x1e"
_MARK, _SEPARATOR = _TELLING.encode(), _BREAK.encode()
#: What is told ends with its line, or where the next telling breaks in.
_TOLD = re.compile(rb"(?:(?<=\n)|\x1e)" + _MARK + rb"[^\n\x1e]*\n?")


def left_out(told: int, run_id: int, *, program: str) -> str:
    """Return that so many lines of a run were left out, and where they are."""
    lines = "1 line" if told == 1 else f"{told:,} lines"
    how = f"`{program} show {run_id}` tells what they say, `logs {run_id} --raw` shows them"
    return f"{lines} that told of the work left out: {how}"


class OwnBytes:
    """Takes what one attempt writes to standard output, as it comes, and gives back what is the task's own.

    As OwnLines does, and every other byte as it is.
    """

    def __init__(self) -> None:
        self.told = 0  #: lines left out
        self._begins = True  #: what comes next begins a line
        self._held = b""  #: what may be the beginning of a telling, or is one that goes on

    def own(self, data: bytes) -> bytes:
        """Return what of all that was held back, and of this, is not told."""
        data, self._held = self._held + data, b""
        last = max(data.rfind(b"\n") + 1, data.rfind(_SEPARATOR), 0)
        may_tell = self._begins or last > 0 or data.startswith(_SEPARATOR)
        text = data[last:].removeprefix(_SEPARATOR)
        if may_tell and (_MARK.startswith(text) or text.startswith(_MARK)):
            data, self._held = data[:last], data[last:]
        # The byte before it decides whether what it begins with can tell.
        shown, count = _TOLD.subn(b"", (b"\n" if self._begins else b" ") + data)
        self.told += count
        if data:
            self._begins = data.endswith(b"\n")
        return shown[1:]

    def rest(self) -> bytes:
        """Return what looked like the beginning of a telling and was not gone on with; the output is at its end."""
        held, self._held = self._held, b""
        if not held.removeprefix(_SEPARATOR).startswith(_MARK):
            return held
        self.told += 1
        return b""


class OwnLines:
    """Takes lines of a kept output in their order, and gives back what is the task's own.

    Of a line a telling broke into, the two halves are one again: what was told goes, and its newline with it.
    """

    def __init__(self) -> None:
        self.told = 0  #: lines left out
        self._begins = True  #: nothing of the line has been seen
        self._is_telling = False  #: what goes on is what is being told
        self._undecided = ""  #: the end of a piece that may be the beginning of a telling
        self._last: OutputLine | None = None  #: the piece that was the end of

    def own(self, line: OutputLine) -> Iterator[OutputLine]:
        """Yield what of a line, or a piece of one, is not told; nothing: all of it is, or it goes on."""
        if line.stream != STDOUT:
            yield line
            return
        text, self._undecided = self._undecided + line.text, ""
        shown = ""
        for place, part in enumerate(text.split(_BREAK)):
            may_tell = place > 0 or self._begins
            if not may_tell:
                shown += "" if self._is_telling else part
                continue
            self._begins = False
            before = _BREAK if place > 0 else ""
            is_last = text.count(_BREAK) == place
            if line.partial and is_last and part != _TELLING and _TELLING.startswith(part):
                self._undecided, self._last, self._is_telling = before + part, line, False
                self._begins = place == 0
                break
            self._is_telling = part.startswith(_TELLING)
            if self._is_telling:
                self.told += 1
            else:
                shown += before + part
        ends_telling = self._is_telling and not line.partial
        is_whole = not line.partial and not ends_telling
        if shown or is_whole:
            yield line._replace(text=shown, partial=not is_whole)
        if not line.partial:
            self._begins, self._is_telling = True, False

    def begin(self) -> None:
        """Begin with another output; what was left out so far counts on."""
        self._begins, self._is_telling, self._undecided = True, False, ""

    def rest(self) -> Iterator[OutputLine]:
        """Yield what looked like the beginning of a telling and was not gone on with."""
        if self._undecided and self._last is not None:
            yield self._last._replace(text=self._undecided)
        self._undecided = ""
