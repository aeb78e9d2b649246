"""Imports that nothing seems to provide: neither Python, nor the project, nor a package the task declares.

Told from names alone, before anything is installed, so it is a suspicion. What the finished environment holds decides
when a task is admitted.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.known_modules import package_for, package_of, seems_provided
from task_scheduler.core.tasks import TaskReading

#: What every task can import without declaring anything; some of it only with a Python newer than this one.
_GIVEN = sys.stdlib_module_names | {
    *("annotationlib", "compression"),
    *("helpers", "tasks", "task_scheduler", "__main__"),
}


def undeclared_imports(
    reading: TaskReading, requirements: Iterable[str], *, folders: Collection[Path]
) -> tuple[str, ...]:
    """Return the dotted modules a file imports that nothing seems to provide; `folders` are those it imports from."""
    packages = frozenset(package_of(requirement) for requirement in requirements)
    return tuple(
        module
        for module in reading.imports
        if (name := module.partition(".")[0]) not in _GIVEN
        and not seems_provided(module, packages)
        and not any(holds(folder, name) for folder in folders)
    )


def misplaced_helpers(
    reading: TaskReading, modules: Iterable[str], *, helpers: Path, path: str
) -> Mapping[str, Problem]:
    """Return an error for each of these modules that the folder of helpers holds: it is no folder of the search path."""
    return {
        module: _problem(
            reading,
            module,
            f"imports {module!r}, which is a helper: write {_of_helpers(module)!r}",
            Severity.ERROR,
            path,
        )
        for module in modules
        if holds(helpers, module.partition(".")[0])
    }


def suspicions(reading: TaskReading, modules: Iterable[str], *, path: str) -> Iterator[Problem]:
    """Yield a warning for each module that nothing seems to provide."""
    for module in modules:
        message = f"imports {module!r}, which none of its packages seems to provide: {_advice(module)}"
        yield _problem(reading, module, message, Severity.WARNING, path)


def findings(
    reading: TaskReading, modules: Iterable[str], installed: Collection[str], *, path: str
) -> Iterator[Problem]:
    """Yield what the task's finished environment says of the same modules; `installed` are the modules it holds."""
    for module in modules:
        if any(name in installed for name in (module, module.partition(".")[0])):
            message = f"imports {module!r}, which it seems to have only through another package: {_advice(module)}"
            yield _problem(reading, module, message, Severity.WARNING, path)
        else:
            message = f"imports {module!r}, which none of its packages provides: {_advice(module)}"
            yield _problem(reading, module, message, Severity.ERROR, path)


def _of_helpers(module: str) -> str:
    """Return the import to write instead: `sizes` is in `helpers`, and `sizes.small` in `helpers.sizes`."""
    package, _, last = module.rpartition(".")
    return f"from helpers{'.' if package else ''}{package} import {last}"


def _advice(module: str) -> str:
    package = package_for(module)
    return f"""add {"the package" if package is None else f'"{package}"'} to 'dependencies'"""


def _problem(reading: TaskReading, module: str, message: str, severity: Severity, path: str) -> Problem:
    return Problem(path=path, message=message, line=reading.import_lines.get(module), severity=severity)


def holds(folder: Path, name: str) -> bool:
    """Whether a folder on the search path provides a top-level module: a file, a package, or a compiled one."""
    if (folder / f"{name}.py").is_file() or (folder / name).is_dir():
        return True
    return any(folder.glob(f"{name}.*so"))
