"""A project folder for helpers that run in this process, and a Python of its own for those that must not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]

Plain = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project folder that helpers called here take for theirs."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.setenv("TASK_SCHEDULER_ROOT", str(folder))
    return folder


@pytest.fixture
def plain(root: Path) -> Plain:
    """Run code in a plain Python that has nothing installed; returns what it writes."""

    def run(code: str, *, python: str | Path = sys.executable, cwd: Path = root, **variables: str) -> str:
        done = subprocess.run(
            [python, "-S", "-c", code],
            cwd=cwd,
            env={"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY), "TASK_SCHEDULER_ROOT": str(root), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
