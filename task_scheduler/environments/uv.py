"""Resolving and installing by uv."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from task_scheduler.environments.commands import CommandEnd, inherited_variables, run
from task_scheduler.environments.failures import failure
from task_scheduler.environments.indexes import uv_settings
from task_scheduler.environments.installers import all_hashed
from task_scheduler.environments.interpreters import Interpreter


def find_uv(variables: Mapping[str, str]) -> Path | None:
    """Return the uv that came with this installation, else the one on PATH, else None."""
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv", path=variables.get("PATH", os.defpath))
        return Path(found) if found else None


class UvInstaller:
    """Runs uv in the project folder, as a person would, with that person's index settings.

    `index_arguments` replace the settings that are taken over from pip.
    """

    def __init__(
        self, *, uv: Path, root: Path, variables: Mapping[str, str], index_arguments: Sequence[str] = ()
    ) -> None:
        arguments, settings = (list(index_arguments), {}) if index_arguments else uv_settings(variables, root=root)
        self._uv = uv
        self._root = root
        self._index = arguments
        self._variables = inherited_variables(variables) | settings | {"UV_PYTHON_DOWNLOADS": "never"}

    async def lock(self, packages: Sequence[str], interpreter: Interpreter, *, deadline: float) -> str:
        """Resolve for this very interpreter; requirements go by standard input, so that none can be an option."""
        end = await self._run(
            *("pip", "compile", "-", "--python", interpreter.path),
            *("--generate-hashes", "--no-header", "--no-annotate"),
            *self._index,
            deadline=deadline,
            given="".join(f"{package}\n" for package in packages).encode(),
        )
        if end.code != 0:
            raise failure(end, doing="resolving the packages")
        return end.output.decode()

    async def build(self, folder: Path, text: str, interpreter: Interpreter, *, deadline: float, hold: int) -> None:
        """Make the environment, then fill it with exactly what the lock names."""
        made = await self._run(
            "venv", "--no-project", "--python", interpreter.path, folder, deadline=deadline, hold=(hold,)
        )
        if made.code != 0:
            raise failure(made, doing="making the environment")
        if not text:
            return
        filled = await self._run(
            *("pip", "sync", "-", "--python", folder / "bin" / "python"),
            "--require-hashes" if all_hashed(text) else "--verify-hashes",
            *self._index,
            deadline=deadline,
            hold=(hold,),
            given=text.encode(),
        )
        if filled.code != 0:
            raise failure(filled, doing="installing the packages")

    async def _run(
        self, *arguments: str | Path, deadline: float, hold: Sequence[int] = (), given: bytes = b""
    ) -> CommandEnd:
        return await run(
            [self._uv, *arguments, "--quiet", "--no-progress", "--color", "never"],
            deadline=deadline,
            folder=self._root,
            variables=self._variables,
            given=given,
            hold=hold,
        )
