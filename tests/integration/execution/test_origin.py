"""What tells hosts of one program from those of another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY


def _origin(package: Path) -> str:
    source = "from task_scheduler.execution.spawning import origin; print(origin())"
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=package.parent, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout


@pytest.mark.slow
def test_the_same_version_with_another_program_is_another_origin(tmp_path: Path) -> None:
    package = tmp_path / "task_scheduler"
    original = REPOSITORY / "task_scheduler"
    for file in [*original.glob("*.py"), *original.glob("execution/*.py"), *original.glob("core/**/*.py")]:
        copy = package / file.relative_to(original)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())

    before = _origin(package)
    again = _origin(package)
    with (package / "execution" / "child.py").open("a") as program:
        program.write("# another program\n")

    assert before == again
    assert _origin(package) != before
