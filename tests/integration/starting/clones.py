"""A copy of what starting consists of, started as a person would, in surroundings as odd as a test wants them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import uv

PROJECT = Path(__file__).resolve().parents[3]
STAMP = ".task-scheduler.json"
_COPIED = (
    "main.py",
    "task_scheduler/__init__.py",
    "task_scheduler/project.py",
    "task_scheduler/typed_paths.py",
    "task_scheduler/environments/__init__.py",
    "task_scheduler/environments/caches.py",
    "task_scheduler/environments/indexes.py",
)
#: Stands in for the command line: says where it runs and what it was given.
_COMMAND_LINE = """
import json, os, sys

def main(argv):
    from importlib import metadata
    try:
        version = metadata.version("needed-by-main")
    except metadata.PackageNotFoundError:
        version = None
    print(json.dumps({"prefix": sys.prefix, "arguments": argv, "version": version}))
    return 7
"""


class Clone:
    """A clone of the program with requirements that only this test can satisfy."""

    def __init__(self, folder: Path, wheels: Path, *, path: Path) -> None:
        """`path` is the folder of the programs this test offers; there are those of the system besides."""
        self.folder = folder
        self.wheels = wheels
        self.path = path
        for name in _COPIED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)
        shutil.copytree(
            PROJECT / "task_scheduler/starting",
            folder / "task_scheduler/starting",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        (folder / "task_scheduler/cli").mkdir()
        (folder / "task_scheduler/cli/__init__.py").touch()
        (folder / "task_scheduler/cli/main.py").write_text(_COMMAND_LINE)
        self.require("needed-by-main>=1.0,<2")
        self.path.mkdir(exist_ok=True)

    @property
    def venv(self) -> Path:
        return self.folder / "venv"

    @property
    def stamp(self) -> dict[str, str]:
        content: dict[str, str] = json.loads((self.venv / STAMP).read_text())
        return content

    @property
    def variables(self) -> dict[str, str]:
        """What the environment of a start is unless a test says otherwise."""
        return {"PATH": f"{self.path}:/usr/bin:/bin", "HOME": str(self.path), "UV_NO_CACHE": "1", **self.offline()}

    def offline(self) -> dict[str, str]:
        """Return the variables without which the real index would be asked."""
        return {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "UV_OFFLINE": "1",
            "UV_FIND_LINKS": str(self.wheels),
        }

    def require(self, text: str) -> None:
        (self.folder / "requirements.txt").write_text(f"# for this test\n{text}\n")

    def configure(self, text: str) -> None:
        (self.folder / "config").mkdir(exist_ok=True)
        (self.folder / "config/config.yaml").write_text(text)

    def offer_uv(self, program: str | None = None) -> None:
        """Put uv on PATH, or a program of the test's under its name."""
        if program is None:
            (self.path / "uv").symlink_to(uv.find_uv_bin())
        else:
            (self.path / "uv").write_text(program)
            (self.path / "uv").chmod(0o755)

    def begin(
        self,
        *arguments: str,
        python: str | Path = sys.executable,
        main: str | Path = "main.py",
        cwd: Path | None = None,
        variables: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> subprocess.Popen[str]:
        """Start `main.py`; `variables` are all there are, `before` is a command that runs this one."""
        return subprocess.Popen(
            [*before, str(python), str(main), *arguments],
            cwd=cwd or self.folder,
            env=self.variables if variables is None else variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="surrogateescape",
        )

    def start(
        self,
        *arguments: str,
        python: str | Path = sys.executable,
        main: str | Path = "main.py",
        cwd: Path | None = None,
        variables: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> Ending:
        """Start `main.py` and wait for its end."""
        process = self.begin(*arguments, python=python, main=main, cwd=cwd, variables=variables, before=before)
        try:
            output, errors = process.communicate(timeout=100)
        finally:
            process.kill()
        return Ending(process.returncode, output, errors)


class Ending:
    """How a start ended."""

    def __init__(self, code: int, output: str, errors: str) -> None:
        self.code = code
        self.output = output
        self.errors = errors

    @property
    def seen(self) -> dict[str, object]:
        """What the command line reported."""
        assert self.code == 7, self.errors
        content: dict[str, object] = json.loads(self.output)
        return content


def without_packages(python: Path) -> bool:
    """Whether this interpreter can be used by anybody, and makes virtual environments by itself."""
    if not python.exists() or not os.access(python, os.X_OK):
        return False
    asked = [str(python), "-c", "import ensurepip, venv"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0
