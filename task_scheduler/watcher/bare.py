"""Frontmatter as YAML between two lines `---` before the code: `bare_frontmatter` says where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from task_scheduler import bare_frontmatter
from task_scheduler.strict_yaml import Document, Fault, load

_NEVER_CLOSED = "the frontmatter opened here is never closed: end it with a line of only ---"


@dataclass(frozen=True, slots=True)
class BareBlock:
    """The lines between the two boundaries."""

    line: int  #: of the opening boundary
    text: str | None  #: None: it is never closed


def find(content: bytes, text: str) -> BareBlock | None:
    """Return the block of a file, of which `text` is the decoded content with plain line breaks."""
    begin = bare_frontmatter.opening(content)
    if begin is None:
        return None
    line = _lines(content[:begin])
    place = bare_frontmatter.find(content)
    if place is None:
        return BareBlock(line + 1, None)
    end = line + _lines(content[begin : place[1]])
    return BareBlock(line + 1, "".join(f"{each}\n" for each in text.split("\n")[line + 1 : end]))


def read(block: BareBlock) -> Document:
    """Return what the block says."""
    if block.text is None:
        return Document({}, {"": block.line}, (Fault(_NEVER_CLOSED, block.line),))
    return load("\n" + block.text, first_line=block.line)


def _lines(content: bytes) -> int:
    """Return how many line breaks there are."""
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")
