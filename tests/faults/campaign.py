"""A busy project, a real scheduler on it, and one misfortune after the other: what stays true is for `checker` to say.

Actions, their order and their moments come from the seed. Whom they meet depends on what is at work just then, so a
campaign is repeated in kind, not in every detail.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from task_scheduler.control.commands import COMMANDS
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.testing.running import RunningProject, WaitedInVain
from tests.faults import machine, proc
from tests.faults.busy import STOP_WITHIN, Busy
from tests.faults.tasks import campaign_tasks

#: Within so many seconds of a scheduler's return no row is wrong.
TRUE_AGAIN = 10.0
#: A return that takes longer is worth a line.
_WORTH_TELLING = 3.0
_BY_HAND = "by_hand"


@dataclass
class Summary:
    """What a campaign did, and what it found."""

    seed: int
    rounds: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    counted: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    slowest_return: float = 0.0  #: seconds after a round until every law held
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {**vars(self), "actions": dict(sorted(self.actions.items()))}

    def text(self) -> str:
        """Return it as a table for a person."""
        rows = [
            ("seed", self.seed),
            ("rounds", self.rounds),
            ("seconds", round(self.seconds)),
            *self.counted.items(),
            ("slowest return to truth (s)", round(self.slowest_return, 2)),
            *((f"action: {name}", number) for name, number in sorted(self.actions.items())),
            ("violations", len(self.violations)),
        ]
        width = max(len(name) for name, _ in rows)
        lines = [f"{name:<{width}} {number:>8}" for name, number in rows]
        return "\n".join([*lines, *self.violations])


class Campaign:
    """One campaign on one project."""

    def __init__(
        self,
        project: RunningProject,
        *,
        seed: int,
        rounds: int,
        only: str = "",
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`only` are words of the actions to choose from; empty: all of them. `say` is told of each round."""
        self._project = project
        self._random = random.Random(seed)  # noqa: S311 - to be repeated is the point
        self._rounds = rounds
        self._say = say
        self._summary = Summary(seed=seed)
        self._busy = Busy(project)
        self._tasks = {task.name: task for task in campaign_tasks()}
        self._requests = 0
        self._edits = 0
        self._actions = {name: action for name, action in self._available().items() if only in name}

    def run(self) -> Summary:
        """Carry the campaign out; the project is quiet and its scheduler stopped afterwards."""
        began = time.monotonic()
        self._begin()
        for number in range(1, self._rounds + 1):
            name = self._random.choice(sorted(self._actions))
            self._summary.actions[name] += 1
            self._say(f"round {number} of {self._rounds}: {name}")
            self._ask_by_hand()
            machine.pause(self._random.uniform(0.05, 1.2))
            self._carry_out(name)
            self._wait_until_true(f"round {number}, after {name!r}")
            self._summary.rounds = number
        self._come_to_rest()
        self._summary.seconds = time.monotonic() - began
        return self._summary

    def _available(self) -> dict[str, Callable[[], None]]:
        verbs = {"pause": self._pause_run, "resume": self._resume_run, "stop": self._stop_run, "restart": self._restart}
        return {
            "nothing": lambda: None,
            "kill the scheduler": self._kill_scheduler,
            "kill a host": self._kill_host,
            "kill all hosts": self._kill_hosts,
            "kill scheduler and hosts": self._kill_everything,
            "kill an attempt": self._kill_attempt,
            "kill a grandchild": self._kill_grandchild,
            "freeze the scheduler": self._freeze_scheduler,
            "freeze a host": self._freeze_host,
            "freeze a host, kill the scheduler": self._freeze_host_and_kill_scheduler,
            "TERM and start": self._terminate_scheduler,
            "TERM to a host": self._terminate_host,
            "a second scheduler": self._start_second,
            "a stale lock": self._stale_lock,
            "a reused pid": self._reused_pid,
            "edit a file": self._edit,
            "delete and restore a file": self._delete_and_restore,
            "kill during the start": self._kill_during_start,
            **{f"{verb} by command": action for verb, action in verbs.items() if verb in COMMANDS},
        }

    # --- beginning and end --------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._project.start()
        self._busy.add(self._tasks.values())

    def _come_to_rest(self) -> None:
        report = self._busy.come_to_rest()
        self._summary.counted = report.counted
        for violation in report.violations:
            self._note(f"in the end: {violation}")
        hosts = self._project.host_pids()
        children = {host: machine.children_of(host) for host in hosts}
        self._project.close()
        for host, left in children.items():
            if left:
                self._note(f"in the end: host {host} has children {left}")

    def _note(self, violation: str) -> None:
        self._summary.violations.append(violation)
        self._say(f"VIOLATION {violation}")

    # --- between the rounds -------------------------------------------------------------------------------

    def _carry_out(self, name: str) -> None:
        try:
            self._actions[name]()
        except (WaitedInVain, subprocess.TimeoutExpired) as error:
            self._note(f"during {name!r}: {_in_short(error)}")
        if not self._project.is_alive():
            self._start()

    def _start(self) -> None:
        try:
            self._project.start()
        except WaitedInVain as error:
            self._note(f"a start failed: {_in_short(error)}")
            self._project.kill()
            self._project.start()

    def _wait_until_true(self, when: str) -> None:
        """Look until nothing is wrong that was wrong at every look before."""
        began = time.monotonic()
        wrong: set[str] | None = None
        while True:
            self._project.host_pids()  # so that each one that ever lived is known, and ended at last
            found = set(self._busy.check_at_work())
            before, wrong = wrong, found if wrong is None else wrong & found
            passed = time.monotonic() - began
            if passed > TRUE_AGAIN:
                for violation in sorted(wrong):
                    self._note(f"{when}, {passed:.1f} s later: {violation}")
                return
            if not wrong:
                self._summary.slowest_return = max(self._summary.slowest_return, passed)
                if passed > _WORTH_TELLING:
                    self._say(f"  true again after {passed:.1f} s: {before}")
                return
            machine.pause(0.1)

    def _ask_by_hand(self) -> None:
        """Ask for a run, every other time under a name that was used before."""
        if self._random.random() < 0.5:
            self._requests += 1
        name = f"request-{self._random.randint(max(0, self._requests - 2), self._requests)}"
        with suppress(TaskSchedulerError, OSError):
            self._project.ask("start", task=_BY_HAND, request_id=name)

    # --- deaths -------------------------------------------------------------------------------------------

    def _kill_scheduler(self) -> None:
        self._project.kill()
        machine.pause(self._random.choice([0.0, 0.3, 1.5, 3.0]))

    def _kill_host(self) -> None:
        self._signal_one(sorted(self._project.host_pids()), signal.SIGKILL)

    def _kill_hosts(self) -> None:
        for pid in self._project.host_pids():
            machine.send(pid, signal.SIGKILL)

    def _kill_everything(self) -> None:
        hosts = self._project.host_pids()
        if self._random.random() < 0.5:
            self._project.kill()
            self._kill_hosts()
        else:
            for pid in hosts:
                machine.send(pid, signal.SIGKILL)
            self._project.kill()
        machine.pause(self._random.choice([0.0, 1.0]))

    def _kill_attempt(self) -> None:
        self._signal_one(machine.attempts_of(self._project), signal.SIGKILL)

    def _kill_grandchild(self) -> None:
        self._signal_one(machine.grandchildren_of(self._project), signal.SIGKILL)

    def _kill_during_start(self) -> None:
        """Kill one scheduler, and its successor at any moment of its start."""
        self._project.kill()
        process = self._project.launch()
        machine.pause(self._random.uniform(0.2, 1.5))
        process.kill()
        process.wait()

    def _terminate_scheduler(self) -> None:
        began = time.monotonic()
        code = self._project.stop()
        took = time.monotonic() - began
        if code != 0 or took > STOP_WITHIN:
            self._note(f"a stop took {took:.1f} s and ended with exit code {code}")

    def _terminate_host(self) -> None:
        self._signal_one(sorted(self._project.host_pids()), signal.SIGTERM)

    def _signal_one(self, pids: list[int], number: signal.Signals) -> None:
        chosen = self._random.random()
        if pids:
            machine.send(pids[int(chosen * len(pids))], number)

    # --- frozen -------------------------------------------------------------------------------------------

    def _freeze_scheduler(self) -> None:
        seconds = self._random.uniform(0.2, 3.0)
        with machine.frozen(self._project.pid):
            self._start_second()
            machine.pause(seconds)

    def _freeze_host(self) -> None:
        chosen, seconds = self._random.random(), self._random.uniform(0.2, 3.0)
        hosts = sorted(self._project.host_pids())
        if hosts:
            with machine.frozen(hosts[int(chosen * len(hosts))]):
                machine.pause(seconds)

    def _freeze_host_and_kill_scheduler(self) -> None:
        """A successor that gets no answer from a host judges from outside; the host thaws after that, or before."""
        chosen, seconds = self._random.random(), self._random.uniform(0.1, 7.0)
        hosts = sorted(self._project.host_pids())
        if hosts:
            with machine.frozen(hosts[int(chosen * len(hosts))]):
                self._project.kill()
                process = self._project.launch()
                machine.pause(seconds)
            self._project.take_over(process)
            self._project.wait_until_it_answers()

    # --- two at once, and what the dead leave -------------------------------------------------------------

    def _start_second(self) -> None:
        second = self._project.command("run")
        if second.returncode != 5:
            self._note(f"a second scheduler ended with exit code {second.returncode}: {second.stderr[-500:]}")

    def _stale_lock(self) -> None:
        self._project.kill()
        machine.leave_stale_lock(self._project, os.getpid())

    def _reused_pid(self) -> None:
        with machine.stranger() as pid:
            hosts = self._project.host_pids()
            self._project.kill()
            for host in hosts:
                machine.send(host, signal.SIGKILL)
            self._project.wait_for("the hosts are gone", lambda: not self._project.host_pids())
            machine.give_pid_of_hosts_to(self._project, pid)
            self._start()
            machine.pause(0.5)
            if proc.start_of(pid) is None:
                self._note("a process that had got the pid of a dead host was ended")

    # --- commands -----------------------------------------------------------------------------------------

    def _restart(self) -> None:
        pid = self._project.pid
        started = self._project.ask("status")["scheduler"]["started_at"]
        self._project.ask("restart")
        self._project.wait_for(
            "the restarted scheduler answers",
            lambda: self._project.ask("status")["scheduler"]["started_at"] != started,
        )
        if self._project.pid != pid:
            self._note("a restart changed the process id")

    def _pause_run(self) -> None:
        self._command_one("pause", ("queued", "running", "retrying"))
        if self._random.random() < 0.5:
            self._kill_scheduler()
            self._start()
        if self._random.random() < 0.8:
            machine.pause(self._random.uniform(0.0, 2.0))
            self._busy.resume_all()

    def _resume_run(self) -> None:
        self._busy.resume_all()

    def _stop_run(self) -> None:
        self._command_one("stop", ("queued", "running", "retrying"))

    def _command_one(self, command: str, states: tuple[str, ...]) -> None:
        chosen = self._random.random()
        marks = ", ".join("?" * len(states))
        found = self._project.rows(f"SELECT id FROM runs WHERE state IN ({marks}) ORDER BY id", *states)  # noqa: S608
        if found:
            with suppress(TaskSchedulerError):
                self._project.ask(command, run=found[int(chosen * len(found))]["id"])

    # --- files --------------------------------------------------------------------------------------------

    def _edit(self) -> None:
        """Save another version that does the same: not one slot may be lost by it."""
        name = self._random.choice(sorted(self._tasks))
        self._edits += 1
        path = self._project.root / "tasks" / f"{name}.py"
        source = path.read_text(encoding="utf-8") + f"# edit {self._edits}\n"
        self._project.write_file(name, source)

    def _delete_and_restore(self) -> None:
        name, seconds = self._random.choice(sorted(self._tasks)), self._random.uniform(0.0, 2.0)
        source = self._busy.remove(name)
        self._project.wait_for_task(name, "deleted")
        machine.pause(seconds)
        self._busy.restore(name, source)


def _in_short(error: Exception) -> str:
    """Return what was waited for, and what the scheduler said last."""
    what, _, said = str(error).partition("\n")
    return f"{what}: {said[-1000:].strip()}"
