"""Bare frontmatter: YAML between two lines `---` before the code of a Python file.

The one rule for where it is, shared by whatever reads a task file and whatever runs one. Such a file is no valid
Python by itself; with those lines blanked it is, and every line keeps its number.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import re

#: Before it may stand what Python ignores: a byte order mark, a shebang, comments and blank lines.
_BARE = re.compile(
    rb"(?P<before>(?:\xef\xbb\xbf)?(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*)"
    rb"(?P<block>---[ \t]*(?P<text>(?:\r\n|\r|\n)(?:[^\r\n]*(?:\r\n|\r|\n))*?)---[ \t]*)(?=\r|\n|\Z)"
)
_NOT_A_LINE_BREAK = re.compile(rb"[^\r\n]")


def find(source: bytes) -> tuple[int, int] | None:
    """Return where the block begins and ends, its two lines `---` included and the last line break not; None: none."""
    found = _BARE.match(source)
    return None if found is None else found.span("block")


def code_of(source: bytes) -> bytes:
    """Return what Python is to run: the source, its bare frontmatter blanked; most sources are returned as they are."""
    place = find(source)
    if place is None:
        return source
    begin, end = place
    return source[:begin] + _NOT_A_LINE_BREAK.sub(b"", source[begin:end]) + source[end:]
