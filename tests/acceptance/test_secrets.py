"""A secret in a project with a real scheduler: it works, and is on no byte of the disk but in its own file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY, RunningProject, running_project

SECRET = "sk-4f9a1b77e2-leaks"
LATER = "token-that-came-later"

pytestmark = pytest.mark.slow

LEAKY = """
import subprocess, sys
from helpers import load_config, log_error, log_info, log_structured_data
from task_scheduler.this_run import metric, progress, result

def start():
    secrets = load_config("secrets.yaml")
    key = secrets["api_keys"]["openai"]
    print("its length:", len(key), "itself:", key, secrets["pin"])
    progress(1, 2, key)
    metric(key, 1)
    result({"key": key, "pin": secrets["pin"]})
    log_info("key " + key, key=key, pin=secrets["pin"])
    log_structured_data("event", {"key": key})
    subprocess.run(["sh", "-c", "echo from a shell $0; echo and there $0 >&2", key], check=True)
    try:
        raise ValueError(key)
    except ValueError as error:
        log_error("it failed", exception=error)
        raise RuntimeError("again " + key) from error
"""


@pytest.fixture
def project() -> Iterator[RunningProject]:
    with running_project() as project:
        shutil.copytree(REPOSITORY / "helpers", project.root / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
        (project.root / "config").mkdir()
        write_secrets(project, f'api_keys:\n  openai: "{SECRET}"\npin: 48151623\n')
        yield project


def write_secrets(project: RunningProject, text: str) -> None:
    file = project.root / "config" / "secrets.yaml"
    file.touch(0o600)
    file.write_text(text)


def holders(project: RunningProject, *secrets: str) -> list[str]:
    """Return the files below the project folder, the database and what lies beside it included, that hold one of these."""
    return [
        str(path.relative_to(project.root))
        for path in project.root.rglob("*")
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]


def test_a_run_that_lets_it_out_in_every_way_leaves_nothing_of_it(project: RunningProject) -> None:
    project.write_task("forked", LEAKY, fields="schedule: daily\n")
    project.write_task("spawned", LEAKY, fields="schedule: daily\nstart_method: spawn\n")
    project.start()
    for task in ("forked", "spawned"):
        project.wait_for_task(task, "active", seconds=60)
        ended = project.command("start", task, "--wait")
        assert "failed" in ended.stdout + ended.stderr

    assert holders(project, SECRET, "48151623") == ["config/secrets.yaml"]
    for run in (1, 2):
        told = json.loads(project.command("show", str(run), "--json").stdout)
        assert "RuntimeError: again ***" in json.dumps(told)
        assert f"its length: {len(SECRET)} itself: *** ***" in project.output(run)
    assert "key *** |" in (project.root / "logs" / "tasks.log").read_text()
    assert "2 values of it are hidden" in project.log()

    assert project.stop() == 0
    alone = project.command("run-file", str(project.root / "tasks" / "forked.py"))

    assert "from a shell ***" in alone.stdout
    assert holders(project, SECRET, "48151623") == ["config/secrets.yaml"]


def test_a_secret_that_comes_later_is_hidden_in_the_run_that_is_under_way(project: RunningProject) -> None:
    gate = project.root / "gate"
    project.write_task(
        "patient",
        f"""
import os, time
def start():
    print("begun", flush=True)
    while not os.path.exists({str(gate)!r}):
        time.sleep(0.02)
    print("-".join(["token", "that", "came", "later"]), flush=True)
    raise ValueError("-".join(["token", "that", "came", "later"]))
""",
        fields="schedule: daily\n",
    )
    project.start()
    project.wait_for_task("patient", "active", seconds=60)
    project.command("start", "patient")
    project.wait_for("it has begun", lambda: "begun" in project.output(1))

    write_secrets(project, f"later: {LATER}\n  broken: 1\n")
    project.wait_for("the fault is told", lambda: "config/secrets.yaml:2: this is not YAML" in project.log())
    assert "config/secrets.yaml:2: this is not YAML" in project.command("status").stdout
    gate.touch()
    project.wait_for_run("patient", "failed")

    assert "begun\n***\n" in project.output(1)
    assert holders(project, LATER) == ["config/secrets.yaml"]
    assert project.log().count("this is not YAML") == 1


def test_a_file_that_others_can_read_is_warned_of_at_the_start_and_by_config_check(project: RunningProject) -> None:
    Path(project.root, "config", "secrets.yaml").chmod(0o644)
    project.start()

    way_out = "other users of this machine can read it: `chmod 600 config/secrets.yaml`"
    project.wait_for("the warning", lambda: way_out in project.log())
    assert way_out in project.command("config", "check").stdout
    shown = project.command("config", "show")
    assert shown.returncode == 0
    assert SECRET not in shown.stdout + shown.stderr
