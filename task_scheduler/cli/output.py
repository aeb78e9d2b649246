"""Reading the kept output of attempts, which may still grow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from task_scheduler.execution.output_format import SYSTEM, OutputLine, parse

#: The folder of outputs in the project folder.
OUTPUTS = Path("logs/runs")
_CHUNK = 1 << 18
#: The time of a line that does not tell its own.
_UNTOLD = datetime.min.replace(tzinfo=UTC)


class OutputFile:
    """The output of one attempt, read from where the last reading ended."""

    def __init__(self, folder: Path, name: str) -> None:
        """`name` comes from the record: one that points out of the folder is not read."""
        path = (folder / name).resolve()
        self._path = path if path.is_relative_to(folder.resolve()) else None
        self._offset = 0
        self._rest = b""

    @property
    def exists(self) -> bool:
        """Whether it is still kept."""
        return self._path is not None and self._path.is_file()

    def skip_to_last(self, limit: int) -> None:
        """Leave out what comes before the last `limit` bytes, and the line they begin in the middle of."""
        if not self.exists or self._path is None:
            return
        with self._path.open("rb") as file:
            place = file.seek(0, os.SEEK_END) - limit
            if place > 0:
                file.seek(place)
                file.readline()
                self._offset = file.tell()

    def new_lines(self) -> Iterator[OutputLine]:
        """Yield what was written since the last call; a line that is not whole yet waits for the next one."""
        return map(_read, self._new())

    def new_pieces(self) -> Iterator[tuple[str, bytes]]:
        """Yield what was written since the last call, byte for byte, each piece with the stream it was written to."""
        return map(_piece, self._new())

    def _new(self) -> Iterator[bytes]:
        if not self.exists or self._path is None:
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            while chunk := file.read(_CHUNK):
                self._offset += len(chunk)
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                yield from lines


def _read(line: bytes) -> OutputLine:
    try:
        return parse(line)
    except ValueError:
        # A disk that was full, or a person's edit: what is there is shown.
        text = line.decode(errors="replace")
        return OutputLine(time=_UNTOLD, stream=SYSTEM, partial=False, text=text)


def _piece(line: bytes) -> tuple[str, bytes]:
    read = _read(line)
    if read.time == _UNTOLD:
        return read.stream, line + b"\n"
    # Behind the time, the stream and the flag, each of which ends at a space.
    return read.stream, line.split(b" ", 3)[-1] + (b"" if read.partial else b"\n")
