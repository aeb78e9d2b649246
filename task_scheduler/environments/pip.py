"""Resolving and installing by `venv` and the scheduler's own pip, where uv is absent."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.commands import CommandEnd, inherited_variables, run
from task_scheduler.environments.failures import failure
from task_scheduler.environments.installers import all_hashed
from task_scheduler.environments.interpreters import Interpreter


class PipInstaller:
    """Runs pip for other interpreters; pip reads its own settings. Environments hold no pip themselves."""

    def __init__(self, *, root: Path, variables: Mapping[str, str], index_arguments: Sequence[str] = ()) -> None:
        self._root = root
        self._index = list(index_arguments)
        self._variables = inherited_variables(variables) | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    async def lock(self, packages: Sequence[str], interpreter: Interpreter, *, deadline: float) -> str:
        """Resolve by an installation that is only rehearsed; its report names every file.

        Requirements are arguments, after the mark that ends the options: pip names them so in its complaints.
        """
        end = await self._pip(
            interpreter.path,
            *("--dry-run", "--ignore-installed", "--report", "-"),
            *self._index,
            *("--", *packages),
            deadline=deadline,
        )
        if end.code != 0:
            raise failure(end, doing="resolving the packages")
        return _lock_text(end.output)

    async def build(self, folder: Path, text: str, interpreter: Interpreter, *, deadline: float, hold: int) -> None:
        """Make the environment, then fill it with exactly what the lock names."""
        made = await self._run(
            interpreter.path, "-I", "-m", "venv", "--without-pip", folder, deadline=deadline, hold=(hold,)
        )
        if made.code != 0:
            raise failure(made, doing="making the environment")
        if not text:
            return
        filled = await self._pip(
            folder / "bin" / "python",
            *("--no-deps", "--no-compile", *(["--require-hashes"] if all_hashed(text) else [])),
            *self._index,
            *("-r", "/dev/stdin"),
            deadline=deadline,
            hold=(hold,),
            given=text.encode(),
        )
        if filled.code != 0:
            raise failure(filled, doing="installing the packages")

    async def _pip(
        self, python: Path, *arguments: str, deadline: float, hold: Sequence[int] = (), given: bytes = b""
    ) -> CommandEnd:
        if importlib.util.find_spec("pip") is None:
            raise EnvironmentFailed(
                "neither uv nor pip is there to install packages: install uv beside the scheduler, or put it on PATH"
            )
        pip: list[str | Path] = [
            sys.executable,
            "-I",
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--no-input",
        ]
        return await self._run(*pip, *arguments, deadline=deadline, hold=hold, given=given)

    async def _run(
        self, *command: str | Path, deadline: float, hold: Sequence[int] = (), given: bytes = b""
    ) -> CommandEnd:
        return await run(
            command, deadline=deadline, folder=self._root, variables=self._variables, given=given, hold=hold
        )


def _lock_text(report: bytes) -> str:
    """Return the lock that pip's report of a rehearsed installation amounts to."""
    try:
        rows = [
            (
                canonicalize_name(row["metadata"]["name"]),
                row["metadata"]["version"],
                row["download_info"]["archive_info"],
            )
            for row in json.loads(report)["install"]
        ]
        return "".join(
            f"{name}=={version}"
            + "".join(f" --hash={kind}:{digest}" for kind, digest in sorted(archive["hashes"].items()))
            + "\n"
            for name, version, archive in sorted(rows, key=lambda row: row[0])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise EnvironmentFailed("pip's report cannot be read: upgrade pip, or install uv") from error
