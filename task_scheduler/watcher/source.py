"""From the bytes of a Python file to its syntax tree, or to a sentence that says why there is none."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass, replace

from task_scheduler import bare_frontmatter, syntax
from task_scheduler.core.errors import Problem
from task_scheduler.core.excerpts import excerpt
from task_scheduler.watcher import bare
from task_scheduler.watcher.bare import BareBlock
from task_scheduler.watcher.scanning import LARGEST, TOO_LARGE

_BOM = b"\xef\xbb\xbf"
_CODING = re.compile(rb"(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r(?!\n)|\n))?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)")
_UTF_8 = re.compile(r"utf-?8(?:-.*)?|(?:us-)?ascii")
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")
_LOOKED_AT = 64
#: The compiler holds up every thread of the scheduler, and for some texts its time grows with the square of their length.
_LONGEST_CHECKED = 200_000
_ONLY_DASHES = re.compile(r"-{3,}")
#: Python's own words are cut after this many characters: some go on about its internals.
_LONGEST_REASON = 120

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

    text: str = ""  #: with `\n` for every line break
    code: str = ""  #: the text that is Python: without a bare frontmatter, in the same lines
    bare: BareBlock | None = None
    tree: ast.Module | None = None
    header: ast.Module | None = None  #: the tree; of a file with a syntax error its docstring alone, if it has one
    problem: Problem | None = None


def parse_source(content: bytes, *, path: str) -> ParsedSource:
    """Read one file; never raises."""
    try:
        text = _decoded(content)
    except _Refused as refusal:
        return ParsedSource(problem=Problem(path=path, message=str(refusal), line=refusal.line))
    content = content.removeprefix(_BOM)
    block = bare.find(content, text)
    code = text if block is None else _with_plain_breaks(bare_frontmatter.code_of(content).decode())
    source = ParsedSource(text=text, code=code, bare=block)
    if block is not None and block.text is None:
        return source
    try:
        tree = syntax.parse(code, filename=_FILENAME)
        if len(code) <= _LONGEST_CHECKED:
            syntax.check(tree, filename=_FILENAME)
    except SyntaxError as error:
        problem = Problem(path=path, message=_syntax_error(error, code), line=error.lineno or None)
        return replace(source, header=_docstring_alone(code), problem=problem)
    except (ValueError, RecursionError, MemoryError):
        message = "its code is nested too deeply to be read: split the expression up"
        return replace(source, header=_docstring_alone(code), problem=Problem(path=path, message=message))
    return replace(source, tree=tree, header=tree)


class _Refused(Exception):
    """The bytes are no text of ours; the message says why."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def _decoded(content: bytes) -> str:
    """Return the text of a file with plain line breaks; raises _Refused."""
    if len(content) > LARGEST:
        raise _Refused(TOO_LARGE)
    if content.startswith(_OTHER_MARKS) or _is_two_bytes_each(content):
        raise _Refused("it is saved as UTF-16 or UTF-32: save it as UTF-8")
    content = content.removeprefix(_BOM)
    coding = _CODING.match(content)
    name = excerpt(coding[1].decode("ascii", "replace")) if coding else "utf-8"
    if coding and not _UTF_8.fullmatch(name.lower().replace("_", "-")):
        line = _line_at(content, coding.start(1))
        raise _Refused(f"its encoding is {name}: save it as UTF-8 and remove this line", line)
    nothing = content.find(b"\0")
    if nothing >= 0:
        raise _Refused("it holds a null byte: save it as UTF-8 text", _line_at(content, nothing))
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8: save the file as UTF-8"
        raise _Refused(message, _line_at(content, error.start)) from error
    return _with_plain_breaks(text)


def _line_at(content: bytes, place: int) -> int:
    return len(_LINE_BREAK.findall(content, 0, place)) + 1


def _with_plain_breaks(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _is_two_bytes_each(content: bytes) -> bool:
    """Whether it looks like ASCII in UTF-16 without a mark: every other byte of the beginning is null."""
    start = content[:_LOOKED_AT]
    return len(start) >= 4 and (not any(start[0::2]) or not any(start[1::2])) and any(start)


def _syntax_error(error: SyntaxError, code: str) -> str:
    at = excerpt(error.text or "".join(code.split("\n")[(error.lineno or 0) - 1 : error.lineno]))
    if _ONLY_DASHES.fullmatch(at):
        return "a frontmatter begins with a line of exactly ---, above all code: move it there, or remove this line"
    reason = error.msg if len(error.msg) <= _LONGEST_REASON else f"{error.msg[:_LONGEST_REASON]}…"
    return f"syntax error: {reason}" + (f": {at}" if at else "")


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
