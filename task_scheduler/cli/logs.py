"""`logs RUN`: what a run wrote; without one, what all wrote, and the log files."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from task_scheduler.cli import all_output, log_files, phrases
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.output import OUTPUTS, OutputFile
from task_scheduler.cli.own_lines import OwnLines, left_out
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.text import escape
from task_scheduler.execution.output_format import STDERR, STDOUT, OutputLine
from task_scheduler.known_secrets import mask_around

HELP = "print what a run wrote; without RUN the newest lines of a log file, or with --follow all that runs write"
DESCRIPTION = """\
Without RUN: the newest lines of logs/tasks.log, or of the file that is chosen. `logs --follow` shows every line that
any run writes, with the time, the task and the run, until Ctrl-C; with a file chosen, what is added to that.

Of a RUN: lines the run wrote to standard output go to standard output, lines it wrote to standard error to standard error.
Characters that act on a terminal are spelled out, and lines by which the run told of its work (`::task-scheduler:: …`)
are left out: `show RUN` tells what they say, and what was wrong with them. --raw writes everything as it is."""

#: Seconds between two looks at an output that is followed.
_LOOK = 0.2
_OPEN = frozenset({"claimed", "running"})
#: Lines of a log file that are shown where nobody says how many.
_LINES = 20
#: The log files that can be chosen, and what is in them.
_FILES: Mapping[str, str] = MappingProxyType(
    {
        "tasks": "logs/tasks.log, what tasks logged; so by default, where nothing is followed",
        "scheduler": "logs/scheduler.log, what the scheduler did",
        "errors": "logs/errors.log, errors of tasks and of the scheduler",
        "monitor": "logs/monitor.log, what the monitoring script did",
    }
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the run and what of it to print."""
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        type=_run,
        help="the run's number, as `history` shows it; or a task: its newest run",
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run ends, without RUN for ever")
    without = parser.add_argument_group("without RUN")
    without.add_argument("-n", "--lines", metavar="N", type=_count, help=f"so many lines at first; {_LINES} by default")
    without.add_argument("--task", metavar="NAME", help="only what this task wrote")
    files = without.add_mutually_exclusive_group()
    for name, holds in _FILES.items():
        files.add_argument(f"--{name}", dest="file", action="store_const", const=name, help=holds)
    files.add_argument("--rotate", action="store_true", help="put aside the log files that are due, and print no line")
    without.add_argument("--json", action="store_true", help="with --rotate: write a JSON document")
    parser.add_argument("--attempt", metavar="N", type=_number, help="only the N-th attempt; all of them by default")
    parser.add_argument("--timestamps", action="store_true", help="begin each line with the time it was written")
    parser.add_argument(
        "--raw", action="store_true", help="write control characters as they are, and what the run told"
    )
    streams = parser.add_mutually_exclusive_group()
    streams.add_argument("--stdout", action="store_true", help="only standard output")
    streams.add_argument("--stderr", action="store_true", help="only standard error")


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Print the output of a run, of all runs, or a log file."""
    wrong = _wrong(options)
    if wrong:
        terminal.error(wrong, hint=f"`{options.program} logs --help` tells what can be said")
        return ExitCode.USAGE
    if options.run is not None:
        return _of_a_run(options, door, terminal)
    if options.rotate:
        return log_files.rotate(options, door, terminal)
    options.lines = _LINES if options.lines is None else options.lines
    if options.follow and options.file is None:
        return all_output.follow(options, door, terminal)
    return log_files.show(options, door, terminal)


def _wrong(options: Namespace) -> str:
    """Return what does not go together; empty: all does."""
    of_a_run = ["attempt", "stdout", "stderr"]
    without = ["lines", "task", "file", "rotate"]
    if options.run is not None:
        given = [name for name in without if getattr(options, name) not in {None, False}]
        return f"{_option(given[0], options)} is said without a RUN" if given else ""
    given = [name for name in of_a_run if getattr(options, name)]
    if given:
        return f"{_option(given[0], options)} needs a RUN: its number, or a task's name for its newest"
    if options.json and not options.rotate:
        return "--json is said with --rotate; lines are text"
    if options.task is not None and options.file not in {None, "tasks"}:
        return f"--task chooses what tasks wrote, and logs/{options.file}.log is not written by tasks"
    return ""


def _option(name: str, options: Namespace) -> str:
    return f"--{options.file if name == 'file' else name}"


def _of_a_run(options: Namespace, door: Door, terminal: Terminal) -> int:
    run = _newest(options.run, door, terminal) if isinstance(options.run, str) else door.ask("run", run=options.run)
    if run is None:
        return ExitCode.OK
    if options.attempt is not None and not (options.follow and not run["final"]):
        numbers = [attempt["number"] for attempt in run["attempts"]]
        if options.attempt not in numbers:
            terminal.error(f"run {run['id']} has no attempt {options.attempt}", hint=_attempts_hint(len(numbers)))
            return ExitCode.NOT_FOUND
    printer = _Printer(options, terminal, root=door.project.root)
    reading = _Reading(options, door, terminal, printer)
    while True:
        reading.print_news(run)
        if not options.follow or reading.is_over(run):
            break
        terminal.pause(_LOOK)
        run = door.ask("run", run=run["id"])
    reading.finish()
    if printer.told and (terminal.is_watched or not printer.has_written):
        terminal.note(left_out(printer.told, run["id"], program=options.program))
    if not reading.seen:
        terminal.note(_why_nothing(run, terminal))
    return ExitCode.OK


def _newest(name: str, door: Door, terminal: Terminal) -> Document | None:
    """Return the newest run of a task; raises UnknownTask. None: it has none yet."""
    task = task_id(name, door)
    runs = door.ask("history", task=task, limit=1)
    if not runs:
        terminal.note(f"{task} has no runs yet")
        return None
    terminal.note(f"run {runs[0]['id']}, the newest of {task}")
    found: Document = door.ask("run", run=runs[0]["id"])
    return found


class _Reading:
    """The outputs of a run's attempts, in their order, each as far as it has been printed."""

    def __init__(self, options: Namespace, door: Door, terminal: Terminal, printer: _Printer) -> None:
        self._only: int | None = options.attempt
        self._folder = door.project.root / OUTPUTS
        self._terminal = terminal
        self._printer = printer
        self._files: dict[int, OutputFile] = {}
        self.seen = False

    def print_news(self, run: Document) -> None:
        """Print what was written since the last call."""
        # The state was asked before the files are read: of an attempt that had ended then, nothing comes later.
        chosen = list(self._chosen(run))
        for attempt in chosen:
            file = self._files.get(attempt["number"])
            if file is None:
                file = self._files[attempt["number"]] = OutputFile(self._folder, attempt["output"])
                self._printer.finish()
                if self._only is None and len(chosen) > 1:
                    self._terminal.note(f"--- attempt {attempt['number']} ---")
            for line in file.new_lines():
                self.seen = True
                self._printer.print(line)
            if attempt["state"] not in _OPEN and not file.exists and attempt["output_bytes"]:
                self.seen = True
                self._terminal.note(f"what attempt {attempt['number']} wrote is no longer kept")
        self._printer.flush()

    def finish(self) -> None:
        """Print what was held back."""
        self._printer.finish()

    def is_over(self, run: Document) -> bool:
        """Whether no more can be written by what is printed."""
        if run["final"]:
            return True
        return self._only is not None and any(attempt["state"] not in _OPEN for attempt in self._chosen(run))

    def _chosen(self, run: Document) -> Iterator[Document]:
        return (
            attempt
            for attempt in run["attempts"]
            if attempt["state"] != "void" and self._only in {None, attempt["number"]}
        )


class _Printer:
    """Writes lines where they belong."""

    def __init__(self, options: Namespace, terminal: Terminal, *, root: Path) -> None:
        """`root` is the project's folder."""
        self._options = options
        self._terminal = terminal
        self._inside: set[str] = set()
        self._last = terminal.out
        self._own = OwnLines(mask_around(str(root)))
        self.has_written = False

    @property
    def told(self) -> int:
        """How many lines were left out by which the run told of its work."""
        return self._own.told

    def flush(self) -> None:
        """Let the reader see what was printed."""
        self._last.flush()

    def print(self, line: OutputLine) -> None:
        """Write one line, or a piece of one, less what tells of the work."""
        for own in (line,) if self._options.raw else self._own.own(line):
            self._write(own)

    def finish(self) -> None:
        """Write what was held back: nothing goes on with it."""
        for own in self._own.rest():
            self._write(own)
        self.flush()
        self._own.begin()

    def _write(self, line: OutputLine) -> None:
        options, stream = self._options, line.stream
        if (stream == STDOUT and options.stderr) or (stream == STDERR and options.stdout):
            return
        begins = stream not in self._inside
        (self._inside.add if line.partial else self._inside.discard)(stream)
        stamp = f"{line.time:%Y-%m-%dT%H:%M:%S.%fZ} " if options.timestamps and begins else ""
        text = line.text if options.raw else escape(line.text, keep_tabs=True)
        self.has_written = True
        target = self._terminal.out if stream == STDOUT else self._terminal.err
        if target is not self._last:
            # Both may lead to one file, where the lines keep their order.
            self._last.flush()
            self._last = target
        target.write(stamp + text + ("" if line.partial else "\n"))


def _why_nothing(run: Document, terminal: Terminal) -> str:
    if run["attempts"]:
        return f"run {run['id']} has written nothing" + ("" if run["final"] else " yet: add --follow to wait for it")
    if not run["final"]:
        return f"run {run['id']} is {run['state']} and has not begun: add --follow to wait for it"
    because = phrases.reason(run, terminal)
    return f"run {run['id']} wrote nothing: it is {run['state'].replace('_', ' ')}" + (
        f" ({because})" if because else ""
    )


def _attempts_hint(count: int) -> str:
    return "it has none yet" if not count else f"it has {count}, numbered from 1"


def _run(text: str) -> int | str:
    """Return a run's number, or the name of a task."""
    return _number(text) if text.lstrip("-").isdecimal() and text.isascii() else text


def _count(text: str) -> int:
    """Return how many lines, which may be none."""
    return 0 if text == "0" else _number(text)


def _number(text: str) -> int:
    if not (text.isdecimal() and text.isascii() and int(text) > 0):
        raise ArgumentTypeError(f"{text!r}: give a whole number from 1 on")
    return int(text)
