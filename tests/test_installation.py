"""Whether this copy is whole and can work here: what to run after a clone, a download or an upgrade."""

from __future__ import annotations

import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.project import locate_project
from task_scheduler.settings import load_settings
from task_scheduler.starting.requirements import RequirementFiles

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.py"))


def test_everything_that_is_required_is_installed() -> None:
    assert RequirementFiles.read((ROOT / "requirements.txt",)).lacking() == []


def test_the_settings_can_be_used() -> None:
    load_settings(locate_project(config=ROOT / "config" / "config.yaml", root=ROOT, default_root=ROOT))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_can_be_read_by_this_python(name: str, tmp_path: Path) -> None:
    py_compile.compile(str(ROOT / "scripts" / name), cfile=str(tmp_path / "compiled"), doraise=True)


@pytest.mark.slow
def test_no_task_file_of_the_folder_has_a_mistake() -> None:
    command = [sys.executable, str(ROOT / "main.py"), "check"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
