"""Following a run to its end as if it ran on this terminal: its own output, byte for byte, and its exit code."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TextIO

from task_scheduler.cli import phrases
from task_scheduler.cli.output import OUTPUTS, OutputFile
from task_scheduler.cli.own_lines import OwnBytes
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.task_file import Engine
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import NotRunning, TaskSchedulerError
from task_scheduler.execution.output_format import STDOUT
from task_scheduler.known_secrets import mask_around

#: Seconds between two looks at an output, and how many of them there are between two questions after the run.
_LOOK, _LOOKS_PER_QUESTION = 0.05, 2
#: Seconds a scheduler has to come back and settle a run that is over, and questions between two looks whether it is.
_COMES_BACK_WITHIN, _QUESTIONS_PER_LOOK = 30.0, 10
#: Questions without an answer, one after the other, after which a person is told.
_UNANSWERED = 2
#: Between two lines about a run's progress, which may tell of it as often as it likes.
_PROGRESS_EVERY = timedelta(seconds=1)
#: Exit code of a run that was ended at its time limit, as `timeout` has it.
TIMED_OUT = 124
#: Added to the number of the signal that ended a run, as shells do.
BY_SIGNAL = 128


class LeftUnsettled(NotRunning):
    """A run is over, or has not begun, and no scheduler is there to go on with it."""

    def __init__(self, run_id: int, known: str) -> None:
        TaskSchedulerError.__init__(
            self,
            f"run {run_id} was left by its scheduler, and none has come back within {_COMES_BACK_WITHIN:g} s\n{known}\n"
            f"the next scheduler goes on with it; `logs {run_id}` shows what it wrote, `history` then how it ended",
        )


class Follower:
    """Shows what a run writes, from where it was shown last, less the lines by which it tells of its work.

    A person at a terminal is told its progress instead.
    """

    def __init__(self, engine: Engine, terminal: Terminal, *, root: Path, quiet: bool) -> None:
        """`root` is the project's folder; `quiet`: nothing is said beside the output."""
        self._engine = engine
        self._terminal = terminal
        self._root = root
        self._folder = root / OUTPUTS
        self._quiet = quiet
        self._files: dict[int, OutputFile] = {}
        self._own: dict[int, OwnBytes] = {}
        self._progress: Document | None = None
        self._progress_at: datetime | None = None
        self._told: set[int] = set()
        self._unanswered = 0
        self._told_gone = False
        self._absent = 0  #: questions, one after the other, that no scheduler answered
        self._idle = 0.0  #: seconds without a scheduler in which nothing executes the run

    @property
    def told(self) -> int:
        """How many lines were left out by which the run told of its work."""
        return sum(own.told for own in self._own.values())

    def follow(self, run: Document) -> Document:
        """Show a run until it has ended; return it as it is then.

        It is shown on when its scheduler is gone; raises LeftUnsettled when it is over then and none comes back.
        """
        for look in count():
            self.show(run)
            if run["final"]:
                break
            self._terminal.pause(_LOOK)
            if look % _LOOKS_PER_QUESTION == 0:
                run = self._ask(run)
        return run

    def _ask(self, run: Document) -> Document:
        """Return the run as it is now, or as it was last told: a question that only reads is simply asked again."""
        try:
            told: Document = self._engine.ask("run", run=run["id"])
        except NoAnswer as error:
            self._unanswered += 1
            if self._unanswered == _UNANSWERED and not self._quiet:
                self._terminal.note(f"{error}: asking on; Ctrl-C ends only this")
            return run
        self._unanswered = 0
        if self._engine.is_gone and not told["final"]:
            self._wait_for_another(run["id"])
        else:
            self._absent, self._idle = 0, 0.0
        return told

    def _wait_for_another(self, run_id: int) -> None:
        """Take note that no scheduler is there; raises LeftUnsettled when there has been nothing to wait for too long."""
        self._absent += 1
        if self._absent % _QUESTIONS_PER_LOOK != 1:
            return
        known = self._engine.what_is_known(run_id)
        self._idle = self._idle + _LOOK * _LOOKS_PER_QUESTION * _QUESTIONS_PER_LOOK if known else 0.0
        if not self._told_gone:
            self._told_gone = True
            if not self._quiet:
                how = (
                    f"{known}, and the next scheduler goes on with it" if known else f"run {run_id} goes on without it"
                )
                self._terminal.note(f"the scheduler is gone: {how}")
        if self._idle > _COMES_BACK_WITHIN:
            raise LeftUnsettled(run_id, known)

    def show(self, run: Document) -> None:
        """Write what is new; of an attempt that had ended when `run` was told, nothing comes later."""
        for attempt in run["attempts"]:
            number = attempt["number"]
            if attempt["state"] == "void":
                continue
            file = self._files.get(number)
            if file is None:
                file = self._files[number] = OutputFile(self._folder, attempt["output"])
                self._own[number] = OwnBytes(mask_around(str(self._root)))
            for stream, data in file.new_pieces():
                if stream == STDOUT:
                    _write(self._terminal.out, self._own[number].own(data))
                else:
                    _write(self._terminal.err, data)
            if attempt["ended_at"]:
                _write(self._terminal.out, self._own[number].rest())
            self._tell_retry(run, attempt)
        self._tell_progress(run)
        self._terminal.out.flush()
        self._terminal.err.flush()

    def _tell_progress(self, run: Document) -> None:
        """Say how far a run is, where somebody sees it, when it has told so anew and not too soon after the last."""
        told = run.get("progress")
        if told is None or told == self._progress or self._quiet or not self._terminal.is_watched or run["final"]:
            return
        now = self._terminal.now()
        if self._progress_at is None or now - self._progress_at >= _PROGRESS_EVERY:
            self._progress, self._progress_at = told, now
            self._terminal.note(f"progress: {phrases.progress(told)}")

    def _tell_retry(self, run: Document, attempt: Document) -> None:
        """Say, once, that an attempt failed and another one follows."""
        is_last = attempt["number"] == run["attempts"][-1]["number"]
        goes_on = run["state"] == "retrying" or not is_last
        if self._quiet or attempt["number"] in self._told or not attempt["ended_at"] or not goes_on:
            return
        self._told.add(attempt["number"])
        again = f": tries again {phrases.moment(run['retry_at'], self._terminal)}" if run["retry_at"] else ""
        because = f" ({attempt['reason']})" if attempt["reason"] else ""
        self._terminal.note(f"attempt {attempt['number']} {attempt['state'].replace('_', ' ')}{because}{again}")


def exit_code(run: Document) -> int:
    """Return the exit code of a run that has ended: its own, or what shells say in its place; 1 where there is none."""
    if phrases.is_well(run):
        return 0
    if run["state"] == "timed_out":
        return TIMED_OUT
    if run["signal"]:
        return BY_SIGNAL + int(run["signal"])
    return int(run["exit_code"] or 1)


def end_note(run: Document) -> str:
    """Return how a run ended, in one line."""
    first = str(run["reason"]).partition("\n")[0]
    return f"run {run['id']} {phrases.ended(run)}{phrases.took_in_words(run)}" + (f": {first}" if first else "")


def _write(stream: TextIO, data: bytes) -> None:
    buffer = getattr(stream, "buffer", None)
    if buffer is None:  # of a stream that is no file, as in tests
        stream.write(data.decode(errors="replace"))
        return
    stream.flush()
    buffer.write(data)
