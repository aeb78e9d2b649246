"""Helpers in real runs: whose packages they bring to whom, and what a run that is stopped leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from task_scheduler.testing.running import RunningProject, is_living, running_project
from task_scheduler.testing.wheels import build_wheel, build_yaml_wheel
from tests.integration.helpers.conftest import REPOSITORY

pytestmark = pytest.mark.slow

OWN = """\"\"\"
---
title: "Colours of ours"
dependencies: ["colours"]
---
\"\"\"

import colours


def shade():
    return f"colours {colours.VERSION}"
"""
#: What can be imported, told by each task beside what it does.
TELLS = """
import importlib.util

def start():
    print(work())
    print([name for name in ("yaml", "colours") if importlib.util.find_spec(name)])
"""
TASKS = {
    "nothing": ("from helpers import log_info\ndef work(): return 'nothing'", "nothing", []),
    "config": (
        "from helpers import get_config_value\ndef work(): return get_config_value('a.b', 'mine.yaml')",
        "7",
        ["yaml"],
    ),
    "own": ("from helpers.mine import shade\ndef work(): return shade()", "colours 1.0", ["colours"]),
    "listed": ("from helpers import shade\ndef work(): return shade()", "colours 1.0", ["colours"]),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    """A running project with a helper of the person's own, which stands in the table of helpers, too."""
    wheels = tmp_path_factory.mktemp("wheels")
    build_wheel(wheels, "colours", "1.0")
    build_yaml_wheel(wheels)
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": "/dev/null"}
    with running_project(variables=variables) as made:
        helpers = made.root / "helpers"
        shutil.copytree(REPOSITORY / "helpers", helpers, ignore=shutil.ignore_patterns("__pycache__"))
        (helpers / "mine.py").write_text(OWN)
        table = (helpers / "__init__.py").read_text()
        (helpers / "__init__.py").write_text(table.replace("_MODULES = {", '_MODULES = {\n    "shade": "mine",', 1))
        made.configure("tasks:\n  kill_grace: 5\n")
        (made.root / "config" / "mine.yaml").write_text("a: {b: 7}\n")
        made.start()
        yield made


def write(project: RunningProject, name: str, code: str) -> None:
    project.write_task(name, code, fields='schedule: "@yearly"\n')
    project.wait_for_task(name, "active")


def test_packages_of_helpers_reach_only_the_tasks_that_use_them(project: RunningProject) -> None:
    for name, (code, _, _) in TASKS.items():
        project.write_task(name, code + TELLS, fields='schedule: "@yearly"\n')

    for name, (_, said, packages) in TASKS.items():
        project.wait_for_task(name, "active")
        done = project.command("start", name, "--wait")

        assert done.returncode == 0, done.stdout + done.stderr
        [run] = project.runs(name)
        assert project.output(run["id"]).splitlines() == [said, str(packages)]


def test_a_value_is_there_in_the_next_run_though_the_last_one_was_killed(project: RunningProject) -> None:
    write(
        project,
        "counting",
        "import os, signal\nfrom helpers import recall, remember\ndef start():\n"
        "    remember('runs', recall('runs', 0) + 1)\n    print(recall('runs'))\n"
        "    if recall('runs') < 3: os.kill(os.getpid(), signal.SIGKILL)\n",
    )

    codes = [project.command("start", "counting", "--wait").returncode for _ in range(3)]

    assert codes == [1, 1, 0]
    assert project.output(project.runs("counting")[-1]["id"]) == "3\n"
    assert json.loads((project.root / "data" / "state" / "counting.json").read_text()) == {"runs": 3}


def test_a_run_that_is_stopped_ends_its_command_and_all_it_started(project: RunningProject) -> None:
    write(
        project,
        "commanding",
        "from helpers import execute_cli_command\ndef start():\n"
        "    execute_cli_command('echo $$ > pids; setsid sleep 99 & echo $! >> pids; sleep 98', timeout=None)\n",
    )
    project.command("start", "commanding")
    pids = project.wait_for(
        "its command works",
        lambda: text.split() if (text := (project.root / "pids").read_text()).count("\n") == 2 else [],
    )

    done = project.command("stop", "commanding")

    assert done.returncode == 0, done.stderr
    assert project.runs("commanding")[-1]["state"] == "cancelled"
    assert not any(is_living(int(pid)) for pid in pids)


def test_at_its_limit_a_command_of_a_run_ends_with_its_daemon_that_emptied_its_environment(
    project: RunningProject,
) -> None:
    write(
        project,
        "daemonic",
        "from helpers import execute_cli_command\ndef lives(pid):\n    try:\n"
        "        return open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[0] != 'Z'\n"
        "    except FileNotFoundError:\n        return False\ndef start():\n"
        "    execute_cli_command(\"(setsid env -i sh -c 'echo $$ > daemon; exec sleep 97' >/dev/null 2>&1 &); sleep 96\", timeout=1)\n"
        "    print(lives(open('daemon').read().strip()))\n",
    )

    done = project.command("start", "daemonic", "--wait")

    assert done.returncode == 0, done.stdout + done.stderr
    assert project.output(project.runs("daemonic")[-1]["id"]) == "False\n"


def test_a_task_is_tried_by_hand_as_plain_python(project: RunningProject) -> None:
    file = project.write_task(
        "by_hand",
        "from helpers import execute_python_script, log_task_start, remember\ndef start():\n    log_task_start()\n"
        "    remember('tried', True)\n    print(execute_python_script(__file__)['success'])\n",
        fields='schedule: "@yearly"\n',
        title="Tried by hand",
    )
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    variables["PYTHONPATH"] = str(REPOSITORY)

    said = subprocess.run(
        [sys.executable, "-c", "import sys\nsys.path.insert(0, '.')\nimport tasks.by_hand as task\ntask.start()"],
        cwd=project.root,
        env=variables,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert said.stdout == "INFO Task started\nTrue\n"
    assert "[Tried by hand] Task started" in (project.root / "logs" / "tasks.log").read_text()
    assert (project.root / "data" / "state" / "by_hand.json").exists()
    assert subprocess.run([sys.executable, "-m", "py_compile", file], check=False).returncode == 0
