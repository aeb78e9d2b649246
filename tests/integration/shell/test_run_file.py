"""`run-file` with a running scheduler and without one: the same run, the same record, the run's own exit code."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY, RunningProject, is_living

pytestmark = pytest.mark.slow

#: Says it is there, then waits for a person to end it; its child ignores what it is asked.
STUBBORN = """
import os, subprocess, sys, time
child = subprocess.Popen(["sh", "-c", "trap '' TERM; while true; do sleep 60; done"])
def start():
    print("waiting", os.getpid(), child.pid, flush=True)
    time.sleep(60)
"""


@contextmanager
def started(project: RunningProject, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command whose output is read; it is ended with the block, whatever happened."""
    process = subprocess.Popen(
        project.command_line(*arguments),
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def said(project: RunningProject, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        project.command_line(*arguments), cwd=REPOSITORY, capture_output=True, timeout=60, check=False
    )


def pids_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the process ids STUBBORN tells, once it has."""
    assert process.stdout is not None
    word, *pids = process.stdout.readline().split()
    assert word == b"waiting"
    return [int(pid) for pid in pids]


@pytest.fixture(params=["alone", "scheduler"])
def engine(request: pytest.FixtureRequest, project: RunningProject) -> str:
    """Whether a scheduler is running."""
    if request.param == "scheduler":
        project.start()
    return str(request.param)


# --- with a scheduler and without -------------------------------------------------------------------------


def test_output_exit_code_and_record_are_those_of_the_run(project: RunningProject, engine: str) -> None:
    path = project.write_task(
        "talk",
        "import sys\n"
        "def start():\n"
        "    sys.stdout.buffer.write(b'\\xff\\x00raw\\r\\n no newline')\n"
        "    sys.stdout.flush()\n"
        "    print(sys.argv[1:], file=sys.stderr)\n"
        "    sys.exit(7)\n",
    )

    told = said(project, "run-file", str(path), "--root", "two words", "")

    (run,) = project.runs("talk")
    (attempt,) = project.rows("SELECT * FROM attempts")
    assert (told.returncode, told.stdout) == (7, b"\xff\x00raw\r\n no newline")
    assert b"['--root', 'two words', '']\n" in told.stderr
    assert f"run {run['id']} failed".encode() in told.stderr
    assert (run["kind"], run["state"], run["digest"]) == ("manual", "failed", digest_of(path))
    assert json.loads(run["argv"]) == ["--root", "two words", ""]
    assert (attempt["exit_code"], attempt["state"]) == (7, "failed")
    shown = project.command("history", "--json")
    assert json.loads(shown.stdout)[0]["argv"] == ["--root", "two words", ""]
    assert "talk --root 'two words' ''" in project.command("history").stdout


def test_what_a_run_tells_of_its_work_is_left_out_and_on_record(project: RunningProject, engine: str) -> None:
    path = project.write_task(
        "tells",
        "def start():\n"
        "    print('::task-scheduler:: progress 1/2 reading')\n"
        "    print('its own')\n"
        "    print('::task-scheduler:: metric rows 12')\n",
    )

    told = said(project, "run-file", str(path))
    quiet = said(project, "run-file", "-q", str(path))

    assert (told.returncode, told.stdout) == (0, b"its own\n")
    assert b"2 progress lines hidden; `" in told.stderr
    assert (quiet.stdout, quiet.stderr) == (b"its own\n", b"")
    run = json.loads(project.command("show", str(project.runs("tells")[0]["id"]), "--json").stdout)
    assert (run["progress"]["done"], run["metrics"]) == (1, {"rows": 12})


def test_a_secret_that_a_line_about_the_work_had_cut_in_two_is_hidden_where_its_halves_meet(
    project: RunningProject,
) -> None:
    (project.root / "config").mkdir()
    (project.root / "config" / "secrets.yaml").write_text("password: hunter2secret\n")
    path = project.write_task(
        "halves",
        "from task_scheduler.this_run import progress\n"
        "def start():\n"
        "    print('A hunter2', end='', flush=True)\n"
        "    progress(50)\n"
        "    print('secret END')\n",
    )

    told = said(project, "run-file", str(path))
    logs = said(project, "logs", "halves")

    assert (told.stdout, logs.stdout) == (b"A *** END\n", b"A *** END\n")


def test_an_example_that_is_named_is_run_whatever_the_settings_say_of_examples(project: RunningProject) -> None:
    path = project.write_task("example_mine", "def start():\n    print('here')\n", fields="schedule: daily\n")

    alone = [said(project, "run-file", str(path)) for _ in range(2)]

    assert [(run.returncode, run.stdout) for run in alone] == [(0, b"here\n")] * 2
    # No scheduler follows its schedule, and none is promised.
    assert "example_mine" not in project.command("list").stdout

    project.start()
    refused = said(project, "run-file", str(path))
    assert b"is left out of the tasks: set tasks.include_example_tasks: true, which counts at once" in refused.stderr
    assert refused.returncode == 1
    project.configure("tasks:\n  include_example_tasks: true\n")
    assert project.wait_for_task("example_mine", "active", seconds=60)["next_run"]
    assert said(project, "run-file", str(path)).stdout == b"here\n"


def test_the_exit_code_is_the_runs_own_and_else_what_shells_say(project: RunningProject) -> None:
    cases = [
        ("fine", "print('fine')", 0, "succeeded"),
        ("raises", "raise ValueError('no')", 1, "failed"),
        ("killed", "import os; os.kill(os.getpid(), 9)", 137, "failed"),
        ("endless", "import time; time.sleep(60)", 124, "timed_out"),
    ]
    for name, body, _, _ in cases:
        project.write_task(name, f"def start():\n    {body}\n", fields="timeout: 1\n")
    project.start()

    for name, _, code, state in cases:
        told = said(project, "run-file", name)
        assert (told.returncode, project.runs(name)[0]["state"]) == (code, state), name


def test_a_file_that_cannot_be_put_in_force_is_answered_as_check_does(project: RunningProject, engine: str) -> None:
    project.write_task("broken", "def start():\n    pass\n", fields="timeout: soon\n")
    project.write_task("off", "def start():\n    pass\n", fields="enabled: false\n")
    project.write_file("module", "X = 1\n")

    broken, off, module = (said(project, "run-file", name) for name in ("broken", "off", "module"))

    assert [each.returncode for each in (broken, off, module)] == [1, 1, 1]
    assert [each.stdout for each in (broken, off, module)] == [b"", b"", b""]
    assert b"tasks/broken.py:5: error: timeout must be a whole number, not the text 'soon'" in broken.stderr
    assert b"broken cannot be put in force as it stands" in broken.stderr
    assert b"off is disabled (enabled: false): set enabled: true" in off.stderr
    assert b"module is a module: it has neither frontmatter nor a schedule" in module.stderr
    assert project.rows("SELECT * FROM runs") == []


def test_a_retry_gets_the_same_command_line(project: RunningProject, engine: str) -> None:
    project.write_task(
        "flaky",
        "import os, sys\n"
        "def start():\n"
        "    print(os.environ['TASK_SCHEDULER_ATTEMPT'], sys.argv[1:])\n"
        "    sys.exit(os.environ['TASK_SCHEDULER_ATTEMPT'] == '1')\n",
        fields="retry_count: 1\nretry_delay: 1\n",
    )

    told = said(project, "run-file", "flaky", "x")

    assert (told.returncode, told.stdout) == (0, b"1 ['x']\n2 ['x']\n")
    assert b"attempt 1 failed (exit code 1): tries again" in told.stderr


def test_a_repeated_request_id_shows_the_run_it_made_and_starts_nothing(project: RunningProject, engine: str) -> None:
    project.write_task("once", "def start():\n    print('once')\n")

    first, again = (said(project, "run-file", "--request-id", "mine", "once", "x") for _ in range(2))
    other = said(project, "run-file", "--request-id", "mine", "once", "y")

    assert (first.returncode, first.stdout) == (again.returncode, again.stdout) == (0, b"once\n")
    assert (other.returncode, other.stdout) == (1, b"")
    assert b"request id 'mine' is taken: run 1 had other arguments" in other.stderr
    assert len(project.runs("once")) == 1


# --- with a scheduler -------------------------------------------------------------------------------------


def test_an_edit_runs_as_it_was_when_the_command_was_given(project: RunningProject) -> None:
    project.start()
    for number in range(3):
        path = project.write_task("edited", f"def start():\n    print({number})\n")
        told = said(project, "run-file", "--quiet", "edited")
        assert (told.returncode, told.stdout, told.stderr) == (0, f"{number}\n".encode(), b"")
        assert project.runs("edited")[-1]["digest"] == digest_of(path)


def test_ctrl_c_leaves_a_run_of_the_scheduler_alone(project: RunningProject) -> None:
    project.start()
    project.write_task("stubborn", STUBBORN, fields="timeout: 20\n")

    with started(project, "run-file", "stubborn") as process:
        main, child = pids_of(process)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)

        assert process.returncode == 130
        assert b"run 1 goes on; it is only no longer shown" in stderr
        assert is_living(main)
        assert project.runs("stubborn")[0]["ended_at"] is None
    for pid in (child, main):
        os.kill(pid, signal.SIGKILL)
    project.wait_for_run("stubborn", "failed")


def test_start_gives_what_follows_two_dashes_to_the_task(project: RunningProject) -> None:
    project.start()
    project.write_task("start_me", "import sys\ndef start():\n    print(sys.argv[1:])\n")
    project.wait_for_task("start_me", "active")

    told = project.command("start", "start_me", "--wait", "--", "--wait", "b c")

    assert told.returncode == 0, told.stderr
    assert project.output(1) == "['--wait', 'b c']\n"


# --- alone ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_alone_the_run_ends_with_the_command_and_so_does_its_tree(
    project: RunningProject, number: signal.Signals, code: int
) -> None:
    project.configure("tasks:\n  kill_grace: 0.3\n")
    project.write_task("stubborn", STUBBORN)

    with started(project, "run-file", "stubborn") as process:
        pids = pids_of(process)
        hosts = project.host_pids()
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)

    (run,) = project.runs("stubborn")
    assert (process.returncode, run["state"]) == (code, "cancelled")
    assert run["reason"].startswith("ended by")
    assert f"run {run['id']} was cancelled".encode() in stderr
    assert [pid for pid in (*pids, *hosts) if is_living(pid)] == []


def test_alone_a_run_that_waits_for_its_retry_is_ended_too(project: RunningProject) -> None:
    project.write_task(
        "flaky", "import sys\ndef start():\n    print('no', flush=True)\n    sys.exit(1)\n", fields="retry_count: 1\n"
    )

    with started(project, "run-file", "flaky") as process:
        project.wait_for_run("flaky", "retrying")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    (run,) = project.runs("flaky")
    assert (process.returncode, run["state"], run["reason"]) == (130, "cancelled", "ended by Ctrl-C")


def test_alone_nothing_but_the_file_is_touched_and_nothing_is_left(project: RunningProject) -> None:
    project.write_task("secondly", "@repeat(every().second)\ndef start():\n    pass\n")
    project.start()
    project.wait_for_run("secondly", "succeeded")
    project.stop()
    project.close()
    hosts = set((project.root / "data" / "run" / "hosts").iterdir())
    before = {table: project.rows(f"SELECT * FROM {table}") for table in ("jobs", "tasks", "runs")}  # noqa: S608
    project.write_task("secondly", "@repeat(every().second)\ndef start():\n    print('edited')\n")
    project.write_task("other", "@repeat(every().second)\ndef start():\n    pass\n")
    project.write_task("mine", "@repeat(every().second)\ndef start():\n    print('mine')\n")

    told = said(project, "run-file", "mine")

    assert (told.returncode, told.stdout) == (0, b"mine\n")
    for table, rows in before.items():
        now = project.rows(f"SELECT * FROM {table}")  # noqa: S608
        assert [row for row in now if row.get("task_id") != "mine"] == rows, table
    assert len(project.runs("mine")) == 1
    assert project.host_pids() == []
    folder = project.root / "data" / "run" / "hosts"
    project.wait_for("its host's folder is gone", lambda: set(folder.iterdir()) <= hosts)
    assert (project.root / "data" / "run" / "scheduler.lock").read_text() == "free\n"


def test_alone_the_modules_beside_a_task_are_not_kept_by_hosts(project: RunningProject) -> None:
    project.write_file("beside", "WORD = 'first'\n")
    (project.root / "tasks" / "package").mkdir()
    project.write_file("package/inner", "WORD = 'first'\n")
    project.write_task("uses", "import beside, package.inner\ndef start():\n    print(beside.WORD)\n")

    said(project, "run-file", "uses")

    (version,) = project.rows("SELECT preload FROM versions")
    assert not {"beside", "package.inner"} & set(json.loads(version["preload"]))


def test_alone_a_run_of_a_killed_scheduler_stays_for_the_next_one_to_settle(project: RunningProject) -> None:
    body = STUBBORN + "@repeat(every().day.at('03:00'))\ndef other():\n    print('other', flush=True)\n"
    project.write_task("stubborn", body)
    project.start()
    project.wait_for_task("stubborn", "active")
    project.command("start", "stubborn")
    project.wait_for_run("stubborn", "running")
    project.kill()

    told = said(project, "run-file", "--function", "other", "stubborn")
    states = [run["state"] for run in project.runs("stubborn")]
    project.start()
    project.wait_for("settled", lambda: "found alive 1" in project.log())

    assert (told.returncode, told.stdout) == (0, b"other\n")
    assert b"still executing" not in told.stderr
    assert states == ["running", "succeeded"]


def test_alone_a_run_that_still_executes_is_doubled_only_on_request(project: RunningProject) -> None:
    body = "import time\ndef start():\n    print('here', flush=True)\n    time.sleep(LONG)\n"
    project.write_task("long", body.replace("LONG", "60"))
    project.start()
    project.wait_for_task("long", "active")
    project.command("start", "long")
    project.wait_for_run("long", "running")
    project.kill()

    refused = said(project, "run-file", "long")
    with started(project, "run-file", "--beside", "long") as beside:
        assert beside.stdout is not None
        line = beside.stdout.readline()
        beside.send_signal(signal.SIGINT)
        beside.wait(30)

    assert (refused.returncode, refused.stdout) == (1, b"")
    assert b"error: run 1 of long is still executing, started by an earlier scheduler: " in refused.stderr
    assert b"--beside" in refused.stderr
    assert line == b"here\n"
    assert [run["state"] for run in project.runs("long")] == ["running", "cancelled"]


def test_alone_a_run_that_is_over_keeps_nothing_from_running(project: RunningProject) -> None:
    body = """
import os, time
def start():
    print(os.getpid(), flush=True)
    while not os.path.exists("enough"):
        time.sleep(0.01)
"""
    project.write_task("ends", body)
    project.start()
    project.wait_for_task("ends", "active")
    project.command("start", "ends")
    project.wait_for_run("ends", "running")
    project.kill()
    (project.root / "enough").touch()
    markers = project.root / "data" / "run" / "hosts"
    project.wait_for(
        "it ended", lambda: any(file.read_bytes().count(b"\n") > 1 for file in markers.glob("*/*.attempt"))
    )

    told = said(project, "run-file", "ends")

    assert (told.returncode, told.stdout.count(b"\n")) == (0, 1)
    assert b"executing" not in told.stderr
    assert [run["state"] for run in project.runs("ends")] == ["running", "succeeded"]


def test_alone_nothing_is_promised_that_only_a_scheduler_would_do(
    project: RunningProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write_task("daily", "@repeat(every().day.at('03:00'))\ndef start():\n    print('now')\n")
    project.write_task("wants", "import humanize\ndef start(): ...\n", fields="dependencies: [humanize]\n")
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple/")

    ran, unreachable = said(project, "run-file", "daily"), said(project, "run-file", "wants")

    assert (ran.returncode, ran.stdout) == (0, b"now\n")
    assert b"due next" not in ran.stderr + unreachable.stderr
    assert unreachable.returncode == 1
    assert b"the package index cannot be reached (" in unreachable.stderr
    assert b"tried again" not in unreachable.stderr


def test_alone_killed_without_notice_the_next_scheduler_takes_the_run_over(project: RunningProject) -> None:
    project.write_task("stubborn", STUBBORN)
    with started(project, "run-file", "stubborn") as process:
        main, child = pids_of(process)
        process.kill()
        process.wait(30)

    project.start()
    project.wait_for("adopted", lambda: "found alive 1" in project.log())
    for pid in (child, main):
        os.kill(pid, signal.SIGKILL)

    assert project.wait_for_run("stubborn", "failed")[0]["reason"] == "ended by signal SIGKILL (9)"


def test_alone_a_request_whose_run_was_left_open_is_neither_repeated_nor_waited_for(project: RunningProject) -> None:
    project.write_task("stubborn", STUBBORN)
    with started(project, "run-file", "--request-id", "mine", "stubborn") as process:
        pids = pids_of(process)
        process.kill()
        process.wait(30)

    again = said(project, "run-file", "--request-id", "mine", "stubborn")
    for pid in reversed(pids):
        os.kill(pid, signal.SIGKILL)

    assert again.returncode == 1
    assert b"run 1 of stubborn was asked for by this name" in again.stderr
    assert len(project.runs("stubborn")) == 1


def test_alone_a_run_whose_output_nobody_reads_any_more_is_ended_and_recorded(project: RunningProject) -> None:
    project.write_task("many", "import time\nfor number in range(200_000):\n    print(number)\ntime.sleep(60)\n")
    with started(project, "run-file", "many") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        process.wait(30)

    assert project.runs("many")[0]["state"] == "cancelled"
    assert project.host_pids() == []


def test_alone_what_it_does_is_logged_as_a_scheduler_logs_it(project: RunningProject) -> None:
    project.write_task("talk", "def start():\n    pass\n")

    said(project, "run-file", "talk")

    assert "talk: in force" in project.log()
    assert "talk run 1 succeeded" in project.log()


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
