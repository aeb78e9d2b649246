"""Which of a task's imports a host may make ahead."""

from __future__ import annotations

import pytest

from task_scheduler.core.tasks import FileKind, StartMethod, TaskDeclaration, TaskReading
from task_scheduler.services.preparation import preloadable


def _reading(declaration: TaskDeclaration) -> TaskReading:
    return TaskReading(
        kind=FileKind.TASK, declaration=declaration, imports=("pandas", "lib.part", "tasks.other", "helpers")
    )


def test_packages_are_imported_ahead_and_code_of_the_project_is_not() -> None:
    reading = _reading(TaskDeclaration(title="Report"))

    assert preloadable(reading, is_local=lambda module: module == "lib") == ("pandas",)


@pytest.mark.parametrize(
    "declaration",
    [TaskDeclaration(title="Report", preload=False), TaskDeclaration(title="Report", start_method=StartMethod.SPAWN)],
)
def test_nothing_is_imported_ahead_for_a_task_that_wants_none_or_an_interpreter_of_its_own(
    declaration: TaskDeclaration,
) -> None:
    assert preloadable(_reading(declaration), is_local=lambda _: False) == ()
