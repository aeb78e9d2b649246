"""What main.py does where config.yaml cannot be used: nothing is started, and who looks or ends something is not kept from it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from task_scheduler.starting.options import needs_the_settings
from task_scheduler.testing.running import REPOSITORY


def ended(root: Path, *arguments: str) -> tuple[int, str]:
    """Return the exit code of main.py, and what it said to standard error."""
    command = [sys.executable, str(REPOSITORY / "main.py"), "--root", str(root), *arguments]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return process.returncode, process.stderr


@pytest.mark.parametrize(
    "make",
    [
        Path.mkdir,
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.write_text("virtual_env: {path: x}\n"),
        lambda path: path.write_text('scheduler: "\n'),
    ],
    ids=["folder", "bytes", "link", "flow", "YAML"],
)
def test_it_keeps_a_scheduler_from_starting_and_nobody_from_looking(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "config").mkdir()
    make(tmp_path / "config" / "config.yaml")

    starts, why = ended(tmp_path, "run", "--check")
    shutdown, _ = ended(tmp_path, "shutdown")
    listed, _ = ended(tmp_path, "list")
    checked, _ = ended(tmp_path, "config", "check")

    assert (starts, shutdown, listed, checked) == (3, 4, 0, 3)
    assert "config/config.yaml:" in why
    assert "Traceback" not in why


def test_alive_looks_at_no_file_not_even_at_one_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()

    code, said = ended(tmp_path, "--config", str(tmp_path / "gone.yaml"), "alive")

    assert (code, "no scheduler is running" in said) == (4, True)


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("", True),
        ("--set scheduler.missed=skip", True),
        ("--root list run", True),
        ("run-file tasks/a.py list", True),
        ("lock --all", True),
        ("--status", False),
        ("--root run alive", False),
        ("shutdown --drain", False),
        ("config check", False),
    ],
)
def test_only_what_starts_or_builds_needs_the_settings(line: str, needs: bool) -> None:
    assert needs_the_settings(line.split()) is needs
