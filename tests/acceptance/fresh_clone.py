"""A copy of the repository as somebody has it who has just cloned it."""

from __future__ import annotations

import shutil
from pathlib import Path

from task_scheduler.testing.running import REPOSITORY

#: What tools, the program and people make in a checkout; .gitignore names the same. The bytecode of the program and its
#: helpers goes along, though: it is what the first command would write there, once for each of the clones.
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
    inside = Path(folder).relative_to(REPOSITORY).parts
    if inside[-1:] == ("__pycache__",):
        # Others may be writing theirs at this moment, under a temporary name.
        return {name for name in names if not name.endswith(".pyc")}
    left_out = set() if inside else set(_MADE)
    if inside[:1] not in {("task_scheduler",), ("helpers",)}:
        left_out.add("__pycache__")
    return {
        name
        for name in names
        if name in left_out or name == "secrets.yaml" or (name.startswith(".") and name != ".gitignore")
    }
