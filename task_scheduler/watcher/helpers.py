"""The helpers a project offers to its tasks: which file provides a name, and the packages it declares.

Told from syntax trees alone. `helpers/__init__.py` may import names from its modules, or map them lazily: a
dictionary literal from names to modules (`{"log": "task_logging"}`), or from modules to lists of names.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from task_scheduler.core.errors import Problem, Severity, did_you_mean
from task_scheduler.core.tasks import errors_of
from task_scheduler.watcher.declared import declared
from task_scheduler.watcher.frontmatter import Dialect, read_frontmatter
from task_scheduler.watcher.imports import (
    all_nodes,
    defined_names,
    helper_lines,
    helper_module,
    may_bind_more,
    unconditional,
    written_names,
)
from task_scheduler.watcher.requirements import RequirementFault, requirement_fault
from task_scheduler.watcher.scanning import Unreadable, is_helper, read_file, scan
from task_scheduler.watcher.source import ParsedSource, parse_source

_INIT = "__init__"
#: Seconds a look at the folder answers for: thousands of files are read in a row, and a helper that changed just now
#: is reported once it stands still, which has its users read again.
_LOOKED_AT_AGAIN = 0.03
_BARE = (
    "a helper must be plain Python, since tasks import it: put its frontmatter into a docstring "
    "(`task-scheduler fmt FILE --to docstring` does)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """One file of the folder, as far as its text tells."""

    module: str  #: dotted, below `helpers`; empty for `helpers/__init__.py`
    is_package: bool = False
    defines: frozenset[str] = frozenset()
    exports: Mapping[str, str] = field(
        default_factory=dict
    )  #: of a package: name offered -> helper name that provides it
    mentions: frozenset[str] | None = None  #: every name it might have; None: it may have others too
    uses: tuple[str, ...] = ()  #: helper names it imports itself
    packages: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class HelperFolder:
    """Answers for the files in one folder of helpers, and reads them again when they change."""

    def __init__(self, *, root: Path, folder: Path, requirement_fault: RequirementFault = requirement_fault) -> None:
        self._root = root
        self._folder = folder
        self._requirement_fault = requirement_fault
        # One tuple, replaced as a whole: readers in several threads see an old or a new index, never a mixture.
        self._index: tuple[Mapping[str, object], Mapping[str, Helper], float] = ({}, {}, float("-inf"))

    def packages(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the packages that importing these names needs, sorted."""
        wanted = tuple(names)
        if not wanted:
            return ()
        helpers = self._helpers()
        found = _closure(helpers, wanted)
        return tuple(sorted({package for module in found for package in helpers[module].packages}))

    def judge(self, names: Mapping[str, int], *, path: str, always: Collection[str] = ()) -> tuple[Problem, ...]:
        """Return what a file at `path` should know that imports these names, and what is wrong with their files.

        `names` gives the line of each name, and `always` those that are imported whenever the file runs.
        """
        if not names:
            return ()
        helpers = self._helpers()
        unknown = (
            Problem(
                path=path,
                message=f"no helper offers {name!r}{hint}",
                line=names[name],
                severity=Severity.ERROR if name in always and self._lacks(helpers, name) else Severity.WARNING,
            )
            for name, hint in _unknown(helpers, names)
        )
        broken = (problem for module in sorted(_closure(helpers, names)) for problem in helpers[module].problems)
        return (*unknown, *broken)

    def _lacks(self, helpers: Mapping[str, Helper], name: str) -> bool:
        """Whether importing a name fails for certain, whatever the helpers compute."""
        parts = name.split(".")
        for count, part in enumerate(parts):
            module = ".".join(parts[:count])
            below = self._folder.joinpath(*parts[:count])
            if (below / part).exists() or any(below.glob(f"{part}.*")):
                continue
            helper = helpers.get(module)
            return helper is not None and helper.mentions is not None and part not in helper.mentions
        return False

    def _helpers(self) -> Mapping[str, Helper]:
        now = time.monotonic()
        known, helpers, looked_at = self._index
        if now - looked_at < _LOOKED_AT_AGAIN:
            return helpers
        try:
            stamps = scan(self._folder, is_helper).files
        except Unreadable:
            stamps = {}
        if stamps != known:
            helpers = self._read(stamps)
        self._index = (stamps, helpers, now)
        return helpers

    def _read(self, names: Iterable[str]) -> dict[str, Helper]:
        modules = {name: _module_of(name) for name in sorted(names)}
        known = frozenset(module for module, _ in modules.values())
        return {
            module: self._read_one(name, module, is_package=is_package, known=known)
            for name, (module, is_package) in modules.items()
        }

    def _read_one(self, name: str, module: str, *, is_package: bool, known: frozenset[str]) -> Helper:
        file = self._folder / name
        path = file.relative_to(self._root).as_posix() if file.is_relative_to(self._root) else str(file)
        read = read_file(file)
        if read.content is None:
            problem = Problem(path=path, message=read.problem)
            return Helper(module=module, is_package=is_package, problems=(problem,))
        parsed = parse_source(read.content, path=path)
        if parsed.tree is None:
            return Helper(module=module, is_package=is_package, problems=(parsed.problem,) if parsed.problem else ())
        package = tuple(part for part in (module if is_package else module.rpartition(".")[0]).split(".") if part)
        packages, problems = _declared(parsed, path, title=file.stem, requirement_fault=self._requirement_fault)
        # A package's own file runs on every import below it; what its functions import lazily is not meant yet.
        nodes = list(unconditional(parsed.tree)) if is_package else all_nodes(parsed.tree)
        return Helper(
            module=module,
            is_package=is_package,
            defines=defined_names(parsed.tree),
            mentions=None if may_bind_more(parsed.tree) else written_names(parsed.tree),
            exports=_exports(parsed.tree, package, known) if is_package else {},
            uses=tuple(helper_lines(nodes, package=package)),
            packages=packages,
            problems=problems,
        )


def _module_of(name: str) -> tuple[str, bool]:
    """Return the dotted module of a file's name, and whether it is a package's own file."""
    parts = name.removesuffix(".py").split("/")
    is_package = parts[-1] == _INIT
    return ".".join(parts[:-1] if is_package else parts), is_package


def _declared(
    parsed: ParsedSource, path: str, *, title: str, requirement_fault: RequirementFault
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    front = read_frontmatter(parsed)
    if front is None:
        return (), ()
    if front.dialect is Dialect.BARE:
        return (), (Problem(path=path, message=_BARE, line=front.line),)
    declaration, problems = declared(front, path=path, default_title=title, requirement_fault=requirement_fault)
    return (declaration.dependencies if declaration else ()), errors_of(problems)


def _closure(helpers: Mapping[str, Helper], names: Iterable[str]) -> set[str]:
    """Return every module that importing these names runs, by itself or through others."""
    modules: set[str] = set()
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        provided, further = _providers(helpers, name)
        waiting.extend(further)
        for module in provided:
            for step in _with_parents(module):
                if step in helpers and step not in modules:
                    modules.add(step)
                    waiting.extend(helpers[step].uses)
    return modules


def _providers(helpers: Mapping[str, Helper], name: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return the modules that provide a name, and the names they only pass on."""
    module, _, last = name.rpartition(".")
    if last == "*":
        below = f"{module}." if module else ""
        return [known for known in helpers if known == module or known.startswith(below)], []
    provider = helpers.get(module)
    exported = provider.exports.get(last) if provider else None
    if exported is not None:
        return [module], [exported]
    submodule = f"{module}.{last}" if module else last
    if submodule in helpers:
        return [submodule], []
    if module or (provider is not None and last in provider.defines):
        return [module], []
    return ["", *(known for known, helper in helpers.items() if last in helper.defines)], []


def _unknown(helpers: Mapping[str, Helper], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that no file seems to provide, with what may have been meant."""
    for name in names:
        module, _, last = name.rpartition(".")
        if last == "*" or any(name == known or known.startswith(f"{name}.") for known in helpers):
            continue
        if module and module not in helpers:
            yield name, did_you_mean(module, (known for known in helpers if known))
        elif last not in (offered := _offered(helpers, module)):
            yield name, did_you_mean(last, offered)


def _with_parents(module: str) -> Iterator[str]:
    parts = module.split(".") if module else []
    yield ""
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])


def _offered(helpers: Mapping[str, Helper], module: str) -> set[str]:
    """Return the names that a module offers, those it imports itself included."""
    helper = helpers.get(module)
    own = set()
    if helper is not None:
        own = {*helper.defines, *helper.exports, *(used.rpartition(".")[2] for used in helper.uses)}
    if not module:
        own.update(name for each in helpers.values() for name in each.defines)
    return own


def _exports(tree: ast.Module, package: Sequence[str], known: frozenset[str]) -> dict[str, str]:
    exports: dict[str, str] = {}
    for node in all_nodes(tree):
        if isinstance(node, ast.ImportFrom):
            module = helper_module(node, package)
            if module is not None:
                for alias in node.names:
                    exports[alias.asname or alias.name] = f"{module}.{alias.name}" if module else alias.name
        elif isinstance(node, ast.Dict):
            exports.update(_mapped(node, package, known))
    return exports


def _mapped(node: ast.Dict, package: Sequence[str], known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield what a dictionary literal says about names and modules, if it is about these at all."""
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        try:
            key, value = ast.literal_eval(key_node or value_node), ast.literal_eval(value_node)
        except (ValueError, TypeError, RecursionError):
            continue
        match key, value:
            case str(), str():
                name, module, attribute = key, value, key
            case str(), (str() as module, str() as attribute) if _known_module(module, package, known) is not None:
                name = key
            case str(), list() | tuple():
                found = _known_module(key, package, known)
                if found is not None:
                    yield from ((str(each), f"{found}.{each}") for each in value)
                continue
            case _:
                continue
        found = _known_module(module, package, known)
        if found is not None:
            yield name, f"{found}.{attribute}"


def _known_module(text: str, package: Sequence[str], known: frozenset[str]) -> str | None:
    """Return the helper module that a text names: `x`, `.x` or `helpers.x`; None: none."""
    bare = text.removeprefix("helpers.").lstrip(".")
    for candidate in (".".join([*package, bare]), bare):
        if candidate and candidate in known:
            return candidate
    return None
