"""The monitor that setup_cron.sh makes: one scheduler works, whatever happened to it, and a person hears of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from task_scheduler.process.incumbent import one_at_a_time
from task_scheduler.testing.running import is_living
from tests.integration.scripts.conftest import CRONS_VARIABLES, WatchedProject

pytestmark = pytest.mark.slow

#: As in all other logs.
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| (INFO |WARNING|ERROR) +\| .+|    .*")

SOME_TIME = datetime(2026, 6, 1, tzinfo=UTC)


def _said(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_starts_a_scheduler_that_is_gone_and_is_silent_about_one_that_works(watched: WatchedProject) -> None:
    code, output, errors = _said(watched.monitor())

    assert (code, errors) == (0, "")
    assert "started one (try 1)" in output
    first = watched.pid
    assert first is not None
    assert "no scheduler is running: it is started (try 1)" in watched.log
    assert [line for line in watched.log.splitlines() if LINE.fullmatch(line) is None] == []

    assert _said(watched.monitor()) == (0, "", "")
    assert _said(watched.monitor()) == (0, "", "")
    assert watched.pid == first
    assert watched.log.count("alive:") == 2  # when it was started, and when it still was

    code, output, errors = _said(watched.monitor("--restart"))

    assert (code, output, errors) == (0, "", "")
    assert watched.pid not in {None, first}
    assert "restarted, as the crontab says" in watched.log


def test_two_at_once_start_one(watched: WatchedProject) -> None:
    looks = [watched.monitor(begin=True) for _ in range(3)]
    said = [_said(look) for look in looks]

    assert [code for code, _, _ in said] == [0, 0, 0]
    assert "".join(errors for _, _, errors in said) == ""
    assert watched.log.count("it is started") == 1
    assert watched.pid is not None


def test_ends_a_scheduler_that_hangs_and_starts_another(watched: WatchedProject) -> None:
    _said(watched.monitor())
    hung = watched.pid
    assert hung is not None
    # A first look finds it well, which forgets the try above.
    _said(watched.monitor())
    os.kill(hung, signal.SIGSTOP)
    _make_older(watched, 100)

    code, output, _ = _said(watched.monitor())

    assert code == 0
    assert "the scheduler hangs: it is ended and started anew; its runs go on (try 1)" in watched.log
    assert "started one" in output
    assert not is_living(hung)
    assert watched.pid not in {None, hung}


def _told_at_a_terminal(watched: WatchedProject) -> str:
    """Return what the monitor tells a person who runs it."""
    ours, terminal = os.openpty()
    try:
        command = ["/bin/sh", str(watched.scripts / "monitor_scheduler.sh")]
        subprocess.run(command, env=CRONS_VARIABLES, stdout=terminal, stderr=subprocess.STDOUT, timeout=60, check=False)
    finally:
        os.close(terminal)
    with os.fdopen(ours, encoding="utf-8", errors="replace") as told:
        lines: list[str] = []
        # A terminal that nobody has open any more ends by an error.
        with suppress(OSError):
            lines.extend(told)
    return "".join(lines)


def _make_older(watched: WatchedProject, seconds: float) -> None:
    """Have the last sign of life be so many seconds ago."""
    path = watched.root / "data" / "run" / "heartbeat"
    beat = json.loads(path.read_text())
    beat["monotonic"] -= seconds
    path.write_text(json.dumps(beat))


def test_leaves_one_alone_that_a_person_ended_until_it_is_started_again(watched: WatchedProject) -> None:
    _said(watched.monitor())

    assert watched.facts.command("shutdown").returncode == 0
    for look in ("", "--restart"):
        assert _said(watched.monitor(*filter(None, [look]))) == (0, "", "")

    assert watched.pid is None
    assert "nothing is done: it was stopped by a command" in _told_at_a_terminal(watched)
    assert watched.log.count("was stopped by a command, and stays so") == 1
    assert watched.facts.command("run", "--daemon").returncode == 0
    watched.end()
    assert _said(watched.monitor())[0] == 0
    assert watched.pid is not None


def test_pauses_grow_between_tries_that_fail_and_a_start_that_works_ends_them(watched: WatchedProject) -> None:
    config = watched.root / "config" / "config.yaml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("scheduler:\n  loop_intervall: 5\n")
    state = _state(watched)

    pauses = []
    for tries in (0, 4):
        state.write_text(f"{tries} 0\n")
        code, output, errors = _said(watched.monitor())
        assert (code, output) == (1, "")
        assert "loop_intervall" in errors, "the reason is told to whoever reads cron's mail"
        pauses += [int(number) for number in re.findall(r"next try in (\d+) minutes", errors)]

    assert pauses == [5, 60]
    assert _said(watched.monitor()) == (1, "", ""), "until then it neither tries nor mails"
    told = _told_at_a_terminal(watched)
    assert re.search(r"nothing is done now: after 5 that failed, the next try is in (59|60) min, or once config", told)
    assert watched.log.count("could not be started") == 2

    config.write_text("scheduler:\n  loop_interval: soon\n")
    code, _, errors = _said(watched.monitor())
    assert (code, "loop_interval must be" in errors, "next try in 5 minutes" in errors) == (1, True, True)
    config.unlink()
    assert _said(watched.monitor())[0] == 0
    assert watched.log.count("has changed since the last try: the pause is over") == 2
    assert _said(watched.monitor()) == (0, "", "")
    assert not state.exists()


def test_what_nobody_can_tell_is_mailed_once_and_then_after_pauses_of_its_own(watched: WatchedProject) -> None:
    script = watched.scripts / "monitor_scheduler.sh"
    working = script.read_text()
    (watched.root / "main.py").write_text("raise SystemExit(3)\n")
    script.write_text(re.sub(r"(?m)^program=.*$", "program=.", working))

    code, _, errors = _said(watched.monitor())

    assert code == 1
    assert "nobody can tell how the scheduler is (exit code 3); told again in 5 minutes at the earliest" in errors
    assert _said(watched.monitor()) == (1, "", "")
    assert watched.log.count("nobody can tell") == 1

    script.write_text(working)
    assert "started one (try 1)" in _said(watched.monitor())[1]


def test_a_restart_of_a_person_is_left_to_its_work_without_mail_and_without_a_pause(watched: WatchedProject) -> None:
    with one_at_a_time(watched.root, since=SOME_TIME):
        for _ in range(3):
            assert _said(watched.monitor()) == (0, "", "")
        assert watched.log.count("another one is at it") == 3
        assert watched.log.count("(try 1)") == 3, "these are no tries that failed"
        # Nobody restarts for so long: something is wrong, of which a person has to hear.
        code, _, errors = _said(watched.monitor())
        assert (code, "none could be started; next try in 5 minutes" in errors) == (1, True)
        _state(watched).write_text("0 0 1\n")

    code, output, _ = _said(watched.monitor())
    assert (code, "started one (try 1)" in output) == (0, True)
    first = watched.pid

    with one_at_a_time(watched.root, since=SOME_TIME):
        assert _said(watched.monitor("--restart")) == (0, "", "")
    assert watched.pid == first
    assert "another restart is under way" in watched.log


def test_neither_a_clock_set_back_nor_a_log_that_cannot_be_written_keeps_it_from_its_work(
    watched: WatchedProject,
) -> None:
    _state(watched).write_text("3 99999999999\n")
    logs = watched.root / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "monitor.log").symlink_to("/dev/full")

    code, output, errors = _said(watched.monitor())

    assert (code, "started one (try 4)" in output) == (0, True)
    assert "no scheduler is running: it is started" in errors, "what no log takes is said where cron mails it"


def _state(watched: WatchedProject) -> Path:
    """Return the file in which the monitor keeps what it has tried."""
    state = watched.root / "data" / "run" / "monitor"
    state.parent.mkdir(parents=True, exist_ok=True)
    return state


def test_a_folder_that_is_gone_is_told_and_not_made(watched: WatchedProject) -> None:
    script = (watched.scripts / "monitor_scheduler.sh").read_text()
    elsewhere = watched.root.parent / "monitor.sh"
    elsewhere.write_text(script)
    moved = watched.root.rename(watched.root.with_name("moved"))

    done = subprocess.run(
        ["/bin/sh", elsewhere], env=CRONS_VARIABLES, capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 1
    assert "is its disk there?" in done.stderr
    assert not watched.root.exists()
    moved.rename(watched.root)
