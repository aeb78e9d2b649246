"""Reading the kept output of attempts, which may still grow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from task_scheduler.execution.output_format import SYSTEM, OutputLine, parse

#: The folder of outputs in the project folder.
OUTPUTS = Path("logs/runs")
_CHUNK = 1 << 18


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

    def new_lines(self) -> Iterator[OutputLine]:
        """Yield what was written since the last call; a line that is not whole yet waits for the next one."""
        if not self.exists or self._path is None:
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            while chunk := file.read(_CHUNK):
                self._offset += len(chunk)
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                for line in lines:
                    yield _read(line)


def _read(line: bytes) -> OutputLine:
    try:
        return parse(line)
    except ValueError:
        # A disk that was full, or a person's edit: what is there is shown.
        text = line.decode(errors="replace")
        return OutputLine(time=datetime.min.replace(tzinfo=UTC), stream=SYSTEM, partial=False, text=text)
