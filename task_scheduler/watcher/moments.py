"""Dates, times and spans that a task file writes out: `datetime.timedelta(hours=8)`, read without running anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

_MODULE = "datetime"
_MADE: Mapping[str, type[date | time | timedelta]] = {
    f"{_MODULE}.{kind.__name__}": kind for kind in (date, datetime, time, timedelta)
}


class Moments:
    """Which local names stand for the module `datetime` and what is in it, by a file's imports at any depth."""

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        self._origins: dict[str, str] = {}
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._origins.update(_imported(node))
        if self._origins:
            # What else a name is bound to is not ours to guess: it is left to an import of the file.
            for name in _bound_otherwise(nodes):
                self._origins.pop(name, None)

    def kind(self, node: ast.expr) -> type[date | time | timedelta] | None:
        """Return the class an expression names, None for any other expression."""
        match node:
            case ast.Name(id=name):
                return _MADE.get(self._origins.get(name, ""))
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                return _MADE.get(f"{self._origins.get(name, '')}.{attribute}")
        return None


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        yield from ((alias.asname or alias.name, _MODULE) for alias in node.names if alias.name == _MODULE)
    elif node.level == 0 and node.module == _MODULE:
        yield from ((alias.asname or alias.name, f"{_MODULE}.{alias.name}") for alias in node.names)


def _bound_otherwise(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import() | ast.ImportFrom() if not dict(_imported(node)):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
