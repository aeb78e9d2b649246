"""`logs --follow`: every line that any run writes, as it is written."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from task_scheduler.cli.door import Door
from task_scheduler.cli.output import OUTPUTS, OutputFile
from task_scheduler.cli.own_lines import OwnLines
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.text import escape
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import StoreError, UnknownRun
from task_scheduler.execution.output_format import STDERR, OutputLine
from task_scheduler.known_secrets import mask_around

#: Seconds between two looks at the outputs, and looks between two questions which runs there are.
_LOOK, _LOOKS_PER_QUESTION = 0.2, 3
#: Newest runs whose last lines are shown first, and bytes of each that are looked through for them.
_RECENT, _NEAR_END = 10, 1 << 16
#: Runs told in one answer.
_PAGE, _FEW = 1_000, 5
_ACTIVE = ["queued", "running", "retrying"]
#: States of an attempt that may still write.
_OPEN = frozenset({"claimed", "running"})


def follow(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Print what all runs write, or those of one task, until Ctrl-C."""
    task = None if options.task is None else door.ask("show", task=task_id(options.task, door))["id"]
    outputs = _Outputs(door, task, raw=options.raw)
    printer = _Printer(terminal, with_date=options.timestamps)
    recent = outputs.recent()
    printer.print(recent[len(recent) - min(len(recent), options.lines) :])
    for look in count(1):
        terminal.pause(_LOOK)
        if look % _LOOKS_PER_QUESTION == 0:
            outputs.learn()
        printer.print(outputs.news())
    raise AssertionError("it ends by Ctrl-C")


@dataclass(frozen=True, slots=True)
class _Line:
    """One whole line of an output."""

    time: datetime
    name: str  #: `report 42`, with the attempt's number behind a second one
    stream: str
    text: str


class _Printer:
    """Writes lines with who wrote them and when."""

    def __init__(self, terminal: Terminal, *, with_date: bool) -> None:
        self._terminal = terminal
        self._with_date = with_date

    def print(self, lines: list[_Line]) -> None:
        """Write lines, and let the reader see them."""
        terminal = self._terminal
        for line in lines:
            text = escape(line.text, keep_tabs=True)
            name = terminal.paint(escape(line.name), "busy")
            said = terminal.paint(text, "warning" if line.stream == STDERR else "")
            print(f"{terminal.paint(self._time(line.time), 'faint')} {name} | {said}", file=terminal.out)
        if lines:
            terminal.out.flush()

    def _time(self, moment: datetime) -> str:
        if self._with_date:
            return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
        local = moment.astimezone(self._terminal.zone)
        return f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"


class _Outputs:
    """The outputs of all runs that are not over, and of those that come, each as far as it has been read."""

    def __init__(self, door: Door, task: str | None, *, raw: bool) -> None:
        self._door = door
        self._task = task
        self._raw = raw
        self._folder = door.project.root / OUTPUTS
        self._runs: dict[int, _Run] = {}
        self._newest = 0  #: the highest number of a run that is known

    def recent(self) -> list[_Line]:
        """Return the last lines of the newest runs and of those at work; `news` goes on from there."""
        newest = self._history(limit=_RECENT)
        self._newest = max((run["id"] for run in newest), default=0)
        for run in {run["id"]: run for run in (*self._pages(0, states=_ACTIVE), *newest)}.values():
            self._take(run, near_end=True)
        return self.news()

    def learn(self) -> None:
        """Find out which runs there are now; where nobody answers, what is known stays."""
        try:
            active = {run["id"]: run for run in self._pages(0, states=_ACTIVE)}
            new = list(self._pages(self._newest, limit=_FEW))
            gone = [number for number in self._runs if number not in active]
            for run in sorted((*active.values(), *new), key=lambda run: int(run["id"])):
                self._take(run)
            for number in gone:
                self._look_at(number)
            self._newest = max((run["id"] for run in new), default=self._newest)
        except (NoAnswer, StoreError):
            return

    def news(self) -> list[_Line]:
        """Return what was written since the last call, in the order in which it was."""
        lines: list[_Line] = []
        for number, run in list(self._runs.items()):
            lines += run.new_lines()
            if run.is_over:
                del self._runs[number]
        return sorted(lines, key=lambda line: line.time)

    def _take(self, run: Document, *, near_end: bool = False) -> None:
        """Follow a run, whose attempts are asked for only when something of it has changed."""
        known = self._runs.get(run["id"])
        now = (run["state"], run["executions"])
        if known is None or known.state != now:
            self._look_at(run["id"], near_end=near_end)
            if run["id"] in self._runs:
                self._runs[run["id"]].state = now

    def _look_at(self, number: int, *, near_end: bool = False) -> None:
        try:
            told: Document = self._door.ask("run", run=number)
        except UnknownRun:  # no longer kept
            self._runs.pop(number, None)
            return
        run = self._runs.setdefault(number, _Run())
        run.is_over = told["final"]
        for attempt in told["attempts"]:
            run.take(told, attempt, self, near_end=near_end)

    def open(self, told: Document, attempt: Document) -> _Output:
        """Return the output of an attempt, from its beginning."""
        number = attempt["number"]
        name = f"{told['task']} {told['id']}" + (f".{number}" if number > 1 else "")
        own = None if self._raw else OwnLines(mask_around(str(self._door.project.root)))
        return _Output(OutputFile(self._folder, attempt["output"]), name, own)

    def _pages(self, after: int, *, limit: int = _PAGE, **which: object) -> Iterator[Document]:
        """Yield runs with higher numbers than `after`, newest first."""
        before: int | None = None
        while True:
            page = self._history(limit=limit, before=before, **which)
            yield from (run for run in page if run["id"] > after)
            if len(page) < limit or page[-1]["id"] <= after:
                return
            before, limit = page[-1]["id"], _PAGE

    def _history(self, **which: object) -> Sequence[Document]:
        found: Sequence[Document] = self._door.ask("history", task=self._task, **which)
        return found


class _Run:
    """The outputs of one run that may still be written."""

    def __init__(self) -> None:
        self.state: tuple[str, int] | None = None  #: what was told of it when it was last looked at
        self.is_over = False
        self._outputs: dict[int, _Output] = {}
        self._done: set[int] = set()

    def take(self, told: Document, attempt: Document, outputs: _Outputs, *, near_end: bool) -> None:
        """Follow an attempt; of one that had ended when this was told, nothing comes after the next look."""
        number = attempt["number"]
        if number in self._done or attempt["state"] == "void":
            return
        output = self._outputs.get(number)
        if output is None:
            output = self._outputs[number] = outputs.open(told, attempt)
            if near_end:
                output.begin_near_end()
        output.is_over = attempt["state"] not in _OPEN

    def new_lines(self) -> Iterator[_Line]:
        """Yield what was written since the last call, attempt by attempt."""
        for number, output in list(self._outputs.items()):
            yield from output.new_lines()
            if output.is_over:
                self._done.add(number)
                del self._outputs[number]


class _Output:
    """One output, in whole lines."""

    def __init__(self, file: OutputFile, name: str, own: OwnLines | None) -> None:
        """`own` leaves out what tells of the work; None: that is shown as well."""
        self.is_over = False  #: nothing is added any more
        self._file = file
        self._name = name
        self._own = own
        self._begun: dict[str, OutputLine] = {}  #: of each stream, the line that goes on

    def begin_near_end(self) -> None:
        """Leave out all but the last lines of what is there."""
        self._file.skip_to_last(_NEAR_END)

    def new_lines(self) -> Iterator[_Line]:
        """Yield the lines that were ended since the last call; once it is over, also one that was not."""
        for line in self._file.new_lines():
            for own in (line,) if self._own is None else self._own.own(line):
                yield from self._whole(own)
        if self.is_over:
            for own in () if self._own is None else self._own.rest():
                yield from self._whole(own)
            for stream in tuple(self._begun):
                yield self._line(self._begun.pop(stream))

    def _whole(self, piece: OutputLine) -> Iterator[_Line]:
        begun = self._begun.pop(piece.stream, None)
        if begun is not None:
            piece = piece._replace(time=begun.time, text=begun.text + piece.text)
        if piece.partial:
            self._begun[piece.stream] = piece
        else:
            yield self._line(piece)

    def _line(self, line: OutputLine) -> _Line:
        return _Line(line.time, self._name, line.stream, line.text)
