"""What a task needs installed, and the resolved answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """A set of packages and the Pythons they may run on."""

    packages: tuple[str, ...] = ()  #: PEP 508 requirements, sorted, without duplicates
    python_version: str = "3.8"  #: the lowest acceptable, `major.minor`, or a specifier such as `>=3.9,<3.13`


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One resolved set of packages for one interpreter: equal locks share one environment."""

    key: str  #: hash of the text below, the Python minor version with its ABI, and the platform
    text: str  #: the locked requirements, one a line, with hashes where the index gives them
    python: str  #: `3.11`
    platform: str  #: `linux-x86_64`, for example


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What garbage collection removed."""

    environments: int
    bytes: int  #: what this freed on the disk, or would free
    keys: tuple[str, ...] = ()


class EnvironmentState(StrEnum):
    """How far an environment is; the values stand in documents for programs."""

    READY = "ready"  # complete, and never changed any more
    BUILDING = "building"  # some process is at work on it
    BROKEN = "broken"  # half built, or its Python is gone: it is built again when a task needs it


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFacts:
    """One environment as it stands on the disk."""

    key: str
    state: EnvironmentState
    python: str  #: `3.11.7`; empty unless it was ever complete
    interpreter: str  #: what runs inside it
    base: str  #: the interpreter it was made of; empty unless it was ever complete
    lock: str  #: the text of its lock; empty unless it was ever complete
    bytes: int  #: on the disk, each file counted once
    own_bytes: int  #: of these, what no other name on the disk holds as well, such as one in the installer's cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What environments there are on the disk."""

    environments: tuple[EnvironmentFacts, ...]
    bytes: int  #: of all of them together, a file that several hold counted once


def is_minimum(python_version: str) -> bool:
    """Whether a Python is told as the lowest acceptable, `3.11`, and not as a specifier."""
    return python_version[:1].isdigit()


def python_range(python_version: str) -> str:
    """Return the specifier a declared Python stands for: `>=3.11` for `3.11`."""
    return f">={python_version}" if is_minimum(python_version) else python_version


def python_together(versions: Iterable[str]) -> str:
    """Return what suits every one of several declared Pythons; that of no requirements for none."""
    distinct = set(versions)
    minima = [version for version in distinct if is_minimum(version)]
    others = sorted(version for version in distinct if not is_minimum(version))
    lowest = [max(minima, key=_as_numbers)] if minima else []
    if not others:
        return lowest[0] if lowest else Requirements().python_version
    return ",".join([*map(python_range, lowest), *others])


def locked_packages(text: str) -> tuple[str, ...]:
    """Return what a lock holds without its hashes, one requirement each: `requests==2.31.0`."""
    lines = text.replace("\\\n", " ").splitlines()
    bare = (line.partition(" --hash=")[0].strip() for line in lines)
    return tuple(line for line in bare if line and not line.startswith("#"))


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
