"""Watching where the system gives no file events: by looking, said once, and with events again once there are some."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify is Linux's"),
]

WATCHING = """
import asyncio, ctypes, os, pathlib, sys

from task_scheduler.watcher.folder import FolderSource

root = pathlib.Path(sys.argv[1])
reports, notices = [], []


async def until(fact):
    async with asyncio.timeout(20):
        while not fact():
            await asyncio.sleep(0.02)


async def main():
    source = FolderSource(
        root=root, tasks=root / "tasks", helpers=root / "helpers", check_interval=0.1, settle=0.05, notice=notices.append
    )
    await source.start(reports.append, {})
    for name in ("a", "b"):
        (root / "tasks" / f"{name}.py").write_text("1")
        await until(lambda: any(file.task_id == name for report in reports for file in report.files))
    await recover(source)
    await source.stop()


asyncio.run(main())
print(*notices, sep="\\n")
"""

#: A filter of system calls that refuses inotify with EPERM, as profiles of containers do.
FORBID = """
import ctypes, struct, platform

# inotify_init1, and inotify_init where there is one.
NUMBERS = {"x86_64": (294, 253), "aarch64": (26, 26)}[platform.machine()]
LOAD, EQUAL, RETURN, REFUSED, ALLOWED = 0x20, 0x15, 0x06, 0x00050000 | 1, 0x7FFF0000
STATEMENTS = [
    (LOAD, 0, 0, 0),
    (EQUAL, 1, 0, NUMBERS[0]),
    (EQUAL, 0, 1, NUMBERS[1]),
    (RETURN, 0, 0, REFUSED),
    (RETURN, 0, 0, ALLOWED),
]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("statements", ctypes.c_char_p)]


def forbid():
    code = b"".join(struct.pack("HBBI", *statement) for statement in STATEMENTS)
    program = Program(len(STATEMENTS), code)
    library = ctypes.CDLL(None, use_errno=True)
    assert library.prctl(38, 1, 0, 0, 0) == 0
    assert library.prctl(22, 2, ctypes.byref(program), 0, 0) == 0, ctypes.get_errno()


forbid()


async def recover(source):
    pass
"""

#: A user namespace has a limit of its own, which its first user may lower.
LIMITED = """
import pathlib

LIMIT = pathlib.Path("/proc/sys/user/max_inotify_watches")
LIMIT.write_text("0")


async def recover(source):
    LIMIT.write_text("1000")
    await source.rescan()
    await until(lambda: len(notices) == 2)
"""


def watch(root: Path, preparation: str, *command: str) -> list[str]:
    """Watch in a process of its own; return its notices."""
    ended = subprocess.run(
        [*command, sys.executable, "-c", preparation + WATCHING, str(root)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.mark.skipif(os.uname().machine not in {"x86_64", "aarch64"}, reason="the number of the call is not known here")
def test_where_events_are_forbidden_the_folder_is_looked_at(root: Path) -> None:
    assert watch(root, FORBID) == [
        "the system gives no file events for tasks/ (Operation not permitted): it is looked at every 0.1 s instead"
    ]


def _gives_namespaces() -> bool:
    probe = ["unshare", "--user", "--map-root-user", "sh", "-c", "echo 0 > /proc/sys/user/max_inotify_watches"]
    try:
        return subprocess.run(probe, capture_output=True, timeout=10, check=False).returncode == 0
    except OSError:
        return False


def test_where_all_watches_are_in_use_the_folder_is_looked_at_until_some_are_free(root: Path) -> None:
    if not _gives_namespaces():
        pytest.skip("this system gives no user namespaces, which have limits of their own")

    assert watch(root, LIMITED, "unshare", "--user", "--map-root-user") == [
        (
            "the system gives no file events for tasks/ (all watches of this user are in use, raise "
            "fs.inotify.max_user_watches): it is looked at every 0.1 s instead"
        ),
        "file events for tasks/ arrive again",
    ]
