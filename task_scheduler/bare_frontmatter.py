"""Bare frontmatter: YAML between two lines `---` before the code of a Python file.

The one rule for where it is, shared by whatever reads a task file and whatever runs one. Such a file is no valid
Python by itself; with those lines blanked it is, and every line keeps its number.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import re

# A break must match in one way only: two ways to read each of n lines would take 2**n steps to find no frontmatter.
_BREAK = rb"(?:\r\n|\r(?!\n)|\n)"
#: Before it may stand what Python ignores: a byte order mark, a shebang, comments and blank lines.
_OPENED = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:[ \t\f]*(?:#[^\r\n]*)?" + _BREAK + rb")*(?P<opening>---[ \t]*(?:" + _BREAK + rb"|\Z))"
)
_CLOSING = re.compile(rb"(?<=[\r\n])---[ \t]*(?=[\r\n]|\Z)")
_LINE = re.compile(rb"[^\r\n]+")


def opening(source: bytes) -> int | None:
    """Return where the line `---` begins that opens the block, be it closed or not; None: there is none."""
    found = _OPENED.match(source)
    return None if found is None else found.start("opening")


def find(source: bytes) -> tuple[int, int] | None:
    """Return where the block begins and ends, its two lines `---` included and the last line break not; None: none."""
    opened = _OPENED.match(source)
    closed = opened and _CLOSING.search(source, opened.end())
    return (opened.start("opening"), closed.end()) if opened and closed else None


def code_of(source: bytes) -> bytes:
    """Return what Python is to run: the source, its bare frontmatter blanked; most sources are returned as they are."""
    place = find(source)
    if place is None:
        return source
    begin, end = place

    def blank(line: re.Match[bytes]) -> bytes:
        # Between a lone carriage return and a line feed, nothing at all would make one line break of the two.
        first, last = begin + line.start(), begin + line.end()
        return b"#" if source[first - 1 : first] == b"\r" and source[last : last + 1] == b"\n" else b""

    return source[:begin] + _LINE.sub(blank, source[begin:end]) + source[end:]
