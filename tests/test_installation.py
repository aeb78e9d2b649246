"""Whether this copy is whole and can work here: what to run after a clone, a download or an upgrade."""

from __future__ import annotations

import py_compile
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.project import locate_project
from task_scheduler.settings import load_settings
from task_scheduler.starting.requirements import RequirementFiles

ROOT = Path(__file__).resolve().parents[1]
#: The examples that come with the program, as docs/examples.md has them.
SHIPPED = re.findall(r"^\| `(example_\w+\.py)` \|", (ROOT / "docs" / "examples.md").read_text("utf-8"), re.MULTILINE)
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.py"))


def test_everything_that_is_required_is_installed() -> None:
    assert RequirementFiles.read((ROOT / "requirements.txt",)).lacking() == []


def test_the_settings_can_be_used() -> None:
    load_settings(locate_project(config=ROOT / "config" / "config.yaml", root=ROOT, default_root=ROOT))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_can_be_read_by_this_python(name: str, tmp_path: Path) -> None:
    py_compile.compile(str(ROOT / "scripts" / name), cfile=str(tmp_path / "compiled"), doraise=True)


@pytest.mark.slow
def test_no_example_has_a_mistake(tmp_path: Path) -> None:
    """Those that come with the program alone: what a person has put beside them is theirs, and `check` tells of it."""
    for name in ("tasks", "config"):
        (tmp_path / name).mkdir()
    for example in (ROOT / "tasks").glob("example_*.py"):
        if example.name in SHIPPED:
            shutil.copy(example, tmp_path / "tasks")
    (tmp_path / "config" / "config.yaml").write_text("tasks:\n  include_example_tasks: true\n")
    command = [sys.executable, str(ROOT / "main.py"), "--root", str(tmp_path), "check"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (tmp_path / "tasks").iterdir()) == sorted(SHIPPED)
