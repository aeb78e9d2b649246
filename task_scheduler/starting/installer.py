"""Runs uv, or venv and pip, with progress a person can follow and a failure they can read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.starting.errors import CannotStart
from task_scheduler.starting.recipe import Recipe

#: The installer's lines a person sees while waiting; the rest is shown only when it fails.
_NEWS = ("Collecting ", "Building ", "Installing ", "Resolved ", "Prepared ", "Installed ", "Downloading ")
_LINES_SHOWN_ON_FAILURE = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """uv when it is at hand, else venv and pip."""

    recipe: Recipe
    python: str  #: to make the venv from
    uv: str | None

    @classmethod
    def choose(cls, recipe: Recipe, python: str) -> Installer:
        """Return what can install on this machine; raises CannotStart when nothing can."""
        uv = shutil.which("uv")
        # A name on PATH may be a shim without a program behind it.
        if uv is not None and not runs(uv):
            uv = None
        if uv is None and not succeeds([python, "-c", "import ensurepip, venv"]):
            raise CannotStart(
                f"{python} comes without ensurepip, so it cannot make {recipe.folder.name}/: install it "
                "(on Debian and Ubuntu: apt install python3-venv), or install uv"
            )
        return cls(recipe=recipe, python=python, uv=uv)

    @property
    def name(self) -> str:
        """What a person calls it."""
        return "pip" if self.uv is None else "uv"

    def create(self, lock: int) -> None:
        """Make the bare venv; `lock` is the descriptor of the lock to hold meanwhile. Raises CannotStart."""
        folder = str(self.recipe.folder)
        if self.uv is None:
            self._run([self.python, "-m", "venv", folder], lock)
        else:
            self._run([self.uv, "venv", "--allow-existing", "--no-project", "--python", self.python, folder], lock)

    def add_itself(self, lock: int) -> None:
        """Make sure of pip in a venv that uv made; raises CannotStart."""
        if self.uv is None and not succeeds([str(self.recipe.interpreter), "-m", "pip", "--version"]):
            self._run([str(self.recipe.interpreter), "-m", "ensurepip", "--default-pip"], lock)

    def install(self, lock: int) -> None:
        """Install what the recipe asks for, or bring it up to date; raises CannotStart."""
        files = [part for path in self.recipe.requirements for part in ("-r", str(path))]
        interpreter = str(self.recipe.interpreter)
        if self.uv is None:
            pip = [interpreter, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
            self._run([*pip, "--progress-bar", "off", *files], lock)
        else:
            self._run([self.uv, "pip", "install", "--python", interpreter, *files], lock)

    def _run(self, arguments: Sequence[str], lock: int) -> None:
        last = deque[str](maxlen=_LINES_SHOWN_ON_FAILURE)
        # The lock goes with the child: should this process be killed, the next start still waits for the installer.
        with subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "UV_PYTHON_DOWNLOADS": "never", "PYTHONUNBUFFERED": "1"},
            pass_fds=(lock,),
            encoding="utf-8",
            errors="replace",
        ) as process:
            try:
                for line in process.stdout or ():
                    last.append(f"  {line.rstrip()}")
                    if line.startswith(_NEWS):
                        # pip tells of each package which file asked for it.
                        say(f"  {line.rstrip().partition(' (from ')[0]}")
            except KeyboardInterrupt:
                process.terminate()
                process.wait()
                raise
        if process.returncode != 0:
            raise CannotStart(
                "\n".join(
                    [
                        f"{self.name} could not prepare {self.recipe.folder.name}/ (exit code {process.returncode}):",
                        *last,
                        "",
                        "hint: is a package index in reach, and does it have these packages? Start again once it is mended",
                    ]
                )
            )


def runs(program: str | Path) -> bool:
    """Whether a program is there and can tell its version."""
    return succeeds([str(program), "--version"])


def succeeds(arguments: Sequence[str]) -> bool:
    """Whether a command can be run and ends with 0; what it prints is nobody's business."""
    with suppress(OSError):
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
        return done.returncode == 0
    return False


def say(text: str) -> None:
    """Tell a person who waits; on stderr, since stdout may be data for a program."""
    print(text, file=sys.stderr, flush=True)
