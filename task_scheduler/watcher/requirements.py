"""Judging one line of `dependencies`: a package of the index, never an option, a path or an address.

What passes here becomes an argument of an installer, so whatever could be read as anything but a package's
name and versions is refused.
"""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement

_EXAMPLE = '"requests>=2.25"'
_LONGEST = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:|.*://)", re.IGNORECASE)
_FILE = re.compile(r"[./~\\]|[^<>=!~;\[]*[/\\]|.*\.(?:whl|zip|tar\.gz|tgz)$", re.IGNORECASE)
_SINGLE_EQUALS = re.compile(r"([A-Za-z0-9._-]+)\s*=\s*([^\s=]+)")


def requirement_fault(text: str) -> str | None:
    """Say what is wrong with a requirement and what to write instead; None: nothing."""
    text = text.strip(" ")
    if not text:
        return f"an item is empty: write a package such as {_EXAMPLE}, or remove it"
    if len(text) > _LONGEST:
        return f"an item is longer than {_LONGEST} characters"
    if _CONTROL.search(text):
        return f"{text!r} holds a line break or another control character: write one package in each item"
    if text.startswith("-"):
        return f"{text!r} is an option of an installer and not a package: write the packages themselves"
    return _misread_as_place(text) or _unreadable(text)


def _misread_as_place(text: str) -> str | None:
    if "@" in text.partition(";")[0] or _ADDRESS.match(text):
        return f"{text!r} is an address: only packages of the index can be installed, such as {_EXAMPLE}"
    if _FILE.match(text.partition(";")[0].strip()):
        return f"{text!r} is a path: only packages of the index can be installed, such as {_EXAMPLE}"
    return None


def _unreadable(text: str) -> str | None:
    single = _SINGLE_EQUALS.fullmatch(text)
    if single:
        return f'{text!r} has one = sign: write "{single[1]}=={single[2]}" for exactly that version'
    try:
        Requirement(text)
    except InvalidRequirement:
        return f"{text!r} is not a package with versions: write it like {_EXAMPLE}"
    return None
