"""Decorators and schedules that a file uses and nowhere imports: each run of it would end in a NameError."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from task_scheduler.watcher.imports import Function

#: Whoever names one of these may bind names that are written nowhere.
_BINDERS = frozenset({"exec", "eval", "globals", "setattr", "vars", "__builtins__", "builtins"})


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
    if not used:
        return {}
    bound = set(_bound(nodes))
    return {} if bound & {"*", *_BINDERS} else {name: line for name, line in used.items() if name not in bound}


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


def _bound(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Yield every name that is bound anywhere; `*` for a star import, and any of `_BINDERS` that is named."""
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ctx):
                if name in _BINDERS or not isinstance(ctx, ast.Load):
                    yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import() | ast.ImportFrom():
                yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
