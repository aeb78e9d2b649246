"""Starting the scheduler in the background: what `run --daemon` and `restart --daemon` share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from task_scheduler.cli import times
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.client import ask
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.project import Project


def start_in_background(project: Project, words: Sequence[str], terminal: Terminal) -> int:
    """Start the scheduler apart from this terminal; return once it works, or has said why not.

    `words` are a command line of `run`, whatever it says of the project.
    """
    from task_scheduler.process import detaching

    began = terminal.now()
    try:
        launched = detaching.launch(detaching.command_line(project, words), tell=terminal.note)
    except OSError as error:
        terminal.error(f"the scheduler cannot be started in the background: {error}")
        return ExitCode.FAILURE
    logs = project.root / "logs"
    if launched.works:
        terminal.say(f"the scheduler works in the background: process {launched.process}")
        _tell_of_restore(project, began, terminal)
        terminal.say(f"{logs / 'scheduler.log'} tells what it does")
        return ExitCode.OK
    if launched.exit_code and launched.exit_code > 0:
        return launched.exit_code  # it has said why
    how = "ended" if not launched.exit_code else f"was ended by signal {-launched.exit_code}"
    terminal.error(f"the scheduler {how} before it worked", hint=f"{logs / 'scheduler.log'} may say why")
    return ExitCode.FAILURE


def _tell_of_restore(project: Project, began: datetime, terminal: Terminal) -> None:
    """Tell that this start put a backup in the place of the record, if it did."""
    try:
        live = ask(project.root, "status", {})["scheduler"] or {}
    except TaskSchedulerError:
        return  # `status` and the log tell it, too
    if live.get("restored_at") and times.read(live["restored_at"]) >= began:
        terminal.note(str(live["restored"]))
