"""Judging which Python versions a task names: a lowest one such as `3.11`, or a range such as `>=3.9,<3.13`."""

from __future__ import annotations

import functools

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from task_scheduler.core.excerpts import quoted

_EXAMPLES = 'such as "3.11", or a range such as ">=3.9,<3.13"'
_LONGEST = 100
_MINORS = range(41)
_MICROS = range(31)


@functools.lru_cache(maxsize=256)
def python_fault(text: str) -> str | None:
    """Say what is wrong with a range of versions, to be read after its key; None: nothing."""
    shown = quoted(text)
    wrong = f"must be the lowest version the task runs with, {_EXAMPLES}, not the text {shown}"
    if len(text) > _LONGEST or not text.isascii() or not text:
        return wrong
    try:
        versions = SpecifierSet(text)
    except InvalidSpecifier:
        return wrong
    if not len(versions):  # nothing but commas, or characters that are stripped as space
        return wrong
    if any(versions.contains(f"3.{minor}.{micro}") for minor in _MINORS for micro in _MICROS):
        return None
    return f"allows no version of Python 3: {shown} excludes them all"


def accepts(python_version: str, version: tuple[int, int]) -> bool:
    """Whether a checked `python_version` allows some release of a minor version."""
    if python_version[0].isdigit():
        return tuple(int(part) for part in python_version.split(".")) <= version
    versions = SpecifierSet(python_version)
    return any(versions.contains(f"{version[0]}.{version[1]}.{micro}") for micro in _MICROS)


def wants_newer(python_version: str, version: tuple[int, int]) -> bool:
    """Whether a checked `python_version` refuses a minor version and allows a later one."""
    return not accepts(python_version, version) and any(
        accepts(python_version, (version[0], minor)) for minor in range(version[1] + 1, 100)
    )
