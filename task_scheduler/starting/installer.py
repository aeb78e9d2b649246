"""Runs uv, or venv and pip, with progress a person can follow and a failure they can read."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.environments.caches import has_cache
from task_scheduler.environments.indexes import uv_settings
from task_scheduler.starting.errors import CannotStart
from task_scheduler.starting.recipe import Recipe
from task_scheduler.starting.streams import say

#: The installer's lines a person sees while waiting; the rest is shown only when it fails.
_NEWS = ("Collecting ", "Building ", "Installing ", "Resolved ", "Prepared ", "Installed ", "Downloading ")
_LINES_SHOWN_ON_FAILURE = 15
#: What would bend another interpreter, or make an installer put packages somewhere else.
_FOREIGN = frozenset(
    {"VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_PROJECT_ENVIRONMENT"}
    | {"PIP_PREFIX", "PIP_PYTHON", "PIP_REQUIREMENT", "PIP_ROOT", "PIP_TARGET"}
)
#: The system's words for a full disk, and what to do about each kind of failure.
_FULL = "No space left on device"
_NO_ROOM = "make room on the disk and start again"
_NO_INDEX = "is a package index in reach, and does it have these packages? Start again once it is mended"
#: Seconds for an answer that takes well below one.
_PATIENCE = 60
#: Tells whether an interpreter can make virtual environments by itself, and what it is called.
_ABOUT_PYTHON = """
import sys
print("python%d.%d" % sys.version_info[:2])
import ensurepip, venv
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """uv when it is at hand, else venv and pip."""

    recipe: Recipe
    python: str  #: to make the venv from
    uv: str | None
    arguments: tuple[str, ...] = ()  #: what uv is told about indexes beside the variables
    variables: Mapping[str, str]

    @classmethod
    def choose(cls, recipe: Recipe, python: str) -> Installer:
        """Return what can install on this machine; raises CannotStart when nothing can."""
        variables = installers_variables(os.environ)
        uv = located("uv")
        # A name on PATH may be a shim without a program behind it.
        if uv is None or not runs(uv):
            _check_can_make_venv(python, recipe)
            return cls(recipe=recipe, python=python, uv=None, variables=variables)
        arguments, indexes = uv_settings(variables, root=recipe.home)
        if not has_cache(variables):
            variables["UV_NO_CACHE"] = "1"
        return cls(recipe=recipe, python=python, uv=uv, arguments=tuple(arguments), variables={**variables, **indexes})

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
        if self.uv is None and not succeeds([str(self.recipe.interpreter), "-I", "-m", "pip", "--version"]):
            self._run([str(self.recipe.interpreter), "-m", "ensurepip", "--default-pip"], lock)

    def install(self, lock: int) -> None:
        """Install what the recipe asks for, or bring it up to date; raises CannotStart."""
        files = [part for path in self.recipe.requirements for part in ("-r", str(path))]
        interpreter = str(self.recipe.interpreter)
        if self.uv is None:
            pip = [interpreter, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
            self._run([*pip, "--progress-bar", "off", *files], lock)
            return
        command = [self.uv, "pip", "install", "--python", interpreter, *self.arguments, *files]
        try:
            self._run(command, lock)
        except CannotStart as error:
            # Without an index uv does not look into its cache unless told to.
            try:
                self._run([*command, "--offline"], lock)
            except CannotStart:
                raise error from None
            say("  that failed, so the package index was left out: these are the packages uv had kept")

    def _run(self, arguments: Sequence[str], lock: int) -> None:
        last = deque[str](maxlen=_LINES_SHOWN_ON_FAILURE)
        # The lock goes with the child: should this process be killed, the next start still waits for the installer.
        with subprocess.Popen(
            arguments,
            # Not where the person happens to be: that folder may hold settings of another project, or be gone.
            cwd=self.recipe.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.variables,
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
                        f"{self.name} could not prepare {self.recipe.name} (exit code {process.returncode}):",
                        *last,
                        "",
                        f"hint: {_NO_ROOM if _FULL in ''.join(last) else _NO_INDEX}",
                    ]
                )
            )


def installers_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables an installer may see: a person's settings, and nothing of another project's."""
    kept = {name: value for name, value in variables.items() if not name.startswith("PYTHON") and name not in _FOREIGN}
    # Over `user = true` in a pip.conf, which no virtual environment can follow.
    return {**kept, "PIP_USER": "0", "PYTHONUNBUFFERED": "1", "UV_PYTHON_DOWNLOADS": "never"}


def located(program: str) -> str | None:
    """Return the absolute path of a program on PATH, or of one given by its path; None: there is none."""
    found = shutil.which(program)
    with suppress(FileNotFoundError):  # the current folder may be gone
        return None if found is None else str(Path(found).absolute())
    return None


def runs(program: str | Path) -> bool:
    """Whether a program is there and can tell its version."""
    return succeeds([str(program), "--version"])


def succeeds(arguments: Sequence[str]) -> bool:
    """Whether a command can be run and ends with 0; what it prints is nobody's business."""
    return _answer(arguments, installers_variables(os.environ)) is not None


def _check_can_make_venv(python: str, recipe: Recipe) -> None:
    variables = installers_variables(os.environ)
    if _answer([python, "-c", _ABOUT_PYTHON], variables) is not None:
        return
    version = _answer([python, "-c", _ABOUT_PYTHON.partition("import ensurepip")[0]], variables)
    raise CannotStart(
        f"{python} comes without ensurepip, so it cannot make {recipe.name}: install it "
        f"(on Debian and Ubuntu: apt install {(version or '').strip() or 'python3'}-venv), or install uv"
    )


def _answer(arguments: Sequence[str], variables: Mapping[str, str]) -> str | None:
    """Return what a command prints; None when it cannot be run or fails."""
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=variables,
            cwd="/",
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            timeout=_PATIENCE,
        )
        return done.stdout if done.returncode == 0 else None
    return None
