"""The scheduler is told to end, by signals and by commands; its runs are left, waited for or ended, as was said."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from task_scheduler.testing.running import REPOSITORY, RunningProject, is_living

pytestmark = pytest.mark.slow

#: Works until the file `enough` is there, and tells who it is and that it was told to end.
WORK = """
import os
import time
from pathlib import Path

from task_scheduler.this_run import stop_reason

HERE = Path(os.environ["TASK_SCHEDULER_ROOT"])


@repeat(every().day.at("00:00"))
def start():
    with open(HERE / "begun", "a") as file:
        file.write(f"{os.getpid()}\\n")
    try:
        while not (HERE / "enough").exists():
            time.sleep(0.02)
    finally:
        with open(HERE / "ended", "a") as file:
            file.write(f"{stop_reason()}\\n")
"""
#: Does not end by TERM.
STUBBORN = """
import os
import signal
import time
from pathlib import Path


@repeat(every().day.at("00:00"))
def start():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open(Path(os.environ["TASK_SCHEDULER_ROOT"]) / "begun", "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(60)
"""


def _lines(project: RunningProject, name: str) -> list[str]:
    path = project.root / name
    return path.read_text().splitlines() if path.exists() else []


def _begin(project: RunningProject, name: str = "work", source: str = WORK, *, fields: str = "kill_grace: 20\n") -> int:
    """Start a run by request; return the process id of its attempt once its own code works."""
    project.write_task(name, source, fields=fields)
    project.wait_for_task(name, "active")
    known = len(_lines(project, "begun"))
    project.ask("start", task=name)
    pid = int(project.wait_for("the attempt begins", lambda: _lines(project, "begun")[known:])[0])
    project.wait_for_run(name, "running")
    return pid


def _enough(project: RunningProject) -> None:
    (project.root / "enough").touch()


@contextmanager
def _started(project: RunningProject, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command whose output is read; it is ended with the block."""
    with subprocess.Popen(
        project.command_line(*words), cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _wait_until_it_drains(project: RunningProject) -> None:
    project.wait_for("it drains", lambda: (project.ask("status")["scheduler"]["stopping"] or {}).get("mode") == "drain")


@contextmanager
def _terminal(project: RunningProject, *words: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run a command in the foreground of a terminal of its own; it is ended with the block."""
    ours, theirs = pty.openpty()
    # The first terminal that the leader of a new session opens becomes its own, as at a login.
    begin = 'exec <"$0" >"$0" 2>&1 && exec "$@"'
    process = subprocess.Popen(
        ["sh", "-c", begin, os.ttyname(theirs), *project.command_line(*words)], cwd=REPOSITORY, start_new_session=True
    )
    try:
        project.wait_for("the scheduler answers", lambda: project.ask("status")["running"])
        os.close(theirs)
        yield ours, process
    finally:
        with suppress(OSError):
            os.close(ours)
        process.kill()
        process.wait()


# --- commands ---------------------------------------------------------------------------------------------


def test_shutdown_leaves_runs_alive_and_says_which(project: RunningProject) -> None:
    project.start()
    pid = _begin(project)

    told = project.command("shutdown")

    assert (told.returncode, told.stdout) == (0, "the scheduler has ended; without it goes on 1 run: 1 (work)\n")
    assert project.wait_until_ended() == 0
    assert is_living(pid)
    project.start()
    _enough(project)
    assert project.wait_for_run("work", "succeeded")


def test_a_drain_waits_for_what_runs_and_starts_nothing_meanwhile(project: RunningProject) -> None:
    project.start()
    pid = _begin(project)
    project.write_task("tick", "@repeat(every(1).seconds)\ndef start():\n    pass\n")
    project.wait_for_run("tick", "succeeded", count=2)

    with _started(project, "shutdown", "--drain") as draining:
        assert draining.stdout is not None
        _wait_until_it_drains(project)
        ticks = len(project.runs("tick"))
        assert "waiting for 1 run: 1 (work)" in draining.stdout.readline()
        refused = project.command("start", "work")
        status = project.command("status").stdout
        paused, resumed = project.command("pause", "work"), project.command("resume", "1")
        time.sleep(1.2)  # noqa: TID251 - a whole second in which a slot would have been due
        assert project.is_alive()
        _enough(project)
        said = draining.communicate(timeout=30)[0]

    assert draining.returncode == 0
    # A slot that was claimed just ahead of its instant when the door closed is the next scheduler's.
    ended = r"the scheduler has ended(; until the next start waits 1 run: \d+ \(tick\))?"
    assert re.fullmatch(ended, said.splitlines()[-1])
    assert project.wait_until_ended() == 0
    assert not is_living(pid)
    assert refused.returncode == 1
    assert "the scheduler is draining: nothing is started any more" in refused.stderr
    assert "draining: nothing is started any more" in status
    assert (paused.returncode, resumed.returncode) == (0, 0)
    assert [run["state"] for run in project.runs("work")] == ["succeeded"]
    assert len(project.runs("tick")) - ticks <= 1, "slots were claimed while it drained"
    project.start()
    project.wait_for_run("tick", "succeeded", count=ticks + 1)


def test_a_drain_with_a_limit_leaves_what_still_runs(project: RunningProject) -> None:
    project.start()
    pid = _begin(project)

    begun = time.monotonic()
    told = project.command("shutdown", "--drain", "1")  # returns although the run never ends by itself

    assert told.returncode == 0
    assert "the scheduler has ended; without it goes on 1 run: 1 (work)" in told.stdout
    assert time.monotonic() - begun >= 1.0
    assert is_living(pid)
    _enough(project)


def test_ctrl_c_in_the_command_leaves_the_drain_going_and_says_so(project: RunningProject) -> None:
    project.start()
    _begin(project)

    with _started(project, "shutdown", "--drain") as draining:
        assert draining.stdout is not None
        assert "waiting for 1 run" in draining.stdout.readline()
        draining.send_signal(signal.SIGINT)
        said = draining.communicate(timeout=30)[0]

    assert draining.returncode == 130
    assert "the scheduler drains on" in said
    assert project.ask("status")["scheduler"]["stopping"]["mode"] == "drain"
    _enough(project)
    assert project.wait_until_ended() == 0


def test_another_word_counts_while_it_drains(project: RunningProject) -> None:
    project.start()
    pid = _begin(project)

    with _started(project, "shutdown", "--drain"):
        _wait_until_it_drains(project)
        told = project.command("shutdown", "--kill")

    assert (told.returncode, told.stdout) == (0, "the scheduler has ended\n")
    assert project.wait_until_ended() == 0
    assert not is_living(pid)
    assert [(run["state"], run["reason"]) for run in project.runs("work")] == [
        ("cancelled", "ended together with the scheduler")
    ]
    assert _lines(project, "ended") == ["ended together with the scheduler"]


def test_runs_are_paused_resumed_and_stopped_by_number_and_by_task(project: RunningProject) -> None:
    project.start()
    pid = _begin(project)

    said = [
        project.command(*words.split()) for words in ("pause work", "show 1", "resume 1", "stop work --reason done")
    ]

    assert [told.returncode for told in said] == [0, 0, 0, 0], said
    assert said[0].stdout == "run 1 of work is paused\n"
    assert "paused since" in said[1].stdout
    assert said[2].stdout == "run 1 of work goes on (running)\n"
    assert said[3].stdout.startswith("run 1 of work was cancelled after ")
    assert not is_living(pid)
    (run,) = project.runs("work")
    assert run["reason"].endswith(": done")
    assert _lines(project, "ended")[0].endswith(": done")
    again, unknown, nothing = (project.command("stop", name) for name in ("1", "99", "work"))
    assert (again.returncode, again.stderr) == (1, "error: run 1 has ended: cancelled\n")
    assert (unknown.returncode, unknown.stderr.splitlines()[0]) == (6, "error: no run 99")
    assert (nothing.returncode, nothing.stderr.splitlines()[0]) == (6, "error: no run of work is at work or waits")


def test_without_a_scheduler_each_verb_says_so(project: RunningProject) -> None:
    project.start()
    project.stop()

    for words in ("pause 1", "resume 1", "stop 1", "shutdown", "restart"):
        told = project.command(*words.split())
        assert (told.returncode, told.stdout) == (4, ""), words
        assert told.stderr.startswith(f"error: no scheduler is running for {project.root}\n"), words


# --- signals ----------------------------------------------------------------------------------------------


def test_idle_it_stops_within_half_a_second(project: RunningProject) -> None:
    project.start()
    project.write_task("tick", "@repeat(every().day.at('00:00'))\ndef start():\n    pass\n")
    project.wait_for_task("tick", "active")

    took = []
    for _ in range(3):
        begun = time.monotonic()
        assert project.stop() == 0
        took.append(time.monotonic() - begun)
        project.start()

    # The best of three: the machine may be busy with something else.
    assert min(took) < 0.5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_means_what_run_was_told_and_a_second_one_hurries(
    project: RunningProject, number: signal.Signals
) -> None:
    project.start("--drain")
    pid = _begin(project)

    os.kill(project.pid, number)
    _wait_until_it_drains(project)
    assert is_living(pid)
    os.kill(project.pid, number)

    assert project.wait_until_ended() == 0
    assert is_living(pid)
    assert "told again to end: runs under way go on without the scheduler" in project.log()
    _enough(project)


def test_told_to_kill_a_second_signal_gives_no_grace(project: RunningProject) -> None:
    project.start("--kill")
    pid = _begin(project, "stubborn", STUBBORN, fields="kill_grace: 60\n")

    os.kill(project.pid, signal.SIGTERM)
    project.wait_for("it kills", lambda: "scheduler.killing" in project.log())
    assert is_living(pid)
    os.kill(project.pid, signal.SIGTERM)

    assert project.wait_until_ended() == 0
    assert not is_living(pid)
    assert [run["state"] for run in project.runs("stubborn")] == ["cancelled"]


def test_ctrl_c_at_a_terminal_reaches_neither_hosts_nor_attempts(project: RunningProject) -> None:
    with _terminal(project, "run") as (terminal, scheduler):
        pid = _begin(project)

        os.write(terminal, b"\x03")

        assert scheduler.wait(30) == 0
        assert is_living(pid)
        assert all(is_living(host) for host in project.host_pids())
    _enough(project)


def test_a_terminal_that_is_closed_ends_the_scheduler_and_no_run(project: RunningProject) -> None:
    with _terminal(project, "run") as (terminal, scheduler):
        pid = _begin(project)

        os.close(terminal)

        assert scheduler.wait(30) == 0
    assert is_living(pid)
    assert "the terminal is gone, and the scheduler ends with it" in project.log()
    _enough(project)


def test_hup_looks_at_files_and_settings_anew_and_ends_nothing(project: RunningProject) -> None:
    project.configure("scheduler:\n  task_check_interval: 1 hour\n")
    project.start()

    project.configure("scheduler:\n  task_check_interval: 1 hour\n  loop_interval: 3\n")
    os.kill(project.pid, signal.SIGHUP)
    project.wait_for("the change is told", lambda: "settings.changed" in project.log())
    project.configure("scheduler:\n  loop_interval: soon\n")
    os.kill(project.pid, signal.SIGHUP)
    project.wait_for("the mistake is told", lambda: "settings.invalid" in project.log())

    log = project.log()
    assert "scheduler.loop_interval: 10 s -> 3 s, in force" in log
    assert "the settings in force stay, since those on disk cannot be used" in log
    assert "line 2: scheduler.loop_interval must be a duration" in log
    assert project.ask("status")["running"]


# --- deaths around the process ----------------------------------------------------------------------------


def test_a_frozen_scheduler_keeps_others_away_with_a_way_out_and_goes_on_without_doubling(
    project: RunningProject,
) -> None:
    project.start()
    project.write_task("tick", "@repeat(every(1).seconds)\ndef start():\n    pass\n")
    project.wait_for_run("tick", "succeeded", count=2)

    os.kill(project.pid, signal.SIGSTOP)
    try:
        second = project.command("run")
    finally:
        os.kill(project.pid, signal.SIGCONT)

    assert second.returncode == 5
    assert f"another scheduler holds the project folder {project.root}" in second.stderr
    assert "and does not answer" in second.stderr
    assert f"it was stopped by a signal: `kill -CONT {project.pid}` lets it go on" in second.stderr
    known = len(project.runs("tick"))
    project.wait_for_run("tick", "succeeded", count=known + 2)


def test_a_second_scheduler_is_refused_and_the_first_is_told_nothing(project: RunningProject) -> None:
    project.start()

    second = project.command("run")

    assert second.returncode == 5
    assert "does not answer" not in second.stderr
    assert project.ask("status")["running"]


def test_a_lock_file_and_a_socket_left_by_a_dead_scheduler_keep_nobody_away(project: RunningProject) -> None:
    project.start()
    project.kill()
    lock = project.root / "data" / "run" / "scheduler.lock"
    # What a dead holder wrote may name a process that lives: its number is another's by now.
    lock.write_text(lock.read_text().replace(f"pid {project.pid} ", f"pid {os.getpid()} "))
    assert (project.root / "data" / "run" / "control.sock").exists()

    project.start()

    assert project.ask("status")["scheduler"]["pid"] == project.pid


def test_killed_between_the_answer_to_a_shutdown_and_its_end_nothing_is_lost(project: RunningProject) -> None:
    project.start()
    pid = _begin(project)

    with _started(project, "shutdown", "--drain") as draining:
        _wait_until_it_drains(project)
        project.kill()
        said = draining.communicate(timeout=30)[0]

    assert draining.returncode == 0
    assert said.splitlines()[-1] == "the scheduler has ended; without it goes on 1 run: 1 (work)"
    assert is_living(pid)
    project.start()
    _enough(project)
    (run,) = project.wait_for_run("work", "succeeded")
    assert (run["executions"], len(_lines(project, "begun"))) == (1, 1)


def test_the_answers_are_json_for_programs(project: RunningProject) -> None:
    project.start()
    _begin(project)

    (paused,) = json.loads(project.command("pause", "1", "--json").stdout)
    shown = json.loads(project.command("show", "1", "--json").stdout)

    assert paused["paused_at"] == shown["paused_at"] is not None
    assert shown["limits"]["kill_grace"] == 20
    project.command("stop", "1")
