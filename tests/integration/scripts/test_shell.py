"""The shell scripts are sound by the judgement of shells and shellcheck, those that are generated included."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY
from tests.integration.scripts.conftest import WatchedProject, needs

OURS = [REPOSITORY / name for name in ("scripts/install.sh", "scripts/setup_cron.sh", ".ci/run")]
GENERATED = ("run_scheduler.sh", "monitor_scheduler.sh", "rotate_logs.sh")


@needs("shellcheck")
@pytest.mark.slow
def test_shellcheck_finds_nothing(watched: WatchedProject) -> None:
    scripts = [*OURS, *(watched.scripts / name for name in GENERATED)]

    found = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True, check=False)

    assert found.stdout == ""


@needs("bash")
@pytest.mark.parametrize("script", OURS, ids=lambda path: path.name)
def test_each_is_read_by_its_own_shell_and_may_be_executed(script: Path) -> None:
    shell = "sh" if script.read_text().startswith("#!/bin/sh\n") else "bash"

    assert subprocess.run([shell, "-n", script], check=False).returncode == 0
    assert script.stat().st_mode & 0o111 == 0o111


@pytest.mark.slow
def test_what_is_generated_is_read_by_every_shell_there_is(watched: WatchedProject) -> None:
    for shell in filter(shutil.which, ("dash", "bash", "busybox", "ksh", "mksh", "zsh")):
        words = [shell, "sh"] if shell == "busybox" else [shell]
        for name in GENERATED:
            assert subprocess.run([*words, "-n", watched.scripts / name], check=False).returncode == 0, (shell, name)


def test_git_ignores_what_is_generated() -> None:
    ignored = (REPOSITORY / ".gitignore").read_text().splitlines()

    assert {f"/scripts/{name}" for name in GENERATED} <= set(ignored)
