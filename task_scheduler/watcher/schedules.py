"""Reading the schedules of decorated functions from the syntax tree, without running anything.

A decorator with literal arguments on a function at the top level is read here. Whatever is computed (a name
for a number, a loop, a function defined in an `if`, a decorator applied in a call) marks the file instead, so
that it is imported in its own environment to tell.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from task_scheduler.core.arguments import write_arguments
from task_scheduler.core.errors import Problem, Severity, TriggerError
from task_scheduler.core.excerpts import excerpt, quoted
from task_scheduler.core.tasks import JobDeclaration
from task_scheduler.core.triggers import ChainCall, seed_of
from task_scheduler.watcher.chains import judge
from task_scheduler.watcher.imports import Function, unconditional
from task_scheduler.watcher.moments import Moments
from task_scheduler.watcher.signatures import call_fault, is_plain
from task_scheduler.watcher.unimported import unimported

_DECORATORS = "task_scheduler.decorators"
_REPEAT = f"{_DECORATORS}.repeat"
_BEGINNINGS = ("every", "cron", "once", "at_startup", "at_boot", "after", "on_change")
_STARTS = frozenset(f"{_DECORATORS}.{name}" for name in _BEGINNINGS)
_EXPORTED = ("repeat", *_BEGINNINGS)
_LONGEST_ORIGIN = len(_REPEAT.split("."))
_LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoratedFunctions:
    """What the decorators of a file say."""

    jobs: tuple[JobDeclaration, ...] = ()  #: a job's zone is None unless its own chain names one
    computed_line: int | None = None  #: of the first schedule that is computed; None: none is
    problems: tuple[Problem, ...] = ()

    @property
    def computed(self) -> bool:
        """Whether a schedule is computed: `jobs` is complete only after an import."""
        return self.computed_line is not None


def read_decorators(
    tree: ast.Module, nodes: Sequence[ast.AST], *, path: str, task_id: str = "", saved_at: datetime | None = None
) -> DecoratedFunctions:
    """Return the jobs that decorators declare; `nodes` are all of the tree's.

    `saved_at` is when the file was saved, in the zone of its task: ends such as `until("18:30")` count from it; None:
    they are refused.
    """
    names = _Names(nodes)
    uses = names.uses_of_repeat(nodes)
    if names.rebound:
        return DecoratedFunctions(computed_line=min(uses.values(), default=None))
    reading = _Reading(names, Moments(nodes if uses else ()), path=path, task_id=task_id, saved_at=saved_at)
    reading.not_imported(tree, nodes)
    if names.has_any:
        reading.schedules_that_decorate(tree)
    if not uses:
        return DecoratedFunctions(problems=tuple(reading.problems))
    for statement in tree.body:
        if isinstance(statement, Function):
            reading.function(statement)
    reading.uncallable(nodes)
    reading.methods(nodes)
    reading.check_last_definitions(tree)
    return DecoratedFunctions(
        jobs=tuple(reading.jobs),
        computed_line=min(
            (*reading.computed_lines, *(line for use, line in uses.items() if use not in reading.accounted)),
            default=None,
        ),
        problems=tuple(reading.problems),
    )


class _Computed(Exception):
    """An expression can only be told by running it."""


class _Names:
    """Which local names stand for our decorators, by the imports of a file at any depth."""

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        self._origins: dict[str, str] = {}
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._origins.update(_ours(node))
        #: A name of ours is bound to something else as well: which one holds where is not ours to guess.
        self.rebound = bool(self._origins) and any(name in self._origins for name in _bound_otherwise(nodes))

    @property
    def has_any(self) -> bool:
        """Whether the file imports anything of ours."""
        return bool(self._origins)

    def origin(self, node: ast.AST) -> str | None:
        """Return the dotted origin that an expression names, None for any other expression."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute) and len(parts) < _LONGEST_ORIGIN:
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._origins:
            return None
        return ".".join([self._origins[node.id], *reversed(parts)])

    def uses_of_repeat(self, nodes: Sequence[ast.AST]) -> Mapping[int, int]:
        """Return the lines of the expressions that name `repeat`, by the identity of each."""
        if not self._origins:
            return {}
        return {
            id(node): node.lineno
            for node in nodes
            if isinstance(node, ast.Name | ast.Attribute) and self.origin(node) == _REPEAT
        }


def _ours(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name == _DECORATORS:
                yield (alias.asname, _DECORATORS) if alias.asname else ("task_scheduler", "task_scheduler")
    elif node.level == 0 and node.module == _DECORATORS:
        for alias in node.names:
            if alias.name == "*":
                yield from ((name, f"{_DECORATORS}.{name}") for name in _EXPORTED)
            else:
                yield alias.asname or alias.name, f"{_DECORATORS}.{alias.name}"
    elif node.level == 0 and node.module == "task_scheduler":
        for alias in node.names:
            if alias.name == "decorators":
                yield alias.asname or alias.name, _DECORATORS


def _bound_otherwise(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import() | ast.ImportFrom() if not dict(_ours(node)):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


class _Reading:
    """Walks over the functions of one file and gathers what their decorators say."""

    def __init__(self, names: _Names, moments: Moments, *, path: str, task_id: str, saved_at: datetime | None) -> None:
        self._names = names
        self._moments = moments
        self._path = path
        self._task_id = task_id
        self._saved_at = saved_at
        self.jobs: list[JobDeclaration] = []
        self.problems: list[Problem] = []
        self.computed_lines: list[int] = []
        self.accounted: set[int] = set()
        #: Functions that their schedules call in vain, with the line of the schedule and the reason.
        self._uncallable: list[tuple[Function, int, str]] = []

    def function(self, function: Function) -> None:
        """Read the decorators of a function at the top level."""
        for decorator in function.decorator_list:
            call = self._repeat_call(decorator)
            if call is not None:
                self._schedule(function, call)

    def not_imported(self, tree: ast.Module, nodes: Sequence[ast.AST]) -> None:
        """Refuse decorators and schedules of ours that nothing in the file binds; `nodes` are those of the file."""
        for name, line in unimported(tree, nodes, repeat="repeat", beginnings=_BEGINNINGS).items():
            self._add(f"{quoted(name)} is not imported: write from {_DECORATORS} import {name}", line)

    def uncallable(self, nodes: Sequence[ast.AST]) -> None:
        """Refuse functions that cannot be called as their schedules do; `nodes` are those of the file."""
        for function, line, fault in self._uncallable:
            if all(map(self._is_repeat, function.decorator_list)) and is_plain(function, nodes):
                self._add(f"@repeat on {quoted(function.name)}: the function {fault}", line)

    def schedules_that_decorate(self, tree: ast.Module) -> None:
        """Refuse `@every(5).minutes` without @repeat, which fails whenever the file runs."""
        for function in unconditional(tree):
            if not isinstance(function, Function):
                continue
            for decorator in function.decorator_list:
                if self._is_schedule(decorator):
                    written = excerpt(ast.unparse(decorator))
                    self._add(
                        f"@{written} on {quoted(function.name)}: a schedule is not called: "
                        f"write @repeat({written}) above the function",
                        decorator.lineno,
                    )

    def _is_schedule(self, node: ast.expr) -> bool:
        """Whether an expression is a chain that begins with a call of `every` or `cron`."""
        for _ in range(2 * _LONGEST_CHAIN):
            if isinstance(node, ast.Call):
                if self._names.origin(node.func) in _STARTS:
                    return True
                node = node.func
            elif isinstance(node, ast.Attribute):
                node = node.value
            else:
                break
        return False

    def methods(self, nodes: Sequence[ast.AST]) -> None:
        """Say of decorated methods that nothing will call them."""
        for owner in nodes:
            if not isinstance(owner, ast.ClassDef):
                continue
            for method in owner.body:
                if isinstance(method, Function) and any(self._is_repeat(each) for each in method.decorator_list):
                    self._add(
                        f"@repeat on the method {owner.name}.{method.name} has no effect: "
                        "decorate a function at the top level of the file",
                        method.lineno,
                        Severity.WARNING,
                    )

    def check_last_definitions(self, tree: ast.Module) -> None:
        """Refuse a decorated function whose name means another one at the end of the file."""
        last = {node.name: node for node in tree.body if isinstance(node, Function | ast.ClassDef)}
        scheduled = {job.function for job in self.jobs}
        for node in tree.body:
            if not isinstance(node, Function) or last[node.name] is node:
                continue
            if node.name in scheduled:
                self._add(
                    f"the function {quoted(node.name)} is defined again in line {last[node.name].lineno}: "
                    "give each function its own name",
                    node.lineno,
                )

    def _repeat_call(self, decorator: ast.expr) -> ast.Call | None:
        """Return the call of a `@repeat(...)`, None for any other decorator."""
        if isinstance(decorator, ast.Call) and self._names.origin(decorator.func) == _REPEAT:
            self.accounted.add(id(decorator.func))
            if decorator.args:
                return decorator
            self._add("@repeat needs a schedule: write @repeat(every(5).minutes)", decorator.lineno)
        elif self._names.origin(decorator) == _REPEAT:
            self.accounted.add(id(decorator))
            self._add("@repeat needs a schedule: write @repeat(every(5).minutes)", decorator.lineno)
        return None

    def _is_repeat(self, decorator: ast.expr) -> bool:
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        if self._names.origin(named) != _REPEAT:
            return False
        self.accounted.add(id(named))
        return True

    def _schedule(self, function: Function, call: ast.Call) -> None:
        try:
            chain = self._chain(call.args[0])
            args, kwargs = _literal_arguments(call.args[1:], call.keywords)
            arguments = write_arguments(args, kwargs)
            seed = seed_of(self._task_id, function.name, arguments)
            judged = judge(chain, seed=seed, saved_at=self._saved_at)
        except _Computed:
            self.computed_lines.append(call.lineno)
            return
        except (TriggerError, ValueError) as error:
            self._add(f"@repeat on {quoted(function.name)}: {error}", call.lineno)
            return
        if fault := call_fault(function, args, kwargs, on_change=chain[0][0] == "on_change"):
            self._uncallable.append((function, call.lineno, fault))
        self.jobs.append(
            JobDeclaration(
                function=function.name,
                trigger=judged.trigger,
                timezone=judged.timezone,
                arguments=arguments,
                tags=judged.tags,
                line=call.lineno,
            )
        )

    def _chain(self, node: ast.expr) -> list[ChainCall]:
        """Return `every(2).days.at("10:30")` as its calls, outermost last; raises _Computed or TriggerError."""
        calls: list[ChainCall] = []
        while True:
            args: tuple[object, ...] = ()
            kwargs: dict[str, object] = {}
            named = node
            if isinstance(node, ast.Call):
                args, kwargs = _literal_arguments(node.args, node.keywords, self._moments)
                named = node.func
            if isinstance(named, ast.Constant):
                raise TriggerError(f"{quoted(named.value)} is no schedule: write every(5).minutes or cron('0 9 * * *')")
            origin = self._names.origin(named)
            if origin in _STARTS and isinstance(node, ast.Call):
                calls.append((str(origin).rpartition(".")[2], args, kwargs))
                return calls[::-1]
            if not isinstance(named, ast.Attribute) or origin is not None:
                raise _Computed
            calls.append((named.attr, args, kwargs))
            if len(calls) > _LONGEST_CHAIN:
                raise TriggerError(f"a schedule of more than {_LONGEST_CHAIN} parts cannot be meant")
            node = named.value

    def _add(self, message: str, line: int, severity: Severity = Severity.ERROR) -> None:
        self.problems.append(Problem(path=self._path, message=message, line=line, severity=severity))


def _literal_arguments(
    args: Sequence[ast.expr], keywords: Sequence[ast.keyword], moments: Moments | None = None
) -> tuple[tuple[object, ...], dict[str, object]]:
    """Return what a call is given; with `moments`, dates, times and spans may be among it. Raises _Computed."""
    if any(keyword.arg is None for keyword in keywords):
        raise _Computed
    values = tuple(_value(arg, moments) for arg in args)
    named: Mapping[str, object] = {str(keyword.arg): _value(keyword.value, moments) for keyword in keywords}
    return values, dict(named)


def _value(node: ast.expr, moments: Moments | None) -> object:
    kind = moments.kind(node.func) if moments and isinstance(node, ast.Call) else None
    if kind is None or not isinstance(node, ast.Call):
        return _literal(node)
    args, kwargs = _literal_arguments(node.args, node.keywords)
    made: Callable[..., object] = kind
    try:
        return made(*args, **kwargs)
    except (TypeError, ValueError, OverflowError) as error:
        raise TriggerError(f"{excerpt(ast.unparse(node))} cannot be made: {error}") from None


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise _Computed from None
