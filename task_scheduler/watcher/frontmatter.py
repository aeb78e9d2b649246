"""The frontmatter of a Python file: YAML between two lines `---` at the beginning of its docstring."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import frontmatter
from frontmatter.default_handlers import BaseHandler

from task_scheduler.strict_yaml import Document, Fault, load

#: What a file says that has the YAML of its frontmatter outside of a docstring.
BARE = 'the frontmatter must stand in a docstring: put a line """ before its first --- and another after its second'

_BOUNDARY = re.compile(r"^---[ \t]*$", re.MULTILINE)
_BEFORE_CODE = re.compile(r"(?:[ \t\f]*(?:#[^\n]*)?\n)*")


def bare_line(text: str) -> int | None:
    """Return the line where YAML frontmatter begins that no docstring holds, None when there is none."""
    before = _BEFORE_CODE.match(text)
    start = before.end() if before else 0
    return text.count("\n", 0, start) + 1 if _BOUNDARY.match(text, start) else None


def read_frontmatter(tree: ast.Module) -> Document | None:
    """Return the frontmatter of a module, with lines of the file; None when it has none."""
    for position, statement in enumerate(tree.body):
        text = _docstring(statement)
        if text is None or not _opens(text):
            continue
        if position == 0 and not _is_formatted(statement):
            return _read(text, statement)
        return _refused(_misplaced(statement), statement)
    return None


def _docstring(statement: ast.stmt) -> str | None:
    """Return the text of a statement that is nothing but text, an f-string's up to its first field."""
    if not isinstance(statement, ast.Expr):
        return None
    value = statement.value
    if isinstance(value, ast.JoinedStr) and value.values:
        value = value.values[0]
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _is_formatted(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.JoinedStr)


def _misplaced(statement: ast.stmt) -> str:
    if _is_formatted(statement):
        return "the frontmatter stands in an f-string, which is no docstring: remove the f"
    return "the frontmatter must be the first thing in the file: move this docstring above all code"


def _opens(text: str) -> bool:
    return text.lstrip().partition("\n")[0].rstrip() == "---"


def _read(text: str, statement: ast.stmt) -> Document:
    first = statement.lineno
    blank = len(text) - len(text.lstrip())
    above, indent = text[:blank].count("\n"), text[:blank].rpartition("\n")[2]
    if blank and above == 0:
        indent = ""
    handler = _Handler(first + above)
    frontmatter.parse(_without_indent(text[blank - len(indent) :], indent), handler=handler)
    if handler.document is None:
        return _refused("the frontmatter opened here is never closed: end it with a line of only ---", statement)
    if text.count("\n") != (statement.end_lineno or first) - first:
        # An escape made or swallowed a line break: only the docstring's first line is certain.
        return _all_in_line(handler.document, first)
    return handler.document


class _Handler(BaseHandler):
    """Splits and reads one frontmatter for python-frontmatter, and keeps the lines."""

    FM_BOUNDARY = _BOUNDARY
    START_DELIMITER = END_DELIMITER = "---"

    def __init__(self, first_line: int) -> None:
        super().__init__()
        self._first_line = first_line
        self.document: Document | None = None  #: None: nothing was split off, since no line closes it

    def load(self, fm: str) -> dict[str, object]:
        """Read the YAML, which begins with the rest of the opening line."""
        self.document = load(fm, first_line=self._first_line)
        return dict(self.document.data)


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
