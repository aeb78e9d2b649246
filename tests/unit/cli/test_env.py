"""What `env`, `lock` and `show --lock` write."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.cli.env import tell_environment, tell_environments
from task_scheduler.cli.lock import lock_text
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.environments import Lock
from task_scheduler.maintenance import TaskFile, TaskLock
from tests.unit.cli.documents import NOW, FakeDoor, say, task

LOCK = ["requests==2.32.0 \\", "    --hash=sha256:abc", "idna==3.7"]


def environment(**changes: Any) -> dict[str, Any]:
    return {
        "key": "e" * 32,
        "state": "ready",
        "python": "3.11.7",
        "packages": ["requests==2.32.0", "idna==3.7"],
        "tasks": ["backup", "report"],
        "last_used": "2026-11-22T14:00:00Z",
        "bytes": 42_000_000,
        "own_bytes": 1_200_000,
        "interpreter": "/project/data/environments/e/bin/python",
        "made_of": "/usr/bin/python3.11",
        "lock": "\n".join(LOCK),
        **changes,
    }


def terminal() -> Terminal:
    return Terminal(out=StringIO(), err=StringIO(), now=lambda: NOW, pause=lambda _: None)


def written(by: Terminal) -> list[str]:
    assert isinstance(by.out, StringIO)
    return by.out.getvalue().splitlines()


def test_a_list_tells_who_uses_what_and_how_much_it_takes() -> None:
    unused = environment(key="f" * 32, state="broken", python="", packages=[], tasks=[], last_used=None)
    here = terminal()

    tell_environments({"environments": [environment(), unused], "bytes": 43_000_000}, here)

    assert written(here) == [
        "ENVIRONMENT   STATE   PYTHON  PACKAGES     SIZE     OWN  LAST USED  TASKS",
        "eeeeeeeeeeee  ready   3.11.7         2  42.0 MB  1.2 MB  1 min ago  backup, report",
        "ffffffffffff  broken  -              0  42.0 MB  1.2 MB  -          none",
        "",
        "2 environments, together 43.0 MB on the disk",
    ]


def test_one_environment_is_told_in_full() -> None:
    here = terminal()

    tell_environment(environment(), here)

    assert written(here) == [
        f"environment  {'e' * 32}",
        "state        ready",
        "python       3.11.7",
        "interpreter  /project/data/environments/e/bin/python",
        "made of      /usr/bin/python3.11",
        "size         42.0 MB, of which 40.8 MB are shared with the installer's cache",
        "last used    1 min ago",
        "tasks        backup, report",
        "",
        "packages:",
        "    requests==2.32.0",
        "    idna==3.7",
    ]


@pytest.mark.parametrize(
    ("line", "answer", "out", "err"),
    [
        ("env prune", {"environments": ["abc"], "bytes": 2_000_000}, "abc\n", "1 environment removed, 2.0 MB freed\n"),
        ("env prune", {"environments": [], "bytes": 0}, "", "nothing to remove\n"),
        # What a broken-off build left behind has no key any more.
        ("env prune", {"environments": [], "bytes": 5_000}, "", "0 environments removed, 5.0 kB freed\n"),
        (
            "env prune --dry-run",
            {"environments": ["a", "b"], "bytes": 2_000_000},
            "a\nb\n",
            "2 environments would be removed, 2.0 MB would be free\n",
        ),
        ("env prune --dry-run", {"environments": [], "bytes": 0}, "", "nothing to remove\n"),
    ],
)
def test_pruning_is_the_running_schedulers_work(line: str, answer: object, out: str, err: str) -> None:
    door = FakeDoor({"prune_environments": answer})

    said = say(line, door)

    assert (said.out, said.err, said.code) == (out, err, 0)
    assert door.asked == [("prune_environments", {"dry_run": "--dry-run" in line})]


def test_show_writes_the_lock_as_it_is() -> None:
    said = say("show report --lock", FakeDoor({"show": {**task(), "lock": LOCK}}))

    assert said.lines == LOCK
    none = say("show report --lock", FakeDoor({"show": {**task(environment=None), "lock": []}}))
    assert none.err == "error: report has no lock: no version of it is in force\n"
    assert none.code == 1


def test_show_says_which_declared_package_is_not_needed_here() -> None:
    declaration = {
        "description": "",
        "dependencies": ["Requests[socks]>=2", "tomli; python_version < '3.11'"],
        "python_version": ">=3.9,<3.13",
        "timeout": 300,
        "retry_count": 0,
        "retry_delay": 60,
        "timezone": None,
    }
    told = {**task(), "declaration": declaration, "admitted_at": None, "lock": LOCK, "runs": []}

    said = say("show report", FakeDoor({"show": told}))

    place = said.lines.index("environment eeeeeeeeeeee:")
    assert said.lines[place + 1 : place + 4] == [
        "    requests==2.32.0",
        "    idna==3.7",
        "    tomli; python_version < '3.11': not needed on this machine",
    ]
    assert "python      >=3.9,<3.13" in said.lines


def test_a_lock_file_says_what_it_is_for_and_nothing_of_when() -> None:
    file = TaskFile(task_id="report", path=Path("/p/tasks/report.py"), shown="tasks/report.py", is_task=True)
    lock = Lock(key="k", text="\n".join(LOCK), python="3.11", platform="linux-x86_64")
    empty = Lock(key="k", text="", python="3.11", platform="linux-x86_64")

    texts = [lock_text(TaskLock(file=file, lock=each, version=None, is_current=True)) for each in (lock, empty)]

    first = "# Locked by task-scheduler: report, Python 3.11, linux-x86_64\n"
    assert texts == [f"{first}{chr(10).join(LOCK)}\n", f"{first}# no packages\n"]
