"""Every way to end is recorded as it was: by the rows of `exit_truth`, and by every signal there is."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from task_scheduler.core.outcomes import Failed, Succeeded, TimedOut
from task_scheduler.core.runs import AttemptExit
from task_scheduler.testing.running import REPOSITORY
from tests.integration.execution.exit_truth import ROWS, Row, judged, measure, on_page, table
from tests.integration.execution.project import EITHER_START_METHOD, Project

#: What Python ignores, and what the kernel does where nobody handles it, in a session without a terminal.
HARMLESS = {
    *(signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH),
    *(signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU),
}
SIGNALS = [*range(1, 32), signal.SIGRTMIN, signal.SIGRTMAX]


@pytest.mark.slow
def test_the_page_says_how_each_way_to_end_is_recorded(project: Project) -> None:
    exits = asyncio.run(measure(project, ROWS))

    assert on_page() == table(ROWS, exits), "python -m tests.integration.execution.exit_truth writes it anew"
    assert [bool(exit_.error) for exit_ in exits] == [row.error for row in ROWS]


@pytest.mark.slow
@pytest.mark.parametrize("project", ["spawn"], indirect=True)
def test_a_fresh_interpreter_ends_in_the_same_ways(project: Project) -> None:
    exits = asyncio.run(measure(project, ROWS))

    assert on_page() == table(ROWS, exits)


@pytest.mark.slow
def test_a_file_ends_as_it_does_by_python_itself(project: Project) -> None:
    rows = tuple(row for row in ROWS if row.as_python and row.function is None)
    exits = asyncio.run(measure(project, rows))

    ended = {
        row.says: exit_.exit_code if exit_.signal is None else -exit_.signal
        for row, exit_ in zip(rows, exits, strict=True)
    }

    assert ended == _by_python(rows, project.root)


@pytest.mark.slow
@EITHER_START_METHOD
def test_every_signal_it_sends_itself_is_told_as_it_was(project: Project) -> None:
    rows = tuple(
        Row(
            says=str(number),
            source=f"import os; os.kill(os.getpid(), {int(number)})",
            request={"timeout": 0.5 if number == signal.SIGSTOP else 30.0, "kill_grace": 0.2},
        )
        for number in SIGNALS
    )

    exits = asyncio.run(measure(project, rows))

    for number, exit_ in zip(SIGNALS, exits, strict=True):
        _assert_recorded(number, exit_)


def _assert_recorded(number: int, exit_: AttemptExit) -> None:
    outcome = judged(exit_)
    if number in HARMLESS:
        assert outcome == Succeeded(), number
    elif number == signal.SIGSTOP:
        assert isinstance(outcome, TimedOut)
    else:
        assert (exit_.signal, exit_.exit_code) == (number, None)
        assert isinstance(outcome, Failed)
        assert f"({number})" in outcome.reason or outcome.reason.endswith(f" {number}")


def _by_python(rows: tuple[Row, ...], folder: Path) -> dict[str, int]:
    processes = {}
    for number, row in enumerate(rows):
        file = folder / f"by_python{number}.py"
        file.write_text(row.source, encoding="utf-8")
        processes[row.says] = subprocess.Popen(
            [sys.executable, file],
            cwd=folder,
            env={"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    ended = {}
    for says, process in processes.items():
        ended[says] = process.wait(60)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it left behind
    return ended
