"""Resolving and installing by uv."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from task_scheduler.environments.caches import has_cache
from task_scheduler.environments.commands import CommandEnd, inherited_variables, run
from task_scheduler.environments.failures import IndexUnreachable, failure
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

    `index_arguments` replace the settings that are taken over from pip. Where the index gives no answer, uv's cache
    is tried alone, and `notice` is told when it sufficed.
    """

    def __init__(
        self,
        *,
        uv: Path,
        root: Path,
        variables: Mapping[str, str],
        notice: Callable[[str], None],
        index_arguments: Sequence[str] = (),
    ) -> None:
        arguments, settings = (list(index_arguments), {}) if index_arguments else uv_settings(variables, root=root)
        self._uv = uv
        self._root = root
        self._notice = notice
        self._index = arguments
        self._variables = inherited_variables(variables) | settings | {"UV_PYTHON_DOWNLOADS": "never"}
        if not has_cache(variables):
            self._variables["UV_CACHE_DIR"] = str(root / "data" / "cache" / "uv")

    async def lock(self, packages: Sequence[str], interpreter: Interpreter, *, deadline: float) -> str:
        """Resolve for this very interpreter; requirements go by standard input, so that none can be an option."""
        end = await self._run_from_index_or_cache(
            *("pip", "compile", "-", "--python", interpreter.path),
            *("--generate-hashes", "--no-header", "--no-annotate"),
            doing="resolving the packages",
            deadline=deadline,
            given="".join(f"{package}\n" for package in packages).encode(),
        )
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
        await self._run_from_index_or_cache(
            *("pip", "sync", "-", "--python", folder / "bin" / "python"),
            "--require-hashes" if all_hashed(text) else "--verify-hashes",
            doing="installing the packages",
            deadline=deadline,
            hold=(hold,),
            given=text.encode(),
        )

    async def _run_from_index_or_cache(
        self, *arguments: str | Path, doing: str, deadline: float, given: bytes, hold: Sequence[int] = ()
    ) -> CommandEnd:
        """Run uv with the index, then without where that gives no answer; raises what went wrong at first."""
        end = await self._run(*arguments, *self._index, deadline=deadline, given=given, hold=hold)
        if end.code == 0:
            return end
        error = failure(end, doing=doing)
        if isinstance(error, IndexUnreachable):
            offline = await self._run(*arguments, *self._index, "--offline", deadline=deadline, given=given, hold=hold)
            if offline.code == 0:
                self._notice(f"{doing} went without the package index, which gives no answer, from uv's cache")
                return offline
        raise error

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
