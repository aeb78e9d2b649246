"""Docstrings as they are written: putting frontmatter at their beginning and taking it away."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from task_scheduler import syntax

_LITERAL = re.compile(r"(?P<prefix>[rRuU]?)(?P<quotes>\"\"\"|'''|\"|')(?P<body>.*)(?P=quotes)", re.DOTALL)
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Literal:
    """One string literal of Python."""

    text: str  #: as written, with plain line breaks
    value: str
    prefix: str
    quotes: str
    body: str

    @classmethod
    def read(cls, text: str) -> Literal | None:
        """Return a literal, None when it is made of several or is none."""
        found = _LITERAL.fullmatch(text)
        if found is None or not _is_single(text):
            return None
        return cls(text, str(syntax.literal(text)), found["prefix"], found["quotes"], found["body"])

    @property
    def is_long(self) -> bool:
        """Whether it may run over several lines."""
        return len(self.quotes) == 3


def with_beginning(beginning: str, literal: Literal | None) -> str:
    """Return a literal that says `beginning` and then what `literal` says, written as much like it as can be."""
    wanted = beginning + (literal.value if literal else "")
    return next(text for text in _candidates(beginning, literal, wanted) if _says(text, wanted))


def without_beginning(literal: Literal, rest: str) -> str:
    """Return a literal that says `rest`, which is the last lines of what `literal` says."""
    if literal.is_long and literal.body.count("\n") == literal.value.count("\n"):
        lines = literal.body.split("\n")[-(rest.count("\n") + 1) :]
        shorter = literal.prefix + literal.quotes + "\n".join(lines) + literal.quotes
        if _says(shorter, rest):
            return shorter
    return with_beginning(rest, None)


def _candidates(beginning: str, literal: Literal | None, wanted: str) -> Iterator[str]:
    has_backslash = "\\" in beginning
    if literal is None:
        for quotes in ('"""', "'''"):
            yield ("r" if has_backslash else "") + quotes + beginning + quotes
    elif literal.is_long:
        prefix, quotes, body = literal.prefix, literal.quotes, literal.body
        if not has_backslash or prefix in {"r", "R"}:
            yield prefix + quotes + beginning + body + quotes
        if "\\" not in body:
            yield "r" + quotes + beginning + body + quotes
        if prefix not in {"r", "R"}:
            yield prefix + quotes + _escaped(beginning) + body + quotes
    yield '"""' + _escaped(wanted) + '"""'


def _escaped(text: str) -> str:
    """Return a text as it stands between three double quotes."""
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').replace("'''", "\\'\\'\\'")
    if text.endswith('"'):
        text = text[:-1] + '\\"'
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _says(text: str, wanted: str) -> bool:
    try:
        return _is_single(text) and syntax.literal(text) == wanted
    except (SyntaxError, ValueError):
        return False


def _is_single(text: str) -> bool:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return False
    return [token.string for token in tokens if token.type == tokenize.STRING] == [text] and _is_text(text)


def _is_text(text: str) -> bool:
    try:
        return isinstance(syntax.literal(text), str)
    except (SyntaxError, ValueError):
        return False


def docstring_of(tree: ast.Module) -> ast.Constant | None:
    """Return the node of a module's docstring."""
    match tree.body:
        case [ast.Expr(value=ast.Constant(value=str()) as node), *_]:
            return node
    return None
