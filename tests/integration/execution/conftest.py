"""A project folder with real hosts, all of which are ended when the test is over, however it ends."""

from __future__ import annotations

import os
import pwd
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from task_scheduler.core.tasks import StartMethod
from task_scheduler.execution import cgroups
from tests.integration.execution.project import PATIENCE, Project


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """A project whose attempts are forked, or start as a parameter of this fixture says."""
    project = Project(tmp_path, getattr(request, "param", StartMethod.FORK))
    try:
        yield project
    finally:
        end_all_below(tmp_path)
        for folder in project.run_folder.glob("*"):
            cgroups.clear(str(folder))


@pytest.fixture
def _open(tmp_path: Path) -> Iterator[None]:
    """Let other users into the project folder of a test, which pytest keeps closed to them."""
    folders = (tmp_path, *tmp_path.parents)
    closed = {folder: folder.stat().st_mode for folder in folders if folder.stat().st_mode & 0o005 != 0o005}
    own = {folder: mode for folder, mode in closed.items() if folder.owner() == pwd.getpwuid(os.geteuid()).pw_name}
    for folder, mode in own.items():
        folder.chmod(mode | 0o055)
    yield
    for folder, mode in own.items():
        folder.chmod(mode)


def end_all_below(folder: Path) -> None:
    """Kill, and wait for, every process that was started for this folder."""
    deadline = time.monotonic() + PATIENCE
    while pids := _started_for(folder):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        assert time.monotonic() < deadline, f"{pids} do not end"


def _started_for(folder: Path) -> list[int]:
    """Return the pids whose command line or environment names the folder: hosts, attempts and what these started."""
    name = os.fsencode(folder)
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if name in (entry / "cmdline").read_bytes() or name in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found
