"""What a task needs installed, and the resolved answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """A set of packages and the lowest acceptable Python."""

    packages: tuple[str, ...] = ()  #: PEP 508 requirements, sorted, without duplicates
    python_version: str = "3.8"  #: `major.minor`


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
    bytes: int
