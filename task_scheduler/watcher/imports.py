"""What a Python file imports and defines, told from its syntax tree alone."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence

#: Imports of these say nothing about the packages a task needs.
_OURS = frozenset({"task_scheduler", "__future__"})
_HELPERS = "helpers"
#: Whoever names one of these may bind names that are written nowhere.
_BINDERS = frozenset(
    {
        "exec",
        "eval",
        "globals",
        "locals",
        "setattr",
        "delattr",
        "vars",
        "modules",
        "builtins",
        "__builtins__",
        "__path__",
    }
)
_BINDING_ATTRIBUTES = frozenset({"__class__", "__dict__", "__globals__", "__setattr__", "f_globals", "modules"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def all_nodes(tree: ast.AST) -> list[ast.AST]:
    """Return every node of a tree but the marks for loading and storing, outer ones first.

    Several times faster than `ast.walk`, which matters where 10,000 files are read at once.
    """
    found: list[ast.AST] = [tree]
    for node in found:
        for value in vars(node).values():
            if isinstance(value, list):
                found += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                found.append(value)
    return found


def unconditional(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run whenever the file does: its top level, and what stands in a `with` there."""
    waiting = list(reversed(tree.body))
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.With):
            waiting.extend(reversed(statement.body))


def import_lines(tree: ast.Module) -> dict[str, int]:
    """Return the absolute modules that are imported whenever the file runs, in order, and where each is first."""
    modules: dict[str, int] = {}
    for statement in unconditional(tree):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                modules.setdefault(alias.name, statement.lineno)
        elif isinstance(statement, ast.ImportFrom) and statement.level == 0 and statement.module:
            modules.setdefault(statement.module, statement.lineno)
    return {module: line for module, line in modules.items() if module.partition(".")[0] not in _OURS}


def helper_lines(nodes: Iterable[ast.AST], *, package: Sequence[str] | None = None) -> dict[str, int]:
    """Return what is imported from `helpers`, anywhere in a file, in the order met, and where each is first met.

    `from helpers import a` gives `a`; `from helpers.x import a` gives `x.a`; `import helpers.x` gives `x.*`;
    `import helpers` and `from helpers import *` give `*`. `package` is given for a file inside `helpers`: the
    parts of its package below `helpers`, against which its relative imports are read.
    """
    names: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first, _, rest = alias.name.partition(".")
                if first == _HELPERS:
                    names.setdefault(f"{rest}.*" if rest else "*", node.lineno)
        elif isinstance(node, ast.ImportFrom):
            module = helper_module(node, package)
            if module is not None:
                for alias in node.names:
                    names.setdefault(f"{module}.{alias.name}" if module else alias.name, node.lineno)
    return names


def helper_module(node: ast.ImportFrom, package: Sequence[str] | None) -> str | None:
    """Return the module below `helpers` that a `from` import names, empty for `helpers` itself, None for others."""
    if node.level == 0:
        first, _, rest = (node.module or "").partition(".")
        return rest if first == _HELPERS else None
    if package is None or node.level - 1 > len(package):
        return None
    base = list(package[: len(package) - (node.level - 1)])
    return ".".join([*base, *([node.module] if node.module else [])])


def defined_names(tree: ast.Module) -> frozenset[str]:
    """Return the public names that a file binds at its top level, conditionally or not, imports left out."""
    names: set[str] = set()
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        statement = waiting.pop()
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(statement.name)
            case ast.Assign():
                names.update(_bound(statement.targets))
            case ast.AnnAssign() | ast.AugAssign():
                names.update(_bound([statement.target]))
            case ast.If() | ast.With() | ast.Try():
                waiting.extend(_inside(statement))
    return frozenset(names)


def may_bind_more(tree: ast.Module) -> bool:
    """Whether a file may come to have names that are written nowhere in it: a computed `__getattr__`, for example."""
    nodes = all_nodes(_without_guarded_getattr(tree))
    return may_bind_unwritten(nodes) or any(
        (isinstance(node, ast.ImportFrom) and node.names[0].name == "*")
        or (isinstance(node, Function) and node.name == "__getattr__")
        for node in nodes
    )


def may_bind_unwritten(nodes: Iterable[ast.AST]) -> bool:
    """Whether a file of these nodes reaches for the table of its names, and so may bind any; star imports left out."""
    return any(
        (isinstance(node, ast.Name) and node.id in _BINDERS)
        or (isinstance(node, ast.Attribute) and node.attr in _BINDING_ATTRIBUTES)
        or (isinstance(node, ast.ImportFrom) and any(alias.name in _BINDERS for alias in node.names))
        for node in nodes
    )


def names_bound_by(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node itself binds or unbinds, `*` for a star import, whatever its scope is.

    An attribute that is set counts by its name: whose it is, this module's or another's, is told by no tree.
    """
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name


def written_names(tree: ast.Module) -> frozenset[str]:
    """Return every name that a file might bind, wherever it stands: all words of its code and its texts."""
    names: set[str] = set()
    for node in all_nodes(tree):
        match node:
            case ast.Name(id=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name) | ast.Constant(value=str() as name):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name.partition(".")[0])
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                names.add(name)
            case ast.MatchMapping(rest=str() as name) | ast.ExceptHandler(name=str() as name):
                names.add(name)
    return frozenset(names)


def _without_guarded_getattr(tree: ast.Module) -> ast.Module:
    """Return a file without its `__getattr__` where that begins by refusing all names that a literal does not hold."""
    literals = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict | ast.Set | ast.List | ast.Tuple)
        if all(isinstance(each, ast.Constant) for each in _members(statement.value))
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    kept = [
        node
        for node in tree.body
        if not (isinstance(node, ast.FunctionDef) and (node.name == "__dir__" or _is_guarded_getattr(node, literals)))
    ]
    return ast.Module(body=kept, type_ignores=[])


def _members(literal: ast.Dict | ast.Set | ast.List | ast.Tuple) -> Iterable[ast.expr | None]:
    return literal.keys if isinstance(literal, ast.Dict) else literal.elts


def _is_guarded_getattr(function: ast.FunctionDef, literals: Collection[str]) -> bool:
    code = [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    match code:
        case [
            ast.If(
                test=ast.Compare(left=ast.Name(id=asked), ops=[ast.NotIn()], comparators=[ast.Name(id=known)]),
                body=[*_, ast.Raise()],
            ),
            *_,
        ]:
            return function.name == "__getattr__" and known in literals and asked == function.args.args[0].arg
    return False


def _inside(statement: ast.If | ast.With | ast.Try) -> Iterator[ast.stmt]:
    yield from statement.body
    if isinstance(statement, ast.If | ast.Try):
        yield from statement.orelse
    if isinstance(statement, ast.Try):
        yield from statement.finalbody
        for handler in statement.handlers:
            yield from handler.body


def _bound(targets: Iterable[ast.expr]) -> Iterator[str]:
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Tuple | ast.List):
            yield from _bound(target.elts)
