"""`next` and `explain` as processes: beside a record, and where there is no project at all."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import admit_task
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.fork_server import carry_out

REPOSITORY = Path(__file__).resolve().parents[3]
DEADLINE = 20.0
VARIABLES = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "TZ": "UTC"}

pytestmark = pytest.mark.slow


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder).resolve()


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**VARIABLES, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )


def say(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return carry_out(*arguments, cwd=cwd, variables=VARIABLES, seconds=DEADLINE)


@pytest.mark.parametrize("verb", ["next", "explain"])
def test_an_expression_needs_no_project_and_imports_nothing_heavy(verb: str, root: Path) -> None:
    heavy = ["alembic", "asyncio", "holidays", "loguru", "psutil", "pydantic", "sqlalchemy", "watchdog", "yaml"]
    said = run(
        "-c",
        "import sys\n"
        "from task_scheduler.cli.main import main\n"
        f"code = main([{verb!r}, '0 2 * * *', '--timezone', 'Europe/Berlin'])\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)\n",
        cwd=root,
    )

    assert (said.stderr, said.returncode) == ("[]\n", 0)
    assert "at 02:00 each day, Europe/Berlin time" in said.stdout
    assert [*root.iterdir()] == []


def test_a_task_is_read_from_the_record_that_a_scheduler_left(root: Path) -> None:
    (root / "tasks").mkdir()
    (root / "tasks" / "report.py").write_text("")
    (root / "data").mkdir()
    with SqliteStore.open(
        root / "data" / "scheduler.db", clock=FakeClock(), sources=root / "sources", backups=root / "backups"
    ) as store:
        asyncio.run(admit_task(store, "report"))

    said = say("next", "report", "--count", "2", "--json", cwd=root)
    by_path = say("explain", "tasks/report.py", "--json", cwd=root)

    told = json.loads(said.stdout)
    assert (told["task"], len(told["slots"])) == ("report", 2)
    assert "the record as it was left" in said.stderr
    assert json.loads(by_path.stdout)["jobs"][0]["schedule"] == told["jobs"][0]["schedule"]


def test_files_of_holidays_are_those_of_the_project(root: Path) -> None:
    (root / "tasks").mkdir()
    (root / "free.txt").write_text("2026-12-24 Office closed\n")

    said = say(
        "next", "daily at 10:00 calendar free.txt", "--root", str(root), "--from", "2026-12-23", "--count", "2", cwd=root.parent
    )  # fmt: skip

    assert said.returncode == 0, said.stderr
    assert "left out: 2026-12-24 (Office closed)" in said.stdout.splitlines()[-1]


def test_a_mistake_is_wrong_usage_and_leaves_nothing(root: Path) -> None:
    said = say("next", "every 5 minuts", cwd=root)

    assert (said.returncode, said.stdout) == (2, "")
    assert "did you mean 'minutes'?" in said.stderr
    assert [*root.iterdir()] == []
