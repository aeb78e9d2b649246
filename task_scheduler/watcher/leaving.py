"""Where a file may end its own run, and well: what stands below is then not come to."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from task_scheduler.watcher.imports import all_nodes

#: Whoever names one of these may end the run.
_LEAVING = frozenset({"exit", "_exit", "quit", "SystemExit", "Stopped", "Skip", "Snooze", "Cancel"})
_BECOMING = "exec"  #: what the names of all functions begin with by which a process becomes another program


def first_leaving(nodes: Iterable[ast.AST]) -> int | None:
    """Return the first line in which these nodes may end the run; None: in none."""
    return min((line for name, line in _named(nodes) if name in _LEAVING or name.startswith(_BECOMING)), default=None)


def may_leave_before_calls(tree: ast.Module) -> bool:
    """Whether a file may end its run at its top level, before any function of it is called for a schedule."""
    return any(first_leaving(all_nodes(statement)) is not None for statement in _come_to(tree))


def _named(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    for node in nodes:
        match node:
            case ast.Name(id=name, lineno=line) | ast.Attribute(attr=name, lineno=line):
                yield name, line
            case ast.alias(name=name, asname=str(), lineno=line):
                yield name, line


def _come_to(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements of the top level, without functions, and without what runs as `__main__` alone."""
    for statement in tree.body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                pass
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()]), orelse=otherwise):
                yield from otherwise
            case _:
                yield statement
