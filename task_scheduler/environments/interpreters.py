"""The Python interpreters of this machine: which there are, and which one serves a task."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from task_scheduler.core.environments import is_minimum, python_range
from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.commands import inherited_variables, run, seconds_from_now

#: Seconds an interpreter may take to describe itself.
DESCRIBING_TIME = 20.0
#: Seconds after which one that did not work is asked again: a version manager's shims are slow to say no.
PASSED_OVER_FOR = 60.0

#: Answers for the real interpreter even when asked in a virtual environment or through a version manager's shim.
DESCRIBE = """
import json, sys, sysconfig
print(json.dumps({
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "version": list(sys.version_info),
    "implementation": sys.implementation.name,
    "abi": sysconfig.get_config_var("SOABI") or sys.implementation.cache_tag + getattr(sys, "abiflags", ""),
    "threaded": not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "platform": sysconfig.get_platform(),
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A working CPython that environments can be made of."""

    path: Path  #: the real one, never that of a virtual environment
    version: tuple[int, int, int]
    abi: str  #: what compiled modules must match
    platform: str  #: `linux-x86_64`, for example

    @property
    def minor(self) -> str:
        """The version without its last part, such as `3.11`."""
        return f"{self.version[0]}.{self.version[1]}"

    def __str__(self) -> str:
        """Return `3.11.7`."""
        return ".".join(map(str, self.version))


class Interpreters:
    """Finds interpreters, and remembers what it found."""

    def __init__(self, *, base: Path, variables: Mapping[str, str], uv: Path | None = None) -> None:
        self._base = base
        self._variables = inherited_variables(variables)
        self._uv = uv
        self._described: dict[Path, Interpreter] = {}
        self._passed_over: dict[Path, float] = {}
        self._chosen: dict[str, Interpreter] = {}
        self._search = asyncio.Lock()

    async def suiting(self, wanted: str) -> Interpreter:
        """Return the base interpreter if it suits, else the oldest other that does; raises EnvironmentFailed.

        `wanted` is the lowest acceptable version, `3.11`, or a specifier such as `>=3.9,<3.13`.
        """
        async with self._search:
            chosen = self._chosen.get(wanted)
            if chosen is None or not chosen.path.exists():
                chosen = self._chosen[wanted] = await self._find(wanted)
            return chosen

    async def of_minor(self, minor: str) -> Sequence[Interpreter]:
        """Return every interpreter of one minor version, the base interpreter first."""
        async with self._search:
            base = await self._describe(self._base)
            if base is not None and base.minor == minor:
                return [base]
            return [found async for found in self._others() if found.minor == minor]

    async def _find(self, wanted: str) -> Interpreter:
        suits = _specifier(wanted)
        base = await self._describe(self._base)
        if base is not None and suits.contains(str(base)):
            return base
        found = [interpreter async for interpreter in self._others()]
        suitable = [interpreter for interpreter in found if suits.contains(str(interpreter))]
        if suitable:
            return min(suitable, key=lambda interpreter: interpreter.version)
        known = sorted({str(interpreter) for interpreter in [*found, *([base] if base else [])]}, key=_parts)
        there = f"(found: {', '.join(known) or 'none that works'})"
        if is_minimum(wanted):
            raise EnvironmentFailed(
                f"no Python {wanted} or later is on this machine {there}: install one, or lower python_version"
            )
        raise EnvironmentFailed(
            f"no Python that suits {wanted} is on this machine {there}: install one, or change python_version"
        )

    async def _others(self) -> AsyncIterator[Interpreter]:
        seen: set[Path] = set()
        candidates = [*self._on_path(), *await self._known_to_uv()]
        for interpreter in await asyncio.gather(*map(self._describe, candidates)):
            if interpreter is not None and interpreter.path not in seen:
                seen.add(interpreter.path)
                yield interpreter

    def _on_path(self) -> list[Path]:
        folders = [folder for folder in self._variables.get("PATH", os.defpath).split(os.pathsep) if folder]
        names = {name for folder in folders for name in _names_in(folder) if re.fullmatch(r"python3\.\d+", name)}
        found = (shutil.which(name, path=os.pathsep.join(folders)) for name in sorted(names, key=_parts))
        return [Path(path) for path in found if path]

    async def _known_to_uv(self) -> list[Path]:
        """Return what uv installed or found elsewhere; it is asked not to download anything."""
        if self._uv is None:
            return []
        end = await run(
            [self._uv, "python", "list", "--only-installed", "--no-python-downloads", "--output-format", "json"],
            deadline=seconds_from_now(DESCRIBING_TIME),
            folder=Path("/"),
            variables=self._variables,
        )
        try:
            return [Path(row["path"]) for row in json.loads(end.output)]
        except (ValueError, KeyError, TypeError):
            return []

    async def _describe(self, path: Path) -> Interpreter | None:
        """Run an interpreter to learn what it is; None: it does not work, or is none we can use."""
        known = self._described.get(path)
        if known is not None and known.path.exists():
            return known
        now = asyncio.get_running_loop().time()
        if self._passed_over.get(path, now) > now:
            return None
        end = await run(
            [path, "-I", "-S", "-c", DESCRIBE],
            deadline=seconds_from_now(DESCRIBING_TIME),
            folder=Path("/"),
            variables=self._variables,
        )
        described = _read_description(end.output)
        if described is None:
            self._passed_over[path] = now + PASSED_OVER_FOR
        else:
            self._described[path] = described
        return described


def _read_description(text: bytes) -> Interpreter | None:
    try:
        told = json.loads(text)
        major, minor, micro, level, _ = told["version"]
        usable = told["implementation"] == "cpython" and told["threaded"] and level == "final"
        path, abi, platform = Path(told["path"]), str(told["abi"]), str(told["platform"])
    except (ValueError, KeyError, TypeError):
        return None
    if not usable:
        return None
    # A name without a version may mean another Python tomorrow, and environments link to it.
    versioned = path.with_name(f"python{major}.{minor}")
    if versioned.exists() and versioned.samefile(path):
        path = versioned
    return Interpreter(path=path, version=(major, minor, micro), abi=abi, platform=platform)


def _names_in(folder: str) -> list[str]:
    try:
        return [path.name for path in Path(folder).iterdir()]
    except OSError:
        return []


def _specifier(wanted: str) -> SpecifierSet:
    try:
        return SpecifierSet(python_range(wanted))
    except InvalidSpecifier:
        raise EnvironmentFailed(
            f"python_version {wanted!r} cannot be read: write 3.11, or a range like >=3.9,<3.13"
        ) from None


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
