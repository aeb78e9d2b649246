"""Decorators and schedules that a file uses and nowhere imports: each run of it would end in a NameError."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from task_scheduler.watcher.imports import Function, may_bind_unwritten, names_bound_by
from task_scheduler.watcher.leaving import first_leaving


def unimported(
    tree: ast.Module, nodes: Sequence[ast.AST], *, repeat: str, beginnings: Collection[str]
) -> dict[str, int]:
    """Return the names of ours that decorate functions at the top level and are bound nowhere, and where each is first.

    `repeat` is the decorator's name, `beginnings` are those of schedules; `nodes` are all of the tree's.
    """
    used: dict[str, int] = {}
    for function in tree.body:
        if isinstance(function, Function):
            for decorator in function.decorator_list:
                for name in _used(decorator, repeat, beginnings):
                    used.setdefault(name, decorator.lineno)
    imported = {name for statement in tree.body for name in names_bound_by(statement)} if used else set()
    if used.keys() <= imported:  # as in nearly all files: their other nodes need not be looked at
        return {}
    bound = {name for node in nodes for name in names_bound_by(node)}
    if "*" in bound or may_bind_unwritten(nodes):
        return {}
    end = first_leaving(nodes)
    return {name: line for name, line in used.items() if name not in bound and (end is None or line < end)}


def _used(decorator: ast.expr, repeat: str, beginnings: Collection[str]) -> Iterator[str]:
    """Yield the names of ours in `@repeat(every(5).minutes)`, however the decorator itself is called."""
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    if not isinstance(named, ast.Name | ast.Attribute):
        return
    if isinstance(named, ast.Name) and named.id == repeat:
        yield repeat
    if isinstance(decorator, ast.Call) and decorator.args:
        schedule: ast.expr = decorator.args[0]
        while isinstance(schedule, ast.Call | ast.Attribute):
            schedule = schedule.func if isinstance(schedule, ast.Call) else schedule.value
        if isinstance(schedule, ast.Name) and schedule.id in beginnings:
            yield schedule.id
