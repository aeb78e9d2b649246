"""What is said of imports that nothing seems to provide."""

from __future__ import annotations

from pathlib import Path

from task_scheduler.core.tasks import FileKind, TaskReading
from task_scheduler.watcher.undeclared import findings, suspicions, undeclared_imports

NOWHERE = (Path("nowhere"),)


def reading(*imports: str) -> TaskReading:
    lines = {name: number for number, name in enumerate(imports, start=3)}
    return TaskReading(kind=FileKind.TASK, declaration=None, imports=imports, import_lines=lines)


def test_what_python_and_the_project_give_is_no_package() -> None:
    imports = reading("os.path", "sqlite3", "helpers.x", "tasks.y", "task_scheduler.decorators")

    assert undeclared_imports(imports, (), folders=NOWHERE) == ()


def test_declared_packages_provide_their_modules() -> None:
    imports = reading("requests.adapters", "yaml", "numpy")

    assert undeclared_imports(imports, ("Requests>=2", "pyyaml"), folders=NOWHERE) == ("numpy",)


def test_a_suspicion_is_a_warning_with_the_package_and_the_line() -> None:
    imports = reading("yaml", "our_own")

    said = [f"{each.severity} {each}" for each in suspicions(imports, imports.imports, path="a.py")]

    assert said == [
        "warning a.py:3: imports 'yaml', which none of its packages seems to provide: add \"PyYAML\" to 'dependencies'",
        "warning a.py:4: imports 'our_own', which none of its packages seems to provide: add the package to 'dependencies'",
    ]


def test_a_finished_environment_tells_a_missing_module_from_one_that_came_along() -> None:
    imports = reading("urllib3", "yaml")

    said = [f"{each.severity} {each}" for each in findings(imports, imports.imports, {"urllib3"}, path="a.py")]

    assert said == [
        "warning a.py:3: imports 'urllib3', which it seems to have only through another package: add \"urllib3\" to 'dependencies'",
        "error a.py:4: imports 'yaml', which none of its packages provides: add \"PyYAML\" to 'dependencies'",
    ]
