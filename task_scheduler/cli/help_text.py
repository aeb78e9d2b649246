"""How `--help` is laid out: paragraphs filled to the width of the terminal, lists and indented lines left as they are."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator

#: Columns: where a line breaks although the next word would fit into so many, it was meant to.
_WRITTEN = 100
#: Begins an entry of a list, such as `bare: the same YAML …`.
_ENTRY = re.compile(r"[\w-]+: ")


class HelpText(argparse.HelpFormatter):
    """Fills each paragraph by itself; `argparse` would make one of all of them, or break no line at all."""

    def format_help(self) -> str:
        """Return the whole; `argparse` breaks no group of options that exclude each other, so it is done here."""
        lines = super().format_help().split("\n")
        return "\n".join(piece for line in lines for piece in _broken(line, self._width))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(
            "\n".join(line for part in _parts(paragraph) for line in _filled(part, width=width, indent=indent))
            for paragraph in text.strip().split("\n\n")
        )


def _broken(line: str, width: int) -> Iterator[str]:
    """Yield a line of the usage, broken between the options of a group where it is too long."""
    indent = " " * (len(line) - len(line.lstrip()) + 1)
    while len(line) > width and indent != " " and (place := line.rfind(" | ", 0, width)) > 0:
        yield line[: place + 2]
        line = indent + line[place + 3 :]
    yield line


def _parts(paragraph: str) -> Iterator[str]:
    """Yield the pieces of a paragraph that begin on lines of their own."""
    part = ""
    for line in paragraph.splitlines():
        word = line.partition(" ")[0]
        is_new = line.startswith(" ") or _ENTRY.match(line) or part.startswith(" ")
        if part and (is_new or len(part.splitlines()[-1]) + 1 + len(word) <= _WRITTEN):
            yield part
            part = line
        else:
            part = f"{part}\n{line}" if part else line
    yield part


def _filled(part: str, *, width: int, indent: str) -> list[str]:
    """Return the lines of a piece; of an entry `  --name  what it is` the further ones stand below what it is."""
    entry = re.match(r" +\S.*?  +", part)
    hang = indent + " " * (len(entry.group()) if entry else 0)
    text = part if entry else part.replace("\n", " ")
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    ) or [""]
