"""What a run wrote, less the lines by which it told of its work."""

from __future__ import annotations

from collections.abc import Iterator

from task_scheduler.execution.output_format import STDOUT, OutputLine

#: What such a line begins with; before it stands the beginning of a line, or this byte.
_TELLING = "::task-scheduler:: "
_BREAK = "\x1e"


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
