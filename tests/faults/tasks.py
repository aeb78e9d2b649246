"""The task files of a campaign: each tells what it does in a file of effects that is counted afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from task_scheduler.testing.running import RunningProject

#: Appends `RUN.ATTEMPT start|end PID SECONDS` to the file of effects, by one write each.
EFFECTS = """
import os
import time


def tell(word):
    name = os.environ["TASK_SCHEDULER_RUN"] + "." + os.environ["TASK_SCHEDULER_ATTEMPT"]
    line = "{} {} {} {!r}\\n".format(name, word, os.getpid(), time.time())
    path = os.path.join(os.environ["TASK_SCHEDULER_ROOT"], "effects")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)

"""
_SLEEPS = "    tell('start')\n    time.sleep({})\n    tell('end')\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskText:
    """One task file."""

    name: str
    schedule: str  #: what is passed to `@repeat`
    body: str  #: of the function `start`, indented
    fields: str = ""  #: lines of frontmatter

    def write(self, project: RunningProject) -> None:
        """Save it into a project."""
        body = f"{EFFECTS}\n@repeat({self.schedule})\ndef start():\n{self.body}"
        project.write_task(self.name, body, fields=self.fields)


def sleeping(name: str, schedule: str, seconds: float | str, *, fields: str = "") -> TaskText:
    """Return a task that takes so long; `seconds` may be any expression."""
    return TaskText(name=name, schedule=schedule, body=_SLEEPS.format(seconds), fields=fields)


def campaign_tasks() -> list[TaskText]:
    """Return the tasks of a campaign: short and long ones, failing ones, and such as start others."""
    flaky = "    tell('start')\n    if os.environ['TASK_SCHEDULER_ATTEMPT'] < '3':\n        raise OSError('not yet')\n"
    parent = (
        "    import subprocess\n    tell('start')\n    subprocess.run(['sh', '-c', 'sleep 0.4; sleep 0.8; true'])\n"
        "    tell('end')\n"
    )
    return [
        sleeping("second", "every().second", 0.01),
        sleeping("two", "every(2).seconds", 0.3),
        sleeping("long", "every(5).seconds", 3.5),
        sleeping("fresh", "every(4).seconds", 0.2, fields="start_method: spawn\n"),
        sleeping("limited", "every(6).seconds", 20, fields="timeout: 1\n"),
        sleeping("repeated", "every(6).seconds", 2, fields="retry_count: 2\nretry_delay: 1\n"),
        TaskText(name="parent", schedule="every(3).seconds", body=parent),
        TaskText(
            name="flaky",
            schedule="every(10).seconds",
            body=flaky + "    tell('end')\n",
            fields="retry_count: 3\nretry_delay: 1\n",
        ),
        sleeping("by_hand", 'every().day.at("00:00")', 1.2, fields="retry_count: 1\nretry_delay: 1\n"),
        sleeping("queued", "every(3).seconds", 2, fields="overlap: queue\n"),
        sleeping("parallel", "every(3).seconds", 4, fields="overlap: parallel\n"),
        sleeping("replaced", "every(4).seconds", 6, fields="overlap: replace\n"),
    ]
