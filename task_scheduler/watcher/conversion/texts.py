"""Writing contents as YAML or as TOML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from task_scheduler.strict_yaml import load
from task_scheduler.watcher.conversion.contents import Contents, Entry, Item
from task_scheduler.watcher.script_block import SPELLED, TOOL

_MINIMUM = re.compile(r"\s*>=\s*(3\.[0-9]+)\s*")
_VERSION = re.compile(r"3\.[0-9]+")
# What may not stand as itself in a quoted value, or would end a comment line for some reader.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def as_yaml(contents: Contents) -> str:
    """Return the lines of YAML between the boundaries."""
    lines: list[str] = []
    for entry in contents.entries:
        lines += entry.above
        lines += _yaml_entry(entry)
    return "".join(f"{line}\n" for line in (*_without_blank_start(lines), *contents.below))


def as_toml(contents: Contents) -> str:
    """Return the TOML of a `# /// script` block: the keys of PEP 723 first, then ours in their table."""
    shared = [entry for entry in contents.entries if entry.key in {"dependencies", "python_version"}]
    own = [entry for entry in contents.entries if entry not in shared]
    lines: list[str] = []
    for entry in shared:
        lines += [*entry.above, *_toml_entry(entry)]
    if own:
        if lines:
            lines.append("")
        lines.append(f"[tool.{TOOL}]")
        for place, entry in enumerate(own):
            lines += [*(_without_blank_start(entry.above) if place == 0 else entry.above), *_toml_entry(entry)]
    return "".join(f"{line}\n" for line in (*_without_blank_start(lines), *contents.below))


def as_comments(toml: str) -> str:
    """Return the block of comments that holds a TOML text."""
    lines = (f"# {line}" if line else "#" for line in toml.removesuffix("\n").split("\n"))
    return "\n".join(["# /// script", *lines, "# ///", ""])


def _without_blank_start(lines: Iterable[str]) -> Iterator[str]:
    started = False
    for line in lines:
        started = started or bool(line)
        if started:
            yield line


def _yaml_entry(entry: Entry) -> Iterator[str]:
    value = entry.value
    if entry.key == "python_version" and isinstance(value, str) and (minimum := _MINIMUM.fullmatch(value)):
        value = minimum[1]
    if entry.items is None:
        first, *others = _yaml_value(value, entry.opening)
        yield _with(f"{entry.key}: {first}", entry.beside)
        yield from others
    elif entry.in_one_line or not entry.items:
        yield from _indented(entry.below)
        items = ", ".join(_yaml_item(item) for item in entry.items)
        yield _with(f"{entry.key}: {_in_brackets(items, entry)}", entry.beside)
    else:
        yield _with(f"{entry.key}:", entry.beside)
        mark = "" if entry.is_mapping else "- "
        yield from _items(entry, lambda item: mark + _yaml_item(item), "  ")


def _toml_entry(entry: Entry) -> Iterator[str]:
    key = SPELLED.get(entry.key, entry.key)
    value = entry.value
    if entry.key == "python_version" and isinstance(value, str) and _VERSION.fullmatch(value.strip()):
        value = f">={value.strip()}"
    if entry.items is None:
        first, *others = _toml_value(value, entry.opening)
        if others:
            *middle, last = others
            yield f"{key} = {first}"
            yield from middle
            yield _with(last, entry.beside)
        else:
            yield _with(f"{key} = {first}", entry.beside)
    elif entry.in_one_line or (entry.is_mapping and not entry.items):
        yield from _indented(entry.below)
        items = ", ".join(_toml_item(item) for item in entry.items)
        yield _with(f"{key} = {_in_brackets(items, entry)}", entry.beside)
    elif entry.is_mapping:
        # An inline table is one line, and a table of its own would part the keys below from theirs.
        yield from _indented((entry.beside,) if entry.beside else ())
        yield from _items(entry, lambda item: f"{key}.{_toml_item(item)}", "")
    else:
        yield _with(f"{key} = [", entry.beside)
        yield from _items(entry, lambda item: f"{_toml_item(item)},", "    ")
        yield "]"


def _in_brackets(items: str, entry: Entry) -> str:
    return f"{{{items}}}" if entry.is_mapping else f"[{items}]"


def _yaml_item(item: Item) -> str:
    text = _yaml_text(item.value, item.opening) if isinstance(item.value, str) else _plain(item.value)
    return f"{item.name}: {text}" if item.name else text


def _toml_item(item: Item) -> str:
    text = _toml_text(item.value, item.opening) if isinstance(item.value, str) else _plain(item.value)
    return f"{item.name} = {text}" if item.name else text


def _items(entry: Entry, write: Callable[[Item], str], indent: str) -> Iterator[str]:
    for item in entry.items or ():
        yield from _indented(item.above, indent)
        yield _with(indent + write(item), item.beside)
    yield from _indented(entry.below, indent)


def _indented(comments: Iterable[str], indent: str = "") -> Iterator[str]:
    for comment in comments:
        yield indent + comment if comment else ""


def _with(line: str, comment: str) -> str:
    return f"{line}  {comment}" if comment else line


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    # Our YAML knows no exponents, so that a digest such as 1e5 stays a text.
    return f"{value:.17f}".rstrip("0") if isinstance(value, float) and "e" in text else text


def _yaml_value(value: object, opening: str) -> list[str]:
    if not isinstance(value, str):
        return [_plain(value)]
    if "\n" in value:
        chomping = "" if value.endswith("\n") else "-"
        lines = [f"|{chomping}", *(f"  {line}" if line else "" for line in value.removesuffix("\n").split("\n"))]
        written = "\n".join(["key: " + lines[0], *lines[1:], ""])
        if load(written).data == {"key": value}:
            return lines
    return [_yaml_text(value, opening)]


def _yaml_text(value: str, opening: str) -> str:
    if opening.startswith("'") and not _UNSAFE.search(value):
        return "'" + value.replace("'", "''") + "'"
    return f'"{_escaped(value)}"'


def _toml_value(value: object, opening: str) -> list[str]:
    if not isinstance(value, str):
        return [_plain(value)]
    if "\n" not in value:
        return [_toml_text(value, opening)]
    *others, last = map(_escaped, value.split("\n"))
    lines = [*(line.replace('\\"', '"').replace('"""', '""\\"') for line in others), last + '"""']
    # A line that begins with `///` would close the block of comments, or open another.
    return ['"""', *(line.replace("/", "\\u002f", 1) if line.startswith("///") else line for line in lines)]


def _toml_text(value: str, opening: str) -> str:
    if opening.startswith("'") and "'" not in value and not _UNSAFE.search(value):
        return f"'{value}'"
    return f'"{_escaped(value)}"'


def _escaped(text: str) -> str:
    """Return a text between double quotes as both languages write it."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return _UNSAFE.sub(lambda found: _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}", text)
