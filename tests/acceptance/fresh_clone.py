"""A copy of the repository as somebody has it who has just cloned it."""

from __future__ import annotations

import shutil
from pathlib import Path

from task_scheduler.testing.running import REPOSITORY

#: What tools, the program and people make in a checkout; .gitignore names the same.
_MADE = frozenset({"venv", "venv.lock", "data", "logs", "build", "dist", "site", "htmlcov", "fuzz-findings"})


def make_clone(folder: Path) -> None:
    """Copy the repository into a new folder, without what is in nobody's clone."""
    shutil.copytree(REPOSITORY, folder, ignore=_left_out)
    # A person's own tasks may lie in the checkout beside the examples.
    (folder / "tasks").mkdir(exist_ok=True)
    for path in (folder / "tasks").iterdir():
        if not path.name.startswith("example_"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _left_out(folder: str, names: list[str]) -> set[str]:
    made = _MADE if Path(folder) == REPOSITORY else set()
    return {
        name
        for name in names
        if name in made or name in {"__pycache__", "secrets.yaml"} or (name.startswith(".") and name != ".gitignore")
    }
