"""Resolving and installing by `venv` and the scheduler's own pip, where uv is absent."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.utils import canonicalize_name

from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.commands import CommandEnd, inherited_variables, run
from task_scheduler.environments.failures import failure
from task_scheduler.environments.installers import all_hashed
from task_scheduler.environments.interpreters import Interpreter
from task_scheduler.environments.pip_log import reasons


class PipInstaller:
    """Runs pip for other interpreters; pip reads its own settings. Environments hold no pip themselves.

    Run quietly, pip keeps to itself why it found nothing; its log tells.
    """

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
        for part in _parts(text):
            filled = await self._pip(
                folder / "bin" / "python",
                *("--no-deps", "--no-compile", *(["--require-hashes"] if all_hashed(part) else [])),
                *self._index,
                *("-r", "/dev/stdin"),
                deadline=deadline,
                hold=(hold,),
                given=part.encode(),
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
            # With a log it would be drawn in spite of --quiet.
            "--progress-bar=off",
        ]
        with TemporaryDirectory(prefix="task-scheduler-") as folder:
            log = Path(folder) / "pip.log"
            end = await self._run(*pip, "--log", log, *arguments, deadline=deadline, hold=hold, given=given)
            if end.code == 0:
                return end
            return replace(end, errors=f"{reasons(log)}{end.errors}")

    async def _run(
        self, *command: str | Path, deadline: float, hold: Sequence[int] = (), given: bytes = b""
    ) -> CommandEnd:
        return await run(
            command, deadline=deadline, folder=self._root, variables=self._variables, given=given, hold=hold
        )


def _parts(text: str) -> list[str]:
    """Split a lock in what has hashes and what cannot have any: one without makes pip refuse all the others."""
    lines = text.replace("\\\n", " ").splitlines(keepends=True)
    hashed = "".join(line for line in lines if "--hash=" in line)
    return [part for part in (hashed, "".join(line for line in lines if "--hash=" not in line)) if part.strip()]


def _lock_text(report: bytes) -> str:
    """Return the lock that pip's report of a rehearsed installation amounts to."""
    try:
        rows = json.loads(report)["install"]
        return "".join(sorted(_locked(canonicalize_name(row["metadata"]["name"]), row) for row in rows))
    except (ValueError, KeyError, TypeError) as error:
        raise EnvironmentFailed("pip's report cannot be read: upgrade pip, or install uv") from error


def _locked(name: str, row: Mapping[str, Any]) -> str:
    """Return the line of one package: by version and hash, or by the address it was asked for with."""
    origin = row["download_info"]
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"{name} @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}\n"
    what = f"{name} @ {origin['url']}" if row.get("is_direct") else f"{name}=={row['metadata']['version']}"
    hashes = sorted(origin["archive_info"]["hashes"].items())
    return what + "".join(f" --hash={kind}:{digest}" for kind, digest in hashes) + "\n"
