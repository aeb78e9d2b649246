"""The frontmatter of a Python file, in whichever of its three dialects the file is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from task_scheduler.strict_yaml import Document, Fault
from task_scheduler.watcher import bare, docstring, script_block
from task_scheduler.watcher.source import ParsedSource


class Dialect(StrEnum):
    """A way to write frontmatter; the names are those of the command line."""

    DOCSTRING = "docstring"  # YAML between two lines `---` at the beginning of the docstring
    BARE = "bare"  # YAML between two lines `---` before the code
    PEP723 = "pep723"  # TOML in a comment block `# /// script`


#: Where each dialect has its frontmatter, as a sentence says it.
_PLACES: Mapping[Dialect, str] = MappingProxyType(
    {
        Dialect.DOCSTRING: "in the docstring",
        Dialect.BARE: "before the code",
        Dialect.PEP723: "as # /// script",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontmatter:
    """What a file's frontmatter says, with lines of the file and the keys of `core.declaration`."""

    dialect: Dialect
    document: Document
    remarks: tuple[Fault, ...] = ()  #: worth a warning
    spelled: Mapping[str, str] = field(default_factory=dict)  #: keys that the dialect spells otherwise

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.document.lines[""]


def read_frontmatter(parsed: ParsedSource) -> Frontmatter | None:
    """Return the frontmatter of a file, None when it has none; one that stands there twice has a fault."""
    found = []
    if parsed.bare is not None:
        found.append(Frontmatter(dialect=Dialect.BARE, document=bare.read(parsed.bare)))
    in_docstring = docstring.read(parsed.header) if parsed.header is not None else None
    if in_docstring is not None:
        found.append(Frontmatter(dialect=Dialect.DOCSTRING, document=in_docstring))
    block = script_block.read(parsed.code, parsed.tree)
    if block is not None:
        found.append(
            Frontmatter(
                dialect=Dialect.PEP723,
                document=block.document,
                remarks=block.remarks,
                spelled=script_block.SPELLED,
            )
        )
    if len(found) > 1:
        return _several(found)
    return found[0] if found else None


def _several(found: list[Frontmatter]) -> Frontmatter:
    first, *others = sorted(found, key=lambda each: each.line)
    *places, last = (f"{_PLACES[each.dialect]} (line {each.line})" for each in (first, *others))
    message = f"the frontmatter is given more than once, {', '.join(places)} and {last}: keep one of them"
    fault = Fault(message, others[0].line)
    return Frontmatter(dialect=first.dialect, document=Document({}, first.document.lines, (fault,)))
