"""`explain-env` says what is true: compared with what a real run finds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from task_scheduler.testing.running import REPOSITORY, RunningProject, running_project

pytestmark = pytest.mark.slow

#: What a run dumps: the very questions that explain-env asks, in the run itself.
DUMP = "def start():\n    import json\n    from task_scheduler import surroundings\n    print(json.dumps(surroundings.gather()))\n"
OF_ONE_RUN = {"TASK_SCHEDULER_RUN", "TASK_SCHEDULER_ATTEMPT", "TASK_SCHEDULER_SOURCE", "TASK_SCHEDULER_STOP_NOTE"}


@pytest.fixture(scope="module")
def project() -> Iterator[RunningProject]:
    """A project whose scheduler was started from elsewhere, in another language, with another umask and limits."""
    variables = {"LANG": "C", "LC_ALL": "C", "ONLY_THERE": "1", "SERVICE_TOKEN": "of the scheduler", "PATH": "/usr/bin"}
    with running_project(variables=variables) as made:
        made.write_task("dump", DUMP)
        before = os.umask(0o027)
        try:
            made.start()
        finally:
            os.umask(before)
        yield made


def explain(project: RunningProject, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        project.command_line("explain-env", "dump", *arguments),
        cwd=REPOSITORY,
        env={**os.environ, "PATH": f"/opt/only-here:{os.environ['PATH']}", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_what_it_says_of_a_run_is_what_a_run_finds(project: RunningProject) -> None:
    told = json.loads(explain(project, "--json").stdout)["run"]
    dumped = json.loads(project.command("run-file", "dump").stdout)

    assert _comparable(told) == _comparable(dumped)
    assert told["facts"]["umask"] == "0027"
    assert told["facts"]["working folder"] == str(project.root)
    assert told["facts"]["output encoding"] == "utf-8"


def test_what_it_says_of_here_is_what_python_finds_here(project: RunningProject) -> None:
    told = json.loads(explain(project, "--json", ONLY_HERE="x").stdout)["here"]

    assert told["variables"]["ONLY_HERE"] == "x"
    assert told["facts"]["working folder"] == str(REPOSITORY)
    assert told["facts"]["standard input"] == "/dev/null"


def test_differences_are_told_the_likely_culprits_first(project: RunningProject) -> None:
    told = json.loads(explain(project, "--json", ONLY_HERE="x").stdout)

    found = {(each["kind"], each["name"], each["here"], each["run"]) for each in told["differences"]}
    assert ("path", "PATH has", "/opt/only-here", None) in found
    assert ("variable", "ONLY_HERE", "x", None) in found
    assert ("variable", "ONLY_THERE", None, "1") in found
    assert ("fact", "umask", "0022", "0027") in found or told["here"]["facts"]["umask"] != "0022"
    likely = [each["likely"] for each in told["differences"]]
    assert likely == sorted(likely, reverse=True)
    assert told["running"] is True


def test_people_see_a_table_and_no_secret(project: RunningProject) -> None:
    said = explain(project, SERVICE_TOKEN="of this shell", DATABASE_URL="postgres://me:hidden@db/x").stdout

    lines = said.splitlines()
    assert lines[0] == "most likely to matter"
    assert any(line.split() == ["PATH", "has", "/opt/only-here", "-"] for line in lines)
    assert any(line.split() == ["ONLY_THERE", "-", "1"] for line in lines)
    (token,) = [line for line in lines if line.startswith("SERVICE_TOKEN")]
    assert re.split("  +", token) == ["SERVICE_TOKEN", "(hidden)", "(hidden), and not the same"]
    assert "of this shell" not in said
    assert "of the scheduler" not in said
    assert "hidden@db" not in said


def test_what_differs_is_told_whole_and_what_never_matters_not_at_all(project: RunningProject) -> None:
    url = "https://a.example/" + "long/" * 20
    session = {"TMUX": "/tmp/tmux", "SSH_TTY": "/dev/pts/1", "COLORTERM": "truecolor"}

    said = explain(project, MY_URL=url, SSH_AUTH_SOCK="/run/agent", **session).stdout

    lines = said.splitlines()
    at = lines.index("MY_URL")
    assert lines[at + 1 : at + 3] == [f"    here      {url}", "    in a run  -"]
    assert "…" not in said
    assert not any(name in said for name in session)
    # Without it, what needs the agent fails: it is no mere sign of a login.
    assert "SSH_AUTH_SOCK" in said


def test_without_a_scheduler_it_tells_of_a_run_started_from_here(project: RunningProject) -> None:
    with running_project() as alone:
        alone.write_task("dump", DUMP)

        told = explain(alone, "--json", ONLY_HERE="x")
        dumped = subprocess.run(
            alone.command_line("run-file", "dump"),
            cwd=REPOSITORY,
            env={**os.environ, "PATH": f"/opt/only-here:{os.environ['PATH']}", "ONLY_HERE": "x"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )

    assert "no scheduler is running" in told.stderr
    assert _comparable(json.loads(told.stdout)["run"]) == _comparable(json.loads(dumped.stdout))
    assert json.loads(told.stdout)["run"]["variables"]["ONLY_HERE"] == "x"


def test_the_questions_can_be_put_to_any_python(project: RunningProject) -> None:
    answer = subprocess.run(
        [sys.executable, str(REPOSITORY / "task_scheduler" / "surroundings.py")],
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert set(json.loads(answer.stdout)) == {"facts", "limits", "variables", "path", "packages"}


def _comparable(told: dict[str, Any]) -> dict[str, Any]:
    """Return what was gathered, without what only one run has; secrets are hidden in one of the two."""
    variables = {
        name: "(hidden)" if "TOKEN" in name or "KEY" in name else value
        for name, value in told["variables"].items()
        if name not in OF_ONE_RUN
    }
    return {**told, "variables": variables}
