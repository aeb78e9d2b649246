"""Frontmatter as YAML between two lines `---` at the beginning of the docstring."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

import frontmatter
from frontmatter.default_handlers import BaseHandler

from task_scheduler.strict_yaml import Document, Fault, load

_BOUNDARY = re.compile(r"^---[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Split:
    """A docstring that opens with frontmatter, in its parts."""

    above: int  #: line breaks before the opening boundary
    yaml: str  #: between the boundaries, beginning with the rest of the opening line, without its indentation
    rest: str  #: the lines below the closing boundary, as they are


def read(tree: ast.Module) -> Document | None:
    """Return the frontmatter of a module, with lines of the file; None when no docstring holds any."""
    for position, statement in enumerate(tree.body):
        text = _docstring(statement)
        if text is None or not opens(text):
            continue
        if position == 0 and _is_plain(statement):
            return _read(text, statement)
        return _refused(_misplaced(statement), statement)
    return None


def split(text: str) -> Split | None:
    """Return the parts of a docstring that opens with frontmatter, None when that is never closed."""
    blank = len(text) - len(text.lstrip())
    above = text[:blank].count("\n")
    opened = text[blank:]
    # What stands behind the quotes is indented like the lines below it.
    indented = text[:blank].rpartition("\n")[2] if above else opened.partition("\n")[2]
    indent = indented[: len(indented) - len(indented.lstrip(" \t"))]
    handler = _Handler()
    frontmatter.parse(_without_indent(opened, indent), handler=handler)
    if handler.yaml is None:
        return None
    # From the text as it is: python-frontmatter strips it, and the rest is the person's.
    below = text.split("\n")[above + handler.yaml.count("\n") + 1 :]
    return Split(above, handler.yaml, "\n".join(below))


def opens(text: str) -> bool:
    """Whether a docstring's text begins with the opening boundary."""
    return text.lstrip().partition("\n")[0].rstrip() == "---"


def _docstring(statement: ast.stmt) -> str | None:
    """Return the text of a statement that is nothing but text, of one that computes it the text it begins with.

    Bytes are told as if they were text, so that what was meant can be named.
    """
    if not isinstance(statement, ast.Expr):
        return None
    value = statement.value
    while True:
        match value:
            case ast.JoinedStr(values=[first, *_]):
                value = first
            case ast.BinOp(left=inner) | ast.Call(func=ast.Attribute(value=inner)):
                value = inner
            case _:
                break
    match value:
        case ast.Constant(value=str() as text):
            return text
        case ast.Constant(value=bytes() as content):
            return content.decode("latin-1")
    return None


def _is_plain(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False


def _misplaced(statement: ast.stmt) -> str:
    if _is_plain(statement):
        return "the frontmatter must be the first thing in the file: move this docstring above all code"
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return "the frontmatter stands in a bytes literal, which is no docstring: remove the b"
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.JoinedStr):
        return "the frontmatter stands in an f-string, which is no docstring: remove the f"
    return "the frontmatter stands in a text that is computed, which is no docstring: write it out"


def _read(text: str, statement: ast.stmt) -> Document:
    first = statement.lineno
    parts = split(text)
    if parts is None:
        return _refused("the frontmatter opened here is never closed: end it with a line of only ---", statement)
    document = load(parts.yaml, first_line=first + parts.above)
    if text.count("\n") != (statement.end_lineno or first) - first:
        # An escape made or swallowed a line break: only the docstring's first line is certain.
        return _all_in_line(document, first)
    return document


class _Handler(BaseHandler):
    """Has python-frontmatter find the frontmatter in a text, and keeps it as it stands there."""

    FM_BOUNDARY = _BOUNDARY
    START_DELIMITER = END_DELIMITER = "---"

    def __init__(self) -> None:
        super().__init__()
        self.yaml: str | None = None  #: None: no line closes it

    def split(self, text: str) -> tuple[str, str]:
        """Return the YAML and what follows it."""
        _, self.yaml, rest = self.FM_BOUNDARY.split(text, 2)
        return self.yaml, rest

    def load(self, fm: str) -> dict[str, object]:
        """Leave the reading to whoever knows the lines."""
        del fm
        return {}


def _without_indent(text: str, indent: str) -> str:
    if not indent:
        return text
    return "\n".join(line.removeprefix(indent) for line in text.split("\n"))


def _all_in_line(document: Document, line: int) -> Document:
    return replace(
        document,
        lines=dict.fromkeys(document.lines, line),
        faults=tuple(Fault(fault.message, line) for fault in document.faults),
    )


def _refused(message: str, statement: ast.stmt) -> Document:
    return Document({}, {"": statement.lineno}, (Fault(message, statement.lineno),))
