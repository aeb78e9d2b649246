"""The original's chapters from its first example to its installation."""

from __future__ import annotations

import os
from pathlib import Path

from tests.acceptance.parity.block import Block
from tests.acceptance.parity.reader import Reader

#: The text's first task, word for word what one has to be able to write.
HELLO = '''"""
---
title: "Hello World Task"
description: "A simple example task"
dependencies: []
enabled: true
timeout: 60
---
"""

from task_scheduler.decorators import repeat, every
from helpers import log_task_start, log_task_complete, log_info

@repeat(every(10).minutes)
def start():
    """This function will be called every 10 minutes at clock boundaries"""
    log_info("Hello from scheduled task!")
'''
IN_A_CLONE = (
    "task_scheduler/__init__.py",
    "tasks",
    "helpers/__init__.py",
    "helpers/config_loader.py",
    "helpers/system_notifications.py",
    "helpers/external_execution.py",
    "helpers/task_logging.py",
    "config/config.yaml",
    "scripts/install.sh",
    "scripts/setup_cron.sh",
    "scripts/reset_schedules.py",
    "scripts/restart_scheduler.py",
    "scripts/run_tests.py",
    "tests/README.md",
    "main.py",
    "requirements.txt",
    "pyproject.toml",
    "README.md",
)
GENERATED = ("scripts/run_scheduler.sh", "scripts/rotate_logs.sh", "scripts/monitor_scheduler.sh")


def _folders(reader: Reader) -> None:
    missing = [name for name in IN_A_CLONE if not (reader.root / name).exists()]

    assert missing == []
    assert "[tool.pytest]" in reader.read("pyproject.toml")


def _venv(reader: Reader) -> None:
    if not (reader.root / "venv").exists():
        reader.shell(
            "python3 -m venv venv\nsource venv/bin/activate\npip install -q -r requirements.txt",
            activated=False,
            seconds=170,
        )

    assert reader.shell("command -v python").strip() == f"{reader.root}/venv/bin/python"


def _cron(reader: Reader) -> None:
    told = reader.shell("./scripts/setup_cron.sh")

    for name in GENERATED:
        assert os.access(reader.root / name, os.X_OK), name
    assert "*/5 * * * *" in told
    assert "monitor_scheduler.sh" in told
    assert "restart_scheduler.py" in told
    assert "rotate_logs.sh" in told


def _install(reader: Reader) -> None:
    told = reader.shell("./scripts/install.sh --dry-run", activated=False)

    assert "task-scheduler.service" in told


def _start(reader: Reader) -> None:
    if reader.is_served():
        reader.shut_down()
    pid = reader.start_in_foreground("python main.py --config config/config.yaml")

    assert reader.project.pid == pid
    # The venv a person has made is used, and what the structure names is there.
    assert Path(f"/proc/{pid}/exe").readlink() == (reader.root / "venv/bin/python").resolve()
    for name in ("logs/scheduler.log", "data/scheduler.db"):
        assert (reader.root / name).is_file()


def _hello(reader: Reader) -> None:
    reader.drop("hello_world", HELLO)
    reader.run("hello_world")

    assert "[Hello World Task] Hello from scheduled task!" in reader.read("logs/tasks.log")
    assert reader.next_instants("hello_world")["start"][15:] == "0:00Z"


def make_ready(reader: Reader) -> None:
    """Bring a reader who begins further down to where this chapter ends."""
    _venv(reader)
    if not reader.is_served():
        _cron(reader)
        _start(reader)
        _hello(reader)


BLOCKS = (
    Block(
        line=47,
        language="",
        says="the structure of the project",
        adapted="pytest.ini is pyproject.toml's [tool.pytest]; logs/ and data/ are made by the first start",
        carry_out=_folders,
    ),
    Block(
        line=85,
        language="bash",
        says="clone the repository",
        adapted="a copy of the checkout",
        elsewhere="tests/acceptance/fresh_clone.py",
    ),
    Block(
        line=91,
        language="bash",
        says="install as a service",
        adapted="--dry-run, since the machine is the reader's; the installation itself has its own tests",
        carry_out=_install,
    ),
    Block(
        line=96,
        language="bash",
        says="start the service and look at it",
        adapted="the unit is verified by systemd's own tool",
        elsewhere="tests/integration/scripts/test_install.py",
    ),
    Block(line=104, language="bash", says="make a venv and install what is required", carry_out=_venv),
    Block(line=113, language="bash", says="set up cron", carry_out=_cron),
    Block(line=127, language="bash", says="make a venv by hand", adapted="the same venv", carry_out=_venv),
    Block(line=134, language="bash", says="run the scheduler with its configuration", carry_out=_start),
    Block(line=7, language="python", says="the first example logs under its title", carry_out=_hello),
)
