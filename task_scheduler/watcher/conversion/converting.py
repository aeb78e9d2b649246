"""From one dialect to another: the frontmatter is written anew, everything else keeps its bytes."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from task_scheduler import bare_frontmatter
from task_scheduler.core.errors import Problem
from task_scheduler.core.excerpts import excerpt
from task_scheduler.core.tasks import TaskReading
from task_scheduler.strict_yaml import Document
from task_scheduler.watcher import docstring, script_block
from task_scheduler.watcher.conversion import yaml_layout
from task_scheduler.watcher.conversion.contents import Contents, gather
from task_scheduler.watcher.conversion.literals import Literal, docstring_of, with_beginning, without_beginning
from task_scheduler.watcher.conversion.texts import as_comments, as_toml, as_yaml
from task_scheduler.watcher.frontmatter import Dialect, read_frontmatter
from task_scheduler.watcher.layout import Path
from task_scheduler.watcher.script_block import SPELLED, TOOL, Block, TomlError
from task_scheduler.watcher.source import ParsedSource, parse_source

_BOM = b"\xef\xbb\xbf"
_BREAK = rb"(?:\r\n|\r(?!\n)|\n)"
_LINE = re.compile(rb"[^\r\n]*" + _BREAK + rb"|[^\r\n]+\Z")
_ONE_BREAK = re.compile(rb"[ \t]*" + _BREAK)
_FIRST_BREAK = re.compile(_BREAK)
_NO_CODE = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t\f]*(?:#[^\r\n]*)?" + _BREAK + rb")*")
_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?(?:#[^\r\n]*" + _BREAK + rb")*")
_AFTER_STATEMENT = re.compile(rb"[ \t]*;?[ \t]*")


_NO_FRONTMATTER = (
    "it has no frontmatter to convert: give it one, such as `schedule: daily` between two lines --- in its docstring, "
    "or begin with a file that `new` makes"
)


class NotConvertible(Exception):
    """The frontmatter cannot be written in the other dialect without loss; the message says why."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What became of one file."""

    before: Dialect | None = None  #: None: not known, since there is a problem
    content: bytes | None = None  #: the whole file anew; None: it stays as it is
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Parts:
    """A file without its frontmatter, split where that was."""

    above: bytes
    below: bytes
    yaml: str | None  #: the frontmatter where it is YAML already
    contents: Contents


def convert(content: bytes, *, to: Dialect, path: str, read: Callable[[bytes], TaskReading]) -> Conversion:
    """Return a file with its frontmatter in another dialect, or the problems that prevent it.

    `read` reads a whole file: what it says of the new one has to be what it says of the old one.
    """
    reading = read(content)
    errors = tuple(problem for problem in reading.errors if problem.path == path)
    if errors:
        return Conversion(problems=errors)
    source = parse_source(content, path=path)
    front = read_frontmatter(source)
    if front is None:
        return Conversion(problems=(Problem(path=path, message=_NO_FRONTMATTER),))
    if front.dialect is to:
        return Conversion(before=to)
    try:
        parts = _taken_apart(content, source, front.dialect)
        converted = _put_together(parts, to, _break_of(content))
        _verify(source, parse_source(converted, path=path), parts.contents, to)
    except TomlError as error:
        message = f"as {to} it could not be read: {error}"
        return Conversion(problems=(Problem(path=path, message=message, line=front.line),))
    except NotConvertible as error:
        line = front.line if error.line is None else error.line
        return Conversion(problems=(Problem(path=path, message=str(error), line=line),))
    if _meaning(read(converted)) != _meaning(reading):
        return Conversion(
            problems=(Problem(path=path, message=f"as {to} it would mean something else", line=front.line),)
        )
    return Conversion(before=front.dialect, content=converted)


def _taken_apart(content: bytes, source: ParsedSource, dialect: Dialect) -> _Parts:
    match dialect:
        case Dialect.DOCSTRING:
            return _without_docstring(content, source)
        case Dialect.BARE:
            return _without_bare(content, source)
        case Dialect.PEP723:
            return _without_block(content, source)


def _without_docstring(content: bytes, source: ParsedSource) -> _Parts:
    node = docstring_of(source.tree) if source.tree else None
    parts = docstring.split(str(node.value)) if node else None
    if source.tree is None or node is None or parts is None:
        raise NotConvertible("its docstring cannot be taken apart")
    begin, end, literal = _docstring_in(content, source.tree, node)
    yaml = parts.yaml.partition("\n")[2]
    below = content[end:]
    if parts.rest.strip():
        shorter = without_beginning(literal, parts.rest)
        below = _with_breaks(shorter, _break_of(content)) + below
    else:
        below = _without_break(below)
    return _Parts(content[:begin], below, yaml, _yaml_contents(yaml, source))


def _comments(source: ParsedSource, dialect: Dialect) -> list[str]:
    """Return the comments in a file's frontmatter."""
    if dialect is Dialect.PEP723:
        block = script_block.block_of(source.code, source.tree)
        return _toml_contents(block).comments if block else []
    if dialect is Dialect.BARE:
        yaml = source.bare.text if source.bare else None
    else:
        node = docstring_of(source.tree) if source.tree else None
        parts = docstring.split(str(node.value)) if node else None
        yaml = parts.yaml.partition("\n")[2] if parts else None
    return _yaml_contents(yaml or "", source).comments


def _without_break(below: bytes) -> bytes:
    """Return what follows a statement that goes, so that the rest of its line stands alone."""
    found = _ONE_BREAK.match(below) or _AFTER_STATEMENT.match(below)
    return below[found.end() :] if found else below


def _without_bare(content: bytes, source: ParsedSource) -> _Parts:
    place = bare_frontmatter.find(content)
    if place is None or source.bare is None or source.bare.text is None:
        raise NotConvertible("its frontmatter cannot be found")
    below = content[place[1] :]
    found = _ONE_BREAK.match(below)
    yaml = source.bare.text
    return _Parts(content[: place[0]], below[found.end() :] if found else below, yaml, _yaml_contents(yaml, source))


def _without_block(content: bytes, source: ParsedSource) -> _Parts:
    block = script_block.block_of(source.code, source.tree)
    if block is None:
        raise NotConvertible("its block # /// script cannot be found")
    lines = _LINE.findall(content)
    above, below = b"".join(lines[: block.line - 1]), b"".join(lines[block.last_line :])
    return _Parts(above, below, None, _toml_contents(block))


def _yaml_contents(yaml: str, source: ParsedSource) -> Contents:
    front = read_frontmatter(source)
    document = front.document if front else Document({}, {})
    try:
        layout = yaml_layout.lay_out(yaml)
    except ValueError:
        raise NotConvertible(
            "its YAML is written in a way that cannot be followed: write lines of `key: value`"
        ) from None
    return gather({(key,): value for key, value in document.data.items()}, layout, yaml)


def _toml_contents(block: Block) -> Contents:
    data, layout = script_block.parse(block.text)
    tools = data.get("tool")
    own: object = {}
    if isinstance(tools, dict):
        others = [tool for tool in tools if tool != TOOL]
        if others:
            raise NotConvertible(
                f"the block holds [tool.{excerpt(others[0])}], which only a block # /// script can: remove it first",
                block.line,
            )
        own = tools.get(TOOL, {})
    values: dict[Path, object] = {(key,): value for key, value in data.items() if key != "tool"}
    if isinstance(own, dict):
        values |= {("tool", TOOL, key): value for key, value in own.items()}
    contents = gather(values, layout, block.text)
    named = {spelled: key for key, spelled in SPELLED.items()}
    entries = tuple(replace(entry, key=named.get(entry.key, entry.key)) for entry in contents.entries)
    return replace(contents, entries=entries)


def _put_together(parts: _Parts, to: Dialect, line_break: bytes) -> bytes:
    above, below = parts.above, parts.below
    if to is not Dialect.PEP723 and not _is_before_code(above):
        header = _HEADER.match(above + below)
        place = header.end() if header else 0
        above, below = (above + below)[:place], (above + below)[place:]
    if above.removeprefix(_BOM) and not above.endswith((b"\n", b"\r")):
        above += line_break
    match to:
        case Dialect.PEP723:
            text = as_comments(as_toml(parts.contents))
            # A comment right below would belong to the block.
            between = line_break if below.startswith(b"#") else b""
            return above + _with_breaks(text, line_break) + between + below
        case Dialect.BARE:
            return above + _with_breaks(_between_boundaries(parts), line_break) + below
        case Dialect.DOCSTRING:
            return _with_docstring(above, below, "\n" + _between_boundaries(parts), line_break)


def _between_boundaries(parts: _Parts) -> str:
    yaml = as_yaml(parts.contents) if parts.yaml is None else parts.yaml
    return f"---\n{yaml}---\n"


def _with_docstring(above: bytes, below: bytes, beginning: str, line_break: bytes) -> bytes:
    content = above + below
    tree = parse_source(content, path="").tree
    node = docstring_of(tree) if tree else None
    if tree is None or node is None:
        return above + _with_breaks(with_beginning(beginning, None) + "\n", line_break) + below
    begin, end, literal = _docstring_in(content, tree, node)
    return content[:begin] + _with_breaks(with_beginning(beginning, literal), line_break) + content[end:]


def _docstring_in(content: bytes, tree: ast.Module, node: ast.Constant) -> tuple[int, int, Literal]:
    """Return where a docstring begins and ends, and what stands there."""
    statement = tree.body[0]
    lines = _LINE.findall(content)
    mark = len(_BOM) if content.startswith(_BOM) else 0

    def place(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + column + (mark if line == 1 else 0)

    begin = place(node.lineno, node.col_offset)
    end = place(node.end_lineno or 0, node.end_col_offset or 0)
    text = re.sub("\r\n?", "\n", content[begin:end].decode())
    literal = Literal.read(text)
    has_parentheses = (statement.lineno, statement.col_offset) != (node.lineno, node.col_offset)
    if literal is None or has_parentheses:
        raise NotConvertible("its docstring is put together of several parts: write it as one text", node.lineno)
    return begin, end, literal


def _verify(before: ParsedSource, after: ParsedSource, contents: Contents, to: Dialect) -> None:
    """Raise NotConvertible unless the new file is in its dialect, has the same code, and kept every comment."""
    front = read_frontmatter(after)
    if front is None or front.dialect is not to:
        raise NotConvertible(f"as {to} it could not be read again")
    if _code(after.tree) != _code(before.tree):
        raise NotConvertible(f"as {to} its code would be another")
    if Counter(contents.comments) - Counter(_comments(after, to)):
        raise NotConvertible(f"as {to} it would lose a comment")


def _meaning(reading: TaskReading) -> tuple[object, ...]:
    jobs = tuple(replace(job, line=None) for job in reading.jobs)
    found = (reading.kind, reading.declaration, jobs, reading.computed, reading.has_start)
    return (*found, reading.imports, reading.helper_names, len(reading.problems))


def _code(tree: ast.Module | None) -> str:
    """Return a form of the code that does not show where its frontmatter is."""
    if tree is None:
        return ""
    node = docstring_of(tree)
    statements = tree.body
    if node is not None:
        text = str(node.value)
        parts = docstring.split(text) if docstring.opens(text) else None
        rest = text if parts is None else parts.rest
        statements = statements[1:]
        if rest.strip():
            statements = [ast.Expr(ast.Constant(rest)), *statements]
    try:
        return ast.dump(ast.Module(statements, []))
    except RecursionError:
        raise NotConvertible("its code is nested too deeply to be compared") from None


def _is_before_code(above: bytes) -> bool:
    return _NO_CODE.fullmatch(above) is not None


def _break_of(content: bytes) -> bytes:
    found = _FIRST_BREAK.search(content)
    return found[0] if found else b"\n"


def _with_breaks(text: str, line_break: bytes) -> bytes:
    return text.encode().replace(b"\n", line_break)
