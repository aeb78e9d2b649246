"""Frontmatter as PEP 723 inline metadata: TOML in a comment block `# /// script`.

`dependencies` and `requires-python` are those of the PEP; everything else is ours and stands in
`[tool.task-scheduler]`. Tables of other tools are their business.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from task_scheduler.core.declaration import KEYS, REMOVE_IT, meant_key, shown_key
from task_scheduler.core.errors import did_you_mean
from task_scheduler.core.excerpts import excerpt
from task_scheduler.strict_yaml import DEEPEST, LONGEST, Document, Fault
from task_scheduler.watcher.layout import Layout
from task_scheduler.watcher.toml_layout import keys_of, lay_out

#: The keys that the PEP spells otherwise.
SPELLED: Mapping[str, str] = MappingProxyType({"python_version": "requires-python"})

TOOL = "task-scheduler"
_TABLE = f"[tool.{TOOL}]"
_SHARED = ("dependencies", "requires-python")  #: what the PEP itself defines
_OWN = tuple(key for key in KEYS if key not in {"dependencies", "python_version"})
#: Settings of uv that choose where packages come from.
_SOURCES = frozenset({"sources", "index", "index-url", "extra-index-url", "default-index", "find-links", "no-index"})

_OPENING, _CLOSING = "# /// script", "# ///"
_ANY_OPENING = re.compile(r"# /// (?P<type>[a-zA-Z0-9-]+)")
_CONTENT = re.compile(r"#(?:$| )")
_ALMOST = re.compile(r"^[ \t]*#[ \t]*/{2,4}[ \t]*scripts?[ \t]*$", re.MULTILINE | re.IGNORECASE)
_MANY_DIGITS = re.compile(r"[0-9_]{4000}")
_AT_LINE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
#: How tomllib's words begin -> what is said of the line.
_REASONS = (
    ("Invalid value", "a value that is no number, true, false or list must be in quotes"),
    ("Expected '=' after a key", "write lines of key = value"),
    ("Invalid statement", "write lines of key = value"),
    ("Invalid initial character for a key part", "write lines of key = value"),
    ("Cannot overwrite a value", "a key is given twice, keep one of them"),
    ("Cannot mutate immutable namespace", "a key is given twice, keep one of them"),
    ("Cannot declare", "a table is given twice, put its keys together"),
    ("Unclosed array", "the list is never closed, end it with ]"),
    ("Unterminated string", "a quote is never closed"),
    ('Expected "\'"', "a quote is never closed"),
    ("Expected '\"'", "a quote is never closed"),
    ("Illegal character '\\n'", "a quote is never closed"),
    ("Unescaped '\\'", "a backslash between double quotes has a meaning of its own, use single quotes"),
)
_MOST_DOTS = 300
_SMALLEST, _GREATEST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Block:
    """One block as it stands in a file."""

    line: int  #: of `# /// script`
    last_line: int  #: of `# ///`
    text: str  #: the TOML, without the marks of the comments

    @property
    def first_text_line(self) -> int:
        """The line of the file in which the TOML begins."""
        return self.line + 1


@dataclass(frozen=True, slots=True)
class ScriptBlock:
    """What a block says, in the keys of `core.declaration`."""

    document: Document
    remarks: tuple[Fault, ...] = ()


def read(code: str, tree: ast.Module | None) -> ScriptBlock | None:
    """Return what a file's block says, None when it has none; `tree`, where there is one, tells text from comments."""
    if "//" not in code or not _ALMOST.search(code):
        return None
    texts = _lines_of_texts(tree)
    lines = code.split("\n")
    blocks = [block for block in find(lines) if block.line not in texts]
    opened = [number for number, line in enumerate(lines, 1) if line == _OPENING and number not in texts]
    if not blocks and not opened:
        almost = [number for number, line in enumerate(lines, 1) if _ALMOST.match(line) and number not in texts]
        return _refused("a block of metadata is opened by exactly `# /// script`", almost[0]) if almost else None
    if not blocks:
        return _refused(_why_unclosed(lines, opened[0]), opened[0])
    others = [line for line in opened if line != blocks[0].line]
    if others:
        message = f"a second block # /// script: a file has one, so move its lines to the first, in line {opened[0]}"
        return _refused(message, others[0], opened[0])
    return _read(blocks[0])


def find(lines: Sequence[str]) -> Iterator[Block]:
    r"""Yield the blocks that the PEP's pattern finds, in time that does not depend on how they are nested.

    (?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$
    """
    place = 0
    while place < len(lines):
        end = place
        closing = -1
        while end < len(lines) and _CONTENT.match(lines[end]):
            if lines[end] == _CLOSING:
                closing = end
            end += 1
        # All of one row of comments ends with the same last mark, wherever in it a block begins.
        while place < closing - 1:
            if opening := _ANY_OPENING.fullmatch(lines[place]):
                if opening["type"] == "script":
                    yield Block(place + 1, closing + 1, "".join(f"{line[2:]}\n" for line in lines[place + 1 : closing]))
                break
            place += 1
        place = end + 1


def block_of(code: str, tree: ast.Module | None) -> Block | None:
    """Return the block of a file that has one without faults."""
    texts = _lines_of_texts(tree)
    return next((block for block in find(code.split("\n")) if block.line not in texts), None)


def _lines_of_texts(tree: ast.Module | None) -> frozenset[int]:
    """Return the lines that lie inside of texts, where nothing is a comment."""
    if tree is None:
        return frozenset()
    return frozenset(
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno != node.lineno
        for line in range(node.lineno + 1, (node.end_lineno or 0) + 1)
    )


def _why_unclosed(lines: Sequence[str], line: int) -> str:
    """Say which line keeps the block opened in `line` from being one."""
    last = len(lines) if lines[-1] else len(lines) - 1
    for number, text in enumerate(lines[line:last], start=line + 1):
        if text == _CLOSING:
            return "the block opened here is empty: write a line such as # dependencies = [] between its ends"
        if text.rstrip() == _CLOSING or text.startswith("#///"):
            return f"the block opened here is not closed by line {number}: write exactly `# ///` there"
        if text != "#" and not text.startswith("# "):
            begins = "a line that does not begin with `# `" if text.startswith("#") else "a line that is no comment"
            return f"the block opened here ends at {begins} (line {number}): close it with a line `# ///`"
    return "the block opened here is never closed: end it with a line `# ///`"


def _refused(message: str, line: int, first_line: int | None = None) -> ScriptBlock:
    return ScriptBlock(Document({}, {"": line if first_line is None else first_line}, (Fault(message, line),)))


def _read(block: Block) -> ScriptBlock:
    first = block.first_text_line
    try:
        data, layout = parse(block.text)
    except TomlError as error:
        return _refused(str(error), first + error.line, block.line)
    return _Form(data, layout, block).read()


class TomlError(Exception):
    """A text is no TOML that we read; the message is a sentence."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line  #: counted from 0


def parse(text: str) -> tuple[Mapping[str, object], Layout]:
    """Return the values of a TOML text and their places; raises TomlError."""
    if len(text) > LONGEST:
        raise TomlError(f"the block is longer than {LONGEST:,} characters: shorten it", 0)
    lines = text.split("\n")
    for number, line in enumerate(lines):
        # tomllib takes quadratic time over a key of many parts.
        if line.count(".") > _MOST_DOTS:
            raise TomlError(f"a line with more than {_MOST_DOTS} dots: shorten it", number)
    try:
        data = tomllib.loads(text)
        layout = lay_out(text)
    except tomllib.TOMLDecodeError as error:
        raise _explained(error, lines) from error
    except RecursionError:
        raise TomlError(f"nested more than {DEEPEST} levels deep: write it flatter", 0) from None
    except ValueError as error:
        found = _MANY_DIGITS.search(text)
        above = text.count("\n", 0, found.start()) if found else 0
        raise TomlError("a number has too many digits to be meant: write a smaller one", above) from error
    return data, layout


def _explained(error: tomllib.TOMLDecodeError, lines: list[str]) -> TomlError:
    """Say in our words what tomllib found."""
    message = str(error)
    place = _AT_LINE.search(message)
    problem = message[: place.start()] if place else message
    number = min(int(place["line"]) - 1 if place and place["line"] else len(lines) - 1, len(lines) - 1)
    while number > 0 and not lines[number].strip():
        number -= 1
    shown = excerpt(lines[number])
    if problem == "Invalid value" and (place is None or place["line"] is None):
        return TomlError(f"a value, or the end of a list, is missing: {shown}", number)
    if problem.startswith("Expected '=' after a key") and ":" in shown:
        return TomlError(f"write = instead of the colon: {shown}", number)
    said = next((said for begins, said in _REASONS if problem.startswith(begins)), None)
    return TomlError(f"{said or f'this is not TOML ({problem[:1].lower()}{problem[1:]})'}: {shown}", number)


class _Form:
    """Sorts the keys of one block: the PEP's, ours, those of others."""

    def __init__(self, data: Mapping[str, object], layout: Layout, block: Block) -> None:
        self._data = data
        self._places = _with_tables({name: block.line + place.line for name, place in keys_of(layout)})
        self._line = block.line
        self._lines = {"": block.line}
        self._values: dict[str, object] = {}
        self._faults: list[Fault] = []
        self._remarks: list[Fault] = []

    def read(self) -> ScriptBlock:
        for key, value in self._data.items():
            if key in _SHARED:
                self._take(key, value, "python_version" if key == "requires-python" else key)
            elif key != "tool":
                self._fault(f"unknown key {shown_key(key)}{_way_out_above(key)}", key)
        tools = self._data.get("tool", {})
        if isinstance(tools, Mapping):
            self._read_tools(tools)
        else:
            self._fault(f"tool must be a table: write {_TABLE}", "tool")
        faults = tuple(sorted(self._faults, key=lambda fault: fault.line))
        return ScriptBlock(Document(self._values, self._lines, faults), tuple(self._remarks))

    def _read_tools(self, tools: Mapping[str, object]) -> None:
        for tool, table in tools.items():
            if tool == TOOL:
                self._read_own(table)
            elif re.sub("[^a-z]", "", tool.lower()) in {"taskscheduler", "scheduler"} or did_you_mean(tool, [TOOL]):
                self._fault(f"unknown table {shown_key(f'tool.{tool}')}, did you mean {_TABLE}?", f"tool.{tool}")
        uv = tools.get("uv")
        if isinstance(uv, Mapping) and (named := sorted(_SOURCES.intersection(uv))):
            self._remarks.append(
                Fault(
                    f"[tool.uv] {named[0]} is not read: packages come from the index the scheduler is set to",
                    self._place(f"tool.uv.{named[0]}", "tool.uv"),
                )
            )

    def _read_own(self, table: object) -> None:
        place = f"tool.{TOOL}"
        if not isinstance(table, Mapping):
            self._fault(f"{place} must be a table: write {_TABLE} and its keys below", place)
            return
        for key, value in table.items():
            if key in _OWN:
                self._take(f"{place}.{key}", value, key)
            else:
                self._fault(f"unknown key {shown_key(key)} in {_TABLE}{_way_out_inside(key)}", f"{place}.{key}")

    def _take(self, place: str, value: object, key: str) -> None:
        self._lines[key] = self._place(place)
        if isinstance(value, list):
            for number in range(len(value)):
                self._lines[f"{key}[{number}]"] = self._place(f"{place}[{number}]", place)
        if isinstance(value, Mapping):
            for name in value:
                self._lines[f"{key}.{name}"] = self._place(f"{place}.{name}", place)
        if _is_beyond(value, 1):
            self._fault(f"{place.rpartition('.')[2]} holds a number too large or lists too deep to be meant", place)
        else:
            self._values[key] = value

    def _fault(self, message: str, *names: str) -> None:
        self._faults.append(Fault(message, self._place(*names)))

    def _place(self, *names: str) -> int:
        """Return the line of the first of some keys that has one."""
        return next((self._places[name] for name in names if name in self._places), self._line)


def _with_tables(places: Mapping[str, int]) -> Mapping[str, int]:
    """Return the lines of keys, and of the tables that stand nowhere by themselves those of their first keys."""
    found = dict(places)
    for name, line in places.items():
        above = name
        while above := above[: max(above.rfind("."), above.rfind("["), 0)]:
            if found.get(above, line) < line or above in places:
                break
            found[above] = line
    return found


def _is_beyond(value: object, depth: int) -> bool:
    """Whether a value is outside of what TOML promises to everyone, or of what a message can show."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return depth > DEEPEST or any(_is_beyond(each, depth + 1) for each in value)
    return isinstance(value, int) and not _SMALLEST <= value <= _GREATEST


def _way_out_above(key: str) -> str:
    if key in _OWN:
        return f" at the top of the block: it belongs into {_TABLE}"
    if key == "python_version":
        return ", did you mean 'requires-python'?"
    return (meant_key(key) or did_you_mean(key, _SHARED)).replace("python_version", "requires-python") or (
        f": at the top of the block stand dependencies and requires-python, everything else in {_TABLE}"
    )


def _way_out_inside(key: str) -> str:
    if key in {*_SHARED, "python_version"}:
        shared = "requires-python" if key == "python_version" else key
        return f": {shared} stands at the top of the block, above {_TABLE}"
    return meant_key(key).replace("python_version", "requires-python") or REMOVE_IT
