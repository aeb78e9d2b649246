"""Whatever is dropped, the sentence is where a person looks, and a healthy neighbour fires on time."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from task_scheduler.testing.running import RunningProject

pytestmark = pytest.mark.slow

COMPUTED = "step = 1\n{}\n\n\n@repeat(every(step).seconds)\ndef start():\n    pass\n"
TICK = "@repeat(every().second)\ndef start():\n    print('tick')\n"

#: What is dropped: name -> (frontmatter fields, body, the sentence after the file's name).
REFUSED = {
    "unknown_key": ("retry_cuont: 2\n", TICK, ":5: unknown key 'retry_cuont', did you mean 'retry_count'?"),
    "wrong_type": ("timeout: true\n", TICK, ":5: timeout must be a whole number, not true: write digits, such as 300"),
    "text_for_list": (
        "dependencies: requests\n",
        TICK,
        ":5: dependencies must be a list, not the text 'requests': write [\"requests\"]",
    ),
    "broken_yaml": (
        "dependencies: [requests\n",
        TICK,
        ":5: the bracket opened in 'dependencies: [requests' is never closed",
    ),
    "syntax_error": ("", TICK + "def (\n", ":11: syntax error: invalid syntax: def ("),
    "option_for_package": (
        "dependencies: ['--index-url=http://127.0.0.1/']\n",
        TICK,
        (
            ":5: dependencies: '--index-url=http://127.0.0.1/' is an option of an installer and not a package: write the "
            "packages themselves"
        ),
    ),
    "unknown_package": (
        "dependencies: [no-such-package-anywhere]\n",
        TICK,
        ": no package 'no-such-package-anywhere' on the index: check its spelling in dependencies",
    ),
    "unbuildable_package": (
        "dependencies: [unbuildable]\n",
        TICK,
        (
            ": unbuildable==1.0 does not build on this machine: choose a version that has a wheel, "
            "or install what it misses"
        ),
    ),
    "undeclared_import": (
        "",
        "import colours\n\n\n" + TICK,
        ":8: imports 'colours', which none of its packages provides: add the package to 'dependencies'",
    ),
    "never_fires": (
        "schedule: '0 0 30 2 *'\n",
        "def start():\n    pass\n",
        ":5: schedule: cron text '0 0 30 2 *' never fires: no month it names has day 30",
    ),
    "zero_interval": (
        "",
        "@repeat(every(0).minutes)\ndef start():\n    pass\n",
        ":8: @repeat on 'start': every(0).minutes: an interval is a whole number, 1 or more",
    ),
    "exits_at_import": ("", COMPUTED.format("import sys\nsys.exit(3)"), "importing the file calls sys.exit(3): move"),
    "hard_exit_at_import": (
        "",
        COMPUTED.format("import os\nos._exit(4)"),
        "importing the file ended its process with exit code 4, as os._exit does: move",
    ),
    "never_returns_at_import": (
        "",
        COMPUTED.format("import time\nwhile True:\n    time.sleep(1)"),
        "importing the file did not end within 20 s",
    ),
}


def test_each_refusal_is_said_in_list_log_and_record_while_a_neighbour_runs(project: RunningProject) -> None:
    project.start()
    project.write_task("neighbour", TICK)
    project.wait_for_run("neighbour", "succeeded")

    for name, (fields, body, _) in REFUSED.items():
        project.write_task(name, body, fields=fields)
    for name in REFUSED:
        project.wait_for_task(name, "invalid", 60)

    listing = project.command("list").stdout
    log = project.log()
    missing = []
    for name, (_, _, sentence) in REFUSED.items():
        said = _said(project, name)
        stored = json.loads(project.rows("SELECT problems FROM tasks WHERE task_id = ?", name)[0]["problems"])
        recorded = " ".join(f":{found['line']}: {found['message']} : {found['message']}" for found in stored)
        for place, text in (("list", listing), ("list --json", said), ("log", log), ("record", recorded)):
            if sentence not in text:
                missing.append(f"{name}: {sentence!r} not in {place}")
        if f"tasks/{name}.py{sentence}" not in said and not sentence.startswith("importing"):
            missing.append(f"{name}: the file is not named: {said}")
    assert not missing, "\n".join(missing)
    _assert_punctual(project, "neighbour")


def test_starting_a_task_that_is_not_in_force_says_what_it_is(project: RunningProject) -> None:
    project.write_task("off", "print('tick')\n", fields="enabled: false\n")
    project.write_task("wrong", "print('tick')\n", fields="timeout: true\n")
    gone = project.write_task("gone", "print('tick')\n")
    project.write_file("common_lib", "STEP = 1\n")
    project.start()
    for task_id, status in (("off", "disabled"), ("wrong", "invalid"), ("gone", "active"), ("common_lib", "module")):
        project.wait_for_task(task_id, status)
    gone.unlink()
    project.wait_for_task("gone", "deleted")

    said = {task_id: project.command("start", task_id) for task_id in ("off", "wrong", "gone", "common_lib", "nope")}

    assert {task_id: answer.returncode for task_id, answer in said.items()} == {
        "off": 1,
        "wrong": 1,
        "gone": 1,
        "common_lib": 1,
        "nope": 6,
    }
    assert said["off"].stderr == "error: off is disabled (enabled: false)\n"
    assert said["wrong"].stderr.startswith("error: wrong has no version in force: tasks/wrong.py:5: timeout must be")
    assert said["gone"].stderr == "error: gone was deleted: tasks/gone.py is gone\n"
    assert said["common_lib"].stderr.startswith("error: common_lib is a module: ")


#: What a run does: name -> (frontmatter, body, final state, part of the reason).
MISBEHAVING = {
    "raises": ("", "    raise ValueError('broken')\n", "failed", "ValueError: broken (tasks/raises.py:"),
    "exits": ("", "    import sys\n    sys.exit(3)\n", "failed", "exit code 3"),
    "hard_exit": ("", "    import os\n    os._exit(4)\n", "failed", "exit code 4"),
    "exit_text": ("", "    import sys\n    sys.exit('no disk')\n", "failed", "exit code 1"),
    "signals_itself": (
        "",
        "    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n",
        "failed",
        "SIGKILL (9)",
    ),
    "ignores_term": (
        "timeout: 1\n",
        "    import signal, time\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    time.sleep(600)\n",
        "timed_out",
        "its time limit of 1 s",
    ),
    "double_forks": (
        "timeout: 1\n",
        (
            "    import subprocess, time\n"
            "    subprocess.Popen(['setsid', 'env', '-i', 'sh', '-c', 'trap \"\" TERM; sleep 601 & wait'])\n"
            "    time.sleep(600)\n"
        ),
        "timed_out",
        "its time limit of 1 s",
    ),
    "leaves_behind": (
        "",
        "    import subprocess\n    subprocess.Popen(['setsid', 'sleep', '602'])\n",
        "succeeded",
        "",
    ),
    "floods": (
        "",
        "    import os\n    line = b'x' * 99 + b'\\n'\n    for _ in range(400_000):\n        os.write(1, line)\n",
        "succeeded",
        "",
    ),
}


ENDED = ("succeeded", "failed", "timed_out", "cancelled", "interrupted", "skipped", "missed")


def test_misbehaving_runs_end_truly_while_a_neighbour_fires_on_time(project: RunningProject) -> None:
    project.configure("tasks:\n  kill_grace: 1\n  output_limit: 1 MB\nscheduler:\n  max_concurrent: 20\n")
    project.start()
    project.write_task("neighbour", TICK)
    for name, (fields, body, _, _) in MISBEHAVING.items():
        project.write_task(name, "@repeat(every().day.at('00:00'))\ndef start():\n" + body, fields=fields)
    for name in ("neighbour", *MISBEHAVING):
        project.wait_for_task(name, "active")

    for name in MISBEHAVING:
        project.ask("start", task=name)

    wrong = []
    for name, (_, _, state, reason) in MISBEHAVING.items():
        run = project.wait_for_run(name, *ENDED, seconds=60)[0]
        if run["state"] != state or reason not in run["reason"]:
            wrong.append(f"{name}: {run['state']}: {run['reason']}")
    assert not wrong, "\n".join(wrong)
    for seconds in ("600", "601", "602"):
        assert not _sleepers(seconds, project)
    behind = project.rows(
        "SELECT left_behind FROM attempts JOIN runs ON runs.id = run_id WHERE task_id = 'leaves_behind'"
    )
    assert behind[0]["left_behind"] == 1
    flood = project.rows("SELECT a.* FROM attempts a JOIN runs ON runs.id = run_id WHERE task_id = 'floods'")[0]
    assert flood["output_bytes"] == 40_000_000
    kept = (project.root / "logs" / "runs" / flood["output"]).stat().st_size
    assert kept < 3_000_000
    _assert_punctual(project, "neighbour")


def test_a_task_that_kills_its_host_is_interrupted_and_its_neighbours_go_on(project: RunningProject) -> None:
    project.start()
    project.write_task("neighbour", TICK)
    project.write_task(
        "parricide",
        "import os, signal, time\n\n\n@repeat(every().day.at('00:00'))\ndef start():\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(5)\n",
    )
    project.wait_for_task("parricide", "active")
    project.wait_for_run("neighbour", "succeeded")

    project.ask("start", task="parricide")
    run = project.wait_for_run("parricide", "interrupted")[0]
    before = len(project.runs("neighbour", "succeeded"))

    assert run["reason"]
    project.wait_for_run("neighbour", "succeeded", count=before + 2)


def test_an_index_out_of_reach_is_said_and_harms_nothing_that_is_built(wheels: object) -> None:
    from task_scheduler.testing.running import running_project

    variables = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": "/dev/null"}
    with running_project(variables=variables) as project:
        project.start()
        project.write_task("neighbour", TICK)
        project.write_task("wants", TICK, fields="dependencies: [colours]\n")

        task = project.wait_for_task("wants", "invalid", 60)

        assert "reach" in _said(project, task["id"])
        _assert_punctual(project, "neighbour")


def _said(project: RunningProject, task_id: str) -> str:
    return " ".join(problem["text"] for problem in project.task(task_id)["problems"])


def _assert_punctual(project: RunningProject, task_id: str) -> None:
    """Every slot of a task up to now ran, and none of its attempts began more than a second late."""
    before = len(project.runs(task_id, "succeeded"))
    project.wait_for_run(task_id, "succeeded", count=before + 2)
    runs = project.runs(task_id)
    assert {run["state"] for run in runs if run["ended_at"]} == {"succeeded"}
    late = [
        (datetime.fromisoformat(run["started_at"]) - datetime.fromisoformat(run["scheduled_for"])).total_seconds()
        for run in runs
        if run["started_at"] and not run["merged"]
    ]
    assert max(late) < 1.0
    assert sum(run["merged"] for run in runs) == 0


def _sleepers(seconds: str, project: RunningProject) -> list[int]:
    """Return living `sleep` processes of this project's tasks, told by their working folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if command[:2] == [b"sleep", seconds.encode()] and (entry / "cwd").readlink() == project.root:
                found.append(int(entry.name))
    return found
