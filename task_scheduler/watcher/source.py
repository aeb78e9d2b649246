"""From the bytes of a Python file to its syntax tree, or to a sentence that says why there is none."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass

from task_scheduler import syntax
from task_scheduler.core.errors import Problem
from task_scheduler.watcher.frontmatter import BARE, bare_line
from task_scheduler.watcher.scanning import LARGEST, TOO_LARGE

_BOM = b"\xef\xbb\xbf"
_CODING = re.compile(rb"(?:[ \t\f]*(?:#[^\n]*)?\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_UTF_8 = frozenset({"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"})
_LONGEST_SHOWN = 60

# Python warns while it parses ("invalid escape sequence"), on the scheduler's own stderr and to nobody's use.
# The name makes these warnings, and no others, recognisable: silencing all of them for the time of a parse
# would change the filters of every thread.
_FILENAME = "<text of a task file>"


def silence_parser_warnings() -> None:
    """Keep Python's remarks on task files out of the scheduler's stderr."""
    for category in (SyntaxWarning, DeprecationWarning):
        warnings.filterwarnings("ignore", category=category, module=re.escape(_FILENAME))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """A file's text and tree, or the problem that keeps it from having one."""

    text: str = ""
    tree: ast.Module | None = None
    header: ast.Module | None = None  #: the tree; of a file with a syntax error its docstring alone, if it has one
    problem: Problem | None = None


def parse_source(content: bytes, *, path: str) -> ParsedSource:
    """Read one file; never raises."""

    def refused(message: str, line: int | None = None, *, text: str = "") -> ParsedSource:
        return ParsedSource(
            text=text, header=_docstring_alone(text), problem=Problem(path=path, message=message, line=line)
        )

    if len(content) > LARGEST:
        return refused(TOO_LARGE)
    content = content.removeprefix(_BOM)
    coding = _CODING.match(content)
    if coding and coding[1].decode("ascii", "replace").lower().replace("_", "-") not in _UTF_8:
        line = content.count(b"\n", 0, coding.start(1)) + 1
        name = coding[1].decode("ascii", "replace")
        return refused(f"its encoding is {name}: save it as UTF-8 and remove this line", line)
    nothing = content.find(b"\0")
    if nothing >= 0:
        return refused("it holds a null byte: save it as UTF-8 text", content.count(b"\n", 0, nothing) + 1)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return refused(f"the byte 0x{content[error.start]:02x} is not UTF-8: save the file as UTF-8", line)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    line_of_bare = bare_line(text)
    if line_of_bare is not None:
        return refused(BARE, line_of_bare)
    try:
        tree = syntax.parse(text, filename=_FILENAME)
    except SyntaxError as error:
        return refused(_syntax_error(error), error.lineno or None, text=text)
    except (ValueError, RecursionError, MemoryError):
        return refused("its code is nested too deeply to be read: split the expression up")
    return ParsedSource(text=text, tree=tree, header=tree)


def _syntax_error(error: SyntaxError) -> str:
    at = (error.text or "").strip()[:_LONGEST_SHOWN]
    return f"syntax error: {error.msg}" + (f": {at}" if at else "")


def _docstring_alone(text: str) -> ast.Module | None:
    """Return a tree of nothing but the docstring, so that its frontmatter can be judged in spite of the rest."""
    if not text:
        return None
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING:
                above = text.split("\n")[: token.end[0]]
                above[-1] = above[-1][: token.end[1]]
                return syntax.parse("\n".join(above), filename=_FILENAME)
            if token.type not in {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE}:
                return None
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None
