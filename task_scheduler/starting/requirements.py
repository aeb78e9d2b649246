"""Reads requirement files and tells what of them an interpreter lacks, before `packaging` is installed.

Read are names with an optional list of `>=`, `<=`, `==`, `!=`, `<` and `>`, one requirement a line, and comments.
Markers, extras, options and `~=` are refused: the files are ours, and a test reads the shipped ones.
Only what the files name is looked at; what those packages need in turn is the installer's business.
"""

from __future__ import annotations

import hashlib
import operator
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.starting.errors import CannotStart

_LINE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?P<bounds>.*)", re.ASCII)
_BOUND = re.compile(r"(?P<sign>>=|<=|==|!=|<|>)\s*(?P<version>[A-Za-z0-9.+!-]+)", re.ASCII)
#: The folder that an installer leaves beside a package, its name and version written as in all of them.
_INSTALLED = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)\.dist-info")
#: What older installers leave: the name may hold hyphens, so each beginning up to one may be it.
_OLDER = re.compile(r"(?P<name>[^.].*?)\.egg-(?:info|link)")
_VERSION = re.compile(
    r"v?(?P<release>\d+(?:\.\d+)*)[-_.]?(?:(?P<phase>[a-z]+)[-_.]?(?P<count>\d*)[a-z0-9.]*)?(?:\+.*)?",
    re.ASCII | re.IGNORECASE,
)
#: Before and after the final release, which is 0.
_PHASES = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "c": -1, "rc": -1, "pre": -1, "post": 1, "r": 1}
_SIGNS: Mapping[str, Callable[[Version, Version], bool]]


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version in the order of releases; two texts of one version are equal (`1.0` and `1.0.0`)."""

    release: tuple[int, ...]
    phase: int = 0
    count: int = 0

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `2.1`, `2.1rc1`, `2.1.post1`; raises ValueError for what is no version."""
        match = _VERSION.fullmatch(text.strip())
        if match is None or (match["phase"] or "").lower() not in {"", *_PHASES}:
            raise ValueError(f"not a version: {text!r}")
        release = [int(part) for part in match["release"].split(".")]
        while len(release) > 1 and release[-1] == 0:
            release.pop()
        return cls(tuple(release), _PHASES.get((match["phase"] or "").lower(), 0), int(match["count"] or 0))


def _below(version: Version, bound: Version) -> bool:
    """`<2` leaves out 2.0rc1, as installers do."""
    return version.release < bound.release if bound.phase == 0 else version < bound


_SIGNS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": _below,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A package and the versions of it that will do."""

    text: str  #: as written
    name: str
    bounds: tuple[tuple[str, Version], ...]

    def accepts(self, version: Version) -> bool:
        """Whether this version will do."""
        return all(_SIGNS[sign](version, bound) for sign, bound in self.bounds)


def parse_requirement(text: str) -> Requirement:
    """Read `name>=1.2,<2`; raises ValueError for anything this module does not read."""
    line = _LINE.fullmatch(text)
    if line is None:
        raise ValueError(f"not a plain requirement: {text!r}")
    bounds = []
    for part in filter(None, (piece.strip() for piece in line["bounds"].split(","))):
        bound = _BOUND.fullmatch(part)
        if bound is None:
            raise ValueError(f"not a plain requirement: {text!r}")
        bounds.append((bound["sign"], Version.parse(bound["version"])))
    return Requirement(text=text, name=line["name"], bounds=tuple(bounds))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementFiles:
    """What some requirement files ask for together."""

    paths: tuple[Path, ...]
    requirements: tuple[Requirement, ...]
    digest: str  #: of their text, SHA-256 in hex

    @classmethod
    def read(cls, paths: Iterable[Path]) -> RequirementFiles:
        """Read the files; raises CannotStart when one cannot be read or understood."""
        paths = tuple(paths)
        digest = hashlib.sha256()
        requirements = []
        for path in paths:
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise CannotStart(f"{path} cannot be read ({error}): get it from the program's repository") from error
            digest.update(text.encode())
            for number, line in enumerate(text.splitlines(), 1):
                content = line.partition("#")[0].strip()
                if not content:
                    continue
                try:
                    requirements.append(parse_requirement(content))
                except ValueError as error:
                    raise CannotStart(f"{path}:{number}: {error}; write it like loguru>=0.7,<1") from error
        return cls(paths=paths, requirements=tuple(requirements), digest=digest.hexdigest())

    def lacking(self) -> list[str]:
        """Return what the running interpreter lacks, each with what was found instead; empty: nothing."""
        installed = _installed()
        doubtful = [one for one in self.requirements if not _is_met(one, installed)]
        return [lack for requirement in doubtful if (lack := _lack(requirement)) is not None]


def _installed() -> Mapping[str, str | None]:
    """Return versions by names of packages, as the names of folders tell them; None: that is in doubt.

    It is where more than one is there, or one that an older installer left.
    """
    versions: dict[str, str | None] = {}
    for folder in dict.fromkeys(filter(None, sys.path)):
        try:
            names = os.listdir(folder)  # noqa: PTH208 - of `Path`, names alone cost a Path each
        except OSError:
            continue
        for name in names:
            if older := _OLDER.fullmatch(name):
                parts = older["name"].split("-")
                versions |= {_normal("-".join(parts[:end])): None for end in range(1, len(parts) + 1)}
            # Where that was removed by half, the file is gone.
            elif (found := _INSTALLED.fullmatch(name)) and Path(folder, name, "METADATA").is_file():
                package = _normal(found["name"])
                versions[package] = None if package in versions else found["version"]
    return versions


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _is_met(requirement: Requirement, installed: Mapping[str, str | None]) -> bool:
    """Whether a requirement is met beyond doubt: by one package that is where most are."""
    version = installed.get(_normal(requirement.name))
    try:
        return version is not None and requirement.accepts(Version.parse(version))
    except ValueError:
        return False


def _lack(requirement: Requirement) -> str | None:
    # Not before there is a doubt: it takes as long to import as all else that a start of a command does.
    from importlib import metadata

    try:
        # A half-removed package has metadata without a version.
        found: str | None = metadata.version(requirement.name)
    except (metadata.PackageNotFoundError, KeyError):
        found = None
    if found is None:
        return f"{requirement.text} (not installed)"
    try:
        accepted = requirement.accepts(Version.parse(found))
    except ValueError:
        accepted = False
    return None if accepted else f"{requirement.text} (found {found})"
