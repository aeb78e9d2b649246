"""What a run wrote, less the lines by which it told of its work.

Where such a line stood in the middle of another, the two halves of that meet: a secret may be whole only then, and is
hidden once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from task_scheduler.execution.output_format import STDOUT, OutputLine
from task_scheduler.masking import Flow, Mask

#: What such a line begins with; before it stands the beginning of a line, or this byte.
_TELLING = "::task-scheduler:: "
_BREAK = "\x1e"
_MARK, _SEPARATOR = _TELLING.encode(), _BREAK.encode()
#: What is told ends with its line, or where the next telling breaks in.
_TOLD = re.compile(rb"(?:(?<=\n)|\x1e)" + _MARK + rb"[^\n\x1e]*\n?")


def left_out(told: int, run_id: int, *, program: str) -> str:
    """Return that so many lines of a run were left out, and where they are."""
    lines, them = ("1 progress line", "it") if told == 1 else (f"{told:,} progress lines", "them")
    return f"{lines} hidden; `{program} logs {run_id} --raw` shows {them}"


class OwnBytes:
    """Takes what one attempt writes to standard output, as it comes, and gives back what is the task's own.

    As OwnLines does, and every other byte as it is.
    """

    def __init__(self, mask: Mask | None = None) -> None:
        """`mask` hides secrets in what is left; None: there are none."""
        self.told = 0  #: lines left out
        self._mask = mask
        self._flow = Flow()
        self._begins = True  #: what comes next begins a line
        self._held = b""  #: what may be the beginning of a telling, or is one that goes on

    def own(self, data: bytes) -> bytes:
        """Return what of all that was held back, and of this, is not told, and cannot be the beginning of a secret."""
        return self._flow.hide(self._not_told(data), self._mask, ends=False)

    def rest(self) -> bytes:
        """Return what looked like the beginning of a telling or a secret and was not gone on with, at the output's end."""
        held, self._held = self._held, b""
        if held.removeprefix(_SEPARATOR).startswith(_MARK):
            self.told += 1
            held = b""
        return self._flow.hide(held, self._mask, ends=True)

    def _not_told(self, data: bytes) -> bytes:
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


class OwnLines:
    """Takes lines of a kept output in their order, and gives back what is the task's own.

    Of a line a telling broke into, the two halves are one again: what was told goes, and its newline with it.
    """

    def __init__(self, mask: Mask | None = None) -> None:
        """`mask` hides secrets in what is left; None: there are none."""
        self.told = 0  #: lines left out
        self._mask = mask
        self._flow = Flow()
        self._begins = True  #: nothing of the line has been seen
        self._is_telling = False  #: what goes on is what is being told
        self._undecided = ""  #: the end of a piece that may be the beginning of a telling
        self._last: OutputLine | None = None  #: what came last

    def own(self, line: OutputLine) -> Iterator[OutputLine]:
        """Yield what of a line, or a piece of one, is not told; nothing: all of it is, or it goes on."""
        if line.stream != STDOUT:
            yield line
            return
        self._last = line
        for shown in self._not_told(line):
            yield from self._masked(shown)

    def _not_told(self, line: OutputLine) -> Iterator[OutputLine]:
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
                self._undecided, self._is_telling = before + part, False
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
        self._flow, self._last = Flow(), None

    def rest(self) -> Iterator[OutputLine]:
        """Yield what looked like the beginning of a telling or a secret and was not gone on with."""
        undecided, self._undecided = self._undecided, ""
        if self._last is not None and (shown := self._hidden(undecided, ends=True)):
            yield self._last._replace(text=shown, partial=True)

    def _masked(self, line: OutputLine) -> Iterator[OutputLine]:
        """Yield the line with secrets hidden; of a piece, less an end that may be the beginning of one."""
        shown = self._hidden(line.text, ends=not line.partial)
        if shown or not line.partial:
            yield line._replace(text=shown)

    def _hidden(self, text: str, *, ends: bool) -> str:
        if self._mask is None:
            return text
        return self._flow.hide(text.encode("utf-8", "surrogatepass"), self._mask, ends=ends).decode(errors="replace")
