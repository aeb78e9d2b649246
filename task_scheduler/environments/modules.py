"""Whether what a task file imports can be found, without importing it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.commands import run, seconds_from_now

PROBE = Path(__file__).with_name("modules_probe.py")
#: Seconds the probe may take: it imports nothing, though `.pth` files of packages may.
PROBING_TIME = 20.0


class ModuleFinder:
    """Looks for top-level modules in an environment, then in the project's folders.

    An environment never changes, so its answers are remembered, and tasks that import the same
    modules cost one probe. Of `a.b`, only `a` is looked for: finding `b` would run `a`.
    """

    def __init__(
        self, *, root: Path, lib: Path | None, variables: Mapping[str, str], tasks: Path | None = None
    ) -> None:
        """`tasks` is the folder of tasks; None: the one of that name in `root`."""
        self._root = root
        self._tasks = tasks or root / "tasks"
        self._shared = [root] if lib is None else [root, lib]
        self._variables = variables
        self._known: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        self._probing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def look_in(self, tasks: Path) -> None:
        """Take this for the folder of tasks from now on."""
        self._tasks = tasks

    async def missing(self, key: str, python: Path, modules: Sequence[str], path: str) -> tuple[str, ...]:
        """Return those of `modules` that a task file at `path` could not find, in their order."""
        names = {module: module.partition(".")[0] for module in modules}
        async with self._probing[key]:
            known = self._known[key]
            unknown = sorted(set(names.values()) - known.keys())
            if unknown:
                known |= await self._probe(python, unknown)
        folders = [*self._shared, (self._root / path).parent, self._tasks]
        return tuple(
            module
            for module, name in names.items()
            if not known[name] and not any(_is_in(folder, name) for folder in folders)
        )

    def forget(self, key: str) -> None:
        """Drop what is known of an environment that is gone."""
        self._known.pop(key, None)
        self._probing.pop(key, None)

    async def _probe(self, python: Path, names: Sequence[str]) -> dict[str, bool]:
        end = await run(
            [python, "-I", PROBE, *names],
            deadline=seconds_from_now(PROBING_TIME),
            folder=self._root,
            variables=self._variables,
        )
        lines = end.output.decode(errors="replace").splitlines()
        if end.timed_out:
            raise EnvironmentFailed(
                f"the environment's Python did not start within {PROBING_TIME:g} s",
                detail=end.last_lines,
                temporary=True,
            )
        if "\tdone" not in lines:
            raise EnvironmentFailed(
                "the environment's Python does not work: a package in it may break its start", detail=end.last_lines
            )
        missing = {line.removeprefix("\tmissing ") for line in lines if line.startswith("\tmissing ")}
        return {name: name not in missing for name in names}


def _is_in(folder: Path, name: str) -> bool:
    """Whether a folder on the search path provides a module: a file, a package, or a compiled one."""
    plain = (folder / f"{name}.py").is_file() or (folder / name).is_dir() or (folder / f"{name}.so").is_file()
    return plain or any(folder.glob(f"{name}.*.so"))
